"""What course.py and a developer run finds all that it needs, where they run it."""

import subprocess
import sys

import pytest
from places import ROOT

import course

SCRIPTS = sorted((ROOT / "tools").glob("*.py"))


@pytest.mark.slow
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_tool_finds_what_it_imports(script):
    """Started as a script, which has the folder of tools in reach, but no tests."""
    start = "import runpy, sys; sys.path[0] = sys.argv[1]; runpy.run_path(sys.argv[2])"
    done = subprocess.run(
        [sys.executable, "-c", start, str(script.parent), str(script)],
        cwd=ROOT.parent,
        env=course.environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
