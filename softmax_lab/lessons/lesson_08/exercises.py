"""The exercises of lesson 8: what is a confidence worth?"""

import itertools

import numpy as np

from softmax_lab.core.losses import cross_entropy
from softmax_lab.lessons.exercise import Exercise, Mistake

RNG = np.random.default_rng(8)


def softmax(logits):
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


# 1. The calibration error


def calibration_error(probs, labels, num_bins):
    confidence, right = probs.max(axis=1), probs.argmax(axis=1) == labels
    bins = np.ceil(confidence * num_bins).astype(int)
    error = 0.0
    for b in np.unique(bins):
        inside = bins == b
        error += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    return error


def claims(probs, labels):
    return probs.max(axis=1).astype(float), probs.argmax(axis=1) == labels


def bins_of(confidence, num_bins):
    return np.ceil(confidence * num_bins).astype(int)


def by_bin(probs, labels, num_bins):
    """Share, mean confidence and accuracy of each bin that is not empty."""
    said, right = claims(probs, labels)
    bins = bins_of(said, num_bins)
    return np.array(
        [
            ((bins == b).mean(), said[bins == b].mean(), right[bins == b].mean())
            for b in np.unique(bins)
        ]
    ).T


def left_closed(probs, labels, num_bins):
    said, right = claims(probs, labels)
    edges, error = np.linspace(0, 1, num_bins + 1), 0.0
    for low, high in itertools.pairwise(edges):
        inside = (low <= said) & (said < high)
        if inside.any():
            error += inside.mean() * abs(right[inside].mean() - said[inside].mean())
    return error


def lower_end_inside(probs, labels, num_bins):
    said, right = claims(probs, labels)
    bins = np.floor(said * num_bins).astype(int)
    return abs(np.bincount(bins, right - said)).sum() / len(said)


def nearest_bin(probs, labels, num_bins):
    said, right = claims(probs, labels)
    bins = np.round(said * num_bins).astype(int)
    return abs(np.bincount(bins, right - said)).sum() / len(said)


def mean_of_the_bins(probs, labels, num_bins):
    _, said, true = by_bin(probs, labels, num_bins)
    return abs(true - said).mean()


def mean_of_all_bins(probs, labels, num_bins):
    _, said, true = by_bin(probs, labels, num_bins)
    return abs(true - said).sum() / num_bins


def sum_of_the_bins(probs, labels, num_bins):
    _, said, true = by_bin(probs, labels, num_bins)
    return abs(true - said).sum()


def with_signs(probs, labels, num_bins):
    share, said, true = by_bin(probs, labels, num_bins)
    return (share * (true - said)).sum()


def with_signs_turned(probs, labels, num_bins):
    return -with_signs(probs, labels, num_bins)


def all_in_one_bin(probs, labels, num_bins):
    return abs(with_signs(probs, labels, num_bins))


def middle_of_the_bin(probs, labels, num_bins):
    said, right = claims(probs, labels)
    bins = bins_of(said, num_bins)
    return sum(
        (bins == b).mean() * abs(right[bins == b].mean() - (b - 0.5) / num_bins)
        for b in np.unique(bins)
    )


def probability_of_the_label(probs, labels, num_bins):
    said = probs[np.arange(len(labels)), labels].astype(float)
    right, bins = probs.argmax(axis=1) == labels, bins_of(said, num_bins)
    return sum(
        (bins == b).mean() * abs(right[bins == b].mean() - said[bins == b].mean())
        for b in np.unique(bins)
    )


def every_answer_a_bin(probs, labels, num_bins):
    said, right = claims(probs, labels)
    return abs(right - said).mean()


def squared_gaps(probs, labels, num_bins):
    share, said, true = by_bin(probs, labels, num_bins)
    return (share * (true - said) ** 2).sum()


def root_of_squared_gaps(probs, labels, num_bins):
    return np.sqrt(squared_gaps(probs, labels, num_bins))


def largest_gap(probs, labels, num_bins):
    _, said, true = by_bin(probs, labels, num_bins)
    return abs(true - said).max()


def counts_for_shares(probs, labels, num_bins):
    return len(labels) * calibration_error(probs, labels, num_bins)


def empty_bins_too(probs, labels, num_bins):
    said, right = claims(probs, labels)
    bins, error = bins_of(said, num_bins), 0.0
    for b in range(1, num_bins + 1):
        inside = bins == b
        gap = abs(right[inside].sum() - said[inside].sum()) / inside.sum()
        error += inside.mean() * gap
    return error


