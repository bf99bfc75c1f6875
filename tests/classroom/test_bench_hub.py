"""The benchmark of a class: its figures, its words, and what it leaves behind."""

import asyncio
import json
import os
import re
import subprocess
import sys
from types import SimpleNamespace

import bench_hub
import hub
import pytest
from bench_hub import SETTINGS, Learner, LessonError, percentile, run_cell
from places import NOTEBOOKS

SETTING = re.compile(r"c\.((?:Spawner|JupyterHub)\.\w+) = ([^#\n]+)")


@pytest.mark.parametrize(
    ("percent", "value"), [(50, 10), (95, 19), (99, 20), (100, 20)]
)
def test_a_percentile_is_one_of_the_values(percent, value):
    assert percentile(range(20, 0, -1), percent) == value
    assert percentile([7.0], percent) == 7.0


def test_the_table_counts_who_finished_and_names_who_did_not():
    learners = [
        Learner(
            "ada", served=12.4, cells=[(4.0, "cell 1, import"), (0.5, "cell 2, x")]
        ),
        Learner("bob", served=61.2, turned_away=2, cells=[(2.0, "cell 1, import")]),
        Learner("cyd", turned_away=1, error="LessonError: no server"),
    ]
    learners[1].error = "LessonError: NameError in 'x'"
    used = (
        "PSS",
        {"kernel": [150.0, 170.0], "server": [140.0], "proxy": [], "hub": [99.9]},
    )
    table = "\n".join(bench_hub.class_table(learners, used, 75.4))
    assert (
        table
        == """\
finished                1 of 3
got a server            2 of 3
told to try again       2 of 3, up to 2 times
seconds to the last one 61
seconds, all in all     75

seconds a cell               p50     p95     max
all                         2.00    4.00    4.00
  the slowest             cell 1, import
without the first           0.50    0.50    0.50
  the slowest             cell 2, x

memory, MB (PSS)            mean     max  number
kernel                       160     170       2
server                       140     140       1
hub                          100     100       1
bob failed: LessonError: NameError in 'x'
cyd failed: LessonError: no server"""
    )


def test_a_class_without_a_single_server_still_makes_a_table():
    used = ("PSS", {"kernel": [], "server": [], "proxy": [60.0], "hub": [110.0]})
    table = list(bench_hub.class_table([Learner("ada", error="x")], used, 1.0))
    assert "finished                0 of 1" in table
    assert "seconds to the last one" not in "\n".join(table)


@pytest.fixture
def tools(tmp_path, monkeypatch):
    """A PATH of one folder, JupyterHub installed, no proxy; gives `install`."""

    def install(name, output):
        (tmp_path / name).write_text(f"#!/bin/sh\necho {output}\n")
        (tmp_path / name).chmod(0o755)

    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(hub, "PROXY_HOME", tmp_path / "proxy")
    monkeypatch.setattr(hub.importlib.util, "find_spec", lambda name: object())
    return install


unix = pytest.mark.skipif(sys.platform == "win32", reason="no JupyterHub on Windows")


@unix
def test_what_is_missing_is_said_in_one_sentence(tools):
    assert hub.missing().startswith("Node.js is missing: install it from nodejs.org")
    tools("node", "v12.22.9")
    assert hub.missing().startswith("Node.js is too old: install version 20 or newer")
    tools("node", "v20.0.0")
    assert hub.missing().startswith("npm is missing")
    tools("npm", "")
    assert hub.missing() is None


@unix
def test_without_jupyterhub_the_extra_is_named(tools, monkeypatch):
    monkeypatch.setattr(hub.importlib.util, "find_spec", lambda name: None)
    assert hub.missing() == 'JupyterHub is missing: pip install -e ".[hub]"'


