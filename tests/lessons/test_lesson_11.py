"""Lesson 11: its steps from top to bottom, and what learners hand in for them."""

import inspect
import os
import re

import nbformat
import numpy as np
import pytest
from kernels import BACK, GONE, code_of, kernel
from nbclient.exceptions import CellExecutionError
from places import NOTEBOOKS
from report_page import look_at

from softmax_lab import (
    starting_tensorflow,
)
from softmax_lab.base import store
from softmax_lab.learn.check import check
from softmax_lab.lessons import catalogue
from softmax_lab.lessons.lesson_11 import exercises as eleven

pytestmark = pytest.mark.slow

with starting_tensorflow():
    import tensorflow as tf
    from tensorflow import keras

    tf.zeros(1)

LESSON = NOTEBOOKS / "11_capstone.ipynb"
STEPS = ["look", "find", "repair", "measure", "calibrate", "decide"]
# the last step that is solved: the cell from which the page is run
STAGES = {"look": "imports", "calibrate": "exercise-find", None: "exercise-decide"}
ANSWERS = {
    "exercise-look": eleven.baseline,
    "exercise-repair": eleven.mended,
    "exercise-measure": eleven.measures,
    "exercise-calibrate": eleven.calibrated,
    "exercise-decide": eleven.decisions,
}
NOTE = "Measured on 339 photos & no more.\n\nNot for <static>."


# From top to bottom


def lesson():
    return nbformat.read(LESSON, as_version=4)


def text_of(outputs):
    return "".join(out.get("text", out.get("text/plain", "")) for out in outputs)


def solved(notebook, upto=None):
    """Put the reference answers into the stubs, as a learner would, up to a step."""
    for cell in notebook.cells:
        if cell.id in ANSWERS:
            reference = ANSWERS[cell.id]
            name = re.search(r"def (my_\w+)", cell.source)[1]
            source = inspect.getsource(reference)
            source = source.replace(f"def {reference.__name__}(", f"def {name}(")
            cell.source = source + cell.source[cell.source.index("\nsteps[") :]
        if cell.id == "exercise-find":
            row, label = eleven.TELLTALE.reference
            cell.source = cell.source.replace("my_row = None", f"my_row = {row}")
            cell.source = cell.source.replace("my_label = None", f"my_label = {label}")
        if cell.id == "my-note":
            cell.source = f"my_note = {NOTE!r}"
        if upto and f'steps["{upto}"]' in cell.source:
            break
    return notebook


