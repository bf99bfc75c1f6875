"""Exercises: an answer is checked, and a mistake is called by its name."""

import ctypes
import hashlib
import html
import inspect
import textwrap
import threading
import time
import warnings
from contextlib import suppress
from copy import deepcopy
from typing import Any, NamedTuple

import numpy as np

from softmax_lab.base import store
from softmax_lab.base.errors import line_of
from softmax_lab.base.extras import needed_by
from softmax_lab.lessons import catalogue

SECONDS = 5.0  # of processor time, for all inputs of an exercise together
PATIENCE = 30.0  # seconds by the clock: an answer may also wait for ever
TRIES = 3  # failed tries until the solution shows
KNOWN = {}  # what known mistakes give


class Outcome(NamedTuple):
    """What one trial call did."""

    value: Any = None
    error: BaseException | None = None
    changed: bool = False  # the input is not what it was


class StillRunning(BaseException):
    """Raised inside an answer that does not come to an end."""


def check(name, answer):
    """Check an answer: a function, or the values that an exercise asks for.

    Returns what is to be shown; its `state` is "not attempted", "raised",
    "wrong" or "right", its `mistake` the name of the mistake, if it is known.
    Each failed try earns a hint, the third the solution.
    Raises ValueError for a name that is no exercise, MissingPackageError where the
    exercise needs what is not installed.
    """
    exercise = catalogue.exercise(name)
    judge = judge_values if exercise.accepts else judge_function
    with needed_by("This exercise"):
        result = judge(exercise, answer)
    if result.state != "not attempted":
        store.remember(
            "check",
            name,
            state=result.state,
            mistake=result.mistake,
            code=fingerprint(answer, result.trace),
        )
    if result.state in ("raised", "wrong"):
        tried = store.recall("check", name)
        tries = {r.get("code") for r in tried if r.get("state") != "right"}
        result.hints = exercise.hints[: len(tries)]
        if len(tries) >= TRIES:
            result.solution, result.reason = solution(exercise), exercise.reason
    result.notice = store.notice()
    return result


class Result:
    """What is shown of a check."""

    def __init__(self, state, said, rows=(), mistake=None):
        self.state, self.said, self.mistake = state, said, mistake
        self.rows = rows  # (name, text) of the input, what was expected, what came
        self.trace = ""  # what all trial calls gave, to tell one try from another
        self.hints, self.solution, self.reason, self.notice = [], "", "", ""

    def _repr_mimebundle_(self, **kwargs):
        return {"text/plain": repr(self), "text/html": self.as_html()}

    def __repr__(self):
        rows = [f"  {name:9} {text}" for name, text in self.rows]
        hints = [f"  hint: {hint}" for hint in self.hints]
        rest = [self.solution, self.reason] if self.solution else []
        return "\n".join([self.said[0], *rows, *self.said[1:], *hints, *rest])

    def as_html(self):
        first, *more = map(html.escape, self.said)
        cells = [
            f'<tr><th scope="row" style="text-align: left">{name}</th>'
            f'<td style="text-align: left"><code>{html.escape(text)}</code></td></tr>'
            for name, text in self.rows
        ]
        table = f"<table>{''.join(cells)}</table>" if cells else ""
        folds = [("a hint", f"<p>{html.escape(hint)}</p>") for hint in self.hints]
        if self.solution:
            code, reason = html.escape(self.solution), html.escape(self.reason)
            folds.append(("a solution", f"<pre>{code}</pre><p>{reason}</p>"))
        details = [f"<details><summary>{s}</summary>{t}</details>" for s, t in folds]
        notice = f"<p><em>{html.escape(self.notice)}</em></p>" if self.notice else ""
        paragraphs = "".join(f"<p>{line}</p>" for line in more)
        return (
            f'<div role="status" style="max-width: 46em; line-height: 1.45">'
            f"<p><strong>{first}</strong></p>{table}{paragraphs}{''.join(details)}"
            f"{notice}</div>"
        )


def judge_values(exercise, answer):
    """Judge an answer that consists of one or more values."""
    several = isinstance(answer, (tuple, list, np.ndarray))
    values = tuple(answer) if several else (answer,)
    names = inspect.signature(exercise.accepts).parameters
    if len(values) != len(names):
        return Result("raised", [f"✗ give {len(names)} values, not {len(values)}"])
    if any(value is None for value in values):
        return Result("not attempted", ["○ not attempted yet: a value is still None"])
    rows = [("got", ", ".join(map(show, values)))]
    try:
        found = next((m for m in exercise.mistakes if m.matches(*values)), None)
        right = not found and exercise.accepts(*values)
    except Exception as error:
        said = f"✗ these are no values to compute with: {type(error).__name__}: {error}"
        return Result("raised", [said], rows)
    if right:
        return Result("right", [f"● right. {exercise.reason}"])
    if not found:
        return Result("wrong", ["✗ not yet"], rows)
    return Result("wrong", ["✗ not yet", *advice(found)], rows, found.name)


