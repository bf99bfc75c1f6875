"""Goals of a live figure: they tick themselves when the sliders get there."""

import html
import inspect
import itertools
import math
import time

import ipywidgets as widgets
import numpy as np

from softmax_lab.base import store

PAUSE = 1.0  # seconds without a change that end a move
POSITIONS = 2000  # of the sliders, that are tried to see what can be reached


class Goals(widgets.VBox):
    """The goals of one figure, below its sliders.

    conditions  {sentence: condition on the sliders' values}
    impossible  the sentences whose condition holds nowhere: tried out, so that
                the code above a figure does not give it away
    reached     the sentences that are ticked; they stay ticked, also next time
    moves       how often a slider was moved since the last reset; a drag or a
                run of key presses counts once

    Where a goal is impossible, every goal has a button that says so: giving up
    is the right answer there, and a wrong one elsewhere.
    """

    def __init__(self, conditions, controls):
        for sentence, condition in conditions.items():
            check_condition(sentence, condition, controls)
        self.conditions = conditions
        self.impossible = {
            sentence
            for sentence, condition in conditions.items()
            if not reachable(condition, controls)
        }
        self.reached = {g["id"] for g in store.recall("goal")} & set(conditions)
        self.forget_moves()
        self._lines = {sentence: widgets.HTML() for sentence in conditions}
        self._buttons = {}
        rows = []
        for sentence, line in self._lines.items():
            self._write(sentence)
            parts = [line]
            if self.impossible:
                button = widgets.Button(
                    description="cannot be done",
                    tooltip=f"cannot be done: {sentence}",
                    layout={"width": "10em", "flex": "0 0 auto"},
                )
                button.on_click(lambda _, sentence=sentence: self.give_up(sentence))
                self._buttons[sentence] = button
                parts = [button, line]
            rows.append(widgets.HBox(parts, layout={"align_items": "center"}))
        super().__init__(rows, layout={"margin": "6px 0 0 0"})

    def look(self, values):
        """Tick every goal whose condition these values meet."""
        for sentence, condition in self.conditions.items():
            if sentence not in self.reached and holds(condition, values, self.moves):
                self._tick(sentence)

    def give_up(self, sentence):
        """The learner says that this cannot be done."""
        if sentence in self.impossible:
            self._tick(sentence)
        elif sentence not in self.reached:
            self._write(sentence, " It can be done: keep trying.")

    def count(self, slider):
        """Count a move: another slider, or the same one after a pause."""
        now = time.monotonic()
        if slider is not self._last or now - self._when > PAUSE:
            self.moves += 1
        self._last, self._when = slider, now

    def forget_moves(self):
        self.moves, self._last, self._when = 0, None, 0.0

    def _tick(self, sentence):
        if sentence not in self.reached:
            self.reached.add(sentence)
            store.remember("goal", sentence)
        self._write(sentence)

    def _write(self, sentence, more=""):
        done = sentence in self.reached
        mark = "✓" if done else "○"
        if done and sentence in self.impossible:
            more = " Right, it cannot."
        self._lines[
            sentence
        ].value = f'<span role="status">{mark} {html.escape(sentence + more)}</span>'


def holds(condition, values, moves=1):
    """Whether a condition holds; it gets those arguments that it names."""
    known = {**values, "moves": moves}
    names = inspect.signature(condition).parameters
    return bool(condition(**{name: known[name] for name in names}))


def reachable(condition, controls):
    """Whether a condition holds anywhere; only the sliders that it names matter."""
    names = inspect.signature(condition).parameters
    named = {name: control for name, control in controls.items() if name in names}
    return any(
        holds(condition, place, moves)
        for moves in ((1, 10) if "moves" in names else (1,))
        for place in positions(named)
    )


def positions(controls):
    """Yield positions of the sliders, evenly spread and with all corners."""
    buttons = {
        name: control.options
        for name, control in controls.items()
        if isinstance(control, widgets.ToggleButtons)
    }
    left = POSITIONS / math.prod(map(len, buttons.values()))
    count = round(left ** (1 / max(1, len(controls) - len(buttons))))
    spread = [
        buttons[name] if name in buttons else values_of(control, count)
        for name, control in controls.items()
    ]
    for values in itertools.product(*spread):
        yield dict(zip(controls, values, strict=True))


def values_of(slider, count):
    """Return up to `count` of the values that a slider can take, both ends among them."""
    steps = round((slider.max - slider.min) / slider.step)
    chosen = np.linspace(0, steps, min(max(count, 2), steps + 1)).round()
    return [type(slider.value)(slider.min + slider.step * step) for step in chosen]


def check_condition(sentence, condition, controls):
    """Refuse a condition that asks for a slider which is not there."""
    if not callable(condition):
        raise TypeError(
            f"goal {sentence!r}: the condition {condition!r} is no function"
        )
    for name in inspect.signature(condition).parameters:
        if name not in controls and name != "moves":
            raise ValueError(
                f"goal {sentence!r}: the condition asks for {name!r}; the figure has "
                f"the sliders {', '.join(controls)}, and `moves`"
            )
