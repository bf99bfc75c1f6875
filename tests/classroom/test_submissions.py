"""Which file is graded, and how it is made whole."""

import copy
import json

import nbformat
import pytest
from course_root import grade_id, read, solved
from nbformat.v4 import new_code_cell, new_notebook, new_output

from grading import submissions

PS1 = "ps1_softmax"
EXACT = f"{PS1}.ipynb"
RELEASED = read("release", PS1)


@pytest.fixture
def folder(tmp_path):
    return tmp_path


def put(folder, notebook, name=EXACT):
    text = json.dumps(notebook) if isinstance(notebook, dict) else notebook
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())


def handed_in(folder):
    return submissions.read(folder, PS1, RELEASED)


def remarks(folder):
    return handed_in(folder).remarks


def cells(folder):
    return nbformat.reads(handed_in(folder).files[EXACT].decode(), 4).cells


def test_a_whole_submission_is_not_mended(folder):
    put(folder, solved(PS1))
    assert remarks(folder) == []
    assert list(handed_in(folder).files) == [EXACT]


# Which file


@pytest.mark.parametrize(
    "name", [" (1)", "-Copy1", " copy", "-1", "-2", "_1", " - Copy (2)", "-Copy1 (3)"]
)
def test_a_copy_counts_by_any_name_it_gets(folder, name):
    put(folder, solved(PS1), f"{PS1}{name}.ipynb")
    assert remarks(folder) == [f"{PS1}{name}.ipynb was graded as {EXACT}"]


def test_the_exact_name_goes_before_copies_and_that_is_said(folder):
    put(folder, solved(PS1, {"softmax": "softmax = max"}))
    put(folder, solved(PS1), f"{PS1}-Copy1.ipynb")
    assert remarks(folder) == [f"{PS1}-Copy1.ipynb was not looked at"]
    assert "softmax = max" in {cell.source for cell in cells(folder)}


def test_of_copies_the_last_number_counts(folder):
    for number in (2, 10):
        put(folder, solved(PS1), f"{PS1} ({number}).ipynb")
    assert remarks(folder) == [
        f"{PS1} (10).ipynb was graded as {EXACT}",
        f"{PS1} (2).ipynb was not looked at",
    ]


def untouched(end=""):
    """The release as JupyterLab saves it; white space at line ends is no answer."""
    notebook = copy.deepcopy(RELEASED)
    for cell in notebook.cells:
        cell.source = cell.source.replace("\n", f"{end}\n") + end
    return notebook


@pytest.mark.parametrize("end", ["", " "])
@pytest.mark.parametrize("name", [f"{PS1} (1).ipynb", f"{PS1}-Copy1.ipynb"])
def test_an_untouched_notebook_gives_way_to_a_copy_with_answers(folder, name, end):
    put(folder, untouched(end))
    put(folder, solved(PS1), name)
    assert remarks(folder) == [f"{EXACT} is untouched: {name} was graded"]
    assert not any("NotImplementedError" in cell.source for cell in cells(folder))


def test_of_copies_with_answers_the_last_number_counts(folder):
    notebook = untouched()
    next(cell for cell in notebook.cells if grade_id(cell) == "why").source = "Hm."
    copies = {1: notebook, 2: notebook, 10: solved(PS1), 11: untouched()}
    for number, notebook in copies.items():
        put(folder, notebook, f"{PS1} ({number}).ipynb")
    said = f"{PS1} (11).ipynb is untouched: {PS1} (10).ipynb was graded"
    rest = f"{PS1} (1).ipynb, {PS1} (2).ipynb was not looked at"
    assert remarks(folder) == [said, rest]
    put(folder, untouched())
    assert remarks(folder)[0] == f"{EXACT} is untouched: {PS1} (10).ipynb was graded"


@pytest.mark.parametrize("damaged", ["not even JSON", new_notebook(), b"\xff", "[]"])
def test_a_damaged_copy_makes_nothing_worse(folder, damaged):
    put(folder, damaged, f"{PS1} (2).ipynb")
    put(folder, untouched())
    assert remarks(folder) == [f"{PS1} (2).ipynb was not looked at"]
    put(folder, solved(PS1), f"{PS1} (1).ipynb")
    assert remarks(folder)[0] == f"{EXACT} is untouched: {PS1} (1).ipynb was graded"
    put(folder, damaged)
    with pytest.raises(submissions.UngradedError):
        handed_in(folder)


def test_one_notebook_alone_counts_whatever_its_name(folder):
    put(folder, solved(PS1), "homework.ipynb")
    assert remarks(folder) == [f"homework.ipynb was graded as {EXACT}"]


def test_two_notebooks_with_other_names_are_a_question(folder):
    for name in ["a.ipynb", "b.ipynb"]:
        put(folder, solved(PS1), name)
    with pytest.raises(submissions.UngradedError, match=r"which of a.ipynb, b.ipynb"):
        handed_in(folder)


def test_nothing_handed_in_is_said(folder):
    with pytest.raises(submissions.UngradedError, match=f"{EXACT} is expected"):
        handed_in(folder)


@pytest.mark.parametrize(
    "name",
    [f"{PS1}.IPYNB", f"{EXACT}.txt", f"{EXACT}.json", f"sub/{EXACT}"],
)
def test_other_ways_to_save_a_notebook(folder, name):
    (folder / "sub").mkdir()
    put(folder, solved(PS1), name)
    (folder / "._ghost.ipynb").write_bytes(b"\x00")
    assert list(handed_in(folder).files) == [EXACT]


