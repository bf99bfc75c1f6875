"""A class from the first assignment to the last mark, with the real nbgrader."""

import contextlib
import html
import importlib
import itertools
import os
import re
import signal
import subprocess
import sys
import time

import grade as command_line
import nbformat
import psutil
import pytest
from course_root import (
    PATH,
    contents,
    grade,
    grade_id,
    grades,
    hand_in,
    nbgrader,
    need_walls,
    new_course,
    points,
    read,
    run,
    scores,
    solved,
)
from nbgrader.api import Gradebook
from places import ASSIGNMENTS

LEARNERS = {
    "ps1_softmax": importlib.import_module("learners_ps1"),
    "ps2_trust": importlib.import_module("learners_ps2"),
}
PS1 = "ps1_softmax"
each = pytest.mark.parametrize("assignment", LEARNERS)


def slug(words):
    return re.sub(r"\W+", "-", words)


# What is published


@each
def test_the_release_is_what_nbgrader_makes_of_the_source(assignment, tmp_path):
    root = new_course(tmp_path / "course")
    nbgrader(root, "generate_assignment", assignment, "--force")
    made, published = root / "release", ASSIGNMENTS / "release"
    names = {p.relative_to(made) for p in contents(made / assignment)}
    assert names == {p.relative_to(published) for p in contents(published / assignment)}
    for name in names:
        assert (made / name).read_bytes() == (published / name).read_bytes(), name


@each
def test_nothing_of_the_solution_is_in_the_release(assignment):
    text = nbformat.writes(read("release", assignment))
    assert not re.search(r"(BEGIN|END) (SOLUTION|HIDDEN|MARK)|HIDDEN_SEED", text)
    for cell in read("release", assignment).cells:
        if cell.metadata.get("nbgrader", {}).get("solution") and cell.id != "why":
            assert "raise NotImplementedError()" in cell.source, cell.id


@each
def test_its_points_add_up(assignment):
    learners, source = LEARNERS[assignment], read("source", assignment)
    manual = [
        cell.metadata.nbgrader.points
        for cell in source.cells
        if grade_id(cell) == learners.MANUAL
    ]
    assert sum(points(assignment).values()) + sum(manual) == learners.MARKS
    table = re.findall(r"^\|[^|]+\| *(\d+) *\|$", source.cells[0].source, re.M)
    assert sum(map(int, table)) == learners.MARKS
    assert f"{learners.MARKS} points" in source.cells[0].source


@each
def test_its_source_is_stored_without_outputs_and_in_one_form(assignment):
    path = ASSIGNMENTS / "source" / assignment / f"{assignment}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    assert nbformat.writes(notebook) + "\n" == path.read_text("utf-8")
    for cell in notebook.cells:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", cell.id), cell.id
        assert grade_id(cell) in (cell.id, None)
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None
            lines = [line for line in cell.source.splitlines() if line.strip()]
            assert len(lines) <= 30, cell.id
            assert max(map(len, lines)) <= 88, cell.id


def test_both_compare_answers_in_the_same_way():
    tools = [
        [c.source for c in read("source", name).cells if c.id in ("tools", "compare")]
        for name in LEARNERS
    ]
    assert len(tools[0]) == 2
    assert tools[0] == tools[1]


@each
def test_every_seed_gives_a_fair_variant(assignment, monkeypatch):
    """The solution passes, and wrong answers fail, whatever the numbers are."""
    monkeypatch.chdir(ASSIGNMENTS / "source" / assignment)
    source = read("source", assignment)
    wrong = LEARNERS[assignment].WRONG.values()
    for seeds in itertools.product([2, 999_999, 77_777, 4096], [3, 999_999, 31_337]):
        assert failing(source, *seeds) == set()
        for changes, lost in itertools.islice(wrong, 3):
            assert failing(source, *seeds, changes) == set(lost)


def failing(source, seed, hidden, changes=()):
    """Return the test cells that fail in a variant, run in this process."""
    names, failed = {"__name__": "__main__", "print": lambda *words, **how: None}, set()
    for cell in source.cells:
        if cell.cell_type == "code":
            code = dict(changes).get(cell.id, cell.source)
            code = re.sub(r"^SEED = \d+$", f"SEED = {seed}", code, flags=re.M)
            code = re.sub(
                r"^HIDDEN_SEED = \d+$", f"HIDDEN_SEED = {hidden}", code, flags=re.M
            )
            try:
                exec(code, names)
            except Exception:
                failed.add(cell.id)
    return failed


