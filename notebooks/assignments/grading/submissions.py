"""What a student handed in, made whole before nbgrader sees it.

One damaged submission makes nbgrader stop, or skip the student, with a message
that does not say why. Here it is mended if it can be, or refused in a sentence.
"""

import copy
import hashlib
import json
import re
from dataclasses import dataclass, field

import nbformat
from nbgrader import utils

RAW_LIMIT = 100e6  # bytes of one file; most of it is output, which is cleared
SOURCE_LIMIT = 5e6  # bytes of a notebook without outputs
NOTEBOOK = re.compile(r"\.ipynb(\.txt|\.json)?$", re.I)  # as some systems save one
EXTRA_LIMIT = 20e6  # bytes of all other files together


class UngradedError(Exception):
    """A submission that only a human can grade; the message says why."""


@dataclass
class Submission:
    """files: {relative path: bytes}; remarks: what was mended, in sentences."""

    files: dict
    remarks: list = field(default_factory=list)


def read(folder, name, released):
    """Return the Submission in `folder`, its notebook made whole.

    name      of the notebook, without .ipynb
    released  the notebook as students got it
    Raises UngradedError if there is no notebook that could be graded.
    """
    remarks = []
    path = choose(folder, name, released, remarks)
    data = nbformat.writes(whole(path, released, remarks)).encode()
    return Submission(other_files(folder, remarks) | {f"{name}.ipynb": data}, remarks)


def whole(path, released, remarks):
    """Return the notebook in a file as it can be graded."""
    notebook = mended(parsed(path), released, remarks)
    try:
        size = len(nbformat.writes(notebook).encode())
    except UnicodeEncodeError:
        raise UngradedError(f"{path.name} holds half a character") from None
    if size > SOURCE_LIMIT:
        raise UngradedError(
            f"{path.name} has {size / 1e6:.0f} MB without its outputs; "
            f"at most {SOURCE_LIMIT / 1e6:.0f} MB can be graded"
        )
    return notebook


def other_files(folder, remarks):
    """Return what lies beside the notebooks; links might lead anywhere."""
    files, size = {}, 0
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        hidden = any(part.startswith((".", "__")) for part in inside.parts)
        linked = any(p.is_symlink() for p in [path, *path.parents][: len(inside.parts)])
        if path.is_file() and not (hidden or linked or NOTEBOOK.search(path.name)):
            size += path.stat().st_size
            if size > EXTRA_LIMIT:
                raise UngradedError(
                    f"the files beside the notebook have more than "
                    f"{EXTRA_LIMIT / 1e6:.0f} MB"
                )
            files[inside.as_posix()] = path.read_bytes()
    try:
        utils.parse_utc(files.get("timestamp.txt", b"").decode().strip() or None)
    except ValueError:
        remarks.append("timestamp.txt holds no time and was left out")
        del files["timestamp.txt"]
    return files


def choose(folder, name, released, remarks):
    """Return the file that is meant by `name`.

    Browsers add " (1)" to a name that is taken, JupyterLab "-Copy1", an LMS "-1".
    The exact name goes before copies, and of copies the one with the last number;
    but one in which nobody answered anything gives way to one with answers.
    """
    found = [
        path
        for path in sorted(folder.glob("*")) or []
        if NOTEBOOK.search(path.name) and is_plain(path)
    ] or [path for path in sorted(folder.glob("*/*.ipynb")) if is_plain(path)]
    again = re.compile(re.escape(name) + r"([-_ ]*(\(\d+\)|Copy\d*|copy|\d+))*", re.I)
    copies = [path for path in found if again.fullmatch(stem(path))]
    copies.sort(key=lambda path: (stem(path) == name, numbers(path)))
    if not found:
        raise UngradedError(f"no notebook was handed in, {name}.ipynb is expected")
    if not copies and len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise UngradedError(f"which of {names} is meant? {name}.ipynb is expected")
    first = chosen = (copies or found)[-1]
    if len(copies) > 1 and answered(first, released) is False:
        chosen = ([p for p in copies if answered(p, released)] or [first])[-1]
    if chosen != first:
        remarks.append(f"{first.name} is untouched: {chosen.name} was graded")
    elif chosen.name != f"{name}.ipynb":
        remarks.append(f"{chosen.name} was graded as {name}.ipynb")
    ignored = [path.name for path in copies if path not in (first, chosen)]
    if ignored:
        remarks.append(f"{', '.join(ignored)} was not looked at")
    return chosen


def answered(path, released):
    """Does any answer in a file differ from the release? None: it is damaged."""
    try:
        return answers(whole(path, released, [])) != answers(released)
    except Exception:  # a damaged copy harms nobody who handed in another one
        return None


