"""Running the lines of a lesson, and seeing what holds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from uringlab.lab.errors import LineError
from uringlab.lab.expectation import check, parse
from uringlab.lab.parser import parse_line

if TYPE_CHECKING:
    from uringlab.course.lesson import Lesson, Line, Script
    from uringlab.lab.session import Session


def play(session: Session, script: Script) -> None:
    """Run a script. A line marked `# refused` must fail, every other must not.

    Raises:
        LineError: the first line that did otherwise.
    """
    for line in script:
        try:
            session.run(line.text)
        except LineError as error:
            if not line.refused:
                error.place = error.place or f"line {line.number}"
                raise
        else:
            if line.refused:
                wrong = LineError("this line was to be refused, and was not")
                wrong.line, wrong.place = line.text, f"line {line.number}"
                raise wrong


def blunder(session: Session, script: Script) -> None:
    """Run a script of mistakes: a line that fails is no reason to stop, as with a learner."""
    for line in script:
        try:
            session.run(line.text)
        except LineError:
            continue


def prepare(session: Session, lesson: Lesson, step: int) -> None:
    """Reset the session and bring it to where a step begins.

    That is: the lesson's setup, then each earlier step's setup and solution, then its own setup.

    Raises:
        LineError: a line of the lesson fails here.
    """
    session.reset()
    play(session, lesson.setup)
    for earlier in lesson.steps[:step]:
        play(session, earlier.setup)
        play(session, earlier.solution)
    play(session, lesson.steps[step].setup)


def unmet(session: Session, checks: Script, since: int = 0, *, patient: bool = False) -> str:
    """Why these expectations do not hold, in one line; "" if all of them do.

    It looks, and changes nothing: what does not exist yet is not made for it.

    Args:
        session: where.
        checks: `expect` lines.
        since: the number of the event from which on system calls count.
        patient: whether `within` may wait; otherwise it is looked at once, now.
    """
    for line in checks:
        why = _unmet(session, line, since, patient=patient)
        if why:
            return why
    return ""


def _unmet(session: Session, line: Line, since: int, *, patient: bool) -> str:
    try:
        for command in parse_line(line.text, session.table):
            wanted = parse(command)
            if not wanted.subject and not wanted.call and session.current is None:
                return "there is no ring yet"
            within_ns = wanted.within_ns if patient else 0
            check(session, replace(wanted, within_ns=within_ns, since=since))
    except LineError as error:
        return error.message.partition("\n")[0]
    return ""
