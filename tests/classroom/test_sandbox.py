"""Where submissions run: what they see there, and how much they may take."""

import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from course_root import need_walls

from grading import sandbox


@pytest.fixture
def port():
    """Somebody listens on this port of the loopback interface."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


LOOK_AROUND = """
import pathlib, socket, sys
own, course, port, *others = sys.argv[1:]
print(pathlib.Path(course, "gradebook.db").exists())
print(any(pathlib.Path("/usr/share").iterdir()))
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
    hidden = [str(course), "/usr/share"]  # /tmp is hidden in any case
    inside = [*sandbox.walls(str(own), hidden), *look, "/etc", sys.prefix]
    done = subprocess.run(inside, capture_output=True, text=True, check=True, cwd=own)
    wrote = ["written", "not written", "not written"]
    seen = ["False", "False", "[]", "['1', '2']"]
    assert done.stdout.splitlines() == [*seen, *wrote, "False"]
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
