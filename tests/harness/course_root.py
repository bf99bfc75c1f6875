"""A class for the tests: a course root of its own, and students who hand in."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbgrader.api import Gradebook
from places import ASSIGNMENTS

PARTS = ["grade.py", "grading", "nbgrader_config.py", "source", "release"]
# What no student ever sees
MARKS = r"^ *### (BEGIN|END) SOLUTION\n?|\n=== BEGIN MARK.*END MARK SCHEME ==="
# nbgrader calls alembic by name
PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])


def need_walls():
    """Skip a test where no sandbox can be made; where one must be, fail."""
    from grading import sandbox  # a benchmark does not have it on its path

    if not sandbox.available():
        reason = "no bubblewrap on this machine, or it may not make a sandbox"
        if os.environ.get("SOFTMAX_LAB_REQUIRE_SANDBOX"):
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)


def new_course(folder, config=""):
    """Copy the published part of the course root; `config` is added to nbgrader's."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        if (ASSIGNMENTS / part).is_dir():
            shutil.copytree(
                ASSIGNMENTS / part,
                folder / part,
                ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints"),
            )
        else:
            shutil.copy(ASSIGNMENTS / part, folder)
    with (folder / "nbgrader_config.py").open("a") as file:
        file.write(config)
    return folder


def read(step, assignment, root=ASSIGNMENTS):
    path = root / step / assignment / f"{assignment}.ipynb"
    return nbformat.read(path, as_version=4)


def grade_id(cell):
    return cell.metadata.get("nbgrader", {}).get("grade_id")


def solved(assignment, changes=(), root=ASSIGNMENTS):
    """Return the release as a student hands it in: solved, but for the changes.

    changes  {grade_id of a solution cell: what stands in it instead}
    """
    answers = {grade_id(cell): cell.source for cell in read("source", assignment).cells}
    notebook = read("release", assignment, root)
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            answer = dict(changes).get(cell.id, answers[grade_id(cell)])
            cell.source = re.sub(MARKS, "", answer, flags=re.M | re.S)
    return notebook


def hand_in(root, student, assignment, notebook, name=None):
    """Put a notebook, or any text or bytes, where nbgrader looks for submissions."""
    path = root / "submitted" / student / assignment / (name or f"{assignment}.ipynb")
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(notebook, dict):
        notebook = json.dumps(notebook)
    path.write_bytes(notebook if isinstance(notebook, bytes) else notebook.encode())
    return path


def run(root, *command, **options):
    """Run a Python command in the course root; return what it did."""
    done = subprocess.run(
        [sys.executable, *command],
        cwd=root,
        env=os.environ | {"PATH": PATH} | options.pop("env", {}),
        capture_output=True,
        text=True,
        **options,
    )
    return done


def grade(root, assignment, *options, **more):
    """Run grade.py; return what it printed."""
    done = run(root, "grade.py", assignment, "--workers", "2", *options, **more)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def nbgrader(root, *command):
    done = run(root, "-m", "nbgrader", *command)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stderr


def grades(root):
    """Return {student: row} of grades.csv."""
    with (root / "grades.csv").open(encoding="utf-8", newline="") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def scores(root, assignment):
    """Return {student: {grade_id: (auto score, waits for a human?)}}."""
    with Gradebook(f"sqlite:///{root / 'gradebook.db'}") as book:
        return {
            submission.student.id: {
                mark.name: (mark.auto_score, mark.needs_manual_grade)
                for part in submission.notebooks
                for mark in part.grades
            }
            for submission in book.assignment_submissions(assignment)
        }


def points(assignment):
    """Return {grade_id: points} of the test cells."""
    return {
        grade_id(cell): cell.metadata.nbgrader.points
        for cell in read("source", assignment).cells
        if cell.metadata.get("nbgrader", {}).get("grade")
        and not cell.metadata.nbgrader.solution
    }


def contents(folder):
    """Return {path: bytes} of all files in a folder."""
    return {p: p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
