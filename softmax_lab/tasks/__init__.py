"""The exercises of the course: one file a lesson, one `Exercise` each."""

from softmax_lab.tasks import lesson_01

EXERCISES = {exercise.name: exercise for exercise in lesson_01.EXERCISES}
