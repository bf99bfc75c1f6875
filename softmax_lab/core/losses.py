"""Losses and their gradients: how wrong, and which way is better."""

from numbers import Real

import numpy as np

from softmax_lab.core.probabilities import (
    as_array,
    as_rows,
    check_probs,
    quietly,
    restore,
    restore_one_each,
    softmax,
    split_logsumexp,
)


@quietly
def cross_entropy(logits, labels, label_smoothing=0.0):
    """Return the surprise at each example's label, in nats.

        loss = -log softmax(z)_y = log Σ_j exp(z_j) - z_y

    For a distribution q instead of one label y it is the mean surprise under
    q, which is the entropy of q plus KL(q, softmax(z)). No probability is
    formed: a loss of 1000 is 1000, and a confident right answer costs 1e-22,
    not 0.

    logits           (..., K) real
    labels           (...) class indices 0 to K - 1, or (..., K) distributions
    label_smoothing  ε from 0 to 1: that share of each label is spread evenly
                     over all K classes
    Returns (...), one loss for each example; `.mean()` gives the usual loss.
    Raises ValueError or TypeError for labels that fit no class.

    >>> float(cross_entropy([2.0, 1.0, 0.1], 0).round(4))
    0.417
    >>> float(cross_entropy([50.0, 0.0], 0))
    1.9287498479639178e-22
    """
    z, layout = as_rows("logits", logits, -1)
    label_smoothing = check_smoothing(label_smoothing)
    indices, targets = parse_labels(labels, layout[0])
    top, log_rest = split_logsumexp(z)
    if targets is None:
        losses = top - z[np.arange(len(z)), indices] + log_rest
    else:
        # 0 · inf is nan, so classes that the target excludes are left out.
        losses = np.where(targets > 0, targets * surprises(z, top, log_rest), 0).sum(-1)
    if label_smoothing:
        even = surprises(z, top, log_rest).mean(-1)
        losses = (1 - label_smoothing) * losses + label_smoothing * even
    return restore_one_each(losses, layout)


def surprises(z, top, log_rest):
    """Return -log softmax(z) for rows (N, K), from the parts of logsumexp(z)."""
    return (top[:, None] - z) + log_rest[:, None]


@quietly
def kl_divergence(targets, probs):
    """Return the surprise that believing p costs where q is true, in nats.

        KL(q, p) = Σ_i q_i log(q_i / p_i)               0 log 0 = 0

    It is 0 only for p = q, and it is no distance: KL(q, p) ≠ KL(p, q).

    Shapes: targets q (..., K), probs p (..., K) -> (...)
    Raises ValueError for rows that are no probabilities.

    >>> float(kl_divergence([0.5, 0.5], [0.9, 0.1]).round(4))
    0.5108
    >>> float(kl_divergence([0.9, 0.1], [0.5, 0.5]).round(4))
    0.3681
    """
    q, layout = as_rows("targets", targets, -1)
    p, theirs = as_rows("probs", probs, -1)
    if q.shape != p.shape:
        raise ValueError(
            f"targets and probs must have one shape, got {layout[0]} and {theirs[0]}"
        )
    check_probs("targets", q, layout)
    check_probs("probs", p, theirs)
    terms = q * (np.log(np.where(q > 0, q, 1)) - np.log(p))
    return restore_one_each(np.where(q > 0, terms, 0).sum(-1), layout)


def cross_entropy_gradient(logits, labels, label_smoothing=0.0):
    """Return the gradient of each example's cross-entropy by its logits.

        ∂ loss / ∂ z_i = softmax(z)_i - q_i

    What the model says less what is true: q is 1 at the label and 0
    elsewhere, or the distribution that was given. Each row sums to 0. For the
    mean of N losses divide by N.

    Shapes and errors as for `cross_entropy`; returns (..., K)

    >>> cross_entropy_gradient([2.0, 1.0, 0.1], 1).round(3).tolist()
    [0.659, -0.758, 0.099]
    """
    z, layout = as_rows("logits", logits, -1)
    label_smoothing = check_smoothing(label_smoothing)
    indices, targets = parse_labels(labels, layout[0])
    if targets is None:
        targets = np.zeros_like(z)
        targets[np.arange(len(z)), indices] = 1
    if label_smoothing:
        targets = (1 - label_smoothing) * targets + label_smoothing / z.shape[-1]
    return restore(softmax(z) - targets, layout)