def answer_the_inventory():
    """4 of 12 right before, 10 after."""
    for time, right in (("before", 4), ("after", 10)):
        for place, question in enumerate(catalogue.questions("inventory")):
            wrong = next(o for o in question["options"] if not o.get("right"))
            store.remember(
                "answer",
                f"{question['id']}@{time}",
                choice="a",
                confidence="certain",
                right=place < right,
                misconception=None if place < right else wrong["misconception"],
                of=len(question["options"]),
            )


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What the page says to a learner who goes on from step to step in one kernel.

    {step: {cell: text}} for the first step, for all but the last, and None for all; the
    first one is taken without TensorFlow as far as that goes.
    """
    folder = tmp_path_factory.mktemp("complete")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTMAX_LAB_HOME", str(folder / "progress"))
        store.STORES.clear()
        answer_the_inventory()
        with kernel(folder) as here:
            here.run(GONE)
            found, said = {}, {}
            for upto, start in STAGES.items():
                cells = code_of(solved(lesson(), upto))
                for cell in cells[[c.id for c in cells].index(start) :]:
                    if cell.id == "tensorflow" and upto == "look":
                        with pytest.raises(
                            CellExecutionError, match="needs tensorflow"
                        ):
                            here.run(cell.source)
                        here.run(BACK)
                    said[cell.id] = text_of(here.run(cell.source))
                found[upto] = dict(said)
                pages = list(folder.glob("*.html"))
                assert len(pages) == (upto is None)
        store.STORES.clear()
    return found, folder


@pytest.fixture
def complete(told):
    found, folder = told
    return found[None], folder


def test_on_an_untouched_page_every_step_waits_for_the_first():
    """As it is stored; whether it runs like that, test_runs.py tells."""
    waiting = [c for c in code_of(lesson()) if "ready(" in c.source and c.id != "steps"]
    assert len(waiting) == 9
    for cell in waiting:
        assert text_of(cell.outputs) == "○ waits for the step “look”\n", cell.id


@pytest.mark.parametrize("upto", ["look", "calibrate"])
def test_somebody_who_came_so_far_is_told_what_comes_next(upto, told):
    said = told[0][upto]
    following = STEPS[STEPS.index(upto) + 1]
    assert said["saw-numbers"] == f"○ waits for the step “{following}”\n"
    assert not any(
        f"“{step}”" in "".join(said.values()) for step in STEPS if step != following
    )


def test_without_tensorflow_there_is_all_that_needs_none(told):
    said = told[0]["look"]
    assert "after the course" in said["inventory"]
    assert "You answered" in said["progress-report"]
    assert said["look-numbers"].startswith("always")


def test_a_complete_page_says_right_everywhere_and_waits_for_nothing(complete):
    told, _ = complete
    for cell in [*ANSWERS, "exercise-find"]:
        assert told[cell].startswith("● right"), cell
    assert not any("waits for" in text for text in told.values())


def numbers(text):
    return [float(number) for number in re.findall(r"\d+\.\d+", text)]


def test_what_the_lesson_says_of_the_numbers_is_so(complete):
    told, _ = complete
    common, knows_shares, knows_nothing = numbers(told["look-numbers"])
    assert (round(common, 3), knows_nothing) == (0.183, 2.303)
    assert knows_shares < knows_nothing
    truth, with_bug, repaired = numbers(told["repair-numbers"])
    assert truth == repaired
    assert abs(with_bug - truth) > 0.1

    buggy, mended = told["training"].split("repaired")
    losses, rights = numbers(buggy)[::2], numbers(buggy)[1::2]
    assert losses[0] > losses[-1]  # "its loss falls too"
    assert rights[-1] < 0.99  # and yet it does not learn all of them
    assert numbers(mended)[3] > 0.98  # "By epoch 50 hardly a photo is misread"
    assert numbers(mended)[-1] == 1

    trained, tested = told["measure-numbers"].splitlines()
    assert numbers(trained)[0] > 0.95
    assert numbers(tested)[0] > numbers(tested)[1] + 0.08  # too sure

    before, after = map(numbers, told["calibrate-numbers"].splitlines())
    assert before[0] == 1.0
    assert after[0] > 1.5
    assert before[2] == after[2]  # right, "to the last digit"
    assert after[3] < before[3] - 0.2
    assert 0 < after[4] < before[4] - 0.04

    old, new, others = map(numbers, told["decide-numbers"].splitlines())
    answers, expected, real = old
    assert real > 2 * expected  # promises much, costs more
    assert real > 1  # than doing without
    assert new[0] < answers
    assert new[2] < 1
    assert abs(new[2] - new[1]) < 0.2
    assert others[0] > 2

    _, elsewhere, static = map(numbers, told["document-numbers"].splitlines())
    assert elsewhere[0] > elsewhere[1] + 0.1
    assert static[0] > 0.5


def test_the_report_of_a_complete_page_holds_its_numbers_figures_and_words(complete):
    told, folder = complete
    assert told["write-report"].startswith("written: my-report.html")
    page = (folder / "my-report.html").read_text("utf-8")
    look_at(page)
    for cell in ("calibrate-numbers", "decide-numbers", "document-numbers"):
        wanted = re.findall(r"\d+\.\d+", told[cell].partition("always")[0])
        assert all(number in page for number in wanted), cell
    assert page.count("<figure>") == 3
    assert "<p>Not for &lt;static&gt;.</p>" in page
    assert "Inventory: 4 of 12 before, 10 of 12 after the course." in page
    assert "you gained 75 %" in page
    assert "Worth another look" in page
    assert os.sep + "home" not in page
    assert str(folder) not in page


# Models that learners hand in


@pytest.fixture(autouse=True)
def a_learner_of_its_own(learner):
    """Answers go to a folder of this test."""


def named_layers():
    inputs = keras.Input((64,), name="photo")
    hidden = keras.layers.Dense(128, "relu", name="hidden")(inputs)
    model = keras.Model(inputs, keras.layers.Dense(10, name="logits")(hidden))
    return model, keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def from_a_list():
    pairs = [(128, "relu"), (10, None)]
    layers = [keras.layers.Dense(size, activation=a) for size, a in pairs]
    model = keras.Sequential([keras.Input((64,)), *layers])
    return model, keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def with_a_layer_of_its_own():
    model = keras.Sequential([keras.Input((64,))])
    model.add(keras.layers.Dense(128))
    model.add(keras.layers.ReLU())
    model.add(keras.layers.Dense(10, activation="linear"))
    return [model, keras.losses.SparseCategoricalCrossentropy(from_logits=True)]


def of_tensorflow_itself():
    def loss(labels, logits):
        labels = tf.cast(tf.reshape(labels, [-1]), tf.int32)
        return tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)

    return named_layers()[0], loss


@pytest.mark.parametrize(
    "answer", [named_layers, from_a_list, with_a_layer_of_its_own, of_tensorflow_itself]
)
def test_a_repaired_model_in_another_style_is_accepted(answer):
    result = check("planted bug", answer)
    assert result.state == "right", repr(result)


def as_it_was():
    layers = [keras.layers.Dense(size, activation="relu") for size in [128, 10]]
    model = keras.Sequential([keras.Input((64,)), *layers])
    return model, keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def no_relu_at_all():
    layers = [keras.layers.Dense(size) for size in [128, 10]]
    model = keras.Sequential([keras.Input((64,)), *layers])
    return model, keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def hidden_layer_gone():
    model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(10)])
    return model, keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def ends_of_the_wrong_size():
    model = keras.Sequential([keras.Input((64,)), keras.layers.Dense(128)])
    return model, keras.losses.SparseCategoricalCrossentropy(from_logits=True)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (as_it_was, "still cuts negative logits off"),
        (no_relu_at_all, "the hidden layer still cuts off what is negative"),
        (hidden_layer_gone, "two Dense layers are needed"),
        (ends_of_the_wrong_size, "should put out 10 numbers, not 128"),
        (lambda: named_layers()[0], "return two things"),
    ],
)
def test_a_model_that_is_not_repaired_is_refused_in_a_sentence(answer, told):
    result = check("planted bug", answer)
    assert result.state in ("wrong", "raised")
    assert told in repr(result)


def test_the_reader_of_the_lesson_has_the_bug_that_the_test_is_about():
    (cell,) = [cell for cell in lesson().cells if cell.id == "reader-code"]
    names = {"keras": keras, "np": np}
    exec(cell.source, names)
    reader, loss_at = names["reader"], names["loss_at"]
    assert check("planted bug", reader).mistake == "still cuts negative logits off"
    rng = np.random.default_rng(0)
    for _ in range(20):
        row, label = rng.normal(0, 2, 10).round(1), int(rng.integers(10))
        off = abs(loss_at(reader, row, label) - eleven.loss_of(row, label))
        assert off == pytest.approx(eleven.off_by(row, label), abs=2e-3)
        right = check("telltale row", (row, label)).state == "right"
        assert right == (eleven.off_by(row, label) > 0.1)


def test_a_digit_whose_logit_is_never_above_0_has_no_slope():
    """What the lesson says of the digits that the model with the bug never learns."""
    dense = keras.layers.Dense(10, activation="relu")
    dense.build((None, 128))
    kernel, bias = dense.get_weights()
    bias[7] = -1e3
    dense.set_weights([kernel, bias])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    with tf.GradientTape() as tape:
        value = loss(np.full(5, 7), dense(tf.random.normal((5, 128), seed=0)))
    slopes = tape.gradient(value, dense.kernel).numpy()
    assert (slopes[:, 7] == 0).all()
    assert (slopes != 0).any()
