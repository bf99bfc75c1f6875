"""The smaller parts of grade.py: names, seeds, feedback."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_output

from grading import feedback, lms, release

PS1 = "ps1_softmax"


@pytest.mark.parametrize(
    ("path", "student", "file", "time"),
    [
        (
            "/x/all/Ada Lovelace_104_assignsubmission_file/ps1_softmax (1).ipynb",
            "104",
            "ps1_softmax (1).ipynb",
            None,
        ),
        (
            "/x/Ada_Maria Byron_7_assignsubmission_file_ps1_softmax.ipynb",
            "7",
            "ps1_softmax.ipynb",
            None,
        ),
        (
            "/x/Problem set 1_ada_l_attempt_2026-11-20-23-59-00_ps1_softmax.ipynb",
            "ada_l",
            "ps1_softmax.ipynb",
            "2026-11-20 23:59:00 UTC",
        ),
        (
            "/x/downloaded/ps1_softmax/extracted/"
            "ps1_softmax_ada_l_attempt_2026-11-20-23-59-00_ps1_softmax.ipynb",
            "ada_l",
            "ps1_softmax.ipynb",
            "2026-11-20 23:59:00 UTC",
        ),
        (
            "/x/lovelaceada_104_5821_ps1_softmax-2.ipynb",
            "104",
            "ps1_softmax-2.ipynb",
            None,
        ),
        (
            "/x/lovelaceada_LATE_104_5821_ps1_softmax.ipynb",
            "104",
            "ps1_softmax.ipynb",
            None,
        ),
        ("/x/readme.ipynb", None, None, None),
        ("/x/Ada Lovelace_104_assignsubmission_file/notes.pdf", None, None, None),
    ],
)
def test_names_made_by_learning_management_systems(path, student, file, time):
    found = lms.Collector().collect(path) or {}
    assert found.get("student_id") == student
    assert found.get("file_id") == file
    assert found.get("timestamp") == time


def test_a_seed_changes_both_numbers_and_only_them(monkeypatch):
    monkeypatch.setenv("SOFTMAX_LAB_SEED", "winter")
    source = "SEED = 1\nx = SEED = 1\n    SEED = 1\nHIDDEN_SEED = 1\nSEED = 12\n"
    cell = new_code_cell(source)
    resources = {"nbgrader": {"assignment": PS1}}
    release.Variant().preprocess_cell(cell, resources, 0)
    seed = release.number("winter", PS1, "SEED")
    hidden = release.number("winter", PS1, "HIDDEN_SEED")
    expected = f"SEED = {seed}\nx = SEED = 1\n    SEED = 1\nHIDDEN_SEED = {hidden}\n"
    assert cell.source == expected + f"SEED = {seed}\n"
    assert len({1, seed, hidden, release.number("summer", PS1, "SEED")}) == 4


def test_seeds_come_from_the_environment_or_the_file_or_not_at_all(
    monkeypatch, tmp_path
):
    monkeypatch.delenv("SOFTMAX_LAB_SEED", raising=False)
    monkeypatch.setattr(release, "FILE", tmp_path / "seed.txt")
    assert release.seed() == ""
    cell = new_code_cell("SEED = 1")
    release.Variant().preprocess_cell(cell, {"nbgrader": {"assignment": PS1}}, 0)
    assert cell.source == "SEED = 1"
    (tmp_path / "seed.txt").write_text(" from the file\n")
    assert release.seed() == "from the file"
    monkeypatch.setenv("SOFTMAX_LAB_SEED", "from outside")
    assert release.seed() == "from outside"


def failed_test(name, text, source):
    """An autograded notebook with one test that failed in this way."""
    cell = new_code_cell(source)
    cell.metadata.nbgrader = {"grade": True, "solution": False, "grade_id": "t"}
    lines = ["assert f(7) == 8", f"{name}: {text}"]
    cell.outputs = [new_output("stream", text="assert f(7) == 8")]
    if name:
        error = new_output("error", ename=name, evalue=text, traceback=lines)
        cell.outputs.append(error)
    else:
        cell.outputs[0].name = "stderr"
    stolen = new_code_cell("print(spied)")
    stolen.outputs = [new_output("stream", text="assert f(7) == 8")]
    return nbformat.v4.new_notebook(cells=[cell, stolen])


SOURCE = """\
for x, hint in [(1, "too small"), (2, "too large")]:
    assert f(x) == x, f"{x} gives {f(x)}: {hint}"
assert f(3) == 3, "three is special"
### BEGIN HIDDEN TESTS
assert f(7) == 8, f"{7} is hidden"
### END HIDDEN TESTS
"""


@pytest.mark.parametrize(
    ("name", "text", "shown"),
    [
        ("AssertionError", "1 gives [-2.5, nan]: too small", None),
        ("AssertionError", "three is special", None),
        (
            "AssertionError",
            "7 is hidden",
            "AssertionError, in a test that is not shown",
        ),
        (
            "AssertionError",
            "1 gives f(7) == 8: too small",
            "in a test that is not shown",
        ),
        ("ValueError", "assert f(7) == 8", "ValueError, raised by your code"),
        ("assert f(7) == 8", "", "An exception, raised by your code"),
        ("print", "", "An exception, raised by your code"),
        ("", "", "Something was written to stderr."),
    ],
)
def test_feedback_shows_neither_hidden_tests_nor_output(name, text, shown):
    notebook = failed_test(name, text, SOURCE)
    notebook, _ = feedback.ForStudents().preprocess(notebook, {})
    whole = nbformat.writes(notebook)
    assert "f(7)" not in whole
    assert "is hidden" not in whole
    assert "three is special" in whole
    (said,) = notebook.cells[0].outputs[0].traceback
    assert (shown or f"AssertionError: {text}") in said
    assert notebook.cells[1].outputs == []
