"""From logits to probabilities. NumPy alone; nothing here knows of figures.

Shapes are written (..., K): K classes along `axis`, any number of rows.
"""

import math
from numbers import Real

import numpy as np


def softmax(logits, axis=-1, temperature=1.0):
    """Return probabilities that rise with the logits and sum to 1.

        softmax(z)_i = exp(z_i / T) / Σ_j exp(z_j / T)

    Only differences between logits enter, so the row's maximum is subtracted
    first: the largest exponent becomes 0 and nothing overflows.

    logits       (..., K) real; -inf masks a class: probability exactly 0.
                 A row of nothing but -inf gives nan.
    temperature  T, a finite number above 0
    Returns (..., K) in the dtype of `logits`; integers become float64.
    Raises ValueError for a temperature that is not finite and above 0,
    TypeError for one that is no number.

    >>> softmax([2.0, 1.0, 0.1]).round(3).tolist()
    [0.659, 0.242, 0.099]
    >>> softmax([1002.0, 1001.0, 1000.1]).round(3).tolist()
    [0.659, 0.242, 0.099]
    """
    check_temperature(temperature)
    z, dtype = as_floats("logits", logits, axis)
    with np.errstate(all="ignore"):
        weights = np.exp((z - finite_max(z, axis)) / temperature)
        return (weights / weights.sum(axis, keepdims=True)).astype(dtype, copy=False)


def log_softmax(logits, axis=-1):
    """Return log(softmax(logits)) without forming a probability.

        log_softmax(z)_i = z_i - logsumexp(z)

    A probability too small for a float is rounded to 0 and its log is lost;
    here the log is taken before anything is rounded.

    Shapes: logits (..., K) -> (..., K)

    >>> log_softmax([1000.0, 0.0]).tolist()
    [0.0, -1000.0]
    >>> log_softmax([50.0, 0.0]).tolist()  # nearly sure, and still not 0
    [-1.9287498479639178e-22, -50.0]
    """
    z, dtype = as_floats("logits", logits, axis)
    with np.errstate(all="ignore"):
        top, log_rest = split_logsumexp(z, axis)
        return (z - top - log_rest).astype(dtype, copy=False)


def logsumexp(x, axis=-1, keepdims=False):
    """Return log Σ_j exp(x_j) along `axis` without overflow.

        logsumexp(x) = m + log Σ_j exp(x_j - m)        m = max_j x_j

    The largest term becomes exp(0) = 1, so nothing overflows and the sum is
    never 0. A row of nothing but -inf gives -inf.

    Shapes: x (..., K) -> (...), or (..., 1) with `keepdims`

    >>> float(logsumexp([0.0, 0.0]).round(4))
    0.6931
    >>> float(logsumexp([1000.0, 1000.0]).round(4))
    1000.6931
    """
    x, dtype = as_floats("x", x, axis)
    with np.errstate(all="ignore"):
        top, log_rest = split_logsumexp(x, axis)
        total = (top + log_rest).astype(dtype, copy=False)
    return total if keepdims else total.squeeze(axis)


def split_logsumexp(x, axis):
    """Return m = max_j x_j and log Σ_j exp(x_j - m), whose sum is logsumexp(x).

    One of the terms is exp(0) = 1. Left out of the sum and put back by
    log1p(rest) = log(1 + rest), it cannot swallow a rest below 1e-16.

    Shapes: x (..., K) -> (..., 1), (..., 1)
    """
    weights = np.exp(x - finite_max(x, axis))
    winner = x.argmax(axis, keepdims=True)
    np.put_along_axis(weights, winner, 0.0, axis)
    top = np.take_along_axis(x, winner, axis)
    return top, np.log1p(weights.sum(axis, keepdims=True))


def finite_max(x, axis):
    """The maximum along `axis`, or 0 where that is not finite.

    -inf - (-inf) is nan; -inf - 0 stays -inf, and exp makes it 0.
    """
    top = x.max(axis, keepdims=True)
    return np.where(np.isfinite(top), top, 0.0).astype(x.dtype, copy=False)


def as_floats(name, x, axis):
    """Return `x` as floats to compute with, and the dtype of the result.

    Integers and bytes become float64 before anything is subtracted, so they
    cannot wrap round. float16 is computed in float32 and rounded once.
    """
    x = np.asarray(x)
    if x.dtype.kind not in "biuf":
        raise TypeError(f"{name} must be real numbers, got dtype {x.dtype}")
    if x.ndim == 0:
        raise ValueError(f"{name} must have a class axis, got the single number {x}")
    if x.shape[axis] == 0:
        raise ValueError(f"{name} has no class along axis {axis}: shape {x.shape}")
    dtype = x.dtype if x.dtype.kind == "f" else np.dtype(np.float64)
    return x.astype(np.promote_types(dtype, np.float32), copy=False), dtype


def check_temperature(temperature):
    if not isinstance(temperature, Real):
        raise TypeError(
            f"temperature must be a number above 0, got {temperature!r} "
            f"of type {type(temperature).__name__}"
        )
    if not (math.isfinite(temperature) and temperature > 0):
        raise ValueError(
            f"temperature must be finite and above 0, got {temperature!r}; the "
            "limit T -> 0 is argmax, the limit T -> inf is uniform"
        )
