"""One submission, graded by nbgrader in a throw-away course root.

The root holds this submission and the assignment's own definition, and neither
solutions, nor classmates, nor a gradebook: nbgrader's is made of the definition
alone, and is removed before the first line of the student runs.
"""

import ast
import hashlib
import json
import logging
import random
import shutil
import tempfile
import uuid
import warnings
from dataclasses import dataclass
from pathlib import Path

import nbformat
import psutil
import zmq.asyncio
from jupyter_client.kernelspec import NoSuchKernel
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbconvert.preprocessors import ClearMetadataPreprocessor
from nbgrader import utils
from nbgrader.converters import Autograde
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import (
    CheckCellMetadata,
    Execute,
    IgnorePattern,
    LimitOutput,
)
from sqlalchemy.exc import SAWarning
from traitlets import Float, List, Unicode
from traitlets.config import Config

from grading.sandbox import SandboxedKernel, Watch, available
from grading.submissions import UngradedError

# nbgrader and SQLAlchemy among themselves
warnings.filterwarnings("ignore", category=SAWarning)

OUTPUT_LIMIT = 2_000_000  # characters that a notebook may put out
MESSAGE_LIMIT = 100_000_000  # bytes that it may put out at once
TRIAL_SECONDS = 5  # a test that takes longer with wrong answers has not passed
STARTS = 3  # tries: without a sandbox two kernels may have chosen the same port
NOT_STARTED = "its kernel did not start"  # so nothing of the student's has run
STUDENT = "student"  # in the throw-away root everybody has this name
DATABASE = "definition.db"


@dataclass
class Work:
    """All that grading one submission needs, to be sent to any machine.

    notebook    name of its notebook
    cells       its cells as the gradebook knows them
    definition  nbgrader's database, with this assignment and nobody in it
    support     {relative path: bytes} that the assignment hands out
    answers     names that its solution cells define
    config      sections of nbgrader_config.py
    hidden      folders that no submission is to see
    """

    assignment: str
    notebook: str
    cells: list
    definition: bytes
    support: dict
    answers: list
    config: dict
    hidden: list
    seconds: float = 180.0
    memory: float = 2e9

    def key(self, files):
        """Return what an outcome depends on: with the same key it is the same."""
        known = [self.cells, self.support, self.seconds, self.memory]
        return hashlib.sha256(
            repr([sorted(files.items()), *known]).encode()
        ).hexdigest()


@dataclass
class Outcome:
    """notebook: the executed notebook as text, or "" and the reason why there is none.

    walls  did it run in a sandbox?
    """

    notebook: str
    reason: str = ""
    walls: bool = True


def grade(work, files):
    """Return the Outcome of one submission; never raises what a student caused."""
    logging.getLogger("traitlets").setLevel(logging.CRITICAL)
    for _ in range(STARTS):
        with tempfile.TemporaryDirectory(
            prefix="g", ignore_cleanup_errors=True
        ) as root:
            lay_out(Path(root).resolve(), work, files)
            try:
                outcome = Outcome(run(Path(root).resolve(), work))
            except UngradedError as error:
                outcome = Outcome("", str(error))
        if outcome.reason != NOT_STARTED:
            break
    outcome.walls = available()
    return outcome


def lay_out(root, work, files):
    (root / DATABASE).write_bytes(work.definition)
    for folder, content in [
        (root / "source" / work.assignment, work.support),
        (root / "submitted" / STUDENT / work.assignment, files),
    ]:
        for name, data in content.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)


def run(root, work):
    """Return the executed notebook as text. Raises UngradedError."""
    course = CourseDirectory(root=str(root), assignment_id=work.assignment)
    course.student_id, course.db_url = STUDENT, f"sqlite:///{root / DATABASE}"
    config = Config(work.config)
    config.GuardedExecute.update(root=str(root), hidden=work.hidden)
    config.GuardedExecute.update(seconds=work.seconds, memory=work.memory)
    config.GuardedExecute.answers = work.answers
    converter = OneSubmission(coursedir=course, config=config)
    try:
        converter.start()
    except Exception as error:
        raise UngradedError(explained(converter.failure or error)) from None
    folder = root / "autograded" / STUDENT / work.assignment
    return (folder / f"{work.notebook}.ipynb").read_text("utf-8")


def explained(error):
    if isinstance(error, UngradedError):
        return str(error)
    if isinstance(error, DeadKernelError):
        return "its kernel died: it ended Python itself, or crashed it"
    if isinstance(error, CellTimeoutError):
        return "a cell could not be stopped, or put out too much at once"
    if isinstance(error, NoSuchKernel):
        return f"there is no kernel {error.name!r} here: its solution asks for it"
    if isinstance(error, RuntimeError) and "kernel_info" in str(error):
        return NOT_STARTED
    return f"nbgrader stopped at it: {type(error).__name__}: {error}"[:200]