def bins_from_the_smallest(probs, labels, num_bins):
    said, right = claims(probs, labels)
    edges = np.linspace(said.min(), said.max(), num_bins + 1)
    bins = np.searchsorted(edges[1:-1], said, side="left")
    return abs(np.bincount(bins, right - said)).sum() / len(said)


def bins_from_a_half(probs, labels, num_bins):
    said, right = claims(probs, labels)
    edges, error = np.linspace(0.5, 1, num_bins + 1), 0.0
    for low, high in itertools.pairwise(edges):
        inside = (low < said) & (said <= high)
        if inside.any():
            error += inside.mean() * abs(right[inside].mean() - said[inside].mean())
    return error


def one_bin_below_a_half(probs, labels, num_bins):
    said, right = claims(probs, labels)
    bins = np.digitize(said, np.linspace(0.5, 1, num_bins + 1), right=True)
    return abs(np.bincount(bins, right - said)).sum() / len(said)


def label_1_is_right(probs, labels, num_bins):
    said = claims(probs, labels)[0]
    bins = bins_of(said, num_bins)
    return abs(np.bincount(bins, (labels == 1) - said)).sum() / len(said)


def labels_as_they_are(probs, labels, num_bins):
    said = claims(probs, labels)[0]
    bins = bins_of(said, num_bins)
    return abs(np.bincount(bins, labels - said)).sum() / len(said)


def every_class_a_claim(probs, labels, num_bins):
    said = probs.astype(float).ravel()
    right = np.eye(probs.shape[1])[labels].ravel()
    bins = bins_of(said, num_bins)
    return abs(np.bincount(bins, right - said)).sum() / len(said)


def probs_of(*tops):
    """Rows of two classes, the first with these probabilities."""
    top = np.array(tops)
    return np.stack([top, 1 - top], axis=1)


def drawn(n, k, num_bins, dtype=float):
    logits = RNG.normal(0, 2, (n, k))
    labels = (softmax(logits / 2).cumsum(axis=1) < RNG.random((n, 1))).sum(axis=1)
    return softmax(logits).astype(dtype), labels, num_bins


def never_negative(function):
    cases = [drawn(30, 4, num_bins) for num_bins in (1, 5, 40)]
    return all(-1e-6 <= function(*case) <= 1 + 1e-6 for case in cases)


def the_order_does_not_matter(function):
    probs, labels, _ = drawn(30, 4, 7)
    value = function(probs.copy(), labels.copy(), 7)
    return np.isclose(function(probs[::-1].copy(), labels[::-1].copy(), 7), value)


def answers_twice_change_nothing(function):
    probs, labels, _ = drawn(30, 4, 7)
    value = function(probs.copy(), labels.copy(), 7)
    return np.isclose(function(np.tile(probs, (2, 1)), np.tile(labels, 2), 7), value)


TWO_BINS = (
    "my_calibration_error(np.array([[0.6, 0.4], [0.6, 0.4], [0.9, 0.1]]), "
    "np.array([0, 1, 1]), 10), which should be 0.367"
)
OPPOSITE = (
    "my_calibration_error(np.array([[0.6, 0.4], [0.8, 0.2]]), np.array([0, 1]), 10), "
    "which should be 0.6"
)
CERTAIN = (
    "my_calibration_error(np.array([[1.0, 0.0]]), np.array([1]), 10), which should be 1"
)

