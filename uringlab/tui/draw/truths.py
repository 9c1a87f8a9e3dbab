"""Three truths of a ring side by side, and a sentence for each difference."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uringlab.observe.truths import NOT_SHOWN
from uringlab.tui.draw.rows import Role, Row, clip, wrap

if TYPE_CHECKING:
    from uringlab.observe.truths import Truths

_NAME = 18
_CELL = 11
"""A word has up to ten digits."""
_NOTES_FROM = 70
"""Columns from which on there is room for the notes."""


def truths_rows(truths: Truths | None, width: int, height: int) -> list[Row]:
    """The differences first where there is not room for both: they are what is to be learned."""
    if truths is None:
        return [[("no ring, or no kernel to ask: this moment is over", Role.DIM)]]
    table = _table(truths, width)
    said = _said(truths, width)
    room = height - len(said)
    return [clip(row, width) for row in [*table[: max(room, 0)], *said][:height]]


def _table(truths: Truths, width: int) -> list[Row]:
    rows: list[Row] = [
        [
            (" " * _NAME, Role.DIM),
            (f"{'library':>{_CELL}}", Role.YOU),
            (f"{'shared':>{_CELL}}", Role.TITLE),
            (f"{'kernel':>{_CELL}}", Role.KERNEL),
        ]
    ]
    for one in truths.rows:
        kernel = "?" if one.kernel is None else str(one.kernel)
        row: Row = [
            (f"{one.what:<{_NAME}}", Role.PLAIN),
            (_cell(one.library), Role.YOU),
            (_cell(one.shared), Role.PLAIN),
            (f"{kernel:>{_CELL}}", Role.KERNEL),
        ]
        if width >= _NOTES_FROM and one.note and one.kernel is not None:
            row.append((f"  {one.note}", Role.DIM))
        rows.append(row)
    return rows


def _cell(value: int | None) -> str:
    return f"{'·' if value is None else value:>{_CELL}}"


def _said(truths: Truths, width: int) -> list[Row]:
    rows: list[Row] = []
    if truths.unknown:
        rows += _wrapped(f"? unknown: {truths.unknown}", width, Role.BAD)
    elif not truths.complete:
        rows += _wrapped(f"? unknown: {NOT_SHOWN}", width, Role.DIM)
    if truths.moving:
        rows += _wrapped("~ it moves: numbers may be of different moments", width, Role.DIM)
    for one in truths.differences:
        rows += _wrapped(f"≠ {one}", width, Role.PLAIN)
    if not truths.differences:
        role = Role.GOOD if truths.complete else Role.DIM
        rows += _wrapped(f"= {truths.agreement}", width, role)
    return rows


def _wrapped(text: str, width: int, role: Role) -> list[Row]:
    return [[(part, role)] for part in wrap(text, width, "  ")]
