"""What course.py and a developer run finds all that it needs, where they run it."""

import subprocess
import sys

import pytest
from places import ROOT

import course

TOOLS = ROOT / "tools"
START = """
import pathlib, runpy, sys
sys.path[0] = sys.argv[1]
for script in sorted(pathlib.Path(sys.path[0]).glob("*.py")):
    print(script.name, flush=True)
    runpy.run_path(str(script))
"""


@pytest.mark.slow
def test_every_tool_finds_what_it_imports():
    """As a script, which has the folder of tools in reach, but no tests."""
    done = subprocess.run(
        [sys.executable, "-c", START, str(TOOLS)],
        cwd=ROOT.parent,
        env=course.environment(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(done.stdout.split()) == len(list(TOOLS.glob("*.py")))
