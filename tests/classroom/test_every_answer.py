"""Every answer that we know goes through grade.py, and many through nbgrader alone.

test_assignments.py judges the same answers in one process, and test_class.py grades
some; each week here is told whether all three agree.
"""

import pytest
from course_root import (
    grade,
    hand_in,
    nbgrader_in_turn,
    new_course,
    points,
    read,
    scores,
    solved,
)
from hostile import slug
from test_class import LEARNERS


@pytest.mark.weekly
@pytest.mark.slow
@pytest.mark.parametrize("assignment", LEARNERS)
def test_every_answer_gets_what_it_is_worth_from_both(assignment, tmp_path):
    learners, worth = LEARNERS[assignment], points(assignment)
    wrong = {slug(mistake): pair for mistake, pair in learners.WRONG.items()}
    lost = {"reference": {}, "empty": worth} | {n: out for n, (_, out) in wrong.items()}
    root, other = new_course(tmp_path / "ours"), new_course(tmp_path / "theirs")
    notebooks = {"reference": solved(assignment), "empty": read("release", assignment)}
    notebooks |= {n: solved(assignment, changes) for n, (changes, _) in wrong.items()}
    few = list(notebooks)[:8]
    for style, changes in learners.RIGHT.items():
        notebooks[slug(style)], lost[slug(style)] = solved(assignment, changes), {}
    for student, notebook in notebooks.items():
        hand_in(root, student, assignment, notebook)
    for student in few:
        hand_in(other, student, assignment, notebooks[student])
    said, found = grade(root, assignment), scores(root, assignment)
    assert found.keys() == lost.keys(), said
    for student, out in lost.items():
        for name, most in worth.items():
            assert found[student][name] == (most - out.get(name, 0), False), student
    nbgrader_in_turn(
        other, f"generate_assignment {assignment} --force", f"autograde {assignment}"
    )
    assert scores(other, assignment) == {student: found[student] for student in few}
