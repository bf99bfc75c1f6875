"""The launcher: what it installs, copies and starts, and what it says if not."""

import ast
import errno
import importlib.util
import json
import math
import os
import re
import shutil
import socket
import subprocess
import sys
import tomllib
import urllib.request
import venv
from pathlib import Path

import nbformat
import pytest
from browser import wait_for
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from places import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture
def course(tmp_path):
    """course.py in a repository of its own, in a folder with an awkward name."""
    home = tmp_path / "mes leçons ζ"
    (home / "notebooks").mkdir(parents=True)
    for name in ("course.py", "pyproject.toml", "requirements.txt"):
        shutil.copy(ROOT / name, home)
    return load_course(home)


def load_course(home):
    spec = importlib.util.spec_from_file_location("course_copy", home / "course.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def installs(course, monkeypatch):
    """A set-up that installs nothing; gives the list of what it would install."""
    calls = []
    monkeypatch.setattr(course, "make_venv", lambda: venv.create(course.VENV))
    monkeypatch.setattr(course, "install", calls.append)
    return calls


def run_copy(course, *args, **env):
    """Run the copy as a learner would, from some other folder."""
    command = [sys.executable, str(course.ROOT / "course.py"), *args]
    return subprocess.run(
        command,
        cwd=course.ROOT.parent,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
    )


def assert_one_sentence(run, *words):
    assert run.returncode == 1
    assert run.stderr.strip().count("\n") == 0, run.stderr
    assert "Traceback" not in run.stderr
    for word in words:
        assert word in run.stderr


def notebook(output):
    result = {"output_type": "stream", "name": "stdout", "text": [output]}
    code = {"cell_type": "code", "execution_count": 3, "outputs": [result]}
    code |= {"id": "b", "metadata": {"tags": ["live"]}, "source": ["print('ζ')"]}
    prose = {"cell_type": "markdown", "id": "a", "metadata": {}, "source": ["# é"]}
    info = {"kernelspec": {"name": "python3"}, "x": 1}
    return {"cells": [prose, code], "metadata": info, "nbformat": 4}


def read(path):
    return json.loads(path.read_text(encoding="utf-8"))


# --- the Python it runs on ----------------------------------------------------


@pytest.mark.parametrize("minor", [6, 7, 10])
def test_an_old_python_can_read_it(minor):
    if sys.version_info >= (3, 13):
        minor = max(minor, 7)  # the oldest grammar that this Python still knows
    source = (ROOT / "course.py").read_text(encoding="utf-8")
    ast.parse(source, feature_version=(3, minor))


def test_it_accepts_the_pythons_that_the_package_accepts(course):
    wanted = SpecifierSet(PROJECT["project"]["requires-python"])
    pythons = [(3, minor) for minor in range(30)]
    assert [p for p in pythons if "{}.{}".format(*p) in wanted] == course.PYTHONS


@pytest.mark.parametrize("version", [(3, 6), (3, 10), (3, 14)])
def test_a_wrong_python_is_told_which_one_to_take(course, monkeypatch, version):
    monkeypatch.setattr(course.sys, "version_info", (*version, 0, "final", 0))
    monkeypatch.setattr(
        course, "version_of", lambda command: (3, 12) if "3.12" in command[-1] else None
    )
    with pytest.raises(course.CourseError) as stop:
        course.set_up()
    assert "this is {}.{}".format(*version) in str(stop.value)
    assert "run python3.12 course.py" in str(stop.value)


def test_without_a_suitable_python_it_says_where_to_get_one(course, monkeypatch):
    monkeypatch.setattr(course, "version_of", lambda command: None)
    with pytest.raises(course.CourseError, match=r"www\.python\.org"):
        course.check_python((3, 14))


def test_a_python_that_does_not_run_is_not_recommended(course, tmp_path):
    assert course.version_of([sys.executable]) == sys.version_info[:2]
    assert course.version_of([str(tmp_path / "python3.12")]) is None
    assert course.version_of([sys.executable, "-c", "raise SystemExit(127)"]) is None


def test_a_missing_venv_module_is_named(course, monkeypatch):
    monkeypatch.setattr(course.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(course.CourseError, match=r"apt install python3\.\d+-venv"):
        course.set_up()


# --- the learner's copies -----------------------------------------------------


def test_a_copy_loses_its_outputs_and_nothing_else(course, tmp_path):
    original = notebook("0.66\n")
    (tmp_path / "01_a.ipynb").write_text(json.dumps(original), encoding="utf-8")
    course.copy_lessons(tmp_path, tmp_path / "copies")
    original["cells"][1] |= {"outputs": [], "execution_count": None}
    assert read(tmp_path / "copies/01_a.ipynb") == original


def test_an_existing_lesson_is_never_overwritten(course, tmp_path):
    for name in ("01_a.ipynb", "02_b.ipynb"):
        (tmp_path / name).write_text(json.dumps(notebook("1")), encoding="utf-8")
    (tmp_path / "copies").mkdir()
    (tmp_path / "copies/01_a.ipynb").write_bytes(b"my work\r\n")
    course.copy_lessons(tmp_path, tmp_path / "copies")
    assert (tmp_path / "copies/01_a.ipynb").read_bytes() == b"my work\r\n"
    assert (tmp_path / "copies/02_b.ipynb").exists()


# --- the set-up ---------------------------------------------------------------


def test_a_second_run_installs_nothing(course, installs):
    course.set_up()
    course.set_up()
    assert installs == [[]]


def test_the_set_for_tests_is_also_good_for_lessons(course, installs):
    course.set_up()
    course.set_up(for_tests=True)
    course.set_up()
    course.set_up(for_tests=True)
    assert installs == [[], ["-e", ".[test,teach,site]"]]


@pytest.mark.parametrize("name", ["requirements.txt", "pyproject.toml"])
def test_a_changed_requirement_is_installed_and_the_tests_set_kept(
    course, installs, name
):
    course.set_up(for_tests=True)
    with (course.ROOT / name).open("a") as file:
        file.write("\n# changed\n")
    course.set_up()
    assert installs == [["-e", ".[test,teach,site]"]] * 2


def test_a_moved_repository_is_installed_again(course, tmp_path):
    """The package is installed as a path; elsewhere it would not be found."""
    moved = tmp_path / "moved"
    shutil.copytree(course.ROOT, moved)
    assert course.fingerprint((3, 12)) != load_course(moved).fingerprint((3, 12))


def test_an_interrupted_installation_is_made_anew(course, installs, monkeypatch):
    def interrupted(extra):
        raise KeyboardInterrupt

    made = []
    monkeypatch.setattr(
        course, "make_venv", lambda: made.append(venv.create(course.VENV))
    )
    with monkeypatch.context() as patch:
        patch.setattr(course, "install", interrupted)
        with pytest.raises(KeyboardInterrupt):
            course.set_up()
    course.set_up()
    assert (len(made), len(installs)) == (2, 1)
    course.set_up()
    assert (len(made), len(installs)) == (2, 1)


def test_a_broken_environment_is_made_anew(course, installs):
    course.set_up()
    course.PYTHON.unlink()
    course.set_up()
    assert len(installs) == 2


def test_jupyterlab_neither_asks_nor_calls(course, installs):
    course.set_up()
    path = course.VENV / "share/jupyter/lab/settings/overrides.json"
    (plugin, settings), *others = read(path).items()
    assert not others
    extension, name = plugin.split(":")
    schemas = Path(sys.prefix) / "share/jupyter/lab/schemas"
    schema = read(schemas / extension / f"{name}.json")["properties"]
    assert settings["fetchNews"] == "false"
    assert settings["checkForUpdates"] is False
    assert settings.keys() <= schema.keys()
    assert "false" in [choice["const"] for choice in schema["fetchNews"]["oneOf"]]


# --- the installation ---------------------------------------------------------


def outcomes(course, monkeypatch, answer):
    """Let `answer(command)` decide each installation; return the commands."""
    commands = []

    def logged(command, env=None):
        commands.append(command)
        return answer(command)

    course.VENV.mkdir(exist_ok=True)
    monkeypatch.setattr(course, "logged", logged)
    monkeypatch.setattr(course, "uv_environment", dict)
    monkeypatch.setattr(course.shutil, "which", lambda name, path=None: "uv")
    return commands


def requirement_file(command):
    return command[command.index("-r") + 1] if "-r" in command else ""


def test_when_uv_fails_pip_has_a_try(course, monkeypatch):
    commands = outcomes(
        course, monkeypatch, lambda command: (command[0] != "uv", "error: no")
    )
    course.install([])
    tools = [command[0] for command in commands if "install" in command]
    assert tools == ["uv", str(course.PYTHON)]


def test_without_tensorflow_wheels_all_else_is_installed(course, monkeypatch, capsys):
    def answer(command):
        text = "".join(command)
        tensorflow = Path(requirement_file(command)).name == "requirements.txt"
        return not tensorflow and "find_spec" not in text, "ERROR: tensorflow-cpu"

    commands = outcomes(course, monkeypatch, answer)
    course.install([])
    last = [requirement_file(command) for command in commands if "-r" in command][-1]
    rest = Path(last).read_text(encoding="utf-8")
    assert "TensorFlow" in capsys.readouterr().out
    assert "numpy==" in rest
    assert "-e ." in rest
    assert not re.search("tensorflow|keras|h5py|grpcio|optree", rest)


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        (f"OSError: [Errno {errno.ENOSPC}] No space left on device", "disk is full"),
        (f"failed to copy: (os error {errno.ENOSPC})", "disk is full"),
        ("after connection broken by 'NameResolutionError'", "internet"),
        ("error: Request failed\n  Caused by: dns error", "internet"),
        ("ERROR: something new", "install.log"),
    ],
)
def test_every_failure_has_its_sentence(course, monkeypatch, output, sentence):
    outcomes(course, monkeypatch, lambda command: (False, output))
    with pytest.raises(course.CourseError, match=sentence) as stop:
        course.install([])
    assert "\n" not in str(stop.value)


