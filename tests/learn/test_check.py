"""The checker: whatever an answer does, the learner reads one clear sentence."""

import contextlib
import functools
import threading
import time

import numpy as np
import pytest

from softmax_lab import check
from softmax_lab.base import store
from softmax_lab.learn import check as engine
from softmax_lab.lessons.catalogue import exercise
from softmax_lab.lessons.lesson_01.exercises import softmax

pytestmark = pytest.mark.usefixtures("learner")


def said(answer, name="softmax"):
    return repr(check(name, answer))


def no_end(batch):
    while True:
        pass


def no_end_and_deaf(batch):
    while True:
        try:
            time.sleep(0.01)
        except Exception:
            continue


def calls_itself(batch):
    return calls_itself(batch)


def in_place(batch):
    batch -= batch.max(axis=1, keepdims=True)
    np.exp(batch, out=batch)
    batch /= batch.sum(axis=1, keepdims=True)
    return batch


def divides_by_nothing(batch):
    nothing = 0
    return [row[0].item() / nothing for row in batch]


def wrong_name(batch):
    return np.exp(btach)  # noqa: F821


def sometimes(batch):
    return softmax(batch) if len(batch) == 2 else None


BROKEN = {
    "raises": (
        divides_by_nothing,
        "raised",
        "ZeroDivisionError: float division by zero",
    ),
    "names nothing": (wrong_name, "raised", "NameError: name 'btach' is not defined"),
    "leaves": (lambda batch: exit(), "raised", "SystemExit"),
    "recursion": (calls_itself, "raised", "RecursionError: maximum recursion depth"),
    "too few": (lambda: None, "raised", "takes 0 positional arguments but 1 was given"),
    "none": (lambda batch: None, "not attempted", "the function returns None"),
    "none at times": (sometimes, "wrong", "is there a path without a return?"),
    "shape": (lambda b: softmax(b)[0], "wrong", "shape (2, 3) is expected, got (3,)"),
    "number": (lambda b: 1.0, "wrong", "shape (2, 3) is expected, got ()"),
    "nan": (lambda b: softmax(b) * np.nan, "wrong", "there is a nan where a number"),
    "text": (lambda b: "softmax", "wrong", "numbers are wanted, it returns str"),
    "function": (lambda b: softmax, "wrong", "numbers are wanted, it returns function"),
    "ragged": (lambda b: [[1], [2, 3]], "wrong", "numbers are wanted, it returns list"),
    "list of logits": (lambda b: b.tolist(), "wrong", "the values differ"),
    "in place": (in_place, "wrong", "it changes its input"),
    "called": (softmax(np.ones((2, 2))), "raised", "without brackets"),
}


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN)
def test_whatever_goes_wrong_gets_its_own_sentence(answer):
    function, state, sentence = answer
    result = check("softmax", function)
    assert result.state == state
    assert sentence in repr(result)
    assert "Traceback" not in repr(result)


def test_the_line_that_raised_is_shown():
    assert "`return [row[0].item() / nothing for row in batch]`" in said(
        divides_by_nothing
    )


@pytest.mark.parametrize("function", [no_end, no_end_and_deaf])
def test_an_answer_that_never_ends_is_stopped(function, monkeypatch):
    monkeypatch.setattr(engine, "SECONDS", 0.3)
    monkeypatch.setattr(engine, "PATIENCE", 1.0)
    threads = threading.active_count()
    result = check("softmax", function)
    assert result.state == "raised"
    assert "Is there a loop that never ends?" in repr(result)
    assert "restart" not in repr(result)
    assert threading.active_count() <= threads  # nothing runs on
    assert check("softmax", softmax).state == "right"


def test_time_that_others_take_is_not_counted(monkeypatch):
    """On a busy machine an honest answer gets no turn for a while."""
    monkeypatch.setattr(engine, "SECONDS", 0.1)

    def waits(batch):
        time.sleep(0.1)
        return softmax(batch)

    start = time.monotonic()
    assert check("softmax", waits).state == "right"
    assert time.monotonic() - start > 5 * engine.SECONDS


def test_what_others_compute_is_not_counted(monkeypatch):
    """Another thread of the kernel, such as TensorFlow's, is not the answer."""
    monkeypatch.setattr(engine, "SECONDS", 0.1)
    over = threading.Event()

    def busy():
        while not over.is_set():
            sum(range(1000))

    threading.Thread(target=busy, daemon=True).start()
    try:
        assert check("softmax", softmax).state == "right"
    finally:
        over.set()


def test_an_answer_that_waits_for_ever_is_stopped(monkeypatch):
    monkeypatch.setattr(engine, "PATIENCE", 0.3)
    result = check("softmax", lambda batch: [time.sleep(0.01) for _ in iter(int, 1)])
    assert result.state == "raised"
    assert "Is there a loop that never ends?" in repr(result)


def test_an_answer_that_cannot_be_stopped_is_said(monkeypatch):
    monkeypatch.setattr(engine, "PATIENCE", 0.3)
    over = threading.Event()

    def deaf(batch):
        while not over.is_set():
            with contextlib.suppress(BaseException):
                time.sleep(0.05)

    assert "and runs on: restart the kernel" in said(deaf)
    over.set()


