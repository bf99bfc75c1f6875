"""The stored notebooks: canonical, truthful, alive."""

import itertools
import json
import re
import subprocess
import sys
import tomllib
import xml.etree.ElementTree as ET
from functools import cache
from pathlib import Path

import ipywidgets
import nbformat
import numpy as np
import pytest
from places import NOTEBOOKS
from refresh import canonical

from softmax_lab.figures import goals, live
from softmax_lab.lessons import catalogue

PATHS = sorted(NOTEBOOKS.glob("*.ipynb"))
LEDGER = tomllib.loads((Path(__file__).parent / "ledger.toml").read_text())["shown"]
TAGS = {
    "predict",
    "experiment",
    "explain",
    "exercise",
    "quiz",
    "misconception",
    "recap",
    "live",
    "nbval-check-output",
}
each_notebook = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


def read(path):
    return nbformat.read(path, as_version=4)


def cells(path, kind):
    return [cell for cell in read(path).cells if cell.cell_type == kind]


def tags(cell):
    return set(cell.metadata.get("tags", []))


def printed(cell):
    """What a reader of the stored notebook sees under a cell, as text."""
    texts = []
    for output in cell.outputs:
        texts.append(output.get("text", ""))
        texts.append(output.get("data", {}).get("text/plain", ""))
    return "".join(texts)


def test_all_lessons_are_here():
    assert [path.name[:2] for path in PATHS] == [f"{i:02}" for i in range(12)]


@each_notebook
def test_it_is_stored_as_refresh_stores_it(path):
    notebook = read(path)
    assert nbformat.writes(canonical(notebook)) + "\n" == path.read_text("utf-8")
    nbformat.validate(notebook)
    counts = [cell.execution_count for cell in cells(path, "code")]
    assert counts == list(range(1, len(counts) + 1))


@each_notebook
def test_its_outputs_are_clean(path):
    for cell in cells(path, "code"):
        for output in cell.outputs:
            assert output.output_type != "error", cell.id
            assert output.get("name") != "stderr", cell.id
        text = json.dumps(cell.outputs)
        assert not re.search(r"/(home|root|tmp|Users|work)/|[A-Z]:\\\\\\\\", text), (
            cell.id
        )


@each_notebook
def test_its_cells_are_named_and_tagged(path):
    notebook = read(path)
    for cell in notebook.cells:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", cell.id), cell.id
        assert tags(cell) <= TAGS, cell.id
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)


@each_notebook
def test_its_code_is_plain_python_in_short_cells(path):
    for cell in cells(path, "code"):
        assert not re.search(r"^\s*[%!]|import \*", cell.source, re.M), cell.id
        lines = [line for line in cell.source.splitlines() if line.strip()]
        assert len(lines) <= 18, cell.id


@each_notebook
def test_no_more_than_two_code_cells_stand_in_a_row(path):
    kinds = "".join(cell.cell_type[0] for cell in read(path).cells)
    assert "ccc" not in kinds


@each_notebook
def test_its_prose_keeps_to_the_house_words(path):
    for cell in cells(path, "markdown"):
        words = re.search(
            r"\b(simply|just|obviously|clearly the)\b|!(?!\[)", cell.source
        )
        assert not words, (cell.id, words)


@each_notebook
def test_it_tells_no_history_of_subtracting_the_maximum(path):
    """Row S32 of the ledger: nobody could say when that came up."""
    for cell in cells(path, "markdown"):
        if re.search(r"\bmaximum\b|\bmax\b", cell.source):
            assert not re.search(r"\b(introduced|invented|early)\b", cell.source), (
                cell.id
            )


@each_notebook
def test_its_links_lead_somewhere(path):
    for cell in cells(path, "markdown"):
        for target in re.findall(r"\]\(([^)#]+)\)", cell.source):
            assert target.startswith("https://") or (NOTEBOOKS / target).exists()


@each_notebook
def test_every_number_in_its_prose_is_printed_or_set_by_a_cell(path):
    code = cells(path, "code")
    known = "\n".join(cell.source + "\n" + printed(cell) for cell in code)
    numbers = set(re.findall(r"\d+(?:\.\d+)?", known.replace("_", "")))
    numbers |= {str(round(100 * float(n))) for n in numbers if "." in n}  # per cent
    for cell in cells(path, "markdown"):
        if cell.id == "map" or "predict" in tags(cell):  # questions claim nothing
            continue
        prose = re.sub(r"\d,(?=\d{3})", lambda match: match[0][0], cell.source)
        for number in re.findall(r"\d+\.\d+|\d+(?= %)|\d{4,}", prose):
            assert number in numbers, (cell.id, number)


