"""What a student gets back: answers, marks, comments, what each test said.

No hidden test, and nothing that a submission put out while it was graded: it could
have been made to print them. What it printed at home is in the student's own copy.
"""

import ast
import builtins
import re

from nbformat.v4 import new_output
from nbgrader import utils
from nbgrader.preprocessors import ClearHiddenTests, NbGraderPreprocessor

NUMBERS = r"(?:[-+.,e\d\s\[\]()]|nan|inf)*"
MESSAGE_LIMIT = 300  # characters


class ForStudents(NbGraderPreprocessor):
    """Take out of an autograded notebook what is not the student's to see."""

    def preprocess(self, nb, resources):
        nb, resources = ClearHiddenTests(parent=self).preprocess(nb, resources)
        return super().preprocess(nb, resources)

    def preprocess_cell(self, cell, resources, index):
        if cell.cell_type == "code":
            failed = utils.is_grade(cell) and utils.has_failed(cell)
            errors = [out for out in cell.outputs if out.output_type == "error"]
            text = said(errors, cell.source) if failed else ""
            cell.outputs = [new_output("error", traceback=[text])] if failed else []
        return cell, resources


def said(errors, source):
    """Return what a test said, in one line.

    A submission can raise what it likes, hidden tests among it. So a message is
    shown only if it is one of the visible test's own, with numbers in the gaps.
    """
    if not errors:
        return "Something was written to stderr."
    name, text = errors[0].ename, errors[0].evalue[:MESSAGE_LIMIT]
    if name == "AssertionError":
        if any(re.fullmatch(pattern, text) for pattern in messages(source)):
            return f"{name}: {text}"
        return f"{name}, in a test that is not shown here"
    known = isinstance(getattr(builtins, name, None), type)
    return f"{name if known else 'An exception'}, raised by your code"


def messages(source):
    """Return patterns of what the asserts of a test cell may say."""
    tree = ast.parse(source)
    texts = [node.value for node in ast.walk(tree) if is_text(node)]
    gap = "(?:" + "|".join([NUMBERS, *map(re.escape, texts)]) + ")"
    patterns = []
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            parts = [re.escape(p.value) if is_text(p) else gap for p in node.values]
            patterns.append("".join(parts))
    return [*patterns, *map(re.escape, texts)]


def is_text(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, str)