# What a class hands in


@pytest.fixture(scope="module", params=LEARNERS)
def classroom(request, tmp_path_factory):
    """All answers that we know, right and wrong, graded in one go."""
    assignment = request.param
    learners = LEARNERS[assignment]
    root = new_course(tmp_path_factory.mktemp("class"))
    hand_in(root, "reference", assignment, solved(assignment))
    hand_in(root, "empty", assignment, read("release", assignment))
    for style, changes in learners.RIGHT.items():
        hand_in(root, slug(style), assignment, solved(assignment, changes))
    for mistake, (changes, _) in learners.WRONG.items():
        hand_in(root, slug(mistake), assignment, solved(assignment, changes))
    return assignment, root, grade(root, assignment)


def test_every_answer_gets_what_it_is_worth(classroom):
    assignment, root, said = classroom
    learners, found = LEARNERS[assignment], scores(root, assignment)
    expected = {"reference": {}, "empty": points(assignment)}
    expected |= {slug(style): {} for style in learners.RIGHT}
    expected |= {slug(mistake): lost for mistake, (_, lost) in learners.WRONG.items()}
    assert len(learners.RIGHT) >= 5
    assert len(learners.WRONG) >= 8
    assert found.keys() == expected.keys(), said
    for student, lost in expected.items():
        for name, worth in points(assignment).items():
            assert found[student][name] == (worth - lost.get(name, 0), False), student


def test_the_why_waits_for_a_human(classroom):
    assignment, root, said = classroom
    manual = LEARNERS[assignment].MANUAL
    found = scores(root, assignment)
    assert found.pop("empty")[manual] == (0, False)
    assert {marks[manual] for marks in found.values()} == {(None, True)}
    states = {student: row["state"] for student, row in grades(root).items()}
    assert states.pop("empty") == "graded"
    assert set(states.values()) == {"needs manual grading"}
    assert re.search(r"^ +1 graded\n +\d+ needs manual grading\n +0 could", said, re.M)


def test_nbgrader_itself_gives_the_same_grades(classroom, tmp_path):
    """Its own sequential run, on as many as time allows."""
    assignment, root, _ = classroom
    other = new_course(tmp_path / "other")
    few = ["reference", "empty", *map(slug, LEARNERS[assignment].WRONG)][:8]
    for student in few:
        name = f"submitted/{student}/{assignment}/{assignment}.ipynb"
        hand_in(other, student, assignment, (root / name).read_bytes())
    nbgrader(other, "generate_assignment", assignment, "--force")
    nbgrader(other, "autograde", assignment)
    found = scores(root, assignment)
    assert scores(other, assignment) == {student: found[student] for student in few}


def test_what_was_graded_is_not_graded_again(classroom):
    assignment, root, _ = classroom
    before = (scores(root, assignment), grades(root))
    assert f"{assignment}: 0 submissions run" in grade(root, assignment)
    assert before == (scores(root, assignment), grades(root))


def test_marks_by_hand_survive_a_new_run_and_a_new_submission(classroom):
    assignment, root, _ = classroom
    manual, wrong = LEARNERS[assignment].MANUAL, LEARNERS[assignment].WRONG
    student, (changes, lost) = next(iter(wrong.items()))
    with Gradebook(f"sqlite:///{root / 'gradebook.db'}") as book:
        mark = book.find_grade(manual, assignment, assignment, slug(student))
        mark.manual_score, mark.needs_manual_grade = 3, False
        words = book.find_comment(manual, assignment, assignment, slug(student))
        words.manual_comment = "Where do the 16.12 come from?"
        book.db.commit()
    full = sum(points(assignment).values())
    grade(root, assignment)
    row = grades(root)[slug(student)]
    marked = [row[name] for name in ("state", "score", "manual")]
    assert marked == ["graded", f"{full - sum(lost.values()) + 3:.1f}", "3.0"]
    shown = visible(root / "feedback" / slug(student) / assignment)
    assert "Where do the 16.12 come from?" in shown
    assert "AssertionError" in shown
    assert not re.search("HIDDEN|Traceback", shown)
    assert not any(line in shown for line in hidden_lines(assignment))

    again = solved(assignment, dict(changes, **{manual: "I have thought again."}))
    hand_in(root, slug(student), assignment, again)
    assert f"{assignment}: 1 submissions run" in grade(root, assignment)
    row = grades(root)[slug(student)]
    marked = [row[name] for name in ("state", "score", "manual")]
    # as with nbgrader itself: does the mark still hold?
    assert marked == [
        "needs manual grading",
        f"{full - sum(lost.values()) + 3:.1f}",
        "3.0",
    ]