@each_notebook
def test_its_stored_figures_have_a_picture_and_a_sentence(path):
    for cell in cells(path, "code"):
        shows = [set(o.get("data", {})) for o in cell.outputs if "data" in o]
        assert ("live" in tags(cell)) == ("live(" in cell.source), cell.id
        if "live" in tags(cell):
            assert shows == [{"image/svg+xml", "text/plain"}, {"text/plain"}], cell.id
            picture, text = (output.data for output in cell.outputs)
            assert picture["text/plain"] == text["text/plain"], cell.id
            ET.fromstring(picture["image/svg+xml"])


@cache
def live_figures(path):
    """Every live figure of a notebook, from running its cells up to the last one.

    What comes after is left out: TensorFlow, where a lesson sets up devices of
    its own, would have to be started by nobody else in this process.
    """
    figures, names = [], {}
    make = live.Live.__init__

    def record(self, *args, **kwargs):
        make(self, *args, **kwargs)
        figures.append(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(live.Live, "__init__", record)
        code = cells(path, "code")
        last = max(
            (i for i, cell in enumerate(code) if "live" in tags(cell)), default=-1
        )
        for cell in code[: last + 1]:
            exec(compile(cell.source, f"{path.name}[{cell.id}]", "exec"), names)
    return figures


def ends(control):
    if isinstance(control, ipywidgets.ToggleButtons):
        return control.options
    return control.min, control.max


def somewhere(control, rng):
    if isinstance(control, ipywidgets.ToggleButtons):
        return control.options[rng.integers(len(control.options))]
    steps = round((control.max - control.min) / control.step)
    value = control.min + control.step * rng.integers(steps + 1)
    return type(control.value)(min(value, control.max))


# Those that run the lesson once more in this process; the two longest do so weekly.
LONGEST = {"05", "10"}
each_that_runs = pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, marks=[pytest.mark.weekly] * (path.name[:2] in LONGEST))
        for path in PATHS
    ],
    ids=lambda path: path.stem,
)


@pytest.mark.slow
@each_that_runs
def test_its_live_figures_draw_at_every_corner_and_in_between(path):
    figures = live_figures(path)
    assert len(figures) == sum("live" in tags(cell) for cell in cells(path, "code"))
    rng = np.random.default_rng(0)
    for figure in figures:
        corners = itertools.product(*(ends(c) for c in figure.controls.values()))
        places = [dict(zip(figure.controls, corner, strict=True)) for corner in corners]
        for _ in range(20 * bool(figure.controls)):
            places.append({n: somewhere(c, rng) for n, c in figure.controls.items()})
        for place in places:
            figure.set(**place)
            assert figure.error == "", place
            assert figure.sentence
            for layer in (figure._static.value, figure._moving.value):
                ET.fromstring(f"<p>{layer}</p>")


@pytest.mark.slow
@each_that_runs
def test_its_goals_are_open_at_the_start_and_judged_rightly(path):
    for figure in live_figures(path):
        if not figure.goals:
            continue
        controls, conditions = figure.controls, figure.goals.conditions
        start = dict(zip(controls, figure._start.values(), strict=True))
        places = list(itertools.product(*(every_value(c) for c in controls.values())))
        for sentence, condition in conditions.items():
            assert not goals.holds(condition, start), sentence
            reachable = any(
                goals.holds(condition, dict(zip(controls, place, strict=True)))
                for place in places
            )
            assert reachable == (sentence not in figure.goals.impossible), sentence


def every_value(control):
    if isinstance(control, ipywidgets.ToggleButtons):
        return control.options
    steps = round((control.max - control.min) / control.step)
    return [control.min + control.step * step for step in range(steps + 1)]


@each_notebook
def test_it_asks_before_it_shows(path):
    """No explanation of a question stands open in the stored page."""
    for cell in cells(path, "code"):
        for output in cell.outputs:
            page = output.get("data", {}).get("text/html", "")
            open_text = re.sub(r"<details>.*?</details>", "", page, flags=re.DOTALL)
            for name in [*catalogue.LESSONS, "inventory"]:
                for question in catalogue.questions(name):
                    for option in question["options"]:
                        assert option["explanation"][:40] not in open_text, cell.id


