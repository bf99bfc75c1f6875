"""Calibration: when a model says 80 %, is it right 80 % of the time?"""

from numbers import Integral
from typing import NamedTuple

import numpy as np

from softmax_lab.core.losses import check_indices, cross_entropy
from softmax_lab.core.probabilities import as_array, as_rows, check_probs, softmax

LOWEST, HIGHEST = 0.01, 100.0  # where `fit_temperature` looks


class ReliabilityCurve(NamedTuple):
    """One entry a bin: what was claimed, what came true, and how often."""

    confidence: np.ndarray  # mean confidence, nan where the bin is empty
    accuracy: np.ndarray  # share of right answers, nan where the bin is empty
    count: np.ndarray  # number of examples


def reliability_curve(probs, labels, n_bins=15):
    """Sort the examples by confidence into bins and compare claim with truth.

    The confidence is the highest probability of a row, and the answer its
    class. Bin b holds the confidences in (b / n_bins, (b + 1) / n_bins]: closed
    on the right, so that a confidence of 1 counts.

    Shapes: probs (N, K), labels (N,) class indices -> three arrays (n_bins,)
    Raises ValueError for probs that are none, such as logits.

    >>> curve = reliability_curve([[0.9, 0.1], [0.8, 0.2]], [0, 1], n_bins=2)
    >>> curve.count.tolist(), curve.accuracy.round(2).tolist()
    ([0, 2], [nan, 0.5])
    """
    confidence, right = claims("probs", probs, labels)
    bins = which_bin(confidence, n_bins)
    count = np.bincount(bins, minlength=n_bins)
    with np.errstate(invalid="ignore"):  # 0/0 in an empty bin
        return ReliabilityCurve(
            np.bincount(bins, confidence, n_bins) / count,
            np.bincount(bins, right, n_bins) / count,
            count,
        )


def expected_calibration_error(probs, labels, n_bins=15):
    """Return the mean gap between claim and truth over the examples, 0 to 1.

        ECE = Σ_b (n_b / N) |accuracy_b - confidence_b|

    It depends on the number of bins: state it. A perfectly calibrated model
    scores above 0 on finite data, and one that knows nothing can score 0; look
    at accuracy and loss as well.

    Shapes: probs (N, K), labels (N,) class indices -> a float
    Source: Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural
    Networks", ICML 2017.

    >>> round(expected_calibration_error([[0.9, 0.1], [0.8, 0.2]], [0, 1], 2), 3)
    0.35
    """
    confidence, accuracy, count = reliability_curve(probs, labels, n_bins)
    used = count > 0
    gaps = abs(accuracy[used] - confidence[used])
    return float(count[used] @ gaps / count.sum())


def fit_temperature(logits, labels):
    """Return the T that makes softmax(logits / T) fit the labels best.

    The mean cross-entropy of softmax(z / T) has one valley. Its slope by 1/T is

        Σ_j p_j z_j - z_y        averaged over the examples,

    the logit that the model expects to meet at the label, less the one that it
    meets. As long as it expects too much it is too sure, and T must rise: the
    interval for log T is halved until nothing is left of it.

    Take examples that the model was not trained on.

    Shapes: logits (N, K) real, labels (N,) class indices -> T, from 0.01 to 100
    Raises ValueError for probabilities instead of logits.

    >>> logits = np.log([[0.9, 0.1]] * 10)  # says 90 %
    >>> labels = [0] * 8 + [1] * 2  # is right on 80 %
    >>> T = fit_temperature(logits, labels)
    >>> round(T, 3), softmax(logits[0], temperature=T).round(3).tolist()
    (1.585, [0.8, 0.2])
    """
    z, labels, layout = examples("logits", logits, labels)
    refuse_probs(z, layout)
    z = z.astype(float)
    bad = (np.isnan(z) | np.isposinf(z)).any(-1)
    if bad.any():
        row = np.array2string(z[bad.argmax()], precision=4, threshold=6)
        raise ValueError(f"logits must be numbers or -inf, row {bad.argmax()} is {row}")
    met = z[np.arange(len(z)), labels].mean()
    if not np.isfinite(met):
        raise ValueError(f"logits at the labels must be finite, their mean is {met}")
    masked = np.where(np.isneginf(z), 0.0, z)  # these have p = 0, and 0 · inf is nan
    low, high = np.log(LOWEST), np.log(HIGHEST)
    for _ in range(50):  # 9.2 / 2^50 is below the rounding of log T
        middle = (low + high) / 2
        probs = softmax(z, temperature=np.exp(middle))
        expected = (probs * masked).sum(-1).mean()
        low, high = (middle, high) if expected > met else (low, middle)
    best = float(np.exp((low + high) / 2))
    better = cross_entropy(z / best, labels).mean() < cross_entropy(z, labels).mean()
    return best if better else 1.0


def claims(name, probs, labels):
    """Return the confidence of each row, and 1.0 where its answer is right."""
    p, labels, layout = examples(name, probs, labels)
    check_probs(name, p, layout)
    return p.max(-1).astype(float), (p.argmax(-1) == labels).astype(float)


def examples(name, x, labels):
    """Return rows (N, K), their labels (N,) and the layout, N above 0."""
    rows, layout = as_rows(name, x, -1)
    labels = as_array("labels", labels)
    if len(layout[0]) != 2 or len(rows) == 0:
        raise ValueError(f"{name} must have shape (N, K), N > 0, got {layout[0]}")
    if labels.shape != (len(rows),):
        raise ValueError(
            f"labels must have shape ({len(rows)},), one class index for each row "
            f"of {name}, got {labels.shape}"
        )
    return rows, check_indices(labels, rows.shape[-1]), layout


def which_bin(confidence, n_bins):
    """Return the number of the right-closed bin that each confidence is in."""
    if not isinstance(n_bins, Integral) or isinstance(n_bins, bool):
        raise TypeError(f"n_bins must be a whole number, got {n_bins!r}")
    if n_bins < 1:
        raise ValueError(f"n_bins must be at least 1, got {n_bins}")
    inner_edges = np.linspace(0, 1, n_bins + 1)[1:-1]
    return np.searchsorted(inner_edges, confidence, side="left")


def refuse_probs(rows, layout):
    """Refuse rows (N, K) that are all probabilities where logits are wanted."""
    try:
        check_probs("logits", rows, layout)
    except ValueError:
        return
    raise ValueError(
        f"logits look like probabilities: every row, such as "
        f"{np.array2string(rows[0], precision=4, threshold=6)}, is between 0 and 1 "
        "and sums to 1. Pass the raw scores, or np.log(probs)"
    )