def visible(folder):
    """Return the text of the one page of feedback in a folder."""
    (page,) = folder.glob("*.html")
    text = re.sub(r"<style.*?</style>", "", page.read_text("utf-8"), flags=re.S)
    return html.unescape(re.sub(r"<[^>]+>", "", text))


def hidden_lines(assignment):
    lines = []
    for cell in read("source", assignment).cells:
        for hidden in re.findall(
            r"BEGIN HIDDEN TESTS\n(.*?)\n### END", cell.source, re.S
        ):
            visible = cell.source.replace(hidden, "")
            lines += [
                line.strip()
                for line in hidden.splitlines()
                if len(line.strip()) > 20 and line.strip() not in visible
            ]
    assert lines
    return lines


# A batch in which not everybody is honest

NONSENSE = "def softmax(logits, axis=-1):\n    return logits\n"
FAST = "\nc.Execute.timeout = 3\n"
EVERYWHERE = """\
import pathlib

def everywhere(pattern):
    here = pathlib.Path.cwd()
    for folder in [*here.parents[:-1], pathlib.Path("/tmp")]:
        try:
            yield from folder.glob(pattern)
        except OSError:
            continue
"""
# What stands in the cell of the first answer, and the reason why it is not graded,
# or the test cells in which points are lost.
HOSTILE = {
    "reads the source": (
        EVERYWHERE
        + NONSENSE
        + """
import json
for path in everywhere("**/course/source/ps1_softmax/*.ipynb"):
    for cell in json.loads(path.read_text())["cells"]:
        text = "".join(cell["source"])
        if text.startswith("def softmax"):
            exec(text)
""",
        ["softmax-values", "softmax-extremes", "softmax-axis"],
    ),
    "writes the gradebook": (
        EVERYWHERE
        + NONSENSE
        + """
import sqlite3
for path in everywhere("**/course/*.db"):
    try:
        with sqlite3.connect(path) as book:
            book.execute("update grade set auto_score = 12, manual_score = 12")
            book.execute("update grade_cell set max_score = 12")
    except sqlite3.Error:
        pass
""",
        ["softmax-values", "softmax-extremes", "softmax-axis"],
    ),
    "deletes a classmate": (
        EVERYWHERE
        + NONSENSE
        + """
import shutil
for path in [*everywhere("**/course/submitted"), *everywhere("**/course/autograded")]:
    shutil.rmtree(path, ignore_errors=True)
""",
        ["softmax-values", "softmax-extremes", "softmax-axis"],
    ),
    "patches numpy": (
        NONSENSE
        + """
np.allclose = np.isclose = np.array_equal = lambda *args, **options: True
np.testing.assert_allclose = lambda *args, **options: None
""",
        ["softmax-values", "softmax-extremes", "softmax-axis"],
    ),
    "patches the comparison": (
        NONSENSE + "close = lambda *args: True\n",
        "it disarms its tests",
    ),
    "patches builtins": (
        NONSENSE
        + """
import builtins
builtins.all = lambda *args: True
builtins.len = lambda *args: 3
class Any(type):
    def __eq__(self, other):
        return True
""",
        None,
    ),
    "drops asserts": (
        NONSENSE
        + """
import ast
class Drop(ast.NodeTransformer):
    def visit_Assert(self, node):
        return ast.Pass()
get_ipython().ast_transformers.append(Drop())
""",
        "it disarms its tests",
    ),
    "runs nothing any more": (
        NONSENSE
        + """
shell = get_ipython()
async def run_cell_async(*args, **options):
    from IPython.core.interactiveshell import ExecutionResult
    return ExecutionResult(None)
shell.run_cell_async = run_cell_async
""",
        "it disarms its tests",
    ),
    "plants links": (
        NONSENSE
        + """
import os, pathlib
for name in ["ps1_softmax.ipynb", "timestamp.txt"]:
    try:
        os.symlink("/etc/hostname", name)
    except OSError:
        pass
os.mkfifo("pipe.ipynb")
pathlib.Path("notes.ipynb").write_text("{}")
""",
        ["softmax-values", "softmax-extremes", "softmax-axis"],
    ),
    "quotes hidden tests": (
        """
def softmax(logits, axis=-1):
    raise ValueError(In[-1][-180:])
""",
        ["softmax-values", "softmax-extremes", "softmax-axis"],
    ),
    "steals hidden tests": (
        """
def softmax(logits, axis=-1):
    for text in list(seen):
        print(text)
    shifted = logits - logits.max(axis=axis, keepdims=True)
    weights = np.exp(shifted)
    return weights / weights.sum(axis=axis, keepdims=True)
seen = []
get_ipython().events.register("pre_run_cell", lambda info: seen.append(info.raw_cell))
""",
        [],
    ),
    "prints 60 MB in a line": ("print('x' * 60_000_000)", []),
    "prints two million lines": ("for _ in range(2_000_000):\n    print('line')", []),
    "loops on and on": (
        """
while True:
    try:
        while True:
            pass
    except KeyboardInterrupt:
        pass
""",
        "a cell could not be stopped",
    ),
    "leaves Python": ("import os\nos._exit(0)", "its kernel died"),
    "takes all memory": (
        "hoard = []\nwhile True:\n    hoard.append(b'x' * 50_000_000)",
        "more than 1 GB of memory",
    ),
    "starts 60 sleepers": (
        """
import subprocess, sys
for _ in range(60):
    subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(98765)"], start_new_session=True
    )
""",
        "more than 32 processes",
    ),
    "leaves a sleeper behind": (
        """
import subprocess, sys
subprocess.Popen(
    [sys.executable, "-c", "import time; time.sleep(98765)"], start_new_session=True
)
""",
        [],
    ),
    "writes to stderr": (
        """
import sys, warnings
def softmax(logits, axis=-1):
    print("logits", logits, file=sys.stderr)
    warnings.warn("careful")
    weights = np.exp(logits - logits.max(axis=axis, keepdims=True))
    np.log(np.zeros(3))
    return weights / weights.sum(axis=axis, keepdims=True)
print("starting", file=sys.stderr)
""",
        [],
    ),
    "kills its grader": ("import os, signal\nos.kill(os.getppid(), 9)", None),
    "answers with its own numbers": (
        """
class Yes(float):
    def __sub__(self, other):
        return 0.0
    def __rsub__(self, other):
        return 0.0
    def __eq__(self, other):
        return True
def softmax(logits, axis=-1):
    return [Yes(0.5)] * 3
""",
        ["softmax-values", "softmax-extremes", "softmax-axis"],
    ),
}