CALIBRATION_ERROR = Exercise(
    name="calibration error",
    reference=calibration_error,
    inputs=[
        (probs_of(0.6, 0.6, 0.6, 0.6, 0.9), np.array([0, 1, 0, 1, 0]), 10),
        (probs_of(1.0, 1.0, 0.8), np.array([0, 1, 0]), 10),
        (probs_of(0.625, 0.75, 0.75, 0.875), np.array([0, 0, 1, 1]), 4),
        (probs_of(0.6, 0.8), np.array([0, 1]), 10),
        (np.array([[0.2, 0.7, 0.1], [0.3, 0.3, 0.4]]), np.array([2, 0]), 5),
        (probs_of(0.7, 0.9, 0.65), np.array([0, 1, 0]), 1),
        drawn(40, 3, 10),
        drawn(60, 5, 15),
        drawn(25, 4, 50),
        drawn(30, 3, 8, np.float32),
    ],
    properties={
        "it is never below 0 and never above 1": never_negative,
        "the order of the answers does not matter": the_order_does_not_matter,
        "the same answers twice give the same error": answers_twice_change_nothing,
    },
    mistakes=[
        Mistake(
            "leaves out a confidence of 1",
            left_closed,
            "Bins that hold their lower end and not their upper one have no place for a "
            "confidence of exactly 1, the boldest claim of all. Let a bin hold its upper "
            "end: low < confidence and confidence <= high.",
            CERTAIN,
        ),
        Mistake(
            "lets a bin hold its lower end",
            lower_end_inside,
            "Then a confidence on an edge, such as 0.75 with 4 bins, goes to the bin "
            "above it. Here a bin holds its upper end, so it belongs below: np.digitize "
            "has right=True for that.",
            "my_calibration_error(np.array([[0.625, 0.375], [0.75, 0.25], "
            "[0.875, 0.125]]), np.array([1, 0, 0]), 4), which should be 0.167",
        ),
        Mistake(
            "rounds to the nearest bin",
            nearest_bin,
            "With 10 bins, rounding puts 0.62 and 0.68 apart, though both lie in the bin "
            "from 0.6 to 0.7. Round up, or compare with the two ends of each bin.",
            "my_calibration_error(np.array([[0.62, 0.38], [0.68, 0.32]]), "
            "np.array([1, 0]), 10), which should be 0.15",
        ),
        Mistake(
            "weighs all bins alike",
            mean_of_the_bins,
            "A bin with one answer then counts as much as a bin with a thousand. Weight "
            "each gap by the share of the answers that its bin holds.",
            TWO_BINS,
        ),
        Mistake(
            "divides by the number of bins",
            mean_of_all_bins,
            "Then empty bins lower the error, and more bins make any model look better. "
            "Weight each gap by the share of the answers that its bin holds.",
            TWO_BINS,
        ),
        Mistake(
            "adds the gaps up without weights",
            sum_of_the_bins,
            "The sum grows with the number of bins and can exceed 1. Weight each gap by "
            "the share of the answers that its bin holds.",
            TWO_BINS,
        ),
        *[
            Mistake(
                "lets gaps cancel",
                wrong,
                "A bin that is too bold and one that is too modest then make up for each "
                "other, and a bad model scores 0. Take the absolute value in each bin, "
                "before adding up.",
                OPPOSITE,
            )
            for wrong in (with_signs, with_signs_turned, all_in_one_bin)
        ],
        Mistake(
            "compares with the middle of the bin",
            middle_of_the_bin,
            "The middle is not what the model said: with 10 bins a claim of 0.99 would "
            "count as 0.95. Take the mean of the confidences in the bin.",
            CERTAIN,
        ),
        Mistake(
            "takes the probability of the true class",
            probability_of_the_label,
            "The model does not know the label when it makes its claim. The claim is the "
            "largest probability of the row; the label only says whether it came true.",
            OPPOSITE,
        ),
        Mistake(
            "compares each answer by itself",
            every_answer_a_bin,
            "One answer is right or wrong, 1 or 0, and a claim of 0.8 can match neither. "
            "Only a share of several answers can; that is what bins are for.",
            TWO_BINS,
        ),
        *[
            Mistake(
                "squares the gaps",
                wrong,
                "That is another measure, in which large gaps count for more. Here each "
                "gap counts with its absolute value.",
                TWO_BINS,
            )
            for wrong in (squared_gaps, root_of_squared_gaps)
        ],
        Mistake(
            "returns the largest gap",
            largest_gap,
            "The largest gap is often that of a bin with a handful of answers. The "
            "calibration error is the mean of all gaps, weighted by the share of the "
            "answers in each bin.",
            TWO_BINS,
        ),
        Mistake(
            "weighs by counts and forgets to divide by N",
            counts_for_shares,
            "Then twice as many answers give twice the error. Divide the counts by the "
            "number of answers, so that the weights sum to 1.",
            TWO_BINS,
        ),
        Mistake(
            "takes the mean of an empty bin",
            empty_bins_too,
            "The mean of nothing is 0 / 0, which is nan, and one nan makes the whole sum "
            "nan. Leave out the bins that hold no answer.",
            TWO_BINS,
        ),
        Mistake(
            "starts the bins at the smallest confidence",
            bins_from_the_smallest,
            "Bins that follow the data differ from model to model, and two errors can no "
            "longer be compared. Cut the whole way from 0 to 1 into equal bins.",
            "my_calibration_error(np.array([[0.8, 0.2], [0.85, 0.15]]), "
            "np.array([0, 1]), 4), which should be 0.325",
        ),
        *[
            Mistake(
                "starts the bins at a half",
                wrong,
                "Bins run from 0 to 1: with ten classes a largest probability can be "
                "below 0.5.",
                "my_calibration_error(np.array([[0.35, 0.33, 0.32], "
                "[0.45, 0.3, 0.25]]), np.array([0, 1]), 10), which should be 0.55",
            )
            for wrong in (bins_from_a_half, one_bin_below_a_half)
        ],
        *[
            Mistake(
                "takes the labels for right and wrong",
                wrong,
                "A label names a class; it does not say whether the answer was right. "
                "Compare it with the argmax of its row: 1 where they agree, 0 where not.",
                CERTAIN,
            )
            for wrong in (label_1_is_right, labels_as_they_are)
        ],
        Mistake(
            "takes every probability for a claim",
            every_class_a_claim,
            "All K probabilities of a row make another measure, in which many small and "
            "harmless ones dominate. Here a row makes one claim: its largest probability.",
            "my_calibration_error(np.array([[0.5, 0.25, 0.25]]), np.array([0]), 10), "
            "which should be 0.5",
        ),
    ],
    hints=[
        "First make two arrays of N: how sure the model was, and whether it was right. "
        "Everything else needs only these two.",
        "Find the answers of one bin with a mask. Its gap is the difference of two "
        "means, its weight the mean of the mask itself.",
        "Times the number of bins and rounded up, a confidence becomes the number of its "
        "bin, counted from 1, and an upper end stays in its own.",
    ],
    reason="Each gap counts with the share of answers in its bin and without its sign. "
    "Rounding up puts an upper end, and with it a confidence of 1, into its bin; "
    "np.unique gives only bins that hold something.",
)


