"""Where no sandbox can be made: less is safe there, and this much is.

Weekly; that a submission's limits and leftovers are watched over with or without
walls, test_sandbox.py tells always.
"""

import sys

import pytest
from course_root import (
    contents,
    grade,
    grades,
    hand_in,
    new_course,
    points,
    scores,
    solved,
)
from hostile import (
    LIMITS,
    PS1,
    check_hostile,
    hand_in_hostile,
    sleepers,
    slug,
)

pytestmark = pytest.mark.weekly
# It finds the course if it looks far enough: the guide says so.
THIEF = "robs the course"
HARMFUL = [THIEF, "loops on and on", "leaves Python", "starts 60 sleepers"]
HARMFUL += ["leaves a sleeper behind", "kills its grader"]


def switch_off(root):
    """Switch the sandbox off, and let the thief look only around itself."""
    file = root / "grading" / "sandbox.py"
    text = file.read_text()
    start = "def available():"
    assert start in text
    file.write_text(text.replace(start, f"{start}\n    return False"))
    path = root / "submitted" / slug(THIEF) / PS1 / f"{PS1}.ipynb"
    near = path.read_text().replace(
        "in [*here.parents[:-1],", "in here.parents[:1] or ["
    )
    assert near != path.read_text()
    path.write_text(near)


@pytest.mark.skipif(sys.platform == "win32", reason="written for kernels on Unix")
def test_one_bad_submission_harms_nobody_else(tmp_path):
    root = new_course(tmp_path / "course", "\nc.Execute.timeout = 4\n")
    hand_in(root, "zoe", PS1, solved(PS1))
    hand_in_hostile(root, HARMFUL, nap=98764)
    switch_off(root)
    before = contents(root / "submitted")
    said = grade(root, PS1, *LIMITS)
    assert contents(root / "submitted") == before, "somebody's files were changed"
    assert not sleepers(nap=98764)
    assert "6 of them without a sandbox" in said  # one has no outcome
    rows, worth = grades(root, PS1), points(PS1)
    assert float(rows["zoe"]["auto"]) == sum(worth.values())
    assert "its grader was killed" in rows["kills-its-grader"]["reason"]
    check_hostile(HARMFUL, rows, scores(root, PS1), worth)
