"""One kernel for many runs of a lesson's cells, as a learner may come to run them."""

import contextlib
import os
import re

import nbformat
from nbclient import NotebookClient
from places import NOTEBOOKS
from refresh import WIDGET, joined, with_sentences

from softmax_lab.learn.check import solution
from softmax_lab.lessons import catalogue

THREADS = [f"{name}_NUM_THREADS" for name in ("OPENBLAS", "OMP")]
THREADS += ["TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"]
# For a while there is no TensorFlow
GONE = "import sys\nsys.modules['tensorflow'] = None"
BACK = "del sys.modules['tensorflow']"


class Kernel:
    """A kernel in `folder` that runs cells one by one and remembers nothing else."""

    def __init__(self, folder, **options):
        self.client = NotebookClient(
            nbformat.v4.new_notebook(),
            timeout=600,
            record_timing=False,
            resources={"metadata": {"path": str(folder)}},
            extra_arguments=["--log-level=ERROR"],
            **options,
        )

    def run(self, source):
        """Run code and return its outputs, as in the stored notebook.

        Raises CellExecutionError if it fails.
        """
        cell = nbformat.v4.new_code_cell(source)
        self.client.nb.cells.append(cell)
        self.client.execute_cell(cell, len(self.client.nb.cells) - 1)
        return plain(cell.outputs)


def plain(outputs):
    """Return outputs without what differs from one run to the next."""
    kept = [
        {"name": output.get("name"), "text": output.get("text"), **data_of(output)}
        for output in with_sentences(joined(outputs))
    ]
    return [{key: value for key, value in one.items() if value} for one in kept]


def data_of(output):
    return {
        kind: data for kind, data in output.get("data", {}).items() if kind != WIDGET
    }


@contextlib.contextmanager
def kernel(folder=NOTEBOOKS, **options):
    """Start a kernel in `folder`; it is stopped at the end.

    On one thread: two on busy cores wait for each other, up to four times as long.
    """
    started = Kernel(folder, **options)
    threads = dict.fromkeys(THREADS, "1")
    with started.client.setup_kernel(env={**os.environ, **threads}):
        yield started


def kinds(outputs):
    """What kinds of output there are; a figure that fails has no picture."""
    return [set(output) for output in outputs]


def code_of(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def solved(source):
    """Return the source of an exercise's cell with the reference answer put in."""
    name, answer = re.search(r'check\("(.+?)", (.+)\)', source).groups()
    exercise = catalogue.exercise(name)
    if exercise.accepts:
        mine = f"{answer} = {exercise.reference!r}"
    else:
        mine = solution(exercise) + f"\n\n{answer} = {exercise.reference.__name__}"
    before, line, after = re.split(r"(?m)^(.*check\(.*)$", source)
    return f"{before}{mine}\n\n{line}{after}"