class GuardedExecute(Execute):
    """nbgrader's Execute in a sandbox, with limits and with a test of the tests.

    A submission can make its tests worthless: by an assert that does nothing, or
    a comparison that always agrees. So each test cell runs twice, in an order that
    cannot be foreseen: once as it is, and once with answers that were made a little
    wrong. A test that passes then would pass anything.
    """

    root = Unicode().tag(config=True)
    hidden = List(Unicode()).tag(config=True)
    answers = List(Unicode()).tag(config=True)
    seconds = Float().tag(config=True)
    memory = Float().tag(config=True)

    def preprocess(self, nb, resources):
        self.left, self.disarmed = OUTPUT_LIMIT, []
        self.context = zmq.asyncio.Context()
        self.desk = self.clear_a_desk(resources)
        self.watch = Watch(self.desk, self.seconds, self.memory)
        try:
            nb, resources = super().preprocess(nb, resources)
        finally:
            self.watch.stop()
            self.context.destroy(linger=0)
            if self.watch.reason:
                raise UngradedError(self.watch.reason)
        if self.disarmed:
            raise UngradedError(
                "it disarms its tests: they pass with wrong answers as well "
                f"({', '.join(self.disarmed)})"
            )
        return nb, resources

    def clear_a_desk(self, resources):
        """Return the one folder that the submission may write to.

        What nbgrader reads and writes stays out of its reach, and the hidden tests
        in nbgrader's database and notebook are removed: they are in memory by now.
        """
        folder, desk = Path(resources["metadata"]["path"]), Path(self.root, "desk")
        (folder / f"{resources['nbgrader']['notebook']}.ipynb").unlink()
        Path(self.root, DATABASE).unlink(missing_ok=True)
        shutil.rmtree(Path(self.root, "submitted"))
        shutil.copytree(folder, desk)
        resources["metadata"]["path"] = str(desk)
        return str(desk)

    def create_kernel_manager(self):
        self.context.setsockopt(zmq.MAXMSGSIZE, MESSAGE_LIMIT)
        self.km = SandboxedKernel(
            kernel_name=self.nb.metadata.kernelspec.name,
            folder=self.desk,
            hidden=self.hidden,
            context=self.context,
        )
        return self.km

    def start_new_kernel_client(self, **options):
        self.watch.kernel = psutil.Process(self.km.provisioner.process.pid)
        self.watch.start()
        return super().start_new_kernel_client(**options)

    def preprocess_cell(self, cell, resources, index):
        if is_test(cell) and random.SystemRandom().random() < 0.5:
            passed_wrong = self.passes_wrong_answers(cell, index)
            super().preprocess_cell(cell, resources, index)
        else:
            super().preprocess_cell(cell, resources, index)
            worth_a_try = is_test(cell) and not utils.has_failed(cell)
            passed_wrong = worth_a_try and self.passes_wrong_answers(cell, index)
        if passed_wrong and not utils.has_failed(cell):
            self.disarmed.append(cell.metadata.nbgrader.grade_id)
        return cell, resources

    def passes_wrong_answers(self, cell, index):
        made, wrong = f"_{uuid.uuid4().hex}", f"_{uuid.uuid4().hex}"
        before = MAKE_WRONG.format(made=made, wrong=wrong, names=self.answers)
        sources = [before, cell.source, f"globals().update({made}); del {made}"]
        trials = [nbformat.v4.new_code_cell(source) for source in sources]
        limit, self.timeout = self.timeout, min(self.timeout, TRIAL_SECONDS)
        for trial in trials:
            self.execute_cell(trial, index, store_history=False)
        self.timeout, self.nb.cells[index] = limit, cell
        return not utils.has_failed(trials[1])

    def process_message(self, msg, cell, cell_index):
        """Keep what a submission puts out until it is too much; then only its kind."""
        content, kind = msg["content"], msg["msg_type"]
        if kind.startswith("comm"):
            return None
        if kind == "stream":
            content["text"] = content["text"][: self.left]
            self.left -= len(content["text"])
            known = any(out.get("name") == content["name"] for out in cell.outputs)
            if not content["text"] and known:
                return None
        elif kind == "error":
            content.update(
                ename=content["ename"][:100], evalue=content["evalue"][:1000]
            )
            content["traceback"] = [text[:10_000] for text in content["traceback"][:50]]
            self.left -= sum(map(len, content["traceback"]))
            if self.left < 0:
                content["traceback"] = []
        elif "data" in content:
            content["metadata"] = {}
            self.left -= len(json.dumps(content["data"]))
            if self.left < 0:
                content["data"] = {"text/plain": "(too much output)"}
        self.left = max(self.left, 0)
        return super().process_message(msg, cell, cell_index)


# x * 0.8125 + 0.0371 leaves no probability, loss or count as it is.
MAKE_WRONG = """\
def {wrong}(answer):
    if callable(answer):
        return lambda *args, **options: {wrong}(answer(*args, **options))
    if isinstance(answer, (list, tuple)):
        return [{wrong}(part) for part in answer]
    try:
        return answer + "?" if isinstance(answer, str) else answer * 0.8125 + 0.0371
    except TypeError:
        return answer


{made} = {{name: globals()[name] for name in {names} if name in globals()}}
globals().update({{name: {wrong}(answer) for name, answer in {made}.items()}})
"""


def is_test(cell):
    return (
        cell.cell_type == "code"
        and utils.is_grade(cell)
        and not utils.is_solution(cell)
    )


def names_defined(notebook):
    """Return the names that the solution cells of a source notebook define."""
    names = set()
    for cell in notebook.cells:
        if cell.cell_type == "code" and utils.is_solution(cell):
            for node in ast.parse(cell.source).body:
                if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                    names.add(node.name)
                elif isinstance(node, (ast.Assign, ast.AnnAssign)):
                    targets = getattr(node, "targets", None) or [node.target]
                    names |= {
                        n.id
                        for target in targets
                        for n in ast.walk(target)
                        if isinstance(n, ast.Name)
                    }
    return names


class OneSubmission(Autograde):
    """nbgrader's Autograde up to the executed notebook; scores are read from that."""

    autograde_preprocessors = List(
        [
            GuardedExecute,
            IgnorePattern,
            ClearMetadataPreprocessor,
            LimitOutput,
            CheckCellMetadata,
        ]
    ).tag(config=True)

    failure = None

    def convert_single_notebook(self, notebook_filename):
        try:
            super().convert_single_notebook(notebook_filename)
        except Exception as error:
            self.failure = error
            raise
