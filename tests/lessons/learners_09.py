"""What learners hand in for lesson 9."""

import itertools

import numpy as np
import scipy.special
import scipy.stats

from softmax_lab.lessons.lesson_09 import exercises as nine

ROW = [2.0, 1.0, 0.1]


# Right answers in other styles


def looped_logit_average(probs):
    means = [np.mean([np.log(p) for p in column]) for column in np.transpose(probs)]
    weights = [np.exp(mean - max(means)) for mean in means]
    return [weight / sum(weights) for weight in weights]


def average_by_gmean(probs):
    means = scipy.stats.gmean(probs, axis=0)
    return means / means.sum()


def average_by_powers(probs):
    weights = np.prod(probs ** (1 / len(probs)), axis=0)
    return weights / np.sum(weights)


def looped_sparsemax(logits):
    rows = []
    for row in logits:
        total, tau = 0.0, -np.inf
        for k, z in enumerate(sorted(row, reverse=True), start=1):
            total += z
            tau = max(tau, (total - 1) / k)
        rows.append([max(z - tau, 0) for z in row])
    return rows


def sparsemax_by_counting(logits):
    falling = -np.sort(-logits, axis=1)
    limits = (np.cumsum(falling, axis=1) - 1) / (1 + np.arange(logits.shape[1]))
    count = (falling > limits).sum(axis=1)
    tau = limits[np.arange(len(logits)), count - 1]
    return np.clip(logits - tau[:, None], 0, None)


def sparsemax_by_halving(logits):
    low = logits.max(axis=1, keepdims=True) - 1
    high = low + 1
    for _ in range(80):
        middle = (low + high) / 2
        too_much = np.maximum(logits - middle, 0).sum(axis=1, keepdims=True) > 1
        low, high = np.where(too_much, middle, low), np.where(too_much, high, middle)
    return np.maximum(logits - middle, 0)


def sparsemax_of_each_row(logits):
    def one(row):
        falling = np.sort(row)[::-1]
        return np.maximum(
            row - ((np.cumsum(falling) - 1) / np.arange(1, len(row) + 1)).max(), 0
        )

    return np.apply_along_axis(one, 1, logits)


def looped_test(function):
    logits = np.random.default_rng().normal(0, 1.5, (500, 8))
    for row in function(logits):
        if min(row) < 0 or abs(sum(row) - 1) > 1e-4:
            return False
    return True


def tested_with_assertions(function):
    for seed in range(5):
        logits = np.random.default_rng(seed).uniform(-3, 3, (100, 4))
        try:
            np.testing.assert_allclose(np.sum(function(logits), axis=-1), 1, rtol=1e-5)
            assert function(logits).min() >= 0
        except AssertionError:
            return 0
    return 1


def tested_in_one_line(function):
    probs = function(np.random.default_rng(3).normal(size=(200, 3)))
    return np.all(probs >= 0) and np.allclose(probs.sum(axis=1), np.ones(200))


def recursive_order(logits, order):
    if len(order) == 0:
        return 1.0
    rest = order[1:]
    chance = scipy.special.softmax(logits[order])[0]
    return chance * recursive_order(logits, rest)


def order_by_logs(logits, order):
    falling = np.asarray(logits)[order]
    total = 0.0
    for place, z in enumerate(falling):
        total += z - scipy.special.logsumexp(falling[place:])
    return np.exp(total)


def order_by_removing(logits, order):
    left, chance = list(range(len(logits))), 1.0
    for runner in order:
        weights = {i: np.exp(logits[i] - max(logits)) for i in left}
        chance *= weights[runner] / sum(weights.values())
        left.remove(runner)
    return chance


def order_by_cumsum(logits, order):
    weights = np.exp(logits - logits.max())[order]
    return np.prod(weights / np.cumsum(weights[::-1])[::-1])


