"""softmax, log_softmax and logsumexp against 60-digit arithmetic."""

from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal

from softmax_lab import log_softmax, logsumexp, softmax

EPS = np.finfo(float).eps
FUNCTIONS = [softmax, log_softmax, logsumexp]
rows = arrays(float, st.integers(1, 8), elements=st.floats(-300, 300, width=64))


def exactly(logits):
    """probs, log probs and log-sum-exp of one row, where nothing overflows."""
    with localcontext() as context:
        context.prec = 60
        weights = [Decimal(float(z)).exp() for z in logits]
        total = sum(weights)
        probs = [float(w / total) for w in weights]
        # In the log of a ratio near 1 the digits of 1 cancel: 400 more of them.
        context.prec = 460
        total = sum(Decimal(float(z)).exp() for z in logits)
        logs = [float(Decimal(float(z)) - total.ln()) for z in logits]
        return probs, logs, float(total.ln())


@given(rows)
def test_results_agree_with_60_digit_arithmetic(logits):
    probs, log_probs, total = exactly(logits)
    shift = float(np.ptp(logits))  # subtracting the max rounds by this much
    assert_allclose(softmax(logits), probs, rtol=(6 + shift) * EPS, atol=1e-300)
    assert_allclose(log_softmax(logits), log_probs, rtol=(8 + shift) * EPS)
    assert_allclose(logsumexp(logits), total, rtol=4 * EPS, atol=4 * EPS)


@given(rows, st.sampled_from([-4096.0, -0.5, 8.0, 4096.0]))
def test_adding_a_constant_changes_nothing(logits, shift):
    assert_allclose(softmax(logits + shift), softmax(logits), atol=1e-12)


@given(rows, st.floats(0.05, 40))
def test_temperature_divides_the_logits(logits, temperature):
    divided = softmax(logits / temperature)
    assert_allclose(softmax(logits, temperature=temperature), divided, atol=1e-12)


@pytest.mark.parametrize("gap", [30.0, 50.0, 300.0, 690.0])
def test_the_loss_of_a_confident_right_answer_is_not_rounded_to_0(gap):
    assert_allclose(-log_softmax([gap, 0.0])[0], np.exp(-gap), rtol=1e-12)


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize(
    "row",
    [
        [1e308, -1e308, 0.0],
        [1000.0, 1000.0],
        [-1000.0, -1001.0],
        [5e-324, -5e-324],
        [0.0],
    ],
)
def test_no_finite_row_overflows_or_warns(function, row):
    with np.errstate(all="raise"):
        assert not np.isnan(function(row)).any()


def test_a_masked_class_has_probability_exactly_0():
    assert_allclose(softmax([1.0, -np.inf, 0.0]), [0.7311, 0.0, 0.2689], atol=1e-4)
    assert softmax([1.0, -np.inf, 0.0])[1] == 0.0


def test_a_row_of_nothing_but_masks_is_nan_and_disturbs_no_other():
    masked = np.array([[-np.inf, -np.inf], [0.0, 0.0]])
    assert_array_equal(softmax(masked), [[np.nan, np.nan], [0.5, 0.5]])
    assert_array_equal(logsumexp(masked), [-np.inf, np.log(2)])


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, bool, np.int64])
def test_whole_numbers_do_not_wrap_round(dtype):
    logits = np.array([0, 1, 0], dtype=dtype)
    if dtype in (np.uint8, np.int8):
        logits[1] = np.iinfo(dtype).max
    assert_array_equal(softmax(logits), softmax(logits.astype(float)))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floats_keep_their_dtype(dtype):
    for function in FUNCTIONS:
        assert function(np.array([2.0, 1.0, 0.1], dtype=dtype)).dtype == dtype


def test_a_thousand_equal_float16_logits_share_evenly():
    assert_array_equal(softmax(np.full(1000, 5, np.float16)), np.float16(0.001))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_inputs_are_left_alone(function):
    logits = np.array([[2.0, 1.0, 0.1], [0.0, 3.0, 1.0]])
    logits.flags.writeable = False
    before = logits.copy()
    function(logits)
    function(logits.T, axis=0)
    assert_array_equal(logits, before)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_any_axis_gives_what_the_last_axis_gives(function):
    logits = np.random.default_rng(0).normal(size=(2, 3, 4))
    for axis in (0, 1, -2):
        moved = function(np.moveaxis(logits, axis, -1))
        got = function(logits, axis=axis)
        wanted = moved if function is logsumexp else np.moveaxis(moved, -1, axis)
        assert_allclose(got, wanted, rtol=1e-14)


def test_no_rows_give_no_rows():
    assert softmax(np.zeros((0, 3))).shape == (0, 3)


def test_logsumexp_can_keep_its_axis():
    assert logsumexp(np.zeros((2, 3)), keepdims=True).shape == (2, 1)


@pytest.mark.parametrize("temperature", [0, -1.0, np.nan, np.inf])
def test_a_temperature_that_makes_no_sense_is_named(temperature):
    with pytest.raises(ValueError, match=rf"temperature.*{temperature!r}"):
        softmax([1.0, 2.0], temperature=temperature)


@pytest.mark.parametrize("temperature", ["2", None, [1.0], 1j])
def test_a_temperature_that_is_no_number_is_named(temperature):
    with pytest.raises(TypeError, match="temperature must be a number above 0"):
        softmax([1.0, 2.0], temperature=temperature)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_inputs_without_classes_are_refused(function):
    with pytest.raises(ValueError, match="no class along axis -1"):
        function(np.zeros((3, 0)))
    with pytest.raises(ValueError, match="must have a class axis"):
        function(3.0)
    with pytest.raises(TypeError, match="must be real numbers"):
        function(["a", "b"])