def test_a_full_disk_is_noticed_before_anything_is_fetched(course, monkeypatch):
    usage = type("usage", (), {"free": 1e9})
    monkeypatch.setattr(course.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(course.CourseError, match="disk is full"):
        course.set_up()
    assert not course.VENV.exists()


@pytest.mark.slow
def test_without_network_one_sentence_says_so(course):
    """For real: a new environment, and an index where nobody answers."""
    nobody = "http://127.0.0.1:9/simple"
    settings = {"PIP_RETRIES": "1", "PIP_NO_CACHE_DIR": "1", "UV_HTTP_RETRIES": "0"}
    settings |= {"PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": ""}
    settings |= {"UV_NO_CACHE": "1", "PIP_INDEX_URL": nobody}
    run = run_copy(course, "--no-browser", **settings)
    assert_one_sentence(run, "connect to the internet")
    assert "connection broken" in course.LOG.read_text(
        encoding="utf-8", errors="replace"
    )
    assert course.MARKER.read_text() == "unfinished"


@pytest.mark.slow
def test_uv_takes_the_index_that_pip_would_take(course, monkeypatch):
    monkeypatch.setattr(course, "PYTHON", Path(sys.executable))
    monkeypatch.delenv("UV_DEFAULT_INDEX", raising=False)
    monkeypatch.setenv("PIP_INDEX_URL", "https://mirror.example/simple")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "https://more.example/simple")
    env = course.uv_environment()
    assert env["UV_DEFAULT_INDEX"] == "https://mirror.example/simple"
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://own.example/simple")
    assert course.uv_environment()["UV_DEFAULT_INDEX"] == "https://own.example/simple"


