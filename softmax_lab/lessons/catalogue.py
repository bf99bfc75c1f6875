"""Finds what the lessons ask: questions, beliefs, exercises.

A question has an `id`, the `question` and its `options`; one option is `right`,
every other carries the `misconception` that leads to it, and each has an
`explanation` for whoever chose it. `numbers` says how each number in the texts is
computed; a test does so.
"""

import difflib
import json
from functools import cache
from importlib import import_module
from importlib.resources import files

LESSONS = [f"{number:02}" for number in range(12)]


@cache
def load(name):
    """Return the content of one JSON file beside this one."""
    return json.loads((files(__package__) / name).read_text(encoding="utf-8"))


def questions(name):
    """Return the questions of a lesson such as "01", or of the "inventory"."""
    inventory = name == "inventory"
    return list(
        load("inventory.json" if inventory else f"lesson_{name}/questions.json")
    )


def question(id):
    """Return the question with this id. Raises ValueError if there is none."""
    found = {q["id"]: q for name in [*LESSONS, "inventory"] for q in questions(name)}
    return one_of(found, "id", id, "question")


def beliefs():
    """Return {"M04": belief} of all misconceptions.

    A belief has its `belief` in a sentence, the `correction`, the `lesson` that
    treats it, and the questions that measure it, `before` the course explains it
    and `after`; null where none is asked.
    """
    return load("beliefs.json")


def belief(id):
    """Return one belief, such as that of "M04"."""
    return beliefs()[id]


def right_option(question):
    """Return the index of the right option."""
    return next(i for i, o in enumerate(question["options"]) if o.get("right"))


@cache
def exercises():
    """Return {name: Exercise}, in the order of the lessons."""
    folders = [f"lesson_{name}" for name in LESSONS]
    having = [f for f in folders if (files(__package__) / f / "exercises.py").is_file()]
    modules = [import_module(f"{__package__}.{folder}.exercises") for folder in having]
    return {e.name: e for module in modules for e in module.EXERCISES}


def exercise(name):
    """Return the exercise of this name. Raises ValueError if there is none."""
    return one_of(exercises(), "name", name, "exercise")


def one_of(found, argument, key, kind):
    """Return found[key], or raise ValueError that names what comes close to it."""
    if key not in found:
        close = difflib.get_close_matches(str(key), found, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise ValueError(f"{argument}={key!r}: there is no such {kind}{hint}")
    return found[key]