def softmax_jacobian(probs):
    """Return how each probability moves with each logit.

        ∂ p_i / ∂ z_j = p_i (δ_ij - p_j)                δ_ij = 1 if i = j else 0

    Symmetric; rows sum to 0, since a shift of all logits changes nothing.

    Shapes: probs (..., K) -> (..., K, K)
    Raises ValueError for rows that are no probabilities, such as logits.

    >>> softmax_jacobian([0.5, 0.5]).tolist()
    [[0.25, -0.25], [-0.25, 0.25]]
    """
    p, layout = as_rows("probs", probs, -1)
    check_probs("probs", p, layout)
    jacobians = p[:, :, None] * (np.eye(p.shape[-1], dtype=p.dtype) - p[:, None, :])
    shape, _, dtype = layout
    return jacobians.reshape(*shape, -1).astype(dtype, copy=False)


def numerical_gradient(function, x, step=1e-5):
    """Return the gradient of `function` at `x` by trying small steps.

        ∂ f / ∂ x_i ≈ (f(x + h e_i) - f(x - h e_i)) / 2h

    Slow and inexact by about h², and independent of any derivation: the
    check for one.

    function  takes an array like `x`, returns one number
    x         any shape; step h, a number above 0
    Returns an array like `x` in float64.

    >>> numerical_gradient(lambda x: (x**2).sum(), [1.0, -3.0]).round(6).tolist()
    [2.0, -6.0]
    """
    if not (isinstance(step, Real) and 0 < step < np.inf):
        raise ValueError(f"step must be a finite number above 0, got {step!r}")
    x = as_array("x", x).astype(float)
    gradient = np.empty_like(x)
    for place in np.ndindex(x.shape):
        ends = []
        for moved in (x[place] + step, x[place] - step):
            there = x.copy()
            there[place] = moved
            value = function(there)
            if value is None:
                raise ValueError("function must return one number, got None")
            ends.append(np.asarray(value, dtype=float))
        if ends[0].ndim:
            raise ValueError(
                f"function must return one number, got an array of shape "
                f"{ends[0].shape}; take its mean or sum"
            )
        gradient[place] = (ends[0] - ends[1]) / (2 * step)
    return gradient


def parse_labels(labels, shape):
    """Return (indices (N,), None) or (None, targets (N, K)) for logits of `shape`.

    The number of axes decides: one fewer than the logits for class indices,
    as many for a distribution in each row.
    """
    labels = as_array("labels", labels)
    if labels.shape == shape[:-1]:
        return check_indices(labels, shape[-1]).reshape(-1), None
    if labels.shape == shape:
        targets, layout = as_rows("labels", labels, -1)
        check_probs("labels", targets, layout)
        return None, targets
    raise ValueError(
        f"labels must have shape {shape[:-1]} (class indices) or {shape} "
        f"(distributions) for logits of shape {shape}, got {labels.shape}"
    )


def check_indices(labels, num_classes):
    """Return class indices as integers, or say which label is none."""
    if labels.dtype.kind not in "biu":
        value = labels.flat[0] if labels.size else None
        raise TypeError(
            f"labels must be whole numbers from 0 to {num_classes - 1}, got {value!r} "
            f"(dtype {labels.dtype}); for a distribution give one number a class"
        )
    outside = (labels < 0) | (labels >= num_classes)
    if outside.any():
        raise ValueError(
            f"labels must be from 0 to {num_classes - 1}, got {labels[outside].flat[0]}"
        )
    return labels.astype(np.intp, copy=False)


def check_smoothing(label_smoothing):
    """Return the share as a float, or say what is wrong with it."""
    if not isinstance(label_smoothing, Real):
        raise TypeError(f"label_smoothing must be a number, got {label_smoothing!r}")
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"label_smoothing must be from 0 to 1, got {label_smoothing}")
    return float(label_smoothing)
