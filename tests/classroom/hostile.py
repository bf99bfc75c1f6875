"""What a class hands in where not everybody is honest, or careful."""

import re

import nbformat
import psutil
from course_root import hand_in, read, solved

PS1 = "ps1_softmax"
NONSENSE = "def softmax(logits, axis=-1):\n    return logits\n"
SOFTMAX = ["softmax-values", "softmax-extremes", "softmax-axis"]
EVERYWHERE = """\
import pathlib

def everywhere(pattern):
    here = pathlib.Path.cwd()
    for folder in [*here.parents[:-1], pathlib.Path("/tmp")]:
        try:
            yield from folder.glob(pattern)
        except OSError:
            continue
"""
# What stands in the cell of the first answer, and the reason why it is not graded,
# or the test cells in which points are lost.
HOSTILE = {
    "robs the course": (
        EVERYWHERE
        + NONSENSE
        + """
import json, shutil, sqlite3
for path in everywhere("**/course/source/ps1_softmax/*.ipynb"):
    for cell in json.loads(path.read_text())["cells"]:
        text = "".join(cell["source"])
        if text.startswith("def softmax"):
            exec(text)
for path in everywhere("**/course/*.db"):
    try:
        with sqlite3.connect(path) as book:
            book.execute("update grade set auto_score = 12, manual_score = 12")
            book.execute("update grade_cell set max_score = 12")
    except sqlite3.Error:
        pass
for path in [*everywhere("**/course/submitted"), *everywhere("**/course/autograded")]:
    shutil.rmtree(path, ignore_errors=True)
""",
        SOFTMAX,
    ),
    "patches numpy and plants links": (
        NONSENSE
        + """
np.allclose = np.isclose = np.array_equal = lambda *args, **options: True
np.testing.assert_allclose = lambda *args, **options: None

import os, pathlib
for name in ["ps1_softmax.ipynb", "timestamp.txt"]:
    try:
        os.symlink("/etc/hostname", name)
    except OSError:
        pass
os.mkfifo("pipe.ipynb")
pathlib.Path("notes.ipynb").write_text("{}")
""",
        SOFTMAX,
    ),
    "patches the comparison": (
        NONSENSE + "close = lambda *args: True\n",
        "it disarms its tests",
    ),
    "patches builtins": (
        NONSENSE
        + """
import builtins
builtins.all = lambda *args: True
builtins.len = lambda *args: 3
class Any(type):
    def __eq__(self, other):
        return True
""",
        None,
    ),
    "drops asserts": (
        NONSENSE
        + """
import ast
class Drop(ast.NodeTransformer):
    def visit_Assert(self, node):
        return ast.Pass()
get_ipython().ast_transformers.append(Drop())
""",
        "it disarms its tests",
    ),
    "runs nothing any more": (
        NONSENSE
        + """
shell = get_ipython()
async def run_cell_async(*args, **options):
    from IPython.core.interactiveshell import ExecutionResult
    return ExecutionResult(None)
shell.run_cell_async = run_cell_async
""",
        "it disarms its tests",
    ),
    "quotes hidden tests": (
        """
def softmax(logits, axis=-1):
    raise ValueError(In[-1][-180:])
""",
        SOFTMAX,
    ),
    "steals hidden tests": (
        """
def softmax(logits, axis=-1):
    for text in list(seen):
        print(text)
    shifted = logits - logits.max(axis=axis, keepdims=True)
    weights = np.exp(shifted)
    return weights / weights.sum(axis=axis, keepdims=True)
seen = []
get_ipython().events.register("pre_run_cell", lambda info: seen.append(info.raw_cell))
""",
        [],
    ),
    "prints 60 MB in a line": ("print('x' * 60_000_000)", []),
    "loops on and on": (
        """
while True:
    try:
        while True:
            pass
    except KeyboardInterrupt:
        pass
""",
        "a cell could not be stopped",
    ),
    "leaves Python": ("import os\nos._exit(0)", "its kernel died"),
    "takes all memory": (
        "hoard = []\nwhile True:\n    hoard.append(b'x' * 50_000_000)",
        "more than 0.6 GB of memory",
    ),
    "starts 60 sleepers": (
        """
import subprocess, sys
for _ in range(60):
    subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(98765)"], start_new_session=True
    )
""",
        "more than 32 processes",
    ),
    "leaves a sleeper behind": (
        """
import subprocess, sys
subprocess.Popen(
    [sys.executable, "-c", "import time; time.sleep(98765)"], start_new_session=True
)
""",
        [],
    ),
    "prints two million lines, and to stderr": (
        """
import sys, warnings
def softmax(logits, axis=-1):
    print("logits", logits, file=sys.stderr)
    warnings.warn("careful")
    weights = np.exp(logits - logits.max(axis=axis, keepdims=True))
    np.log(np.zeros(3))
    return weights / weights.sum(axis=axis, keepdims=True)
print("starting", file=sys.stderr)
for _ in range(2_000_000):
    print("line")
""",
        [],
    ),
    "kills its grader": ("import os, signal\nos.kill(os.getppid(), 9)", None),
    "answers with its own numbers": (
        """
class Yes(float):
    def __sub__(self, other):
        return 0.0
    def __rsub__(self, other):
        return 0.0
    def __eq__(self, other):
        return True
def softmax(logits, axis=-1):
    return [Yes(0.5)] * 3
""",
        SOFTMAX,
    ),
}
NAP = 98765
LIMITS = ["--timeout", "20", "--memory", "0.6"]
SLEEPER = 12 * [nbformat.v4.new_code_cell("import time; time.sleep(2)")]


