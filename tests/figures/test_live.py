"""Live figures: what is drawn, sent, said and refused."""

import asyncio
import re
import time
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor

import ipywidgets
import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from softmax_lab import draw_bars, draw_on_simplex, draw_probs, draw_simplex, live
from softmax_lab.figures.draw import STYLE
from softmax_lab.figures.layers import Layers, as_svg


def draw_all_kinds(ax, height=1.0, kind="bars"):
    """Bars, lines, markers, texts, a legend, an image; limits follow the data."""
    if kind == "bars":
        ax.bar([0, 1], [height, 2 * height], label="bars")
        ax.legend()
    elif kind == "line":
        ax.plot([0, 1, 2], [0, height, -height], marker="o")
        ax.annotate("here", (1, height), xytext=(1.5, 0), arrowprops={"width": 1})
    else:
        ax.imshow(np.arange(6).reshape(2, 3) * height)
    ax.set_title(f"height {height:.2f}")


def all_kinds():
    return live(draw_all_kinds, height=(0.5, 9.5), kind=["bars", "line", "image"])


def shapes(svg):
    """Every path, text and image of an SVG, without ids and styles."""
    found = []
    for element in ET.fromstring(svg).iter():
        tag = element.tag.split("}")[1]
        if tag in ("path", "text", "image", "use"):
            keys = ("d", "x", "y", "transform", "width", "height")
            place = {key: element.get(key) for key in keys if element.get(key)}
            found.append((tag, element.text, rounded(str(place))))
    return sorted(found, key=str)


def rounded(text):
    """To a thousandth of a pixel: the last digits depend on the way there."""
    return re.sub(r"-?\d+\.\d+", lambda number: f"{float(number[0]):.3f}", text)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.floats(0.5, 9.5), st.sampled_from(["bars", "line", "image"])),
        min_size=1,
        max_size=4,
    )
)
@pytest.mark.slow
def test_after_any_moves_the_picture_is_that_of_a_fresh_figure(moves):
    figure = all_kinds()
    for height, kind in moves:
        figure.set(height=height, kind=kind)
    moved = figure._layers.static + figure._layers.moving
    fresh = Layers()
    fresh.draw(draw_all_kinds, figure.values)
    box = fresh.box
    assert shapes(as_svg(moved, box)) == shapes(
        as_svg(fresh.static + fresh.moving, box)
    )


def test_the_two_layers_together_show_what_matplotlib_itself_saves(tmp_path):
    layers = Layers(size=(5, 3))
    layers.draw(draw_all_kinds, {"height": 2.0})
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(5, 3), dpi=72, layout="constrained")
        draw_all_kinds(figure.subplots(), 2.0)
        figure.savefig(tmp_path / "whole.svg")
    whole = shapes((tmp_path / "whole.svg").read_text())
    ours = shapes(as_svg(layers.static + layers.moving, layers.box))
    assert [shape for shape in whole if shape[0] == "text"] == [
        shape for shape in ours if shape[0] == "text"
    ]
    # Of the background, each saves a rectangle of its own.
    assert set(ours) >= {shape for shape in whole if shape[0] == "path"}


def test_a_move_sends_the_moving_layer_alone():
    figure = live(lambda ax, p=0.5: draw_probs(ax, [p, 1 - p], "ab"), p=(0.0, 1.0))
    static, moving = figure._static.value, figure._moving.value
    assert "0.50" in moving
    assert "0.50" not in static
    figure.set(p=0.9)
    assert figure._static.value == static
    assert figure._moving.value != moving


@pytest.mark.parametrize("draw", [draw_probs, draw_bars, draw_all_kinds])
def test_nothing_is_in_both_layers(draw):
    def on_axes(ax, p=0.5):
        if draw is draw_all_kinds:
            draw(ax, p, "line")
        else:
            draw(ax, [p, -p, 1 - p], "abc")

    figure = live(on_axes, p=(0.0, 1.0))
    both = [set(shapes(layer)) for layer in svgs(figure)]
    assert all(both)
    assert not both[0] & both[1]


