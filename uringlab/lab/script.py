"""Scripts: a file of lines, each with its number."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Statement(NamedTuple):
    """A line that does something, and where it stands."""

    number: int
    text: str


def statements(lines: Iterable[str]) -> Iterator[Statement]:
    """The lines that are not blank and not only a comment."""
    for number, line in enumerate(lines, 1):
        text = line.rstrip("\n")
        if text.strip() and not text.lstrip().startswith("#"):
            yield Statement(number, text)
