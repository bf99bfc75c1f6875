"""An instructor's variant of an assignment: other numbers, other hidden inputs.

The instructor's seed stands in the file seed.txt beside nbgrader_config.py, which
Git ignores, or in the environment variable SOFTMAX_LAB_SEED. From it follow the
numbers behind the lines SEED = 1 and HIDDEN_SEED = 1; what students see of the
one tells nothing about the other. Without a seed all stays as published.
"""

import hashlib
import os
import re
from pathlib import Path

from nbgrader.preprocessors import NbGraderPreprocessor

LINE = re.compile(r"^(SEED|HIDDEN_SEED) = \d+$", re.M)
FILE = Path(__file__).parents[1] / "seed.txt"


def seed():
    """Return the instructor's seed, any text; "" if there is none."""
    named = os.environ.get("SOFTMAX_LAB_SEED", "").strip()
    if named or not FILE.exists():
        return named
    return FILE.read_text(encoding="utf-8").strip()


def number(seed, assignment, name):
    """Return the integer, 1 to 999,999, that stands behind `name` in a variant."""
    digest = hashlib.sha256("\0".join([seed, assignment, name]).encode()).digest()
    return int.from_bytes(digest[:8], "big") % 999_999 + 1


class Variant(NbGraderPreprocessor):
    """Replace the published seeds, before nbgrader looks at the notebook."""

    def preprocess_cell(self, cell, resources, index):
        assignment = resources["nbgrader"]["assignment"]
        if seed():
            cell.source = LINE.sub(
                lambda line: f"{line[1]} = {number(seed(), assignment, line[1])}",
                cell.source,
            )
        return cell, resources
