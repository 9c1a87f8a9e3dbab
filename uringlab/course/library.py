"""Where the lessons are. One folder of Markdown files; nothing else makes a lesson."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import uringlab
from uringlab.course.parse import parse_lesson
from uringlab.lab.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uringlab.course.lesson import Lesson


def folder() -> Path:
    """Where they are: inside the package when it is installed, beside it in a checkout.

    Raises:
        FileNotFoundError: in neither place.
    """
    package = Path(uringlab.__file__).parent
    for place in (package / "lessons", package.parent / "lessons"):
        if any(place.glob("[0-9][0-9]-*.md")):
            return place
    raise FileNotFoundError(f"no lessons: neither in {package} nor beside it")


def files(place: Path | None = None) -> list[Path]:
    """The lessons' files, by number."""
    return sorted((place or folder()).glob("[0-9][0-9]-*.md"))


def load(path: Path) -> Lesson:
    """Read one file.

    Raises:
        LessonError: it is not well written.
    """
    return parse_lesson(path.read_text(encoding="utf-8"), path)


def all_lessons(place: Path | None = None) -> tuple[Lesson, ...]:
    """Every lesson, by number. Raises as `load` does."""
    return tuple(load(path) for path in files(place))


def find(word: str, lessons: Sequence[Lesson] | None = None) -> Lesson:
    """The lesson of a number (`4`, `04`), an id (`04-two-tails`) or a name (`two-tails`).

    Raises:
        LookupError: there is none; the message says which there are.
    """
    lessons = all_lessons() if lessons is None else lessons
    for one in lessons:
        if word.lower() in (one.id, one.id[3:]) or (
            word.isascii() and word.isdigit() and int(word) == one.number
        ):
            return one
    names = [one.id for one in lessons] + [one.id[3:] for one in lessons]
    span = f" They go from {lessons[0].number} to {lessons[-1].number}" if lessons else ""
    raise LookupError(f'no lesson "{word}".{did_you_mean(word, names)}{span}')