# 2. Fit a temperature


def fitted_temperature(logits, labels, temperatures):
    losses = []
    for temperature in temperatures:
        z = logits / temperature
        z = z - z.max(axis=1, keepdims=True)
        log_sums = np.log(np.exp(z).sum(axis=1))
        losses.append((log_sums - z[np.arange(len(z)), labels]).mean())
    return temperatures[np.argmin(losses)]


def rounded_loss(logits, labels):
    """As written by hand: a loss below 1e-16 is rounded to 0."""
    z = logits - logits.max(axis=1, keepdims=True)
    return np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(z)), labels]


def all_losses(logits, labels, temperatures):
    return [cross_entropy(logits / t, labels).mean() for t in temperatures]


def best_by(score):
    """The temperature with the lowest score(probs, labels)."""

    def function(logits, labels, temperatures):
        scores = [score(softmax(logits / t), labels) for t in temperatures]
        return temperatures[np.argmin(scores)]

    return function


def multiplied(logits, labels, temperatures):
    losses = [cross_entropy(logits * t, labels).mean() for t in temperatures]
    return temperatures[np.argmin(losses)]


def upside_down(logits, labels, temperatures):
    return 1 / fitted_temperature(logits, labels, temperatures)


def highest_loss(logits, labels, temperatures):
    return temperatures[np.argmax(all_losses(logits, labels, temperatures))]


def place_in_the_list(logits, labels, temperatures):
    return np.argmin(all_losses(logits, labels, temperatures))


def the_loss_itself(logits, labels, temperatures):
    return np.min(all_losses(logits, labels, temperatures))


def divided_probabilities(logits, labels, temperatures):
    probs = softmax(logits)[np.arange(len(labels)), labels]
    losses = [-np.log(probs / t).mean() for t in temperatures]
    return temperatures[np.argmin(losses)]


def probabilities_for_logits(logits, labels, temperatures):
    return fitted_temperature(softmax(logits), labels, temperatures)


def softmax_twice(logits, labels, temperatures):
    losses = [cross_entropy(softmax(logits / t), labels).mean() for t in temperatures]
    return temperatures[np.argmin(losses)]


def mean_forgotten(loss):
    return lambda logits, labels, temperatures: temperatures[
        np.argmin([loss(logits / t, labels) for t in temperatures])
    ]


def fitted_to_the_winner(logits, labels, temperatures):
    return fitted_temperature(logits, logits.argmax(axis=1), temperatures)


def without_maximum(logits, labels, temperatures):
    rows = np.arange(len(labels))
    losses = [
        (np.log(np.exp(logits / t).sum(axis=1)) - (logits / t)[rows, labels]).mean()
        for t in temperatures
    ]
    return temperatures[np.argmin(losses)]


