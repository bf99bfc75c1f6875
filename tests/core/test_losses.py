"""Losses and gradients against exact arithmetic, SciPy and scikit-learn."""

import exact
import numpy as np
import pytest
import scipy.optimize
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.metrics import log_loss

from softmax_lab import (
    cross_entropy,
    cross_entropy_gradient,
    entropy,
    kl_divergence,
    numerical_gradient,
    softmax,
    softmax_jacobian,
)

EPS = np.finfo(float).eps


@st.composite
def cases(draw):
    """Logits of one row, a label, and a distribution over the classes."""
    k = draw(st.integers(1, 6))
    logits = draw(arrays(float, k, elements=st.floats(-300, 300, width=64)))
    weights = draw(arrays(float, k, elements=st.floats(-5, 5)))
    return logits, draw(st.integers(0, k - 1)), softmax(weights)


@pytest.fixture
def batch():
    rng = np.random.default_rng(0)
    return rng.normal(0, 4, (200, 5)), rng.integers(0, 5, 200)


@given(cases())
def test_cross_entropy_is_the_exact_surprise(case):
    logits, label, targets = case
    shift = float(np.ptp(logits))
    one_hot = np.eye(len(logits))[label]
    wanted = exact.cross_entropy(logits, one_hot)
    assert_allclose(cross_entropy(logits, label), wanted, rtol=(8 + shift) * EPS)
    assert_allclose(cross_entropy(logits, one_hot), wanted, rtol=(8 + shift) * EPS)
    wanted = exact.cross_entropy(logits, targets)
    assert_allclose(cross_entropy(logits, targets), wanted, rtol=(20 + shift) * EPS)


@pytest.mark.parametrize("gap", [30, 36.75, 100, 400, 690])
def test_a_confident_right_answer_keeps_15_digits(gap):
    logits = [gap, 0.0, 0.0]
    wanted = exact.cross_entropy(logits, [1, 0, 0])
    assert wanted > 1e-300
    assert_allclose(cross_entropy(logits, 0), wanted, rtol=1e-15)


def test_a_confident_wrong_answer_costs_the_gap_without_limit():
    gaps = np.array([50.0, 1e4, 1e300])
    logits = np.stack([gaps, 0 * gaps], axis=-1)
    assert_array_equal(cross_entropy(logits, [1, 1, 1]), gaps)


def test_cross_entropy_is_scikit_learns_log_loss(batch):
    logits, labels = batch
    assert_allclose(
        cross_entropy(logits, labels).mean(), log_loss(labels, softmax(logits))
    )


@given(cases())
def test_cross_entropy_is_entropy_plus_kl(case):
    logits, _, targets = case
    parts = entropy(targets) + kl_divergence(targets, softmax(logits))
    if softmax(logits).min() > 1e-290:
        assert_allclose(cross_entropy(logits, targets), parts, rtol=1e-10, atol=1e-13)


@given(cases())
def test_kl_divergence_is_scipys_and_never_negative(case):
    logits, _, targets = case
    found = kl_divergence(targets, softmax(logits))
    assert found >= -1e-14
    if softmax(logits).min() > 1e-290:
        assert_allclose(
            found, scipy.stats.entropy(targets, softmax(logits)), atol=1e-12
        )
    assert kl_divergence(targets, targets) == 0


def test_kl_divergence_knows_zeros():
    assert kl_divergence([0.0, 1.0], [0.5, 0.5]) == np.log(2)
    assert kl_divergence([0.5, 0.5], [0.0, 1.0]) == np.inf


@given(cases(), st.floats(0, 1))
def test_label_smoothing_mixes_the_label_with_the_even_distribution(case, share):
    logits, label, targets = case
    k = len(logits)
    for q, labels in ((np.eye(k)[label], label), (targets, targets)):
        smooth = (1 - share) * q + share / k
        got = cross_entropy(logits, labels, label_smoothing=share)
        assert_allclose(got, cross_entropy(logits, smooth), rtol=1e-9, atol=1e-9)


def test_the_uniform_guess_costs_log_k():
    assert_allclose(cross_entropy(np.zeros((4, 10)), [0, 3, 5, 9]), np.log(10))


def test_a_masked_class_may_not_be_the_label():
    logits = [2.0, -np.inf, 0.0]
    assert cross_entropy(logits, 1) == np.inf
    assert_allclose(cross_entropy(logits, 0), cross_entropy([2.0, 0.0], 0))
    wanted = cross_entropy([2.0, 0.0], [0.5, 0.5])
    assert_allclose(cross_entropy(logits, [0.5, 0.0, 0.5]), wanted)


def test_any_number_of_rows_and_every_dtype_of_label(batch):
    logits, labels = batch
    wanted = cross_entropy(logits, labels)
    assert_array_equal(
        cross_entropy(logits.reshape(10, 20, 5), labels.reshape(10, 20)),
        wanted.reshape(10, 20),
    )
    for kind in (np.uint8, np.int64, list):
        as_kind = labels.tolist() if kind is list else labels.astype(kind)
        assert_array_equal(cross_entropy(logits, as_kind), wanted)
    assert_allclose(cross_entropy(logits, np.eye(5, dtype=int)[labels]), wanted)
    assert cross_entropy(np.zeros((0, 5)), np.zeros(0, int)).shape == (0,)
    assert cross_entropy([0.0, 0.0], True) == np.log(2)
    assert cross_entropy(logits.astype(np.float32), labels).dtype == np.float32