RIGHT = {
    "logit average": [
        looped_logit_average,
        average_by_gmean,
        average_by_powers,
        lambda probs: scipy.special.softmax(np.log(probs).mean(axis=0)),
    ],
    "sparsemax": [
        looped_sparsemax,
        sparsemax_by_counting,
        sparsemax_by_halving,
        sparsemax_of_each_row,
    ],
    "property test": [looped_test, tested_with_assertions, tested_in_one_line],
    "order probability": [
        recursive_order,
        order_by_logs,
        order_by_removing,
        order_by_cumsum,
    ],
}


# Known mistakes in other words


def sums_of_all_that_stay(logits):
    rows = []
    for row in logits:
        falling = sorted(row, reverse=True)
        sums = list(itertools.accumulate(falling))
        stay = [
            s
            for k, (z, s) in enumerate(zip(falling, sums, strict=True), 1)
            if z > (s - 1) / k
        ]
        rows.append(np.clip(row - (sum(stay) - 1) / len(stay), 0, None))
    return rows


def first_and_last_row_of_one(function):
    return bool(np.isclose(function(np.array([[-1.0, 0.0, 1.0]])).sum(), 1))


def product_of_winning(logits, order):
    chance = 1.0
    for runner in order:
        chance *= scipy.special.softmax(logits)[runner]
    return chance


VARIANTS = [
    (
        "order probability",
        lambda z, order: np.prod(
            [
                nine.softmax(z)[order[k]] / (1 - nine.softmax(z)[order[:k]].sum())
                for k in range(len(z))
            ]
        ),
        "divides by what is left",
    ),
    (
        "logit average",
        lambda probs: np.einsum("mk->k", probs) / len(probs),
        "averages the probabilities",
    ),
    (
        "logit average",
        lambda probs: scipy.stats.gmean(probs, axis=0),
        "does not divide by the sum",
    ),
    (
        "logit average",
        lambda probs: scipy.special.softmax(np.log(np.prod(probs, axis=0))),
        "adds up instead of averaging",
    ),
    ("sparsemax", sums_of_all_that_stay, "adds up the running sums"),
    (
        "sparsemax",
        lambda logits: scipy.special.softmax(logits, axis=1),
        "returns softmax",
    ),
    ("property test", first_and_last_row_of_one, "tries one example"),
    (
        "property test",
        lambda function: np.allclose(
            function(np.random.default_rng(5).normal(0, 3, (50, 6))).sum(axis=1), 1
        ),
        "looks at the sums alone",
    ),
    ("order probability", product_of_winning, "never removes the winner"),
    (
        "order probability",
        lambda logits, order: float(scipy.special.softmax(logits)[order[0]]),
        "stops after the winner",
    ),
]

FACTS = {"0.9999999": 1 - 1e-7}
GIVEN = []

CLAIMS = [
    (nine.root_of_the_product, ([[0.4, 0.35, 0.25]] * 1000,), [np.nan] * 3),
    (nine.keras_sparsemax, ([[1.0, 0.8, 0.1]],), [[0.1, 0, 0]]),
    (nine.keras_sparsemax, ([[-1.0, 0.0, 1.0]],), [[0, 0, 1]]),
    (nine.without_the_1, ([[1.0, 0.8, 0.1]],), [[0, 0, 0]]),
    (nine.nobody_removed, (ROW, [1, 2, 0]), nine.nobody_removed(np.array(ROW), [0])),
    (nine.without_maximum, ([1000.0, 1000.0], [0, 1]), np.nan),
    (nine.with_epsilon(1e-7), ([[0.9, 0.1], [0.0, 1.0]],), [0.001, 0.999]),
]

YES_OR_NO = "its answers are True and False"
EXEMPT = {
    "property test": {
        "list": YES_OR_NO,
        "float32": YES_OR_NO,
        "noise": YES_OR_NO,
        "rounded": YES_OR_NO,
        "negative ones cut off": YES_OR_NO,
        "one axis more": YES_OR_NO,
    }
}
