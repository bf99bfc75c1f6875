"""Every lesson from start to end by keyboard, in JupyterLab and in other places."""

import ast
import re

import nbformat
import numpy as np
import pytest
from browser import PAINTED, run_all
from kernels import code_of, solved
from opened import ACCESS, TEXT, only
from places import LESSONS, NOTEBOOKS
from playwright.sync_api import expect

from softmax_lab import check, live, predict, softmax
from softmax_lab.base import store

# What one lesson is about


@only("00_start_here")
def test_lesson_0_runs_and_its_tick_lights_up(lesson):
    page = lesson.page
    shown = page.locator(".jp-OutputArea-child:has(.noUi-handle)")
    expect(shown).to_contain_text("move the slider past the mark")
    shown.locator(".noUi-handle").focus()
    page.keyboard.press("End")
    expect(shown).to_contain_text("100: the tick is lit")
    page.keyboard.press("ArrowLeft")
    expect(shown).to_contain_text("99: the tick is lit")
    page.get_by_role("button", name="reset").click()
    expect(shown).to_contain_text("0: move the slider past the mark")
    expect(box(shown, "turn")).to_have_value("0")
    lesson.all_is_well()


def box(shown, label):
    return shown.get_by_role("spinbutton", name=label)


def explorer(page):
    """Lesson 1's first figure with sliders, as it was at the start."""
    shown = page.locator(".softmax-lab-live:has(.noUi-handle)").first
    shown.scroll_into_view_if_needed()
    shown.get_by_role("button", name="reset").click()
    expect(shown).to_contain_text("Logits [2.0, 1.0, 0.1]: softmax gives")
    return shown


def sentence(shown):
    return shown.locator("svg[role=img]").get_attribute("aria-label")


def numbers(text):
    """The lists in a sentence, as arrays."""
    return [np.array(ast.literal_eval(found)) for found in re.findall(r"\[.*?\]", text)]


@only("01_logits_to_probabilities")
def test_lesson_1_the_bars_and_the_sentence_follow_the_keyboard(lesson):
    page, shown = lesson.page, explorer(lesson.page)
    moving = shown.locator("svg[role=img]")
    before, shapes = sentence(shown), moving.inner_html()
    scale, shift = shown.locator(".noUi-handle").all()
    box(shown, "scale").focus()
    page.keyboard.press("Tab")
    expect(scale).to_be_focused()
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
    for stop in (box(shown, "shift"), shift):
        page.keyboard.press("Tab")
        expect(stop).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(box(shown, "shift")).to_have_value("0.1")
    page.keyboard.press("Tab")  # to "reset"
    page.keyboard.press("Enter")
    expect(box(shown, "shift")).to_have_value("0")
    expect(box(shown, "scale")).to_have_value("1")


@only("01_logits_to_probabilities")
def test_lesson_1_a_typed_number_moves_slider_and_figure(lesson):
    shown = explorer(lesson.page)
    box(shown, "shift").fill("0.5")
    lesson.page.keyboard.press("Enter")
    expect(shown).to_contain_text("Logits [2.5, 1.5, 0.6]")
    now = shown.locator(".noUi-handle").nth(1).get_attribute("aria-valuenow")
    assert float(now) == 0.5


KERNEL = "jupyterapp.shell.currentWidget.sessionContext.session.kernel"


def settle(page):
    """The kernel has heard all that was said to it, and the page its answers."""
    for _ in range(3):
        page.evaluate(f"async () => {{ await {KERNEL}.requestKernelInfo(); }}")
        page.evaluate(PAINTED)


@only("01_logits_to_probabilities")
def test_lesson_1_after_a_drag_the_figure_shows_the_last_position(lesson):
    page, shown = lesson.page, explorer(lesson.page)
    dragged = shown.locator(".noUi-handle").nth(1)
    track = shown.locator(".noUi-base").nth(1).bounding_box()
    rng = np.random.default_rng(0)
    for _ in range(3):
        handle = dragged.bounding_box()
        y = handle["y"] + handle["height"] / 2
        page.mouse.move(handle["x"] + handle["width"] / 2, y)
        page.mouse.down()
        for place in rng.uniform(0.05, 0.95, 40):
            page.mouse.move(track["x"] + place * track["width"], y)
        page.mouse.up()
        let_go = float(dragged.get_attribute("aria-valuenow"))
        settle(page)
        assert float(box(shown, "shift").input_value()) == pytest.approx(let_go)
        logits, probs, _ = numbers(sentence(shown))
        assert np.allclose(logits, np.array([2.0, 1.0, 0.1]) + let_go, atol=0.006)
        assert np.allclose(probs, [0.66, 0.24, 0.10])
        assert float(dragged.get_attribute("aria-valuenow")) == pytest.approx(let_go)


