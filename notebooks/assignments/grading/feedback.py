"""What a student gets back: answers, marks, comments, what each test said.

No hidden test, and nothing that a submission put out while it was graded: it could
have been made to print them. What it printed at home is in the student's own copy.
"""

import re

from nbformat.v4 import new_output
from nbgrader import utils
from nbgrader.preprocessors import ClearHiddenTests, NbGraderPreprocessor

MESSAGE_LIMIT = 200  # characters of what a test said
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
NO_ERROR = new_output("error", ename="", evalue="something was written to stderr")


class ForStudents(NbGraderPreprocessor):
    """Take out of an autograded notebook what is not the student's to see."""

    def preprocess(self, nb, resources):
        nb, resources = super().preprocess(nb, resources)
        return ClearHiddenTests(parent=self).preprocess(nb, resources)

    def preprocess_cell(self, cell, resources, index):
        if cell.cell_type == "code":
            failed = utils.is_grade(cell) and utils.has_failed(cell)
            errors = [out for out in cell.outputs if out.output_type == "error"]
            cell.outputs = [said((errors or [NO_ERROR])[0])] if failed else []
        return cell, resources


def said(error):
    """Return an error without the lines of code that it came through."""
    text = COLOURS.sub("", f"{error.ename}: {error.evalue}".strip(": "))
    text = text[:MESSAGE_LIMIT]
    return new_output("error", ename=error.ename, evalue=text, traceback=[text])
