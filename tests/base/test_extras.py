"""TensorFlow is started without a word, and what is missing is told in a sentence."""

import os
import re
import subprocess
import sys
import tomllib

import pytest
from places import ROOT

from softmax_lab import (
    capstone_digits,
    check,
    digits,
    noisy_digits,
    starting_tensorflow,
)
from softmax_lab.base import extras


def fresh_python(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


STARTED = "with starting_tensorflow():\n    import tensorflow as tf\n    tf.zeros(1)\n"


@pytest.mark.slow
def test_tensorflow_starts_without_a_word():
    code = "from softmax_lab import starting_tensorflow\n" + STARTED
    done = fresh_python(code + "import os\nos.write(2, b'afterwards')")
    assert done.returncode == 0
    assert (done.stdout, done.stderr) == ("", "afterwards")


def test_what_was_held_back_is_shown_when_the_start_fails(capfd):
    def start():
        os.write(2, b"the library says why\n")
        raise RuntimeError("the driver is too old")

    with pytest.raises(RuntimeError, match="the driver"), starting_tensorflow():
        start()
    os.write(2, b"afterwards")
    assert capfd.readouterr().err == "the library says why\nafterwards"


def test_another_missing_module_is_not_called_tensorflow():
    with pytest.raises(ModuleNotFoundError) as caught, starting_tensorflow():
        import no_such_module  # noqa: F401
    assert not isinstance(caught.value, extras.MissingPackageError)


def test_a_missing_package_is_told_with_the_version_that_is_pinned():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lessons = " ".join(project["optional-dependencies"]["lessons"])
    for package in set(extras.PACKAGES.values()):
        wanted = re.search(rf"(?<![\w-]){package}==[\d.]+", lessons)[0]
        assert extras.pinned(package) == wanted


def test_without_the_package_itself_installed_there_is_no_version(monkeypatch):
    def none(name):
        raise extras.PackageNotFoundError

    monkeypatch.setattr(extras, "requires", none)
    assert extras.pinned("scikit-learn") == "scikit-learn"


@pytest.mark.parametrize("data", [digits, noisy_digits, capstone_digits])
@pytest.mark.parametrize("gone", ["sklearn", "scipy"])
def test_data_without_scikit_learn_say_what_to_install(data, gone, monkeypatch):
    for name in [gone, f"{gone}.datasets", f"{gone}.ndimage"]:
        monkeypatch.setitem(sys.modules, name, None)
    if gone == "scipy" and data is not capstone_digits:
        return  # scikit-learn is in memory already, and asks no more
    with pytest.raises(ModuleNotFoundError) as caught:
        data()
    shown = "\n".join(caught.value._render_traceback_())
    assert shown.startswith("✗ This data set needs scikit-learn, which is not on")
    assert f"-m pip install {extras.pinned('scikit-learn')}" in shown


@pytest.mark.usefixtures("learner")
def test_an_exercise_that_builds_models_says_that_it_needs_tensorflow(monkeypatch):
    monkeypatch.setitem(sys.modules, "keras", None)
    with pytest.raises(extras.MissingPackageError, match="This exercise needs tensorf"):
        check("two softmaxes", lambda: (lambda inputs: inputs, None))


def test_tensorflow_that_is_missing_is_told_with_what_it_takes(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow", None)
    with pytest.raises(extras.MissingPackageError) as caught, starting_tensorflow():
        import tensorflow  # noqa: F401
    assert caught.value.name == "tensorflow"
    assert "takes about 2 GB" in str(caught.value)
