"""Lessons in a real JupyterLab, in a real browser."""

import ast
import os
import re
import shutil
from urllib.parse import urlparse

import nbformat
import numpy as np
import pytest
from browser import (
    chromium,
    end_kernels,
    find_chromium,
    jupyterlab,
    open_notebook,
    run_all,
)
from kernels import solved
from places import LESSONS, NOTEBOOKS
from playwright.sync_api import expect

from course import copy_lessons
from softmax_lab import check, live, predict, softmax
from softmax_lab.base import store

expect.set_options(timeout=30_000)  # the machine may be busy
REQUIRED = os.environ.get("SOFTMAX_LAB_REQUIRE_BROWSER")
if not find_chromium():
    reason = "no Chromium or Chrome on this machine: lessons are not opened in it"
    if REQUIRED:
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason, allow_module_level=True)


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    root = tmp_path_factory.mktemp("my-lessons")
    copy_lessons(NOTEBOOKS, root)
    with jupyterlab(root) as server, chromium() as browser:
        yield browser, server, root / ".answers"


@pytest.fixture
def lesson(lab):
    """Open a lesson and run it; nothing may fail, nothing may leave the machine.

    Each test has new kernels, and a learner who has answered nothing yet.
    """
    browser, (address, token), answers = lab
    page = browser.new_page(viewport={"width": 1100, "height": 1000})
    complaints, strangers = [], []

    def heard(message):
        if message.type == "error":
            complaints.append(message.text)

    def asked(request):
        url = urlparse(request.url)
        if url.scheme not in ("data", "blob") and url.hostname != "127.0.0.1":
            strangers.append(request.url)

    page.on("console", heard)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", asked)
    page.on("websocket", asked)

    def start(name, place="lab/tree"):
        open_notebook(page, address, token, f"{name}.ipynb", place)
        run_all(page)
        return page

    start.complaints = complaints
    yield start
    page.close()
    end_kernels(address, token)
    shutil.rmtree(answers, ignore_errors=True)
    assert complaints == []
    assert strangers == []


def sentence(shown):
    return shown.locator("svg[role=img]").get_attribute("aria-label")


def numbers(text):
    """The lists in a sentence, as arrays."""
    return [np.array(ast.literal_eval(found)) for found in re.findall(r"\[.*?\]", text)]


def box(shown, label):
    return shown.get_by_role("spinbutton", name=label)


def test_lesson_0_runs_and_its_tick_lights_up(lesson):
    page = lesson("00_start_here")
    shown = page.locator(".jp-OutputArea-child:has(.noUi-handle)")
    expect(shown).to_contain_text("move the slider past the mark")
    handle = shown.locator(".noUi-handle")
    handle.focus()
    page.keyboard.press("End")
    expect(shown).to_contain_text("100: the tick is lit")
    page.keyboard.press("ArrowLeft")
    expect(shown).to_contain_text("99: the tick is lit")
    page.get_by_role("button", name="reset").click()
    expect(shown).to_contain_text("0: move the slider past the mark")
    expect(box(shown, "turn")).to_have_value("0")
    assert (
        page.locator("[data-mime-type*=error], [data-mime-type*=stderr]").count() == 0
    )


def explorer(page):
    shown = page.locator(".jp-OutputArea-child:has(.noUi-handle)").first
    shown.scroll_into_view_if_needed()
    expect(shown).to_contain_text("plain division")
    return shown


def test_lesson_1_the_bars_and_the_sentence_follow_the_keyboard(lesson):
    page = lesson("01_logits_to_probabilities")
    shown = explorer(page)
    moving = shown.locator("svg[role=img]")
    before, shapes = sentence(shown), moving.inner_html()
    shown.locator(".noUi-handle").first.focus()
    page.keyboard.press("ArrowRight")
    expect(box(shown, "scale")).to_have_value("1.1")
    expect(moving).not_to_have_attribute("aria-label", before)
    logits, probs, shares = numbers(sentence(shown))
    assert np.allclose(logits, [2.2, 1.1, 0.11])
    assert np.allclose(probs, softmax(logits), atol=0.006)
    assert np.allclose(shares, logits / logits.sum(), atol=0.006)
    assert moving.inner_html() != shapes
    assert f"{probs[0]:.2f}" in moving.text_content()
    expect(shown.locator("p[role=status]")).to_have_text(sentence(shown))