def test_right_says_how_much_was_tried():
    assert said(softmax) == "● right: 6 inputs, 3 properties"
    listed = said(lambda batch: softmax(batch).tolist())
    assert listed.startswith("● right")
    assert "returns a list" in listed


def test_warnings_and_prints_of_an_answer_do_no_harm(recwarn):
    def noisy(batch):
        np.log(np.zeros(1))
        np.array([1e308]) * 10
        return softmax(batch)

    assert check("softmax", noisy).state == "right"
    assert not recwarn.list


def test_examples_alone_do_not_do():
    table = [(args[0].tobytes(), softmax(*args)) for args in exercise("softmax").inputs]

    def by_heart(batch):
        return next((out for key, out in table if key == batch.tobytes()), batch)

    result = check("softmax", by_heart)
    assert result.state == "wrong"
    assert "the examples are right, but not: " in repr(result)


# hints and memory


def wrong(number):
    """A wrong answer, another one for each number."""
    return eval(f"lambda batch: batch + {number}")


def test_hints_are_earned_by_different_tries():
    hints = exercise("softmax").hints
    assert hints[0] in said(wrong(10))
    assert hints[1] not in said(wrong(10))  # the same again earns nothing
    assert hints[1] in said(wrong(20))
    assert "def softmax" not in said(wrong(20))
    assert hints[2] in said(wrong(30))
    assert "def softmax(batch):" in said(wrong(30))
    store.STORES.clear()  # a new kernel
    assert hints[2] in said(wrong(10))


def test_a_right_answer_earns_no_hint():
    said(wrong(10))
    said(softmax)
    assert len(check("softmax", wrong(10)).hints) == 1


def test_another_helper_is_another_try():
    factor = 2

    def helper(batch):
        return batch * factor

    check("softmax", lambda batch: helper(batch))
    factor = 3
    assert len(check("softmax", lambda batch: helper(batch)).hints) == 2


class Object:
    def __call__(self, batch):
        raise KeyError("lost")


@pytest.mark.parametrize(
    "answer", [functools.partial(np.reshape, np.ones(5)), Object(), np.add, np.ndarray]
)
def test_whatever_can_be_called_gets_its_sentence(answer):
    assert said(answer).startswith("✗ it stops. ")


def test_values_that_print_alike_are_shown_with_more_digits():
    result = check("softmax", lambda batch: softmax(batch) + 1e-7)
    (_, expected), (_, got) = result.rows[1:]
    assert expected != got


def test_an_untouched_exercise_is_not_a_try():
    for _ in range(5):
        check("softmax", lambda batch: None)
    assert store.recall("check") == []
    assert "hint" not in said(lambda batch: None)


def test_what_was_tried_is_remembered_without_the_code():
    check("softmax", lambda batch: np.exp(batch))
    check("softmax", softmax)
    first, second = store.recall("check", "softmax")
    assert (first["state"], first["mistake"]) == ("wrong", "does not divide at all")
    assert (second["state"], second["mistake"]) == ("right", None)
    assert len(first["code"]) == 8
    assert first["code"] != second["code"]


def test_the_page_is_escaped_and_the_table_has_headers():
    result = check("softmax", lambda batch: "<script>")
    page = result._repr_mimebundle_()["text/html"]
    assert "<script>" not in page
    assert page.count('<th scope="row"') == 3
    assert "<details><summary>a hint</summary>" in page
    assert result._repr_mimebundle_()["text/plain"] == repr(result)


def test_an_exercise_that_does_not_exist_is_named():
    with pytest.raises(ValueError, match="no such exercise; did you mean 'softmax'"):
        check("sofmax", softmax)


# exercises that ask for values


def test_values_are_right_wrong_or_nothing_to_compute_with():
    assert check("blind spots", (None, 3)).state == "not attempted"
    assert check("blind spots", (7, -2.5)).state == "right"
    result = check("blind spots", ("seven", 2))
    assert result.state == "raised"
    assert "no values to compute with" in repr(result)
    result = check("let 7 win", (-1.0, -1.0))
    assert result.mistake == "7 leads, but not clearly"
    assert "got" in repr(result)


def test_values_that_the_exercise_does_not_unpack_are_raised():
    assert check("let 7 win", -3.0).state == "raised"
    assert check("let 7 win", (1, 2, 3)).state == "raised"
    assert "give 2 values, not 3" in repr(check("let 7 win", (1, 2, 3)))
    assert check("let 7 win", [-4.0, -4.0]).state == "right"
    assert check("let 7 win", np.array([-4.0, -4.0])).state == "right"


def test_keras_tensors_are_compared_by_what_they_hold():
    class Tensor:
        """Equal to nothing, as a tensor with hidden logits might be."""

        def __init__(self, values):
            self.values = values

        def __array__(self, dtype=None, copy=None):
            return np.array(self.values, dtype=dtype)

    assert check("softmax", lambda batch: Tensor(softmax(batch))).state == "right"
