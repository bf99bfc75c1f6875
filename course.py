"""Set up Softmax Lab beside this file, then open its lessons.

    python course.py            open the lessons in JupyterLab
    python course.py test       check the style and run the tests; with --quick,
                                those that wait for no kernel, browser or class
    python course.py refresh    execute the notebooks and store their outputs
    python course.py site       build a site of the lessons, to read without a kernel
    python course.py bench      measure functions, sliders, grading, and a class on a hub

The first run installs what is needed into the folder .venv; later runs start
at once. Further arguments go to what is run: python course.py --no-browser
"""
# Nothing but the standard library, and no syntax newer than Python 3.6: an old
# Python is to say which Python is needed, and not to stop at a SyntaxError.

import errno
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
MARKER, LOG = VENV / "softmax-lab.txt", VENV / "install.log"
REQUIREMENTS = ROOT / "requirements.txt"
LESSONS = ROOT / "my-lessons"

TEST = [["-m", "ruff", "check", "."], ["-m", "ruff", "format", "--check", "."]]
TEST.append(["-m", "pytest", "--nbval-lax"])  # where: pyproject.toml, testpaths
# All of them on all processors; tests/conftest.py says what stays together.
PARALLEL = ["-n", "logical", "--dist", "loadfile", "--no-loadscope-reorder"]
QUICK = ["-m", "not slow and not weekly", "--hypothesis-profile=quick"]
BENCHES = ["core", "sliders", "grading", "hub"]
VERBS = {
    "test": TEST,
    "refresh": [["tools/refresh.py"]],
    "site": [["docs/build.py"]],
    "bench": [[f"tools/bench_{name}.py"] for name in BENCHES],
}
PYTHONS = [(3, 11), (3, 12), (3, 13)]
FULL_DISK = {errno.ENOSPC, errno.EDQUOT} | ({112} if os.name == "nt" else set())
NO_NETWORK = (
    "connection broken by|error sending request|dns error|connect error|"
    "Failed to establish a new connection|timed out|ProxyError"
)
# JupyterLab asks whether it may fetch news, and looks for updates on the web.
NOTIFICATIONS = {"fetchNews": "false", "checkForUpdates": False}
NOTIFICATIONS["doNotDisturbMode"] = False
OVERRIDES = {"@jupyterlab/apputils-extension:notification": NOTIFICATIONS}

NO_SPACE = (
    f"The disk is full: about 2.5 GB are needed in {ROOT}, and for a while in "
    f"{tempfile.gettempdir()}; free some, then run this again."
)
OFFLINE = (
    "The packages could not be downloaded: connect to the internet (or set the proxy "
    "or package index of your network), then run this again."
)
UNKNOWN = f"The installation failed: {LOG} says why; mend that, then run this again."
NO_TENSORFLOW = (
    "TensorFlow could not be installed here: lessons that use it will say so, "
    "everything else works (to try again, delete the folder .venv)."
)


class CourseError(Exception):
    """One sentence that says what to do; nothing else is shown."""


def main(args):
    verb = args[0] if args else ""
    if verb in ("-h", "--help"):
        print(__doc__.strip())
        return 0
    if verb in VERBS:
        set_up(for_tests=True)
        return run_all(
            VERBS[verb], for_pytest(args[1:]) if verb == "test" else args[1:]
        )
    if verb and not verb.startswith("-"):
        verbs = ", ".join(VERBS)
        raise CourseError(f"There is no '{verb}': the verbs are {verbs}; try --help.")
    set_up()
    copy_lessons(ROOT / "notebooks", LESSONS)
    return run_all([jupyterlab()], args)


def for_pytest(args):
    """The arguments of pytest: a file that is named runs alone, on one processor."""
    quick = QUICK if "--quick" in args else []
    args = [arg for arg in args if arg != "--quick"]
    named = any(arg and (ROOT / arg.partition("::")[0]).exists() for arg in args)
    return ([] if named else PARALLEL) + quick + args


def environment():
    """Return the caller's environment less what would reach into the course.

    Other people's packages, start-up files and passwords stay outside: all that
    Python and Jupyter read from variables, and Jupyter's and IPython's files.
    """
    env = {k: v for k, v in os.environ.items() if not re.match("PYTHON|JUPYTER_", k)}
    env.update(PYTHONNOUSERSITE="1", JUPYTER_CONFIG_DIR=str(VENV / "etc" / "learner"))
    return dict(env, IPYTHONDIR=str(VENV / "etc" / "ipython"))