def test_lesson_1_a_typed_number_moves_slider_and_figure(lesson):
    page = lesson("01_logits_to_probabilities")
    shown = explorer(page)
    box(shown, "scale").fill("0.1")
    page.keyboard.press("Enter")
    expect(shown).to_contain_text("softmax gives [0.37, 0.33, 0.3]")
    now = shown.locator(".noUi-handle").first.get_attribute("aria-valuenow")
    assert float(now) == 0.1


def test_lesson_1_after_a_drag_the_figure_shows_the_last_position(lesson):
    page = lesson("01_logits_to_probabilities")
    shown = explorer(page)
    track = shown.locator(".noUi-base").nth(1).bounding_box()
    handle = shown.locator(".noUi-handle").nth(1).bounding_box()
    y = handle["y"] + handle["height"] / 2
    rng = np.random.default_rng(0)
    for _ in range(3):
        handle = shown.locator(".noUi-handle").nth(1).bounding_box()
        page.mouse.move(handle["x"] + handle["width"] / 2, y)
        page.mouse.down()
        for place in rng.uniform(0.05, 0.95, 40):
            page.mouse.move(track["x"] + place * track["width"], y)
        page.mouse.up()
        page.wait_for_timeout(1000)
        shift = float(box(shown, "shift").input_value())
        logits, probs, _ = numbers(sentence(shown))
        assert np.allclose(logits, np.array([2.0, 1.0, 0.1]) + shift, atol=0.006)
        assert np.allclose(probs, [0.66, 0.24, 0.10])
        ends = shown.locator(".noUi-handle").nth(1).get_attribute("aria-valuenow")
        assert float(ends) == pytest.approx(shift)


def test_lesson_1_is_usable_by_keyboard_alone(lesson):
    page = lesson("01_logits_to_probabilities")
    shown = explorer(page)
    box(shown, "scale").click()  # from here on no mouse
    scale, shift = shown.locator(".noUi-handle").all()
    reset = shown.get_by_role("button", name="reset")
    for stop in (scale, box(shown, "shift"), shift, reset):
        page.keyboard.press("Tab")
        expect(stop).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("ArrowRight")
    expect(box(shown, "shift")).to_have_value("0.1")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(box(shown, "shift")).to_have_value("0")


MY_SOFTMAX = """def my_softmax(batch):
    weights = np.exp(batch)
    return weights / weights.sum({})


check("softmax", my_softmax)"""
FEEDBACK_TIME = """
(cell) => {
  window.feedback = new Promise((done) => {
    let pressed = 0;
    document.addEventListener('keydown', e => { pressed = e.timeStamp; }, true);
    new MutationObserver(() => {
      if (cell.innerText.includes('your answer')) {
        requestAnimationFrame(() => setTimeout(() => done(performance.now() - pressed)));
      }
    }).observe(cell, {childList: true, subtree: true, characterData: true});
  });
}
"""


WAY_TO_CELL = """
(cell) => {
  const active = document.querySelector('.jp-Notebook .jp-Cell.jp-mod-active');
  if (active === cell) return '';
  const below = active.compareDocumentPosition(cell) & Node.DOCUMENT_POSITION_FOLLOWING;
  return below ? 'ArrowDown' : 'ArrowUp';
}
"""


def code_cell(page, source):
    return page.locator(".jp-CodeCell").filter(
        has=page.locator(".jp-InputArea", has_text=source)
    )


