"""The functions of probabilities.py against exact arithmetic and other libraries."""

import math
import warnings
from decimal import Decimal
from fractions import Fraction

import exact
import numpy as np
import pytest
import scipy.special
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal

import softmax_lab
from softmax_lab import (
    entmax15,
    entropy,
    log_softmax,
    logsumexp,
    sigmoid,
    softmax,
    sparsemax,
)

EPS = np.finfo(float).eps
MAPS = [softmax, log_softmax, sparsemax, entmax15]
FUNCTIONS = [*MAPS, logsumexp]
each_map = pytest.mark.parametrize("function", MAPS)
each_function = pytest.mark.parametrize("function", FUNCTIONS)


def rows_of(elements, max_size=8):
    return arrays(float, st.integers(1, max_size), elements=elements)


rows = rows_of(st.floats(-300, 300, width=64))
any_rows = rows_of(st.floats(allow_nan=False, allow_infinity=False))
HARD = [
    [1e308, -1e308, 0.0],
    [1.7e308, 1.7e308],
    [-1e308, -1e308, -1e308],
    [1000.0, 1000.0],
    [-1000.0, -1001.0],
    [5e-324, -5e-324, 0.0],
    [2.2e-308, 1e-310],
    [709.78, 709.79, -745.13, -745.14],
    [88.72, 88.73, -87.33, -103.98],
    [11.09, 11.1, -17.33, -17.34],
    [0.0],
]
hard = pytest.mark.parametrize("row", HARD)


def off_by(got, wanted):
    """How far `got` is from an exact Decimal, in units in its last place."""
    ulp = Decimal(float(np.spacing(float(wanted))))
    return float(abs(Decimal(float(got)) - wanted) / ulp)


# softmax, log_softmax and logsumexp against 60 digits and more


@given(st.one_of(rows, any_rows), st.floats(0.01, 100))
def test_softmax_is_within_6_ulp_beside_the_rounding_of_the_shift(logits, temperature):
    for t in (1.0, temperature):
        probs = softmax(logits, temperature=t)
        with np.errstate(over="ignore"):
            gaps = (logits.max() - logits) / t
        for got, wanted, gap in zip(probs, exact.probs(logits, t), gaps, strict=True):
            assert off_by(got, wanted) <= 6 + 2 * float(gap)  # eps is up to 2 ULP


@hard
def test_softmax_is_exact_on_hard_rows(row):
    for got, wanted in zip(softmax(row), exact.probs(row), strict=True):
        assert off_by(got, wanted) <= 6 + 2 * 760  # the shift of 745 and no more


@given(rows)
def test_log_softmax_and_logsumexp_agree_with_exact_arithmetic(logits):
    shift = float(np.ptp(logits))
    wanted = exact.log_probs(logits)
    assert_allclose(log_softmax(logits), wanted, rtol=(8 + shift) * EPS)
    wanted = exact.logsumexp(logits)
    assert_allclose(logsumexp(logits), wanted, rtol=4 * EPS, atol=4 * EPS)


@pytest.mark.parametrize("gap", [30.0, 36.75, 50.0, 300.0, 690.0])
def test_the_loss_of_a_confident_right_answer_is_right_to_15_digits(gap):
    wanted = -exact.log_probs([gap, 0.0])[0]
    assert wanted > 1e-300
    assert_allclose(-log_softmax([gap, 0.0])[0], wanted, rtol=1e-15)


@pytest.mark.parametrize("axis", [0, 1])
def test_a_million_classes_lose_no_digits_along_any_axis(axis):
    logits = np.random.default_rng(0).normal(0, 4, 1_000_000)
    shape = (-1, 1) if axis == 0 else (1, -1)
    weights = np.exp(logits - logits.max())
    wanted = weights / math.fsum(weights)
    got = softmax(logits.reshape(shape), axis).ravel()
    assert_allclose(got, wanted, rtol=2 * EPS)
    total = logsumexp(logits.reshape(shape), axis).item()
    assert_allclose(total, np.log(math.fsum(weights)) + logits.max(), rtol=2 * EPS)


def test_float32_adds_a_million_classes_along_axis_0_as_well():
    logits = np.random.default_rng(0).normal(0, 4, (1_000_000, 2)).astype(np.float32)
    wanted = softmax(logits.astype(float), axis=0)
    assert_allclose(softmax(logits, axis=0), wanted, rtol=5e-6)  # gaps up to 40