def log_of_naive_softmax(logits, labels, temperatures):
    rows, losses = np.arange(len(labels)), []
    for temperature in temperatures:
        weights = np.exp(logits / temperature)
        probs = weights / weights.sum(axis=1, keepdims=True)
        losses.append(-np.log(probs[rows, labels]).mean())
    return temperatures[np.argmin(losses)]


def accuracy_missing(probs, labels):
    return (probs.argmax(axis=1) != labels).mean()


def mean_claim_off(probs, labels):
    said, right = claims(probs, labels)
    return abs(said.mean() - right.mean())


def not_given_to_the_label(probs, labels):
    return -probs[np.arange(len(labels)), labels].mean()


def squared_error(probs, labels):
    targets = np.eye(probs.shape[1])[labels]
    return ((probs - targets) ** 2).sum(axis=1).mean()


def error_in(num_bins):
    return lambda probs, labels: calibration_error(probs, labels, num_bins)


def spoilt(n, k, factor, temperatures, dtype=float, shift=0.0):
    """Logits that are `factor` times what the labels were drawn from, shifted."""
    logits = RNG.normal(0, 1.5, (n, k))
    labels = (softmax(logits).cumsum(axis=1) < RNG.random((n, 1))).sum(axis=1)
    return (factor * logits + shift).astype(dtype), labels, temperatures


def it_doubles_with_the_logits(function):
    logits, labels, grid = spoilt(100, 4, 2.0, np.geomspace(0.25, 16, 37))
    found = function(logits.copy(), labels.copy(), grid.copy())
    return np.isclose(function(2 * logits, labels.copy(), 2 * grid), 2 * found)


def a_shift_of_a_row_changes_nothing(function):
    logits, labels, grid = spoilt(100, 4, 2.0, np.geomspace(0.25, 16, 37))
    found = function(logits.copy(), labels.copy(), grid.copy())
    return np.isclose(function(logits + 512, labels.copy(), grid.copy()), found)


def the_order_of_the_temperatures_does_not_matter(function):
    logits, labels, grid = spoilt(100, 4, 2.0, np.geomspace(0.25, 16, 37))
    found = function(logits.copy(), labels.copy(), grid.copy())
    return np.isclose(function(logits, labels, grid[::-1].copy()), found)


GRID = np.geomspace(0.1, 10, 41)
MIXED = np.random.default_rng(0).permutation(GRID)
FOUR_LEADS = (
    "my_temperature(np.array([[2.0, 0], [0.5, 0], [1.0, 0], [4.0, 0]]), "
    "np.array([0, 1, 1, 0]), np.array([0.5, 1.0, 2.0, 4.0])), which should be 2"
)
THREE_OF_FOUR = (
    "my_temperature(np.array([[2.0, 0.0]] * 4), np.array([0, 0, 0, 1]), "
    "np.array([0.5, 1.0, 2.0, 4.0])), which should be 2"
)
IN_DISORDER = (
    "my_temperature(np.array([[2.0, 0.0]] * 4), np.array([0, 0, 0, 1]), "
    "np.array([4.0, 0.5, 1.0, 2.0])), which should be 2"
)