def hostile_class(root, hostile):
    """Honest students among others."""
    (softmax,) = (c.source for c in solved(PS1).cells if c.id == "softmax")
    honest = {"ada": {}, "zoe": {}, "max": LEARNERS[PS1].WRONG}
    for student in honest:
        changes = next(iter(honest[student].values()), ({}, {}))[0]
        hand_in(root, student, PS1, solved(PS1, changes))
    for name in hostile:
        code, expected = HOSTILE[name]
        if expected == [] and "def softmax" not in code:
            code = f"{softmax}\n\n{code}"
        hand_in(root, slug(name), PS1, solved(PS1, {"softmax": code}))
    notebook = solved(PS1)
    test = next(cell for cell in notebook.cells if cell.id == "softmax-values")
    notebook.cells.append(nbformat.from_dict(dict(test, id="again")))
    hand_in(root, "doubles-a-test", PS1, notebook)
    notebook = solved(PS1)
    notebook.cells = [
        cell for cell in notebook.cells if not cell.id.startswith("softmax-")
    ]
    hand_in(root, "deletes-tests", PS1, notebook)
    notebook = solved(PS1)
    notebook.cells[1:1] = 12 * [nbformat.v4.new_code_cell("import time; time.sleep(2)")]
    hand_in(root, "sleeps", PS1, notebook)
    for name in ["-1+1", "glob[x]"]:
        hand_in(root, name, PS1, solved(PS1))
    hand_in(root, "no-json", PS1, "Dear teacher, the dog")
    hand_in(root, "wrong-name", PS1, solved(PS1), "my homework.ipynb")
    hand_in(root, "wrong-notebook", PS1, read("release", "ps2_trust"))
    (root / "submitted" / "nothing" / PS1).mkdir(parents=True)


def sleepers():
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if any("sleep(98765)" in part for part in process.info["cmdline"] or []):
            found.append(process)
    return found