def go_to(page, source):
    """Walk to a cell with the arrow keys, as in command mode."""
    page.keyboard.press("Escape")
    target = code_cell(page, source)
    for _ in range(120):
        way = target.evaluate(WAY_TO_CELL)
        if way == "":
            return target
        page.keyboard.press(way)
    raise AssertionError(f"no way to the cell with {source!r}")


def write(page, source):
    """Replace the text of the active cell and run it."""
    page.keyboard.press("Enter")
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(source)
    page.keyboard.press("Control+Enter")


def test_a_learner_walks_through_lesson_1_by_keyboard_alone(lesson):
    page = lesson("01_logits_to_probabilities")

    # Commit: the second option, certain.
    asked = code_cell(page, "a-tenth-of-the-logits")
    asked.evaluate(FEEDBACK_TIME)
    asked.get_by_role("button", name="○ a").focus()  # from here on no mouse
    for key in ("Tab", "Enter", "Tab", "Tab", "Tab", "Tab", "Space", "Tab", "Enter"):
        page.keyboard.press(key)
    expect(asked).to_contain_text("your answer: certain")
    expect(asked).to_contain_text("Right.")
    print(f" [key to feedback: {page.evaluate('window.feedback'):.0f} ms] ", end="")

    # The keyboard goes on from there, and not from the top of the page.
    page.keyboard.press("Tab")
    inside = "n => document.activeElement.closest('.jp-Notebook') !== null"
    assert asked.evaluate(inside)

    # Explore: reach one goal, give up another.
    shown = explorer(page)
    box(shown, "scale").focus()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text("0.1")
    page.keyboard.press("Enter")
    expect(shown).to_contain_text("✓ Set the scale to 0.1")
    for _ in range(6):  # slider, box, slider, reset, two goals
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(shown).to_contain_text(
        "✓ Find a shift that changes softmax. Right, it cannot."
    )

    # Fail an exercise, earn a hint, pass.
    tried = go_to(page, "def my_softmax")
    expect(tried).to_contain_text("not attempted yet")
    write(page, MY_SOFTMAX.format(""))
    expect(tried).to_contain_text("Known mistake: divides by the sum of all rows")
    expect(tried.locator("summary")).to_have_text("a hint")
    write(page, MY_SOFTMAX.format("axis=1, keepdims=True"))
    expect(tried).to_contain_text("● right: 6 inputs, 3 properties")

    # A new kernel: everything is still there.
    page.keyboard.press("Escape")
    page.keyboard.press("0")
    page.keyboard.press("0")
    page.get_by_role("dialog").wait_for()
    page.keyboard.press("Enter")
    page.get_by_role("dialog").wait_for(state="detached")
    run_all(page)
    expect(asked).to_contain_text("your answer: certain")
    shown = explorer(page)
    expect(shown).to_contain_text("✓ Set the scale to 0.1")
    expect(shown).to_contain_text("Right, it cannot.")
    expect(tried).to_contain_text("● right: 6 inputs, 3 properties")
    write_in = go_to(page, "def my_softmax")
    write(page, MY_SOFTMAX.format("axis=0"))
    expect(write_in.locator("summary")).to_have_count(2)  # two different failed tries


# Every lesson, from its first cell to its last

