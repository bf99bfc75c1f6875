"""The course on disk: assignments as they are, and the gradebook of record.

Only this process writes there. A submission's scores are read by nbgrader's own
SaveAutoGrades from the notebook that was executed elsewhere: marks that a human
gave stay as they are.
"""

import csv
import hashlib
import json
import os
import shutil
import sqlite3
import sys
import tempfile
from datetime import datetime
from pathlib import Path

import nbformat
from nbgrader import utils
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters import GenerateAssignment, GenerateFeedback
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import AssignLatePenalties, SaveAutoGrades
from traitlets.config import PyFileConfigLoader

from grading.autograde import DATABASE, Work, is_test, names_defined

# nbgrader makes a new gradebook by calling alembic, which is beside this Python.
os.environ["PATH"] = os.pathsep.join(
    [str(Path(sys.executable).parent), os.environ["PATH"]]
)

CONFIG = "nbgrader_config.py"
PASSED_ON = ("Execute", "IgnorePattern", "LimitOutput", "OverwriteCells")
GRADED, MANUAL = "graded", "needs manual grading"
UNGRADED, MISSING = "could not be graded", "nothing handed in"
COLUMNS = ["student", "assignment", "state", "score", "max_score", "auto", "manual"]
COLUMNS.append("reason")


class CourseError(Exception):
    """The instructor can mend this; the message says how."""


class Course:
    """A course root, and one assignment of it.

    root        its folder
    assignment  name of a folder in source/
    release     {notebook name: notebook as students get it}
    reference   {relative path: bytes} of the solution, as if it were handed in
    """

    def __init__(self, root, assignment):
        self.root, self.assignment = Path(root).resolve(), assignment
        self.source = self.root / "source" / assignment
        self.notes = self.root / ".grade" / assignment
        if not any(self.source.glob("*.ipynb")):
            known = sorted(
                path.parent.name for path in self.root.glob("source/*/*.ipynb")
            )
            raise CourseError(
                f"assignment={assignment!r}: there is no such folder in "
                f"{self.root / 'source'}; there are {', '.join(known) or 'none'}"
            )
        self.config = PyFileConfigLoader(CONFIG, path=str(self.root)).load_config()
        self.directory = CourseDirectory(root=str(self.root), config=self.config)
        self.notes.mkdir(parents=True, exist_ok=True)

    def prepare(self):
        """Generate the assignment aside, as `nbgrader generate_assignment` does.

        Returns the Work that grading a submission of it needs.
        """
        with tempfile.TemporaryDirectory() as root:
            aside = Path(root).resolve()
            shutil.copytree(self.source, aside / "source" / self.assignment)
            self.generate(aside, f"sqlite:///{aside / DATABASE}")
            released = aside / "release" / self.assignment
            self.release = notebooks(released)
            support = {
                path.relative_to(released).as_posix(): path.read_bytes()
                for path in sorted(released.rglob("*"))
                if path.is_file() and path.suffix != ".ipynb"
            }
            definition = (aside / DATABASE).read_bytes()
            self.cells = cells(f"sqlite:///{aside / DATABASE}", self.assignment)
            if cells(self.directory.db_url, self.assignment) != self.cells:
                self.back_up()
                self.generate(aside, self.directory.db_url)
        sources = notebooks(self.source)
        self.reference = {
            f"{name}.ipynb": nbformat.writes(source).encode()
            for name, source in sources.items()
        }
        return Work(
            assignment=self.assignment,
            definition=definition,
            support=support,
            answers={name: names_defined(source) for name, source in sources.items()},
            config={name: dict(self.config[name]) for name in PASSED_ON},
            hidden=[str(self.root)],
        )

    def generate(self, root, db_url):
        directory = CourseDirectory(root=str(root), assignment_id=self.assignment)
        directory.db_url = db_url
        converter = GenerateAssignment(coursedir=directory, config=self.config)
        converter.force = True
        try:
            converter.start()
        except Exception as error:
            raise CourseError(
                f"nbgrader cannot generate {self.assignment} from source/: "
                f"`nbgrader generate_assignment {self.assignment} --force` says why"
            ) from error

    def back_up(self):
        """Keep the gradebook as it is now; return where, or None if there is none."""
        file = self.directory.db_url.removeprefix("sqlite:///")
        if not os.path.exists(file):
            return None
        copy = self.root / ".grade" / f"gradebook-{datetime.now():%Y%m%d-%H%M%S-%f}.db"
        with sqlite3.connect(file) as here, sqlite3.connect(copy) as there:
            here.backup(there)
        here.close()
        there.close()
        return copy

    def folders(self):
        """{student: folder of what was handed in}"""
        found = sorted(self.root.glob(f"submitted/*/{glob_escape(self.assignment)}"))
        return {path.parent.name: path for path in found if path.is_dir()}

    def key(self, work, files):
        """Return what the outcome depends on; the same key need not be run again."""
        digest = hashlib.sha256(repr((sorted(files.items()), self.cells)).encode())
        digest.update(repr((work.seconds, work.memory, work.support)).encode())
        return digest.hexdigest()

    def remembered(self, student, key):
        """Return the note on a student's outcome if it still holds, else None."""
        try:
            note = json.loads((self.notes / f"{student}.json").read_text("utf-8"))
        except (OSError, ValueError):
            return None
        if note["key"] != key:
            return None
        return note if note["reason"] or self.has(student) else None

    def has(self, student):
        with self.open() as book:
            try:
                book.find_submission(self.assignment, student)
            except MissingEntry:
                return False
        return (self.root / "autograded" / student / self.assignment).is_dir()

    def open(self):
        return Gradebook(self.directory.db_url, self.directory.course_id)

    def save(self, student, key, outcome, files, remarks):
        """Put an outcome on record: notebooks, scores, and last the note on it."""
        if outcome.notebooks:
            folder = self.root / "autograded" / student / self.assignment
            shutil.rmtree(folder, ignore_errors=True)
            extra = {n: d for n, d in files.items() if not n.endswith(".ipynb")}
            for name, text in outcome.notebooks.items():
                extra[f"{name}.ipynb"] = text.encode()
            for name, data in extra.items():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_bytes(data)
            self.merge(student, outcome, folder)
        note = {"key": key, "reason": outcome.reason, "remarks": remarks}
        file = self.notes / f"{student}.json"
        file.with_suffix(".new").write_text(json.dumps(note, indent=1), "utf-8")
        os.replace(file.with_suffix(".new"), file)

    def merge(self, student, outcome, folder):
        timestamp = self.directory.get_existing_timestamp(str(folder))
        with self.open() as book:
            book.update_or_create_student(student)
            facts = {"timestamp": timestamp} if timestamp else {}
            book.update_or_create_submission(self.assignment, student, **facts)
        for name, text in outcome.notebooks.items():
            about = {"notebook": name, "assignment": self.assignment}
            about.update(student=student, db_url=self.directory.db_url)
            for step in (SaveAutoGrades, AssignLatePenalties):
                notebook = nbformat.reads(text, as_version=4)
                step(config=self.config).preprocess(notebook, {"nbgrader": about})

    def rows(self, reasons):
        """Return one dict a student for grades.csv; no score where there is none."""
        with self.open() as book:
            found = {student.id: None for student in book.students}
            for submission in book.assignment_submissions(self.assignment):
                found[submission.student.id] = submission
            return [
                self.row(student, found.get(student), reasons.get(student, ""))
                for student in sorted(found.keys() | reasons.keys())
            ]

    def row(self, student, submission, reason):
        row = {"student": student, "assignment": self.assignment, "state": MISSING}
        row.update(dict.fromkeys(["score", "max_score", "auto", "manual"], ""))
        row["reason"] = reason
        if reason:
            row["state"] = UNGRADED
        elif submission:
            row.update(scores(submission))
        return row

    def write_grades(self, rows):
        """Write grades.csv; rows of other assignments stay in it."""
        path, kept = self.root / "grades.csv", []
        if path.exists():
            with path.open(encoding="utf-8", newline="") as file:
                kept = [
                    r
                    for r in csv.DictReader(file)
                    if r["assignment"] != self.assignment
                ]
        with path.with_suffix(".new").open("w", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, COLUMNS)
            table.writeheader()
            table.writerows([*kept, *rows])
        os.replace(path.with_suffix(".new"), path)

    def write_feedback(self, student):
        """Write a student's feedback, as `nbgrader generate_feedback` does."""
        seen = self.marks(student)
        note = self.notes / f"{student}.feedback"
        page = self.root / "feedback" / student / self.assignment
        if page.exists() and note.exists() and note.read_text("utf-8") == seen:
            return
        directory = CourseDirectory(root=str(self.root), config=self.config)
        directory.assignment_id, directory.student_id = self.assignment, student
        converter = GenerateFeedback(coursedir=directory, config=self.config)
        converter.force = True
        converter.start()
        note.write_text(seen, "utf-8")

    def marks(self, student):
        """Return a digest of all that a student's feedback shows."""
        folder = self.root / "autograded" / student / self.assignment
        texts = [path.read_text("utf-8") for path in sorted(folder.glob("*.ipynb"))]
        with self.open() as book:
            for part in book.find_submission(self.assignment, student).notebooks:
                texts += [f"{mark.name} {mark.score}" for mark in part.grades]
                texts += [f"{said.name} {said.comment}" for said in part.comments]
        return hashlib.sha256(repr(texts).encode()).hexdigest()