def judge_function(exercise, answer):
    """Judge a function by its values, then by what must hold for all inputs."""
    if answer is None:
        return Result("not attempted", ["○ not attempted yet: there is no function"])
    if not callable(answer):
        said = "✗ hand over the function itself, by its name and without brackets"
        return Result("raised", [said])
    outcomes = trial(exercise.as_function(answer), exercise.inputs)
    result = judge_outcomes(exercise, answer, outcomes)
    result.trace = repr(
        [show(o.value, 9) if o.error is None else o.error for o in outcomes]
    )
    return result


def judge_outcomes(exercise, answer, outcomes):
    """Judge a function by what its trial calls gave."""
    if all(o.value is None and o.error is None for o in outcomes):
        said = "○ not attempted yet: the function returns None"
        return Result("not attempted", [said])
    reference = exercise.as_function(exercise.reference)
    expected = [reference(*deepcopy(args)) for args in exercise.inputs]
    checked = zip(exercise.inputs, outcomes, expected, strict=True)
    for args, outcome, wanted in checked:
        complaint = fault(outcome, wanted, answer, args)
        if complaint:
            state = "raised" if outcome.error else "wrong"
            rows = [("input", ", ".join(map(show, args)))]
            if outcome.error is None:
                rows += side_by_side(wanted, outcome.value)
            mistake = named(exercise, outcomes)
            said = [f"✗ {complaint}", *(advice(mistake) if mistake else [])]
            return Result(state, said, rows, mistake.name if mistake else None)
    properties = exercise.properties or {}
    for sentence, holds in properties.items():
        (outcome,) = trial(lambda holds=holds: bool(holds(answer)), [()])
        if outcome.value is not True:
            said = [f"✗ the examples are right, but not: {sentence}"]
            if outcome.error:
                said.append(f"There it stops with {outcome.error!r}.")
            return Result("wrong", said)
    said = f"● right: {len(expected)} inputs, {len(properties)} properties"
    if any(isinstance(o.value, list) for o in outcomes):
        return Result(
            "right", [said, "It returns a list; np.array(...) makes an array."]
        )
    return Result("right", [said])


def side_by_side(wanted, got):
    """Two rows, with so many digits that they differ if the values do."""
    for digits in (4, 9, 17):
        texts = show(wanted, digits), show(got, digits)
        if texts[0] != texts[1]:
            break
    return list(zip(("expected", "got"), texts, strict=True))


def advice(mistake):
    known = f"Known mistake: {mistake.name}. {mistake.message}"
    return [known, f"Try: {mistake.experiment}"]


def trial(function, inputs):
    """Call `function` with copies of each input; it may raise or never end.

    It runs in a thread of its own: that can be left to itself on every platform.
    """
    outcomes, clocks = [], []

    def work():
        clocks.append(own_clock())
        with suppress(StillRunning), np.errstate(all="ignore"):
            for args in inputs:
                copies = deepcopy(args)
                try:
                    value = function(*copies)
                except StillRunning:
                    raise
                except BaseException as error:  # exit() and Ctrl-C as well
                    outcomes.append(Outcome(error=error))
                else:
                    outcomes.append(Outcome(value, changed=not alike(copies, args)))

    thread = threading.Thread(target=work, daemon=True)
    with warnings.catch_warnings(action="ignore"):
        thread.start()
        seconds = wait_for(thread, clocks)
        done = len(outcomes)
        if thread.is_alive():
            stop(thread)
    if done < len(inputs):
        limit = StillRunning(f"it was still running after {seconds:.0f} seconds")
        if thread.is_alive():
            limit = StillRunning(f"{limit}, and runs on: restart the kernel")
        outcomes[done:] = [Outcome(error=limit)] * (len(inputs) - done)
    return outcomes


def own_clock():
    """Return a function that tells for how long the calling thread has computed.

    Where the system does not tell, all that this Python has computed since now.
    """
    if hasattr(time, "pthread_getcpuclockid"):
        clock = time.pthread_getcpuclockid(threading.get_ident())
        return lambda: time.clock_gettime(clock)
    start = time.process_time()
    return lambda: time.process_time() - start


def wait_for(thread, clocks):
    """Wait until a thread ends or has had its time; return the limit in seconds.

    Processor time counts, since on a busy machine the clock on the wall runs on
    while an honest answer gets no turn.
    """
    end = time.monotonic() + PATIENCE
    while thread.is_alive() and time.monotonic() < end:
        with suppress(OSError):  # it has ended this moment
            if any(clock() > SECONDS for clock in clocks):
                return SECONDS
        thread.join(0.02)
    return PATIENCE


