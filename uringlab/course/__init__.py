"""Lessons: read, run, check, progress.

A lesson is one Markdown file. `library` finds it, `parse` reads it, `Course` plays it in a
session, `verify` proves it on the kernel, both ways.

>>> from uringlab.course import Course
>>> from uringlab.lab import Session
>>> with Session() as session:
...     course = Course(session)
...     session.run("learn 1")
"""

from uringlab.course.course import Course
from uringlab.course.lesson import Goal, Lesson, LessonError, Step, Wrong
from uringlab.course.library import all_lessons, find
from uringlab.course.progress import Progress

__all__ = [
    "Course",
    "Goal",
    "Lesson",
    "LessonError",
    "Progress",
    "Step",
    "Wrong",
    "all_lessons",
    "find",
]