@pytest.mark.skipif(sys.platform == "win32", reason="written for kernels on Unix")
@pytest.mark.parametrize("walls", [True, False], ids=["in the sandbox", "without one"])
def test_one_bad_submission_harms_nobody_else(walls, tmp_path):
    if walls:
        need_walls()
    root = new_course(tmp_path / "course", FAST)
    if walls:
        hostile_class(root, HOSTILE)
    else:
        hostile_class(root, WITHOUT_WALLS)
        without_walls(root)
    before = contents(root / "submitted")
    said = grade(root, PS1, "--timeout", "20", "--memory", "1")
    assert contents(root / "submitted") == before, "somebody's files were changed"
    assert not sleepers()

    rows, found, worth = grades(root), scores(root, PS1), points(PS1)
    full, lost = sum(worth.values()), next(iter(LEARNERS[PS1].WRONG.values()))[1]
    for student in ["ada", "zoe", "doubles-a-test", "deletes-tests", "wrong-name"]:
        assert float(rows[student]["auto"]) == full, student
    assert float(rows["max"]["auto"]) == full - sum(lost.values())

    for name in rows.keys() & {slug(name): name for name in HOSTILE}.keys():
        name = {slug(name): name for name in HOSTILE}[name]
        expected, row = HOSTILE[name][1], rows[slug(name)]
        if isinstance(expected, list):
            missed = {n for n, (got, _) in found[slug(name)].items() if got == 0}
            assert missed == set(expected), name
            assert float(row["auto"]) == full - sum(worth[n] for n in expected), name
        elif isinstance(expected, str):
            assert expected in row["reason"], name
            assert row["score"] == "", name
    for name in rows.keys() & {"patches-builtins", "kills-its-grader"}:
        row = rows[name]
        assert row["reason"] or float(row["auto"]) <= full - 6, row
    for name, reason in {
        "no-json": "is no notebook",
        "wrong-notebook": "it is another one",
        "-1+1": "rename the folder",
        "glob[x]": "rename the folder",
        "sleeps": "more than 20 seconds",
        "nothing": "no notebook was handed in",
    }.items():
        assert reason in rows[name]["reason"]
    for student, row in rows.items():  # every ungraded one is listed with its reason
        assert (row["state"] == "could not be graded") == bool(row["reason"])
        if row["reason"]:
            assert f"{student}: {row['reason']}" in said

    nbgrader(root, "generate_feedback", PS1)
    for page in (root / "feedback").glob(f"*/{PS1}/*.html"):
        text = visible(page.parent)
        assert not any(line in text for line in hidden_lines(PS1)), page
        assert page.stat().st_size < 1_500_000


# Without a sandbox these find the course if they look far enough: the guide says so.
THIEVES = ["reads the source", "writes the gradebook", "deletes a classmate"]
WITHOUT_WALLS = [*THIEVES, "loops on and on", "leaves Python", "takes all memory"]
WITHOUT_WALLS += ["starts 60 sleepers", "leaves a sleeper behind", "kills its grader"]


def without_walls(root):
    """Switch the sandbox off, and let the thieves look only around themselves."""
    file = root / "grading" / "sandbox.py"
    text = file.read_text().replace(
        "def available():", "def available():\n    return False"
    )
    file.write_text(text)
    for name in THIEVES:
        path = root / "submitted" / slug(name) / PS1 / f"{PS1}.ipynb"
        near = path.read_text().replace(
            "in [*here.parents[:-1],", "in here.parents[:1] or ["
        )
        assert near != path.read_text()
        path.write_text(near)


# What else may happen while a class is graded


@contextlib.contextmanager
def started(root, *command):
    """Start a command in the course root, in a group of its own, as a shell does."""
    child = subprocess.Popen(
        [sys.executable, *command],
        cwd=root,
        env=os.environ | {"PATH": PATH},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield child
    finally:
        if child.poll() is None:
            child.kill()
        child.wait()
        child.stdout.close()


def wait_until(condition, seconds=120):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)


def age(process):
    try:
        return time.time() - process.create_time()
    except psutil.Error:  # it has ended this moment
        return 0


