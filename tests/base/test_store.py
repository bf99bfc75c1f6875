"""Nothing that a learner did is ever lost."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from softmax_lab import progress
from softmax_lab.base import store

WRITER = """
import sys
from softmax_lab.base import store
for number in range(int(sys.argv[2])):
    store.remember("answer", f"{sys.argv[1]}-{number}", choice="a")
    print(number, flush=True)
"""


def writer(name, count):
    command = [sys.executable, "-c", WRITER, name, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def ids():
    """What a new kernel finds."""
    store.STORES.clear()
    return [record["id"] for record in store.recall("answer")]


def test_what_was_remembered_is_there_in_the_next_kernel(learner):
    store.remember("answer", "one", choice="a")
    store.remember("goal", "two")
    store.STORES.clear()
    (answer,) = store.recall("answer", "one")
    assert answer["choice"] == "a"
    assert store.recall("goal", "other") == []
    assert store.notice() == ""


def test_the_place_is_the_learners_data_folder_unless_told_otherwise(monkeypatch):
    monkeypatch.delenv("SOFTMAX_LAB_HOME")
    assert store.home().name == "softmax-lab"
    monkeypatch.setenv("SOFTMAX_LAB_HOME", "elsewhere")
    assert store.home() == Path("elsewhere").absolute()
    monkeypatch.setenv("SOFTMAX_LAB_HOME", "~/elsewhere")
    assert store.home() == Path.home() / "elsewhere"


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_no_answer_is_lost_in_100_kills(learner):
    rng, expected = random.Random(0), set()
    for batch in range(25):
        children = [writer(f"{batch}-{n}", 100_000) for n in range(4)]
        for child in children:
            child.stdout.readline()  # it has begun
        for child in children:
            time.sleep(rng.uniform(0, 0.02))
            child.send_signal(signal.SIGKILL)
        for n, child in enumerate(children):
            said = child.stdout.read().split("\n")[:-1]
            expected |= {f"{batch}-{n}-{number}" for number in ["0", *said]}
            child.wait()
            child.stdout.close()
    found = ids()
    assert expected <= set(found)
    assert len(expected) >= 100
    for line in filter(None, (learner / store.NAME).read_text().split("\n")):
        json.loads(line)


def test_two_writers_at_once_lose_nothing(learner):
    children = [writer(name, 300) for name in ("left", "right")]
    for child in children:
        child.communicate()
    wanted = {f"{name}-{number}" for name in ("left", "right") for number in range(300)}
    assert set(ids()) == wanted
    assert len(ids()) == 600


def test_a_line_that_was_cut_off_hides_no_other(learner):
    store.remember("answer", "one")
    with (learner / store.NAME).open("ab") as file:
        file.write(b'{"kind": "answer", "id": "cut')
    assert ids() == ["one"]
    store.remember("answer", "two")
    assert ids() == ["one", "two"]


@pytest.mark.parametrize(
    "garbage",
    [b"\xff\xfe\x00garbage\n", b"[]\n", b'{"id": 3}\n', b"\x00" * 500 + b"\n"],
)
def test_damage_is_set_aside_and_the_backup_fills_the_gap(learner, garbage):
    for name in ("one", "two"):
        store.remember("answer", name)
    assert ids() == ["one", "two"]  # and the backup is made
    store.remember("answer", "three")
    file = learner / store.NAME
    lines = file.read_bytes().split(b"\n")
    file.write_bytes(garbage + b"\n".join(lines[3:]))  # the first two are gone
    assert set(ids()) == {"one", "two", "three"}
    assert "could not be read" in store.notice()
    (aside,) = learner.glob("progress.damaged-*")
    assert garbage in aside.read_bytes()
    assert set(ids()) == {"one", "two", "three"}
    assert store.notice() == ""  # said once


@pytest.mark.parametrize("left", [None, 0, 150])
def test_a_file_that_was_deleted_emptied_or_cut_comes_back(learner, left):
    names = [f"answer {number}" for number in range(10)]
    for name in names:
        store.remember("answer", name)
    assert ids() == names  # and the backup is made
    file = learner / store.NAME
    if left is None:
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:left])
    assert set(ids()) == set(names)
    assert "brought back from its backup" in store.notice()
    assert set(ids()) == set(names)


def test_a_file_of_nothing_but_garbage_is_no_end(learner):
    store.remember("answer", "one")
    assert ids() == ["one"]
    (learner / store.NAME).write_bytes(os.urandom(3000) + b"\n")
    assert ids() == ["one"]


def test_a_disk_that_cannot_be_written_is_said_and_memory_serves(tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("a file where a folder should be")
    monkeypatch.setenv("SOFTMAX_LAB_HOME", str(blocked / "folder"))
    store.remember("answer", "one")
    store.remember("answer", "two")
    assert [r["id"] for r in store.recall("answer")] == ["one", "two"]
    assert "cannot be saved" in store.notice()
    assert str(blocked) in store.notice()
    progress.export(tmp_path / "mine.json")
    progress.reset()  # which would lose them
    assert len(store.recall("answer")) == 2
    blocked.unlink()
    store.remember("answer", "three")  # now there is room: all three go there
    assert store.notice() == ""
    assert ids() == ["one", "two", "three"]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write all")
def test_a_read_only_folder_is_a_disk_that_cannot_be_written(learner):
    learner.mkdir()
    learner.chmod(0o500)
    store.remember("answer", "one")
    assert "cannot be saved" in store.notice()


def test_a_full_disk_keeps_the_answer_in_memory(learner, monkeypatch):
    store.remember("answer", "one")

    def full(_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        store.remember("answer", "two")
    assert "No space left" in store.notice()
    store.remember("answer", "three")
    assert [r["id"] for r in store.recall("answer")] == ["one", "two", "three"]
    assert ids() == ["one", "two", "three"]


def test_export_and_restore_carry_answers_to_another_machine(
    learner, tmp_path, monkeypatch, capsys
):
    store.remember("answer", "one", choice="ä")
    progress.export(tmp_path / "mine.json")
    with pytest.raises(FileExistsError, match=r"mine.json' exists; give another name"):
        progress.export(tmp_path / "mine.json")
    monkeypatch.setenv("SOFTMAX_LAB_HOME", str(tmp_path / "other"))
    store.remember("answer", "two")
    progress.restore(tmp_path / "mine.json")
    progress.restore(tmp_path / "mine.json")
    assert ids() == ["two", "one"]
    assert "1 records added to 1\n0 records added to 2" in capsys.readouterr().out


def test_restore_names_a_file_that_is_none(learner, tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no such file"):
        progress.restore(tmp_path / "nowhere.json")
    (tmp_path / "wrong.json").write_text('{"softmax_lab": [3]}')
    with pytest.raises(
        ValueError, match=r"wrong.json' is no file that progress.export"
    ):
        progress.restore(tmp_path / "wrong.json")


def test_reset_starts_again_and_keeps_the_old_answers(learner, capsys):
    store.remember("answer", "one")
    progress.reset()
    assert ids() == []
    store.remember("answer", "two")
    assert ids() == ["two"]
    (kept,) = learner.glob("progress.until-*")
    assert b'"one"' in kept.read_bytes()
    assert str(kept) in capsys.readouterr().out
    progress.reset()
    progress.reset()  # nothing there: nothing happens


def test_no_name_and_no_code_is_stored(learner):
    from softmax_lab import check, predict

    predict("add-seven").commit("a", "guess")

    def secret_name(batch):
        return "private text"

    check("softmax", secret_name)
    stored = (learner / store.NAME).read_text()
    for private in ("secret_name", "private", os.path.expanduser("~"), "return"):
        assert private not in stored