FIT_A_TEMPERATURE = Exercise(
    name="fit a temperature",
    reference=fitted_temperature,
    inputs=[
        spoilt(200, 3, 3.0, MIXED),
        spoilt(200, 5, 0.4, MIXED),
        spoilt(150, 10, 1.0, GRID),
        spoilt(100, 4, 2.0, GRID[::-1].copy()),
        (
            np.array([[2.0, 0.0]] * 4),
            np.array([0, 0, 0, 1]),
            np.array([4.0, 1.17, 0.5, 2.34567]),
        ),
        (
            np.array([[900.0, 0.0], [0.0, 800.0], [700.0, 0.0], [600.0, 0.0]]),
            np.array([0, 1, 1, 0]),
            np.array([10.5, 400.0625, 1000.0, 0.98765]),
        ),
        (
            np.array([[2.0, 0.0], [0.0, 1.5], [3.0, 0.0]]),
            np.array([0, 1, 0]),
            np.array([1.3, 2.3456, 0.5678]),
        ),
        spoilt(150, 3, 2.0, np.array([0.7, 1.4142, 2.7, 5.1]), shift=5000.0),
        spoilt(150, 3, 2.0, MIXED.astype(np.float32), np.float32),
    ],
    properties={
        "twice the logits ask for twice the temperature": it_doubles_with_the_logits,
        "a shift of all logits of a row changes nothing": (
            a_shift_of_a_row_changes_nothing
        ),
        "the order of the temperatures does not matter": (
            the_order_of_the_temperatures_does_not_matter
        ),
    },
    mistakes=[
        Mistake(
            "multiplies by the temperature",
            multiplied,
            "Logits are divided by T: a model that is too sure needs a T above 1. "
            "Multiplied, the best number comes out as 1 / T.",
            THREE_OF_FOUR,
        ),
        Mistake(
            "returns 1 / T",
            upside_down,
            "Some libraries fit the number that the logits are multiplied by. The "
            "temperature is what they are divided by.",
            THREE_OF_FOUR,
        ),
        Mistake(
            "picks by accuracy",
            best_by(accuracy_missing),
            "Accuracy is the same at every temperature, as the order of the logits "
            "stays, so the first in the list wins. Take the mean cross-entropy.",
            IN_DISORDER,
        ),
        *[
            Mistake(
                "picks the lowest calibration error",
                best_by(error_in(num_bins)),
                "The calibration error depends on the bins and can fall by luck. The "
                "mean cross-entropy has one valley and needs no bins; it is what a "
                "temperature is fitted to.",
                FOUR_LEADS,
            )
            for num_bins in (10, 15, 20)
        ],
        Mistake(
            "picks the highest loss",
            highest_loss,
            "The loss is what it costs to be surprised, and it should be low. The log of "
            "a probability should be high: mind which of the two you have.",
            THREE_OF_FOUR,
        ),
        Mistake(
            "returns the place in the list",
            place_in_the_list,
            "np.argmin says where the lowest loss stands. Look up the temperature in "
            "that place.",
            IN_DISORDER,
        ),
        Mistake(
            "returns the loss",
            the_loss_itself,
            "The lowest loss is how good the best temperature is. Wanted is the "
            "temperature that reaches it.",
            THREE_OF_FOUR,
        ),
        Mistake(
            "divides the probabilities",
            divided_probabilities,
            "p / T does not sum to 1, and the smallest T then looks best whatever the "
            "model says. Divide the logits, before softmax.",
            THREE_OF_FOUR,
        ),
        Mistake(
            "takes probabilities for logits",
            probabilities_for_logits,
            "Softmax of a softmax flattens every row, so a small T seems to be needed to "
            "make up for it. The loss is to see the logits themselves, divided by T.",
            THREE_OF_FOUR,
        ),
        Mistake(
            "applies softmax twice",
            softmax_twice,
            "cross_entropy takes logits and applies softmax itself. Given probabilities, "
            "it flattens them once more, and a smaller T seems to fit. Hand it logits / "
            "T.",
            THREE_OF_FOUR,
        ),
        *[
            Mistake(
                "forgets the mean",
                mean_forgotten(loss),
                "cross_entropy gives a loss for each example, so np.argmin searches the "
                "whole table and may point far beyond the temperatures. Take the mean "
                "of each row first.",
                THREE_OF_FOUR,
            )
            for loss in (cross_entropy, rounded_loss)
        ],
        Mistake(
            "measures squared error",
            best_by(squared_error),
            "That fits too, but something else: a bold miss costs no more than 2. A "
            "temperature is fitted to the mean cross-entropy.",
            "my_temperature(np.array([[3.0, 0], [1.0, 0], [4.0, 0], [1.5, 0]]), "
            "np.array([0, 1, 0, 0]), np.array([0.5, 1.0, 2.0, 4.0])), which should be "
            "1",
        ),
        Mistake(
            "takes the winner for the label",
            fitted_to_the_winner,
            "If the model's own answer counts as true, it is always right and cannot be "
            "sure enough: the smallest T wins. The labels say what was true.",
            THREE_OF_FOUR,
        ),
        Mistake(
            "averages the probabilities, not their logs",
            best_by(not_given_to_the_label),
            "The mean probability of the labels is highest when the model is as bold as "
            "can be, if it is right more often than not. The mean of the logs makes a "
            "bold miss cost what it should.",
            THREE_OF_FOUR,
        ),
        Mistake(
            "matches the mean confidence to the accuracy",
            best_by(mean_claim_off),
            "Then a claim that is too bold may hide one that is too modest. The mean "
            "cross-entropy looks at every answer and its own label.",
            FOUR_LEADS,
        ),
        *[
            Mistake(
                "does not subtract the maximum",
                wrong,
                "e^5000 is inf, so the losses are inf or nan, and np.argmin has nothing "
                "to compare. Use cross_entropy of this course, or subtract the maximum "
                "of each row.",
                "my_temperature(np.array([[5002.0, 5000.0]] * 4), "
                "np.array([0, 0, 0, 1]), np.array([0.5, 1.0, 2.0, 4.0])), which should "
                "be 2",
            )
            for wrong in (without_maximum, log_of_naive_softmax)
        ],
    ],
    hints=[
        "For each temperature in turn, ask how surprised the divided logits are by the "
        "labels. One number for each temperature is enough.",
        "That number is the mean cross-entropy: lesson 3, with logits / T. Collect the "
        "means in a list.",
        "np.argmin(list) says where the smallest stands; temperatures[that] is the "
        "answer.",
    ],
    reason="Of all T the one with the lowest mean cross-entropy makes the labels least "
    "surprising. It needs no bins, and the answers, being the order of the logits, "
    "stay.",
)