def run_all(steps, args):
    """Run every step, also after a failure; `args` are the last one's.

    Ctrl-C reaches the child as well, which then ends in its own way and in its
    own time: killing it here would leave kernels behind.
    """
    codes = []
    for step in [*steps[:-1], steps[-1] + args]:
        command = [str(PYTHON), *step]
        child = subprocess.Popen(command, cwd=str(ROOT), env=environment())
        try:
            codes.append(child.wait())
        except KeyboardInterrupt:
            child.wait()
            raise
    return next(filter(None, codes), 0)


def jupyterlab():
    """Serve the learner's copies; Ctrl-C then ends without a question.

    Open tabs are remembered for this course alone: JupyterLab's usual place is
    shared by all projects, and would bring up the tabs of another one. How it
    looks, its theme and fonts, is the learner's own choice.
    """
    own = os.environ.get("JUPYTER_CONFIG_DIR") or os.path.expanduser("~/.jupyter")
    looks = os.environ.get("JUPYTERLAB_SETTINGS_DIR") or own + "/lab/user-settings"
    command = ["-m", "jupyterlab", "--ServerApp.answer_yes=True"]
    command.append(f"--ServerApp.root_dir={LESSONS}")
    command.append(f"--LabApp.workspaces_dir={VENV / 'workspaces'}")
    command.append(f"--LabApp.user_settings_dir={looks}")
    command.append("--LabApp.default_url=/lab/tree/00_start_here.ipynb")
    root = hasattr(os, "geteuid") and os.geteuid() == 0  # as in most containers
    return command + ["--allow-root"] * root


def copy_lessons(source, target):
    """Copy each lesson without its outputs; an existing copy is never touched."""
    target.mkdir(exist_ok=True)
    for lesson in sorted(source.glob("*.ipynb")):
        if not (target / lesson.name).exists():
            text = without_outputs(lesson.read_text(encoding="utf-8"))
            with open(str(target / lesson.name), "x", encoding="utf-8") as copy:
                copy.write(text)


def without_outputs(text):
    """Outputs give answers away before the learner has committed to one."""
    notebook = json.loads(text)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell.update(execution_count=None, outputs=[])
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def set_up(for_tests=False):
    """Make .venv what the lessons (and the tests) need, if it is not so already.

    The marker says "unfinished" while work is going on: what an interruption
    leaves behind cannot be trusted and is made anew, from cached downloads.
    """
    marker = MARKER.read_text() if MARKER.exists() else ""
    if version_of([str(PYTHON)]) not in PYTHONS or marker == "unfinished":
        marker = ""
        make_venv()
    lessons = fingerprint(version_of([str(PYTHON)]))
    tests = lessons + " and tests"
    if marker in ([tests] if for_tests else [lessons, tests]):
        return
    for_tests |= marker.endswith(" and tests")
    print("Installing into .venv: some minutes the first time.", flush=True)
    MARKER.write_text("unfinished")
    install(["-e", ".[test,teach,site]"] if for_tests else [])
    quieten_jupyterlab(VENV)
    MARKER.write_text(tests if for_tests else lessons)


def fingerprint(version):
    """All that decides what is installed; the place too, for -e . is a path."""
    parts = [REQUIREMENTS.read_bytes(), (ROOT / "pyproject.toml").read_bytes()]
    parts.append(repr((version, str(ROOT))).encode())
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def version_of(command):
    """Return (major, minor) of a Python, or None if it does not run."""
    question = ["-c", "import sys; print(*sys.version_info[:2])"]
    try:
        answer = subprocess.check_output(
            command + question, stderr=subprocess.DEVNULL, env=environment()
        )
        return tuple(int(part) for part in answer.split())
    except (OSError, ValueError, subprocess.CalledProcessError):
        return None


def make_venv():
    check_python(sys.version_info[:2])
    if not all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")):
        package = "python{}.{}-venv".format(*sys.version_info)
        raise CourseError(
            "This Python lacks its venv module: install it (on Debian and Ubuntu: "
            f"sudo apt install {package}), then run this again."
        )
    if VENV.exists():
        shutil.rmtree(str(VENV))
    if shutil.disk_usage(str(ROOT)).free < 2.5e9:
        raise CourseError(NO_SPACE)
    VENV.mkdir()
    MARKER.write_text("unfinished")
    worked, output = logged([sys.executable, "-m", "venv", str(VENV)])
    if not worked:
        raise CourseError(cause(output))


