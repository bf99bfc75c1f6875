"""Sampling: counts, cuts, and what is refused."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_array_equal

from softmax_lab import sample, softmax

LOGITS = np.array([2.0, 1.0, 0.1])
TAIL = np.array([3, 2.5, 2, 1, 0, -1, -2])
rows = arrays(float, st.integers(1, 8), elements=st.floats(-30, 30))


def drawn(logits, count=2000, **options):
    return sample(np.tile(logits, (count, 1)), rng=0, **options)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_classes_come_as_often_as_softmax_says(temperature):
    counts = np.bincount(drawn(LOGITS, 200_000, temperature=temperature))
    expected = 200_000 * softmax(LOGITS, temperature=temperature)
    assert scipy.stats.chisquare(counts, expected).pvalue > 1e-3


@given(rows, st.integers(1, 10))
def test_top_k_keeps_the_k_likeliest(logits, k):
    kept = set(np.argsort(-logits, kind="stable")[:k])
    assert set(drawn(logits, 200, top_k=k, temperature=10.0)) <= kept


def nucleus(logits, top_p):
    """The fewest classes that hold top_p, one by one."""
    kept, total, probs = [], 0.0, softmax(logits)
    for k in np.argsort(-logits, kind="stable"):
        if total >= top_p:
            break
        kept.append(k)
        total += probs[k]
    return kept


@given(rows, st.floats(0.01, 0.99))
def test_top_p_keeps_the_class_that_crosses_and_none_after(logits, top_p):
    sums = np.sort(softmax(logits))[::-1].cumsum()
    if abs(sums - top_p).min() > 1e-9:  # where they meet: the next test
        assert set(drawn(logits, 200, top_p=top_p)) <= set(nucleus(logits, top_p))


@given(st.lists(st.integers(1, 1000), min_size=2, max_size=9, unique=True), st.data())
def test_a_sum_that_meets_top_p_has_reached_it(weights, data):
    """Counted in whole numbers, where nothing is rounded."""
    falling = sorted(weights, reverse=True)
    kept = data.draw(st.integers(1, len(weights)))
    share = sum(falling[:kept]) / sum(weights)
    found = set(drawn(np.log(weights), 300, top_p=share))
    assert found <= {weights.index(weight) for weight in falling[:kept]}


def test_three_tenths_and_five_make_eight():
    tenths = np.array([3, 1, 1, 5])
    for top_p, kept in [(0.5, {3}), (0.8, {0, 3}), (0.81, {0, 1, 3}), (1e-300, {3})]:
        assert set(drawn(np.log(tenths / 10), 2000, top_p=top_p)) == kept


@pytest.mark.parametrize(("temperature", "kept"), [(1.0, 3), (2.0, 5)])
def test_the_nucleus_widens_with_the_temperature(temperature, kept):
    found = drawn(TAIL, 5000, temperature=temperature, top_p=0.9)
    assert set(found) == set(range(kept))


def test_what_is_left_shares_as_before():
    counts = np.bincount(drawn(LOGITS, 100_000, top_k=2))
    expected = 100_000 * softmax(LOGITS[:2])
    assert scipy.stats.chisquare(counts, expected).pvalue > 1e-3


def test_top_p_counts_what_top_k_left():
    # Of five even classes top_k leaves two with 1/2 each, and 0.4 is in the first.
    assert set(drawn(np.zeros(5), top_k=2, top_p=0.4)) == {0}
    assert set(drawn(np.zeros(5), top_k=2, top_p=0.6)) == {0, 1}
    assert set(drawn(np.zeros(5), top_p=1.0)) == set(range(5))


@given(rows)
def test_masked_classes_are_never_drawn(logits):
    masked = np.insert(logits, [0, len(logits)], -np.inf)
    assert set(drawn(masked, 100)) <= set(range(1, len(logits) + 1))


def test_low_precision_draws_from_all_classes():
    few = drawn(np.zeros(5000, np.float16), 5000)
    assert len(set(few)) > 3000  # of 5,000 draws 63 % differ
    whole = sample(np.array([[3, 200]], dtype=np.uint8), rng=0)
    assert_array_equal(whole, [1])


def test_one_row_gives_an_int_and_more_give_their_shape():
    assert type(sample(LOGITS, rng=0)) is int
    assert sample(np.zeros((2, 3, 4)), rng=0).shape == (2, 3)
    assert sample(np.zeros((0, 4)), rng=0).shape == (0,)


def test_rng_decides():
    logits = np.zeros((50, 10))
    assert_array_equal(sample(logits, rng=1), sample(logits, rng=1))
    assert_array_equal(
        sample(logits, rng=np.random.default_rng(1)), sample(logits, rng=1)
    )
    assert not np.array_equal(sample(logits, rng=1), sample(logits, rng=2))
    assert not np.array_equal(sample(logits), sample(logits))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"temperature": 0}, ValueError, "temperature .* got 0; .*argmax"),
        ({"temperature": "1"}, TypeError, "temperature .* got '1'"),
        ({"top_k": 0}, ValueError, "top_k must be at least 1, got 0"),
        ({"top_k": 2.0}, TypeError, "top_k must be a whole number or None, got 2.0"),
        ({"top_k": True}, TypeError, "top_k .* got True"),
        ({"top_p": 0}, ValueError, "top_p must be above 0 and at most 1, got 0"),
        ({"top_p": 90}, ValueError, "top_p .* got 90"),
        ({"top_p": np.nan}, ValueError, "top_p .* got nan"),
        ({"top_p": "0.9"}, TypeError, "top_p must be a number or None, got '0.9'"),
        ({"rng": "seed"}, TypeError, r"rng must be np.random.default_rng.* got 'seed'"),
        ({"rng": -1}, TypeError, "rng .* got -1"),
        ({"rng": np.random.RandomState(0)}, TypeError, "rng .* got RandomState"),
    ],
)
def test_arguments_that_make_no_sense_are_named(options, error, message):
    with pytest.raises(error, match=message):
        sample(LOGITS, **options)


@pytest.mark.parametrize("bad", [[-np.inf, -np.inf], [np.nan, 0.0]])
def test_a_row_without_a_class_is_shown(bad):
    with pytest.raises(ValueError, match=r"no class to draw: row 1 is \["):
        sample([[0.0, 0.0], bad])
