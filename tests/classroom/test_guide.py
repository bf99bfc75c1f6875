"""The instructor guide: every command in it is run, every number recomputed."""

import contextlib
import io
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import tomllib
import urllib.request
import zipfile
from urllib.parse import parse_qs, urlparse

import grade as command_line
import nbformat
import pytest
import yaml
from bench_hub import SETTINGS
from course_root import PATH, grades, points, solved
from nbgrader.api import Gradebook
from nbgrader.apps import NbGraderApp
from places import ASSIGNMENTS, NOTEBOOKS, ROOT
from test_class import LEARNERS

from softmax_lab import progress
from softmax_lab.base import store
from softmax_lab.lessons import catalogue

GUIDE = (ASSIGNMENTS / "README.md").read_text(encoding="utf-8")
PS1 = "ps1_softmax"
SERVICES = ("jupyter lab", "dask scheduler", "dask worker")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", GUIDE, re.M | re.S)


def commands():
    return [line for block in blocks("bash") for line in block.splitlines()]


# The commands, in order, as a shell would have them


class Shell:
    """Runs commands as typed, one after the other, and services beside them.

    Dask's stand for other machines: in a folder that knows nothing of the course.
    """

    def __init__(self, folder, elsewhere, env):
        self.folder, self.elsewhere, self.env = folder, elsewhere, env
        self.services = []

    def run(self, command):
        if command.startswith("cd "):
            self.folder = (self.folder / command[3:]).resolve()
            return ""
        options = {"cwd": self.folder, "env": self.env, "text": True}
        options.update(stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if not command.startswith(SERVICES):
            done = subprocess.run(["bash", "-c", command], **options)
            assert done.returncode == 0, f"{command}\n{done.stdout}"
            return done.stdout
        options["stdout"] = subprocess.DEVNULL
        if command.startswith("dask"):
            options["cwd"] = self.elsewhere
        child = subprocess.Popen(
            ["bash", "-c", f"exec {command}"], start_new_session=True, **options
        )
        self.services.append(child)
        return ""

    def close(self):
        for child in self.services:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGTERM)
        for child in self.services:
            child.wait(timeout=60)
        self.services.clear()


@pytest.fixture
def shell(tmp_path):
    """A fresh copy of the repository, and a shell in it."""
    copy = tmp_path / "softmax-lab"
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.check_output(listed, cwd=ROOT, text=True).split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name)
    env = os.environ | {"PATH": PATH, "PYTHONPATH": str(copy)}
    env.pop("SOFTMAX_LAB_SEED", None)
    env["JUPYTER_PORT"] = str(free_port())
    (tmp_path / "elsewhere").mkdir()
    shell = Shell(copy, tmp_path / "elsewhere", env)
    yield shell
    shell.close()


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def answers_at(url, seconds=60):
    end = time.monotonic() + seconds
    while True:
        try:
            return urllib.request.urlopen(url, timeout=20).read().decode()
        except OSError:
            assert time.monotonic() < end, f"nobody answers at {url}"
            time.sleep(0.2)


def classroom_archive(folder, root):
    """What Moodle would give out, with a copy's name in it."""
    folder.mkdir(parents=True)
    mistake = next(iter(LEARNERS[PS1].WRONG.values()))[0]
    names = {
        f"Ada_s1001_1001_assignsubmission_file/{PS1}.ipynb": {},
        f"Max_1002_assignsubmission_file/{PS1} (1).ipynb": mistake,
    }
    with zipfile.ZipFile(folder / "all.zip", "w") as archive:
        for name, changes in names.items():
            notebook = solved(PS1, changes, root)
            archive.writestr(name, nbformat.writes(notebook))


def mark_the_whys(root):
    with Gradebook(f"sqlite:///{root / 'gradebook.db'}") as book:
        for submission in book.assignment_submissions(PS1):
            student = submission.student.id
            mark = book.find_grade("why", PS1, PS1, student)
            mark.manual_score, mark.needs_manual_grade = 2, False
        book.db.commit()


def test_every_command_of_the_guide_is_one():
    """Their names and options; the test below types them all."""
    for command in commands():
        program, *words = shlex.split(command)
        if words[:1] == ["grade.py"]:
            assert command_line.arguments(words[1:]).assignment in LEARNERS
        elif program == "nbgrader":
            assert words[0] in {*NbGraderApp.subcommands, "db"}
            assert {w for w in words if w.startswith("ps")} <= LEARNERS.keys()
        elif program != "cd":
            assert shutil.which(program, path=PATH), command


@pytest.mark.weekly
@pytest.mark.skipif(sys.platform == "win32", reason="typed in a Unix shell")
def test_every_command_works_in_the_order_of_the_guide(shell, monkeypatch):
    said, top = {}, shell.folder
    root = top / "notebooks" / "assignments"
    for number, command in enumerate(commands()):
        if "zip_collect" in command:
            classroom_archive(root / "downloaded" / PS1 / "archive", root)
        if "class_report" in command:
            export_answers(root / "exports", monkeypatch)
        if command.startswith("pip install"):
            command += " --dry-run"  # what it would install is here already
        if command == "jupyter lab":
            command += " --no-browser --allow-root --IdentityProvider.token=t"
        said[number, command] = shell.run(command)
        if command.startswith("jupyter lab"):
            port = shell.env["JUPYTER_PORT"]
            page = answers_at(f"http://127.0.0.1:{port}/formgrader?token=t")
            assert "formgrader" in page.lower()
            students = answers_at(
                f"http://127.0.0.1:{port}/formgrader/api/submissions/{PS1}?token=t"
            )
            assert '"1001"' in students
            assert '"1002"' in students
            shell.close()
            mark_the_whys(root)
        if "--scheduler" in command:
            shell.close()
    check_what_came_of_it(root, "\n".join(said.values()), top)


