"""The parts of grade.py, one by one; test_class.py runs them together."""

import copy
import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import psutil
import pytest
from course_root import need_walls, read, solved
from nbformat.v4 import new_code_cell, new_output

from grading import feedback, lms, release, sandbox, submissions

PS1 = "ps1_softmax"


@pytest.fixture
def folder(tmp_path):
    return tmp_path


@pytest.fixture
def released():
    return read("release", PS1)


def put(folder, notebook, name=f"{PS1}.ipynb"):
    text = json.dumps(notebook) if isinstance(notebook, dict) else notebook
    (folder / name).write_text(text, encoding="utf-8")


def graded_cells(data):
    return [
        cell.metadata.nbgrader.grade_id
        for cell in nbformat.reads(data.decode(), as_version=4).cells
        if "nbgrader" in cell.metadata
    ]


def test_a_whole_submission_is_not_mended(folder, released):
    put(folder, solved(PS1))
    submission = submissions.read(folder, PS1, released)
    assert submission.remarks == []
    assert list(submission.files) == [f"{PS1}.ipynb"]


@pytest.mark.parametrize(
    "name", [" (1)", "-Copy1", " copy", "-1", "-2", "_1", " - Copy (2)", "-Copy1 (3)"]
)
def test_a_copy_counts_by_any_name_it_gets(folder, released, name):
    put(folder, solved(PS1), f"{PS1}{name}.ipynb")
    submission = submissions.read(folder, PS1, released)
    assert submission.remarks == [f"{PS1}{name}.ipynb was graded as {PS1}.ipynb"]


def test_the_exact_name_goes_before_copies_and_that_is_said(folder, released):
    put(folder, solved(PS1))
    put(folder, "not even JSON", f"{PS1}-Copy1.ipynb")
    submission = submissions.read(folder, PS1, released)
    assert submission.remarks == [f"{PS1}-Copy1.ipynb was not looked at"]


def test_one_notebook_alone_counts_whatever_its_name(folder, released):
    put(folder, solved(PS1), "homework.ipynb")
    assert (
        "homework.ipynb was graded"
        in submissions.read(folder, PS1, released).remarks[0]
    )


@pytest.mark.parametrize(
    ("text", "reason"),
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
    ],
)
def test_what_is_no_notebook_is_refused_in_a_sentence(folder, released, text, reason):
    put(folder, text)
    with pytest.raises(submissions.UngradedError, match=reason) as error:
        submissions.read(folder, PS1, released)
    assert "\n" not in str(error.value)
    assert f"{PS1}.ipynb" in str(error.value)


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        ({"grade_id": ["a", "list"]}, None),
        ({"grade_id": 3}, None),
        ("marks", None),
        (None, "half a character"),
    ],
)
def test_odd_cells_harm_nobody(folder, released, harm, reason):
    notebook = solved(PS1)
    notebook.cells.append(new_code_cell("1"))
    notebook.cells[-1].metadata.nbgrader = harm
    if reason:
        notebook.cells[-1].source = "'\ud800'"
        put(folder, notebook)
        with pytest.raises(submissions.UngradedError, match=reason):
            submissions.read(folder, PS1, released)
    else:
        put(folder, notebook)
        assert submissions.read(folder, PS1, released).remarks == []


def test_the_same_notebook_without_ids_gives_the_same_bytes(folder, released):
    notebook = solved(PS1)
    notebook["nbformat_minor"] = 2
    for cell in notebook["cells"]:
        del cell["id"]
    put(folder, notebook)
    first, second = (submissions.read(folder, PS1, released).files for _ in range(2))
    assert first == second


def test_of_copies_the_last_number_counts(folder, released):
    for number in (2, 10):
        put(folder, solved(PS1), f"{PS1} ({number}).ipynb")
    said = submissions.read(folder, PS1, released).remarks
    assert said == [
        f"{PS1} (10).ipynb was graded as {PS1}.ipynb",
        f"{PS1} (2).ipynb was not looked at",
    ]


@pytest.mark.parametrize(
    "name",
    [f"{PS1}.IPYNB", f"{PS1}.ipynb.txt", f"{PS1}.ipynb.json", f"sub/{PS1}.ipynb"],
)
def test_other_ways_to_save_a_notebook(folder, released, name):
    (folder / "sub").mkdir()
    put(folder, solved(PS1), name)
    (folder / "._ghost.ipynb").write_bytes(b"\x00")
    assert list(submissions.read(folder, PS1, released).files) == [f"{PS1}.ipynb"]


def test_a_time_that_is_none_is_left_out_and_said(folder, released):
    put(folder, solved(PS1))
    (folder / "timestamp.txt").write_text("20.11.2026 at noon")
    submission = submissions.read(folder, PS1, released)
    assert submission.remarks == ["timestamp.txt holds no time and was left out"]
    assert "timestamp.txt" not in submission.files
    (folder / "timestamp.txt").write_text("2026-11-20 23:59:00 UTC")
    assert "timestamp.txt" in submissions.read(folder, PS1, released).files


