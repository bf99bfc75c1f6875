"""Pictures: functions that take an `ax` first and draw."""

from importlib.resources import files

import matplotlib as mpl
import numpy as np
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgba_array
from matplotlib.text import Text

STYLE = mpl.rc_params_from_file(
    str(files("softmax_lab.figures") / "lab.mplstyle"), use_default_template=False
)
# The corners of the simplex of three classes: first class left, second
# right, third on top.
CORNERS = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, 0.866]])


class Values(Text):
    """The heights of bars, written on them: one artist for all K numbers."""

    def __init__(self, places, heights, ends):
        super().__init__(ha="center")
        self.items = list(zip(places, heights, ends, strict=True))

    def draw(self, renderer):
        if not self.get_visible():
            return
        gc, font = renderer.new_gc(), self.get_fontproperties()
        gc.set_foreground(self.get_color())
        gap = renderer.points_to_pixels(4)
        for place, height, end in self.items:
            text = f"{height:z.2f}".replace("-", "−")
            width, tall, _ = renderer.get_text_width_height_descent(text, font, False)
            self.set_position((place, end))
            x, y = self.get_transform().transform((place, end))
            y += gap if height >= 0 else -gap - tall
            down = renderer.height - y if renderer.flipy() else y
            renderer.draw_text(gc, x - width / 2, down, text, font, 0, mtext=self)
        gc.restore()


def draw_bars(
    ax, heights, names, *, colors=None, shift=0.0, width=0.8, cut=None, **style
):
    """Draw a bar for each class from 0 to its height, with the height on it.

    heights  (K,) real; names (K,) labels under the axis
    colors   (K,); class k has colour Ck unless told otherwise
    shift    moves the bars along the axis, to set two kinds side by side
    cut      (low, high): a longer bar ends there, its number stays true
    style    passed to the bars, such as `alpha` or `hatch`; the outline of a
             pale bar keeps the full colour, so that it is seen on white

    All bars are one artist and all numbers another: a live figure makes them
    anew at every move, and the 2 K artists of `ax.bar` and `bar_label` take
    three times as long.
    """
    heights = np.asarray(heights, dtype=float)
    ends = heights if cut is None else np.clip(heights, *cut)
    places = np.arange(len(heights)) + shift
    left, right, zero = places - width / 2, places + width / 2, 0 * places
    corners = [(left, zero), (left, ends), (right, ends), (right, zero)]
    colors = colors or [f"C{k}" for k in range(len(heights))]
    faces = to_rgba_array(colors, style.pop("alpha", None))
    edges = "#222222" if "hatch" in style else colors  # lines are drawn with it
    style = {"edgecolors": edges, "linewidths": 1, **style}
    bars = PolyCollection(np.transpose(corners, (2, 0, 1)), facecolors=faces, **style)
    ax.add_collection(bars, autolim=False)
    ax.add_artist(Values(places, heights, ends))
    ax.set_xlim(-0.6, len(heights) - 0.4)
    ax.set_xticks(range(len(heights)), names)
    ax.yaxis.set_visible(False)  # the numbers are on the bars
    ax.spines.left.set_visible(False)
    signed = cut is not None or heights.min() < 0
    ax.spines.bottom.set_visible(not signed)
    if signed:
        ax.axhline(0, color=ax.spines.bottom.get_edgecolor(), linewidth=0.8)


def draw_probs(ax, probs, names, **style):
    """Draw probabilities as bars; full height is 1.

    probs (K,), names (K,); further arguments as for `draw_bars`
    """
    draw_bars(ax, probs, names, **style)
    ax.set_ylim(0, 1.1)


def draw_simplex(ax, names):
    """Draw the triangle whose points are the distributions over three classes.

    A corner is certainty of one class, the middle is 1/3 each.
    """
    ax.fill(*CORNERS.T, facecolor="#f4f4f4", edgecolor="#888888", linewidth=0.8)
    outside = CORNERS + 0.12 * (CORNERS - CORNERS.mean(axis=0))
    for place, name in zip(outside, names, strict=True):
        ax.text(*place, name, ha="center", va="center")
    ax.set(xlim=(-0.15, 1.15), ylim=(-0.12, 1.0), aspect="equal")
    ax.set_axis_off()


def draw_on_simplex(ax, probs, marker="o", **style):
    """Mark distributions over three classes on the triangle of `draw_simplex`.

    probs (3,) or (N, 3): a point is the mean of the corners, weighted by probs.
    """
    x, y = (np.asarray(probs) @ CORNERS).T
    ax.plot(x, y, marker, **style)


def draw_image(ax, image):
    """Draw a small grey image, dark where its values are large."""
    ax.imshow(image, cmap="gray_r")
    ax.set_axis_off()


def draw_reliability(ax, curve):
    """Draw how often claims come true: a point for each bin that is not empty.

    curve  a ReliabilityCurve; a point's number says how many examples it holds

    On the dashed line claim and truth agree; below it the claims are too sure.
    """
    ax.plot([0, 1], [0, 1], "--", color="#888888", linewidth=1)
    used = curve.count > 0
    confidence, accuracy = curve.confidence[used], curve.accuracy[used]
    ax.plot(confidence, accuracy, "o", color="C0")
    for x, y, count in zip(confidence, accuracy, curve.count[used], strict=True):
        ax.annotate(
            f"{count}",
            (x, y),
            (0, -8),
            textcoords="offset points",
            ha="center",
            va="top",
        )
    ax.set(xlim=(0, 1.05), ylim=(0, 1.05), xlabel="confidence", ylabel="accuracy")
