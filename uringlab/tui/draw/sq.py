"""The submission queue: whose slots are whose, and the three pointers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uringlab.observe.snapshot import U32
from uringlab.tui.draw.queue import Cell, Pointer, queue_rows
from uringlab.tui.draw.rows import Role, Row, clip, width_of

if TYPE_CHECKING:
    from uringlab.observe.snapshot import RingSnapshot
    from uringlab.tui.view import View

EMPTY = Cell("·")


def sq_cell(shot: RingSnapshot, slot: int, names: dict[int, str]) -> Cell:
    """What a slot of the SQ holds: ■ staged (yours), ▶ published (for the kernel), ✓ consumed."""
    index = (shot.sq_local - 1 - ((shot.sq_local - 1 - slot) & shot.sq_mask)) & U32
    age = (shot.sq_local - 1 - index) & U32
    if age >= shot.sq_local and shot.sq_local < shot.sq_entries:
        return EMPTY
    sqe = shot.sqe(index)
    name = names.get(sqe.user_data, "")
    if age < shot.staged:
        return Cell("■", sqe.name, name, Role.YOU)
    if age < shot.staged + shot.pending:
        return Cell("▶", sqe.name, name, Role.KERNEL)
    return Cell("✓", sqe.name, name, Role.DIM)


def sq_pointers(view: View, shot: RingSnapshot) -> list[Pointer]:
    """head, tail, local tail."""
    mask = shot.sq_mask
    return [
        Pointer("head", shot.sq_head & mask, Role.KERNEL, "SQ head" in view.moved),
        Pointer("tail", shot.sq_tail & mask, Role.YOU, "SQ tail" in view.moved),
        Pointer("local", shot.sq_local & mask, Role.YOU, "SQ local" in view.moved),
    ]


def sq_figures(view: View, shot: RingSnapshot, width: int) -> list[Row]:
    """The three words as numbers, and what they make. Two rows where one is too narrow."""

    def word(name: str, value: int, label: str, role: Role) -> tuple[str, Role]:
        text = f"{name} {value}→{value & shot.sq_mask}"
        return text, Role.MOVED if label in view.moved else role

    words: Row = [
        word("head", shot.sq_head, "SQ head", Role.KERNEL),
        (" ", Role.PLAIN),
        word("tail", shot.sq_tail, "SQ tail", Role.YOU),
        (" ", Role.PLAIN),
        word("local", shot.sq_local, "SQ local", Role.YOU),
    ]
    sums: Row = [(f"■{shot.staged} staged ▶{shot.pending} pending ·{shot.free} free", Role.PLAIN)]
    if width_of(words) + width_of(sums) + 2 <= width:
        return [[*words, ("  ", Role.PLAIN), *sums]]
    return [clip(words, width), clip(sums, width)]


def sq_rows(view: View, width: int, height: int) -> list[Row]:
    """The whole pane."""
    shot = view.shot
    if shot is None:
        return [[("no ring yet", Role.DIM)]]
    figures = sq_figures(view, shot, width)
    rows = queue_rows(
        shot.sq_entries,
        lambda slot: sq_cell(shot, slot, view.names),
        sq_pointers(view, shot),
        width,
        height - len(figures),
        shot.sq_local & shot.sq_mask,
    )
    return [*rows, *figures]