ASKED = re.compile(r"(?<!\.)\b(?:predict|quiz)\((.*?)\)", re.DOTALL)
FOCUSED = "() => document.activeElement.innerText"
NAME_IT = "(button, name) => { button.closest('.widget-vbox').id = name; }"
ANSWERED = """
(name) => {
  const question = document.getElementById(name);
  return !question || question.querySelector('[role=status] strong') !== null;
}
"""


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_every_lesson_is_usable_by_keyboard_from_start_to_end(lesson, path):
    """Every figure moves, every question is explained, every exercise is solved."""
    page = lesson(path.stem)
    code = [c for c in nbformat.read(path, 4).cells if c.cell_type == "code"]
    nothing_failed(page)
    move_every_slider(page, most=sum("live(" in cell.source for cell in code))
    asked = "".join(ids for cell in code for ids in ASKED.findall(cell.source))
    hidden = answer_every_question(page, least=asked.count('"') // 2)
    assert hidden == (12 if path.stem.startswith("00") else 0)
    for cell in code:
        if "check(" in cell.source:
            solve(page, cell.source)
    nothing_failed(page)


def nothing_failed(page):
    assert page.locator("[data-mime-type*=error]").count() == 0
    assert page.locator("[data-mime-type*=stderr]").count() == 0


def move_every_slider(page, most):
    """Each figure's sentence follows an arrow key on each of its sliders."""
    figures = page.locator(".jp-OutputArea-child:has(.noUi-handle)")
    assert 1 <= figures.count() <= most  # some are still pictures
    for shown in figures.all():
        shown.scroll_into_view_if_needed()
        for handle in shown.locator(".noUi-handle").all():
            before = sentence(shown)
            handle.focus()
            at_end = handle.get_attribute("aria-valuenow") == handle.get_attribute(
                "aria-valuemax"
            )
            page.keyboard.press("ArrowLeft" if at_end else "ArrowRight")
            expect(shown.locator("svg[role=img]")).not_to_have_attribute(
                "aria-label", before
            )


def answer_every_question(page, least):
    """Commit to the first option of each; return how many explanations are hidden."""
    commits = page.get_by_role("button", name="commit", exact=True)
    given = hidden = 0
    while commits.count():
        name, given = f"question-{given}", given + 1
        choice = page.locator("button.softmax-lab-choice").first
        choice.evaluate(NAME_IT, name)
        choice.focus()
        for stop in ("○ a", "○ guess", "commit"):
            tab_to(page, stop)
            page.keyboard.press("Enter")
        page.wait_for_function(ANSWERED, arg=name, timeout=30_000)
        question = page.locator(f"#{name}")
        if not question.count():
            hidden += 1
            continue
        expect(question).to_contain_text("(your answer: guess)")
        said = question.locator("[role=status] > p").all_inner_texts()
        assert said[1] in ("Right.", "Not so.")
        assert len(said[2]) > 20
        go_on = page.get_by_role("button", name="next", exact=True)
        if go_on.count():
            expect(go_on).to_be_focused()
            page.keyboard.press("Enter")
            expect(go_on).to_have_count(0)
    assert given >= least
    page.keyboard.press("Shift+Tab")  # the last button is gone: back into the page
    return hidden


def tab_to(page, start):
    """Press Tab until the button that begins so has the focus."""
    for _ in range(10):
        if page.evaluate(FOCUSED).startswith(start):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"no way by Tab to {start!r}")


def solve(page, source):
    """Put the reference answer into the cell of an exercise."""
    (line,) = re.findall(r"check\(.*", source)
    tried = go_to(page, line)
    expect(tried).to_contain_text("○ not attempted yet")
    write(page, solved(source))
    expect(tried).to_contain_text("● right")


# Other places


@pytest.mark.parametrize("name", ["04_gradients", "06_find_the_bug"])
def test_a_lesson_runs_in_notebook_7(lesson, name):
    """One that needs NumPy alone, and one with TensorFlow.

    There the arrow keys leave a slider for the next heading: the number box is what
    the keyboard has.
    """
    page = lesson(name, "notebooks")
    nothing_failed(page)
    lesson.complaints.clear()  # of Notebook 7 itself, about settings and workspaces
    shown = page.locator(".jp-OutputArea-child:has(.noUi-handle)").first
    box(shown, "step").click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text("7")
    page.keyboard.press("Enter")
    expect(shown.locator("p[role=status]")).to_contain_text("step 7")
    track = shown.locator(".noUi-base").filter(visible=True)
    where = track.last if name.startswith("06") else track.first
    place = where.bounding_box()
    where.click(position={"x": place["width"] / 2, "y": place["height"] / 2})
    half = {"04": "step 200", "06": "step 100"}[name[:2]]
    expect(shown.locator("p[role=status]")).to_contain_text(half)


