"""What lesson 9 rests on: a fault in the installed Keras, and the mathematics that
its cells only sample."""

import itertools

import nbformat
import numpy as np
import pytest
from numpy.testing import assert_allclose
from places import NOTEBOOKS

import softmax_lab
from softmax_lab import cross_entropy, numerical_gradient, sigmoid, softmax, sparsemax
from softmax_lab.base.extras import starting_tensorflow
from softmax_lab.lessons.lesson_09 import exercises as nine

pytestmark = pytest.mark.slow

with starting_tensorflow():
    import tensorflow as tf
    from tensorflow import keras

    tf.zeros(1)

CELLS = nbformat.read(NOTEBOOKS / "09_beyond_softmax.ipynb", as_version=4).cells
PROSE = " ".join(
    " ".join(cell.source.split()) for cell in CELLS if cell.cell_type == "markdown"
)
each_width = pytest.mark.parametrize("num_classes", [1, 2, 3, 10, 50])
each_size = pytest.mark.parametrize("size", [0.1, 1.0, 5.0])


def lesson(name, **names):
    """A function as the lesson defines it."""
    names |= {"np": np} | {n: getattr(softmax_lab, n) for n in softmax_lab.__all__}
    (cell,) = [c for c in CELLS if f"def {name}(" in c.source]
    lines = cell.source.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(f"def {name}("))
    end = start + 1
    while end < len(lines) and (lines[end].startswith(" ") or not lines[end]):
        end += 1
    exec("\n".join(lines[start:end]), names)
    return names[name]


def rows_of(num_classes, size, count=500):
    rng = np.random.default_rng(num_classes)
    return rng.normal(0, size, (count, num_classes)) + rng.normal(0, size, (count, 1))


# The library


MENDED = (
    "Keras {}: its sparsemax is no longer what lesson 9 shows. Change “version 3.15.1” "
    "in the cell `bug`, the lines and the comment of `keras_sparsemax` in "
    "`bug-examples`, and “5,712” in `bug-explain` and `saw`; if it is mended, say up "
    "to which version it was wrong. Then change this test."
)


@each_width
@each_size
def test_keras_computes_what_the_lesson_shows_row_by_row(num_classes, size):
    shown = lesson("keras_sparsemax")
    rows = rows_of(num_classes, size)
    theirs = np.asarray(keras.activations.sparsemax(rows))
    assert theirs.dtype == np.float64
    message = MENDED.format(keras.__version__)
    assert_allclose(shown(rows), theirs, atol=1e-12, err_msg=message)
    assert_allclose(nine.keras_sparsemax(rows), theirs, atol=1e-12, err_msg=message)


def test_the_lesson_names_the_installed_version():
    assert f"Here is how version {keras.__version__} computes it" in PROSE, (
        MENDED.format(keras.__version__)
    )


def test_its_documentation_tries_the_example_that_the_lesson_quotes():
    assert "Its documentation tries it on `[-1, 0, 1]`." in PROSE
    assert "x = np.array([-1., 0., 1.])" in keras.ops.sparsemax.__doc__


@each_width
@each_size
def test_it_is_wrong_where_more_than_one_class_stays_and_only_there(num_classes, size):
    rows = rows_of(num_classes, size)
    wrong = abs(lesson("keras_sparsemax")(rows).sum(axis=1) - 1) > 1e-9
    assert_allclose(wrong, (sparsemax(rows) > 0).sum(axis=1) > 1)


# The lesson's own functions


@each_width
@each_size
def test_the_largest_limit_is_the_right_one(num_classes, size):
    rows = rows_of(num_classes, size)
    ours = [lesson("by_sorting")(row) for row in rows[:50]]
    assert_allclose(ours, sparsemax(rows[:50]), atol=1e-12)
    assert_allclose(nine.sparsemax(rows), sparsemax(rows), atol=1e-12)