# 3. Smoothed targets


def smoothed_targets(labels, num_classes, smoothing):
    one_hot = np.eye(num_classes)[labels]
    return (1 - smoothing) * one_hot + smoothing / num_classes


def one_hot(labels, num_classes):
    return np.eye(num_classes)[labels]


def not_smoothed(labels, num_classes, smoothing):
    return one_hot(labels, num_classes)


def spread_over_the_others(labels, num_classes, smoothing):
    hard = one_hot(labels, num_classes)
    return (1 - smoothing) * hard + (1 - hard) * smoothing / (num_classes - 1)


def share_of_the_true_class_forgotten(labels, num_classes, smoothing):
    hard = one_hot(labels, num_classes)
    return np.where(hard == 1, 1 - smoothing, smoothing / num_classes)


def nothing_taken_away(labels, num_classes, smoothing):
    return one_hot(labels, num_classes) + smoothing / num_classes


def others_lifted_only(labels, num_classes, smoothing):
    hard = one_hot(labels, num_classes)
    return np.where(hard == 1, 1, smoothing / num_classes)


def all_to_each(labels, num_classes, smoothing):
    return (1 - smoothing) * one_hot(labels, num_classes) + smoothing


def whole_share_to_the_others(labels, num_classes, smoothing):
    hard = one_hot(labels, num_classes)
    return np.where(hard == 1, 1 - smoothing, smoothing)


def one_class_too_few(labels, num_classes, smoothing):
    return (1 - smoothing) * one_hot(labels, num_classes) + smoothing / (
        num_classes - 1
    )


def whole_columns(labels, num_classes, smoothing):
    part = smoothing / num_classes
    targets = np.full((len(labels), num_classes), part)
    targets[:, labels] = 1 - smoothing + part
    return targets


def taken_and_not_given(labels, num_classes, smoothing):
    return (1 - smoothing) * one_hot(labels, num_classes)


def swapped(labels, num_classes, smoothing):
    return smoothing * one_hot(labels, num_classes) + (1 - smoothing) / num_classes


def divided_by_the_examples(labels, num_classes, smoothing):
    return (1 - smoothing) * one_hot(labels, num_classes) + smoothing / len(labels)


def classes_first(labels, num_classes, smoothing):
    return smoothed_targets(labels, num_classes, smoothing).T


def softmax_of_one_hot(labels, num_classes, smoothing):
    return softmax(one_hot(labels, num_classes))


def one_row(labels, num_classes, smoothing):
    return smoothed_targets(labels, num_classes, smoothing).mean(axis=0)


def rows_sum_to_1(function):
    cases = [(3, 0.1), (10, 0.3), (2, 0.9)]
    labels = np.array([0, 1, 1])
    sums = [np.sum(function(labels.copy(), k, e), axis=1) for k, e in cases]
    return np.allclose(sums, 1, atol=1e-5)


def no_smoothing_is_one_hot(function):
    labels = np.array([2, 0, 1])
    return np.allclose(function(labels.copy(), 4, 0.0), np.eye(4)[labels], atol=1e-6)


def full_smoothing_knows_nothing(function):
    return np.allclose(function(np.array([2, 0]), 4, 1.0), 0.25, atol=1e-6)


TENTH = (
    "my_smoothed_targets(np.array([0, 1]), 4, 0.2), which should be "
    "[[0.85, 0.05, 0.05, 0.05], [0.05, 0.85, 0.05, 0.05]]"
)

