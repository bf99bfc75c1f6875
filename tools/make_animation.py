"""Make the README's pictures of lesson 1: python tools/make_animation.py

A learner commits to an answer, then moves a slider, in the real JupyterLab and
Chromium. docs/commit-then-look.gif shows it all; docs/commit-then-look.png is the
frame at the end of the first drag, for those who do not want motion.
"""

import contextlib
import hashlib
import io
import itertools
import json
import os
import sys
import tempfile
from pathlib import Path

import nbformat
import numpy as np
from browser import PAINTED, chromium, jupyterlab, open_notebook, run_all
from PIL import Image, ImageOps
from places import NOTEBOOKS

import softmax_lab
from softmax_lab.base import store
from softmax_lab.lessons import catalogue

sys.path.append(str(NOTEBOOKS.parent))  # course.py is no package
from course import copy_lessons

DOCS = Path(__file__).parents[1] / "docs"
GIF, STILL = DOCS / "commit-then-look.gif", DOCS / "commit-then-look.png"
LESSON, QUESTION = "01_logits_to_probabilities", "a-tenth-of-the-logits"
ANSWER, CONFIDENCE = "a", "certain"  # wrong and sure: that is where it begins
DRAGS = [(1.0, 0.1, 12), (0.1, 6.0, 18)]  # of the scale: from, to, frames
STEP, READ = 40, 1200  # milliseconds of a frame in motion, and of one to be read
WIDTH, HEIGHT, MARGIN, SCALE = 720, 632, 6, 2
COLORS = 96

POINTER = """
() => {
  const arrow = document.createElement('div');
  arrow.innerHTML = `<svg width="22" height="22" viewBox="0 0 22 22">
    <path d="M3 1v16l4-4 3 7 3-1-3-7h6z" fill="#222222" stroke="white"/></svg>`;
  arrow.style = 'position:fixed; z-index:99999; pointer-events:none; left:-50px';
  document.body.append(arrow);
  document.addEventListener('mousemove', (event) => {
    arrow.style.left = `${event.clientX - 3}px`;
    arrow.style.top = `${event.clientY - 1}px`;
  }, true);
}
"""
CALM = """
.jp-cell-toolbar, .jp-Collapser, .jp-Notebook-footer { visibility: hidden; }
* { transition: none !important; caret-color: transparent !important; }
"""
FOLLOWS = """
(shown) => {
  const box = Number(shown.querySelector('input').value);
  const handle = Number(shown.querySelector('.noUi-handle').ariaValueNow);
  const said = shown.querySelector('p[role=status]').textContent;
  const scale = parseFloat(said.split('[')[1]) / 2;
  return Math.abs(box - scale) < 0.01 && Math.abs(handle - scale) < 0.06;
}
"""


class Film:
    """Frames of one part of a page, each with its time in milliseconds.

    moments  the places of those frames in which a drag has ended
    """

    def __init__(self, page):
        self.page, self.frames, self.times, self.moments = page, [], [], []
        self.place = (0.0, 0.0)
        self.clip = None

    def look_at(self, locator):
        """Film what begins with `locator`, once JupyterLab is done scrolling."""
        for _ in range(4):
            locator.evaluate("element => element.scrollIntoView({block: 'start'})")
            self.page.wait_for_timeout(500)
        box = locator.bounding_box()
        corner = {"x": box["x"] - MARGIN, "y": box["y"]}
        self.clip = {**corner, "width": WIDTH, "height": HEIGHT}

    def take(self, milliseconds=STEP):
        self.page.evaluate(PAINTED)
        picture = self.page.screenshot(clip=self.clip)
        frame = Image.open(io.BytesIO(picture)).convert("RGB")
        self.frames.append(ImageOps.expand(ImageOps.crop(frame, 2), 2, "#d0d7de"))
        self.times.append(milliseconds)

    def go(self, locator, frames=5):
        """Move the pointer to the middle of `locator`, slowing down."""
        box = locator.bounding_box()
        target = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        for x, y in path(self.place, target, frames):
            self.page.mouse.move(x, y)
            self.take()
        self.place = target

    def click(self, locator):
        self.go(locator)
        self.page.mouse.click(*self.place)
        self.page.wait_for_timeout(500)
        self.take(200)


def path(start, end, frames):
    """Points from `start`, left out, to `end`, at a speed that rises and falls."""
    for i in range(1, frames + 1):
        share = i / frames
        share = share * share * (3 - 2 * share)
        yield tuple(a + share * (b - a) for a, b in zip(start, end, strict=True))