def export_answers(folder, monkeypatch):
    """Five learners give what they answered to one question."""
    folder.mkdir()
    asked = next(iter(catalogue.questions("inventory")))
    wrong = next(o for o in asked["options"] if not o.get("right"))
    answer = {"right": False, "choice": 0, "of": len(asked["options"])}
    answer |= {"confidence": "guess", "misconception": wrong["misconception"]}
    for k in range(5):
        monkeypatch.setenv("SOFTMAX_LAB_HOME", str(folder / str(k)))
        store.remember("answer", f"{asked['id']}@before", **answer)
        progress.export(folder / f"{k}.json")


def check_what_came_of_it(root, said, top):
    full, rows = sum(points(PS1).values()), grades(root, PS1)
    lost = sum(next(iter(LEARNERS[PS1].WRONG.values()))[1].values())
    assert float(rows["1001"]["score"]) == full + 2
    assert float(rows["1002"]["score"]) == full - lost + 2
    assert rows["s1001"]["state"] == "nothing handed in"
    for student in ("1001", "1002"):
        assert (root / "feedback" / student / PS1 / f"{PS1}.html").exists()
    assert "1002,Max" not in (root / "grades.csv").read_text()
    assert "1002" in (root / "all-grades.csv").read_text()
    assert f"ps1_softmax (1).ipynb was graded as {PS1}.ipynb" in said
    # nothing twice, but for the cluster's run, which is asked to
    assert re.findall(r"(\d) submissions run", said) == ["2", "0", "2"]
    assert "100 % of 5" in said
    seed = (root / "seed.txt").read_text().strip()
    assert len(seed) == 32
    released = (root / "release" / PS1 / f"{PS1}.ipynb").read_text()
    assert "SEED = 1\\n" not in released
    assert "SEED = " in released
    lesson = nbformat.read(top / "notebooks" / "01_logits_to_probabilities.ipynb", 4)
    assert not any(cell.get("outputs") for cell in lesson.cells)


# What else it says


def table(head):
    """Return the rows below a table's head, as lists of texts."""
    after = GUIDE[GUIDE.index(head) :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in after]


def test_the_points_lost_are_those_that_are_lost():
    rows = table("| ps1_softmax | lost |")
    assert len(rows) >= 6
    for first, lost, second, also in rows:
        for assignment, mistake, loss in [
            ("ps1_softmax", first, lost),
            ("ps2_trust", second, also),
        ]:
            tests = LEARNERS[assignment].WRONG[mistake][1]
            assert sum(tests.values()) == int(loss), mistake


def test_the_points_of_the_first_table():
    for row, assignment in zip(table("| | after lesson |"), LEARNERS, strict=True):
        assert assignment in row[0]
        assert (ASSIGNMENTS / re.search(r"\((.+?)\)", row[0])[1]).exists()
        assert row[2].endswith(f": {sum(points(assignment).values()):.0f}")
        rest = LEARNERS[assignment].MARKS - sum(points(assignment).values())
        assert row[3].endswith(f": {rest:.0f}")


def test_minutes_are_those_that_the_lessons_give():
    words = {"twenty": 20, "an hour": 60}
    found = {}
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        text = "".join(c.source for c in nbformat.read(path, as_version=4).cells[:2])
        time = re.search(r"\*Time\* (an hour|\w+)", text)[1]
        found[str(int(path.name[:2]))] = words.get(time) or int(time)
    told = {}
    for left, minutes, _, _, right, more, _ in table("| lesson | minutes |"):
        told |= {left: int(minutes), right: int(more)}
    assert told == found


def test_limits_are_those_of_the_code():
    from grading import autograde, sandbox

    args = command_line.arguments([PS1])
    config = (ASSIGNMENTS / "nbgrader_config.py").read_text()
    cell = re.search(r"c\.Execute\.timeout = (\d+)", config)[1]
    watch = sandbox.Watch("", 1, 1)
    limits = (
        f"{cell} seconds a cell, {args.timeout:.0f} a notebook (`--timeout`), "
        f"{args.memory:.0f} GB (`--memory`), {watch.processes} processes, "
        f"{watch.disk / 1e9:g} GB of files, "
        f"{autograde.OUTPUT_LIMIT / 1e6:.0f} MB of output"
    )
    assert limits in GUIDE


def test_hub_settings_are_those_that_were_measured():
    (python,) = (block for block in blocks("python") if "Spawner" in block)
    found = re.findall(r"^c\.([\w.]+) = (\d+)$", python, re.M)
    assert {name: int(value) for name, value in found} == SETTINGS
    (text,) = blocks("yaml")
    config = yaml.safe_load(io.StringIO(text))["hub"]["config"]
    flat = {f"{k}.{n}": v for k, part in config.items() for n, v in part.items()}
    assert flat == SETTINGS


def test_the_link_opens_the_first_lesson():
    (link,) = blocks("text")
    query = parse_qs(urlparse(link.strip()).query)
    assert query["repo"][0].startswith("https://github.com/")
    path = query["urlpath"][0].removeprefix("lab/tree/softmax-lab/")
    assert (ROOT / path).exists()


def test_its_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", GUIDE):
        assert (ASSIGNMENTS / target).exists(), target


def test_the_extra_that_it_names_exists():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "teach" in project["project"]["optional-dependencies"]