def test_on_windows_nothing_is_measured(monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    assert hub.missing() == "JupyterHub does not run on Windows."


@unix
def test_not_measured_is_no_failure(tools, capsys):
    assert bench_hub.main(SimpleNamespace()) == 0
    assert "not measured. Node.js is missing" in capsys.readouterr().out


@unix
@pytest.mark.parametrize(
    ("version", "installed"), [(hub.PROXY, True), ("4.6.3", False)]
)
def test_only_the_pinned_proxy_counts(tools, version, installed):
    listed = hub.PROXY_HOME / "node_modules" / ".package-lock.json"
    assert not hub.proxy_installed()
    listed.parent.mkdir(parents=True)
    packages = {"node_modules/configurable-http-proxy": {"version": version}}
    listed.write_text(json.dumps({"packages": packages}))
    assert hub.proxy_installed() == installed


class Channels:
    """A kernel that answers each cell with the given messages, and noise."""

    def __init__(self, *answers):
        self.answers = answers

    async def write_message(self, text):
        mine = {"msg_id": json.loads(text)["header"]["msg_id"]}
        self.queue = [b"a widget's picture", self.reply({}, "status", "idle")]
        self.queue += [self.reply(mine, *answer) for answer in self.answers]

    def reply(self, parent, kind, state, **content):
        content |= {"execution_state" if kind == "status" else "status": state}
        message = {"msg_type": kind, "parent_header": parent, "content": content}
        return json.dumps(message)

    async def read_message(self):
        return self.queue.pop(0) if self.queue else None


def test_a_cell_is_done_after_its_reply_and_its_idle():
    done = Channels(("status", "busy"), ("execute_reply", "ok"), ("status", "idle"))
    asyncio.run(run_cell(done, "1 / 2"))
    assert not done.queue
    with pytest.raises(LessonError, match="connection to the kernel was closed"):
        asyncio.run(run_cell(Channels(("execute_reply", "ok")), "1 / 2"))


def test_a_kernel_that_died_is_not_waited_for():
    class Dead(Channels):
        def reply(self, parent, *args):
            return super().reply({}, *args)

    dead = Dead(("status", "restarting"), ("status", "idle"))
    with pytest.raises(LessonError, match="the kernel died in 'x = 1'"):
        asyncio.run(run_cell(dead, "x = 1\ny = 2"))


def test_a_failing_cell_names_the_error():
    class Failing(Channels):
        def reply(self, *args):
            return super().reply(*args, ename="ZeroDivisionError")

    with pytest.raises(LessonError, match="ZeroDivisionError in '1 / 0'"):
        asyncio.run(run_cell(Failing(("execute_reply", "error")), "1 / 0"))


def test_one_failure_stops_nobody_else():
    async def breaks():
        raise LessonError("no server")

    async def both():
        await asyncio.gather(*(bench_hub.attempt(a, b) for a, b in pairs))

    pairs = [(Learner("ada"), breaks()), (Learner("bob"), asyncio.sleep(0))]
    asyncio.run(both())
    assert [one.error for one, _ in pairs] == ["LessonError: no server", None]


@unix
def test_what_the_hub_started_is_found_and_ended(tmp_path):
    """Also a process whose parent is gone, in a session of its own."""
    nap = [sys.executable, "-c", "import time; print(1, flush=True); time.sleep(60)"]
    nurse = f"import subprocess; subprocess.Popen({nap!r}, start_new_session=True)"
    env = {**os.environ, hub.MARK: str(tmp_path)}
    command = [sys.executable, "-c", nurse]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE) as parent:
        parent.stdout.readline()  # the child is there
    (found,) = hub.started(tmp_path)
    hub.end([found])
    assert not found.is_running()
    assert not hub.started(tmp_path)


def test_the_hub_listens_on_the_loopback_interface_alone(tmp_path):
    address, text = hub.config(tmp_path, SETTINGS)
    urls = re.findall(r"http://([\d.]+):(\d+)", text)
    assert {host for host, _ in urls} == {"127.0.0.1"}
    assert len({port for _, port in urls}) == len(urls) == 3
    assert address in text
    assert set(SETTINGS.items()) <= set(quoted(text).items())


def test_jupyterhub_takes_these_settings_from_its_file():
    """Not all that it documents can be set there."""
    known = set()
    for module, name in {"app": "JupyterHub", "spawner": "Spawner"}.items():
        owner = getattr(pytest.importorskip(f"jupyterhub.{module}"), name)
        traits = owner.class_trait_names(config=True)
        known |= {f"{name}.{trait}" for trait in traits}
    assert set(SETTINGS) <= known


def quoted(text):
    """Return {setting: value} of the lines `c.Spawner.… = …` that are numbers."""
    found = [match for match in SETTING.findall(text) if match[1].strip().isdigit()]
    return {name: int(value) for name, value in found}


def test_texts_quote_the_settings_that_were_measured():
    texts = [path.read_text(encoding="utf-8") for path in NOTEBOOKS.parent.glob("*.md")]
    texts += [path.read_text(encoding="utf-8") for path in NOTEBOOKS.rglob("*.md")]
    quotes = [quoted(text) for text in texts if quoted(text)]
    if not quotes:
        pytest.skip("no text quotes them yet")
    assert all(quote == SETTINGS for quote in quotes)
