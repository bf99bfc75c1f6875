"""A class for the tests: a course root of its own, and students who hand in."""

import contextlib
import csv
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import warnings
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


def known_answers(text):
    """Return {name: changes}, or {name: (changes, {test cell: points lost})}.

    == name, or name -> test cell 2, other test cell 3
    -- grade_id of a solution cell
    what stands in it instead
    """
    found = {}
    for answer in re.split(r"^== ", text, flags=re.M)[1:]:
        head, *cells = re.split(r"^-- ", answer, flags=re.M)
        changes = dict(cell.split("\n", 1) for cell in cells)
        name, _, lost = head.strip().partition(" -> ")
        pairs = (test.rsplit(" ", 1) for test in lost.split(", ") if lost)
        points = {test: int(worth) for test, worth in pairs}
        found[name] = (changes, points) if lost else changes
    return found


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


def grade_here(root, assignment, *options):
    """Do in this process what grade.py does; return what it printed."""
    import grade  # a benchmark does not have it on its path

    with (
        contextlib.redirect_stdout(io.StringIO()) as said,
        warnings.catch_warnings(),
        grade.dask.config.set(grade.DASK),  # as it was, afterwards
    ):
        warnings.simplefilter("ignore")  # nbgrader's, and those of what it uses
        grade.main([assignment, "--workers", "1", "--root", str(root), *options])
    return said.getvalue()


def nbgrader(root, *command):
    done = run(root, "-m", "nbgrader", *command)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stderr


ONE_BY_ONE = """
import contextlib, sys
from jupyter_core.application import NoStart
from nbgrader.apps import NbGraderApp
for command in sys.argv[1:]:
    app = NbGraderApp()
    app.initialize(command.split())
    with contextlib.suppress(NoStart):
        app.start()
    app.subapp.clear_instance()
"""


def nbgrader_in_turn(root, *commands):
    """Run several of nbgrader's commands; it starts for seconds, so only once."""
    done = run(root, "-c", ONE_BY_ONE, *commands)
    assert done.returncode == 0, done.stdout + done.stderr


def grades(root, assignment):
    """Return {student: row} of an assignment in grades.csv."""
    with (root / "grades.csv").open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        return {r["student"]: r for r in rows if r["assignment"] == assignment}


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


@contextlib.contextmanager
def started(root, *command):
    """Start a command in the course root, in a group of its own, as a shell does.

    Ctrl-C reaches it, also where the tests themselves run in the background.
    """

    def hear():
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    child = subprocess.Popen(
        [sys.executable, *command],
        cwd=root,
        env=os.environ | {"PATH": PATH},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        preexec_fn=None if os.name == "nt" else hear,
    )
    try:
        yield child
    finally:
        if child.poll() is None:
            child.kill()
        child.wait()
        child.stdout.close()


def wait_until(condition, seconds=300):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)