# --- the verbs ----------------------------------------------------------------


def test_an_unknown_verb_is_answered_with_the_known_ones(course):
    assert_one_sentence(run_copy(course, "tset"), "tset", *course.VERBS)


def test_help_names_every_verb(course):
    run = run_copy(course, "--help")
    assert run.returncode == 0
    for verb in course.VERBS:
        assert f"python course.py {verb} " in run.stdout


def test_a_missing_file_is_one_sentence(course):
    (course.ROOT / "requirements.txt").unlink()
    venv.create(course.VENV)
    assert_one_sentence(run_copy(course), "requirements.txt")


def ready(course):
    """Make the copy's set-up complete; return where it finds its packages."""
    venv.create(course.VENV)
    done = course.fingerprint(sys.version_info[:2]) + " and tests"
    course.MARKER.write_text(done)
    (course.ROOT / "tools").mkdir()
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    return Path(subprocess.check_output([course.PYTHON, "-c", where], text=True)[:-1])


BENCHES = ["core", "sliders", "grading", "hub"]


@pytest.mark.parametrize(
    ("verb", "scripts"),
    [
        ("refresh", ["tools/refresh.py"]),
        ("site", ["docs/build.py"]),
        ("bench", [f"tools/bench_{name}.py" for name in BENCHES]),
    ],
)
def test_a_verb_hands_on_its_arguments_and_its_exit_code(course, verb, scripts):
    ready(course)
    (course.ROOT / "docs").mkdir()
    *first, script = scripts
    for name in first:
        (course.ROOT / name).touch()
    (course.ROOT / script).write_text(
        "import os, sys; print(os.getcwd(), *sys.argv[1:]); sys.exit(7)"
    )
    run = run_copy(course, verb, "--fast", "two words", PYTHONUTF8="1")
    assert run.returncode == 7
    assert run.stdout.strip() == f"{course.ROOT} --fast two words"


