"""What learners hand in for lesson 11.

The answers that build Keras models are in tests/lessons/test_lesson_11.py.
"""

import math
from collections import Counter

import numpy as np
import scipy.special
import scipy.stats

from softmax_lab import cross_entropy, fit_temperature, softmax
from softmax_lab.lessons.lesson_11 import exercises as eleven

# Right answers in other styles


def looped_baseline(labels, num_classes):
    counts = Counter(labels.tolist())
    shares = [count / len(labels) for count in counts.values()]
    entropy = sum(-share * math.log(share) for share in shares)
    return [max(shares), entropy, math.log(num_classes)]


def baseline_with_scipy(labels, num_classes):
    shares = np.array([(labels == k).mean() for k in range(num_classes)])
    return np.array([shares.max(), scipy.stats.entropy(shares), np.log(num_classes)])


def baseline_as_losses(labels, num_classes):
    _, places, counts = np.unique(labels, return_inverse=True, return_counts=True)
    losses = -np.log(counts / counts.sum())[places]
    even = -np.log(1 / num_classes)
    return (counts.max() / len(labels), losses.mean(), even)


def measures_of_the_course(logits, labels):
    probs = softmax(logits)
    right = probs.argmax(axis=1) == labels
    loss = cross_entropy(logits, labels).mean()
    return np.array([probs.max(axis=1).mean(), right.mean(), loss])


def looped_measures(logits, labels):
    says, right, loss = 0.0, 0, 0.0
    for row, label in zip(logits, labels, strict=True):
        log_probs = row - np.logaddexp.reduce(row)
        says += math.exp(max(log_probs))
        right += int(np.argmax(row) == label)
        loss -= log_probs[label]
    return [says / len(labels), right / len(labels), loss / len(labels)]


def measures_with_one_hot(logits, labels):
    log_probs = scipy.special.log_softmax(logits, axis=-1)
    one_hot = labels[:, None] == np.arange(logits.shape[1])
    says = np.exp(log_probs.max(axis=-1))
    loss = -np.where(one_hot, log_probs, 0).sum() / len(labels)
    return np.mean(says), np.mean(log_probs.argmax(-1) == labels), loss


def calibrated_by_keyword(logits, labels, new_logits):
    return softmax(new_logits, temperature=fit_temperature(logits, labels))


def calibrated_row_by_row(logits, labels, new_logits):
    t = fit_temperature(logits, labels)
    return [scipy.special.softmax(row / t) for row in new_logits]


def calibrated_by_powers(logits, labels, new_logits):
    powers = softmax(new_logits) ** (1 / fit_temperature(logits, labels))
    return powers / powers.sum(axis=1, keepdims=True)


def looped_decisions(probs, wrong, hand_over):
    decided = []
    for row in probs:
        doubt = 1 - max(row)
        decided.append(-1 if doubt * wrong > hand_over else list(row).index(max(row)))
    return decided


def decisions_by_threshold(probs, wrong, hand_over):
    decided = probs.argmax(axis=-1)
    decided[probs.max(axis=-1) <= 1 - hand_over / wrong] = -1
    return decided


def cheapest_of_all_actions(probs, wrong, hand_over):
    costs = np.column_stack([wrong * (1 - probs), np.full(len(probs), hand_over)])
    chosen = costs.argmin(axis=1)
    return np.where(chosen == probs.shape[1], -1, chosen)


RIGHT = {
    "numbers to beat": [looped_baseline, baseline_with_scipy, baseline_as_losses],
    "three measures": [
        measures_of_the_course,
        looped_measures,
        measures_with_one_hot,
    ],
    "calibrated probabilities": [
        calibrated_by_keyword,
        calibrated_row_by_row,
        calibrated_by_powers,
    ],
    "answer or hand over": [
        looped_decisions,
        decisions_by_threshold,
        cheapest_of_all_actions,
    ],
}


# Known mistakes in other words


def entropy_with_nan(labels, num_classes):
    shares = np.array([np.sum(labels == k) for k in range(num_classes)]) / len(labels)
    entropy = -np.sum(shares * np.log(shares))
    return [max(shares), entropy, np.log(num_classes)]


def averaged_over_everything(logits, labels):
    probs, loss = softmax(logits), cross_entropy(logits, labels).mean()
    return [np.mean(probs), np.mean(np.argmax(probs, 1) == labels), loss]


def logged_softmax(logits, labels):
    probs = scipy.special.softmax(logits, axis=1)
    own = [row[label] for row, label in zip(probs, labels, strict=True)]
    right = np.argmax(probs, axis=1) == labels
    return np.array([np.max(probs, axis=1).mean(), right.mean(), np.mean(-np.log(own))])


VARIANTS = [
    ("numbers to beat", entropy_with_nan, "meets 0 times log 0"),
    (
        "numbers to beat",
        lambda labels, k: [
            np.bincount(labels).argmax(),
            scipy.stats.entropy(np.bincount(labels) / len(labels)),
            np.log(k),
        ],
        "gives the class instead of its share",
    ),
    ("three measures", averaged_over_everything, "takes the mean of all probabilities"),
    ("three measures", logged_softmax, "takes the log of the finished softmax"),
    (
        "calibrated probabilities",
        lambda logits, labels, new: softmax(fit_temperature(logits, labels) * new),
        "multiplies by the temperature",
    ),
    (
        "calibrated probabilities",
        lambda logits, labels, new: eleven.shared_out_again(
            fit_temperature(logits, labels), logits, new
        ),
        "leaves the temperature out",
    ),
    (
        "answer or hand over",
        lambda probs, wrong, hand_over: [
            int(np.argmax(row)) if max(row) >= 0.5 else -1 for row in probs
        ],
        "answers above one half",
    ),
    (
        "answer or hand over",
        lambda probs, wrong, hand_over: np.argmax(probs, axis=1),
        "always answers",
    ),
]

FACTS = {}
GIVEN = []

CLAIMS = [
    (eleven.off_by, ([-4.0] * 10, 7), 0),
    (eleven.off_by, ([20.0] + [-3.0] * 9, 0), 0),
    (eleven.off_by, ([2.0, 1.0, 0.1] + [-3.0] * 7, 0), 0.454),
    (eleven.log_of_softmax, ([[0, -800], [1, 0]], [1, 0]), [0.866, 0.5, np.inf]),
    (eleven.without_maximum, ([[1000, 1000]], [0]), [np.nan, 1, np.nan]),
    (eleven.mean_of_all, ([[1, 0, 5, 7]], [0]), [0.25, 0, 6.13]),
]

RIGHT_VALUES = [
    ("telltale row", ([0.0] * 9 + [-1.5], 9)),
    ("telltale row", (np.arange(-5.0, 5.0), np.int64(0))),
    ("telltale row", ((-1, -2, -3, -4, -5, -6, -7, -8, -9, -10), 3.0)),
    ("telltale row", ([1000.0] + [-1000.0] * 9, 5)),
]
WRONG_VALUES = [
    ("telltale row", ([1.0, -2.0, 3.0], 0)),
    ("telltale row", ([-2.0] * 9 + [np.nan], 0)),
    ("telltale row", ([-2.0] * 10, 10)),
    ("telltale row", ("-3", 1)),
    ("telltale row", (5, 1)),
    ("telltale row", ([0.0] * 10, 1)),
]

CLASSES = "its answers are class numbers"
EXEMPT = {"answer or hand over": {"rounded": CLASSES}}