# properties


@given(rows, st.sampled_from([-4096.0, -0.5, 8.0, 4096.0]))
def test_adding_a_constant_changes_nothing(logits, shift):
    for function in (softmax, sparsemax, entmax15):
        assert_allclose(function(logits + shift), function(logits), atol=1e-12)


@given(st.one_of(rows, any_rows))
def test_probabilities_sum_to_1_and_keep_the_order(logits):
    order = np.argsort(logits, kind="stable")
    for function in (softmax, sparsemax, entmax15):
        probs = function(logits)
        assert_allclose(probs.sum(), 1, rtol=1e-14)
        assert (np.diff(probs[order]) >= 0).all()


@given(rows, st.floats(0.05, 40))
def test_temperature_divides_the_logits(logits, temperature):
    divided = softmax(logits / temperature)
    assert_allclose(softmax(logits, temperature=temperature), divided, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_any_positive_temperature_works(dtype):
    logits = np.array([2, 1, 0], dtype=dtype)
    for temperature in (5e-324, 1e-50, np.float64(1e-40)):
        assert_array_equal(softmax(logits, temperature=temperature), [1, 0, 0])
    for temperature in (1e308, np.float64(1e50), Fraction(10**60)):
        assert_allclose(softmax(logits, temperature=temperature), 1 / 3, rtol=1e-6)


@given(rows)
def test_entropy_lies_between_0_and_log_k(logits):
    found = entropy(softmax(logits))
    assert -1e-15 <= found <= np.log(len(logits)) + 1e-15
    assert_allclose(found, scipy.special.entr(softmax(logits)).sum(), atol=1e-14)


def test_an_entropy_of_certainty_is_0_and_not_minus_0():
    assert str(entropy([1.0, 0.0])) == "0.0"


# other libraries


@each_function
@hard
def test_no_finite_row_gives_nan_or_a_warning(function, row):
    with np.errstate(all="raise"), warnings.catch_warnings(action="error"):
        assert not np.isnan(function(row)).any()


@given(rows_of(st.floats(-80, 80, width=32), max_size=40))
def test_scipy_agrees(logits):
    for dtype, rtol in ((np.float64, 1e-13), (np.float32, 1e-4)):
        z = logits.astype(dtype)
        tiny = np.finfo(dtype).tiny  # below it an exp may be rounded either way
        assert_allclose(softmax(z), scipy.special.softmax(z), rtol, tiny)
        # SciPy's loses digits where the winner is nearly sure: compare absolutely.
        assert_allclose(log_softmax(z), scipy.special.log_softmax(z), rtol, rtol)
        assert_allclose(logsumexp(z), scipy.special.logsumexp(z), rtol, 1e-6)


@given(st.floats(allow_nan=False))
def test_sigmoid_is_scipys_and_the_softmax_of_two(x):
    got = sigmoid(x)
    assert_allclose(got, scipy.special.expit(x), rtol=1e-14, atol=1e-320)
    assert_allclose(got, softmax([x, 0.0])[0] if abs(x) < 1e300 else got, rtol=1e-13)


def test_a_hopeless_sigmoid_is_small_and_not_0():
    x = np.array([-709.5, -720.0, -744.0])
    assert_allclose(sigmoid(x), np.exp(x), rtol=1e-12, atol=5e-324)


def by_bisection(logits, power):
    """Sparsemax (power 1) and entmax15 (power 2) of a row: halve until Σ = 1."""
    z = (logits - logits.max()) / power
    low, high = -1.0, 0.0
    for _ in range(60):
        tau = (low + high) / 2
        total = math.fsum(np.maximum(z - tau, 0) ** power)
        low, high = (tau, high) if total > 1 else (low, tau)
    return np.maximum(z - tau, 0) ** power


@given(rows_of(st.floats(-30, 30), max_size=30))
def test_sparsemax_and_entmax_agree_with_bisection(logits):
    assert_allclose(sparsemax(logits), by_bisection(logits, 1), atol=1e-13)
    assert_allclose(entmax15(logits), by_bisection(logits, 2), atol=1e-8)


@pytest.mark.parametrize("function", [sparsemax, entmax15])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sparse_rows_sum_to_1(function, dtype):
    logits = np.random.default_rng(0).normal(0, 2, (10_000, 50)).astype(dtype)
    probs = function(logits)
    assert_allclose(probs.sum(-1), 1, atol=8 * np.finfo(dtype).eps)
    assert (probs == 0).mean() > 0.5
    assert_allclose(function(np.zeros(1_000_000, dtype)), 1e-6, rtol=1e-6)


# masks


@each_map
def test_a_masked_class_disturbs_no_other(function):
    masked = function([1.0, -np.inf, 0.0])
    assert_allclose(masked[[0, 2]], function([1.0, 0.0]), rtol=1e-15)
    assert masked[1] == (-np.inf if function is log_softmax else 0)


@each_map
def test_a_row_of_nothing_but_masks_is_nan_and_disturbs_no_other(function):
    masked = np.array([[-np.inf, -np.inf], [0.0, 0.0]])
    assert_array_equal(function(masked)[0], [np.nan, np.nan])
    assert_array_equal(function(masked)[1], function([0.0, 0.0]))
    assert_array_equal(logsumexp(masked), [-np.inf, np.log(2)])


def test_nan_stays_in_its_row():
    assert_array_equal(softmax([[np.nan, 0.0], [0.0, 0.0]])[1], [0.5, 0.5])
    assert np.isnan(softmax([[np.nan, 0.0], [0.0, 0.0]])[0]).all()
    assert logsumexp([np.inf, 0.0]) == logsumexp([np.inf, np.inf]) == np.inf


# dtypes and shapes


@each_function
@pytest.mark.parametrize("dtype", [np.uint8, np.int8, bool, np.int64])
def test_whole_numbers_do_not_wrap_round(function, dtype):
    low, high = (0, 1) if dtype is bool else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    logits = np.array([low, high, 0], dtype=dtype)
    assert_array_equal(function(logits), function(logits.astype(float)))


@each_function
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floats_keep_their_dtype(function, dtype):
    logits = np.array([2.0, 1.0, 0.1], dtype=dtype)
    assert function(logits).dtype == dtype
    wanted = function(logits.astype(float))
    assert_allclose(function(logits), wanted, rtol=2 * np.finfo(dtype).eps)


def test_bfloat16_is_computed_in_float32_and_rounded_once():
    bfloat16 = pytest.importorskip("ml_dtypes").bfloat16
    logits = np.array([2.0, 1.0, 0.1], dtype=bfloat16)
    for function in (*FUNCTIONS, sigmoid):
        wanted = function(logits.astype(np.float32)).astype(bfloat16)
        assert function(logits).dtype == bfloat16
        assert_array_equal(function(logits), wanted)
    assert entropy(softmax(logits)).dtype == bfloat16


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_a_thousand_equal_logits_share_evenly(dtype):
    assert_array_equal(softmax(np.full(1000, 5, dtype)), dtype(0.001))


@each_function
def test_inputs_are_left_alone(function):
    logits = np.array([[2.0, 1.0, 0.1], [0.0, 3.0, 1.0]])
    logits.flags.writeable = False
    before = logits.copy()
    function(logits)
    function(logits.T, axis=0)
    result = function(logits[:, ::2])
    assert_array_equal(logits, before)
    assert_array_equal(result, function(before[:, ::2].copy()))
    assert_array_equal(function(logits.tolist()), function(logits))


@each_function
@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2, -3, np.int64(1)])
def test_any_axis_gives_what_the_last_axis_gives(function, axis):
    logits = np.random.default_rng(0).normal(size=(2, 3, 4))
    moved = function(np.moveaxis(logits, axis, -1))
    got = function(logits, axis=axis)
    wanted = moved if function is logsumexp else np.moveaxis(moved, -1, axis)
    assert_array_equal(got, wanted)


