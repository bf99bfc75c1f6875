"""Run all tests with the newest versions, and say which sentences no longer hold.

    python tools/newest.py          the newest releases
    python tools/newest.py --pre    pre-releases too

Nothing is pinned: what comes out is a list of lessons to look at, in Markdown, and
the versions that differ from the pins. Exit code 1 if anything failed.
"""
# Nothing but the standard library: it runs before anything is installed.

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
import venv
import xml.etree.ElementTree as ET
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXTRAS = ["lessons", "test", "teach", "site"]
COLOUR = re.compile(r"\x1b\[[\d;]*m|#x1B\[[\d;]*m")


def unpinned(project):
    """Every requirement of the tests, without its pin; a condition stays."""
    extras = project["project"]["optional-dependencies"]
    asked = project["project"]["dependencies"] + [r for e in EXTRAS for r in extras[e]]
    return [re.sub(r"==[^ ;]+", "", requirement) for requirement in asked]


def pins(root=ROOT):
    """Return {name: versions} of all that is pinned; some depend on the Python."""
    text = (root / "requirements.txt").read_text("utf-8")
    text += (root / "pyproject.toml").read_text("utf-8")
    found = re.findall(r"""(?m)^[\s"]*([\w.-]+)==([^\s";]+)""", text)
    pinned = {}
    for name, version in found:
        pinned.setdefault(normal(name), []).append(version)
    return pinned


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def changed(pinned, installed):
    """Rows of a table: what is installed in another version than any pinned one."""
    rows = []
    for name, version in installed.items():
        versions = pinned.get(normal(name), [version])
        if version not in versions:
            rows.append(f"| {normal(name)} | {' or '.join(versions)} | {version} |")
    return sorted(rows)


def failures(report):
    """Yield (file, test, message) of what failed, from pytest's JUnit report.

    Cells that nbval could not run because an earlier one failed are no news.
    """
    for case in ET.fromstring(report).iter("testcase"):
        for result in [*case.iter("failure"), *case.iter("error")]:
            message = COLOUR.sub("", result.get("message") or result.text or "")
            if "Unrun reference cell" not in message:
                # a file that cannot be imported has no class name
                file = case.get("classname") or case.get("name")
                yield file, case.get("name"), message


def line(file, test, message, root=ROOT):
    """Say of one failure what a maintainer is to look at."""
    if file.endswith(".ipynb"):
        stem = file.split(".")[-2]  # in the report it is notebooks.01_name.ipynb
        return of_cell(root / "notebooks" / f"{stem}.ipynb", test, message)
    module, (name, _, case) = file.split(".")[-1], test.partition("[")
    case, claim = case.rstrip("]"), name.removeprefix("test_").replace("_", " ")
    if module == "test_questions" and (asked := question(case, root)):
        return of_question(*asked, claim, message)
    lesson = re.search(r"lesson_?\s?(\d\d)", f"{message} {module}")
    lesson = lesson or re.match(r"(\d\d)_", case)
    where = f"lesson {lesson[1]}, " if lesson else ""
    if said := re.search("“(.+?)”", message, re.DOTALL):
        return f"{where}`{module}`: the sentence “{said[1]}” no longer holds"
    of = f" ({case})" if case else ""
    return f"{where}`{module}`: “{claim}”{of} no longer holds"


def of_cell(path, test, message):
    """A code cell that nbval ran, counted by it, and the prose that explains it."""
    cells = json.loads(path.read_text("utf-8"))["cells"]
    code = [place for place, cell in enumerate(cells) if cell["cell_type"] == "code"]
    place = code[int(test.split()[-1])]
    prose = ["".join(c["source"]) for c in cells[place:] if c["cell_type"] != "code"]
    why = "it prints something else" if "outputs differ" in message else "it fails"
    sentence = first_sentence(prose[0]) if prose else ""
    cell = f"lesson {path.name[:2]}, cell `{cells[place]['id']}`: {why}"
    return f"{cell}; perhaps the sentence “{sentence}” no longer holds"


def first_sentence(text, holding=r"\d"):
    """The first sentence with a number in it, or the first one of all."""
    text = re.sub(r"(?m)^#.*$", "", text)
    sentences = re.split(r"(?<=[.?:])\s+", text.strip())
    return next((s for s in sentences if re.search(holding, s)), sentences[0])


def question(case, root):
    """Return (lesson, question) of the question whose id is `case`, or None."""
    lessons = root / "softmax_lab" / "lessons"
    for path in [*lessons.glob("*/questions.json"), lessons / "inventory.json"]:
        for entry in json.loads(path.read_text("utf-8")):
            if entry["id"] == case:
                within = path.parent.name.partition("_")[2]  # of lesson_07
                return within or path.stem, entry
    return None


def of_question(lesson, asked, claim, message):
    texts = [asked["question"]]
    for option in asked["options"]:
        texts += [option["text"], option["explanation"]]
    where = lesson if lesson == "inventory" else f"lesson {lesson}"
    where = f"{where}, question `{asked['id']}`"
    if differs := re.search(r"assert '(.+?)' == '(.+?)'", message):
        new, old = differs.groups()
        number = rf"(?<![\d.]){re.escape(old)}(?!\d)"
        holding = [text for text in texts if re.search(number, text)]
        sentence = first_sentence(" ".join(holding), number)
        return f"{where}: the sentence “{sentence}” no longer holds: {old} is now {new}"
    return f"{where}: “{claim}” no longer holds"


def summary(report, rows):
    """The whole answer, in Markdown."""
    found = sorted({line(*failure) for failure in failures(report)})
    tests = len(list(ET.fromstring(report).iter("testcase")))
    said = [f"## {tests} tests with the newest versions", ""]
    said += [f"- {each}" for each in found] or ["Every sentence holds."]
    if rows:
        said += ["", "| package | pinned | tested |", "|---|---|---|", *rows]
    return "\n".join(said) + "\n"


def make_environment(folder, pre):
    """Install everything without pins; return the Python that has it."""
    venv.create(folder, with_pip=True)
    python = Path(folder, "Scripts/python.exe" if os.name == "nt" else "bin/python")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    command = [python, "-m", "pip", "install", "-q", "-e", ".", *unpinned(project)]
    subprocess.run([*command, *["--pre"] * pre], cwd=ROOT, check=True)
    return python


def main(pre, python, arguments):
    with tempfile.TemporaryDirectory() as folder:
        python = python or make_environment(folder, pre)
        report = Path(folder, "report.xml")
        command = [python, "-m", "pytest", "--nbval-lax", f"--junitxml={report}"]
        command += ["-m", ""]  # the weekly ones as well
        run = subprocess.run([*command, *arguments], cwd=ROOT)
        listing = [python, "-m", "pip", "list", "--format=json"]
        packages = json.loads(subprocess.check_output(listing, cwd=ROOT))
        installed = {package["name"]: package["version"] for package in packages}
        text = report.read_text("utf-8")
    said = summary(text, changed(pins(), installed))
    print(said)
    if page := os.environ.get("GITHUB_STEP_SUMMARY"):
        with open(page, "a", encoding="utf-8") as file:
            file.write(said)
    return run.returncode


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="test with the newest versions")
    parser.add_argument("--pre", action="store_true", help="pre-releases too")
    parser.add_argument("--python", help="test what this Python has; install nothing")
    known, rest = parser.parse_known_args()
    sys.exit(main(known.pre, known.python, rest))