def play(page):
    """Answer, commit and move the slider; return the film."""
    film = Film(page)
    page.add_style_tag(content=CALM)
    page.evaluate(POINTER)
    question = page.locator(".jp-CodeCell", has_text=f'predict("{QUESTION}")')
    heading = page.locator(".jp-RenderedMarkdown", has_text="Commit first")
    film.look_at(heading)
    film.place = (film.clip["x"] + 560, film.clip["y"] + 480)
    page.mouse.move(*film.place)
    film.take(READ)
    letter = question.locator(".softmax-lab-choice").nth("abc".index(ANSWER))
    for choice in [letter, question.get_by_role("button", name=CONFIDENCE)]:
        film.click(choice)
    film.click(question.get_by_role("button", name="commit"))
    question.get_by_text("Not so.").wait_for()
    film.take(READ)

    shown = page.locator(".jp-OutputArea-child:has(.noUi-handle)").first
    film.look_at(shown.locator(".jp-OutputArea-output"))
    handle, track = shown.locator(".noUi-handle").first, shown.locator(".noUi-base")
    box = handle.bounding_box()
    film.place = (box["x"] + 120, box["y"] + 60)
    film.go(handle)
    film.times[-1] = 500
    page.mouse.down()
    for start, end, frames in DRAGS:
        drag(film, shown, track.first.bounding_box(), start, end, frames)
        film.times[-1] = READ
        film.moments.append(len(film.frames) - 1)
    page.mouse.up()
    return film


def drag(film, shown, track, start, end, frames):
    for (scale,) in path((start,), (end,), frames):
        x = track["x"] + (scale - 0.1) / 9.9 * track["width"]
        film.page.mouse.move(x, film.place[1])
        film.page.wait_for_timeout(50)
        film.page.wait_for_function(FOLLOWS, arg=shown.element_handle())
        film.take()
    film.place = (x, film.place[1])


def write(film):
    """Write both files; the GIF's comment says what they were made of."""
    DOCS.mkdir(exist_ok=True)
    palette = palette_of([film.frames[i] for i in (0, len(film.frames) // 2, -1)])
    plain = Image.Dither.NONE
    frames = [frame.quantize(palette=palette, dither=plain) for frame in film.frames]
    frames[0].save(
        GIF,
        save_all=True,
        append_images=frames[1:],
        duration=film.times,
        loop=0,
        comment=fingerprint().encode(),
    )
    frames[film.moments[0]].save(STILL, optimize=True)


def palette_of(frames):
    """The colours of all frames; what is white stays white."""
    width, height = frames[0].size
    sheet = Image.new("RGB", (width, height * len(frames)))
    for row, frame in enumerate(frames):
        sheet.paste(frame, (0, row * height))
    levels = sheet.quantize(COLORS, method=Image.Quantize.MEDIANCUT).getpalette()
    palette = Image.new("P", (1, 1))
    palette.putpalette([255 if level > 250 else level for level in levels])
    return palette


def fingerprint():
    """A hash of all that the pictures show, and of how they were taken."""
    parts = [catalogue.question(QUESTION), *seen(), Path(__file__).read_text("utf-8")]
    for name in ["draw.py", "lab.mplstyle"]:
        path = Path(softmax_lab.__file__).parent / "figures" / name
        parts.append(path.read_text("utf-8"))
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def seen():
    """The cells of the lesson that are on show, and the words of their widgets."""
    notebook = nbformat.read(NOTEBOOKS / f"{LESSON}.ipynb", as_version=4)
    cells = {cell.id: cell.source for cell in notebook.cells}
    shown = ["recipes", "explorer-drawing", "explorer-figure"]
    here = {name: getattr(softmax_lab, name) for name in softmax_lab.__all__}
    here["np"] = np
    with learner_who_answered_nothing():
        question = softmax_lab.predict(QUESTION)
        asked = words(question)
        question.commit(ANSWER, CONFIDENCE)
        code = "\n".join(cells[name] for name in shown)
        exec(code.replace("\nlive(", "\nfigure = live("), here)
        return [cells["commit"], code, asked, words(question), words(here["figure"])]


def words(widget):
    """All that a widget and those in it say, without the pictures."""
    own = [getattr(widget, name, "") for name in ("description", "value")]
    said = [text for text in own if isinstance(text, str) and "<svg" not in text]
    inside = [words(part) for part in getattr(widget, "children", ())]
    return said + list(itertools.chain(*inside))


@contextlib.contextmanager
def learner_who_answered_nothing():
    before = os.environ.get("SOFTMAX_LAB_HOME")
    with tempfile.TemporaryDirectory() as nobody:
        os.environ["SOFTMAX_LAB_HOME"] = nobody
        try:
            yield
        finally:
            store.STORES.clear()
            os.environ.pop("SOFTMAX_LAB_HOME")
            if before:
                os.environ["SOFTMAX_LAB_HOME"] = before


def main():
    with tempfile.TemporaryDirectory() as root, chromium() as browser:
        copy_lessons(NOTEBOOKS, Path(root))
        with jupyterlab(root) as (address, token):
            size = {"width": WIDTH + 200, "height": HEIGHT + 260}
            page = browser.new_page(viewport=size, device_scale_factor=SCALE)
            open_notebook(page, address, token, f"{LESSON}.ipynb")
            run_all(page)
            page.evaluate(
                "() => window.jupyterapp.commands.execute('application:toggle-left-area')"
            )
            write(play(page))
    print(f"{GIF.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
