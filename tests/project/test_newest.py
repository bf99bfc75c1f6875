"""What the weekly run with the newest versions says, on reports made up here."""

import json
import tomllib
from xml.sax.saxutils import quoteattr

import newest
import pytest
from places import ROOT


def report(*cases):
    """A JUnit report as pytest writes it; a message of None is a test that passed."""
    lines = []
    for file, test, message in cases:
        told = f"<failure message={quoteattr(message)}/>" if message else ""
        names = f"classname={quoteattr(file)} name={quoteattr(test)}"
        lines.append(f"<testcase {names}>{told}</testcase>")
    return f"<testsuites><testsuite>{''.join(lines)}</testsuite></testsuites>"


def said(*case):
    (line,) = [newest.line(*failure) for failure in newest.failures(report(case))]
    return line


def test_a_sentence_that_a_test_names_is_told_with_its_lesson():
    message = "AssertionError: change “nobody warns” in lesson 06, then this test"
    line = said("tests.lessons.test_lesson_05", "test_keras_does[x]", message)
    assert line == (
        "lesson 06, `test_lesson_05`: the sentence “nobody warns” no longer holds"
    )


def test_without_a_sentence_the_name_of_the_test_is_one():
    line = said(
        "tests.lessons.test_lesson_08", "test_a_known_temperature_is_found[2]", "assert"
    )
    assert line == (
        "lesson 08, `test_lesson_08`: “a known temperature is found” (2) no longer holds"
    )
    line = said("tests.core.test_losses", "test_a_loss_is_never_negative", "assert")
    assert line == "`test_losses`: “a loss is never negative” no longer holds"
    line = said("", "tests.lessons.test_lesson_09", "collection failure")
    assert line.startswith("lesson 09, `test_lesson_09`: ")
    line = said(
        "tests.lessons.test_notebooks", "test_it_runs[03_cross_entropy]", "assert"
    )
    assert line.startswith("lesson 03, ")


def test_a_cell_is_told_with_the_sentence_that_explains_it():
    path = ROOT / "notebooks/08_calibration.ipynb"
    cells = json.loads(path.read_text("utf-8"))["cells"]
    code = [cell["id"] for cell in cells if cell["cell_type"] == "code"]
    cell = f"Cell {code.index('perfect-numbers')}"
    line = said("notebooks.08_calibration.ipynb", cell, "Cell outputs differ")
    assert line.startswith("lesson 08, cell `perfect-numbers`: it prints something")
    assert "“With 200 answers in 15 bins the error of a perfect model is" in line
    line = said("notebooks.08_calibration.ipynb", cell, "#x1B[91mexception")
    assert "it fails" in line


def test_a_cell_after_a_failing_one_is_no_news():
    message = "Cell 2: Unrun reference cell has outputs"
    case = ("notebooks.08_calibration.ipynb", "Cell 2", message)
    assert list(newest.failures(report(case))) == []


def test_a_question_is_told_with_the_sentence_that_has_the_number():
    message = "AssertionError: expression\nassert '14' == '13'"
    test = "test_what_is_recomputed_agrees[five-hundred-and-eighty]"
    line = said("tests.lessons.test_questions", test, message)
    assert line.startswith("lesson 08, question `five-hundred-and-eighty`: ")
    assert "luck would move the count by about 13 up or down" in line
    assert line.endswith("no longer holds: 13 is now 14")


def test_the_summary_counts_tests_and_lists_what_is_new():
    cases = [("tests.test_a", "test_b", None), ("tests.test_a", "test_c", "assert")]
    pinned = {"numpy": ["2.4.0", "2.5.0"], "keras": ["3.1"], "scipy": ["1.16", "1.17"]}
    installed = {"NumPy": "2.6.0", "scipy": "1.16", "pip": "25.0"}
    rows = newest.changed(pinned, installed)
    text = newest.summary(report(*cases), rows)
    assert "2 tests" in text
    assert text.count("no longer holds") == 1
    assert "| numpy | 2.4.0 or 2.5.0 | 2.6.0 |" in text
    assert not any(name in text for name in ("keras", "scipy", "pip"))
    assert "Every sentence holds." in newest.summary(report(cases[0]), [])


def test_every_requirement_loses_its_pin_and_nothing_else():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    asked = newest.unpinned(project)
    assert not any("==" in requirement.split(";")[0] for requirement in asked)
    assert any(r.startswith("tensorflow-cpu ; (sys_platform") for r in asked)
    assert {"jupyterlab", "nbgrader", "playwright", "sphinx"} <= set(asked)
    pinned = newest.pins()
    assert {"jupyterlab", "numpy", "nbgrader", "tensorflow-cpu"} <= set(pinned)


# --- the workflows --------------------------------------------------------------

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_is_one_and_asks_for_no_more_than_it_needs(path):
    import yaml

    workflow = yaml.safe_load(path.read_text("utf-8"))
    assert {"name", True, "permissions", "jobs"} <= set(workflow)  # on: is read as True
    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"] <= 120
        for step in job["steps"]:
            assert ("uses" in step) != ("run" in step)
            for part in step.get("run", "").split():
                if part.endswith(".py") or part.startswith(".ci/"):
                    assert (ROOT / part).exists()


def test_only_the_pages_job_may_publish():
    import yaml

    allowed = {}
    for path in WORKFLOWS:
        jobs = yaml.safe_load(path.read_text("utf-8"))["jobs"]
        for name, job in jobs.items():
            if "permissions" in job:
                allowed[path.stem, name] = job["permissions"]
    publish = {"pages": "write", "id-token": "write"}
    assert allowed == {("pages", "publish"): publish}