def test_files_beside_the_notebook_come_along_but_no_links(folder):
    put(folder, solved(PS1))
    (folder / "data").mkdir()
    (folder / "data" / "mine.csv").write_text("1,2")
    (folder / ".hidden").write_text("x")
    try:
        (folder / "link.txt").symlink_to(__file__)
    except OSError:
        pytest.skip("no links on this machine")
    assert set(handed_in(folder).files) == {EXACT, "data/mine.csv"}


def test_a_time_that_is_none_is_left_out_and_said(folder):
    put(folder, solved(PS1))
    put(folder, "20.11.2026 at noon", "timestamp.txt")
    assert remarks(folder) == ["timestamp.txt holds no time and was left out"]
    assert "timestamp.txt" not in handed_in(folder).files
    put(folder, "2026-11-20 23:59:00 UTC", "timestamp.txt")
    assert "timestamp.txt" in handed_in(folder).files


# What is in it


def with_a_cell(source):
    notebook = solved(PS1)
    notebook.cells.append(new_code_cell(source))
    return notebook


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "it is empty"),
        ("<html>please log in</html>", "it is a web page"),
        ('{"cells": [', "Expecting value"),
        ("[]", "damaged"),
        ("null", "damaged"),
        ("{}", "it has no 'nbformat_minor'"),
        ('{"nbformat": 4, "nbformat_minor": 5, "cells": 3}', "damaged"),
        ('{"nbformat": 4, "nbformat_minor": 5, "metadata": {}}', "it has no 'cells'"),
        ("{\n<<<<<<< HEAD\n}", "a merge that was not finished"),
        ("[" * 100_000, "is no notebook"),
        (b"\x89PNG\xff\xfe\x00", "not text"),
        (with_a_cell("'\ud800'"), "half a character"),
        (with_a_cell("#" * 6_000_000), "6 MB without its outputs"),
    ],
    ids=lambda value: None if len(value) < 60 else "long",
)
def test_what_is_no_notebook_is_refused_in_a_sentence(folder, content, reason):
    put(folder, content)
    with pytest.raises(submissions.UngradedError, match=reason) as error:
        handed_in(folder)
    assert "\n" not in str(error.value)
    assert EXACT in str(error.value)


def test_another_notebook_is_refused(folder):
    put(folder, new_notebook(cells=[new_code_cell("1 + 1")]))
    with pytest.raises(submissions.UngradedError, match=r"^0 of the assignment's"):
        handed_in(folder)


@pytest.mark.parametrize("harm", [{"grade_id": ["a", "list"]}, {"grade_id": 3}, "?"])
def test_odd_cells_harm_nobody(folder, harm):
    notebook = with_a_cell("1")
    notebook.cells[-1].metadata.nbgrader = harm
    put(folder, notebook)
    assert remarks(folder) == []


def test_format_3_is_read(folder):
    old = nbformat.convert(solved(PS1), 3)
    put(folder, json.loads(nbformat.writes(old, version=3)))
    assert handed_in(folder).files


def test_a_notebook_without_ids_is_read_and_always_gives_the_same_bytes(folder):
    notebook = solved(PS1)
    notebook["nbformat_minor"] = 2
    for cell in notebook["cells"]:
        del cell["id"]
    put(folder, notebook)
    assert handed_in(folder).files == handed_in(folder).files


def test_output_does_not_make_a_notebook_too_large(folder):
    notebook = solved(PS1)
    last = [cell for cell in notebook.cells if cell.cell_type == "code"][-1]
    last.outputs = [new_output("stream", text="x" * 20_000_000)]
    put(folder, notebook)
    assert len(handed_in(folder).files[EXACT]) < 100_000


def test_deleted_and_doubled_cells_end_up_there_once_and_in_order(folder):
    """Whatever is done to the cells, all that nbgrader looks for is there once."""
    wanted = [name for name in map(grade_id, RELEASED.cells) if name]
    for gone in wanted:
        notebook = solved(PS1)
        doubled = copy.deepcopy(notebook.cells[-1])
        notebook.cells = [c for c in notebook.cells if grade_id(c) != gone] + [doubled]
        put(folder, notebook)
        assert [name for name in map(grade_id, cells(folder)) if name] == wanted
        back = f"the cell {gone} was missing and was put back"
        assert (back in remarks(folder)) == (gone != grade_id(doubled))


def test_of_several_copies_the_last_counts_as_in_nbgrader(folder):
    notebook = solved(PS1)
    place = next(k for k, c in enumerate(notebook.cells) if grade_id(c) == "softmax")
    again = copy.deepcopy(notebook.cells[place])
    again.source = "# the second try\n" + again.source
    notebook.cells.insert(place + 1, again)
    put(folder, notebook)
    found = [c.source for c in cells(folder) if grade_id(c) == "softmax"]
    assert found == [again.source]


def test_the_marks_in_a_cell_are_the_release_s(folder):
    notebook = with_a_cell("1")
    for cell in notebook.cells:
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader.update(points=100, grade=False, solution=True)
    notebook.cells[-1].metadata.nbgrader = {"grade_id": "mine", "grade": True}
    put(folder, notebook)
    wanted = {c.id: c.metadata.get("nbgrader") for c in RELEASED.cells}
    for cell in cells(folder):
        assert cell.metadata.get("nbgrader") == wanted.get(cell.id)
