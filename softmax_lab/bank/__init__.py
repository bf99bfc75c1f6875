"""The question bank: a file of questions for each lesson, and the beliefs.

A question has an `id`, the `question` and its `options`; one option is `right`,
every other carries the `misconception` that leads to it, and each has an
`explanation` for whoever chose it. `numbers` says how each number in the texts is
computed; a test does so.
"""

import difflib
import json
from functools import cache
from importlib.resources import files

LESSONS = [f"{number:02}" for number in range(12)]


@cache
def load(name):
    """Return the content of one file of the bank, [] for a lesson without one."""
    file = files(__package__) / f"{name}.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else []


def questions(name):
    """Return the questions of a lesson such as "01", or of the "inventory"."""
    return list(load(name))


def question(id):
    """Return the question with this id. Raises ValueError if there is none."""
    found = {q["id"]: q for name in [*LESSONS, "inventory"] for q in load(name)}
    if id not in found:
        close = difflib.get_close_matches(str(id), found, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise ValueError(f"id={id!r}: there is no such question{hint}")
    return found[id]


def belief(id):
    """Return {"belief", "correction", "lesson"} of a misconception such as "M04"."""
    return load("misconceptions")[id]


def right_option(question):
    """Return the index of the right option."""
    return next(i for i, o in enumerate(question["options"]) if o.get("right"))