def dask_workers(child):
    found = []
    for process in psutil.Process(child.pid).children(recursive=True):
        with contextlib.suppress(psutil.Error):  # it has ended this moment
            if "spawn_main" in " ".join(process.cmdline()):
                found.append(process)
    return found


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is sent in another way")
def test_a_killed_worker_and_an_interrupted_run_lose_nothing(tmp_path):
    root = new_course(tmp_path / "course")
    students = [f"student-{k}" for k in range(20)]
    notebook = solved(PS1)
    notebook.cells.insert(1, nbformat.v4.new_code_cell("import time; time.sleep(1)"))
    for student in students:
        hand_in(root, student, PS1, notebook)
    done = root / ".grade" / PS1
    with started(root, "grade.py", PS1, "--workers", "2") as child:
        wait_until(lambda: len(list(done.glob("*.json"))) >= 1)
        dask_workers(child)[0].kill()
        wait_until(lambda: len(list(done.glob("*.json"))) >= 3)
        # a worker that is only starting would say that it was interrupted
        wait_until(lambda: all(age(worker) > 12 for worker in dask_workers(child)))
        os.killpg(child.pid, signal.SIGINT)
        said = child.communicate(timeout=60)[0]
        assert child.returncode == 1
    assert "Stopped. What was graded is saved" in said
    assert "Traceback" not in said
    before = len(list(done.glob("*.json")))
    assert 3 <= before < len(students)
    assert f"{PS1}: {len(students) - before} submissions run" in grade(root, PS1)
    full = sum(points(PS1).values())
    assert {float(row["auto"]) for row in grades(root).values()} == {full}
    assert grades(root).keys() == set(students)
    assert list((root / ".grade").glob("gradebook-*.db"))


def test_a_cluster_grades_in_the_same_way(tmp_path):
    """A scheduler and a worker that know nothing of the course."""
    root, elsewhere = new_course(tmp_path / "course"), tmp_path / "elsewhere"
    elsewhere.mkdir()
    mistake = next(iter(LEARNERS[PS1].WRONG.values()))
    hand_in(root, "ada", PS1, solved(PS1))
    hand_in(root, "max", PS1, solved(PS1, mistake[0]))
    here = "tcp://127.0.0.1"
    scheduler = ["-m", "distributed.cli.dask_scheduler", "--host", here, "--port", "0"]
    with started(elsewhere, *scheduler, "--no-dashboard") as brain:
        for line in brain.stdout:
            if found := re.search(rf"Scheduler at: *({here}:\d+)", line):
                break
        worker = ["-m", "distributed.cli.dask_worker", found[1], "--no-dashboard"]
        worker += ["--nworkers", "1", "--local-directory", str(elsewhere), "--no-nanny"]
        with started(elsewhere, *worker, "--nthreads", "2") as hand:
            wait_for_line(hand, "Registered to")
            done = run(root, "grade.py", PS1, "--scheduler", found[1])
            assert "start the workers with --nthreads 1" in done.stderr
            assert "Traceback" not in done.stderr
        with started(elsewhere, *worker, "--nthreads", "1") as hand:
            wait_for_line(hand, "Registered to")
            grade(root, PS1, "--scheduler", found[1])
    full = sum(points(PS1).values())
    marks = {student: float(row["auto"]) for student, row in grades(root).items()}
    assert marks == {"ada": full, "max": full - sum(mistake[1].values())}


def wait_for_line(child, text):
    for line in child.stdout:
        if text in line:
            return
    raise AssertionError(f"{text!r} never came")


def test_a_solution_that_fails_its_own_tests_stops_the_run(tmp_path):
    root = new_course(tmp_path / "course")
    source = read("source", PS1)
    mistake = next(iter(LEARNERS[PS1].WRONG.values()))
    for cell in source.cells:
        if cell.id in mistake[0]:
            cell.source = f"### BEGIN SOLUTION\n{mistake[0][cell.id]}\n### END SOLUTION"
    nbformat.write(source, root / "source" / PS1 / f"{PS1}.ipynb")
    hand_in(root, "ada", PS1, solved(PS1))
    done = run(root, "grade.py", PS1)
    assert done.returncode == 1
    assert "does not pass its own tests: " + ", ".join(mistake[1]) in done.stderr
    assert "Traceback" not in done.stderr
    assert not (root / "grades.csv").exists()


def test_an_assignment_that_does_not_exist_is_named_with_those_that_do(tmp_path):
    done = run(new_course(tmp_path / "course"), "grade.py", "ps3")
    assert "assignment='ps3'" in done.stderr
    assert "there are ps1_softmax, ps2_trust" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("option", ["--workers", "--timeout", "--memory"])
@pytest.mark.parametrize("value", ["0", "-1", "many", "nan"])
def test_a_senseless_number_is_refused(option, value, capsys):
    with pytest.raises(SystemExit):
        command_line.arguments([PS1, option, value])
    said = f"argument {option}: {value!r} is not a number above 0"
    assert said in capsys.readouterr().err
