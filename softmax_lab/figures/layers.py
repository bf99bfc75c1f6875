"""A matplotlib figure in two SVG layers: one that stays, one that moves."""

import html
import io
import threading
from contextlib import contextmanager
from functools import lru_cache
from itertools import chain

import matplotlib as mpl
from matplotlib.backends.backend_svg import FigureCanvasSVG, RendererSVG
from matplotlib.figure import Figure
from matplotlib.textpath import text_to_path
from matplotlib.ticker import FixedLocator

from softmax_lab.figures.draw import STYLE

ONE_AT_A_TIME = threading.RLock()
NO_METADATA = dict.fromkeys(["Date", "Format", "Type", "Creator"])


@contextmanager
def settings(rc):
    """Matplotlib's `rc_context` for settings that are already validated.

    That one copies and checks all 300 settings, a tenth of a drawing. The
    settings are shared by all threads, so one thread draws at a time.
    """
    with ONE_AT_A_TIME:
        before = {key: mpl.rcParams[key] for key in rc}
        dict.update(mpl.rcParams, rc)
        try:
            yield
        finally:
            dict.update(mpl.rcParams, before)


@lru_cache(maxsize=4096)
def text_size(text, font, ismath):
    """Width, height and descent; measured once, since values come again."""
    return text_to_path.get_text_width_height_descent(text, font, ismath)


class Renderer(RendererSVG):
    """Matplotlib's SVG renderer with a memory for the size of texts."""

    def get_text_width_height_descent(self, s, prop, ismath):
        return text_size(s, prop, ismath)


class Layers:
    """Draws with a function again and again and keeps what did not change.

    static   axes, ticks and labels, as the inside of an SVG
    moving   what the last call of the drawing function added

    `salt` makes the ids inside the SVG unique on a page.
    """

    def __init__(self, size=(7.2, 3.2), panels=None, salt=""):
        self.style = {**STYLE, "svg.hashsalt": salt}
        with settings(self.style):
            # An SVG has 72 units an inch; with that dpi both layers agree.
            self.figure = Figure(figsize=size, dpi=72)
            FigureCanvasSVG(self.figure)
            count = len(panels) if panels else 1
            axes = self.figure.subplots(1, count, width_ratios=panels, squeeze=False)
        self.axes = tuple(axes.flat)
        self.static = self.moving = ""
        self._frame = None

    @property
    def box(self):
        """Width and height of the picture in SVG units."""
        return self.figure.bbox.width, self.figure.bbox.height

    def draw(self, draw, values):
        """Call `draw(ax, **values)` on empty axes and render what it added.

        Returns what `draw` returned. The axes are left empty, and after an
        error `static` and `moving` are as they were.
        """
        with settings(self.style):
            try:
                for ax in self.axes:
                    empty(ax)
                said = draw(self.axes if len(self.axes) > 1 else self.axes[0], **values)
                self._render(self._added())
                return said
            finally:
                for artist in self._added():
                    artist.remove()
                for ax in self.axes:
                    ax.containers.clear()

    def _added(self):
        """All artists in the figure besides those that empty axes have."""
        own = {self.figure.patch, *self.axes}
        for ax in self.axes:
            own |= {ax.xaxis, ax.yaxis, ax.patch, *ax.spines.values(), *titles_of(ax)}
        children = [part.get_children() for part in (self.figure, *self.axes)]
        return [artist for artist in chain(*children) if artist not in own]

    def _render(self, added):
        titles = [title for ax in self.axes for title in titles_of(ax)]
        frame = [frame_of(ax) for ax in self.axes]
        if frame != self._frame:
            self.figure.set_layout_engine("constrained")
            self.figure.draw_without_rendering()
            self.figure.set_layout_engine("none")  # until the frame changes again
            static = self._svg([self.figure], hidden=added + titles)
        else:
            static = self.static
        moving = self._svg(sorted(added + titles, key=lambda artist: artist.zorder))
        self.static, self.moving, self._frame = static, moving, frame

    def _svg(self, artists, hidden=()):
        """The inside of an SVG with `artists` and without those in `hidden`."""
        shown = [artist for artist in hidden if artist.get_visible()]
        out = io.StringIO()
        renderer = Renderer(*self.box, out, metadata=NO_METADATA)
        start = out.tell()
        try:
            for artist in shown:
                artist.set_visible(False)
            for artist in artists:
                artist.draw(renderer)
            renderer.finalize()
        finally:
            for artist in shown:
                artist.set_visible(True)
        return out.getvalue()[start:].removesuffix("</svg>\n")


def empty(ax):
    """Forget the limits, shape, colours and titles of the last drawing.

    `ax.clear()` would also do, in 5 ms, since it makes every tick anew.
    """
    ax.relim()
    ax.set_autoscale_on(True)
    ax.set_prop_cycle(None)
    ax.set_axis_on()
    ax.set_aspect("auto")
    for axis in (ax.xaxis, ax.yaxis):
        if axis.get_inverted():
            axis.set_inverted(False)
    for title in titles_of(ax):
        title.set_text("")


def titles_of(ax):
    """The left, middle and right title: the only texts of empty axes.

    They count as moving, since they often carry a slider's value.
    """
    return [ax.title, ax._left_title, ax._right_title]


def frame_of(ax):
    """All that the static layer shows of `ax`; if it is equal, so is the layer."""
    edges = [spine.get_visible() for spine in ax.spines.values()]
    return [ax.axison, ax.get_aspect(), ax.get_facecolor(), edges] + [
        (
            tuple(axis.get_view_interval()),
            axis.get_visible() and ticks_of(axis),
            axis.get_label_text(),
            axis.get_scale(),
        )
        for axis in (ax.xaxis, ax.yaxis)
    ]


def ticks_of(axis):
    """What decides the ticks besides the limits.

    Places and names where they were given; otherwise the objects that will
    choose them, which is quicker than to let them choose.
    """
    locator, formatter = axis.get_major_locator(), axis.get_major_formatter()
    if not isinstance(locator, FixedLocator):
        return locator, formatter
    return tuple(locator.locs), tuple(formatter.format_ticks(locator.locs))


def as_svg(inside, box, label=None):
    """Wrap the inside of a layer as an SVG element that scales with its column.

    With `label` it is an image with that name to a screen reader; without,
    a screen reader passes over it.
    """
    width, height = box
    role = (
        f'role="img" aria-label="{html.escape(label)}"'
        if label
        else "aria-hidden='true'"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" '
        f'xmlns:xlink="http://www.w3.org/1999/xlink" {role} '
        f'viewBox="0 0 {width:g} {height:g}" style="display: block; width: 100%; '
        f"max-width: {1.4 * width:.0f}px; height: auto; "
        f'stroke-linejoin: round; stroke-linecap: butt">\n{inside}</svg>'
    )