@pytest.mark.parametrize("failing", ["ruff", "pytest"])
def test_one_failing_step_fails_the_tests_but_stops_none(course, failing):
    packages = ready(course)
    for tool in ("ruff", "pytest"):
        (packages / f"{tool}.py").write_text(
            f"import sys; print('{tool}', *sys.argv[1:])\n"
            f"sys.exit(5 * ('{tool}' == '{failing}'))"
        )
    run = run_copy(course, "test", "-k", "softmax")
    assert run.returncode == 5
    everywhere = " ".join(course.PARALLEL)
    assert run.stdout.splitlines() == [
        "ruff check .",
        "ruff format --check .",
        f"pytest --nbval-lax {everywhere} -k softmax",
    ]


def test_what_is_named_runs_alone_and_what_is_slow_can_be_left_out(course):
    assert course.for_pytest(["--quick"]) == [*course.PARALLEL, *course.QUICK]
    everything = ["-m", ""]  # no marker is left out, and no file is named
    assert course.for_pytest(everything) == [*course.PARALLEL, *everything]
    (course.ROOT / "tests").mkdir()
    (course.ROOT / "tests/test_a.py").touch()
    for named in (["tests/test_a.py"], ["tests/test_a.py::test_b[1]", "-x"]):
        assert course.for_pytest(named) == named


def test_without_a_verb_the_copies_are_served(course):
    packages = ready(course)
    lesson = course.ROOT / "notebooks/00_start_here.ipynb"
    lesson.write_text(json.dumps(notebook("2")), encoding="utf-8")
    (packages / "jupyterlab.py").write_text(
        "import sys; sys.stdout.reconfigure(encoding='utf-8')\n"
        "print(*sys.argv[1:], sep='\\n'); sys.exit(3)"
    )
    run = run_copy(course, "--no-browser", "--port", "9999")
    assert run.returncode == 3
    arguments = run.stdout.splitlines()
    assert f"--ServerApp.root_dir={course.LESSONS}" in arguments
    assert f"--LabApp.default_url=/lab/tree/{lesson.name}" in arguments
    assert arguments[-3:] == ["--no-browser", "--port", "9999"]
    assert (course.LESSONS / lesson.name).exists()


# --- other people's settings --------------------------------------------------

ANOTHER = "raise SystemExit('another {}')"
OF_JUPYTER = """
c.ServerApp.base_url = "/elsewhere/"
c.ServerApp.root_dir = "/"
c.PasswordIdentityProvider.hashed_password = "argon2:no"
c.IdentityProvider.token = "another"
"""


@pytest.fixture
def somebody(tmp_path):
    """The variables and files of somebody who uses Python for other things too."""
    home, path = tmp_path / "home", tmp_path / "path"
    for name in ("numpy", "jupyterlab", "sitecustomize", "usercustomize"):
        (path / name).mkdir(parents=True)
        (path / name / "__init__.py").write_text(ANOTHER.format(name))
    (path / "start.py").write_text(ANOTHER.format("start-up file"))
    for place in (".jupyter", ".ipython/profile_default/startup"):
        (home / place).mkdir(parents=True)
    (home / ".jupyter/jupyter_server_config.py").write_text(OF_JUPYTER)
    startup = home / ".ipython/profile_default/startup/first.py"
    startup.write_text("import os\nos._exit(7)")
    user = subprocess.check_output(
        [sys.executable, "-c", "import site; print(site.getusersitepackages())"],
        env={**os.environ, "PYTHONUSERBASE": str(home)},
        text=True,
    ).strip()
    Path(user).mkdir(parents=True)
    shutil.copytree(path / "numpy", Path(user, "numpy"))
    env = {"HOME": str(home), "USERPROFILE": str(home), "PYTHONUSERBASE": str(home)}
    env |= {"PYTHONSTARTUP": str(path / "start.py"), "PYTHONWARNINGS": "error"}
    env |= {"JUPYTER_CONFIG_PATH": str(home / ".jupyter"), "JUPYTER_TOKEN": "another"}
    return env | {"PYTHONPATH": str(path), "PYTHONINSPECT": "1"}


