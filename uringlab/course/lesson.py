"""What a lesson is made of. Values only: nothing here reads a file or touches a ring."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class LessonError(Exception):
    """A lesson that is not well written: which file, which line, what was expected.

    Attributes:
        place: `04-two-tails.md:17`.
        message: what is wrong.
    """

    def __init__(self, path: Path | str, line: int, message: str) -> None:
        """Say it as compilers do."""
        self.place = f"{path}:{line}"
        self.message = message
        super().__init__(f"{self.place}: {message}")


@dataclass(frozen=True)
class Line:
    """A line of commands in a lesson.

    Attributes:
        number: where it stands in the file.
        refused: its comment begins with “refused”: it must fail, and that is the point of it.
    """

    number: int
    text: str
    refused: bool = False


Script = tuple[Line, ...]


@dataclass(frozen=True)
class Goal:
    """Something to reach.

    Attributes:
        text: what the learner reads.
        checks: `expect` lines, all of which hold once it is reached.
    """

    text: str
    checks: Script


@dataclass(frozen=True)
class Wrong:
    """A mistake that learners really make.

    Attributes:
        title: its name, for authors.
        script: how it is made.
        message: what the learner is told.
        recognise: `expect` lines, all of which hold once it was made.
    """

    title: str
    script: Script
    message: str
    recognise: Script


@dataclass(frozen=True)
class Step:
    """A part of a lesson: something to do, and how one sees that it is done.

    Attributes:
        prose: Markdown, without the fences that have a role (examples stay).
        why: Markdown, shown once the step is solved.
        setup: run when the step begins.
    """

    title: str
    line: int
    prose: str
    goals: tuple[Goal, ...]
    hints: tuple[str, ...]
    solution: Script
    wrongs: tuple[Wrong, ...]
    examples: tuple[Script, ...]
    why: str
    setup: Script = ()


@dataclass(frozen=True)
class Lesson:
    """A lesson.

    Attributes:
        id: `04-two-tails`: progress is kept by it, so it never changes.
        needs: opcodes, features and setup flags without which it is skipped.
        teaches: verbs, opcodes and flags that it and later lessons may use.
        intro: Markdown before the first step.
        setup: run in a fresh session when the lesson starts.
        examples: those of the intro and of `further`.
        further: Markdown after the last step, unchecked.
    """

    id: str
    number: int
    title: str
    needs: tuple[str, ...]
    teaches: tuple[str, ...]
    minutes: int
    intro: str
    setup: Script
    steps: tuple[Step, ...]
    path: Path
    examples: tuple[Script, ...] = ()
    further: str = ""

    def scripts(self) -> list[Script]:
        """Everything in it that is run, in the order of the file as nearly as it matters."""
        found = [self.setup, *self.examples]
        for step in self.steps:
            found += [step.setup, step.solution, *step.examples]
            found += [wrong.script for wrong in step.wrongs]
        return found
