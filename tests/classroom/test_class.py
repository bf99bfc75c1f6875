"""A class from the first assignment to the last mark, with the real nbgrader.

Five who are honest hand in both problem sets; with the first, others who are not.
"""

import contextlib
import html
import importlib
import os
import re
import signal
import sys
from types import SimpleNamespace

import psutil
import pytest
from course_root import (
    contents,
    grade,
    grade_here,
    grades,
    hand_in,
    nbgrader_in_turn,
    need_walls,
    new_course,
    points,
    read,
    scores,
    solved,
    started,
    wait_until,
)
from hostile import (
    HOSTILE,
    LIMITS,
    check_hostile,
    hand_in_damaged,
    hand_in_hostile,
    sleepers,
)
from nbgrader.api import Gradebook
from places import ASSIGNMENTS

LEARNERS = {
    "ps1_softmax": importlib.import_module("learners_ps1"),
    "ps2_trust": importlib.import_module("learners_ps2"),
}
PS1, PS2 = LEARNERS
BEHIND_WALLS = [name for name in HOSTILE if name != "kills its grader"]  # sees none
pytestmark = pytest.mark.slow
each = pytest.mark.parametrize("assignment", LEARNERS)


def honest(assignment):
    """Return {student: (notebook, points lost by test)}."""
    right, wrong = LEARNERS[assignment].RIGHT, LEARNERS[assignment].WRONG.values()
    prints = next(changes for style, changes in right.items() if "prints" in style)
    one, two = (next(w for w in wrong if len(w[1]) == tests) for tests in (1, 2))
    return {
        "Ada": (solved(assignment), {}),
        "Bob": (solved(assignment, one[0]), one[1]),
        "Cem": (solved(assignment, prints), {}),
        "Dan": (solved(assignment, two[0]), two[1]),
        "Eve": (read("release", assignment), points(assignment)),
    }


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = new_course(tmp_path_factory.mktemp("class") / "course")
    for assignment in LEARNERS:
        for student, (notebook, _) in honest(assignment).items():
            hand_in(root, student, assignment, notebook)
    hand_in(root, "Ada", PS1, read("release", PS1))
    hand_in(root, "Ada", PS1, solved(PS1), f"{PS1} (1).ipynb")
    return root


@pytest.fixture(scope="module")
def trust(root):
    """Problem set 2, while somebody kills a grader; returns what was said."""
    done = root / ".grade" / PS2
    with started(root, "grade.py", PS2, "--workers", "2") as child:
        wait_until(lambda: list(done.glob("*.json")))
        graders(child)[0].kill()
        said = child.communicate(timeout=300)[0]
        assert child.returncode == 0, said
    return said


def graders(child):
    found = []
    for process in psutil.Process(child.pid).children(recursive=True):
        with contextlib.suppress(psutil.Error):  # it has ended this moment
            if "spawn_main" in " ".join(process.cmdline()):
                found.append(process)
    return found


@pytest.fixture(scope="module")
def softmax(root, trust):
    """Problem set 1: interrupted, marked in part, handed in again, and finished.

    Then all whys are marked, and the same command gives feedback.
    """
    if sys.platform == "win32":
        pytest.skip("Ctrl-C is sent in another way, and kernels are other ones")
    need_walls()
    hand_in_hostile(root, BEHIND_WALLS)
    seen = SimpleNamespace(reasons=hand_in_damaged(root))
    with (root / "nbgrader_config.py").open("a") as file:
        file.write("\nc.Execute.timeout = 4\n")
    seen.before = contents(root / "submitted")

    done = root / ".grade" / PS1
    with started(root, "grade.py", PS1, "--workers", "2", *LIMITS) as child:
        wait_until(lambda: len(list(done.glob("[A-E]*.json"))) == 5)
        os.killpg(child.pid, signal.SIGINT)
        seen.interrupted = child.communicate(timeout=60)[0], child.returncode
    seen.notes = contents(done)
    seen.first = scores(root, PS1)
    mark(root, "Bob", 3, "Where do the 16.12 come from?")
    mark(root, "Dan", 3)
    notebook, _ = honest(PS1)["Dan"]
    next(cell for cell in notebook.cells if cell.id == "why").source = "Once more."
    again = hand_in(root, "Dan", PS1, notebook)
    seen.before[again] = again.read_bytes()
    seen.said = grade(root, PS1, *LIMITS)
    seen.rows, seen.scores = grades(root, PS1), scores(root, PS1)
    seen.after, seen.sleepers = contents(root / "submitted"), sleepers()
    for student, row in seen.rows.items():
        if row["state"] == "needs manual grading":
            mark(root, student, 2)
    seen.at_last = grade_here(root, PS1, *LIMITS)
    return seen


def mark(root, student, score, words=None):
    with Gradebook(f"sqlite:///{root / 'gradebook.db'}") as book:
        given = book.find_grade("why", PS1, PS1, student)
        given.manual_score, given.needs_manual_grade = score, False
        book.find_comment("why", PS1, PS1, student).manual_comment = words
        book.db.commit()


@pytest.fixture(params=LEARNERS)
def assignment(request):
    request.getfixturevalue({PS1: "softmax", PS2: "trust"}[request.param])
    return request.param


@pytest.fixture(scope="module")
def by_nbgrader(tmp_path_factory):
    """A course in which nbgrader does all by itself, for some who are honest."""
    other = new_course(tmp_path_factory.mktemp("nbgrader") / "course")
    for assignment in LEARNERS:
        for student in ("Cem", "Dan", "Eve"):
            hand_in(other, student, assignment, honest(assignment)[student][0])
    steps = ("generate_assignment {} --force", "autograde {}")
    commands = [step.format(name) for step in steps for name in LEARNERS]
    nbgrader_in_turn(other, *commands)
    return other