@each_function
def test_no_rows_give_no_rows(function):
    shape = (0,) if function is logsumexp else (0, 3)
    assert function(np.zeros((0, 3))).shape == shape
    assert entropy(np.zeros((0, 3))).shape == (0,)


def test_logsumexp_can_keep_its_axis():
    x = np.random.default_rng(0).normal(size=(2, 3, 4))
    for axis in (0, 1, 2):
        kept = logsumexp(x, axis, keepdims=True)
        assert_array_equal(kept.squeeze(axis), logsumexp(x, axis))
        assert kept.ndim == 3
    assert logsumexp([0.0, 0.0], keepdims=True).shape == (1,)


@pytest.mark.parametrize("shape", [(0,), (3, 0), (2, 0, 4), (0, 3), (0, 0)])
def test_the_logsumexp_of_nothing_is_that_of_scipy(shape):
    for axis in range(len(shape)):
        for keepdims in (False, True):
            for dtype in (np.float16, np.float64):
                x = np.zeros(shape, dtype)
                ours = logsumexp(x, axis, keepdims)
                wanted = scipy.special.logsumexp(x, axis=axis, keepdims=keepdims)
                assert_array_equal(ours, wanted)
                assert np.shape(ours) == np.shape(wanted)
                assert ours.dtype == dtype


