"""What a student handed in, made whole before nbgrader sees it.

One damaged submission makes nbgrader stop, or skip the student, with a message
that does not say why. Here it is mended if it can be, or refused in a sentence.
"""

import copy
import json
import re
from dataclasses import dataclass, field

import nbformat

RAW_LIMIT = 100e6  # bytes of one file; most of it is output, which is cleared
SOURCE_LIMIT = 5e6  # bytes of a notebook without outputs
EXTRA_LIMIT = 20e6  # bytes of all other files together


class UngradedError(Exception):
    """A submission that only a human can grade; the message says why."""


@dataclass
class Submission:
    """files: {relative path: bytes}; remarks: what was mended, in sentences."""

    files: dict
    remarks: list = field(default_factory=list)


def read(folder, release):
    """Return the Submission in `folder`, its notebooks made whole.

    release  {notebook name: the notebook as students got it}
    Raises UngradedError if there is no notebook that could be graded.
    """
    submission = Submission(other_files(folder))
    for name, released in release.items():
        path = choose(folder, name, len(release) == 1, submission.remarks)
        if path is None:
            continue
        notebook = mended(parsed(path), released, submission.remarks)
        data = nbformat.writes(notebook).encode()
        if len(data) > SOURCE_LIMIT:
            raise UngradedError(
                f"{path.name} has {len(data) / 1e6:.0f} MB without its outputs; "
                f"at most {SOURCE_LIMIT / 1e6:.0f} MB can be graded"
            )
        submission.files[f"{name}.ipynb"] = data
    if not any(f"{name}.ipynb" in submission.files for name in release):
        wanted = " or ".join(f"{name}.ipynb" for name in release)
        raise UngradedError(f"no notebook was handed in, {wanted} is expected")
    return submission


def other_files(folder):
    """Return what lies beside the notebooks; links might lead anywhere."""
    files, size = {}, 0
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        hidden = any(part.startswith(".") for part in inside.parts)
        linked = any(p.is_symlink() for p in [path, *path.parents][: len(inside.parts)])
        if path.is_file() and not (hidden or linked or path.suffix == ".ipynb"):
            size += path.stat().st_size
            if size > EXTRA_LIMIT:
                raise UngradedError(
                    f"the files beside the notebook have more than "
                    f"{EXTRA_LIMIT / 1e6:.0f} MB"
                )
            files[inside.as_posix()] = path.read_bytes()
    return files


def choose(folder, name, only, remarks):
    """Return the file that is meant by `name`, or None.

    Browsers add " (1)" to a name that is taken, JupyterLab "-Copy1", an LMS "-1".
    """
    found = [path for path in sorted(folder.glob("*.ipynb")) if not path.is_symlink()]
    again = re.compile(re.escape(name) + r"([-_ ]*(\(\d+\)|Copy\d*|copy|\d+))*", re.I)
    copies = [path for path in found if again.fullmatch(path.stem)]
    exact = [path for path in copies if path.stem == name]
    chosen = (exact or copies[-1:] or (found if only and len(found) == 1 else []))[:1]
    if not chosen:
        if only and found:
            names = ", ".join(path.name for path in found)
            raise UngradedError(f"which of {names} is meant? {name}.ipynb is expected")
        return None
    if chosen[0].stem != name:
        remarks.append(f"{chosen[0].name} was graded as {name}.ipynb")
    ignored = [path.name for path in copies if path not in chosen]
    if ignored:
        remarks.append(f"{', '.join(ignored)} was not looked at")
    return chosen[0]


def parsed(path):
    """Return the notebook in a file, without outputs."""
    size = path.stat().st_size
    if size > RAW_LIMIT:
        raise UngradedError(f"{path.name} has {size / 1e6:.0f} MB")
    try:
        text = path.read_bytes().decode("utf-8-sig")
        as_json = json.loads(text)
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
    return marks.get("grade_id") if isinstance(marks, dict) else None


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
    seen = set()
    for cell in cells:
        if cell.get("id") in seen or "id" not in cell:
            cell["id"] = nbformat.v4.new_code_cell().id
        seen.add(cell["id"])
    return cells
