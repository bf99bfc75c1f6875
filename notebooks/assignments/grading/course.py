"""The course root on disk: an assignment as nbgrader makes it, and who handed in."""

import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

import nbformat
from nbgrader.converters import GenerateAssignment
from nbgrader.coursedir import CourseDirectory
from traitlets.config import PyFileConfigLoader

from grading import gradebook
from grading.autograde import DATABASE, Work, names_defined
from grading.gradebook import CourseError

# nbgrader makes a new gradebook by calling alembic, which is beside this Python.
os.environ["PATH"] = os.pathsep.join(
    [str(Path(sys.executable).parent), os.environ["PATH"]]
)

CONFIG = "nbgrader_config.py"
PASSED_ON = ("Execute", "IgnorePattern", "LimitOutput", "OverwriteCells")
# nbgrader takes some characters for patterns, spreadsheets others for formulas
BAD_NAME = re.compile(r"^[=+\-@]|[*?\[\]\x00-\x1f\ud800-\udfff]")


class Course:
    """A course root, and one assignment of it.

    root        its folder
    assignment  name of a folder in source/
    notebook    name of the notebook in it, without .ipynb
    release     that notebook as students get it
    reference   {relative path: bytes} of the solution, as if it were handed in
    book        the gradebook of record
    """

    def __init__(self, root, assignment):
        self.root, self.assignment = Path(root).resolve(), assignment
        self.source = self.root / "source" / assignment
        found = sorted(self.source.glob("*.ipynb"))
        if not found:
            paths = self.root.glob("source/*/*.ipynb")
            known = sorted({path.parent.name for path in paths})
            raise CourseError(
                f"assignment={assignment!r}: there is no such folder in "
                f"{self.root / 'source'}; there are {', '.join(known) or 'none'}"
            )
        if len(found) > 1:
            names = ", ".join(path.name for path in found)
            raise CourseError(f"{self.source} holds {names}: one notebook is expected")
        self.notebook = found[0].stem
        self.config = PyFileConfigLoader(CONFIG, path=str(self.root)).load_config()
        self.book = gradebook.Record(self.root, assignment, self.notebook, self.config)

    def prepare(self):
        """Generate the assignment aside, as `nbgrader generate_assignment` does.

        Returns the Work that grading a submission of it needs. The gradebook of
        record learns the assignment if it does not know it as it is now.
        """
        with tempfile.TemporaryDirectory() as folder:
            aside = Path(folder).resolve()
            shutil.copytree(self.source, aside / "source" / self.assignment)
            database = f"sqlite:///{aside / DATABASE}"
            self.generate(aside, database)
            released = aside / "release" / self.assignment
            self.release = nbformat.read(released / f"{self.notebook}.ipynb", 4)
            support = {
                path.relative_to(released).as_posix(): path.read_bytes()
                for path in sorted(released.rglob("*"))
                if path.is_file() and path.suffix != ".ipynb"
            }
            definition = (aside / DATABASE).read_bytes()
            cells = gradebook.cells(database, self.assignment)
            if cells != gradebook.cells(self.book.url, self.assignment):
                self.book.back_up()
                self.generate(aside, self.book.url)
        source = nbformat.read(self.source / f"{self.notebook}.ipynb", 4)
        self.reference = {f"{self.notebook}.ipynb": nbformat.writes(source).encode()}
        return Work(
            assignment=self.assignment,
            notebook=self.notebook,
            cells=cells,
            definition=definition,
            support=support,
            answers=sorted(names_defined(source)),
            config={name: dict(self.config[name]) for name in PASSED_ON},
            hidden=[str(self.root), *repository(self.root)],
        )

    def generate(self, root, database):
        directory = CourseDirectory(root=str(root), assignment_id=self.assignment)
        directory.db_url = database
        converter = GenerateAssignment(coursedir=directory, config=self.config)
        converter.force = True
        try:
            converter.start()
        except Exception as error:
            raise CourseError(
                f"nbgrader cannot generate {self.assignment} from source/: "
                f"`nbgrader generate_assignment {self.assignment} --force` says why"
            ) from error

    def submissions(self):
        """Return {student: folder of what was handed in}, and {name: what is wrong}."""
        good, bad = {}, {}
        for student in sorted(self.root.glob("submitted/*/")):
            folder, name = student / self.assignment, student.name
            if folder.is_dir() and BAD_NAME.search(name):
                shown = os.fsencode(name).decode("utf-8", "replace")
                bad[shown] = "rename the folder: no * ? [ ], no = + - @ first, in UTF-8"
            elif folder.is_dir():
                good[name] = folder
        return good, bad


def repository(root):
    """The repository around a course root holds solutions too: [its folder] or []."""
    around = [folder for folder in root.parents if (folder / ".git").exists()]
    return [str(folder) for folder in around[:1]]
