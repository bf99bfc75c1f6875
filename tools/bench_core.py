"""How long the numeric core takes, beside SciPy, TensorFlow and a memory copy.

All take turns on the same logits, so that a noisy machine is equally noisy for
all. Shown is the fastest of many turns, in microseconds
a call.
"""

import itertools
import time
import timeit

import numpy as np
import scipy.special

from softmax_lab import cross_entropy, logsumexp, softmax, starting_tensorflow
from softmax_lab.base.extras import MissingPackageError

SHAPES = [(3,), (128, 10), (1024, 1000), (64, 50257), (1, 1_000_000)]
DTYPES = ["float32", "float64"]
SECONDS = 0.7  # for each row of a table


def import_tensorflow():
    """Return TensorFlow or None."""
    try:
        with starting_tensorflow():
            import tensorflow as tf

            tf.nn.softmax([0.0])
    except MissingPackageError:
        return None
    return tf


def by_logsumexp(logits, labels):
    at_label = np.take_along_axis(logits, labels[..., None], -1)
    return scipy.special.logsumexp(logits, axis=-1, keepdims=True) - at_label


def by_log_softmax(logits, labels):
    log_probs = scipy.special.log_softmax(logits, axis=-1)
    return -np.take_along_axis(log_probs, labels[..., None], -1)


def rivals(name, logits, labels, tf):
    """Return {column: a call without arguments} for one function."""
    calls = {
        "softmax": {
            "ours": lambda: softmax(logits),
            "SciPy": lambda: scipy.special.softmax(logits, axis=-1),
        },
        "logsumexp": {
            "ours": lambda: logsumexp(logits),
            "SciPy": lambda: scipy.special.logsumexp(logits, axis=-1),
        },
        "cross_entropy": {
            "ours": lambda: cross_entropy(logits, labels),
            "SciPy": lambda: by_logsumexp(logits, labels),
            "log_softmax": lambda: by_log_softmax(logits, labels),
        },
    }[name]
    if tf:
        z, y = tf.constant(logits), tf.constant(labels)
        eager = {
            "softmax": tf.nn.softmax,
            "logsumexp": lambda z: tf.reduce_logsumexp(z, -1),
            "cross_entropy": lambda z: tf.nn.sparse_softmax_cross_entropy_with_logits(
                y, z
            ),
        }[name]
        compiled = tf.function(eager)
        compiled(z)
        calls["TF eager"] = lambda: eager(z)
        calls["TF function"] = lambda: compiled(z)
    calls["exp"] = lambda: np.exp(logits)
    calls["copy"] = lambda: logits.copy()
    return calls


def fastest(calls, burst):
    """Return {column: microseconds a call}, the fastest of many bursts by turns."""
    best = dict.fromkeys(calls, np.inf)
    end = time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        for name, call in calls.items():
            best[name] = min(best[name], timeit.timeit(call, number=burst) / burst)
    return {name: 1e6 * seconds for name, seconds in best.items()}


def core_table():
    """One table a function: a row for each dtype and shape, then our ratios."""
    tf, rng = import_tensorflow(), np.random.default_rng(0)
    for name in ("softmax", "logsumexp", "cross_entropy"):
        for row, (dtype, shape) in enumerate(itertools.product(DTYPES, SHAPES)):
            logits = rng.normal(0, 4, shape).astype(dtype)
            labels = rng.integers(0, shape[-1], shape[:-1])
            times = fastest(
                rivals(name, logits, labels, tf),
                burst=1 + min(50, 20_000 // logits.size),
            )
            if row == 0:
                print(
                    f"\n{name + ', µs':24}" + "".join(f"{c:>12}" for c in times), end=""
                )
                print(f"{'/ SciPy':>10}{'/ TF':>7}{'/ (exp + copy)':>16}")
            ours = times["ours"]
            tensorflow = [times[column] for column in times if "TF" in column]
            print(
                f"{dtype} {shape!s:16}"
                + "".join(f"{value:12,.1f}" for value in times.values())
                + f"{ours / times['SciPy']:10.2f}"
                + f"{ours / min(tensorflow, default=np.nan):7.2f}"
                + f"{ours / (times['exp'] + times['copy']):16.2f}",
                flush=True,
            )
    print("\n/ TF: by the faster of its two; above 1 TensorFlow is faster than we are.")
    print("SciPy has no cross-entropy: logsumexp(z) - z_y, and from log_softmax.\n")


if __name__ == "__main__":
    core_table()
