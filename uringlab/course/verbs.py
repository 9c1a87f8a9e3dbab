"""`learn`, `check`, `hint`, `solution`, `next`: the verbs that a course adds to its session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uringlab.course.lesson import LessonError
from uringlab.lab.errors import LineError
from uringlab.lab.reply import data, note
from uringlab.lab.spec import CommandSpec, Param
from uringlab.lab.values import Integer, Value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uringlab.course.course import Course
    from uringlab.lab.lexer import Token
    from uringlab.lab.reply import Reply
    from uringlab.lab.session import Session
    from uringlab.lab.spec import Command

LIST = "list"


class LessonWord(Value):
    """A lesson: its number, id or name; or `list`."""

    label = "LESSON"
    wants = "a lesson: its number, its name, or list"

    def __init__(self, course: Course) -> None:
        """Completion offers this course's lessons."""
        self._course = course

    def read(self, token: Token) -> str:
        """Any word; it is looked up when the command runs."""
        return token.text

    def options(self) -> dict[str, str]:
        """Every lesson."""
        try:
            found = {one.id: one.title for one in self._course.lessons}
        except (LessonError, FileNotFoundError):
            found = {}
        return {LIST: "all lessons", **found}


def listing(course: Course) -> Iterator[Reply]:
    """Every lesson, and what was done of it."""
    here = course.lesson or course.where_stopped()
    for one in course.lessons:
        done = course.progress.of(one.id)
        mark = "x" if done.completed else "-" if done.steps else " "
        arrow = ">" if one is here else " "
        yield data(
            f"{arrow} [{mark}] {one.number:>2}  {one.title}  ({one.minutes} min)",
            type="lesson",
            id=one.id,
            title=one.title,
            completed=done.completed,
            steps_done=len(done.steps),
            steps=len(one.steps),
        )


def _learn(course: Course, command: Command) -> Iterator[Reply]:
    word = command.get("lesson")
    step = command.get("step")
    try:
        course.lessons  # noqa: B018 - read them now, so that an error is told as one of this line
        if word == LIST:
            yield from listing(course)
            return
        if word is not None:
            lesson = course.find(word)
        elif course.lesson is not None and step is None:
            yield course.page()
            return
        else:
            lesson = course.lesson or course.where_stopped() or course.lessons[0]
    except LookupError as error:
        raise LineError(str(error.args[0]), command.span_of("lesson"), "learn list") from error
    except (LessonError, FileNotFoundError) as error:
        raise LineError(str(error), command.span) from error
    if step is not None and step > len(lesson.steps):
        raise LineError(
            f"lesson {lesson.number} has {len(lesson.steps)} steps", command.span_of("step")
        )
    yield from course.open(lesson, None if step is None else step - 1)


def _solution(course: Course) -> Iterator[Reply]:
    lesson = course.opened()
    for line in lesson.steps[course.step_index].solution:
        yield data(f"    {line.text}", type="solution", line=line.text)
    yield note("Type it yourself: what you watch you keep. Then: next")


def specs(course: Course) -> tuple[CommandSpec, ...]:
    """The verbs of one course."""

    def learn(_session: Session, command: Command) -> Iterator[Reply]:
        course.begin_own_line()
        yield from _learn(course, command)

    def check(_session: Session, _command: Command) -> Iterator[Reply]:
        yield from course.report()

    def hint(_session: Session, _command: Command) -> Iterator[Reply]:
        yield course.open_hint()

    def solution(_session: Session, _command: Command) -> Iterator[Reply]:
        yield from _solution(course)

    def go_on(_session: Session, _command: Command) -> Iterator[Reply]:
        yield from course.advance()

    return (
        CommandSpec(
            "learn",
            "start a lesson, or go on where you stopped",
            learn,
            "learn 1",
            "lessons",
            (
                Param(
                    "lesson",
                    LessonWord(course),
                    "its number or name; list for all",
                    positional=True,
                ),
                Param("step", Integer(1, 99), "from which step on"),
            ),
            more="Starting a lesson resets the session. In a lesson, learn alone shows the step "
            "again, and reset goes back to where the step began.",
        ),
        CommandSpec(
            "check", "what of this step is reached, and what is not", check, "check", "lessons"
        ),
        CommandSpec("hint", "open one more hint", hint, "hint", "lessons"),
        CommandSpec("solution", "show how this step can be done", solution, "solution", "lessons"),
        CommandSpec("next", "to the next step, or the next lesson", go_on, "next", "lessons"),
    )
