"""Pictures draw what they are given, on any axes."""

import re

import numpy as np
import pytest
from matplotlib.figure import Figure

from softmax_lab import draw_bars, draw_image, draw_on_simplex, draw_probs, draw_simplex
from softmax_lab.figures.draw import CORNERS
from softmax_lab.figures.layers import Layers


@pytest.fixture
def ax():
    figure = Figure()
    yield figure.subplots()
    figure.canvas.draw()  # whatever was drawn can also be rendered to pixels


def tops(ax):
    return [path.vertices[1, 1] for path in ax.collections[0].get_paths()]


def written(ax):
    """The numbers on the bars, as they reach a renderer."""
    values = ax.texts[0]
    return [f"{height:.2f}" for _, height, _ in values.items]


def test_bars_are_as_high_as_their_values_and_carry_them(ax):
    draw_probs(ax, [0.659, 0.242, 0.099], "abc")
    assert tops(ax) == [0.659, 0.242, 0.099]
    assert written(ax) == ["0.66", "0.24", "0.10"]
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["a", "b", "c"]


def test_a_cut_bar_ends_at_the_cut_and_keeps_its_number(ax):
    draw_bars(ax, [12.0, -3.0], "ab", cut=(-1, 1))
    assert tops(ax) == [1.0, -1.0]
    assert written(ax) == ["12.00", "-3.00"]


def test_nothing_is_ever_minus_nothing():
    layers = Layers()
    layers.draw(lambda ax: draw_bars(ax, [-0.0, -0.001, -1.0], "abc"), {})
    assert re.findall(r">(.?\d\.\d\d)<", layers.moving) == ["0.00", "0.00", "−1.00"]


def test_two_kinds_of_bars_stand_side_by_side(ax):
    draw_bars(ax, [1.0], "a", shift=-0.2, width=0.4)
    draw_bars(ax, [1.0], "a", shift=0.2, width=0.4, alpha=0.5)
    first, second = (collection.get_paths()[0] for collection in ax.collections)
    assert first.get_extents().x1 == pytest.approx(second.get_extents().x0)


def test_class_k_has_colour_k(ax):
    draw_bars(ax, [1.0, 2.0], "ab")
    draw_bars(ax, [1.0, 2.0], "ab", colors=["red", "blue"])
    by_number, by_name = (collection.get_facecolors() for collection in ax.collections)
    assert not np.allclose(by_number[0], by_number[1])
    assert np.allclose(by_name[:, :3], [[1, 0, 0], [0, 0, 1]])


def test_certainty_is_a_corner_and_ignorance_the_middle(ax):
    draw_simplex(ax, "abc")
    draw_on_simplex(ax, np.eye(3))
    draw_on_simplex(ax, [1 / 3, 1 / 3, 1 / 3], "D")
    corners, middle = (line.get_xydata() for line in ax.lines)
    assert np.allclose(corners, CORNERS)
    assert np.allclose(middle, CORNERS.mean(axis=0))


def test_large_pixels_are_dark(ax):
    draw_image(ax, np.array([[0.0, 1.0]]))
    rgba = ax.images[0].to_rgba(np.array([0.0, 1.0]))
    assert rgba[0, 0] > rgba[1, 0]
