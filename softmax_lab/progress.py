"""What a learner calls: the report on the answers, and a file of them to keep."""

import json
import os
from pathlib import Path

from softmax_lab.base import store


def report():
    """Show what was answered, what to revisit, and how honest the confidence is."""
    from softmax_lab.learn.summary import Summary  # draws: not needed to export

    return Summary(store.current().records())


def export(path="my-progress.json"):
    """Write all answers to a new file of your own, to keep or to take along."""
    path = Path(path)
    if path.exists():
        raise FileExistsError(f"path={str(path)!r} exists; give another name")
    text = json.dumps(
        {"softmax_lab": store.current().records()}, indent=1, ensure_ascii=False
    )
    path.write_text(text + "\n", encoding="utf-8")
    print(f"{len(store.current().records())} records written to {path}")


def restore(path="my-progress.json"):
    """Add the answers of an exported file to those that are here."""
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))["softmax_lab"]
        new = [store.as_record(record) for record in found]
    except FileNotFoundError:
        raise FileNotFoundError(f"path={str(path)!r}: there is no such file") from None
    except (ValueError, TypeError, KeyError):
        raise ValueError(
            f"path={str(path)!r} is no file that progress.export has written"
        ) from None
    here = store.current().records()
    new = store.unique(here + new)[len(here) :]
    store.current().add(*new)
    print(f"{len(new)} records added to {len(here)}")


def reset():
    """Start again. The answers so far are kept in a file beside the new one."""
    here = store.current()
    if here.notice.startswith(store.NOT_SAVED):
        print(f"nothing was reset. {here.notice}")
        return
    aside = here.file.with_name(f"progress.until-{store.stamp()}.jsonl")
    if here.file.exists():
        os.replace(here.file, aside)
        print(f"your answers so far are kept in {aside}")
    here.backup.unlink(missing_ok=True)
    store.STORES.clear()
