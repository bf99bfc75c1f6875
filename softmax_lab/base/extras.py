"""What an install may lack: missed in one sentence, and TensorFlow started quietly."""

import os
import sys
import tempfile
import warnings
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, requires

from softmax_lab.base.errors import Told

# The package to install for what is imported; SciPy comes with scikit-learn.
PACKAGES = {
    "keras": "tensorflow",
    "ml_dtypes": "ml-dtypes",
    "scipy": "scikit-learn",
    "sklearn": "scikit-learn",
    "tensorflow": "tensorflow",
}
MISSING = (
    "{what} needs {package}, which is not on this machine.\n"
    "  To install it, open a terminal and run:\n"
    "  {python} -m pip install {pinned}\n"
    "  Then restart the kernel."
)
ABOUT_TENSORFLOW = (
    " It takes about 2 GB and needs Linux, Windows on x86-64 or a\n"
    "  Mac with an M chip. The lessons that are not about TensorFlow run without it."
)


class MissingPackageError(Told, ModuleNotFoundError):
    """A package of the lessons is not installed; the text says how to get it."""


@contextmanager
def needed_by(what):
    """Say what to install where an import inside finds a package missing.

        with needed_by("digits()"):
            from sklearn.datasets import load_digits

    Raises MissingPackageError for what a full install of the course holds; any
    other missing module is left as it is.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        package = PACKAGES.get(str(error.name).partition(".")[0])
        if not package or isinstance(error, MissingPackageError):
            raise
        told = MISSING.format(
            what=what, package=package, python=sys.executable, pinned=pinned(package)
        )
        told += ABOUT_TENSORFLOW if package == "tensorflow" else ""
        raise MissingPackageError(told, name=error.name) from None


def pinned(package):
    """Return `package` with the version that the course is tested with."""
    try:
        known = requires("softmax-lab") or []
    except PackageNotFoundError:  # the source alone, not installed
        known = []
    found = [line.partition(";")[0].strip() for line in known]
    return next((line for line in found if line.startswith(f"{package}==")), package)


@contextmanager
def starting_tensorflow():
    """Keep TensorFlow's log lines to itself while it is imported and started.

        with starting_tensorflow():
            import tensorflow as tf
            tf.zeros(1)  # the first operation starts it

    On the way up it writes a dozen lines to file descriptor 2, past Python and
    past every setting. They are held back, and shown only if something fails;
    warnings of its imports are dropped.
    Raises MissingPackageError, with what to install, where there is none.
    """
    sys.stderr.flush()
    real = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            told = needed_by("The rest of this lesson")
            with told, warnings.catch_warnings(action="ignore"):
                yield
        except MissingPackageError:
            raise
        except BaseException:
            held.seek(0)
            os.write(real, held.read())
            raise
        finally:
            os.dup2(real, 2)
            os.close(real)