def test_format_3_is_read(folder, released):
    old = nbformat.convert(solved(PS1), 3)
    put(folder, json.loads(nbformat.writes(old, version=3)))
    assert submissions.read(folder, PS1, released).files


def test_bytes_that_are_no_text_are_refused(folder, released):
    (folder / f"{PS1}.ipynb").write_bytes(b"\x89PNG\xff\xfe\x00")
    with pytest.raises(submissions.UngradedError, match="not text"):
        submissions.read(folder, PS1, released)


def test_nothing_handed_in_is_said(folder, released):
    with pytest.raises(submissions.UngradedError, match=f"{PS1}.ipynb is expected"):
        submissions.read(folder, PS1, released)


def test_another_notebook_is_refused(folder, released):
    put(folder, nbformat.v4.new_notebook(cells=[new_code_cell("1 + 1")]))
    with pytest.raises(submissions.UngradedError, match=r"^0 of the assignment's"):
        submissions.read(folder, PS1, released)


def test_two_notebooks_with_other_names_are_a_question(folder, released):
    for name in ["a.ipynb", "b.ipynb"]:
        put(folder, solved(PS1), name)
    with pytest.raises(submissions.UngradedError, match=r"which of a.ipynb, b.ipynb"):
        submissions.read(folder, PS1, released)


def test_output_does_not_make_a_notebook_too_large(folder, released):
    notebook = solved(PS1)
    last = [cell for cell in notebook.cells if cell.cell_type == "code"][-1]
    last.outputs = [new_output("stream", text="x" * 20_000_000)]
    put(folder, notebook)
    assert len(submissions.read(folder, PS1, released).files[f"{PS1}.ipynb"]) < 100_000


def test_a_source_of_six_megabytes_is_refused(folder, released):
    notebook = solved(PS1)
    notebook.cells.append(new_code_cell("#" * 6_000_000))
    put(folder, notebook)
    with pytest.raises(submissions.UngradedError, match="6 MB without its outputs"):
        submissions.read(folder, PS1, released)


def test_deleted_and_doubled_cells_end_up_there_once_and_in_order(folder, released):
    """Whatever is done to the cells, all that nbgrader looks for is there once."""
    wanted = graded_cells(nbformat.writes(released).encode())
    for k in range(len(wanted)):
        notebook = solved(PS1)
        doubled = copy.deepcopy(notebook.cells[-1])
        notebook.cells = [
            cell
            for cell in notebook.cells
            if cell.metadata.get("nbgrader", {}).get("grade_id") != wanted[k]
        ] + [doubled]
        put(folder, notebook)
        submission = submissions.read(folder, PS1, released)
        found = graded_cells(submission.files[f"{PS1}.ipynb"])
        assert sorted(found) == sorted(wanted)
        if wanted[k] != wanted[-1]:
            assert f"the cell {wanted[k]} was missing and was put back" in (
                submission.remarks
            )


def test_of_several_copies_the_last_counts_as_in_nbgrader(folder, released):
    notebook = solved(PS1)
    answer = next(
        c for c in notebook.cells if c.metadata.get("nbgrader", {}).get("solution")
    )
    again = copy.deepcopy(answer)
    again.source = "# the second try\n" + answer.source
    notebook.cells.insert(notebook.cells.index(answer) + 1, again)
    put(folder, notebook)
    data = submissions.read(folder, PS1, released).files[f"{PS1}.ipynb"]
    found = [
        cell.source
        for cell in nbformat.reads(data.decode(), as_version=4).cells
        if cell.metadata.get("nbgrader", {}).get("grade_id") == answer.id
    ]
    assert found == [again.source]


def test_the_marks_in_a_cell_are_the_release_s(folder, released):
    notebook = solved(PS1)
    for cell in notebook.cells:
        if "nbgrader" in cell.metadata:
            cell.metadata.nbgrader.update(points=100, grade=False, solution=True)
    notebook.cells.append(new_code_cell("1"))
    notebook.cells[-1].metadata.nbgrader = {"grade_id": "mine", "grade": True}
    put(folder, notebook)
    data = submissions.read(folder, PS1, released).files[f"{PS1}.ipynb"]
    wanted = {c.id: c.metadata.get("nbgrader") for c in released.cells}
    for cell in nbformat.reads(data.decode(), as_version=4).cells:
        assert cell.metadata.get("nbgrader") == wanted.get(cell.id)


def test_an_old_notebook_format_is_read(folder, released):
    notebook = solved(PS1)
    notebook["nbformat_minor"] = 2
    for cell in notebook["cells"]:
        del cell["id"]
    put(folder, json.dumps(notebook))
    assert submissions.read(folder, PS1, released).files


