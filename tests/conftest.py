"""Settings for all tests."""

import os
import re
import tempfile

import pytest
from hypothesis import settings
from places import WITH_TENSORFLOW

from softmax_lab.base import store

# The tests, and the kernels that they start, know nothing of who runs them.
NOBODY = tempfile.TemporaryDirectory()
os.environ["SOFTMAX_LAB_HOME"] = NOBODY.name

# The same examples on every run, so that a red build means a changed course; to
# search for new ones: pytest --hypothesis-profile=search
settings.register_profile("course", max_examples=300, deadline=None, derandomize=True)
settings.register_profile("quick", max_examples=30, deadline=None, derandomize=True)
settings.register_profile("search", max_examples=5000, deadline=None)
settings.load_profile("course")

SLOW = "pytestmark = pytest.mark.slow"  # a file that says so, whole
SLOW_ROOMS = {"classroom", "pages"}
ONE_LESSON = "01_logits_to_probabilities.ipynb"  # of nbval's, among what is quick
OF_A_LESSON = {"test_access.py", "test_browser.py", "test_notebooks.py", "test_runs.py"}
FIRST = ["classroom", "pages", "test_runs.py", "test_lesson_11.py"]  # the longest


def pytest_ignore_collect(collection_path, config):
    """Do not even import slow files where they are not wanted."""
    if "not slow" not in config.option.markexpr:
        return None
    slow = collection_path.name in SLOW_ROOMS
    if collection_path.suffix == ".py":
        slow = SLOW in collection_path.read_text("utf-8")
    return slow or None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """The longest come first, so that no processor waits for another at the end.

    Lessons with TensorFlow go through nbval weekly: test_runs.py always runs the same
    cells and compares the same outputs.
    """
    for item in items:
        if item.path.suffix == ".ipynb":
            if item.path.name[:2] in WITH_TENSORFLOW:
                item.add_marker(pytest.mark.weekly)
            if item.path.name != ONE_LESSON:
                item.add_marker(pytest.mark.slow)
    items.sort(key=lambda item: turn(item.path))


def turn(path):
    names = {path.name, path.parent.name}
    return next((k for k, first in enumerate(FIRST) if first in names), len(FIRST))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Keep on one processor what shares a server, a kernel or a trained model.

    That is a file, or what some files of a folder ask of one lesson.
    """
    from xdist.scheduler import LoadScopeScheduling

    class ByLesson(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            folder, _, file = nodeid.partition("::")[0].rpartition("/")
            lesson = re.search(r"\[\d\d_\w+", nodeid)
            return (
                folder + lesson[0] if lesson and file in OF_A_LESSON else folder + file
            )

    return ByLesson(config, log)


def pytest_terminal_summary(terminalreporter):
    """Say of each failure how to run it alone."""
    reports = [terminalreporter.getreports(kind) for kind in ("failed", "error")]
    for nodeid in dict.fromkeys(r.nodeid for kind in reports for r in kind):
        path, _, test = nodeid.partition("::")
        if test.startswith("ipynb"):  # nbval's cell, which needs those before it
            nodeid = f"{path}.ipynb"
        terminalreporter.line(f'alone: python course.py test "{nodeid}"')


@pytest.fixture
def learner(tmp_path, monkeypatch):
    """The folder of a learner who has answered nothing yet."""
    folder = tmp_path / "learner"
    monkeypatch.setenv("SOFTMAX_LAB_HOME", str(folder))
    yield folder
    store.STORES.clear()
