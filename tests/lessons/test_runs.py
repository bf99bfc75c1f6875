"""Every lesson in one kernel, offline and read-only, and asked everything.

The page is run from top to bottom, each cell twice; then each section on what it
builds on alone. Until the cell that imports it, there is no TensorFlow.
"""

import json
import os
import subprocess
import sys

import nbformat
import pytest
from browser import find_chromium
from kernels import BACK, GONE, code_of, kernel, kinds, plain
from nbclient.exceptions import CellExecutionError
from places import LESSONS, ROOT, WITH_TENSORFLOW
from sections import closure, needed, only_imports, said, sections
from walls import OFFLINE, WalledKernel, walled

pytestmark = pytest.mark.slow

# Long trainings are repeated by their section alone, and not at once.
LONG = {"train-figure", "adam-numbers"}
BY_THE_CLOCK = {"cost-clock", "speed-clock"}  # what they say depends on the machine
MEGABYTES = {"05": 1000, "06": 1000, "07": 300, "08": 300, "10": 1500, "11": 1000}
LARGEST = {f"{n:02}": MEGABYTES.get(f"{n:02}", 250) for n in range(len(LESSONS))}
each_lesson = pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)


def read(path):
    return nbformat.read(path, as_version=4)


def text_of(outputs):
    return "".join(output.get("text", "") for output in outputs)


MEASURE = "import psutil\nprint(psutil.Process().memory_info().rss)"
TRY_THE_WALLS = """
import os, socket
from softmax_lab.base import store
print([name for _, name in socket.if_nameindex()])
for folder in [".", store.home().parent]:
    try:
        open(f"{folder}/a-file", "w")
    except OSError as error:
        print(error.strerror)
"""
ANSWER = """
from softmax_lab import predict
asked = predict("before-the-slider")
asked.commit("a", "guess")
print(asked.children[0].value)
"""


# The page, from top to bottom
class Run:
    """What a lesson's kernel said.

    first    {cell: outputs}, where nothing was to write on and nobody to ask
    missed   (cell, error) of the one that had to do without TensorFlow
    probes   {code: what it printed} after the page
    alone    {cell: outputs} in its section, on what that builds on alone
    """

    def __init__(self, notebook):
        self.first, self.again, self.missed = {}, {}, []
        with kernel(kernel_manager_class=WalledKernel) as here:
            here.run(GONE)
            for cell in code_of(notebook):
                self.first[cell.id] = self.run_or_miss(here, cell)
                if cell.id not in LONG:
                    self.again[cell.id] = here.run(cell.source)
            self.probes = {MEASURE: text_of(here.run(MEASURE))}
            self.alone = dict(in_sections(here, notebook))
            for code in (TRY_THE_WALLS, ANSWER):
                self.probes[code] = text_of(here.run(code))

    def run_or_miss(self, here, cell):
        try:
            return here.run(cell.source)
        except CellExecutionError as error:
            if self.missed:
                raise
            self.missed.append((cell.id, error))
            here.run(BACK)
            return here.run(cell.source)


# From the middle: the cells that import, and what a section builds on

BEGIN = """
def _fresh(value):
    from copy import deepcopy  # or a generator goes on where others left it
    return deepcopy(value) if type(value).__name__ == "Generator" else value

_kept, _left = {}, {}
_kept = dict(globals())
"""
CLEAR = """
for _name in [name for name in globals() if name[0] != "_"]:
    if _name not in ("In", "Out", "exit", "quit", "get_ipython", "open"):
        del globals()[_name]
"""
RESTART = """
for _name in [name for name in globals() if name not in _kept]:
    if not _name.startswith("_"):
        del globals()[_name]
globals().update({{name: value for name, value in _kept.items() if name[0] != "_"}})
for _name in {before!r}:
    globals().update({{name: _fresh(value) for name, value in _left[_name].items()}})
_here = dict(globals())
"""
LEAVE = """
_left[{heading!r}] = {{
    name: _fresh(value) for name, value in globals().items()
    if name[0] != "_" and _here.get(name) is not value
}}
"""


def in_sections(here, notebook):
    """Yield (cell, outputs) of each section in a namespace of its own.

    It holds what the cells that import and the sections before it have set, so
    that no model is trained twice. What TensorFlow keeps to itself, its devices
    and seeds, stays.
    """
    builds_on = said(notebook)
    here.run(CLEAR)
    for cell in code_of(notebook):
        if only_imports(cell.source):
            here.run(cell.source)
    here.run(BEGIN)
    for heading, cells in sections(notebook).items():
        here.run(RESTART.format(before=closure(heading, builds_on)))
        for cell in cells:
            yield cell.id, here.run(cell.source)
        here.run(LEAVE.format(heading=heading))