def lost(outcome):
    """Return the test cells of an outcome that did not get all their points."""
    names = []
    for text in outcome.notebooks.values():
        for cell in filter(is_test, nbformat.reads(text, as_version=4).cells):
            points, possible = utils.determine_grade(cell)
            if points != possible:
                names.append(cell.metadata.nbgrader.grade_id)
    return names


def scores(submission):
    parts = submission.notebooks
    grades = [grade for part in parts for grade in part.grades]
    late = sum(part.late_submission_penalty or 0 for part in parts)
    return {
        "state": MANUAL if submission.needs_manual_grade else GRADED,
        "score": max(0.0, submission.score - late),
        "max_score": submission.max_score,
        "auto": sum(grade.auto_score or 0 for grade in grades),
        "manual": sum(grade.manual_score or 0 for grade in grades),
    }


def notebooks(folder):
    return {
        path.stem: nbformat.read(path, as_version=4)
        for path in sorted(folder.glob("*.ipynb"))
    }


def cells(db_url, assignment):
    """Return what a gradebook knows of an assignment's cells, to be compared."""
    with Gradebook(db_url) as book:
        try:
            found = book.find_assignment(assignment).notebooks
        except MissingEntry:
            return None
        return sorted(
            (notebook.name, cell.name, cell.source, cell.checksum or "")
            for notebook in found
            for cell in notebook.source_cells
        )


def glob_escape(name):
    return name.translate({ord(c): f"[{c}]" for c in "*?["})
