"""The completion queue: what arrived, and the two pointers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uringlab.core.abi import SqRingFlags
from uringlab.core.errors import errno_name
from uringlab.observe.snapshot import U32
from uringlab.tui.draw.queue import Cell, Pointer, queue_rows
from uringlab.tui.draw.rows import Role, Row, clip

if TYPE_CHECKING:
    from uringlab.observe.snapshot import RingSnapshot
    from uringlab.tui.view import View

EMPTY = Cell("·")
REST = Cell("┄", role=Role.DIM)


def rest_of_large(shot: RingSnapshot) -> frozenset[int]:
    """Indices of ready slots where no CQE begins: second halves of large ones, and fillers."""
    if not shot.cqe_mixed:
        return frozenset()
    ready = ((shot.cq_head + step) & U32 for step in range(shot.ready))
    return frozenset(ready) - {index for index, _ in shot.ready_cqes()}


def cq_cell(
    shot: RingSnapshot, slot: int, names: dict[int, str], rest: frozenset[int] = frozenset()
) -> Cell:
    """What a slot of the CQ holds: ● ready, ✗ ready and failed, ✓ seen, ┄ no CQE begins here."""
    index = (shot.cq_tail - 1 - ((shot.cq_tail - 1 - slot) & shot.cq_mask)) & U32
    age = (shot.cq_tail - 1 - index) & U32
    if age >= shot.cq_tail and shot.cq_tail < shot.cq_entries:
        return EMPTY
    if index in rest:
        return REST
    cqe = shot.cqe(index)
    name = names.get(cqe.user_data, "")
    result = errno_name(cqe.res).removeprefix("E") if cqe.res < 0 else str(cqe.res)
    word = name or str(cqe.user_data)
    if age >= shot.ready:
        return Cell("✓", word, result, Role.DIM)
    if cqe.res < 0:
        return Cell("✗", word, result, Role.BAD)
    return Cell("●", word, result, Role.GOOD)


def cq_rows(view: View, width: int, height: int) -> list[Row]:
    """The whole pane."""
    shot = view.shot
    if shot is None:
        return [[("no ring yet", Role.DIM)]]
    mask = shot.cq_mask
    rest = rest_of_large(shot)
    pointers = [
        Pointer("head", shot.cq_head & mask, Role.YOU, "CQ head" in view.moved),
        Pointer("tail", shot.cq_tail & mask, Role.KERNEL, "CQ tail" in view.moved),
    ]
    rows = queue_rows(
        shot.cq_entries,
        lambda slot: cq_cell(shot, slot, view.names, rest),
        pointers,
        width,
        height - 1,
        shot.cq_tail & mask,
    )
    figures: Row = [
        (
            f"head {shot.cq_head}→{shot.cq_head & mask}",
            Role.MOVED if "CQ head" in view.moved else Role.YOU,
        ),
        ("  ", Role.PLAIN),
        (
            f"tail {shot.cq_tail}→{shot.cq_tail & mask}",
            Role.MOVED if "CQ tail" in view.moved else Role.KERNEL,
        ),
        ("  ", Role.PLAIN),
        (f"● {shot.ready} ready", Role.PLAIN),
    ]
    if shot.sq_flags & SqRingFlags.CQ_OVERFLOW:
        figures += [("  OVERFLOW: more wait in the kernel", Role.BAD)]
    return [*rows, clip(figures, width)]
