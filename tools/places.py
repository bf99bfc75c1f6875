"""Where things lie in the repository."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = ROOT / "notebooks"
ASSIGNMENTS = NOTEBOOKS / "assignments"
PACKAGE = ROOT / "softmax_lab"
LESSONS = sorted(NOTEBOOKS.glob("*.ipynb"))
WITH_TENSORFLOW = {"05", "06", "10", "11"}
