"""Running a lesson where there is no TensorFlow."""

import nbformat
from nbclient.exceptions import CellExecutionError
from refresh import run

GONE = "import sys\nsys.modules['tensorflow'] = None"


def stopped(notebook, folder):
    """Run `notebook` in `folder` without TensorFlow, as Run All does.

    Returns the id of the cell that it stops at and that cell's error output. What
    ran has its outputs in `notebook`; a cell that did not run has no count.
    """
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    notebook.cells.insert(0, nbformat.v4.new_code_cell(GONE))
    try:
        run(notebook, folder)
    except CellExecutionError:
        errors = [
            (cell.id, output)
            for cell in notebook.cells
            for output in cell.get("outputs", [])
            if output.output_type == "error"
        ]
        (stop,) = errors
        assert "tensorflow, which is not on this machine" in stop[1].evalue
        assert "To install it, open a terminal and run:" in stop[1].evalue
        return stop
    raise AssertionError("the lesson never missed TensorFlow")