# VS Code shows outputs in a bare page, in its own colours

VS_CODE = {"light": ("#3b3b3b", "#ffffff"), "dark": ("#cccccc", "#1f1f1f")}
READABLE = 4.5  # contrast, WCAG AA
LOOK = """
() => {
  const light = ([r, g, b]) => {
    const part = x => (x /= 255) <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4;
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const rgb = colour => colour.match(/[\\d.]+/g).map(Number);
  const behind = element => {
    for (let e = element; e; e = e.parentElement) {
      const colour = rgb(getComputedStyle(e).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
  };
  const contrast = (one, other) => {
    const [low, high] = [light(one), light(other)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (texts.nextNode()) {
    const text = texts.currentNode.textContent.trim();
    const element = texts.currentNode.parentElement;
    if (!text || element.closest('style, svg')) continue;
    found.push([text, contrast(rgb(getComputedStyle(element).color), behind(element))]);
  }
  return found;
}
"""
FIGURES = """
() => [...document.querySelectorAll('svg')].map(svg => {
  const ground = getComputedStyle(svg.querySelector('path')).fill;
  const outer = svg.getBoundingClientRect();
  const inner = svg.querySelector('path').getBoundingClientRect();
  const whole = inner.width >= outer.width - 1 && inner.height >= outer.height - 1;
  return [svg.getAttribute('aria-label'), ground, whole, outer.width, outer.height];
})
"""


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    """All that lessons store for a page without JupyterLab, and what comes later."""
    stored = [
        output.data.get("image/svg+xml") or output.data.get("text/html")
        for path in LESSONS
        for cell in nbformat.read(path, 4).cells
        for output in cell.get("outputs", [])
        if "data" in output
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTMAX_LAB_HOME", str(tmp_path_factory.mktemp("bare")))
        stored += later()
    store.STORES.clear()
    return [page for page in stored if page]


def later():
    """What a learner sees who answers: verdicts, checks with hints, an alert."""
    asked = [predict("seven-wins@a-bare-page"), predict("the-copy@a-bare-page")]
    for question in asked:
        question.commit("a", "certain")
    tries = [lambda batch: batch, lambda batch: 2 * batch, lambda batch: np.exp(batch)]
    checks = [check("softmax", answer).as_html() for answer in tries]
    broken = live(lambda ax, turn=0: ax.no_such_method(), turn=(0, 1))
    (alert,) = [part.value for part in broken.children if "alert" in str(part)]
    return [question.children[0].value for question in asked] + checks + [alert]


@pytest.mark.parametrize("theme", VS_CODE)
def test_outputs_are_legible_without_jupyterlab(lab, outputs, theme):
    browser, *_ = lab
    page = browser.new_page(viewport={"width": 700, "height": 900})
    ink, paper = VS_CODE[theme]
    style = f"body {{ color: {ink}; background: {paper} }}"
    parts = "".join(f"<div>{output}</div>" for output in outputs)
    page.set_content(f"<!doctype html><style>{style}</style>{parts}")
    page.evaluate(
        "() => document.querySelectorAll('details').forEach(d => d.open = true)"
    )
    texts, figures = page.evaluate(LOOK), page.evaluate(FIGURES)
    wide = page.evaluate("() => document.documentElement.scrollWidth")
    page.close()
    assert len(texts) > 500
    assert [text for text, contrast in texts if contrast < READABLE] == []
    assert len(figures) >= 20
    for label, ground, whole, width, height in figures:
        assert label
        assert (ground, whole) == ("rgb(255, 255, 255)", True), label
        assert 100 < width <= 700, label
        assert height > 50, label
    assert wide <= 700


def test_no_output_depends_on_the_colours_of_jupyterlab(outputs):
    for output in outputs:
        assert not re.search(r"var\(\s*--[\w-]+\s*\)", output)  # without a fallback
        assert not re.search(r"class=\"[^\"]*\bjp-", output)