def answers(notebook):
    """Return {cell: its lines}, without white space where they end."""
    return {
        grade_id(cell): [line.rstrip() for line in cell.source.rstrip().splitlines()]
        for cell in filter(utils.is_solution, notebook.cells)
    }


def is_plain(path):
    hidden = path.name.startswith(".") or path.parent.name.startswith((".", "__"))
    return path.is_file() and not path.is_symlink() and not hidden


def stem(path):
    return NOTEBOOK.sub("", path.name)


def numbers(path):
    return [int(n) for n in re.findall(r"\d+", stem(path))]


def parsed(path):
    """Return the notebook in a file, without outputs."""
    size = path.stat().st_size
    if size > RAW_LIMIT:
        raise UngradedError(f"{path.name} has {size / 1e6:.0f} MB")
    try:
        text = path.read_bytes().decode("utf-8-sig")
        as_json = json.loads(text)
        if "worksheets" in as_json:  # format 3
            as_json = nbformat.convert(nbformat.from_dict(as_json), 4)
        as_json["nbformat_minor"] = max(as_json["nbformat_minor"], 5)
        for cell in as_json["cells"]:
            if "outputs" in cell:
                cell.update(outputs=[], execution_count=None)
        with_unique_ids(as_json["cells"])
        notebook = nbformat.reads(json.dumps(as_json), as_version=4)
        nbformat.validate(notebook)
    except UnicodeDecodeError:
        raise UngradedError(f"{path.name} is not text: no notebook") from None
    except (ValueError, RecursionError) as error:
        reason = "it is empty" if not text.strip() else str(error)[:80]
        if text.lstrip().startswith("<"):
            reason = "it is a web page"
        if re.search(r"^(<<<<<<<|>>>>>>>) ", text, re.M):
            reason = "it has the marks of a merge that was not finished"
        raise UngradedError(f"{path.name} is no notebook: {reason}") from None
    except KeyError as error:
        raise UngradedError(f"{path.name} is no notebook: it has no {error}") from None
    except Exception as error:  # whatever else nbformat meets in a stranger's file
        reason = str(error).splitlines()[0][:80] if str(error) else type(error).__name__
        raise UngradedError(f"{path.name} is damaged: {reason}") from None
    return notebook


def mended(notebook, released, remarks):
    """Return the notebook with each cell of the assignment in it exactly once.

    nbgrader's marks in a cell are the release's, whatever the student's say. Of
    several copies the last counts, as in nbgrader. A missing cell is put back.
    """
    wanted = {grade_id(cell): cell for cell in released.cells if grade_id(cell)}
    kept, seen = [], set()
    for cell in reversed(notebook.cells):
        name = grade_id(cell)
        cell.metadata.pop("nbgrader", None)
        if name in wanted and name in seen:
            remarks.append(f"of several copies of the cell {name} the last counts")
            if wanted[name].metadata.nbgrader.locked:
                continue
        elif name in wanted:
            seen.add(name)
            cell = as_released(cell, wanted[name])
        kept.insert(0, cell)
    if len(seen) < len(wanted) / 2:
        raise UngradedError(
            f"{len(seen)} of the assignment's {len(wanted)} cells are in this notebook: "
            "it is another one"
        )
    put_back(kept, wanted, remarks)
    notebook.cells = with_unique_ids(kept)
    return notebook


def grade_id(cell):
    marks = cell.metadata.get("nbgrader")
    name = marks.get("grade_id") if isinstance(marks, dict) else None
    return name if isinstance(name, str) else None


def as_released(cell, released):
    """Return the released cell with the student's text in it."""
    fresh = copy.deepcopy(released)
    fresh.source = cell.source
    fresh.id = cell.id
    return fresh


def put_back(cells, wanted, remarks):
    """Insert what is missing after the cell that it followed in the release."""
    place = 0
    for name in wanted:
        here = [k for k, cell in enumerate(cells) if grade_id(cell) == name]
        if not here:
            remarks.append(f"the cell {name} was missing and was put back")
            cells.insert(place, copy.deepcopy(wanted[name]))
        place = (here or [place])[0] + 1


def with_unique_ids(cells):
    """Give each cell an id; the same notebook gets the same ones again."""
    seen = set()
    for place, cell in enumerate(cells):
        if cell.get("id") in seen or "id" not in cell:
            text = f"{place} {cell['source']}".encode(errors="replace")
            cell["id"] = hashlib.sha256(text).hexdigest()[:16]
        seen.add(cell["id"])
    return cells
