"""From logits to probabilities. NumPy alone; nothing here knows of figures.

Shapes are written (..., K): K classes along `axis`, any number of rows. Inside,
`as_rows` brings every input to (N, K), and `restore` takes the result back.
"""

import math
import operator
from numbers import Real

import numpy as np

# Overflow and 0/0 are dealt with below: a warning would frighten for nothing.
quietly = np.errstate(all="ignore")


@quietly
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
    temperature = check_temperature(temperature)
    z, layout = as_rows("logits", logits, axis)
    top, _ = max_of_rows(z)
    weights = z - top[:, None]
    if temperature != 1:  # rounded to float32 a tiny T would be 0, and 0/0 is nan
        weights /= max(temperature, np.finfo(z.dtype).tiny)
    np.exp(weights, out=weights)  # in place: a new array costs more than the exp
    weights *= np.reciprocal(weights.sum(-1, keepdims=True))  # one division a row
    return restore(weights, layout)


@quietly
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
    z, layout = as_rows("logits", logits, axis)
    top, log_rest = split_logsumexp(z)
    log_probs = z - top[:, None]
    log_probs -= log_rest[:, None]
    return restore(log_probs, layout)


@quietly
def logsumexp(x, axis=-1, keepdims=False):
    """Return log Σ_j exp(x_j) along `axis` without overflow.

        logsumexp(x) = m + log Σ_j exp(x_j - m)        m = max_j x_j

    The largest term becomes exp(0) = 1, so nothing overflows and the sum is
    never 0. A row of nothing but -inf gives -inf, and so does a row of nothing:
    the log of a sum without terms, as in SciPy.

    Shapes: x (..., K) -> (...), or (..., 1) with `keepdims`

    >>> float(logsumexp([0.0, 0.0]).round(4))
    0.6931
    >>> float(logsumexp([1000.0, 1000.0]).round(4))
    1000.6931
    """
    x, layout = as_rows("x", x, axis, least=0)
    if x.shape[-1] == 0:
        return restore_one_each(np.full(len(x), -np.inf), layout, keepdims)
    top, log_rest = split_logsumexp(x)
    return restore_one_each(top + log_rest, layout, keepdims)


def split_logsumexp(x):
    """Return m = max_j x_j and log Σ_j exp(x_j - m), whose sum is logsumexp(x).

    One of the terms is exp(0) = 1. Left out of the sum and put back by
    log1p(rest) = log(1 + rest), it cannot swallow a rest below 1e-16.

    Shapes: x (N, K) -> (N,), (N,)
    """
    top, winner = max_of_rows(x)
    weights = x - finite(top)[:, None]
    np.exp(weights, out=weights)
    weights.put(winner, 0.0)
    return top, np.log1p(weights.sum(-1))


def max_of_rows(x):
    """Return the maximum of each row of (N, K), and where it stands in x.ravel().

    For rows of ten, `argmax` and one look-up are four times as fast as `max`.
    """
    where = x.argmax(-1)
    if len(x) > 1:  # count from the first row
        where += np.arange(0, x.size, x.shape[-1])
    return x.take(where), where


def finite(top):
    """Bring an infinite maximum into range.

    -inf - (-inf) is nan; -inf - (lowest float) stays -inf, and exp makes it 0.
    """
    limit = np.finfo(top.dtype).max
    return np.minimum(np.maximum(top, -limit), limit)


@quietly
def sigmoid(x):
    """Return 1 / (1 + exp(-x)): the probability of the first of two classes
    whose logits are x and 0.

        sigmoid(x) = softmax([x, 0])_1

    Only exp(-|x|) is formed, which cannot overflow. Any shape; keeps it.

    >>> float(sigmoid(1.5).round(4)), float(softmax([1.5, 0.0])[0].round(4))
    (0.8176, 0.8176)
    >>> sigmoid([-1000.0, 1000.0]).tolist()
    [0.0, 1.0]
    """
    x, dtype = as_floats("x", x)
    small = np.exp(-abs(x))
    return (np.where(x < 0, small, 1.0) / (1.0 + small)).astype(dtype, copy=False)[()]


