"""What learners hand in for the exercises of lesson 8; read by test_tasks."""

import itertools

import numpy as np
import scipy.special

import softmax_lab
from softmax_lab.lessons.lesson_08 import exercises as eight


def looped_error(probs, labels, num_bins):
    confidence = [max(row) for row in probs]
    right = [int(np.argmax(row) == y) for row, y in zip(probs, labels, strict=True)]
    error = 0.0
    for b in range(num_bins):
        low, high = b / num_bins, (b + 1) / num_bins
        members = [i for i, c in enumerate(confidence) if low < c <= high]
        if members:
            said = sum(confidence[i] for i in members) / len(members)
            true = sum(right[i] for i in members) / len(members)
            error += len(members) / len(labels) * abs(true - said)
    return error


def error_by_counting(probs, labels, num_bins):
    confidence, right = probs.max(1), probs.argmax(1) == labels
    bins = np.digitize(confidence, np.linspace(0, 1, num_bins + 1), right=True)
    return np.abs(np.bincount(bins, weights=right - confidence)).sum() / len(labels)


def temperature_by_a_dictionary(logits, labels, temperatures):
    loss = {
        t: softmax_lab.cross_entropy(logits / t, labels).mean() for t in temperatures
    }
    return min(loss, key=loss.get)


def temperature_by_log_probs(logits, labels, temperatures):
    best, most = None, -np.inf
    for t in temperatures:
        log_probs = scipy.special.log_softmax(logits / t, axis=1)
        mean = np.mean([row[y] for row, y in zip(log_probs, labels, strict=True)])
        if mean > most:
            best, most = t, mean
    return best


def temperature_all_at_once(logits, labels, temperatures):
    z = logits[None] / temperatures[:, None, None]
    losses = scipy.special.logsumexp(z, axis=2) - z[:, np.arange(len(labels)), labels]
    return temperatures[losses.mean(axis=1).argmin()]


def looped_targets(labels, num_classes, smoothing):
    part = smoothing / num_classes
    return [
        [1 - smoothing + part if k == label else part for k in range(num_classes)]
        for label in labels
    ]


def targets_in_place(labels, num_classes, smoothing):
    targets = np.full((len(labels), num_classes), smoothing / num_classes)
    targets[np.arange(len(labels)), labels] += 1 - smoothing
    return targets


def targets_as_a_mixture(labels, num_classes, smoothing):
    uniform = np.ones(num_classes) / num_classes
    hard = (labels[:, None] == np.arange(num_classes)).astype(float)
    return hard + smoothing * (uniform - hard)


RIGHT = {
    "calibration error": [
        looped_error,
        error_by_counting,
        softmax_lab.expected_calibration_error,
    ],
    "fit a temperature": [
        temperature_by_a_dictionary,
        temperature_by_log_probs,
        temperature_all_at_once,
    ],
    "smoothed targets": [looped_targets, targets_in_place, targets_as_a_mixture],
}


def counted_from_below(probs, labels, num_bins):
    """Bins by rounding down: a confidence of 1 falls out of the last one."""
    confidence, right = probs.max(1), probs.argmax(1) == labels
    bins = np.floor(confidence * num_bins)
    error = 0.0
    for b in range(num_bins):
        inside = bins == b
        if inside.sum() > 0:
            gap = confidence[inside].mean() - right[inside].mean()
            error += abs(gap) * inside.sum() / len(labels)
    return error


def digitised(probs, labels, num_bins):
    """As `error_by_counting`, with np.digitize as it comes."""
    confidence, right = probs.max(1), probs.argmax(1) == labels
    bins = np.digitize(confidence, np.linspace(0, 1, num_bins + 1))
    return np.abs(np.bincount(bins, weights=right - confidence)).sum() / len(labels)


def mean_gap(probs, labels, num_bins):
    confidence, right = probs.max(1), probs.argmax(1) == labels
    edges, gaps = np.linspace(0, 1, num_bins + 1), []
    for low, high in itertools.pairwise(edges):
        inside = (confidence > low) & (confidence <= high)
        if inside.any():
            gaps.append(abs(confidence[inside].mean() - right[inside].mean()))
    return np.mean(gaps)


