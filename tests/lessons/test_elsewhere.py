"""Lessons where they may find themselves: offline, read-only, twice at once."""

import json
import os
import subprocess
import sys
from functools import cache

import nbformat
import pytest
from browser import find_chromium
from kernels import code_of, kernel, kinds, plain
from places import LESSONS, NOTEBOOKS, ROOT, WITH_TENSORFLOW
from walls import OFFLINE, WalledKernel, walled
from without_tensorflow import stopped

MEGABYTES = {"05": 1000, "06": 1000, "07": 300, "08": 300, "10": 1500, "11": 1000}
each_lesson = pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)

MEASURE = """
import sys, psutil
print(psutil.Process().memory_info().rss, "tensorflow" in sys.modules)
"""
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
LESSON_0 = "test_lesson_0_runs_and_its_tick_lights_up"
ANSWER = """
from softmax_lab import predict
asked = predict("before-the-slider")
asked.commit("a", "guess")
print(asked.children[0].value)
"""


def read(path):
    return nbformat.read(path, as_version=4)


def text_of(outputs):
    return "".join(output.get("text", "") for output in outputs)


@cache
def behind_walls(path):
    """Run a lesson offline and with nothing to write on; return what was shown.

    Where there can be no walls it runs without them.
    """
    with kernel(kernel_manager_class=WalledKernel) as here:
        shown = {c.id: here.run(c.source) for c in code_of(read(path))}
        for probe in (MEASURE, TRY_THE_WALLS, ANSWER):
            shown[probe] = text_of(here.run(probe))
    return shown


@each_lesson
def test_its_kernel_stays_small_and_without_tensorflow_unless_it_is_about_it(path):
    memory, tensorflow = behind_walls(path)[MEASURE].split()
    assert int(memory) < 1e6 * MEGABYTES.get(path.stem[:2], 250)
    assert tensorflow == str(path.stem[:2] in WITH_TENSORFLOW)


@walled
@each_lesson
def test_a_lesson_runs_offline_and_where_nothing_can_be_written(path):
    shown = behind_walls(path)
    assert shown[TRY_THE_WALLS] == "['lo']\n" + 2 * "Read-only file system\n"
    for cell in code_of(read(path)):
        assert kinds(shown[cell.id]) == kinds(plain(cell.outputs)), cell.id
        if "nbval-check-output" in cell.metadata.get("tags", []):
            assert shown[cell.id] == plain(cell.outputs), cell.id
    assert "Your answers cannot be saved in" in shown[ANSWER]
    assert "(Read-only file system)" in shown[ANSWER]


@walled
@pytest.mark.skipif(not find_chromium(), reason="no Chromium or Chrome here")
def test_jupyterlab_opens_lesson_0_offline():
    test = f"{ROOT / 'tests/pages/test_browser.py'}::{LESSON_0}"
    command = [*OFFLINE, sys.executable, "-m", "pytest", "-p", "no:cacheprovider", test]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 1 passed" in done.stdout


@pytest.mark.parametrize("lesson", ["05", "06"])  # 10 and 11 have tests of their own
def test_without_tensorflow_it_stops_at_the_cell_that_says_so(lesson, tmp_path):
    (path,) = NOTEBOOKS.glob(f"{lesson}_*.ipynb")
    where, _ = stopped(read(path), tmp_path)
    assert where in ("tensorflow", "keras-import")


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