# what makes no sense


@pytest.mark.parametrize("temperature", [0, 0.0, -1.0, np.nan, np.inf, -np.inf])
def test_a_temperature_that_makes_no_sense_is_named(temperature):
    with pytest.raises(ValueError, match=rf"temperature.*got {temperature!r}"):
        softmax([1.0, 2.0], temperature=temperature)


@pytest.mark.parametrize("temperature", ["2", None, [1.0], 1j])
def test_a_temperature_that_is_no_number_is_named(temperature):
    with pytest.raises(TypeError, match="temperature must be a number above 0, got"):
        softmax([1.0, 2.0], temperature=temperature)


@each_function
def test_inputs_without_classes_are_refused(function):
    if function is not logsumexp:
        with pytest.raises(ValueError, match="no class along axis -1"):
            function(np.zeros((3, 0)))
    with pytest.raises(ValueError, match=r"must have a class axis, got .* 3.0"):
        function(3.0)


@each_function
@pytest.mark.parametrize("bad", [["a", "b"], [1j, 0], [None, 1.0], {1.0}])
def test_what_is_no_number_is_refused(function, bad):
    with pytest.raises(TypeError, match="must be real numbers, got dtype"):
        function(bad)


@each_function
def test_a_ragged_table_is_refused(function):
    with pytest.raises(ValueError, match="must be a full table of numbers"):
        function([[1.0, 2.0], [3.0]])


MASKED = np.ma.masked_array([1.0, 2.0, 3.0], [0, 1, 0])


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: softmax(MASKED), "logits"),
        (lambda: log_softmax([MASKED, MASKED]), "logits"),
        (lambda: logsumexp(MASKED), "x"),
        (lambda: sigmoid(MASKED), "x"),
        (lambda: sparsemax(MASKED), "logits"),
        (lambda: entropy(MASKED / 6), "probs"),
        (
            lambda: softmax_lab.cross_entropy([[1.0, 2.0, 3.0]], MASKED[:1] > 0),
            "labels",
        ),
        (lambda: softmax_lab.kl_divergence([[0.2, 0.3, 0.5]], [MASKED / 6]), "probs"),
        (lambda: softmax_lab.softmax_jacobian(MASKED / 6), "probs"),
        (lambda: softmax_lab.numerical_gradient(np.sum, MASKED), "x"),
        (lambda: softmax_lab.fit_temperature([MASKED], [0]), "logits"),
        (lambda: softmax_lab.reliability_curve([[0.5] * 2], MASKED[:1] > 0), "labels"),
        (lambda: softmax_lab.sample(MASKED), "logits"),
    ],
)
def test_a_mask_is_never_ignored(call, name):
    with pytest.raises(TypeError, match=rf"{name} has a mask.*{name}.filled\(...\)"):
        call()


@each_function
def test_an_axis_that_does_not_exist_is_named(function):
    with pytest.raises(ValueError, match=r"axis=2 does not exist.*\(1, 2\)"):
        function([[1.0, 2.0]], axis=2)
    for axis in (None, 0.5, (0, 1), "rows"):
        with pytest.raises(TypeError, match="axis must be one whole number, got"):
            function([[1.0, 2.0]], axis=axis)


@pytest.mark.parametrize(
    "bad", [[2.0, 1.0, 0.1], [0.5, 0.6], [1.5, -0.5], [np.nan, 1.0], [0.3, 0.3, 0.3]]
)
def test_entropy_refuses_what_is_no_distribution(bad):
    with pytest.raises(ValueError, match=r"probs must be probabilities.*row 1 is \["):
        entropy([np.full(len(bad), 1 / len(bad)), bad])