@quietly
def sparsemax(logits, axis=-1):
    """Return the distribution nearest to the logits; hopeless classes get 0.

        sparsemax(z)_i = max(z_i - τ, 0),  with τ such that they sum to 1

    The k largest logits are in, for the largest k whose last member stands
    above the τ = (their sum - 1) / k of that company.

    Shapes: logits (..., K) -> (..., K)
    Source: Martins and Astudillo, "From Softmax to Sparsemax", ICML 2016.

    >>> sparsemax([1.0, 0.8, 0.1]).round(3).tolist()
    [0.6, 0.4, 0.0]
    """
    z, layout = as_rows("logits", logits, axis)
    z, falling, count = ranked(z)
    taus = (falling.cumsum(-1) - 1) / count
    tau = last_above(falling, taus)
    probs = np.maximum(z - tau, 0)
    return restore(probs / probs.sum(-1, keepdims=True), layout)


@quietly
def entmax15(logits, axis=-1):
    """Return a distribution between softmax and sparsemax, with exact zeros.

        entmax15(z)_i = max(z_i / 2 - τ, 0)²,  with τ such that they sum to 1

    For the k largest, τ solves a quadratic: with m and s² the mean and the
    variance of their halves, τ = m - sqrt(1/k - s²).

    Shapes: logits (..., K) -> (..., K)
    Source: Peters, Niculae and Martins, "Sparse Sequence-to-Sequence
    Models", ACL 2019.

    >>> entmax15([2.0, 1.0, 0.1]).round(3).tolist()
    [0.831, 0.169, 0.0]
    """
    z, layout = as_rows("logits", logits, axis)
    z, falling, count = ranked(z / 2)
    mean = falling.cumsum(-1) / count
    variance = (falling**2).cumsum(-1) / count - mean**2
    taus = mean - np.sqrt(np.maximum(1 / count - variance, 0))
    tau = last_above(falling, taus)
    probs = np.maximum(z - tau, 0) ** 2
    return restore(probs / probs.sum(-1, keepdims=True), layout)


def ranked(z):
    """Return z less its maximum, the same in falling order, and 1, 2, ..., K.

    More than 1 below the maximum is out in any case: cutting there keeps the
    sums exact, whatever the logits.
    """
    z = np.maximum(z - max_of_rows(z)[0][:, None], -1)
    return z, np.sort(z)[:, ::-1], np.arange(1, z.shape[-1] + 1, dtype=z.dtype)


def last_above(falling, taus):
    """Return the threshold of the largest company that stands above its own."""
    size = (falling > taus).sum(-1, keepdims=True)
    return np.take_along_axis(taus, np.maximum(size - 1, 0), -1)


@quietly
def entropy(probs, axis=-1):
    """Return how undecided a distribution is, in nats; for bits divide by log 2.

        H(p) = -Σ_i p_i log p_i                         0 log 0 = 0

    0 is certainty, log K is a shrug at K classes.

    Shapes: probs (..., K) -> (...)
    Raises ValueError for rows that are no probabilities.

    >>> float(entropy([0.5, 0.5]) / np.log(2))
    1.0
    >>> float(entropy([1.0, 0.0]))
    0.0
    """
    p, layout = as_rows("probs", probs, axis)
    check_probs("probs", p, layout)
    return restore_one_each(-(p * np.log(np.where(p > 0, p, 1))).sum(-1) + 0.0, layout)


def restore(x, layout):
    """Take (N, K) back to the shape, axis order and dtype that `as_rows` met."""
    shape, axis, dtype = layout
    x = x.reshape(shape).astype(dtype, copy=False)
    return x if axis == -1 else np.moveaxis(x, -1, axis)


def restore_one_each(x, layout, keepdims=False):
    """The same for (N,), one number for each row."""
    shape, axis, dtype = layout
    x = x.reshape(shape[:-1]).astype(dtype, copy=False)[()]
    return np.expand_dims(x, axis) if keepdims else x