def svgs(figure):
    return [
        re.search(r"<svg.*</svg>", layer.value, re.S)[0]
        for layer in (figure._static, figure._moving)
    ]


def test_new_limits_send_the_static_layer_again():
    def draw(ax, top=1.0):
        ax.plot([0, top])

    figure = live(draw, top=(1.0, 100.0))
    static = figure._static.value
    figure.set(top=80.0)
    assert ">80<" in figure._static.value
    figure.set(top=1.0)
    assert figure._static.value == static


def test_a_title_moves_with_its_slider():
    def draw(ax, turn=1.0):
        ax.set_title(f"turn {turn}")

    figure = live(draw, turn=(0.0, 2.0))
    figure.set(turn=2.0)
    assert "turn 2.0" in figure._moving.value
    assert "turn" not in figure._static.value


def test_a_function_may_clear_its_axes():
    def draw(ax, height=1.0):
        ax.clear()
        ax.bar([0], [height])
        ax.set_title("cleared")

    figure = live(draw, height=(0.5, 2.0))
    figure.set(height=2.0)
    assert figure.error == ""
    assert figure._moving.value.count("cleared") == 1


@pytest.mark.slow
def test_nothing_piles_up_on_the_axes():
    figure = all_kinds()
    ax = figure._layers.axes[0]
    count = len(ax.get_children())
    for height in np.linspace(0.5, 9.5, 50):
        figure.set(height=height)
    assert len(ax.get_children()) == count
    assert not ax.containers


def test_many_moves_at_once_draw_once_with_the_latest_value():
    drawn = []
    figure = live(lambda ax, turn=0: drawn.append(turn), turn=(0, 100))

    async def drag():
        for turn in range(1, 50):
            figure.controls["turn"].value = turn
        await asyncio.sleep(0.01)

    drawn.clear()
    asyncio.run(drag())
    assert drawn == [49]
    assert figure.sentence == "turn = 49"


def test_box_and_slider_stay_together():
    figure = live(lambda ax, turn=0.5: None, turn=(0.0, 1.0))
    box, slider = figure.children[2].children
    slider.value = 0.1 + 0.2
    assert box.value == 0.3
    assert box.description == "turn"
    box.value = 0.7
    assert slider.value == 0.7
    assert figure.values == {"turn": 0.7}


def test_reset_goes_back_to_the_start():
    figure = all_kinds()
    figure.set(height=3.0, kind="line")
    figure.children[-1].click()
    assert figure.values == {"height": 1.0, "kind": "bars"}


def test_an_error_is_shown_with_its_line_and_goes_when_mended():
    def draw(ax, turn=1):
        ax.bar([0], [1])
        1 / turn

    figure = live(draw, turn=(0, 2))
    before = figure._moving.value
    figure.set(turn=0)
    assert re.search(r"line \d+, `1 / turn`\. ZeroDivisionError", figure.error)
    assert 'role="alert"' in figure._message.value
    assert figure._moving.value == before
    figure.set(turn=2)
    assert figure.error == figure._message.value == ""


def test_an_error_in_the_first_drawing_is_shown_too():
    figure = live(lambda ax, turn=1: ax.bar([0, 1], [1, 2, 3]), turn=(0, 2))
    assert "ValueError" in figure.error
    assert figure._repr_mimebundle_()["text/plain"] == figure.error


def test_labels_are_text_and_never_markup():
    def draw(ax, turn=1):
        ax.set_title("<script>alert(1)</script>")
        return '<b onclick="x">&'

    figure = live(draw, turn=(0, 2))
    assert "<script" not in figure._moving.value
    assert "<b" not in figure._moving.value
    assert "&lt;b onclick=&quot;x&quot;&gt;&amp;" in figure._moving.value


def test_the_picture_has_the_sentence_as_its_name():
    figure = live(lambda ax, turn=1: f"turned {turn} times", turn=(0, 9))
    figure.set(turn=4)
    assert 'role="img" aria-label="turned 4 times"' in figure._moving.value
    assert "aria-hidden" in figure._static.value


