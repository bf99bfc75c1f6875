"""TensorFlow, started without its log lines and missed in one sentence."""

import os
import sys
import tempfile
import warnings
from contextlib import contextmanager

VERSION = "2.21.0"  # the one that the course is tested with
MISSING = (
    "✗ TensorFlow is not on this machine, and the rest of this lesson needs it.\n"
    "  To install it, open a terminal and run:\n"
    "  {python} -m pip install tensorflow=={version}\n"
    "  It needs Linux, Windows on x86-64 or a Mac with an M chip, and takes about\n"
    "  2 GB. Then restart the kernel. The lessons that are not about TensorFlow\n"
    "  run without it."
)


class TensorFlowMissingError(ModuleNotFoundError):
    """A notebook shows its text and stops there, without a stack of frames."""

    def _render_traceback_(self):
        return str(self).splitlines()


@contextmanager
def starting_tensorflow():
    """Keep TensorFlow's log lines to itself while it is imported and started.

        with starting_tensorflow():
            import tensorflow as tf
            tf.zeros(1)  # the first operation starts it

    On the way up it writes a dozen lines to file descriptor 2, past Python and
    past every setting. They are held back, and shown only if something fails;
    warnings of its imports are dropped.
    Raises TensorFlowMissingError, with what to install, where there is none.
    """
    sys.stderr.flush()
    real = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            with warnings.catch_warnings(action="ignore"):
                yield
        except ModuleNotFoundError as error:
            if error.name not in ("tensorflow", "keras"):
                raise
            text = MISSING.format(python=sys.executable, version=VERSION)
            raise TensorFlowMissingError(text) from None
        except BaseException:
            held.seek(0)
            os.write(real, held.read())
            raise
        finally:
            os.dup2(real, 2)
            os.close(real)
