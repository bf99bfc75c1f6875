"""The gradebook of record, and what is written beside it.

Only one process writes there. Scores are read by nbgrader's own SaveAutoGrades from
a notebook that was executed elsewhere; marks that a human gave stay as they are.
"""

import csv
import hashlib
import json
import os
import shutil
import sqlite3
from datetime import datetime

import nbformat
from nbconvert.preprocessors.sanitize import SanitizeHTML
from nbgrader import utils
from nbgrader.api import Gradebook, MissingEntry
from nbgrader.converters import GenerateFeedback
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import AssignLatePenalties, SaveAutoGrades

from grading.autograde import is_test

GRADED, MANUAL = "graded", "needs manual grading"
UNGRADED, MISSING = "could not be graded", "nothing handed in"
COLUMNS = ["student", "assignment", "state", "score", "max_score", "auto", "manual"]
COLUMNS.append("reason")


class CourseError(Exception):
    """The instructor can mend this; the message says how."""


class Record:
    """What is known of the submissions of one assignment.

    url    address of nbgrader's database
    notes  folder with a note on each outcome: a run that was stopped goes on there
    """

    def __init__(self, root, assignment, notebook, config):
        self.root, self.assignment, self.notebook = root, assignment, notebook
        self.config, self.notes = config, root / ".grade" / assignment
        self.directory = CourseDirectory(root=str(root), config=config)
        self.url = self.directory.db_url
        self.notes.mkdir(parents=True, exist_ok=True)

    def open(self):
        return Gradebook(self.url, self.directory.course_id)

    def back_up(self):
        """Copy the gradebook as it is now, if there is one in a file."""
        file = self.url.removeprefix("sqlite:///")
        if os.path.exists(file):
            name = f"gradebook-{datetime.now():%Y%m%d-%H%M%S-%f}.db"
            here, there = (
                sqlite3.connect(file),
                sqlite3.connect(self.notes.parent / name),
            )
            here.backup(there)
            here.close()
            there.close()

    def remembered(self, student, key, scores):
        """Return the note on an outcome if it still holds, else None.

        key     what the outcome depends on
        scores  what `auto_scores` found: the gradebook may be another one by now
        """
        try:
            note = json.loads((self.notes / f"{student}.json").read_text("utf-8"))
        except (OSError, ValueError):
            return None
        holds = note.get("key") == key
        if holds and not note["reason"]:
            there = (self.folder(student) / f"{self.notebook}.ipynb").exists()
            holds = there and note["scores"] == scores.get(student)
        return note if holds else None

    def folder(self, student):
        return self.root / "autograded" / student / self.assignment

    def auto_scores(self):
        """Return {student: {cell: score by its tests}}."""
        with self.open() as book:
            return {
                submission.student.id: {
                    grade.name: grade.auto_score
                    for part in submission.notebooks
                    for grade in part.grades
                }
                for submission in book.assignment_submissions(self.assignment)
            }

    def save(self, student, key, outcome, submission):
        """Put an outcome on record: notebook, scores, and last the note on it."""
        note = {"key": key, "reason": outcome.reason, "remarks": submission.remarks}
        if outcome.notebook:
            self.write_autograded(student, outcome, submission.files)
            self.merge(student, outcome.notebook)
            note["scores"] = self.auto_scores_of(student)
        write(self.notes / f"{student}.json", json.dumps(note, indent=1))

    def write_autograded(self, student, outcome, files):
        """Write what formgrader shows, without what a browser would execute."""
        notebook = nbformat.reads(outcome.notebook, as_version=4)
        notebook, _ = SanitizeHTML().preprocess(notebook, {})
        name = f"{self.notebook}.ipynb"
        shutil.rmtree(self.folder(student), ignore_errors=True)
        for path, data in (files | {name: nbformat.writes(notebook).encode()}).items():
            file = self.folder(student) / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)

    def merge(self, student, text):
        timestamp = self.directory.get_existing_timestamp(str(self.folder(student)))
        facts = {"timestamp": timestamp} if timestamp else {}
        with self.open() as book:
            book.update_or_create_student(student)
            book.update_or_create_submission(self.assignment, student, **facts)
        about = {"notebook": self.notebook, "assignment": self.assignment}
        about.update(student=student, db_url=self.url)
        for step in (SaveAutoGrades, AssignLatePenalties):
            notebook = nbformat.reads(text, as_version=4)
            step(config=self.config).preprocess(notebook, {"nbgrader": about})

    def auto_scores_of(self, student):
        with self.open() as book:
            submission = book.find_submission(self.assignment, student)
            grades = [g for part in submission.notebooks for g in part.grades]
            return {grade.name: grade.auto_score for grade in grades}

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
        row = dict.fromkeys(COLUMNS, "")
        row.update(student=student, assignment=self.assignment, state=MISSING)
        if reason:
            row.update(state=UNGRADED, reason=reason)
            if submission:
                row["reason"] += (
                    f" (the gradebook keeps an earlier {submission.score:g})"
                )
        elif submission:
            row.update(scores(submission))
        return row

    def write_grades(self, rows):
        """Write grades.csv; rows of other assignments stay in it."""
        path, kept = self.root / "grades.csv", []
        if path.exists():
            with path.open(encoding="utf-8", newline="") as file:
                table = csv.DictReader(file)
                if table.fieldnames != COLUMNS:
                    raise CourseError(f"{path} is not as grade.py wrote it: rename it")
                kept = [r for r in table if r["assignment"] != self.assignment]
        with path.with_suffix(".new").open("w", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, COLUMNS)
            table.writeheader()
            table.writerows([*kept, *map(harmless, rows)])
        os.replace(path.with_suffix(".new"), path)

    def write_feedback(self, student):
        """Write a student's feedback, as `nbgrader generate_feedback` does."""
        shown, note = self.marks(student), self.notes / f"{student}.feedback"
        page = self.root / "feedback" / student / self.assignment
        if page.exists() and note.exists() and note.read_text("utf-8") == shown:
            return
        directory = CourseDirectory(root=str(self.root), config=self.config)
        directory.assignment_id, directory.student_id = self.assignment, student
        converter = GenerateFeedback(coursedir=directory, config=self.config)
        converter.force = True
        converter.start()
        write(note, shown)

    def marks(self, student):
        """Return a digest of all that a student's feedback shows."""
        file = self.folder(student) / f"{self.notebook}.ipynb"
        texts = [file.read_text("utf-8")]
        with self.open() as book:
            for part in book.find_submission(self.assignment, student).notebooks:
                texts += [f"{mark.name} {mark.score}" for mark in part.grades]
                texts += [f"{said.name} {said.comment}" for said in part.comments]
        return hashlib.sha256(repr(texts).encode()).hexdigest()


def write(path, text):
    """Write a small file whole or not at all."""
    path.with_suffix(".new").write_text(text, "utf-8")
    os.replace(path.with_suffix(".new"), path)


def lost(text):
    """Return the test cells of an executed notebook that did not get all points."""
    names = []
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


def harmless(row):
    """A reason may quote what a student chose: no spreadsheet is to compute it."""
    formula = row["reason"].startswith(("=", "+", "-", "@"))
    return row | {"reason": f"'{row['reason']}"} if formula else row


def cells(url, assignment):
    """Return what a gradebook knows of an assignment's cells, to be compared."""
    with Gradebook(url) as book:
        try:
            found = book.find_assignment(assignment).notebooks
        except MissingEntry:
            return None
        return sorted(
            (notebook.name, cell.name, cell.source, cell.checksum or "")
            for notebook in found
            for cell in notebook.source_cells
        )
