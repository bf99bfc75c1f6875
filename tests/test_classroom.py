"""A class from the first assignment to the last mark, with the real nbgrader."""

import importlib
import itertools
import re
import signal
import subprocess
import sys
import time

import nbformat
import psutil
import pytest
from classroom import (
    ASSIGNMENTS,
    PATH,
    contents,
    grade,
    grade_id,
    grades,
    hand_in,
    nbgrader,
    new_course,
    points,
    read,
    run,
    scores,
    solved,
)
from grading import sandbox
from grading.autograde import names_defined
from nbgrader.api import Gradebook

LEARNERS = {
    "ps1_softmax": importlib.import_module("learners_ps1"),
    "ps2_trust": importlib.import_module("learners_ps2"),
}
PS1 = "ps1_softmax"
each = pytest.mark.parametrize("assignment", LEARNERS)


def slug(words):
    return re.sub(r"\W+", "-", words)


# What is published


@each
def test_the_release_is_what_nbgrader_makes_of_the_source(assignment, tmp_path):
    root = new_course(tmp_path / "course")
    nbgrader(root, "generate_assignment", assignment, "--force")
    made, published = root / "release", ASSIGNMENTS / "release"
    names = {p.relative_to(made) for p in contents(made / assignment)}
    assert names == {
        p.relative_to(published) for p in contents(published / assignment)
    }
    for name in names:
        assert (made / name).read_bytes() == (published / name).read_bytes(), name


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
        [cell.source for cell in read("source", assignment).cells][1:3]
        for assignment in LEARNERS
    ]
    assert tools[0] == tools[1]


@each
def test_every_seed_gives_a_fair_variant(assignment, monkeypatch):
    """The solution passes, and wrong answers fail, whatever the numbers are."""
    monkeypatch.chdir(ASSIGNMENTS / "source" / assignment)
    source = read("source", assignment)
    wrong = LEARNERS[assignment].WRONG.values()
    for seeds in itertools.product([2, 999_999, 77_777, 4096], [3, 999_999, 31_337]):
        assert failing(source, *seeds) == set()
        for changes, lost in itertools.islice(wrong, 3):
            assert failing(source, *seeds, changes) == set(lost)


def failing(source, seed, hidden, changes=()):
    """Return the test cells that fail in a variant, run in this process."""
    names, failed = {"__name__": "__main__", "print": lambda *words, **how: None}, set()
    for cell in source.cells:
        if cell.cell_type == "code":
            code = dict(changes).get(cell.id, cell.source)
            code = re.sub(r"^SEED = \d+$", f"SEED = {seed}", code, flags=re.M)
            code = re.sub(r"^HIDDEN_SEED = \d+$", f"HIDDEN_SEED = {hidden}", code, flags=re.M)
            try:
                exec(code, names)
            except Exception:
                failed.add(cell.id)
    return failed


# What a class hands in


@pytest.fixture(scope="module", params=LEARNERS)
def classroom(request, tmp_path_factory):
    """All answers that we know, right and wrong, graded in one go."""
    assignment = request.param
    learners = LEARNERS[assignment]
    root = new_course(tmp_path_factory.mktemp("class"))
    hand_in(root, "reference", assignment, solved(assignment))
    hand_in(root, "empty", assignment, read("release", assignment))
    for style, changes in learners.RIGHT.items():
        hand_in(root, slug(style), assignment, solved(assignment, changes))
    for mistake, (changes, _) in learners.WRONG.items():
        hand_in(root, slug(mistake), assignment, solved(assignment, changes))
    return assignment, root, grade(root, assignment)


def test_every_answer_gets_what_it_is_worth(classroom):
    assignment, root, said = classroom
    learners, found = LEARNERS[assignment], scores(root, assignment)
    expected = {"reference": {}, "empty": points(assignment)}
    expected |= {slug(style): {} for style in learners.RIGHT}
    expected |= {slug(mistake): lost for mistake, (_, lost) in learners.WRONG.items()}
    assert len(learners.RIGHT) >= 5
    assert len(learners.WRONG) >= 8
    assert found.keys() == expected.keys(), said
    for student, lost in expected.items():
        for name, worth in points(assignment).items():
            assert found[student][name] == (worth - lost.get(name, 0), False), student


def test_the_why_waits_for_a_human(classroom):
    assignment, root, said = classroom
    manual = LEARNERS[assignment].MANUAL
    found = scores(root, assignment)
    assert found.pop("empty")[manual] == (0, False)
    assert {marks[manual] for marks in found.values()} == {(None, True)}
    states = {student: row["state"] for student, row in grades(root).items()}
    assert states.pop("empty") == "graded"
    assert set(states.values()) == {"needs manual grading"}
    assert re.search(r"^ +1 graded\n +\d+ needs manual grading\n +0 could", said, re.M)


def test_nbgrader_itself_gives_the_same_grades(classroom, tmp_path):
    """Its own sequential run, on as many as time allows."""
    assignment, root, _ = classroom
    other = new_course(tmp_path / "other")
    few = ["reference", "empty", *map(slug, LEARNERS[assignment].WRONG)][:8]
    for student in few:
        name = f"submitted/{student}/{assignment}/{assignment}.ipynb"
        hand_in(other, student, assignment, (root / name).read_bytes())
    nbgrader(other, "generate_assignment", assignment, "--force")
    nbgrader(other, "autograde", assignment)
    found = scores(root, assignment)
    assert scores(other, assignment) == {student: found[student] for student in few}


def test_what_was_graded_is_not_graded_again(classroom):
    assignment, root, _ = classroom
    before = (scores(root, assignment), grades(root))
    assert f"{assignment}: 0 submissions run" in grade(root, assignment)
    assert before == (scores(root, assignment), grades(root))


def test_marks_by_hand_survive_and_feedback_hides_what_is_hidden(classroom):
    assignment, root, _ = classroom
    learners = LEARNERS[assignment]
    student = slug(next(iter(learners.WRONG)))
    with Gradebook(f"sqlite:///{root / 'gradebook.db'}") as book:
        mark = book.find_grade(learners.MANUAL, assignment, assignment, student)
        mark.manual_score, mark.needs_manual_grade = 3, False
        words = book.find_comment(learners.MANUAL, assignment, assignment, student)
        words.manual_comment = "Where do the 16.12 come from?"
        book.db.commit()
    lost = sum(next(iter(learners.WRONG.values()))[1].values())
    for options in [], ["--again"]:
        grade(root, assignment, *options)
        row = grades(root)[student]
        assert row["manual"] == "3.0"
        expected = sum(points(assignment).values()) - lost + 3
        assert float(row["score"]) == expected
        if options:  # nbgrader asks whether the mark by hand still holds
            assert row["state"] == "needs manual grading"
        else:
            assert row["state"] == "graded"
            page = root / "feedback" / student / assignment / f"{assignment}.html"
            shown = page.read_text("utf-8")
            assert "Where do the 16.12 come from?" in shown
            assert "AssertionError" in shown
            assert not re.search("HIDDEN|Traceback", shown)
            for secret in hidden_lines(assignment):
                assert secret not in re.sub(r"<[^>]+>", "", shown)


def hidden_lines(assignment):
    lines = []
    for cell in read("source", assignment).cells:
        for hidden in re.findall(
            r"BEGIN HIDDEN TESTS\n(.*?)\n### END", cell.source, re.S
        ):
            visible = cell.source.replace(hidden, "")
            lines += [
                line.strip()
                for line in hidden.splitlines()
                if len(line.strip()) > 20 and line.strip() not in visible
            ]
    assert lines
    return lines