def stop(thread):
    """Raise StillRunning inside the thread, as Ctrl-C would in the main one."""
    ident = ctypes.c_ulong(thread.ident)
    kind = ctypes.py_object(StillRunning)
    for _ in range(3):  # one may be caught
        if thread.is_alive():
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ident, kind)
            thread.join(1.0)


def fault(outcome, wanted, answer, args):
    """Say what is wrong with an outcome, or return ""."""
    if isinstance(outcome.error, StillRunning):
        return f"{outcome.error}. Is there a loop that never ends?"
    if outcome.error:
        place = line_of(outcome.error, answer)
        stops = f"it stops in {place}" if place else "it stops"
        return f"{stops}. {type(outcome.error).__name__}: {outcome.error}"
    if outcome.value is None:
        return "here it returns None: is there a path without a return?"
    got = as_array(outcome.value)
    if got is None:
        return f"numbers are wanted, it returns {type(outcome.value).__name__}"
    if outcome.changed:
        return "it changes its input, which others may still need: work on a copy"
    if got.shape != np.shape(wanted):
        return f"shape {np.shape(wanted)} is expected, got {got.shape}"
    if np.isnan(got).any() and not np.isnan(wanted).any():
        return "there is a nan where a number is expected"
    return "" if close(got, wanted, args) else "the values differ"


def named(exercise, outcomes):
    """Return the known mistake that does the same for every input, or None."""
    for mistake in exercise.mistakes:
        theirs = outcomes_of(exercise, mistake)
        pairs = zip(outcomes, theirs, exercise.inputs, strict=True)
        if all(same(ours, other, args) for ours, other, args in pairs):
            return mistake
    return None


def outcomes_of(exercise, mistake):
    """What a known mistake gives: found out once, unless it ran out of time."""
    key = exercise.name, id(mistake)
    if key not in KNOWN:
        found = trial(exercise.as_function(mistake.wrong), exercise.inputs)
        if any(isinstance(outcome.error, StillRunning) for outcome in found):
            return found
        KNOWN[key] = found
    return KNOWN[key]


def same(ours, other, args):
    """Whether two outcomes are alike: the same kind of error, or close values."""
    if ours.error or other.error:
        return type(ours.error) is type(other.error)
    got, theirs = as_array(ours.value), as_array(other.value)
    if got is None or theirs is None:
        return got is theirs
    alike_in_place = ours.changed == other.changed
    return alike_in_place and got.shape == theirs.shape and close(got, theirs, args)


def close(got, wanted, args):
    """Whether values agree to the digits that their dtypes and the inputs' have."""
    given = [as_array(arg) for arg in args]
    arrays = [got, *(array for array in given if array is not None)]
    coarse = max([eps(array.dtype) for array in arrays if array.size])
    return np.allclose(got, wanted, rtol=coarse**0.6, atol=coarse**0.6, equal_nan=True)


def eps(dtype):
    """The step of a float dtype at 1; for whole numbers that of float64."""
    return np.finfo(dtype if dtype.kind == "f" else np.float64).eps


def as_array(value):
    """Return numbers as an array of their own, without what Keras hides in its
    tensors; None for anything else."""
    try:
        array = np.array(value)
    except Exception:
        return None
    return array if array.dtype.kind in "biuf" else None


def alike(one, two):
    """Whether two tuples of arguments hold the same numbers."""
    pairs = zip(one, two, strict=True)
    return all(np.array_equal(a, b, equal_nan=is_float(a)) for a, b in pairs)


def is_float(value):
    return np.asarray(value).dtype.kind == "f"


def show(value, digits=4):
    """Return a value as short text."""
    if isinstance(value, np.generic):
        value = value.item()  # not np.True_, whose repr differs between versions
    if isinstance(value, np.ndarray) and np.ndim(value):
        exact = {"float_kind": lambda number: f"{number:.{digits}g}"}
        text = np.array2string(value, threshold=24, separator=", ", formatter=exact)
        return " ".join(text.split())
    if isinstance(value, float):
        return f"{value:.{digits + 2}g}"
    if callable(value):
        return getattr(value, "__name__", "a function")
    return textwrap.shorten(repr(value), 120)


def solution(exercise):
    """The source of the reference, or its values."""
    reference = exercise.reference
    code = inspect.getsource(reference) if callable(reference) else show(reference)
    return textwrap.dedent(code).strip()


def fingerprint(answer, trace):
    """A short number that changes with the answer and with what it gave; neither
    can be read from it."""
    code = getattr(answer, "__code__", None)
    text = repr(bytecode(code) if code else "" if callable(answer) else answer)
    return hashlib.sha256((text + trace).encode()).hexdigest()[:8]


def bytecode(code):
    """What a function does, without line numbers and addresses."""
    consts = [bytecode(c) if inspect.iscode(c) else c for c in code.co_consts]
    return code.co_code, code.co_names, consts