def test_no_setting_of_the_callers_python_reaches_the_course(course, somebody):
    """PYTHONPATH as robots and vendors set it would break the first cell."""
    packages = ready(course)
    (packages / "numpy.py").write_text("IS = 'the one of the course'")
    (packages / "jupyterlab.py").write_text(
        "import os, numpy; print(numpy.IS); print(sorted(os.environ))"
    )
    # course.py itself starts before it can leave anything out
    paths = {**somebody, "PYTHONPATH": str(course.ROOT / "robot")}
    shutil.copytree(Path(somebody["PYTHONPATH"], "numpy"), course.ROOT / "robot/numpy")
    del paths["PYTHONINSPECT"], paths["PYTHONWARNINGS"]
    run = run_copy(course, **paths)
    assert run.returncode == 0, run.stderr
    said, names = run.stdout.splitlines()[-2:]
    assert said == "the one of the course"
    kept = {
        name for name in ast.literal_eval(names) if re.match("PYTHON|JUPYTER", name)
    }
    assert kept == {"PYTHONNOUSERSITE", "JUPYTER_CONFIG_DIR"}


def test_a_broken_home_of_python_reaches_no_child(course, monkeypatch):
    course.VENV.mkdir()
    monkeypatch.setenv("PYTHONHOME", str(course.ROOT))
    assert course.version_of([sys.executable]) == sys.version_info[:2]
    assert course.logged([sys.executable, "-c", "print('here')"]) == (True, "here\n")


@pytest.mark.slow
def test_a_lesson_runs_whatever_jupyter_and_python_are_told(
    course, somebody, monkeypatch
):
    """For real: the server that the launcher starts, and a kernel like its own."""
    for name, value in somebody.items():
        monkeypatch.setenv(name, value)
    course.LESSONS.mkdir()
    lesson = course.LESSONS / "00_start_here.ipynb"
    cell = nbformat.v4.new_code_cell("import numpy; print(numpy.pi)")
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), lesson)
    env = course.environment()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = [f"--ServerApp.port={port}", "--IdentityProvider.token=t", "--no-browser"]
    command = [sys.executable, *course.jupyterlab(), *options]
    log = course.VENV.with_name("server.log")
    with log.open("w") as out, subprocess.Popen(command, env=env, stderr=out) as server:
        try:
            listing = f"http://127.0.0.1:{port}/api/contents?token=t"
            wait_for(listing, server, log)
            found = json.load(urllib.request.urlopen(listing))["content"]
        finally:
            server.terminate()
    assert [entry["name"] for entry in found] == [lesson.name]
    execute = [sys.executable, "-m", "jupyter", "execute", "--inplace", str(lesson)]
    subprocess.run(execute, env=env, check=True, capture_output=True)
    (output,) = nbformat.read(lesson, 4).cells[0].outputs
    assert output.text == f"{math.pi}\n"


# --- the rest of the repository -----------------------------------------------


def test_the_pinned_set_is_what_the_package_asks_for():
    extras = PROJECT["project"]["optional-dependencies"]
    asked = [Requirement(line) for line in extras["lessons"]]
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    pinned = [line.split(" ;")[0] for line in lines]
    assert {f"{r.name}{r.specifier}" for r in asked} <= set(pinned)
    assert pinned[-1] == "-e ."
    assert "://" not in "".join(lines)


def test_the_hooks_use_the_ruff_of_the_tests():
    pins = re.findall(r"ruff==[\d.]+", (ROOT / ".pre-commit-config.yaml").read_text())
    extra = PROJECT["project"]["optional-dependencies"]["test"]
    assert set(pins) == {pin for pin in extra if pin.startswith("ruff==")}


def test_the_citation_has_the_version_of_the_package():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {PROJECT['project']['version']}\n" in citation


def test_every_place_with_the_repository_address_is_listed():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    address = re.search(r"stands as `(.+?)`", text).group(1)
    listed = re.search(r"stands as .*?\n\n(.*?)\n\n", text, re.DOTALL).group(1)
    command = ["git", "grep", "--files-with-matches", "--fixed-strings", address]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if not (ROOT / ".git").exists():
        pytest.skip("not a clone: git does not know which files belong here")
    assert re.findall(r"`(.+?)`", listed) == sorted(found.stdout.split())


def test_open_tabs_are_remembered_for_this_course_alone(course):
    places = [part for part in course.jupyterlab() if "workspaces_dir" in part]
    assert places == [f"--LabApp.workspaces_dir={course.VENV / 'workspaces'}"]