# gradients


@given(cases(), st.sampled_from([0.0, 0.1]))
def test_the_gradient_is_the_slope_of_the_loss(case, share):
    logits, label, targets = case
    for labels in (label, targets):
        slope = numerical_gradient(
            lambda z, y=labels: cross_entropy(z, y, label_smoothing=share), logits / 10
        )
        got = cross_entropy_gradient(logits / 10, labels, label_smoothing=share)
        assert_allclose(got, slope, atol=1e-8)
        assert_allclose(got.sum(), 0, atol=1e-14)


def test_the_gradient_agrees_with_scipys_differences(batch):
    logits, labels = batch
    for z, y in zip(logits[:20], labels, strict=False):
        error = scipy.optimize.check_grad(cross_entropy, cross_entropy_gradient, z, y)
        assert error < 1e-6


def test_the_gradient_of_a_batch_is_that_of_its_rows(batch):
    logits, labels = batch
    rows = [cross_entropy_gradient(*row) for row in zip(logits, labels, strict=True)]
    assert_array_equal(cross_entropy_gradient(logits, labels), rows)
    half = cross_entropy_gradient(logits.astype(np.float16), labels)
    assert half.dtype == np.float16


@given(cases())
def test_the_jacobian_is_the_slope_of_softmax(case):
    logits = case[0] / 10
    jacobian = softmax_jacobian(softmax(logits))
    slopes = [
        numerical_gradient(lambda z, i=i: softmax(z)[i], logits)
        for i in range(len(logits))
    ]
    assert_allclose(jacobian, slopes, atol=1e-9)
    assert_allclose(jacobian.sum(-1), 0, atol=1e-15)
    assert np.linalg.norm(jacobian, 2) <= 0.5 + 1e-15


def test_a_batch_of_jacobians():
    probs = softmax(np.random.default_rng(0).normal(size=(2, 3, 4)))
    jacobians = softmax_jacobian(probs)
    assert jacobians.shape == (2, 3, 4, 4)
    assert_array_equal(jacobians[1, 2], softmax_jacobian(probs[1, 2]))
    assert softmax_jacobian(probs.astype(np.float32)).dtype == np.float32


def test_numerical_gradient_takes_any_shape_and_leaves_x_alone():
    x = np.arange(6.0).reshape(2, 3)
    x.flags.writeable = False
    assert_allclose(numerical_gradient(lambda x: (x**2).sum(), x), 2 * x, atol=1e-8)
    assert_allclose(numerical_gradient(lambda x: x**3, 2), 12, rtol=1e-8)


# what makes no sense


@pytest.mark.parametrize(
    ("labels", "error", "message"),
    [
        ([0, 3], ValueError, "labels must be from 0 to 2, got 3"),
        ([-1, 0], ValueError, "labels must be from 0 to 2, got -1"),
        ([0.5, 1.0], TypeError, "labels must be whole numbers from 0 to 2, got .*0.5"),
        (["cat", "dog"], TypeError, "labels must be whole numbers .*cat"),
        ([None, 1], TypeError, "labels must be whole numbers .*None"),
        ([0, 1, 2], ValueError, r"labels must have shape \(2,\).*got \(3,\)"),
        (0, ValueError, r"labels must have shape \(2,\).*got \(\)"),
        ([[0], [1]], ValueError, r"labels must have shape .*got \(2, 1\)"),
        (
            [[1, 0, 0], [0.5, 0.4, 0]],
            ValueError,
            "labels must be prob.*row 1 .*sum 0.9",
        ),
        ([[1, 0, 0], [2, -1, 0]], ValueError, "labels must be probabilities.*row 1"),
    ],
)
@pytest.mark.parametrize("function", [cross_entropy, cross_entropy_gradient])
def test_labels_that_fit_no_class_are_named(function, labels, error, message):
    with pytest.raises(error, match=message):
        function(np.zeros((2, 3)), labels)


@pytest.mark.parametrize("function", [cross_entropy, cross_entropy_gradient])
def test_a_smoothing_that_makes_no_sense_is_named(function):
    for share in (-0.1, 1.1, np.nan):
        with pytest.raises(ValueError, match=f"label_smoothing .* got {share}"):
            function([0.0, 0.0], 0, label_smoothing=share)
    with pytest.raises(TypeError, match=r"label_smoothing must be a number, got '0.1'"):
        function([0.0, 0.0], 0, label_smoothing="0.1")


def test_logits_are_refused_where_probabilities_are_wanted():
    logits = [[0.5, 0.5], [2.0, 1.0]]
    with pytest.raises(ValueError, match=r"probs must be.*row 1.*apply softmax first"):
        softmax_jacobian(logits)
    with pytest.raises(ValueError, match="targets must be probabilities"):
        kl_divergence(logits, softmax(logits))
    with pytest.raises(ValueError, match="probs must be probabilities"):
        kl_divergence(softmax(logits), logits)
    with pytest.raises(ValueError, match=r"one shape, got \(2, 2\) and \(2,\)"):
        kl_divergence(softmax(logits), [0.5, 0.5])


def test_numerical_gradient_says_what_it_needs():
    with pytest.raises(ValueError, match=r"one number, got an array of shape \(2,\)"):
        numerical_gradient(softmax, [1.0, 2.0])
    for step in (0, -1, np.nan, "small"):
        with pytest.raises(ValueError, match="step must be a finite number above 0"):
            numerical_gradient(np.sum, [1.0], step=step)
