"""What changed between two looks at a ring, as events in the order they must have happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uringlab.observe.event import (
    Consumed,
    CounterChanged,
    Event,
    FlagsChanged,
    Missed,
    Posted,
    Published,
    Rewritten,
    Seen,
    Staged,
    TakenBack,
)
from uringlab.observe.snapshot import U32

if TYPE_CHECKING:
    from uringlab.observe.snapshot import RingSnapshot

_HALF = 1 << 31


def diff(ring: str, before: RingSnapshot, after: RingSnapshot) -> list[Event]:
    """Tell the steps from one snapshot to the next.

    A request can only be staged, then published, then consumed, then posted, then seen; the
    events come in that order. What was overwritten between the looks is counted as `Missed`.
    """
    when = (ring, after.time_ns, before.time_ns)
    events: list[Event] = []
    if before.sqes != after.sqes:
        events += _rewritten(when, before, after)
    events += _staged(when, before, after)
    events += _tail_moved(when, before, after)
    if before.sq_head != after.sq_head:
        events.append(Consumed(*when, before.sq_head, after.sq_head))
    if before.sq_dropped != after.sq_dropped:
        events.append(CounterChanged(*when, "SQ dropped", before.sq_dropped, after.sq_dropped))
    events += _posted(when, before, after)
    if before.sq_flags != after.sq_flags:
        events.append(FlagsChanged(*when, before.sq_flags, after.sq_flags))
    if before.cq_overflow != after.cq_overflow:
        events.append(CounterChanged(*when, "CQ overflow", before.cq_overflow, after.cq_overflow))
    if before.cq_head != after.cq_head:
        events.append(Seen(*when, before.cq_head, after.cq_head))
    return events


def _rewritten(
    when: tuple[str, int, int], before: RingSnapshot, after: RingSnapshot
) -> list[Event]:
    """Slots that were staged, and say something else now.

    They may have been published since: nobody writes to them after that, until the slot is
    taken again.
    """
    events: list[Event] = []
    for step in range(min(before.staged, before.sq_entries)):
        index = (before.sq_tail + step) & U32
        not_reused = 0 < ((after.sq_local - index) & U32) <= after.sq_entries
        data = after.sqe_bytes(index)
        if not_reused and data != before.sqe_bytes(index):
            events.append(Rewritten(*when, index, index & after.sq_mask, data))
    return events


def _staged(when: tuple[str, int, int], before: RingSnapshot, after: RingSnapshot) -> list[Event]:
    count = (after.sq_local - before.sq_local) & U32
    if count == 0 or count >= _HALF:
        return []
    lost = max(0, count - after.sq_entries)
    events: list[Event] = [Missed(*when, "SQE", lost)] if lost else []
    for step in range(lost, count):
        index = (before.sq_local + step) & U32
        events.append(Staged(*when, index, index & after.sq_mask, after.sqe_bytes(index)))
    return events


def _tail_moved(
    when: tuple[str, int, int], before: RingSnapshot, after: RingSnapshot
) -> list[Event]:
    count = (after.sq_tail - before.sq_tail) & U32
    if count == 0:
        return []
    kind = Published if count < _HALF else TakenBack
    return [kind(*when, before.sq_tail, after.sq_tail)]


def _posted(when: tuple[str, int, int], before: RingSnapshot, after: RingSnapshot) -> list[Event]:
    count = (after.cq_tail - before.cq_tail) & U32
    start, lost = before.cq_tail, max(0, count - after.cq_entries)
    if lost:
        start = (start + lost) & U32
        if after.cqe_mixed:
            # Whether a CQE begins there nobody knows. At slot 0 one does: none lies across
            # the end of the queue.
            more = -start & after.cq_mask
            start, lost = (start + more) & U32, lost + more
    what = "CQE slot" if after.cqe_mixed else "CQE"
    events: list[Event] = [Missed(*when, what, lost)] if lost else []
    for index, data in after.walk(start, after.cq_tail):
        slots = after.slots_of(data)
        events.append(Posted(*when, index, index & after.cq_mask, data, slots))
    return events