def check_python(version):
    """Stop at a Python without TensorFlow wheels; name one that would do.

    Each is tried: version managers leave names behind that do not run.
    """
    if version in PYTHONS:
        return
    names = ["{}.{}".format(*python) for python in PYTHONS]
    advice = "install one from https://www.python.org/downloads/, then run this again"
    for name in names:
        for command in (["py", f"-{name}"], [f"python{name}"]):
            if version_of(command) in PYTHONS:
                advice = "run " + " ".join(command) + " course.py"
    this = "{}.{}".format(*version)
    wanted = " or ".join([", ".join(names[:-1]), names[-1]])
    raise CourseError(f"Softmax Lab needs Python {wanted}, this is {this}: {advice}.")


def install(extra):
    """Install the pinned set; if it cannot be had whole, all but TensorFlow."""
    tools = installers()
    failure = try_each(tools, ["-r", str(REQUIREMENTS), *extra])
    if failure == UNKNOWN:
        rest = VENV / "requirements-without-tensorflow.txt"
        rest.write_text(without_tensorflow(), encoding="utf-8")
        failure = try_each(tools, ["-r", str(rest), *extra])
    if failure:
        raise CourseError(failure)
    find = "import importlib.util, sys; sys.exit(not importlib.util.find_spec(%r))"
    if not logged([str(PYTHON), "-c", find % "tensorflow"])[0]:
        print(NO_TENSORFLOW, flush=True)


def installers():
    """uv is several times faster; pip is always there."""
    python, beside = str(PYTHON), str(PYTHON.parent)
    pip = [python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    uv = shutil.which("uv") or shutil.which("uv", path=beside)
    if not uv and logged([*pip, "--retries", "1", "uv"])[0]:
        uv = shutil.which("uv", path=beside)
    uv_install = [uv, "pip", "install", "--python", python]
    found = [(uv_install, uv_environment())] if uv else []
    return [*found, (pip, environment())]


def uv_environment():
    """uv does not read pip's settings: hand it the index that pip would use."""
    listing = [str(PYTHON), "-m", "pip", "config", "list"]
    env = environment()
    settings = subprocess.run(
        listing, stdout=subprocess.PIPE, universal_newlines=True, env=env
    ).stdout
    found = dict(re.findall(r"(?m)^(\S+)\.index-url='(.+?)'\s*$", settings))
    urls = [found[key] for key in (":env:", "install", "global") if key in found]
    return dict([("UV_DEFAULT_INDEX", url) for url in urls[:1]], **env)


def try_each(tools, what):
    """Return None as soon as a tool has done it, else why the last one has not."""
    for tool, env in tools:
        worked, output = logged(tool + what, env)
        if worked:
            return None
    return cause(output)


def logged(command, env=None):
    """Run `command`, keep all it says in the log; return (worked?, output)."""
    output = []
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    child = subprocess.Popen(command, cwd=str(ROOT), env=env or environment(), **pipes)
    with child, open(str(LOG), "ab") as log:
        for line in child.stdout:
            log.write(line)
            output.append(line.decode("utf-8", "replace"))
            if line.strip().startswith(b"Downloading"):
                print(" ", line.decode("ascii", "ignore").strip(), flush=True)
    return child.returncode == 0, "".join(output)


def without_tensorflow():
    """Return the pinned set less all that stands there for TensorFlow alone.

    Its condition, the kind of machine, is repeated by the resolver with every
    package that nothing else asks for.
    """
    lines = REQUIREMENTS.read_text(encoding="utf-8").splitlines(True)
    return "".join(line for line in lines if "platform_machine" not in line)


def cause(output):
    codes = re.findall(r"(?:Errno|os error|WinError) (\d+)", output)
    if FULL_DISK & {int(code) for code in codes}:
        return NO_SPACE
    return OFFLINE if re.search(NO_NETWORK, output, re.IGNORECASE) else UNKNOWN


def quieten_jupyterlab(prefix):
    """Let JupyterLab start without a question and without calling anybody."""
    overrides = Path(prefix) / "share/jupyter/lab/settings/overrides.json"
    overrides.parent.mkdir(parents=True, exist_ok=True)
    overrides.write_text(json.dumps(OVERRIDES, indent=2) + "\n")


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
    except CourseError as error:
        sys.exit(str(error))
    except OSError as error:
        full = {error.errno, getattr(error, "winerror", 0)} & FULL_DISK
        sys.exit(NO_SPACE if full else f"{error}: mend that, then run this again.")
