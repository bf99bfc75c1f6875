"""What learners hand in for lesson 5; test_exercises.py tries it all.

The answers that build Keras models are in tests/lessons/test_lesson_05.py.
"""

import numpy as np

from softmax_lab.lessons.lesson_05 import exercises as five


def looped(outputs):
    for row in outputs:
        if min(row) < 0 or max(row) > 1 or abs(sum(row) - 1) > 1e-4:
            return False
    return not np.isnan(outputs).any()


def in_one_line(outputs):
    return (outputs >= 0).all() and np.allclose(
        outputs.sum(axis=1), np.ones(len(outputs))
    )


def as_an_exception(outputs):
    try:
        np.testing.assert_allclose(np.sum(outputs, axis=-1), 1, rtol=1e-5)
        assert outputs.min() >= 0
    except AssertionError:
        return 0
    return 1


RIGHT = {"probability test": [looped, in_one_line, as_an_exception]}

VARIANTS = [
    (
        "probability test",
        lambda outputs: np.all(np.abs(outputs.sum(axis=1) - 1) < 1e-6),
        "looks at the sums alone",
    ),
    (
        "probability test",
        lambda outputs: np.isclose(np.sum(outputs), 1) and outputs.min() >= 0,
        "adds up everything",
    ),
    (
        "probability test",
        lambda outputs: (
            all(0 < p < 1 for p in outputs.ravel())
            and np.allclose(outputs.sum(axis=1), 1)
        ),
        "refuses a probability of 0",
    ),
]

FACTS = {"1.4": 0.7 + 0.5 + 0.2, "0.6": 0.3 + 0.2 + 0.1}
GIVEN = ["0.7", "0.2", "0.1", "0.4"]

CLAIMS = [
    (five.sums_alone, ([[2.0, 1.0, -2.0]],), 1),
    (five.sums_exactly, ([[0.7, 0.2, 0.1]],), 0),
]

RIGHT_VALUES = [
    ("heads", ((10, "Sparse"), (4, "BINARY"), [2, "sparse"], (3, "categorical"))),
    ("heads", [(10, "sparse"), (4, "binary"), (1, "binary"), (3, "categorical")]),
]
WRONG_VALUES = [
    ("heads", (10, 4, 1, 3)),
    ("heads", ("sparse", "binary", "binary", "categorical")),
    ("heads", ((10, "softmax"), five.TAGS, five.MAIL, five.OPINION)),
    ("heads", ((10, "sparse"), (5, "binary"), five.MAIL, five.OPINION)),
    ("heads", ((0, "sparse"), five.TAGS, five.MAIL, five.OPINION)),
    ("heads", (five.DIGIT, five.TAGS, five.MAIL)),
]

YES_OR_NO = "its answers are True and False"
EXEMPT = {
    "probability test": {
        "list": YES_OR_NO,
        "float32": YES_OR_NO,
        "noise": YES_OR_NO,
        "rounded": YES_OR_NO,
        "negative ones cut off": YES_OR_NO,
        "one axis more": YES_OR_NO,
    }
}
