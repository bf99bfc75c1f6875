"""A lesson that is open in a browser and has run, and what can be asked of it."""

import re
from contextlib import contextmanager
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlparse

import pytest
from browser import PAINTED, open_notebook, run_all

AXE = (files("axe_playwright_python") / "axe.min.js").read_text("utf-8")
ACCESS = (Path(__file__).parent / "access.js").read_text("utf-8")
WIDTH, HEIGHT = 1280, 1024
TEXT, GRAPHIC = 4.5, 3.0  # WCAG 1.4.3 and 1.4.11
LARGE = 24  # CSS pixels: a text of this size counts as a graphic
FITS = """
width => {
  const {right} = document.querySelector('.jp-NotebookPanel').getBoundingClientRect();
  return innerWidth === width && right <= width && right > width - 60;
}
"""


def only(name):
    """Mark a test that is about one lesson alone."""
    return pytest.mark.parametrize("lesson", [name], indirect=True)


class Lesson:
    """A lesson that has run, and what was heard of it meanwhile.

    path  its name; with "notebooks/" before it, it is opened in Notebook 7
    """

    def __init__(self, page, server, path):
        place, _, self.name = path.rpartition("/")
        self.page = page
        self.complaints, self.strangers = [], []
        page.set_viewport_size({"width": WIDTH, "height": HEIGHT})
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._asked)
        page.on("websocket", self._asked)
        open_notebook(page, *server, f"{self.name}.ipynb", place or "lab/tree")
        run_all(page)
        page.evaluate(ACCESS)
        page.evaluate(AXE)

    def _heard(self, message):
        if message.type == "error":
            self.complaints.append(message.text)

    def _asked(self, request):
        url = urlparse(request.url)
        if url.scheme not in ("data", "blob") and url.hostname != "127.0.0.1":
            self.strangers.append(request.url)

    def ask(self, what):
        """What a function of access.js says."""
        return self.page.evaluate(f"access.{what}()")

    @cached_property
    def drawn(self):
        """The figures as they are at the start."""
        return self.ask("drawn")

    @cached_property
    def controls(self):
        return self.ask("names")

    def all_is_well(self):
        """Nothing failed, nothing was complained of, and no stranger was asked."""
        wrong = "[data-mime-type*=error], [data-mime-type*=stderr]"
        assert self.page.locator(wrong).all_text_contents() == []
        assert self.complaints == []
        assert self.strangers == []

    def violations(self, rules=None):
        """What axe-core finds in the notebook: {(rule, kind of element): where}."""
        only = {"runOnly": rules} if rules else {}
        found = self.page.evaluate(
            "options => axe.run('.jp-NotebookPanel-notebook', options)",
            {"resultTypes": ["violations"], **only},
        )
        return {
            (violation["id"], kind(node["html"])): node["html"]
            for violation in found["violations"]
            for node in violation["nodes"]
        }

    @contextmanager
    def in_the_dark(self):
        try:
            self._wear("Dark", light="false")
            yield
        finally:
            self._wear("Light", light="true")

    def _wear(self, theme, light):
        change = (
            "theme => jupyterapp.commands.execute('apputils:change-theme', {theme})"
        )
        self.page.evaluate(change, f"JupyterLab {theme}")
        worn = self.page.locator(f'body[data-jp-theme-light="{light}"]')
        worn.wait_for(state="attached")

    @contextmanager
    def enlarged(self):
        """At 200 %: half as many CSS pixels, the side panel closed."""
        try:
            self._resize(WIDTH // 2, HEIGHT // 2)
            yield
        finally:
            self._resize(WIDTH, HEIGHT)

    def _resize(self, width, height):
        toggle = "jupyterapp.commands.execute('application:toggle-left-area')"
        self.page.evaluate(toggle)
        self.page.set_viewport_size({"width": width, "height": height})
        self.page.wait_for_function(FITS, arg=width)
        self.page.evaluate(PAINTED)


def kind(html):
    """The tag and the classes of an element: what sort of thing it is."""
    tag = re.match(r"<([\w-]+)", html)[1]
    classes = re.search(r'^<[^>]*?\bclass="([^"]*)"', html)
    plain = re.sub(r"[^\x00-\x7f]\w*", "", classes[1]) if classes else ""
    return tag, " ".join(sorted(plain.split()))


def faint(figures):
    """The texts and marks that are too pale for what they lie on."""
    return [
        (f["label"], m["kind"], m["text"], m["id"], m["contrast"], m["ink"], m["under"])
        for f in figures
        for m in f["marks"]
        if not (m["background"] or m["axes"] or m["kind"] == "image")
        and m["contrast"] < (TEXT if m["text"] and m["size"] < LARGE else GRAPHIC)
    ]
