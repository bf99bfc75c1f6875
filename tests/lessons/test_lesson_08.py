"""What lesson 8 rests on, and its last figure: the learner's own diagram."""

import nbformat
import numpy as np
import pytest
from places import NOTEBOOKS
from test_notebooks import live_figures

from softmax_lab import (
    cross_entropy,
    expected_calibration_error,
    fit_temperature,
    known_answer,
    predict,
    progress,
    sample,
    softmax,
)
from softmax_lab.lessons import catalogue

PATH = NOTEBOOKS / "08_calibration.ipynb"
SEEDS = range(5)
pytestmark = pytest.mark.usefixtures("learner")  # who has answered nothing


def source(id):
    (cell,) = [c for c in nbformat.read(PATH, as_version=4).cells if c.id == id]
    return cell.source


def test_a_known_temperature_is_found_on_any_draw():
    found = [fit_temperature(*known_answer(seed=seed)) for seed in range(10)]
    assert np.allclose(found, 3, atol=0.1)
    assert abs(np.mean(found) - 3) < 0.05


@pytest.mark.parametrize("seed", SEEDS)
def test_what_was_fitted_on_one_half_helps_the_other(seed):
    logits, labels = known_answer(seed=seed)
    temperature = fit_temperature(logits[:2500], labels[:2500])
    logits, labels = logits[2500:], labels[2500:]
    for measure in (loss_of, error_of):
        assert measure(logits / temperature, labels) < measure(logits, labels)


def loss_of(logits, labels):
    return cross_entropy(logits, labels).mean()


def error_of(logits, labels):
    return expected_calibration_error(softmax(logits), labels)


@pytest.mark.parametrize("seed", SEEDS)
def test_careless_labels_make_the_loss_fall_and_the_error_rise(seed):
    names = {"np": np, "sample": sample}
    function, _, _ = source("noise-numbers").partition("sure_logits")
    exec(function, names)
    logits, labels = names["careless"](seed)
    fitted = logits / fit_temperature(logits, labels)
    assert loss_of(fitted, labels) < loss_of(logits, labels) - 0.5
    assert error_of(fitted, labels) > error_of(logits, labels)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_perfect_model_has_an_error_that_bins_make_and_answers_mend(seed):
    logits, labels = known_answer(temperature=1.0, seed=seed)
    few, many = (
        expected_calibration_error(softmax(logits[:200]), labels[:200], bins)
        for bins in (5, 50)
    )
    assert 0 < few < many
    assert expected_calibration_error(softmax(logits), labels, 50) < many / 2


def test_smoothed_targets_are_reached_at_a_finite_lead():
    targets = np.array([0.91] + [0.01] * 9)
    lead = np.log(0.91 / 0.01)
    logits = np.eye(10)[0] * lead
    assert np.allclose(softmax(logits), targets)
    for other in (lead - 0.1, lead + 0.1):
        assert loss_of(np.eye(10)[:1] * other, targets[None]) > loss_of(
            logits[None], targets[None]
        )


@pytest.mark.slow
def test_no_later_cell_changes_what_an_earlier_figure_shows():
    stored = [
        output.data["text/plain"]
        for cell in nbformat.read(PATH, as_version=4).cells
        if "live" in cell.metadata.get("tags", [])
        for output in cell.outputs[:1]
    ]
    for figure, text in zip(live_figures(PATH), stored, strict=True):
        figure.set(**figure._start)
        assert text.startswith(figure.sentence)


def answer_all(count, *, right, confidence):
    """Answer `count` questions, all with the same confidence."""
    questions = [q for lesson in catalogue.LESSONS for q in catalogue.questions(lesson)]
    for asked in questions[:count]:
        question = predict(asked["id"])
        best = question.letters[catalogue.right_option(asked)]
        other = next(letter for letter in question.letters if letter != best)
        question.commit(best if right else other, confidence)


def own_report():
    """What the lesson's cell shows: the text and the page."""
    shown = eval(source("own-report"), {"progress": progress})
    bundle = shown._repr_mimebundle_()
    return bundle["text/plain"], bundle["text/html"]


def test_nobody_who_has_not_answered_yet_sees_a_diagram():
    text, page = own_report()
    assert "From 12 answers on" in text
    assert "<svg" not in page


def test_fifteen_answers_draw_the_learners_own_diagram():
    answer_all(15, right=False, confidence="certain")
    text, page = own_report()
    assert page.count("<svg") == 1
    assert "you were right in 0 % of 15" in text
    assert "you are surer than you are right" in text


def test_a_learner_who_dares_too_little_is_told_so():
    answer_all(15, right=True, confidence="guess")
    text, page = own_report()
    assert "<svg" in page
    assert "you are right more often than you dare to say" in text