@pytest.fixture(scope="module")
def runs():
    return {}


@pytest.fixture
def run(path, runs, learner):
    """What the lesson's kernel said; it runs for the first test that asks."""
    if path not in runs:
        runs[path] = Run(read(path))
    return runs[path]


@each_lesson
def test_it_needs_tensorflow_only_if_it_is_about_it_and_says_so(path, run):
    assert len(run.missed) == (path.stem[:2] in WITH_TENSORFLOW)
    for cell, error in run.missed:
        assert cell in ("tensorflow", "keras-import")
        shown = error.traceback.rpartition("------------------\n")[2].strip()
        assert shown.startswith("✗ The rest of this lesson needs tensorflow, which is")
        assert "-m pip install tensorflow" in shown
        assert len(shown.splitlines()) < 8  # a sentence, and no stack of frames
        assert "line " not in shown


@each_lesson
def test_it_shows_what_is_stored(path, run):
    """Offline and where nothing can be written, if there can be walls."""
    for cell in code_of(read(path)):
        assert kinds(run.first[cell.id]) == kinds(plain(cell.outputs)), cell.id
        told = [one.get("text") or one.get("text/plain") for one in plain(cell.outputs)]
        waits = any(str(text).startswith("○ ") for text in told)  # for an answer
        if waits or "nbval-check-output" in cell.metadata.get("tags", []):
            assert run.first[cell.id] == plain(cell.outputs), cell.id


@each_lesson
def test_a_cell_run_twice_says_the_same(path, run):
    for cell in run.again.keys() - BY_THE_CLOCK:
        assert run.again[cell] == run.first[cell], cell


@each_lesson
def test_a_section_names_the_sections_whose_code_it_needs(path):
    notebook = read(path)
    assert said(notebook) == needed(notebook)


@each_lesson
def test_a_section_on_what_it_builds_on_alone_says_the_same(path, run):
    for cell in run.alone.keys() - BY_THE_CLOCK:
        assert run.alone[cell] == run.first[cell], cell


@each_lesson
def test_its_kernel_stays_small(path, run):
    assert int(run.probes[MEASURE]) < 1e6 * LARGEST[path.stem[:2]]


@walled
@each_lesson
def test_the_walls_stood_and_an_answer_that_cannot_be_kept_says_so(path, run):
    assert run.probes[TRY_THE_WALLS] == "['lo']\n" + 2 * "Read-only file system\n"
    assert "Your answers cannot be saved in" in run.probes[ANSWER]
    assert "(Read-only file system)" in run.probes[ANSWER]


# The whole of JupyterLab, offline: weekly, since each page of tests/pages always
# watches that nobody else is asked

LESSON_0 = "test_lesson_0_runs_and_its_tick_lights_up"


@pytest.mark.weekly
@walled
@pytest.mark.skipif(not find_chromium(), reason="no Chromium or Chrome here")
def test_jupyterlab_opens_lesson_0_offline():
    test = f"{ROOT / 'tests/pages/test_browser.py'}::{LESSON_0}"
    command = [*OFFLINE, sys.executable, "-m", "pytest", "-p", "no:cacheprovider", test]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 1 passed" in done.stdout


# One notebook, opened twice

ASK = "predict('{}').commit('{}', 'certain')"
FOUND = """
import json
from softmax_lab.base import store
records = store.recall("answer") + store.recall("check")
print(json.dumps([record["id"] for record in records]))
"""
SHOWN = "print(predict('{}').children[0].value)"


def test_a_lesson_opened_twice_loses_no_answer(tmp_path, learner):
    imports = code_of(read(LESSONS[1]))[0].source
    with kernel(tmp_path) as left, kernel(tmp_path) as right:
        for here in (left, right):
            here.run(imports)
        left.run(ASK.format("a-tenth-of-the-logits", "a"))
        right.run(ASK.format("seven-wins", "b"))
        right.run(ASK.format("a-tenth-of-the-logits", "b"))  # the first one counts
        left.run(ASK.format("when-to-raise-the-alarm", "c"))
        right.run("check('softmax', lambda batch: batch)")
        left.run("check('threshold', lambda *costs: 0.5)")
        shown = right.run(SHOWN.format("when-to-raise-the-alarm"))
        assert "(your answer: certain)" in text_of(shown)
    with kernel(tmp_path) as later:
        later.run(imports)
        found = text_of(later.run(FOUND))
        assert json.loads(found) == [
            "a-tenth-of-the-logits",
            "seven-wins",
            "when-to-raise-the-alarm",
            "softmax",
            "threshold",
        ]
        shown = text_of(later.run(SHOWN.format("a-tenth-of-the-logits")))
        assert ">✗</span>a&ensp;" in shown
