"""Every lesson for everybody: read aloud, by keyboard, enlarged, in the dark.

They go in the order of this file, on the page that test_browser.py asks after it.
"""

import itertools
import re

import numpy as np
import pytest
from colours import closest, contrast
from matplotlib.colors import to_rgb
from opened import GRAPHIC, TEXT, faint
from playwright.sync_api import expect

from softmax_lab.figures.draw import STYLE

# CIEDE2000 of 1 is the least that is seen between patches side by side. Marks
# are small and lie apart, and no simulation is exact: ten times as much.
APART = 10.0
PAPER = to_rgb("white")
PALETTE = [to_rgb(entry["color"]) for entry in STYLE["axes.prop_cycle"]]


def test_it_runs_without_a_complaint_and_asks_nobody(lesson):
    lesson.all_is_well()


def test_axe_finds_nothing_that_an_empty_notebook_has_not(lesson, faults_of_jupyterlab):
    found = lesson.violations()
    assert {k: v for k, v in found.items() if k not in faults_of_jupyterlab} == {}


def test_every_picture_has_words_of_its_own(lesson):
    pictures = lesson.ask("pictures")
    assert pictures
    names = [picture["name"] for picture in pictures]
    assert all(len(name.split()) >= 3 for name in names), names
    assert len(set(names)) == len(names), names


def test_every_control_says_what_it_is_for(lesson):
    assert lesson.controls
    said = [(c["part"], c["role"], c["name"]) for c in lesson.controls]
    assert [where for where in said if not where[2]] == []
    twice = {where for where in said if said.count(where) > 1}
    assert {where for where in twice if where[1] != "summary"} == set()
    assert all(
        c["pressed"] in ("true", "false") for c in lesson.controls if c["toggle"]
    )


def test_headings_links_and_tables_can_be_read_alone(lesson):
    page = lesson.ask("structure")
    assert page["language"] == "en"
    levels = [level for level, _ in page["headings"]]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b <= a + 1 for a, b in itertools.pairwise(levels)), page["headings"]
    for text, target in page["links"]:
        number = re.match(r"\d\d", target)
        title = re.sub(r"^\d+ · ", "", text).lower().replace(" ", "_")
        says_number = number and text == f"lesson {int(number[0])}"
        assert says_number or title.replace("-", "_") in target, (text, target)
    for headers in page["tables"]:
        assert headers, "a table without a header"
        assert all(headers), headers


def test_the_handle_of_a_slider_is_seen_in_the_light_and_in_the_dark(lesson):
    colors = [c["color"] for c in lesson.controls if c["role"] == "slider"]
    for color in colors:
        rgb = np.array(color[:3]) / 255
        assert contrast(rgb, PAPER) >= GRAPHIC
        assert contrast(rgb, to_rgb("#111111")) >= GRAPHIC  # JupyterLab Dark


def test_every_figure_is_drawn_in_colours_that_are_seen(lesson):
    assert lesson.drawn
    assert faint(lesson.drawn) == []


def test_marks_of_like_colours_differ_by_more_than_colour(lesson):
    """Where two colours are too alike to somebody, a dash, a hatch, a width, the
    kind of mark or a text at its place tells the marks apart as well."""
    for figure in lesson.drawn:
        seen = [m for m in figure["marks"] if not (m["background"] or m["axes"])]
        texts = [m["box"] for m in seen if m["text"]]
        marks = {}
        for m in seen:
            if m["ink"] and not m["text"]:
                cues = (m["kind"], m["dash"], m["hatch"], m["width"], m["filled"])
                named = m["filled"] and any(beside(m["box"], box) for box in texts)
                marks[tuple(np.round(m["ink"]) / 255), cues, named] = m["id"]
        for (one, these, a), (other, those, b) in itertools.combinations(marks, 2):
            alike, sight = (0, "all") if one == other else closest(one, other)
            if one != other and alike < APART and these == those:
                assert all([a, b]), (figure["label"], one, other, alike, sight)


def beside(mark, text):
    """Whether a text stands above, below or on a mark."""
    middle = (text["left"] + text["right"]) / 2
    return mark["left"] - 2 <= middle <= mark["right"] + 2