MY_SOFTMAX = """def my_softmax(batch):
    weights = np.exp(batch)
    return weights / weights.sum({})


check("softmax", my_softmax)"""
FEEDBACK_TIME = """
cell => {
  const painted = done => requestAnimationFrame(() => setTimeout(done));
  document.addEventListener('keydown', e => { window.pressed = e.timeStamp; }, true);
  window.feedback = new Promise(done => new MutationObserver(() => {
    if (cell.innerText.includes('your answer'))
      painted(() => done(performance.now() - window.pressed));
  }).observe(cell, {childList: true, subtree: true, characterData: true}));
}
"""
WAY_TO_CELL = """
cell => {
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
    settle(page)  # JupyterLab selects a cell once more when it has run
    page.keyboard.press("Escape")
    target = code_cell(page, source)
    cell = target.element_handle()
    for _ in range(150):
        way = cell.evaluate(WAY_TO_CELL)
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


@only("01_logits_to_probabilities")
def test_a_learner_walks_through_lesson_1_by_keyboard_alone(lesson):
    page, shown = lesson.page, explorer(lesson.page)

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
    assert asked.evaluate(
        "n => document.activeElement.closest('.jp-Notebook') !== null"
    )

    # Explore: reach one goal, give up another.
    expect(shown).to_contain_text("○ Set the scale to 0.1")
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
    stub = tried.evaluate(SOURCE)
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
    expect(shown).to_contain_text("✓ Set the scale to 0.1")
    expect(shown).to_contain_text("Right, it cannot.")
    expect(tried).to_contain_text("● right: 6 inputs, 3 properties")
    go_to(page, "def my_softmax")
    write(page, MY_SOFTMAX.format("axis=0"))
    expect(tried.locator("summary")).to_have_count(2)  # two different failed tries
    write(page, stub)
    expect(tried).to_contain_text("not attempted yet")


# Every lesson, from its first cell to its last

ASKED = re.compile(r"(?<!\.)\b(?:predict|quiz)\((.*?)\)", re.DOTALL)
SOURCE = """
cell => jupyterapp.shell.currentWidget.content.widgets
  .find(widget => widget.node === cell).model.sharedModel.source
