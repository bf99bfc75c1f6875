"""Calibration against scikit-learn, brute force and known answers."""

import itertools

import numpy as np
import pytest
import scipy.optimize
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.calibration import CalibratedClassifierCV, calibration_curve
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier

from softmax_lab import (
    cross_entropy,
    digits,
    expected_calibration_error,
    fit_temperature,
    known_answer,
    noisy_digits,
    reliability_curve,
    sample,
    softmax,
)
from softmax_lab.data.datasets import Examples


@st.composite
def claims(draw):
    """Probabilities and labels; often on the edge between two bins."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n, k = draw(st.integers(1, 60)), draw(st.integers(2, 5))
    probs = softmax(rng.normal(0, draw(st.sampled_from([0.1, 2, 50])), (n, k)))
    if draw(st.booleans()):
        top = np.round(rng.uniform(0.5, 1, n) * 20) / 20
        probs = np.stack([top, 1 - top], axis=-1)
    return probs, rng.integers(0, probs.shape[1], n), draw(st.integers(1, 20))


@given(claims())
def test_bins_are_those_of_a_loop(case):
    probs, labels, n_bins = case
    curve = reliability_curve(probs, labels, n_bins)
    edges = np.linspace(0, 1, n_bins + 1)
    confidence, right = probs.max(1), probs.argmax(1) == labels
    error = 0.0
    for b, (low, high) in enumerate(itertools.pairwise(edges)):
        inside = (low < confidence) & (confidence <= high)
        assert curve.count[b] == inside.sum()
        if inside.any():
            assert_allclose(curve.confidence[b], confidence[inside].mean())
            assert_allclose(curve.accuracy[b], right[inside].mean())
            gap = abs(right[inside].mean() - confidence[inside].mean())
            error += inside.mean() * gap
        else:
            assert np.isnan(curve.confidence[b])
            assert np.isnan(curve.accuracy[b])
    found = expected_calibration_error(probs, labels, n_bins)
    assert_allclose(found, error, atol=1e-14)


@given(claims())
def test_the_curve_is_scikit_learns(case):
    probs, labels, n_bins = case
    right = probs.argmax(1) == labels
    curve = reliability_curve(probs, labels, n_bins)
    accuracy, confidence = calibration_curve(right, probs.max(1), n_bins=n_bins)
    used = curve.count > 0
    assert_allclose(curve.accuracy[used], accuracy)
    assert_allclose(curve.confidence[used], confidence)


def test_a_confidence_of_1_counts():
    curve = reliability_curve([[1.0, 0.0]], [0], n_bins=10)
    assert curve.count.tolist() == [0] * 9 + [1]
    assert expected_calibration_error([[1.0, 0.0]], [1]) == 1.0


def test_always_saying_the_base_rate_is_calibrated_and_knows_nothing():
    labels = np.repeat([0, 1], [7, 3])
    assert expected_calibration_error(np.tile([0.7, 0.3], (10, 1)), labels) < 1e-12


# the temperature


@pytest.mark.parametrize("temperature", [0.05, 0.3, 1.0, 3.0, 40.0])
def test_a_known_temperature_is_found_again(temperature):
    logits, labels = known_answer(20_000, temperature=temperature, seed=1)
    assert_allclose(fit_temperature(logits, labels), temperature, rtol=0.03)


def test_the_known_answer_is_as_documented():
    logits, labels = known_answer()
    temperature = fit_temperature(logits, labels)
    assert abs(temperature - 3) < 0.05
    before, after = (
        expected_calibration_error(softmax(logits, temperature=t), labels)
        for t in (1, temperature)
    )
    assert before > 0.3
    assert after < 0.02


@given(st.integers(0, 2**32), st.floats(0.05, 40), st.integers(2, 6))
def test_the_fit_is_the_best_that_a_search_finds(seed, temperature, k):
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 2, (30, k))
    labels = sample(logits, temperature=temperature, rng=rng)
    found = fit_temperature(logits, labels)

    def loss(log_t):
        return cross_entropy(logits / np.exp(log_t), labels).mean()

    best = scipy.optimize.minimize_scalar(
        loss, bounds=np.log([0.01, 100]), method="bounded"
    )
    assert loss(np.log(found)) <= min(best.fun, loss(0.0)) + 1e-12
    assert 0.01 <= found <= 100.001


def test_where_nothing_is_to_be_gained_nothing_is_lost():
    for right in range(51, 100):
        logits = np.log(np.tile([right / 100, 1 - right / 100], (100, 1)))
        labels = np.repeat([0, 1], [right, 100 - right])
        found = fit_temperature(logits, labels)
        after, before = (
            cross_entropy(logits / found, labels),
            cross_entropy(logits, labels),
        )
        assert after.mean() <= before.mean()


def test_logits_that_tell_nothing_ask_for_no_temperature():
    assert fit_temperature(np.zeros((4, 3)), [0, 1, 2, 0]) == 1
    for bad in (np.nan, np.inf):
        with pytest.raises(ValueError, match=r"numbers or -inf, row 1 is \["):
            fit_temperature([[0.0, 1.0], [bad, 1.0]], [0, 1])


def test_separable_and_hopeless_examples_go_to_the_bounds():
    logits = np.array([[2.0, 0.0], [0.0, 2.0]])
    assert_allclose(fit_temperature(logits, [0, 1]), 0.01)
    assert_allclose(fit_temperature(logits, [1, 0]), 100)


def test_masked_and_huge_logits_can_be_fitted():
    logits, labels = known_answer(2000)
    extended = np.pad(logits, ((0, 0), (0, 1)), constant_values=-np.inf)
    wanted = fit_temperature(logits, labels)
    assert_allclose(fit_temperature(extended, labels), wanted, rtol=1e-12)
    assert_allclose(fit_temperature(logits + 1e6, labels), wanted, rtol=1e-6)
    rounded = fit_temperature(logits.astype(np.float32), labels)
    assert_allclose(rounded, wanted, rtol=1e-5)


def test_scikit_learn_finds_the_same_temperature():
    train, test = digits()
    model = LogisticRegression(C=100, max_iter=2000).fit(*train)
    judge = CalibratedClassifierCV(FrozenEstimator(model), method="temperature", cv=2)
    judge.fit(*test)
    found = fit_temperature(model.decision_function(test.inputs), test.labels)
    theirs = judge.predict_proba(test.inputs)
    ours = softmax(model.decision_function(test.inputs), temperature=found)
    assert_allclose(ours, theirs, atol=2e-4)
    losses = [-np.log(p[np.arange(540), test.labels]).mean() for p in (ours, theirs)]
    assert losses[0] <= losses[1] + 1e-9


def test_noisy_digits_make_a_network_too_sure_and_temperature_mends_it():
    train, held_out, test = noisy_digits()
    network = MLPClassifier((128,), max_iter=500, random_state=0).fit(*train)
    logits, new = (np.log(network.predict_proba(x.inputs)) for x in (held_out, test))
    temperature = fit_temperature(logits, held_out.labels)
    before, after = (
        expected_calibration_error(softmax(new, temperature=t), test.labels)
        for t in (1, temperature)
    )
    assert temperature > 1.7
    assert before > 0.15
    assert after < 0.06


# data


@pytest.mark.parametrize("function", [digits, noisy_digits, known_answer])
def test_data_repeat_for_a_seed_and_differ_for_another(function):
    def arrays(seed):
        found = function(seed=seed)
        parts = [found] if isinstance(found, Examples) else found
        return [array for part in parts for array in part]

    for one, two, other in zip(arrays(0), arrays(0), arrays(1), strict=True):
        assert_array_equal(one, two)
        assert not np.array_equal(one, other)


def test_digits_are_whole_images_in_even_shares():
    train, test = digits()
    assert train.inputs.min() == 0
    assert train.inputs.max() == 1
    everyone = np.concatenate([train.labels, test.labels])
    for part in (train, test):
        shares = np.bincount(part.labels) / len(part.labels)
        assert_allclose(shares, np.bincount(everyone) / len(everyone), atol=0.002)
    assert len(np.unique(np.vstack([train.inputs, test.inputs]), axis=0)) == 1797


# what makes no sense


def test_logits_and_probabilities_are_not_mixed_up():
    logits, labels = known_answer(50)
    for function in (reliability_curve, expected_calibration_error):
        with pytest.raises(ValueError, match=r"probs must be prob.*softmax first"):
            function(logits, labels)
    with pytest.raises(ValueError, match=r"logits look like probab.*np.log\(probs\)"):
        fit_temperature(softmax(logits), labels)
    logits[3, labels[3]] = -np.inf
    with pytest.raises(ValueError, match="logits at the labels must be finite"):
        fit_temperature(logits, labels)


@pytest.mark.parametrize(
    ("n_bins", "error"),
    [
        (0, ValueError),
        (-3, ValueError),
        (1.5, TypeError),
        ("9", TypeError),
        (True, TypeError),
    ],
)
def test_a_number_of_bins_that_makes_no_sense_is_named(n_bins, error):
    with pytest.raises(error, match=f"n_bins must be .*, got {n_bins!r}"):
        expected_calibration_error([[0.5, 0.5]], [0], n_bins)


@pytest.mark.parametrize(
    ("rows", "labels", "error", "message"),
    [
        ([[0.5, 0.5]], [2], ValueError, "labels must be from 0 to 1, got 2"),
        ([[0.5, 0.5]], [0.5], TypeError, "labels must be whole numbers"),
        ([[0.5, 0.5]], [0, 1], ValueError, r"labels must have shape \(1,\)"),
        ([0.5, 0.5], 0, ValueError, r"must have shape \(N, K\), N > 0, got \(2,\)"),
        (np.zeros((0, 2)), [], ValueError, r"N > 0, got \(0, 2\)"),
    ],
)
@pytest.mark.parametrize("function", [fit_temperature, expected_calibration_error])
def test_examples_that_fit_nothing_are_named(function, rows, labels, error, message):
    with pytest.raises(error, match=message):
        function(rows, labels)
