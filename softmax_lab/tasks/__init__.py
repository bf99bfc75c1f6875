"""The exercises of the course: one file a lesson, one `Exercise` each."""

from importlib import import_module
from pkgutil import iter_modules

FILES = sorted(file.name for file in iter_modules(__path__))
LESSONS = [import_module(f"{__name__}.{name}") for name in FILES]
EXERCISES = {
    exercise.name: exercise for lesson in LESSONS for exercise in lesson.EXERCISES
}