"""
FOCUSED = "() => document.activeElement.innerText"
IS_FOCUSED = "text => document.activeElement.innerText.startsWith(text)"
ANSWERED = "asked => !asked.isConnected || asked.querySelector('[role=status] strong')"
STAYS = "() => document.querySelector('.jp-Notebook').contains(document.activeElement)"


def code_cells(lesson):
    return code_of(nbformat.read(NOTEBOOKS / f"{lesson.name}.ipynb", 4))


def test_every_question_is_answered_and_explained_by_keyboard(lesson):
    """Commit to the first option, or skip; the focus stays, and goes to what is next."""
    page = lesson.page
    sources = "".join(cell.source for cell in code_cells(lesson))
    least = "".join(ASKED.findall(sources)).count('"') // 2
    assert page.locator(".softmax-lab-question").count() >= least
    first = page.locator("button.softmax-lab-choice").first
    given = hidden = 0
    while first.count():
        question = first.evaluate_handle("n => n.closest('.softmax-lab-question')")
        first.focus()
        skipped, given = given % 4 == 3, given + 1
        for stop in () if skipped else ("a", "guess"):
            tab_to(page, f"○ {stop}")
            page.keyboard.press("Enter")
            page.wait_for_function(IS_FOCUSED, arg=f"● {stop}")
        tab_to(page, "show me" if skipped else "commit")
        page.keyboard.press("Enter")
        page.wait_for_function(ANSWERED, arg=question)
        page.wait_for_function(STAYS)
        if not question.evaluate("question => question.isConnected"):
            hidden += 1
            if first.count():
                expect(first).to_be_focused()
            continue
        said = question.query_selector_all("[role=status] > p")
        marks, verdict, why = [part.inner_text() for part in said][:3]
        assert ("(your answer: guess)" in marks) is not skipped
        assert verdict in (("Shown.",) if skipped else ("Right.", "Not so."))
        assert len(why) > 20
        go_on = page.get_by_role("button", name="next", exact=True)
        if go_on.count():
            expect(go_on).to_be_focused()
            page.keyboard.press("Enter")
            expect(go_on).to_have_count(0)
    assert hidden == (12 if lesson.name.startswith("00") else 0)


def tab_to(page, start):
    """Press Tab until the button that begins so has the focus."""
    for _ in range(10):
        if page.evaluate(FOCUSED).startswith(start):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"no way by Tab to {start!r}")


def test_every_exercise_is_solved_by_keyboard(lesson):
    """The reference answer goes into the cell of each."""
    for cell in code_cells(lesson):
        if "check(" in cell.source:
            (line,) = re.findall(r"check\(.*", cell.source)
            tried = go_to(lesson.page, line)
            expect(tried).to_contain_text("○ not attempted yet")
            write(lesson.page, solved(cell.source))
            expect(tried).to_contain_text("● right")


def test_giving_up_and_going_back_keep_the_focus(lesson):
    for button in lesson.page.locator(".softmax-lab-live").get_by_role("button").all():
        button.focus()
        lesson.page.keyboard.press("Enter")
        lesson.page.wait_for_function(STAYS)


def test_in_all_this_nothing_failed(lesson):
    lesson.all_is_well()


# Other places


WITH_TENSORFLOW = pytest.param("notebooks/06_find_the_bug", marks=pytest.mark.weekly)
IN_NOTEBOOK_7 = ["notebooks/04_gradients", WITH_TENSORFLOW]


@pytest.mark.parametrize("lesson", IN_NOTEBOOK_7, indirect=True)
def test_a_lesson_runs_in_notebook_7(lesson):
    """One that needs NumPy alone, and one with TensorFlow.

    There the arrow keys leave a slider for the next heading: the number box is what
    the keyboard has.
    """
    page = lesson.page
    lesson.complaints.clear()  # of Notebook 7 itself, about settings and workspaces
    shown = page.locator(".jp-OutputArea-child:has(.noUi-handle)").first
    box(shown, "step").click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text("7")
    page.keyboard.press("Enter")
    expect(shown.locator("p[role=status]")).to_contain_text("step 7")
    track = shown.locator(".noUi-base").filter(visible=True)
    where = track.last if lesson.name.startswith("06") else track.first
    place = where.bounding_box()
    where.click(position={"x": place["width"] / 2, "y": place["height"] / 2})
    half = {"04": "step 200", "06": "step 100"}[lesson.name[:2]]
    expect(shown.locator("p[role=status]")).to_contain_text(half)
    lesson.all_is_well()


# VS Code shows outputs in a bare page, in its own colours

VS_CODE = {"light": ("#3b3b3b", "#ffffff"), "dark": ("#cccccc", "#1f1f1f")}
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
def test_outputs_are_legible_without_jupyterlab(browser, outputs, theme):
    page = browser.new_page()
    page.set_viewport_size({"width": 700, "height": 900})
    ink, paper = VS_CODE[theme]
    style = f"body {{ color: {ink}; background: {paper} }}"
    parts = "".join(f"<div>{output}</div>" for output in outputs)
    page.set_content(f"<!doctype html><style>{style}</style>{parts}")
    page.evaluate(
        "() => document.querySelectorAll('details').forEach(d => d.open = true)"
    )
    page.evaluate(ACCESS)
    texts, figures = page.evaluate("access.contrasts()"), page.evaluate(FIGURES)
    wide = page.evaluate("() => document.documentElement.scrollWidth")
    page.close()
    assert len(texts) > 500
    assert [text for text, contrast in texts if contrast < TEXT] == []
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
