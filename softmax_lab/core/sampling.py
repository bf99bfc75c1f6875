"""Sampling: drawing a class instead of taking the best one."""

from numbers import Integral, Real

import numpy as np

from softmax_lab.core.probabilities import as_rows, softmax

ROUNDING = 1e-10  # far above what 100,000 additions lose, far below any real share


def sample(logits, temperature=1.0, top_k=None, top_p=None, rng=None):
    """Draw one class from each row of softmax(logits / T), after cutting its tail.

    temperature  T, a finite number above 0: below 1 bolder, above 1 wilder
    top_k        only the k likeliest classes stay
    top_p        of these only the fewest that hold at least this share of the
                 probability stay; the class that crosses it stays as well. A sum
                 that misses top_p by less than 1e-10 of it has reached it: so much
                 rounding may take away
    rng          `np.random.default_rng(seed)`, a seed, or None for chance

    It computes in float64 whatever comes in: in float16 the tail of 50,000
    classes would be rounded away.

    Shapes: logits (K,) -> an int, (..., K) -> (...) ints
    Raises ValueError or TypeError for arguments that make no sense and for
    rows without any class left.

    >>> sample([2.0, 1.0, 0.1], top_k=1)
    0
    >>> rng = np.random.default_rng(0)
    >>> [sample([2.0, 1.0, 0.1], rng=rng) for _ in range(6)]
    [0, 0, 0, 0, 1, 2]
    """
    rng = check_rng(rng)
    z, (shape, _, _) = as_rows("logits", logits, -1)
    z = z.astype(float, copy=False)
    probs = softmax(z, temperature=temperature)
    check_some_class_left(z, probs)
    order = np.argsort(-z, axis=-1, kind="stable")
    falling = np.take_along_axis(probs, order, -1)
    if top_k is not None:
        falling[:, check_top_k(top_k) :] = 0
    if top_p is not None and check_top_p(top_p) < 1:
        falling /= falling.sum(-1, keepdims=True)
        reached = falling.cumsum(-1) >= top_p * (1 - ROUNDING)
        falling[:, 1:][reached[:, :-1]] = 0
    heights = falling.cumsum(-1)  # inverse-CDF sampling: where a uniform number falls
    uniform = rng.random((len(z), 1)) * heights[:, -1:]
    place = (heights <= uniform).sum(-1, keepdims=True)
    drawn = np.take_along_axis(order, place, -1)[:, 0]
    return drawn.reshape(shape[:-1]) if len(shape) > 1 else int(drawn[0])


def check_some_class_left(z, probs):
    bad = np.isnan(probs).any(-1)
    if bad.any():
        row = np.array2string(z[bad.argmax()], threshold=6)
        raise ValueError(f"logits have no class to draw: row {bad.argmax()} is {row}")


def check_top_k(top_k):
    if not isinstance(top_k, Integral) or isinstance(top_k, bool):
        raise TypeError(f"top_k must be a whole number or None, got {top_k!r}")
    if top_k < 1:
        raise ValueError(f"top_k must be at least 1, got {top_k}")
    return top_k


def check_top_p(top_p):
    if not isinstance(top_p, Real) or isinstance(top_p, bool):
        raise TypeError(f"top_p must be a number or None, got {top_p!r}")
    if not 0 < top_p <= 1:
        raise ValueError(f"top_p must be above 0 and at most 1, got {top_p}")
    return top_p


def check_rng(rng):
    if isinstance(rng, np.random.Generator):
        return rng
    if rng is None or (isinstance(rng, Integral) and rng >= 0):
        return np.random.default_rng(rng)
    raise TypeError(
        f"rng must be np.random.default_rng(seed), a seed from 0 up, or None, got {rng!r}"
    )
