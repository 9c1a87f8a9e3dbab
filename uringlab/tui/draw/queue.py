"""A queue as a strip of slots, its pointers underneath.

    0      1      2      3
 ┌──────┬──────┬──────┬──────┐
 │✓READ │▶NOP  │■NOP  │ ·    │
 │ r1   │ r2   │ r3   │      │
 └──────┴──────┴──────┴──────┘
        ▲ head
               ▲ tail
                      ▲ local

The same queue is drawn in as much detail as there is room for; a queue that does not fit even at
its densest is a window that follows the pointers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import set_cell_size

from uringlab.tui.draw.rows import Role, Row, center, clip, fit

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Cell:
    """What a slot shows: a glyph, a word, a second word, and whose it is."""

    glyph: str
    word: str = ""
    second: str = ""
    role: Role = Role.DIM


@dataclass(frozen=True)
class Pointer:
    """A head or a tail: its name, the slot it points to, who moves it, whether it just moved."""

    name: str
    slot: int
    role: Role
    moved: bool = False


@dataclass(frozen=True)
class Detail:
    """A way to draw a row of slots: at least how wide a slot is, and which lines it has."""

    cell: int
    numbers: bool
    box: bool
    words: int
    pointer_rows: bool

    def height(self, pointers: int) -> int:
        """Lines that a row of slots takes."""
        return (
            (1 if self.numbers else 0)
            + (2 if self.box else 0)
            + max(self.words, 1)
            + (pointers if self.pointer_rows else 1)
        )


DETAILS = (
    Detail(cell=6, numbers=True, box=True, words=2, pointer_rows=True),
    Detail(cell=6, numbers=True, box=True, words=2, pointer_rows=False),
    Detail(cell=5, numbers=True, box=False, words=2, pointer_rows=False),
    Detail(cell=4, numbers=True, box=False, words=2, pointer_rows=False),
    Detail(cell=4, numbers=True, box=False, words=1, pointer_rows=False),
    Detail(cell=2, numbers=False, box=False, words=0, pointer_rows=False),
)


def queue_rows(
    entries: int,
    cell: Callable[[int], Cell],
    pointers: list[Pointer],
    width: int,
    height: int,
    follow: int,
) -> list[Row]:
    """Draw a queue into width × height.

    Args:
        entries: how many slots; a power of two.
        cell: what a slot shows.
        pointers: the heads and tails.
        width: cells.
        height: lines.
        follow: the slot to keep in sight when not all of them fit.
    """
    if width < DETAILS[-1].cell + 1 or height < 1:
        return []
    detail, columns = _choose(entries, len(pointers), width, height)
    per_row = detail.height(len(pointers))
    rows_needed = -(-entries // columns)
    rows_shown = max(1, min(rows_needed, height // per_row))
    first = 0
    if rows_shown < rows_needed:
        first = min(max(0, follow // columns - rows_shown // 2), rows_needed - rows_shown)
    out: list[Row] = []
    size = min((width - 1) // columns, 14)
    for row in range(first, first + rows_shown):
        slots = range(row * columns, min((row + 1) * columns, entries))
        out += _draw_row(slots, cell, pointers, detail, size)
    return [clip(row, width) for row in out[:height]]


def _choose(entries: int, pointers: int, width: int, height: int) -> tuple[Detail, int]:
    """The most detail with which every slot fits; else the least detail."""
    columns = 1
    for detail in DETAILS:
        columns = _columns(entries, width, detail)
        if -(-entries // columns) * detail.height(pointers) <= height:
            return detail, columns
    return DETAILS[-1], columns


def _columns(entries: int, width: int, detail: Detail) -> int:
    columns = 1
    while columns * 2 <= entries and (width - 1) // (columns * 2) >= detail.cell:
        columns *= 2
    return columns


def _draw_row(
    slots: range,
    cell: Callable[[int], Cell],
    pointers: list[Pointer],
    detail: Detail,
    size: int,
) -> list[Row]:
    cells = [cell(slot) for slot in slots]
    inner = size - 1
    out: list[Row] = []
    if detail.numbers:
        out.append([(" " + "".join(center(str(slot), inner) + " " for slot in slots), Role.DIM)])
    if detail.box:
        out.append([("┌" + "┬".join("─" * inner for _ in slots) + "┐", Role.DIM)])
    if detail.words == 0:
        row: Row = [(" ", Role.PLAIN)]
        for one in cells:
            row.append((fit(one.glyph, size), one.role))
        out.append(row)
    for line in range(detail.words):
        row = [("│", Role.DIM)]
        for one in cells:
            text = _word(one, line, inner, detail)
            row += [(set_cell_size(text, inner), one.role), ("│", Role.DIM)]
        out.append(row)
    if detail.box:
        out.append([("└" + "┴".join("─" * inner for _ in slots) + "┘", Role.DIM)])
    out += _pointer_rows(slots, pointers, detail, size)
    return out


def _word(one: Cell, line: int, inner: int, detail: Detail) -> str:
    if detail.words == 1:
        return one.glyph + (one.second or one.word)
    if line == 0:
        return one.glyph + one.word
    return " " + one.second


def _pointer_rows(slots: range, pointers: list[Pointer], detail: Detail, size: int) -> list[Row]:
    if detail.pointer_rows:
        return [_pointer_row(slots, [one], size) for one in pointers]
    if detail.words == 0:
        return [_letters(slots, pointers, size)]
    return [_pointer_row(slots, pointers, size)]


def _pointer_row(slots: range, pointers: list[Pointer], size: int) -> Row:
    """`▲ head` under its slot; several at one slot share a mark; letters where there is no room."""
    row: Row = [(" ", Role.PLAIN)]
    used = 0
    marks = [(slot, [one for one in pointers if one.slot == slot]) for slot in slots]
    marks = [(slot, here) for slot, here in marks if here]
    for at, (slot, here) in enumerate(marks):
        gap = max((slot - slots.start) * size - used, 0)
        nexts = [(other - slots.start) * size for other, _ in marks[at + 1 : at + 2]]
        room = (nexts[0] if nexts else len(slots) * size) - used - gap
        words = "▲ " + "+".join(one.name for one in here)
        mark = words if len(words) < room or len(pointers) == 1 else _short(here)
        row += [(" " * gap, Role.PLAIN), (mark, _role(here))]
        used += gap + len(mark)
    return row


def _short(here: list[Pointer]) -> str:
    return "▲" + "".join(one.name[0] for one in here)


def _role(here: list[Pointer]) -> Role:
    if any(one.moved for one in here):
        return Role.MOVED
    return here[0].role if len({one.role for one in here}) == 1 else Role.PLAIN


def _letters(slots: range, pointers: list[Pointer], size: int) -> Row:
    """One letter a pointer under a dense row; * where several meet."""
    row: Row = [(" ", Role.PLAIN)]
    for slot in slots:
        here = [one for one in pointers if one.slot == slot]
        letter = here[0].name[0] if len(here) == 1 else "*" if here else " "
        row.append((fit(letter, size), _role(here) if here else Role.PLAIN))
    return row