def test_without_a_kernel_a_picture_and_a_sentence_remain():
    figure = live(lambda ax, turn=1: f"turned {turn} times", turn=(0, 9))
    bundle = figure._repr_mimebundle_()
    assert bundle["text/plain"] == "turned 1 times"
    assert bundle["image/svg+xml"] == all_same([figure.still() for _ in range(3)])
    ET.fromstring(bundle["image/svg+xml"])
    assert repr(figure) == "<live figure with sliders ['turn']>"


def all_same(values):
    assert len(set(values)) == 1
    return values[0]


def test_ids_are_unique_on_a_page_with_two_figures():
    ids = [
        set(re.findall(r' id="(p[0-9a-f]{10})"', all_kinds()._moving.value))
        for _ in "ab"
    ]
    assert ids[0]
    assert not ids[0] & ids[1]


def test_panels_give_axes_side_by_side():
    def draw(axes, top=0.5):
        draw_bars(axes[0], [top, -top, 9.0], "abc", cut=(-1, 1))
        draw_simplex(axes[1], "abc")
        draw_on_simplex(axes[1], [top, 1 - top, 0])

    figure = live(draw, panels=(2, 1), top=(0.0, 1.0))
    assert figure.error == ""
    assert "−0.50" in figure._moving.value
    assert "9.00" in figure._moving.value


def test_matplotlib_settings_are_left_as_they_were():
    before = {key: mpl.rcParams[key] for key in STYLE}
    salt = mpl.rcParams["svg.hashsalt"]
    all_kinds().set(height=2.0)
    assert {key: mpl.rcParams[key] for key in STYLE} == before
    assert mpl.rcParams["svg.hashsalt"] == salt


def test_two_threads_draw_one_after_the_other():
    """For matplotlib's settings are everybody's."""
    drawing, together = [], []

    def draw(ax, turn=1):
        drawing.append(turn)
        time.sleep(0.05)
        together.append(len(drawing))
        drawing.pop()

    figures = [live(draw, turn=(0, 9)) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda figure: figure.set(turn=5), figures))
    assert together == [1] * 8
    assert not any(figure.error for figure in figures)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ((1.0, 0.0), r"turn=\(1.0, 0.0\): give \(low, high\)"),
        ((0.0,), "give"),
        ((0.0, np.inf), "finite numbers"),
        ((0.0, "a"), "finite numbers"),
        ((0.0, 1.0, 0.0), "the step must be above 0"),
        (3, "give"),
        ((2.0, 3.0), "turn starts at 1, outside 2.0 to 3.0"),
        (["a", "b"], "turn starts at 1, which is not among"),
    ],
)
def test_a_range_that_makes_no_sense_is_named(spec, message):
    with pytest.raises(ValueError, match=message):
        live(lambda ax, turn=1: None, turn=spec)


def test_sliders_must_fit_the_function():
    with pytest.raises(TypeError, match=r"slider 'trun', but .* takes only turn"):
        live(lambda ax, turn=1: None, trun=(0, 1))
    with pytest.raises(TypeError, match="needs 'turn': give it a slider"):
        live(lambda ax, turn: None)


def test_set_refuses_what_a_slider_could_not_take():
    figure = all_kinds()
    with pytest.raises(ValueError, match=r"height=50: the slider goes from 0.5 to 9.5"):
        figure.set(height=50)
    with pytest.raises(ValueError, match="no such slider; it has height, kind"):
        figure.set(hight=1)
    with pytest.raises(ValueError, match="choose one of"):
        figure.set(kind="pie")
    assert figure.values == {"height": 1.0, "kind": "bars"}


def test_a_slider_without_default_starts_in_the_middle():
    figure = live(lambda ax, turn: None, turn=(0.0, 10.0))
    assert figure.values == {"turn": 5.0}


def test_without_sliders_it_is_a_picture_without_controls():
    figure = live(lambda ax: "a still picture")
    assert not any(isinstance(w, ipywidgets.Button) for w in figure.children)
    assert figure.sentence == "a still picture"
