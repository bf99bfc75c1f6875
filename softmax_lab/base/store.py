"""The learner's answers on disk.

One line of JSON for each answer, in the learner's own data folder, or in the
folder that SOFTMAX_LAB_HOME names: no names, no code, nothing leaves the machine.

A line is added in one piece and pushed to the disk before the answer counts as
given; nothing is ever rewritten. So two notebooks may write at once, and a
process that is killed can lose no more than the line it was writing. The file
as it was found at the start of the session is kept as a backup.
"""

import json
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

from platformdirs import user_data_dir

NAME = "progress.jsonl"
NOT_SAVED = "Your answers cannot be saved"


def home():
    """Return the folder of the learner's answers."""
    named = os.environ.get("SOFTMAX_LAB_HOME")
    folder = Path(named or user_data_dir("softmax-lab", appauthor=False))
    return folder.expanduser().absolute()


class Store:
    """The file of answers in one folder.

    notice  what the learner should know about the file, or ""
    """

    def __init__(self, folder):
        self.file = Path(folder) / NAME
        self.backup = self.file.with_suffix(".backup.jsonl")
        self.notice = ""
        self._unsaved, self._seen, self._saved = [], None, []
        try:
            self._set_aside_if_damaged()
            self._bring_back_what_is_missing()
            if self.file.exists():
                copy = self.backup.with_suffix(f".{os.getpid()}")
                shutil.copyfile(self.file, copy)
                os.replace(copy, self.backup)
        except OSError as error:
            self._explain(error)

    def records(self):
        """Return all that was remembered, oldest first.

        The file only grows: while its size stays, it need not be read again.
        """
        size = self.file.stat().st_size if self.file.is_file() else None
        if size != self._seen:
            self._seen, self._saved = size, unique(read(self.file)[0])
        return unique(self._saved + self._unsaved) if self._unsaved else self._saved

    def add(self, *records):
        """Add records to the file; if it cannot be written, to memory."""
        self._unsaved += records
        lines = [json.dumps(record, ensure_ascii=False) for record in self._unsaved]
        # The first line break ends a partial line left by a killed process.
        data = ("\n" + "\n".join(lines) + "\n").encode()
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with self.file.open("ab", buffering=0) as file:
                if file.write(data) < len(data):
                    raise OSError("the disk is full")
                os.fsync(file.fileno())
            if self.notice.startswith(NOT_SAVED):
                self.notice = ""
            self._unsaved = []
        except OSError as error:
            self._explain(error)

    def _bring_back_what_is_missing(self):
        """Somebody may have emptied, cut or deleted the file: not its backup."""
        here = self.records()
        missing = unique(here + read(self.backup)[0])[len(here) :]
        if missing:
            self.add(*missing)
            self.notice = (
                f"{len(missing)} saved answers were missing in {self.file} and were "
                "brought back from its backup. (To start again: progress.reset().)"
            )

    def _set_aside_if_damaged(self):
        _, damaged = read(self.file)
        if not damaged:
            return
        aside = self.file.with_name(f"progress.damaged-{stamp()}.jsonl")
        try:
            os.replace(self.file, aside)
        except FileNotFoundError:  # another notebook is doing the same
            return
        self.add(*unique(read(aside)[0] + read(self.backup)[0]))
        self.notice = (
            f"{damaged} lines of your saved answers could not be read. The file was "
            f"set aside as {aside}; all others are still here."
        )

    def _explain(self, error):
        reason = error.strerror or error
        self.notice = (
            f"{NOT_SAVED} in {self.file.parent} ({reason}): they "
            "last until this kernel stops. progress.export('my-progress.json') "
            "keeps them in a file of your own."
        )


def read(file):
    """Return the records in a file and the number of its unreadable lines.

    An end without a line break is being written this moment, or was when its
    process was killed: it counts as not there.
    """
    try:
        lines = file.read_bytes().split(b"\n")[:-1]
    except OSError:  # none yet, or `Store` has said why not
        return [], 0
    records, damaged = [], 0
    for line in filter(bytes.strip, lines):
        try:
            records.append(as_record(json.loads(line)))
        except (ValueError, RecursionError):  # ValueError: no JSON, no UTF-8
            damaged += 1
    return records, damaged


def as_record(found):
    """Return `found` if it is a record. Raises ValueError if it is none."""
    named = isinstance(found, dict) and (found.get("kind"), found.get("id"))
    if not named or not all(isinstance(name, str) for name in named):
        raise ValueError(f"{found!r:.60} is no record")
    return found


def unique(records):
    """Return the records without repetitions, in order."""
    return list({json.dumps(record): record for record in records}.values())


def stamp():
    return datetime.now(UTC).strftime("%Y%m%d-%H%M%S-%f")


STORES = {}


def current():
    """Return the store in the learner's folder, one for the whole session."""
    named = os.environ.get("SOFTMAX_LAB_HOME")
    if named not in STORES:
        STORES[named] = Store(home())
    return STORES[named]


def remember(kind, id, **facts):
    """Save that something happened: kind "answer", "check" or "goal"."""
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    current().add({"at": now, "kind": kind, "id": id, **facts})


def recall(kind, id=None):
    """Return what was remembered of a kind, oldest first; of one id, if given."""
    records = [record for record in current().records() if record["kind"] == kind]
    return [record for record in records if id is None or record["id"] == id]


def notice():
    """Return what the learner should know about the file; "" if there is nothing."""
    return current().notice