def slug(words):
    return re.sub(r"\W+", "-", words)


def hand_in_hostile(root, names, nap=NAP):
    """Hand in what is named, each as the first answer of somebody who is right.

    nap  seconds that tell those whom these have left asleep from all others
    """
    (softmax,) = (c.source for c in solved(PS1).cells if c.id == "softmax")
    for name in names:
        code, expected = HOSTILE[name]
        code = code.replace(f"sleep({NAP})", f"sleep({nap})")
        if expected == [] and "def softmax" not in code:
            code = f"{softmax}\n\n{code}"
        hand_in(root, slug(name), PS1, solved(PS1, {"softmax": code}))


def hand_in_damaged(root):
    """Return {student: reason} of what nobody can grade; the careless is all right."""
    notebook = solved(PS1)
    test = next(cell for cell in notebook.cells if cell.id == "softmax-values")
    notebook.cells = [c for c in notebook.cells if not c.id.startswith("softmax-")]
    notebook.cells += [nbformat.from_dict(dict(test, id=f"again-{k}")) for k in (1, 2)]
    hand_in(root, "careless", PS1, notebook, "my homework.ipynb")
    notebook = solved(PS1)
    notebook.cells[1:1] = SLEEPER
    hand_in(root, "a-sleeper", PS1, notebook)
    for name in ["-1+1", "glob[x]"]:
        hand_in(root, name, PS1, solved(PS1))
    hand_in(root, "no-json", PS1, "Dear teacher, the dog")
    hand_in(root, "wrong-notebook", PS1, read("release", "ps2_trust"))
    (root / "submitted" / "nothing" / PS1).mkdir(parents=True)
    return {
        "no-json": "is no notebook",
        "wrong-notebook": "it is another one",
        "-1+1": "rename the folder",
        "glob[x]": "rename the folder",
        "a-sleeper": "more than 20 seconds",
        "nothing": "no notebook was handed in",
    }


def check_hostile(names, rows, found, worth):
    """Nobody got a point that was not earned; the reasons are the right ones."""
    full = sum(worth.values())
    for name in names:
        expected, row = HOSTILE[name][1], rows[slug(name)]
        if isinstance(expected, list):
            missed = {n for n, (got, _) in found[slug(name)].items() if got == 0}
            assert missed == set(expected), name
            assert float(row["auto"]) == full - sum(worth[n] for n in expected), name
        elif isinstance(expected, str):
            assert expected in row["reason"], name
            assert row["score"] == "", name
        else:
            assert row["reason"] or float(row["auto"]) <= full - 6, row


def sleepers(nap=NAP):
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if any(f"sleep({nap})" in part for part in process.info["cmdline"] or []):
            found.append(process)
    return found
