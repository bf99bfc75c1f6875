"""One server, one browser, and one page for all that is asked of a lesson."""

import asyncio
import os
import shutil
from pathlib import Path

import nbformat
import pytest
from browser import chromium, end_kernels, find_chromium, jupyterlab
from opened import Lesson
from places import LESSONS, NOTEBOOKS
from playwright.sync_api import expect
from refresh import KERNEL

from course import copy_lessons

expect.set_options(timeout=30_000)  # the machine may be busy
EMPTY = "empty"  # a notebook with nothing of ours in it
LOOPS = []  # that of Playwright, while there is a browser


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    """Playwright's event loop counts as running here alone: others start their own."""
    here = Path(__file__).parent in item.path.parents
    asyncio._set_running_loop(LOOPS[0] if LOOPS and here else None)
    try:
        return (yield)
    finally:
        asyncio._set_running_loop(None)


@pytest.fixture(scope="session")
def browser():
    """What one learner has open: pages share what they have loaded before."""
    if not find_chromium():
        reason = "no Chromium or Chrome on this machine: no page is opened"
        if os.environ.get("SOFTMAX_LAB_REQUIRE_BROWSER"):
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    with chromium() as started:
        LOOPS.append(asyncio.get_running_loop())
        yield started.new_context()
        asyncio._set_running_loop(LOOPS.pop())


@pytest.fixture(scope="session")
def root(tmp_path_factory):
    """The folder of a learner, with the lessons and an empty notebook."""
    root = tmp_path_factory.mktemp("my-lessons")
    copy_lessons(NOTEBOOKS, root)
    cells = [nbformat.v4.new_code_cell("1 + 1"), nbformat.v4.new_markdown_cell("# A")]
    empty = nbformat.v4.new_notebook(cells=cells, metadata=KERNEL)
    nbformat.write(empty, root / f"{EMPTY}.ipynb")
    return root


@pytest.fixture(scope="session")
def server(root):
    with jupyterlab(root) as server:
        yield server


# TensorFlow takes its time and changes no page: lesson 11 stands for the others
WEEKLY = {"05", "06", "10"}


def page_of(name):
    """The parameter of a lesson; each week all are opened."""
    marks = [pytest.mark.weekly] if name[:2] in WEEKLY else []
    return pytest.param(name, marks=marks)


@pytest.fixture(scope="session", params=[page_of(path.stem) for path in LESSONS])
def lesson(browser, server, root, request):
    """A lesson, opened and run once for all its tests, which go in their order.

    It has a new kernel, and a learner who has answered nothing yet.
    """
    for page in browser.pages:
        page.close()
    shutil.rmtree(root / ".answers", ignore_errors=True)
    yield Lesson(browser.new_page(), server, request.param)
    end_kernels(*server)


@pytest.fixture(scope="session")
def faults_of_jupyterlab(browser, server):
    """What axe-core finds in an empty notebook."""
    empty = Lesson(browser.new_page(), server, EMPTY)
    found = set(empty.violations())
    with empty.in_the_dark():
        found |= set(empty.violations())
    empty.page.close()
    return found
