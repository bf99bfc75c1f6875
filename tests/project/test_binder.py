"""Binder's image, as repo2docker itself would build it; no Docker needed."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib

import pytest
from packaging.requirements import Requirement
from places import ROOT

pytestmark = pytest.mark.slow

if sys.platform == "win32":
    pytest.skip("repo2docker does not run on Windows", allow_module_level=True)

# repo2docker imports a module by its old name; that is not ours to mend.
pytestmark = pytest.mark.filterwarnings("ignore:pythonjsonlogger:DeprecationWarning")

BINDER = {
    "python_version": "3.12",
    "python_full_version": "3.12.0",
    "sys_platform": "linux",
    "platform_machine": "x86_64",
    "platform_system": "Linux",
    "implementation_name": "cpython",
    "os_name": "posix",
}
# Binder brings JupyterLab itself, and tests nothing.
LEFT_OUT = {"jupyterlab", "nbval"}


def requirements(lines):
    """Return {name: requirement} of those that count on Binder's machine."""
    lines = [line.split("#")[0].strip() for line in lines]
    wanted = [Requirement(line) for line in lines if line and line != "-e ."]
    on_binder = [r for r in wanted if not r.marker or r.marker.evaluate(BINDER)]
    return {r.name: r for r in on_binder}


def pins(path):
    lines = (ROOT / path).read_text(encoding="utf-8").splitlines()
    return {name: str(r.specifier) for name, r in requirements(lines).items()}


def lesson_needs():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project = project["project"]
    return requirements(
        project["dependencies"] + project["optional-dependencies"]["lessons"]
    )


@pytest.fixture
def buildpack(monkeypatch):
    """The build pack that repo2docker chooses for this repository."""
    from repo2docker.app import Repo2Docker

    monkeypatch.chdir(ROOT)
    for choice in Repo2Docker().buildpacks:
        pack = choice(base_image="ubuntu")
        pack.platform = "linux/amd64"
        if pack.detect():
            return pack
    raise AssertionError("repo2docker recognises nothing")


def test_repo2docker_reads_the_binder_folder(buildpack):
    assert type(buildpack).__name__ == "PythonBuildPack"
    assert buildpack.binder_path("postBuild") == "binder/postBuild"


def test_binder_runs_a_python_that_the_package_accepts(buildpack):
    assert buildpack.python_version == BINDER["python_version"]
    assert buildpack.python_version in (ROOT / "binder/runtime.txt").read_text()
    assert not buildpack.separate_kernel_env


def test_packages_are_installed_before_the_repository_is_copied(buildpack):
    """Then a changed lesson does not install TensorFlow again."""
    steps = buildpack.render({}).splitlines()

    def first(pattern):
        return next(n for n, step in enumerate(steps) if re.search(pattern, step))

    order = [
        first(r"^COPY .*requirements\.txt"),
        first(r"pip install .*-r \"binder/requirements\.txt\""),
        first(r"^COPY .* src/ "),
        first(r"^RUN \./binder/postBuild"),
    ]
    assert order == sorted(order)


def test_every_pin_is_that_of_the_learners():
    ours, learners = pins("binder/requirements.txt"), pins("requirements.txt")
    assert ours == {name: learners.get(name) for name in ours}
    assert all(re.fullmatch(r"==[^*]+", pin) for pin in ours.values())


def test_binder_has_all_that_the_lessons_need():
    assert pins("binder/requirements.txt").keys() >= lesson_needs().keys() - LEFT_OUT
    assert pins("binder/requirements.in").keys() == lesson_needs().keys() - LEFT_OUT


def test_binder_keeps_its_own_jupyterlab():
    assert not pins("binder/requirements.txt").keys() & LEFT_OUT


def test_nothing_that_a_package_pulls_in_is_missing():
    """Follow what the installed packages ask for; the pins must cover it."""
    from importlib.metadata import PackageNotFoundError, requires

    ours = {name.lower().replace("_", "-") for name in pins("binder/requirements.txt")}
    for name in sorted(ours):
        try:
            asked = requires(name) or []
        except PackageNotFoundError:
            continue  # a machine without TensorFlow knows nothing of its needs
        needs = [r for r in map(Requirement, asked) if "extra" not in str(r.marker)]
        for need in needs:
            if not need.marker or need.marker.evaluate(BINDER):
                assert need.name.lower().replace("_", "-") in ours, (name, need)


@pytest.mark.skipif(os.name == "nt", reason="Binder's machines run Linux")
def test_post_build_prepares_the_repository(tmp_path):
    """For real in a copy, but for pip, which would change this environment."""
    copy, tools = tmp_path / "copy", tmp_path / "tools"
    for folder in (copy / "notebooks", tools):
        folder.mkdir(parents=True)
    shutil.copytree(ROOT / "binder", copy / "binder")
    shutil.copy(ROOT / "course.py", copy)
    code = {"cell_type": "code", "id": "a", "execution_count": 1, "source": "1 + 1"}
    result = {"output_type": "stream", "name": "stdout", "text": "2"}
    code |= {"metadata": {}, "outputs": [result]}
    lesson = copy / "notebooks/00_start_here.ipynb"
    cells = {"cells": [code], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    lesson.write_text(json.dumps(cells))

    shim(tools / "pip", f'echo "$PWD: $@" > "{tmp_path}/pip.txt"')
    shim(tools / "jupyter", f'exec "{sys.executable}" -m "$@"')
    shim(tools / "python", f'PYTHONPATH="{tools}" exec "{sys.executable}" "$@"')
    prefix = tmp_path / "prefix"
    site = f"import sys; sys.prefix = {str(prefix)!r}"
    (tools / "sitecustomize.py").write_text(site)
    env = {**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
    env["MPLCONFIGDIR"] = str(tmp_path / "fonts")

    subprocess.run([copy / "binder/postBuild"], cwd=tmp_path, env=env, check=True)

    cell = json.loads(lesson.read_text())["cells"][0]
    assert (cell["outputs"], cell["execution_count"]) == ([], None)
    assert "".join(cell["source"]) == "1 + 1"
    called = (tmp_path / "pip.txt").read_text()
    assert called.startswith(f"{copy}: install")
    assert "--no-deps" in called
    assert list((tmp_path / "fonts").glob("fontlist*.json"))
    overrides = prefix / "share/jupyter/lab/settings/overrides.json"
    assert json.loads(overrides.read_text()) == load_course(copy).OVERRIDES


def shim(path, line):
    path.write_text(f"#!/bin/sh\n{line}\n")
    path.chmod(0o755)


def load_course(folder):
    spec = importlib.util.spec_from_file_location("course_copy", folder / "course.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
