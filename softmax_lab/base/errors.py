"""A sentence where Python would show a stack of frames."""

import linecache
import traceback


class Told:
    """Mixed into an exception: a notebook shows its text, and no stack of frames."""

    def _render_traceback_(self):
        return f"✗ {self}".splitlines()


def line_of(error, function):
    """The line of the file of `function` that raised `error`, or ""."""
    code = getattr(function, "__code__", None)  # a partial or a class has none
    frames = traceback.extract_tb(error.__traceback__) if code else []
    lines = [f.lineno for f in frames if f.filename == code.co_filename]
    if not lines:
        return ""
    source = linecache.getline(code.co_filename, lines[-1]).strip()
    return f"line {lines[-1]}, `{source}`"
