"""The map of the package in CONTRIBUTING.md is the package, and imports go down it."""

import ast
import re

import pytest
from places import PACKAGE, ROOT

import softmax_lab

ROW = re.compile(r"^\| `softmax_lab/(\w+)(?:/|\.py)` \|[^|]+\| (.+) \|$", re.M)
ALLOWED = {
    room: re.findall(r"`(\w+)`", may)
    for room, may in ROW.findall((ROOT / "CONTRIBUTING.md").read_text("utf-8"))
}
ROOMS = list(ALLOWED)  # from the bottom up
FILES = [path for path in sorted(PACKAGE.rglob("*.py")) if path.parent != PACKAGE]
FILES += [PACKAGE / "progress.py"]


def room_of(path):
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imported(path):
    """The rooms that a file imports from, in any of its lines, and other packages."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            package, *rest = node.module.split(".")
            if package != "softmax_lab":
                yield package
            elif rest:
                yield f"softmax_lab.{rest[0]}"
            else:
                yield from (home(alias.name) for alias in node.names)


def home(name):
    """The room of a public name, or of a room that is imported whole."""
    homes = {n: module for module, names in softmax_lab.HOMES.items() for n in names}
    return f"softmax_lab.{homes.get(name, name).split('.')[0]}"


def test_every_room_is_on_the_map_and_every_row_is_a_room():
    assert set(ROOMS) == {room_of(path) for path in FILES}


def test_a_room_may_import_only_rooms_that_stand_above_it_on_the_map():
    for place, room in enumerate(ROOMS):
        assert set(ALLOWED[room]) <= set(ROOMS[:place]), room


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_what_its_row_says_and_no_more(room):
    for path in FILES:
        ours = {n.split(".")[1] for n in imported(path) if n.startswith("softmax_lab.")}
        if room_of(path) == room:
            assert ours <= {room, *ALLOWED[room]}, path


def test_the_mathematics_needs_numpy_alone():
    standard = {"math", "numbers", "operator", "typing"}
    for path in FILES:
        if room_of(path) == "core":
            others = {n for n in imported(path) if not n.startswith("softmax_lab.")}
            assert others <= {"numpy", *standard}, path


def test_no_file_imports_in_a_circle():
    inside = {}
    for path in FILES:
        tree = ast.walk(ast.parse(path.read_text("utf-8")))
        found = [n.module or "" for n in tree if isinstance(n, ast.ImportFrom)]
        name = ".".join(
            ["softmax_lab", *path.relative_to(PACKAGE).with_suffix("").parts]
        )
        inside[name] = {f for f in found if f.startswith("softmax_lab.")}
    while inside:  # take away what imports nothing that is left
        free = {name for name, needs in inside.items() if not needs & inside.keys()}
        assert free, f"a circle among {sorted(inside)}"
        inside = {name: needs for name, needs in inside.items() if name not in free}


def test_the_tests_mirror_the_rooms():
    mirrored = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir()}
    assert {room for room in ROOMS if (PACKAGE / room).is_dir()} <= mirrored
