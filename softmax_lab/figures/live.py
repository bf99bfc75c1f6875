"""Live figures: sliders around an ordinary drawing function."""

import asyncio
import html
import inspect
import math
import uuid
from numbers import Integral, Real

import ipywidgets as widgets
from traitlets import CFloat, CInt

from softmax_lab.base.errors import line_of
from softmax_lab.figures.access import names
from softmax_lab.figures.goals import Goals
from softmax_lab.figures.layers import Layers, as_svg

HANDLE = "#4477AA"  # is seen on white and on black; ipywidgets' own is not


def live(draw, *, size=(7.2, 3.2), panels=None, goals=None, **sliders):
    """Show `draw` as a figure that follows its sliders.

        def draw(ax, temperature=1.0):
            draw_probs(ax, softmax(logits / temperature), names)
            return f"At temperature {temperature:.1f} ..."

        live(draw, temperature=(0.1, 10.0))

    draw     draws on `ax`; its other arguments are the sliders' values, and
             their defaults are where the sliders start. It may return a
             sentence, which stands under the figure and names it to a screen
             reader.
    size     width and height in inches
    panels   relative widths of panels side by side, such as (3, 2); `draw`
             then gets a tuple of axes instead of one
    goals    {sentence: condition} for the learner to reach: a function of those
             sliders that it names, and of `moves`, their number since the
             last reset, if it names that. Where a condition holds nowhere,
             the right answer is to say so.
    sliders  for each argument of `draw` (low, high) or (low, high, step) for
             a number, or a list of values to choose from; without any, the
             figure is a still picture with a sentence

    `draw` meets empty axes at every move; ticks and labels alone stay as it
    last set them. What it adds is sent, and the axes only when they change.
    Raises TypeError or ValueError when sliders and arguments do not fit.
    """
    return Live(draw, sliders, size, panels, goals)


class Live(widgets.VBox):
    """What `live` returns.

    values    the sliders' values by name
    set       moves sliders from code and draws before it returns
    sentence  the text under the figure
    error     what went wrong in the last drawing, or ""
    goals     the list of goals under the figure, or None
    """

    def __init__(self, draw, sliders, size=(7.2, 3.2), panels=None, goals=None):
        self.draw = draw
        self.controls, rows = make_controls(draw, sliders)
        self.sentence = self.error = ""
        self._size, self._panels = size, panels
        self._start = self.values
        self._waiting = False
        same_cell = {"grid_area": "1 / 1", "width": "100%", "margin": "0"}
        self._static = widgets.HTML(layout=same_cell)
        self._moving = widgets.HTML(layout=same_cell)
        self._message = widgets.HTML()
        self._layers = Layers(size, panels, salt=uuid.uuid4().hex)
        self.goals = Goals(goals, self.controls) if goals else None
        self.redraw()

        for control in self.controls.values():
            control.observe(self._on_move, "value")
        reset = widgets.Button(
            description="reset", tooltip="back to the start", layout={"width": "6em"}
        )
        reset.on_click(lambda _: self._on_reset())
        stage = widgets.Box(
            [self._static, self._moving, names()],
            layout={"display": "grid", "width": "100%"},
        )
        controls = [*rows, reset] if rows else []
        below = [self.goals] if goals else []
        super().__init__([stage, self._message, *controls, *below])
        self.add_class("softmax-lab-live")

    @property
    def values(self):
        return {name: control.value for name, control in self.controls.items()}

    def set(self, **values):
        for name, value in values.items():
            check_value(self.controls, name, value)
        self._waiting = True  # one drawing for all
        for name, value in values.items():
            self.controls[name].value = value
        self.redraw()

    def _on_reset(self):
        self.set(**self._start)
        if self.goals:
            self.goals.forget_moves()

    def _on_move(self, change):
        """Draw as soon as the kernel is free, once, with the latest values."""
        if self.goals:
            self.goals.count(change["owner"])
        if self._waiting:
            return
        self._waiting = True
        try:
            asyncio.get_running_loop().call_soon(self._draw_if_waiting)
        except RuntimeError:  # no event loop: plain Python, not a notebook
            self.redraw()

    def _draw_if_waiting(self):
        if self._waiting:
            self.redraw()

    def redraw(self):
        """Draw with the sliders' values; an error becomes a message."""
        self._waiting = False
        values = self.values
        try:
            said = self._layers.draw(self.draw, values)
        except Exception as error:
            self.error = explain(error, self.draw)
            self._message.value = as_alert(self.error)
            return
        self.sentence = said if isinstance(said, str) else describe(values)
        self.error = self._message.value = ""
        self._static.value = as_svg(self._layers.static, self._layers.box)
        picture = as_svg(self._layers.moving, self._layers.box, self.sentence)
        self._moving.value = picture + as_caption(self.sentence)
        if self.goals:
            self.goals.look(values)

    def still(self):
        """The figure as it stands, as one SVG with the same bytes every time."""
        layers = Layers(self._size, self._panels, salt="still")
        layers.draw(self.draw, self.values)
        return as_svg(layers.static + layers.moving, layers.box, self.sentence)

    def _repr_mimebundle_(self, **kwargs):
        """The widget, and for readers without a kernel a picture and a text."""
        bundle = super()._repr_mimebundle_(**kwargs)
        goals = (
            [f"○ {sentence}" for sentence in self.goals.conditions]
            if self.goals
            else []
        )
        bundle["text/plain"] = "\n".join([self.error or self.sentence, *goals])
        if not self.error:
            bundle["image/svg+xml"] = self.still()
        return bundle

    def __repr__(self):
        return f"<live figure with sliders {list(self.controls)}>"