def as_rows(name, x, axis, least=1):
    """Return `x` as floats (N, K) with the classes last, and its layout before:
    its shape with the classes last, the place of their axis, its dtype.

    Raises TypeError or ValueError, naming the argument, for what is no full table
    of real numbers, for a mask, and for fewer than `least` classes.

    The rows are contiguous: only along those NumPy adds pairwise, so that a
    sum of a million terms is as exact as a sum of ten.
    """
    x, dtype = as_floats(name, x)
    shape = x.shape
    if not shape:
        raise ValueError(f"{name} must have a class axis, got the single number {x}")
    axis = check_axis(axis, name, shape)
    if axis != -1:
        x = np.moveaxis(x, axis, -1)
        shape = x.shape
    if shape[-1] < least:
        raise ValueError(f"{name} has no class along axis {axis}: shape {shape}")
    rows = math.prod(shape[:-1]), shape[-1]
    return np.ascontiguousarray(x).reshape(rows), (shape, axis, dtype)


def as_floats(name, x):
    """Return `x` as floats to compute with, and the dtype of the result.

    Integers and bytes become float64 before anything is subtracted, so they
    cannot wrap round. float16 and bfloat16 are computed in float32 and rounded
    once.
    """
    x = as_array(name, x)
    dtype = x.dtype
    if dtype.kind not in "biuf" and dtype.name != "bfloat16":
        raise TypeError(f"{name} must be real numbers, got dtype {dtype}: {x!r:.60}")
    if dtype.kind in "biu":
        dtype = np.dtype(np.float64)
    return x.astype(np.promote_types(dtype, np.float32), copy=False), dtype


def as_array(name, x):
    """Return `x` as an array; refuse a ragged table, and a mask, which would be lost."""
    parts = x if isinstance(x, (list, tuple)) else [x]
    if any(isinstance(part, np.ma.MaskedArray) for part in parts):
        raise TypeError(
            f"{name} has a mask, which would be ignored: say with {name}.filled(...) "
            "what stands there; a logit of -inf masks a class"
        )
    try:
        return np.asarray(x)
    except ValueError as error:
        raise ValueError(f"{name} must be a full table of numbers: {error}") from None


def check_axis(axis, name, shape):
    """Return `axis` counted from the end, or say what is wrong with it."""
    try:
        place = operator.index(axis)
    except TypeError:
        raise TypeError(f"axis must be one whole number, got {axis!r}") from None
    if not -len(shape) <= place < len(shape):
        raise ValueError(f"axis={axis!r} does not exist: {name} has shape {shape}")
    return place if place < 0 else place - len(shape)


def check_temperature(temperature):
    """Return the temperature as a float, or say what is wrong with it."""
    if not isinstance(temperature, (float, Real)):  # the first is quicker to ask
        raise TypeError(
            f"temperature must be a number above 0, got {temperature!r} "
            f"of type {type(temperature).__name__}"
        )
    if not (math.isfinite(temperature) and temperature > 0):
        raise ValueError(
            f"temperature must be finite and above 0, got {temperature!r}; the "
            "limit T -> 0 is argmax, the limit T -> inf is uniform"
        )
    return float(temperature)


def check_probs(name, rows, layout):
    """Refuse rows (N, K) that are no probabilities, such as logits.

    A sum may miss 1 by what rounding can do to it: half the digits of its dtype.
    """
    sums = rows.sum(-1)
    slack = 0.05 if layout[-1].itemsize == 2 else np.finfo(rows.dtype).eps ** 0.5
    bad = ~((rows >= 0).all(-1) & (abs(sums - 1) <= slack))  # nan is bad, too
    if bad.any():
        k = bad.argmax()
        row = np.array2string(rows[k], precision=4, threshold=6)
        raise ValueError(
            f"{name} must be probabilities, none below 0 and summing to 1; row {k} is "
            f"{row}, sum {sums[k]:.6g}. If these are logits, apply softmax first"
        )
