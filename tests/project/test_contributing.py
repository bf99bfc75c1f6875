"""CONTRIBUTING.md, followed step by step in a copy of the course."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest
from places import ROOT
from test_questions import QUESTIONS, place_of_the_right_one

import course

pytestmark = pytest.mark.slow

GUIDE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
QUESTION = {
    "id": "ten-of-a-kind",
    "question": "Ten logits are all 3. Which probability does softmax give to each?",
    "options": [
        {
            "text": "0.1, a share each",
            "right": True,
            "explanation": "Equal logits get equal shares, and ten shares make 0.1 each.",
        },
        {
            "text": "0.3, a tenth of 3",
            "misconception": "M32",
            "explanation": "Softmax sees no logit by itself. Ten equal ones get 0.1 each.",
        },
        {
            "text": "0.95, as 3 is large",
            "misconception": "M02",
            "explanation": "No logit is large beside its equals: each gets 0.1.",
        },
    ],
    "given": ["0.95"],
    "numbers": {"0.1": "softmax([3] * 10)[0]", "0.3": "3 / 10"},
}
MISCOUNTED = QUESTION | {
    "id": "five-of-a-kind",
    "question": "Ten logits are all 4. Which probability does softmax give to each?",
    "numbers": {"0.1": "softmax([4] * 5)[0]", "0.3": "3 / 10"},
    "given": ["0.95", "3"],
}
EXERCISE = '''


def halved(values):
    """Half of each value."""
    return values / 2


HALVES = Exercise(
    name="halves",
    reference=halved,
    inputs=[(np.array([2.0, 4.0]),)],
    mistakes=[],
    hints=["Divide.", "By how much?", "By 2."],
    reason="Halves are divided by 2.",
)
EXERCISES.append(HALVES)
'''


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """{id: {test: outcome}}: what the tests say of one good addition and two bad ones."""
    folder = tmp_path_factory.mktemp("course")
    leave = shutil.ignore_patterns("__pycache__", "assignments", ".ipynb_checkpoints")
    for name in ("softmax_lab", "tests", "tools", "notebooks"):
        shutil.copytree(ROOT / name, folder / name, ignore=leave)
    for name in ("pyproject.toml", "course.py"):
        shutil.copy(ROOT / name, folder)
    lessons = folder / "softmax_lab/lessons"
    good = in_its_place(QUESTION, QUESTIONS)
    bad = in_its_place(MISCOUNTED, [*QUESTIONS, good])
    add(good, lessons / "lesson_07/questions.json")
    add(bad, lessons / "lesson_10/questions.json")
    with (lessons / "lesson_09/exercises.py").open("a") as file:
        file.write(EXERCISE)

    chosen = "of-a-kind or test_ids or every_place or halves or in_other_styles"
    files = ["tests/lessons/test_questions.py", "tests/lessons/test_exercises.py"]
    for file in files:
        assert f"`python course.py test {file}" in GUIDE
    command = [sys.executable, "-m", "pytest", "-rA", "-p", "no:cacheprovider"]
    ran = subprocess.run(
        [*command, *files, "-k", chosen],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
    )
    found = re.findall(r"^(PASSED|FAILED) \S+?::(\w+)(?:\[(.+?)\])?", ran.stdout, re.M)
    assert found, ran.stdout + ran.stderr
    said = {}
    for outcome, test, name in found:
        said.setdefault(name, {})[test] = outcome
    return said


def add(question, path):
    questions = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps([*questions, question], ensure_ascii=False), "utf-8")


def in_its_place(question, bank):
    """The right option where the bank has the fewest, as its test asks for."""
    count = len(question["options"])
    places = [place_of_the_right_one(q) for q in bank if len(q["options"]) == count]
    right, *others = question["options"]
    others.insert(min(range(count), key=places.count), right)
    return question | {"options": others}


def failed(tests):
    return {test for test, outcome in tests.items() if outcome == "FAILED"}


def test_a_question_is_added_as_the_page_says(outcomes):
    mine = outcomes["ten-of-a-kind"]
    assert failed(mine) == set()
    assert mine["test_what_is_recomputed_agrees"] == "PASSED"
    assert outcomes[""]["test_ids_are_unique_in_the_whole_bank"] == "PASSED"
    assert outcomes["3"]["test_the_right_option_is_in_every_place_equally_often"] == (
        "PASSED"
    )


def test_a_wrong_number_in_a_new_question_is_found(outcomes):
    assert failed(outcomes["five-of-a-kind"]) == {"test_what_is_recomputed_agrees"}


def test_what_a_new_exercise_lacks_is_found(outcomes):
    mine = outcomes["halves"]
    assert mine["test_the_reference_is_right"] == "PASSED"
    lacking = {"test_it_knows_at_least_four_mistakes"}
    assert failed(mine) >= lacking | {"test_its_inputs_are_many_and_varied"}
    assert failed(outcomes[""]) == {"test_each_exercise_was_tried_in_other_styles"}


def test_every_file_and_folder_that_it_names_is_here():
    named = re.findall(
        r"`((?:tests|notebooks|softmax_lab|docs|binder)/[\w./]+)`", GUIDE
    )
    for name in [*named, *re.findall(r"^\| `([\w/]+\.\w+)`", GUIDE, re.M)]:
        if "NN" not in name and "name" not in name:
            assert (ROOT / name).exists(), name
    assert (ROOT / "softmax_lab/lessons/beliefs.json").exists()


def test_every_verb_of_the_launcher_is_in_its_table():
    told = re.findall(r"^\| `python course\.py(?: (\w+))?", GUIDE, re.M)
    assert set(told) - {""} == set(course.VERBS)