def test_no_question_is_asked_twice_under_one_name():
    """The second one would show its answer: "id@place" asks it again."""
    asked = [
        id
        for path in PATHS
        for cell in cells(path, "code")
        for call in re.findall(r"(?:predict|quiz)\((.*?)\)", cell.source)
        for id in re.findall(r'"(.+?)"', call)
    ]
    assert len(asked) > 20
    assert len(set(asked)) == len(asked)


def test_every_belief_is_asked_about_in_two_lessons():
    behind = {
        question["id"]: {option.get("misconception") for option in question["options"]}
        for name in [*catalogue.LESSONS, "inventory"]
        for question in catalogue.questions(name)
    }
    lessons = {belief: set() for belief in catalogue.beliefs()}
    for path in PATHS:
        source = "\n".join(cell.source for cell in cells(path, "code"))
        calls = re.findall(r"(?:predict|quiz)\((.*?)\)", source, re.DOTALL)
        asked = [id.partition("@")[0] for call in calls for id in call.split('"')[1::2]]
        if "inventory(" in source:
            asked += [question["id"] for question in catalogue.questions("inventory")]
        for id in asked:
            for belief in behind[id] - {None}:
                lessons[belief].add(path.stem)
    assert [b for b, where in lessons.items() if len(where) < 2] == []


def test_the_whole_ledger_is_shown():
    """All 68 rows but S32, a sentence that nobody is to say."""
    shown = {int(re.sub(r"\D", "", s["row"])) for s in LEDGER}
    assert shown == set(range(1, 69)) - {32}


@each_notebook
def test_its_exercises_are_untouched(path):
    for cell in cells(path, "code"):
        if "check(" in cell.source:
            assert "exercise" in tags(cell), cell.id
            assert printed(cell).startswith("○ not attempted yet"), cell.id


@pytest.mark.parametrize("shown", LEDGER, ids=lambda shown: shown["row"])
def test_the_ledger_row_is_shown(shown):
    path = NOTEBOOKS / f"{shown['notebook']}.ipynb"
    (cell,) = [cell for cell in cells(path, "code") if cell.id == shown["cell"]]
    assert "nbval-check-output" in tags(cell)
    assert shown["figures"]
    for figure in shown["figures"]:
        assert re.search(rf"(?<![\d.]){re.escape(figure)}(?!\d)", printed(cell))


ROWS = {
    "00": [],
    "01": [*range(1, 15), 63, 64],
    "02": [*range(28, 32), 33, 35, 36, 38, "65a", 68],
    "03": [*range(19, 25), 34],
    "04": [25, 26, 27, 37],
    "05": [15, 16, 17, 18, 34, 52, 61, 67],
    "06": [48, 49, 50, 51],
    "07": [*range(39, 44), 45, 46, 47, 62],
    "08": [5, 44, 53, 54, 55, 56],
    "09": [57, 58, 60, 61],
    "10": [59, 64, 65, 66],
    "11": [],
}


@each_notebook
def test_it_shows_all_its_rows_of_the_ledger(path):
    rows = {s["row"] for s in LEDGER if s["notebook"] == path.stem}
    assert rows == {f"S{number}" for number in ROWS[path.stem[:2]]}


@pytest.mark.slow
def test_the_helper_imports_neither_tensorflow_nor_scikit_learn(fresh_python):
    code = (
        "import sys, softmax_lab\n"
        "for name in softmax_lab.__all__: getattr(softmax_lab, name)\n"
        "print({'tensorflow', 'sklearn', 'keras'} & set(sys.modules))"
    )
    assert fresh_python(code) == "set()"


def test_the_numeric_core_imports_numpy_alone(fresh_python):
    code = (
        "import sys\n"
        "from softmax_lab import softmax\n"
        "print({'matplotlib', 'ipywidgets', 'scipy'} & set(sys.modules))"
    )
    assert fresh_python(code) == "set()"


@pytest.fixture
def fresh_python():
    """Run code in a Python of its own and return what it prints."""

    def run(code):
        return subprocess.check_output([sys.executable, "-c", code], text=True).strip()

    return run