@each
def test_the_release_is_what_nbgrader_makes_of_the_source(assignment, by_nbgrader):
    made, published = by_nbgrader / "release", ASSIGNMENTS / "release"
    names = {p.relative_to(made) for p in contents(made / assignment)}
    assert names == {p.relative_to(published) for p in contents(published / assignment)}
    for name in names:
        assert (made / name).read_bytes() == (published / name).read_bytes(), name


def test_every_answer_gets_what_it_is_worth(assignment, root):
    found = scores(root, assignment)
    for student, (_, lost) in honest(assignment).items():
        for name, worth in points(assignment).items():
            assert found[student][name] == (worth - lost.get(name, 0), False), student


def test_nbgrader_itself_gives_the_same_grades(assignment, root, by_nbgrader):
    ours, theirs = scores(root, assignment), scores(by_nbgrader, assignment)
    assert len(theirs) == 3
    for student, marks in theirs.items():
        assert {n: auto for n, (auto, _) in marks.items()} == {
            n: auto for n, (auto, _) in ours[student].items()
        }


def test_the_why_waits_for_a_human(root, trust, softmax):
    for found in (scores(root, PS2), softmax.first):
        whys = {student: found[student]["why"] for student in honest(PS1)}
        assert whys.pop("Eve") == (0, False)
        assert set(whys.values()) == {(None, True)}
    states = {student: row["state"] for student, row in grades(root, PS2).items()}
    assert states.pop("Eve") == "graded"
    assert set(states.values()) == {"needs manual grading"}
    assert re.search(r"^ +1 graded\n +4 needs manual grading\n +0 could", trust, re.M)


def test_who_was_being_graded_by_a_killed_grader_is_graded_by_another(root, trust):
    assert f"{PS2}: 5 submissions run" in trust
    assert grades(root, PS2).keys() == honest(PS2).keys()


def test_an_interrupted_run_loses_nothing_and_grades_nothing_again(root, softmax):
    said, returned = softmax.interrupted
    assert returned == 1
    assert "Stopped. What was graded is saved" in said
    assert "Traceback" not in said
    refused = [why for why in softmax.reasons.values() if "seconds" not in why]
    left = len(softmax.rows) - len(refused) - len(softmax.notes)
    assert left > 0
    with_dan = left + 1
    assert f"{PS1}: {with_dan} submissions run" in softmax.said
    assert list((root / ".grade").glob("gradebook-*.db"))
    assert f"{PS1}: 0 submissions run" in softmax.at_last


def test_marks_by_hand_survive_a_new_run_and_a_new_submission(softmax):
    full, lost = sum(points(PS1).values()), honest(PS1)
    for student, state in {"Bob": "graded", "Dan": "needs manual grading"}.items():
        row, score = softmax.rows[student], full - sum(lost[student][1].values()) + 3
        marked = [row[name] for name in ("state", "score", "manual")]
        # as with nbgrader itself: does the mark hold for what is new?
        assert marked == [state, f"{score:.1f}", "3.0"]


def test_one_bad_submission_harms_nobody_else(softmax):
    assert softmax.after == softmax.before, "somebody's files were changed"
    assert not softmax.sleepers
    assert float(softmax.rows["careless"]["auto"]) == sum(points(PS1).values())
    check_hostile(BEHIND_WALLS, softmax.rows, softmax.scores, points(PS1))


def test_every_ungraded_one_is_listed_with_its_reason(softmax):
    for student, reason in softmax.reasons.items():
        assert reason in softmax.rows[student]["reason"]
    for student, row in softmax.rows.items():
        assert (row["state"] == "could not be graded") == bool(row["reason"])
        if row["reason"]:
            assert f"{student}: {row['reason']}" in softmax.said
    mended = f"Ada: {PS1}.ipynb is untouched: {PS1} (1).ipynb was graded"
    assert mended in softmax.said


def test_feedback_tells_nothing_of_hidden_tests(root, softmax):
    shown = visible(root / "feedback" / "Bob" / PS1)
    assert "Where do the 16.12 come from?" in shown
    assert "AssertionError" in shown
    assert not re.search("HIDDEN|Traceback", shown)
    pages = {page.parts[-3]: page for page in root.glob(f"feedback/*/{PS1}/*.html")}
    graded = {name for name, row in softmax.rows.items() if not row["reason"]}
    assert pages.keys() == graded
    for page in pages.values():
        text = visible(page.parent)
        assert not any(line in text for line in hidden_lines()), page
        assert page.stat().st_size < 1_500_000


def visible(folder):
    """Return the text of the one page of feedback in a folder."""
    (page,) = folder.glob("*.html")
    text = re.sub(r"<style.*?</style>", "", page.read_text("utf-8"), flags=re.S)
    return html.unescape(re.sub(r"<[^>]+>", "", text))


def hidden_lines():
    lines = []
    for cell in read("source", PS1).cells:
        for hidden in re.findall(
            r"BEGIN HIDDEN TESTS\n(.*?)\n### END", cell.source, re.S
        ):
            shown = cell.source.replace(hidden, "")
            lines += [
                line.strip()
                for line in hidden.splitlines()
                if len(line.strip()) > 20 and line.strip() not in shown
            ]
    assert lines
    return lines


def test_the_table_holds_both_problem_sets(root, softmax):
    assert grades(root, PS2).keys() == honest(PS2).keys()
    assert grades(root, PS1).keys() > honest(PS1).keys()