SMOOTHED_TARGETS = Exercise(
    name="smoothed targets",
    reference=smoothed_targets,
    inputs=[
        (np.array([0, 1]), 4, 0.2),
        (np.array([2, 0, 1]), 3, 0.1),
        (np.array([0, 0, 1, 1, 1]), 2, 0.3),
        (np.array([7, 9, 0]), 10, 0.1),
        (np.array([4]), 6, 0.05),
        (np.array([0]), 1, 0.1),  # one class
        (np.array([1, 3, 2, 0]), 7, 1 / 3),
    ],
    properties={
        "each row sums to 1": rows_sum_to_1,
        "a smoothing of 0 gives one-hot targets": no_smoothing_is_one_hot,
        "a smoothing of 1 gives each class the same": full_smoothing_knows_nothing,
    },
    mistakes=[
        Mistake(
            "does not smooth",
            not_smoothed,
            "These are the one-hot targets. Take the share from the 1, and give every "
            "class an equal part of it.",
            TENTH,
        ),
        Mistake(
            "spreads over the other classes only",
            spread_over_the_others,
            "Then a smoothing of 0.1 over 10 classes leaves the true class 0.9. Some do "
            "it so; here, as in TensorFlow, the true class gets its part of what is "
            "spread, and keeps 0.91.",
            TENTH,
        ),
        Mistake(
            "forgets the true class's own part",
            share_of_the_true_class_forgotten,
            "The rows then sum to less than 1: the part of the true class is lost. "
            "Spread over all K classes, so it gets its part back.",
            TENTH,
        ),
        *[
            Mistake(
                "takes nothing from the true class",
                wrong,
                "The rows then sum to more than 1, and are no distributions. What is "
                "spread over the classes has to be taken from the 1 first.",
                TENTH,
            )
            for wrong in (nothing_taken_away, others_lifted_only)
        ],
        *[
            Mistake(
                "gives every class the whole share",
                wrong,
                "The share is spread, so each of the K classes gets one K-th of it. "
                "Otherwise the rows sum to more than 1.",
                TENTH,
            )
            for wrong in (all_to_each, whole_share_to_the_others)
        ],
        Mistake(
            "divides by K - 1 and still counts K",
            one_class_too_few,
            "K classes get a part, the true one too, so K parts must make up the share. "
            "With K - 1 in the denominator the rows sum to more than 1.",
            TENTH,
        ),
        Mistake(
            "writes whole columns",
            whole_columns,
            "[:, labels] names whole columns, so each row gets the true class of every "
            "other row as well. Index the rows too: [np.arange(N), labels].",
            TENTH,
        ),
        Mistake(
            "spreads nothing",
            taken_and_not_given,
            "The share is taken away and then lost, so the rows sum to less than 1. Give "
            "every class its equal part.",
            TENTH,
        ),
        Mistake(
            "swaps what is kept and what is spread",
            swapped,
            "A smoothing of 0.1 spreads a tenth and keeps nine. Here it is the other way "
            "round, and the targets hardly know the true class.",
            TENTH,
        ),
        Mistake(
            "divides by the number of examples",
            divided_by_the_examples,
            "Each row is a distribution of its own, over K classes; how many rows there "
            "are does not matter. Divide by num_classes.",
            TENTH,
        ),
        Mistake(
            "puts the classes first",
            classes_first,
            "Here a column is an example. N rows of K targets are wanted, one row for "
            "each label.",
            TENTH,
        ),
        Mistake(
            "takes softmax of the one-hot row",
            softmax_of_one_hot,
            "That smooths too, but by how much is not yours to choose: it ignores the "
            "smoothing. Targets are probabilities already.",
            TENTH,
        ),
        Mistake(
            "averages over the examples",
            one_row,
            "One row for all forgets which label belongs to which example. Return a row "
            "for each label.",
            TENTH,
        ),
    ],
    hints=[
        "Start from one-hot rows: np.eye(K) holds one for each class, and can be indexed "
        "by all labels at once.",
        "The 1 shrinks by the smoothing. What was taken is shared out among K classes, "
        "so how much does each get?",
        "Adding one number to a whole table adds it to every class, the true one "
        "included.",
    ],
    reason="What is taken from the 1 comes back as an equal part for each class, so each "
    "row still sums to 1, and the true class keeps the most.",
)

EXERCISES = [CALIBRATION_ERROR, FIT_A_TEMPERATURE, SMOOTHED_TARGETS]
