"""Rows of text in roles: what every picture is made of.

A role says what a piece of text stands for; the theme decides its colour. No role is told apart
by colour alone: each has a glyph or a word of its own as well.
"""

from __future__ import annotations

from enum import StrEnum

from rich.cells import cell_len, set_cell_size


class Role(StrEnum):
    """What a piece of text stands for."""

    PLAIN = "plain"
    DIM = "dim"
    TITLE = "title"
    YOU = "you"
    KERNEL = "kernel"
    GOOD = "good"
    BAD = "bad"
    MOVED = "moved"
    ECHO = "echo"


Piece = tuple[str, Role]
Row = list[Piece]


def width_of(row: Row) -> int:
    """Cells that a row takes."""
    return sum(cell_len(text) for text, _ in row)


def fit(text: str, width: int) -> str:
    """Exactly `width` cells: cut with … or filled with blanks."""
    if width <= 0:
        return ""
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    return set_cell_size(text, width - 1) + "…"


def center(text: str, width: int) -> str:
    """In the middle of `width` cells."""
    size = cell_len(text)
    if size >= width:
        return fit(text, width)
    left = (width - size) // 2
    return " " * left + text + " " * (width - size - left)


def clip(row: Row, width: int) -> Row:
    """At most `width` cells of a row; the last piece that does not fit is cut with …."""
    out: Row = []
    left = width
    for text, role in row:
        if left <= 0:
            break
        size = cell_len(text)
        out.append((text if size <= left else fit(text, left), role))
        left -= min(size, left)
    return out


def plain(row: Row) -> str:
    """The row's text, without roles: for tests and for copying."""
    return "".join(text for text, _ in row)


def wrap(text: str, width: int, indent: str = "") -> list[str]:
    """Break a line at blanks; a continuation begins with `indent`. Leading blanks stay."""
    if width <= len(indent) + 4 or cell_len(text) <= width:
        return [text]
    out: list[str] = []
    lead = text[: len(text) - len(text.lstrip())]
    line = ""
    for word in text.strip().split(" "):
        start = lead if not out else lead + indent
        tried = f"{line} {word}" if line else start + word
        if cell_len(tried) <= width or not line:
            line = tried
        else:
            out.append(line)
            line = lead + indent + word
    out.append(line)
    return [part for long in out for part in _chop(long, width)]


def _chop(text: str, width: int) -> list[str]:
    """A word longer than the line is cut where it must be."""
    if cell_len(text) <= width:
        return [text]
    return [text[at : at + width] for at in range(0, len(text), width)]