class FloatSlider(widgets.FloatSlider):
    """A slider whose moves the kernel does not send back: a message less a move."""

    value = CFloat(0.0).tag(sync=True, echo_update=False)


class IntSlider(widgets.IntSlider):
    """The same for whole numbers."""

    value = CInt(0).tag(sync=True, echo_update=False)


def make_controls(draw, sliders):
    """Return {name: control with the value} and the rows to show, in order."""
    arguments = list(inspect.signature(draw).parameters.values())[1:]
    names = [argument.name for argument in arguments]
    for name in sliders:
        if name not in names:
            raise TypeError(
                f"live() has a slider {name!r}, but the drawing function takes "
                f"only {', '.join(names) or 'the axes'}"
            )
    controls, rows = {}, []
    for argument in arguments:
        name, start = argument.name, argument.default
        if name in sliders:
            controls[name], row = make_control(name, sliders[name], start)
            rows.append(row)
        elif start is argument.empty:
            raise TypeError(
                f"the drawing function needs {name!r}: give it a slider, "
                f"live(..., {name}=(low, high)), or a default"
            )
    return controls, rows


def make_control(name, spec, start):
    """A row of buttons for a list, a number box with its slider for a range."""
    label = name.replace("_", " ")
    if isinstance(spec, list):
        start = spec[0] if start is inspect.Parameter.empty else start
        if start not in spec:
            raise ValueError(f"{name} starts at {start!r}, which is not among {spec}")
        buttons = widgets.ToggleButtons(options=spec, value=start, description=label)
        return buttons, buttons

    low, high, step = parse_range(name, spec)
    start = middle(low, high, step) if start is inspect.Parameter.empty else start
    if not low <= start <= high:
        raise ValueError(f"{name} starts at {start!r}, outside {low!r} to {high!r}")
    whole = all(isinstance(number, Integral) for number in (low, high, step, start))
    box_kind = widgets.BoundedIntText if whole else widgets.BoundedFloatText
    slider_kind = IntSlider if whole else FloatSlider
    limits = {"min": low, "max": high, "step": step, "value": start}
    # The box carries the label; the handle gets it from there (access.py).
    box = box_kind(
        description=label,
        **limits,
        style={"description_width": "7em"},  # room for "temperature"
        layout={"width": "12em"},
    )
    slider = slider_kind(
        readout=False,
        **limits,
        style={"handle_color": HANDLE},
        layout={"width": "auto", "flex": "1 1 8em"},
    )
    digits = max(0, -math.floor(math.log10(step))) + 1
    rounded = (lambda value: round(value, digits), lambda value: value)
    widgets.link((slider, "value"), (box, "value"), rounded)
    row = widgets.HBox([box, slider], layout={"max_width": "40em"})
    return box, row.add_class("softmax-lab-row")


def parse_range(name, spec):
    """Return low, high, step of (low, high) or (low, high, step)."""
    numbers = spec if isinstance(spec, tuple) else ()
    real = all(isinstance(number, Real) and math.isfinite(number) for number in numbers)
    if len(numbers) not in (2, 3) or not real or not numbers[0] < numbers[1]:
        raise ValueError(
            f"{name}={spec!r}: give (low, high) or (low, high, step), with finite "
            "numbers and low < high, or a list of values to choose from"
        )
    low, high = numbers[:2]
    if len(numbers) == 3:
        step = numbers[2]
        if not 0 < step <= high - low:
            raise ValueError(f"{name}={spec!r}: the step must be above 0 and fit in")
    elif isinstance(low, Integral) and isinstance(high, Integral):
        step = 1
    else:
        step = 10.0 ** math.floor(math.log10((high - low) / 50))
    return low, high, step


def middle(low, high, step):
    return low + round((high - low) / 2 / step) * step


def check_value(controls, name, value):
    """Refuse a value that the control of that name could not take."""
    if name not in controls:
        raise ValueError(
            f"{name}={value!r}: this figure has no such slider; it has "
            + ", ".join(controls)
        )
    control = controls[name]
    if isinstance(control, widgets.ToggleButtons):
        if value not in control.options:
            raise ValueError(f"{name}={value!r}: choose one of {list(control.options)}")
    elif not (isinstance(value, Real) and control.min <= value <= control.max):
        raise ValueError(
            f"{name}={value!r}: the slider goes from {control.min} to {control.max}"
        )


def describe(values):
    """A sentence for a drawing function that returns none."""
    return ", ".join(f"{name} = {value}" for name, value in values.items())


def explain(error, draw):
    """Say in one sentence what went wrong in `draw`, and in which line."""
    place = line_of(error, draw)
    stopped = f"stopped in {place}" if place else "could not be drawn"
    return f"{draw.__name__} {stopped}. {type(error).__name__}: {error}"


def as_alert(text):
    return f'<p role="alert"><strong>✗ {html.escape(text)}</strong></p>'


def as_caption(text):
    return f'<p role="status" style="line-height: 1.4">{html.escape(text)}</p>'
