"""What learners hand in for the exercises of lesson 6; read by test_tasks.py."""

import numpy as np
import scipy.special

from softmax_lab.lessons.lesson_06 import exercises as six


def sums_of_random_rows(softmax):
    sums = softmax(np.random.default_rng(1).normal(size=(4, 3))).sum(axis=-1)
    return bool((abs(sums - 1) < 1e-5).all())


def looped_sums(softmax):
    for row in softmax(np.array([[1.0, 2.0, 3.0, 4.0], [4.0, 0.0, -1.0, 2.0]])):
        if abs(sum(row) - 1) > 1e-6:
            return False
    return True


def sums_of_two_rows(softmax):
    first, second = np.sum(softmax(np.array([[0.0, 1.0], [5.0, 5.5]])), axis=1)
    return np.isclose(first, 1) and np.isclose(second, 1)


def with_one_row_changed(softmax):
    """A row's probabilities depend on that row alone, and sum to 1."""
    batch = np.array([[2.0, 1.0, 0.1], [0.0, 3.0, 1.0]])
    before = softmax(batch)
    batch[1] = [7.0, 1.0, -1.0]
    after = softmax(batch)
    same = np.allclose(before[0], after[0])
    return same and bool(np.isclose([before[0].sum(), before[1].sum()], 1).all())


def looped_floor(num_classes):
    total = sum(np.exp([1.0] + [0.0] * (num_classes - 1)))
    return -np.log(np.exp(1) / total)


def looped_tag_loss(logits, targets):
    total = 0.0
    for z, there in zip(logits, targets, strict=True):
        total += np.logaddexp(0, -z if there else z)
    return total


def classic_tag_loss(logits, targets):
    costs = np.maximum(logits, 0) - logits * targets + np.log1p(np.exp(-abs(logits)))
    return costs.sum()


RIGHT = {
    "axis test": [
        sums_of_random_rows,
        looped_sums,
        sums_of_two_rows,
        with_one_row_changed,
        lambda softmax: np.allclose(softmax([[2, 1, 0], [0, 3, 1]]).sum(axis=1), 1),
        lambda softmax: np.allclose(
            np.sum(softmax(np.arange(12.0).reshape(3, 4) ** 1.5), -1), np.ones(3)
        ),
    ],
    "loss floor": [
        looped_floor,
        lambda num_classes: np.log(np.e + num_classes - 1) - 1,
        lambda num_classes: -scipy.special.log_softmax(np.eye(num_classes)[0])[0],
        lambda num_classes: np.log1p((num_classes - 1) * np.exp(-1)),
    ],
    "tag loss": [
        looped_tag_loss,
        classic_tag_loss,
        lambda logits, targets: (
            -scipy.special.log_expit(np.where(targets > 0, logits, -logits)).sum()
        ),
        lambda logits, targets: np.logaddexp(0, (1 - 2 * targets) * logits).sum(),
    ],
}


def first_of_the_sums(softmax):
    sums = softmax(np.array([[3.0, 1.0, 0.0], [0.0, 0.0, 5.0]])).sum(axis=1)
    return np.isclose(sums, 1).any()


def identity_batch(softmax):
    return bool(np.allclose(np.sum(softmax(np.eye(4)), axis=1), 1))


def textbook_tag_loss(logits, targets):
    total = 0.0
    for z, there in zip(logits, targets, strict=True):
        p = 1 / (1 + np.exp(-z))
        total -= np.log(p) if there else np.log(1 - p)
    return total


VARIANTS = [
    (
        "tag loss",
        lambda z, t: np.log1p(np.exp(-(2 * t - 1) * z)).sum(),
        "rounds a sigmoid to 0 or an exponential to inf",
    ),
    (
        "tag loss",
        lambda z, t: (
            -sum(
                np.log(scipy.special.expit(x if y else -x))
                for x, y in zip(z, t, strict=True)
            )
        ),
        "rounds a sigmoid to 0 or an exponential to inf",
    ),
    ("axis test", first_of_the_sums, "is content with one right row"),
    (
        "axis test",
        lambda softmax: np.allclose(softmax([[1, 2, 3], [1, 2, 3]]).sum(axis=1), 1),
        "tests rows that are all alike",
    ),
    ("axis test", identity_batch, "tests a batch that looks the same both ways"),
    (
        "axis test",
        lambda softmax: round(float(softmax(np.array([1.0, 2.0, 4.0])).sum()), 6) == 1,
        "tests a single row without a batch",
    ),
    (
        "axis test",
        lambda softmax: abs(softmax(six.BATCH).sum(axis=1).mean() - 1) < 1e-6,
        "adds up the whole batch",
    ),
    (
        "loss floor",
        lambda num_classes: -scipy.special.log_softmax(np.zeros(num_classes))[0],
        "returns the untrained loss",
    ),
    (
        "loss floor",
        lambda num_classes: scipy.special.softmax(np.eye(num_classes)[0])[0],
        "returns the largest probability",
    ),
    (
        "tag loss",
        lambda logits, targets: -(targets * scipy.special.log_softmax(logits)).sum(),
        "shares out 1 with softmax",
    ),
    ("tag loss", textbook_tag_loss, "takes the log of the finished sigmoid"),
    (
        "tag loss",
        lambda logits, targets: classic_tag_loss(logits, targets) / targets.size,
        "takes the mean over the tags",
    ),
]

BEST = np.e / (np.e + 9)
FACTS = {
    "1.461": np.log(1 + 9 / np.e),
    "0.551": np.log(1 + 2 / np.e),
    "1.303": np.log(10) - 1,
    "0.232": BEST,
    "0.768": 1 - BEST,
    "1.386": 2 * np.log(2),
}
GIVEN = ["0.9999999"]  # a sum that is rounded
CLAIMS = [
    (six.with_softmax, ([5.0, 5.0], [1.0, 1.0]), 1.386),
    (six.of_finished_sigmoids, ([800.0], [0.0]), np.inf),
    (six.exponentials_overflow, ([1000.0], [0.0]), np.inf),
    (six.exponentials_overflow_below, ([-1000.0], [1.0]), np.inf),
    (six.clipped(1e-7), ([800.0], [0.0]), 16.118),
    (six.with_epsilon(1e-7), ([800.0], [0.0]), 16.118),
    (six.only_what_is_there, ([9.0, 9.0], [0.0, 0.0]), 0),
    (six.only_what_is_not, ([-9.0, -9.0], [1.0, 1.0]), 0),
    (six.over_the_batch, ([2.0, 1.0, 0.1],), six.over_the_classes(six.ROW)),
]
TRUTHS = "True or False stays the same"
EXEMPT = {
    "axis test": {
        "rounded": TRUTHS,
        "negative ones cut off": TRUTHS,
        "property test": "it asks for more: rows that sum to 1, and none below 0",
    },
}
