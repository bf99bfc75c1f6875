"""What is published, and what each known answer is worth, judged in this process."""

import contextlib
import io
import itertools
import re
import warnings

import nbformat
import pytest
from course_root import grade_id, points, read
from places import ASSIGNMENTS
from test_class import LEARNERS, each


@each
def test_nothing_of_the_solution_is_in_the_release(assignment):
    text = nbformat.writes(read("release", assignment))
    assert not re.search(r"(BEGIN|END) (SOLUTION|HIDDEN|MARK)|HIDDEN_SEED", text)
    for cell in read("release", assignment).cells:
        if cell.metadata.get("nbgrader", {}).get("solution") and cell.id != "why":
            assert "raise NotImplementedError()" in cell.source, cell.id


@each
def test_its_points_add_up(assignment):
    learners, source = LEARNERS[assignment], read("source", assignment)
    manual = [
        cell.metadata.nbgrader.points
        for cell in source.cells
        if grade_id(cell) == learners.MANUAL
    ]
    assert sum(points(assignment).values()) + sum(manual) == learners.MARKS
    table = re.findall(r"^\|[^|]+\| *(\d+) *\|$", source.cells[0].source, re.M)
    assert sum(map(int, table)) == learners.MARKS
    assert f"{learners.MARKS} points" in source.cells[0].source


@each
def test_its_source_is_stored_without_outputs_and_in_one_form(assignment):
    path = ASSIGNMENTS / "source" / assignment / f"{assignment}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    assert nbformat.writes(notebook) + "\n" == path.read_text("utf-8")
    for cell in notebook.cells:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", cell.id), cell.id
        assert grade_id(cell) in (cell.id, None)
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None
            lines = [line for line in cell.source.splitlines() if line.strip()]
            assert len(lines) <= 30, cell.id
            assert max(map(len, lines)) <= 88, cell.id


def test_both_compare_answers_in_the_same_way():
    tools = [
        [c.source for c in read("source", name).cells if c.id in ("tools", "compare")]
        for name in LEARNERS
    ]
    assert len(tools[0]) == 2
    assert tools[0] == tools[1]


def failing(source, changes=(), seed=1, hidden=1):
    """Return the test cells that fail, as nbgrader sees it: also by a warning."""
    names, failed = {"__name__": "__main__"}, set()
    for cell in source.cells:
        if cell.cell_type != "code":
            continue
        code = dict(changes).get(cell.id, cell.source)
        code = re.sub(r"^SEED = \d+$", f"SEED = {seed}", code, flags=re.M)
        code = re.sub(
            r"^HIDDEN_SEED = \d+$", f"HIDDEN_SEED = {hidden}", code, flags=re.M
        )
        with (
            contextlib.redirect_stdout(io.StringIO()),
            contextlib.redirect_stderr(io.StringIO()) as said,
            warnings.catch_warnings(record=True) as warned,
        ):
            warnings.simplefilter("always")
            try:
                exec(code, names)
            except Exception:
                failed.add(cell.id)
        if (said.getvalue() or warned) and cell.id in TESTS:
            failed.add(cell.id)
    return failed


TESTS = {test for assignment in LEARNERS for test in points(assignment)}


@pytest.fixture(params=LEARNERS)
def assignment(request, monkeypatch):
    monkeypatch.chdir(ASSIGNMENTS / "source" / request.param)
    return request.param


def test_every_known_answer_loses_what_it_should(assignment):
    learners, source = LEARNERS[assignment], read("source", assignment)
    worth = points(assignment)
    assert len(learners.RIGHT) >= 5
    assert len(learners.WRONG) >= 8
    assert failing(source) == set()
    for style, changes in learners.RIGHT.items():
        assert failing(source, changes) == set(), style
    for mistake, (changes, lost) in learners.WRONG.items():
        assert failing(source, changes) == set(lost), mistake
        assert all(worth[test] == lost[test] for test in lost), mistake


def test_every_seed_gives_a_fair_variant(assignment):
    """The solution passes, and wrong answers fail, whatever the numbers are."""
    source, wrong = read("source", assignment), LEARNERS[assignment].WRONG.values()
    for seeds in itertools.product([2, 999_999, 77_777, 4096], [3, 999_999, 31_337]):
        assert failing(source, (), *seeds) == set()
        for changes, lost in itertools.islice(wrong, 3):
            assert failing(source, changes, *seeds) == set(lost)
