"""The exercises of the course: one file a lesson, one `Exercise` each."""

from softmax_lab.tasks import lesson_01, lesson_02, lesson_03, lesson_04

LESSONS = [lesson_01, lesson_02, lesson_03, lesson_04]
EXERCISES = {
    exercise.name: exercise for lesson in LESSONS for exercise in lesson.EXERCISES
}