def from_a_half(probs, labels, num_bins):
    confidence, right = probs.max(1), probs.argmax(1) == labels
    bins = np.ceil((confidence - 0.5) * 2 * num_bins)
    gaps = [
        np.sum(right[bins == b]) - np.sum(confidence[bins == b])
        for b in range(1, num_bins + 1)
    ]
    return np.abs(gaps).sum() / len(labels)


def from_a_half_and_the_rest(probs, labels, num_bins):
    confidence, right = probs.max(1), probs.argmax(1) == labels
    bins = np.searchsorted(np.linspace(0.5, 1, num_bins + 1), confidence)
    return sum(
        np.abs((right[bins == b] - confidence[bins == b]).sum()) for b in set(bins)
    ) / len(labels)


def judged_by_the_label(right_of):
    def error(probs, labels, num_bins):
        confidence, right = probs.max(1), right_of(labels)
        total = 0.0
        for b in range(num_bins):
            inside = (b / num_bins < confidence) & (confidence <= (b + 1) / num_bins)
            if inside.any():
                gap = abs(np.mean(right[inside]) - np.mean(confidence[inside]))
                total += gap * np.mean(inside)
        return total

    return error


def lowest_log_likelihood(logits, labels, temperatures):
    rows = np.arange(len(labels))
    logs = [
        scipy.special.log_softmax(logits / t, axis=1)[rows, labels].sum()
        for t in temperatures
    ]
    return temperatures[np.argmin(logs)]


def most_often_right(logits, labels, temperatures):
    return max(
        temperatures,
        key=lambda t: (
            scipy.special.softmax(logits / t, axis=1).argmax(1) == labels
        ).sum(),
    )


VARIANTS = [
    ("calibration error", counted_from_below, "leaves out a confidence of 1"),
    ("calibration error", digitised, "lets a bin hold its lower end"),
    ("calibration error", mean_gap, "weighs all bins alike"),
    ("calibration error", from_a_half, "starts the bins at a half"),
    ("calibration error", from_a_half_and_the_rest, "starts the bins at a half"),
    (
        "calibration error",
        judged_by_the_label(lambda labels: labels == 1),
        "takes the labels for right and wrong",
    ),
    (
        "calibration error",
        judged_by_the_label(lambda labels: labels),
        "takes the labels for right and wrong",
    ),
    ("fit a temperature", lowest_log_likelihood, "picks the highest loss"),
    ("fit a temperature", most_often_right, "picks by accuracy"),
    (
        "fit a temperature",
        lambda z, labels, temperatures: min(
            temperatures,
            key=lambda t: softmax_lab.cross_entropy(
                softmax_lab.softmax(z, temperature=t), labels
            ).mean(),
        ),
        "applies softmax twice",
    ),
    (
        "smoothed targets",
        lambda labels, k, e: np.clip(np.eye(k)[labels], e / k, 1 - e),
        "forgets the true class's own part",
    ),
    (
        "smoothed targets",
        lambda labels, k, e: np.maximum(np.eye(k)[labels], e / k),
        "takes nothing from the true class",
    ),
]
FACTS = {
    "0.91": 1 - 0.1 + 0.1 / 10,
    "0.95": 9.5 / 10,
}
GIVEN = ["0.6", "0.62", "0.68", "0.7", "0.75", "0.8", "0.99"]
ONE, TWO = [[1.0, 0.0]], [[0.6, 0.4], [0.6, 0.4], [0.9, 0.1]]
NINE, THE_FIRST = [[0.9] + [0.1 / 9] * 9], np.array([0])
CLAIMS = [
    (eight.left_closed, (ONE, [1], 10), 0),
    (eight.calibration_error, (ONE, [1], 10), 1),
    (eight.sum_of_the_bins, ([[0.6, 0.4], [0.9, 0.1]], [1, 1], 10), 1.5),
    (eight.counts_for_shares, (TWO, [0, 1, 1], 10), 3 * 0.3667),
    (eight.empty_bins_too, (TWO, [0, 1, 1], 10), np.nan),
    (eight.every_answer_a_bin, (TWO, [0, 1, 1], 10), (0.4 + 0.6 + 0.9) / 3),
    (eight.squared_error, ([[1.0, 0.0]], [1]), 2),
    (np.round, (np.array([6.2, 6.8]),), [6, 7]),
    (eight.spread_over_the_others, (THE_FIRST, 10, 0.1), NINE),
    (eight.smoothed_targets, (THE_FIRST, 10, 0.1), [[0.91] + [0.01] * 9]),
]
