"""Our functions beside TensorFlow's and Keras's, for the installed versions."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose

from softmax_lab import (
    cross_entropy,
    cross_entropy_gradient,
    log_softmax,
    logsumexp,
    sigmoid,
    softmax,
    sparsemax,
)

pytestmark = pytest.mark.slow

with warnings.catch_warnings(action="ignore"):  # TensorFlow's imports are its own
    tf = pytest.importorskip("tensorflow")
    keras = tf.keras

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(0, 4, (100, 10))
LABELS = RNG.integers(0, 10, 100)
TARGETS = softmax(RNG.normal(0, 2, (100, 10)))
HARD = np.array([[1e308, -1e308, 0.0], [1000.0, 999.0, 998.0], [-1e3, -1e3, -1e4]])
each_dtype = pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])


@each_dtype
@pytest.mark.parametrize("logits", [LOGITS, HARD[1:], 300 * LOGITS])
def test_the_maps_agree(logits, dtype):
    z = logits.astype(dtype)
    close = {"rtol": 100 * np.finfo(dtype).eps, "atol": 10 * np.finfo(dtype).eps}
    for axis in (0, -1):
        assert_allclose(softmax(z, axis), tf.nn.softmax(z, axis), **close)
        assert_allclose(log_softmax(z, axis), tf.nn.log_softmax(z, axis), **close)
        assert_allclose(logsumexp(z, axis), tf.reduce_logsumexp(z, axis), **close)
    assert_allclose(sigmoid(z), tf.sigmoid(z), **close)


def test_what_would_overflow_does_not():
    for function in (softmax, log_softmax):
        theirs = getattr(tf.nn, function.__name__)(HARD)
        assert_allclose(function(HARD), theirs)


@pytest.mark.parametrize("share", [0.0, 0.1, 1.0])
def test_the_losses_agree(share):
    by_target = keras.losses.CategoricalCrossentropy(
        from_logits=True, label_smoothing=share, reduction=None
    )
    theirs = by_target(TARGETS, LOGITS)
    assert_allclose(cross_entropy(LOGITS, TARGETS, share), theirs, rtol=1e-5)
    one_hot = np.eye(10)[LABELS]
    theirs = by_target(one_hot, LOGITS)
    assert_allclose(cross_entropy(LOGITS, LABELS, share), theirs, rtol=1e-5, atol=1e-6)


def test_the_losses_agree_to_12_digits_in_float64():
    theirs = tf.nn.sparse_softmax_cross_entropy_with_logits(LABELS, LOGITS)
    assert_allclose(cross_entropy(LOGITS, LABELS), theirs, rtol=1e-12, atol=1e-14)
    theirs = tf.nn.softmax_cross_entropy_with_logits(TARGETS, LOGITS)
    assert_allclose(cross_entropy(LOGITS, TARGETS), theirs, rtol=1e-12)


def test_the_gradients_agree():
    logits = tf.Variable(LOGITS)
    with tf.GradientTape() as tape:
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(LABELS, logits)
    theirs = tape.gradient(losses, logits)
    assert_allclose(cross_entropy_gradient(LOGITS, LABELS), theirs, atol=1e-14)


def test_tensors_and_bfloat16_go_in():
    z = tf.constant(LOGITS, tf.bfloat16)
    ours = softmax(z)
    assert ours.dtype == tf.bfloat16.as_numpy_dtype
    theirs = np.asarray(tf.nn.softmax(tf.cast(z, tf.float32)))
    assert_allclose(ours.astype(np.float32), theirs, rtol=2**-8)


def test_keras_sparsemax_is_ours_where_its_rows_sum_to_1(capsys):
    logits = np.random.default_rng(0).normal(0, 2, (10_000, 10)).astype(np.float32)
    ours = sparsemax(logits)
    theirs = np.asarray(keras.activations.sparsemax(logits))
    right = abs(theirs.sum(-1) - 1) < 1e-4
    assert_allclose(ours.sum(-1), 1, atol=1e-6)
    assert_allclose(ours[right], theirs[right], atol=1e-5)
    with capsys.disabled():
        print(
            f" [Keras {keras.__version__}: {(~right).sum():,} of {len(right):,} rows "
            "of its sparsemax do not sum to 1] ",
            end="",
        )