def test_files_beside_the_notebook_come_along_but_no_links(folder, released):
    put(folder, solved(PS1))
    (folder / "data").mkdir()
    (folder / "data" / "mine.csv").write_text("1,2")
    (folder / ".hidden").write_text("x")
    try:
        (folder / "link.txt").symlink_to(__file__)
    except OSError:
        pytest.skip("no links on this machine")
    files = submissions.read(folder, PS1, released).files
    assert set(files) == {f"{PS1}.ipynb", "data/mine.csv"}


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


@pytest.fixture
def port():
    """Somebody listens on this port of the loopback interface."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


LOOK_AROUND = """
import pathlib, socket, sys
own, course, port, *others = sys.argv[1:]
print(pathlib.Path(course, "gradebook.db").exists())
print(sorted(path.name for path in pathlib.Path("/run").iterdir()))  # sockets, elsewhere
print(sorted(path.name for path in pathlib.Path("/proc").glob("[0-9]*"))[:2])
for folder in [own, *others]:
    try:
        pathlib.Path(folder, "new").write_text("x")
        print("written")
    except OSError:
        print("not written")
with socket.socket() as line:
    print(line.connect_ex(("127.0.0.1", int(port))) == 0)
"""


def test_python_is_seen_within_the_walls_and_nothing_else_of_a_home(
    tmp_path, monkeypatch
):
    need_walls()
    own = tmp_path / "own"
    own.mkdir()
    monkeypatch.setenv("HOME", str(Path(sys.prefix).parent))
    look = "import numpy, os, sys; print(os.listdir(os.path.dirname(sys.prefix)))"
    command = [*sandbox.walls(str(own)), sys.executable, "-c", look]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == f"{[Path(sys.prefix).name]}\n"


def test_within_the_walls_is_no_network_and_nothing_to_write_or_see(tmp_path, port):
    need_walls()
    own, course = tmp_path / "own", tmp_path / "course"
    own.mkdir()
    course.mkdir()
    (course / "gradebook.db").write_text("secret")
    look = [sys.executable, "-c", LOOK_AROUND, str(own), str(course), str(port)]
    outside = subprocess.run(look, capture_output=True, text=True, cwd=own)
    assert outside.stdout.startswith("True\n")
    assert outside.stdout.endswith("True\n")
    inside = [*sandbox.walls(str(own), [str(course)]), *look, "/etc", sys.prefix]
    done = subprocess.run(inside, capture_output=True, text=True, check=True, cwd=own)
    wrote = ["written", "not written", "not written"]
    assert done.stdout.splitlines() == ["False", "[]", "['1', '2']", *wrote, "False"]
    assert (own / "new").exists()


def test_a_kernel_learns_nothing_of_who_grades(monkeypatch):
    monkeypatch.setenv("LMS_TOKEN", "secret")
    env = sandbox.environment("/own")
    assert "LMS_TOKEN" not in env
    assert env["HOME"] == "/own/home"


@pytest.mark.parametrize(
    ("code", "limits", "reason"),
    [
        ("while True: pass", {"seconds": 1.0}, "more than 1 seconds"),
        ("x = b'x' * 700_000_000; input()", {"memory": 4e8}, "more than 0.4 GB"),
        (
            "open('big', 'wb').write(bytes(3_000_000)); input()",
            {"disk": 1_000_000},
            "wrote more than 0.001 GB",
        ),
        (
            "import subprocess, sys, time\n"
            "c = [sys.executable, '-c', 'import time; time.sleep(60)']\n"
            "p = [subprocess.Popen(c) for _ in range(6)]; time.sleep(60)",
            {"processes": 4},
            "more than 4 processes",
        ),
    ],
)
def test_the_watch_ends_what_takes_too_much(tmp_path, code, limits, reason):
    limits = {"seconds": 60.0, "memory": 2e9} | limits
    watch = sandbox.Watch(str(tmp_path), **limits)
    command = [sys.executable, "-c", code]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, cwd=tmp_path)
    watch.kernel = psutil.Process(child.pid)
    watch.start()
    child.wait(timeout=50)
    watch.stop()
    assert reason in watch.reason
    child.stdin.close()


@pytest.mark.skipif(sys.platform == "win32", reason="no sessions on Windows")
def test_the_watch_finds_what_cut_its_ties(tmp_path):
    """A process that became nobody's child is known by its environment."""
    sleeper = f"import time; time.sleep(61)  # {tmp_path}"
    code = (
        "import subprocess, sys; subprocess.Popen([sys.executable, '-c', "
        f"{sleeper!r}], start_new_session=True)"
    )
    env = sandbox.environment(str(tmp_path))
    subprocess.run([sys.executable, "-c", code], env=env, check=True)
    assert sandbox.left_behind(str(tmp_path))
    watch = sandbox.Watch(str(tmp_path), seconds=60.0, memory=2e9)
    watch.start()
    watch.stop()
    time.sleep(0.1)
    assert not sandbox.left_behind(str(tmp_path))