def test_texts_of_a_figure_do_not_run_into_each_other(lesson):
    for figure in lesson.drawn:
        texts = [m for m in figure["marks"] if m["text"]]
        for one, other in itertools.combinations(texts, 2):
            assert not meet(one["box"], other["box"]), (
                figure["label"],
                one["text"],
                other["text"],
            )
        for text in texts:
            outside = text["box"]["left"] < figure["frame"]["left"] - 1
            outside |= text["box"]["right"] > figure["frame"]["right"] + 1
            assert not outside, (figure["label"], text["text"])


def meet(one, other, slack=2):
    if abs(one["left"] - other["left"]) + abs(one["top"] - other["top"]) < 1:
        return False  # two layers of one text, with gaps for each other
    across = min(one["right"], other["right"]) - max(one["left"], other["left"])
    down = min(one["bottom"], other["bottom"]) - max(one["top"], other["top"])
    return across > slack and down > slack + 2  # the box of a text has some air


def test_at_200_per_cent_nothing_is_cut_off_or_covered(lesson):
    with lesson.enlarged():
        assert lesson.ask("cut_off") == []
        assert lesson.ask("overlaps") == []
        sizes = [
            m["size"] for f in lesson.ask("drawn") for m in f["marks"] if m["text"]
        ]
        assert min(sizes, default=9) >= 8.5  # twice as many pixels on the screen


def test_at_100_per_cent_nothing_is_cut_off_or_covered(lesson):
    assert lesson.ask("cut_off") == []
    assert lesson.ask("overlaps") == []


def test_in_the_dark_everything_is_still_seen(lesson, faults_of_jupyterlab):
    with lesson.in_the_dark():
        found = lesson.violations(["color-contrast"])
        assert {k: v for k, v in found.items() if k not in faults_of_jupyterlab} == {}
        for figure in lesson.ask("drawn"):  # a picture brings its own background
            grounds = [m for m in figure["marks"] if m["background"]]
            assert any(m["ink"] == [255, 255, 255] for m in grounds), figure["label"]


def test_all_figures_follow_the_keyboard_and_stay_seen(lesson):
    """Each figure's sentence follows an arrow key on each of its sliders."""
    figures = lesson.page.locator(".softmax-lab-live:has(.noUi-handle)").all()
    assert figures
    for shown in figures:
        shown.scroll_into_view_if_needed()
        picture = shown.locator("svg[role=img]")
        for handle in shown.locator(".noUi-handle").all():
            before = picture.get_attribute("aria-label")
            value, most = (
                handle.get_attribute(f"aria-value{which}") for which in ("now", "max")
            )
            handle.focus()
            lesson.page.keyboard.press("ArrowLeft" if value == most else "ArrowRight")
            expect(picture).not_to_have_attribute("aria-label", before)
    assert faint(lesson.ask("drawn")) == []


TO_THE_TOP = """
async () => {
  await jupyterapp.commands.execute('notebook:enter-command-mode');
  const notebook = jupyterapp.shell.currentWidget.content;
  notebook.activeCellIndex = 0;
  notebook.activate();
}
"""


def test_tab_reaches_every_control_in_order_and_goes_on(lesson):
    page = lesson.page
    stops = lesson.ask("prepare")
    page.evaluate(TO_THE_TOP)
    reached, unseen = [], []
    for _ in range(2 * len(stops) + 300):
        page.keyboard.press("Tab")
        here = lesson.ask("where")
        if here["stop"] >= 0:
            reached.append(here["stop"])
            if not here["changed"]:
                unseen.append(here["what"])
        elif reached and not here["inside"]:
            break  # past the last one, out of the notebook
    assert [stops[i] for i in reached] == stops
    assert sorted(set(unseen)) == []


# The palette, without a browser.


def test_every_colour_of_the_palette_is_seen_on_paper():
    assert all(contrast(color, PAPER) >= GRAPHIC for color in PALETTE)


@pytest.mark.parametrize("key", ["text.color", "axes.labelcolor", "axes.titlecolor"])
def test_text_is_read_on_paper(key):
    assert contrast(to_rgb(STYLE[key]), PAPER) >= TEXT


def test_the_colours_of_the_palette_differ_to_every_sight():
    for one, other in itertools.combinations(PALETTE, 2):
        assert closest(one, other)[0] >= APART
