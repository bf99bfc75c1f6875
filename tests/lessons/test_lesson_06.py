"""Lesson 6: its six programs, what gives them away, and life without TensorFlow."""

import subprocess
import sys

import nbformat
import numpy as np
import pytest
from places import NOTEBOOKS
from test_questions import five_digits

from softmax_lab import numerical_gradient
from softmax_lab.lessons import catalogue

pytestmark = pytest.mark.slow

PATH = NOTEBOOKS / "06_find_the_bug.ipynb"
CODE = {
    cell.id: cell.source
    for cell in nbformat.read(PATH, as_version=4).cells
    if cell.cell_type == "code"
}
PROGRAM = "\n".join(CODE[name] for name in ("heads", "heads-two", "data", "run"))
BUGS = [
    "no bug",
    "softmax twice",
    "no softmax",
    "wrong axis",
    "naive exp",
    "shuffled labels",
]
NAMES = {  # what the blind questions call them
    "no bug": "Nothing: it is as it should be",
    "softmax twice": "Softmax is applied twice",
    "no softmax": "Softmax was left out",
    "wrong axis": "Softmax runs along axis 0",
    "naive exp": "An exponential overflows",
    "shuffled labels": "The labels are shuffled",
}
each_bug = pytest.mark.parametrize("bug", BUGS)


@pytest.fixture(scope="module")
def lesson():
    """The names of the lesson's program."""
    names = {}
    exec(CODE["imports"] + "\n" + PROGRAM, names)
    return names


def test_its_bugs_are_these(lesson):
    assert list(lesson["heads"]) == BUGS


@each_bug
def test_the_slopes_are_those_of_the_loss(lesson, bug):
    head = lesson["heads"][bug]
    rng = np.random.default_rng(1)
    targets = np.eye(4)[[0, 1, 2, 3, 3, 0, 1]]

    def loss(logits):
        return -np.log(head(logits, targets)[0][targets > 0]).sum()

    for _ in range(20):
        logits = rng.normal(size=targets.shape) + rng.choice([0, 2])
        slopes = head(logits, targets)[1]
        wanted = numerical_gradient(loss, logits)
        assert np.allclose(slopes, wanted, rtol=1e-4, atol=1e-5)


@each_bug
def test_the_bank_tells_of_the_lessons_own_runs(lesson, bug):
    losses, right = lesson["run"](bug, 1.0, 5)
    ours = five_digits(bug)
    assert np.allclose(ours[:2], (losses[0], losses[-1]), atol=1e-6, equal_nan=True)
    assert ours.right == right[-1]


def diagnosis(losses, right, num_classes, num_images):
    """The lesson's card, as a program."""
    untrained = np.log(num_classes)
    floor = np.log(1 + (num_classes - 1) / np.e)
    first, last = losses[0], losses[-1]
    if np.isnan(last):
        return "naive exp"
    if abs(first - np.log(num_images)) < 0.02:
        return "wrong axis"
    if first > untrained + 1:
        return "no softmax"
    if right[-1] < 0.5:
        return "shuffled labels"
    return "softmax twice" if last > floor else "no bug"


@each_bug
@pytest.mark.parametrize("num_classes", [3, 5, 8, 10])
def test_the_card_names_each_bug(lesson, bug, num_classes):
    losses, right = lesson["run"](bug, 1.0, num_classes)
    num_images = len(lesson["pick"](num_classes)[0][1])
    assert diagnosis(losses, right, num_classes, num_images) == bug


@pytest.mark.parametrize("rate", [0.1, 1.0, 10.0, 100.0])
def test_no_rate_brings_softmax_twice_below_the_floor(lesson, rate):
    losses, _ = lesson["run"]("softmax twice", rate)
    assert losses.min() > np.log(1 + 9 / np.e)


def test_the_wrong_axis_has_a_floor_of_its_own(lesson):
    _, labels = lesson["pick"](10)[0]
    losses, _ = lesson["run"]("wrong axis", 10.0)
    counts = np.bincount(labels)
    assert losses.min() > (counts / len(labels) * np.log(counts)).sum()
    assert abs(np.log(counts).mean() - np.log(len(labels) / 10)) < 0.001


def test_one_image_at_a_time_the_wrong_axis_calls_everything_a_0(lesson):
    rows = np.random.default_rng(0).normal(size=(50, 1, 10))
    probs = [lesson["wrong_axis"](row, np.eye(10)[[3]])[0] for row in rows]
    assert np.array_equal(probs, np.ones((50, 1, 10)))
    assert not np.argmax(probs, axis=-1).any()


def test_the_blind_runs_are_those_of_their_questions(lesson):
    order = CODE["blind-figure"].partition("\n\n\n")[0]
    names = {}
    exec(order, {**lesson}, names)
    blind = names["blind"]
    assert sorted(blind.values()) == sorted(BUGS)
    assert list(blind.values()) != BUGS
    for letter, bug in blind.items():
        question = catalogue.question(f"blind-run-{letter.lower()}")
        right = question["options"][catalogue.right_option(question)]
        assert right["text"] == NAMES[bug]
        assert {option["text"] for option in question["options"]} <= set(NAMES.values())


def test_a_run_takes_numpy_alone():
    code = (
        "import sys\n"
        "from functools import cache\n"
        "import numpy as np\n"
        "from softmax_lab import softmax\n"
        "def digits():\n"
        "    rng = np.random.default_rng(0)\n"
        "    return [(rng.random((40, 64)), np.arange(40) % 10) for _ in range(2)]\n"
        f"{PROGRAM}\n"
        "for bug in heads: run(bug)\n"
        "print({'tensorflow', 'sklearn', 'scipy', 'matplotlib'} & set(sys.modules))"
    )
    printed = subprocess.check_output([sys.executable, "-c", code], text=True)
    assert printed.strip() == "set()"


def test_its_questions_come_before_tensorflow_is_needed():
    assert list(CODE).index("recap-questions") < list(CODE).index("keras-import")
