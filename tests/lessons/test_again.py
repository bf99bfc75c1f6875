"""Lessons run as people run them: a cell again, a page again, from the middle."""

import nbformat
import pytest
from kernels import code_of, kernel, kinds, plain
from places import LESSONS
from sections import closure, needed, only_imports, said, sections

BY_THE_CLOCK = {"cost-clock", "speed-clock"}  # what they say depends on the machine
each_lesson = pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)


def read(path):
    return nbformat.read(path, as_version=4)


@each_lesson
def test_a_cell_run_twice_and_a_page_run_twice_say_the_same(path, tmp_path, learner):
    cells = [c for c in code_of(read(path)) if c.id not in BY_THE_CLOCK]
    with kernel(tmp_path) as here:
        first = {}
        for cell in cells:
            first[cell.id] = here.run(cell.source)
            assert here.run(cell.source) == first[cell.id], cell.id
        for cell in cells:
            assert here.run(cell.source) == first[cell.id], cell.id


# From the middle: a new kernel, the cells that import, and what a section builds on


@each_lesson
def test_a_section_names_the_sections_whose_code_it_needs(path):
    notebook = read(path)
    assert said(notebook) == needed(notebook)


BEGIN = """
def _fresh(value):
    from copy import deepcopy  # or a generator goes on where others left it
    return deepcopy(value) if type(value).__name__ == "Generator" else value

_kept, _left = {}, {}
_kept = dict(globals())
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


@each_lesson
def test_a_section_runs_on_what_it_builds_on_alone(path, tmp_path, learner):
    """Its namespace holds what the cells that import and those sections set.

    One kernel for a lesson: names are deleted between sections, and what a section
    left is put back, so that no model is trained twice. What TensorFlow keeps to
    itself, its devices and seeds, stays.
    """
    notebook = read(path)
    builds_on = said(notebook)
    with kernel(tmp_path) as here:
        for cell in code_of(notebook):
            if only_imports(cell.source):
                here.run(cell.source)
        here.run(BEGIN)
        for heading, cells in sections(notebook).items():
            here.run(RESTART.format(before=closure(heading, builds_on)))
            for cell in cells:
                shown, stored = here.run(cell.source), plain(cell.outputs)
                assert kinds(shown) == kinds(stored), (heading, cell.id)
                if "nbval-check-output" in cell.metadata.get("tags", []):
                    assert shown == stored, (heading, cell.id)
            here.run(LEAVE.format(heading=heading))