@each_size
def test_sparsemax_is_the_nearest_point_by_the_conditions_for_it(size):
    """Nearest means: whoever is kept gave up the same τ, nobody else is above it."""
    for row, probs in zip(rows_of(6, size), sparsemax(rows_of(6, size)), strict=True):
        given_up = row - probs
        tau = given_up[probs > 0].max()
        assert_allclose(given_up[probs > 0], tau, atol=1e-12)
        assert (row[probs == 0] <= tau + 1e-12).all()
        assert_allclose(probs.sum(), 1)


@each_size
def test_entmax_by_halving_is_entmax(size):
    rows = rows_of(5, size, 100)
    ours = [lesson("entmax")(row, 1.5) for row in rows]
    assert_allclose(ours, softmax_lab.entmax15(rows), atol=1e-9)


@each_size
def test_entmax_goes_from_softmax_to_sparsemax(size):
    for row in rows_of(5, size, 100):
        assert_allclose(lesson("entmax")(row, 2.0), sparsemax(row), atol=1e-9)
        assert_allclose(lesson("entmax")(row, 1.0001), softmax(row), atol=1e-3)


@each_size
def test_the_slopes_of_sparsemaxs_loss_are_p_less_y(size):
    loss = lesson("sparsemax_loss", by_sorting=sparsemax)
    for row in rows_of(4, size, 50):
        measured = numerical_gradient(lambda z: loss(z, 2), row)
        assert_allclose(measured, sparsemax(row) - np.eye(4)[2], atol=1e-4)


@pytest.mark.parametrize("lead", [0.0, 0.5, 1.0, 7.0])
def test_the_loss_ends_where_the_true_class_leads_by_1(lead):
    loss = lesson("sparsemax_loss", by_sorting=sparsemax)
    pair = np.array([lead, 0.0])
    assert_allclose(loss(pair, 0), max(1 - lead, 0) ** 2 / 4, atol=1e-12)
    assert cross_entropy(pair, 0) > 0


# Ensembles and rankings


def test_two_others_at_1_5_are_never_outvoted_in_probabilities():
    others = 2 * softmax([0.0, 1.5, 0.0])
    assert (others[0] + 1) / 3 < others[1] / 3  # though the loud one gives 8 all it has


@pytest.mark.parametrize("num_models", [1, 2, 7])
def test_averaged_logits_are_a_geometric_mean(num_models):
    teams = np.random.default_rng(0).normal(0, 4, (50, num_models, 6))
    for team in teams:
        wanted = softmax(team.mean(axis=0))
        assert_allclose(lesson("geometric_mean")(softmax(team)), wanted, atol=1e-12)
        assert_allclose(nine.logit_average(softmax(team)), wanted, atol=1e-12)


def test_a_mean_of_probabilities_is_never_surer_than_its_surest_member():
    teams = np.random.default_rng(0).normal(0, 3, (500, 5, 4))
    together = softmax(teams).mean(axis=1).max(axis=-1)
    assert (together <= softmax(teams).max(axis=(1, 2))).all()


@pytest.mark.parametrize("num_runners", [2, 3, 4, 5])
def test_all_orders_together_have_the_probability_1(num_runners):
    strengths = np.random.default_rng(num_runners).normal(0, 2, num_runners)
    orders = map(np.array, itertools.permutations(range(num_runners)))
    chances = [nine.order_probability(strengths, order) for order in orders]
    assert_allclose(sum(chances), 1)


def test_who_beats_whom_follows_from_all_orders():
    """In an order drawn like this, i is before j with the odds of Bradley and Terry."""
    strengths = np.array([2.0, 1.0, 0.1, -0.5])
    for i, j in itertools.permutations(range(4), 2):
        orders = [
            o for o in itertools.permutations(range(4)) if o.index(i) < o.index(j)
        ]
        chances = [nine.order_probability(strengths, np.array(o)) for o in orders]
        assert_allclose(sum(chances), sigmoid(strengths[i] - strengths[j]))
