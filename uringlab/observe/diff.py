"""What changed between two looks at a ring, as events in the order they must have happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from uringlab.observe.event import (
    Consumed,
    CounterChanged,
    CqFlagsChanged,
    Event,
    Missed,
    Posted,
    Published,
    Resized,
    Rewritten,
    Seen,
    SqFlagsChanged,
    Staged,
    TakenBack,
)
from uringlab.observe.snapshot import U32

if TYPE_CHECKING:
    from uringlab.observe.snapshot import RingSnapshot

_HALF = 1 << 31


class _Looks(NamedTuple):
    """Two looks at a ring, and since when what the second one saw may have been so."""

    ring: str
    before: RingSnapshot
    after: RingSnapshot
    since_ns: int

    @property
    def when(self) -> tuple[str, int, int]:
        """Of what the kernel did: some time between the two looks."""
        return self.ring, self.after.time_ns, self.since_ns

    def act(self, count: int, old_count: int, time_ns: int) -> tuple[str, int, int]:
        """Of what you did: exact, where the ring's own library did it just once meanwhile.

        Twice: the last time is known, and the first lies between. Never: somebody else stored
        that word, and all that is known is the looks.
        """
        if count == old_count or not self.since_ns <= time_ns <= self.after.time_ns:
            return self.when
        return self.ring, time_ns, time_ns if count == old_count + 1 else self.since_ns

    @property
    def published(self) -> tuple[str, int, int]:
        """When the shared tail moved."""
        old, new = self.before.acts, self.after.acts
        return self.act(new.published, old.published, new.published_ns)

    @property
    def seen(self) -> tuple[str, int, int]:
        """When the CQ head moved."""
        old, new = self.before.acts, self.after.acts
        return self.act(new.seen, old.seen, new.seen_ns)


def diff(ring: str, before: RingSnapshot, after: RingSnapshot, since_ns: int = 0) -> list[Event]:
    """Tell the steps from one snapshot to the next.

    A request can only be staged, then published, then consumed, then posted, then seen; the
    events come in that order. What was overwritten between the looks is counted as `Missed`.

    Args:
        ring: its name.
        before: the look before.
        after: this look.
        since_ns: nothing had moved before this: a look that found what `before` found.
    """
    looks = _Looks(ring, before, after, since_ns or before.time_ns)
    when = looks.when
    events: list[Event] = []
    if (before.sq_entries, before.cq_entries) != (after.sq_entries, after.cq_entries):
        sizes = (before.sq_entries, before.cq_entries, after.sq_entries, after.cq_entries)
        events.append(Resized(*when, *sizes))
    if before.sq_local != before.sq_tail and before.sqes != after.sqes:
        events += _rewritten(looks)
    if before.sq_local != after.sq_local:
        events += _staged(looks)
    if before.sq_tail != after.sq_tail:
        events.append(_tail_moved(looks))
    if before.sq_head != after.sq_head:
        events.append(_consumed(looks))
    if before.sq_dropped != after.sq_dropped:
        events.append(CounterChanged(*when, "SQ dropped", before.sq_dropped, after.sq_dropped))
    if before.cq_tail != after.cq_tail:
        events += _posted(looks)
    if before.sq_flags != after.sq_flags:
        events.append(SqFlagsChanged(*when, before.sq_flags, after.sq_flags))
    if before.cq_overflow != after.cq_overflow:
        events.append(CounterChanged(*when, "CQ overflow", before.cq_overflow, after.cq_overflow))
    if before.cq_flags != after.cq_flags:
        events.append(CqFlagsChanged(*when, before.cq_flags, after.cq_flags))
    if before.cq_head != after.cq_head:
        events.append(Seen(*looks.seen, before.cq_head, after.cq_head))
    return events


def _rewritten(looks: _Looks) -> list[Event]:
    """Slots that were staged, and say something else now.

    They may have been published since: nobody writes to them after that, until the slot is
    taken again.
    """
    _, before, after, _ = looks
    acts = looks.act(after.acts.written, before.acts.written, after.acts.written_ns)
    events: list[Event] = []
    for step in range(min(before.staged, before.sq_entries)):
        index = (before.sq_tail + step) & U32
        not_reused = 0 < ((after.sq_local - index) & U32) <= after.sq_entries
        data = after.sqe_bytes(index)
        if not_reused and data != before.sqe_bytes(index):
            events.append(Rewritten(*acts, index, index & after.sq_mask, data))
    return events


def _staged(looks: _Looks) -> list[Event]:
    _, before, after, _ = looks
    count = (after.sq_local - before.sq_local) & U32
    if count >= _HALF:
        return []
    acts = looks.act(after.acts.staged, before.acts.staged, after.acts.staged_ns)
    lost = max(0, count - after.sq_entries)
    events: list[Event] = [Missed(*looks.when, "SQE", lost)] if lost else []
    for step in range(lost, count):
        index = (before.sq_local + step) & U32
        events.append(Staged(*acts, index, index & after.sq_mask, after.sqe_bytes(index)))
    return events


def _tail_moved(looks: _Looks) -> Event:
    _, before, after, _ = looks
    if (after.sq_tail - before.sq_tail) & U32 >= _HALF:
        return TakenBack(*looks.when, before.sq_tail, after.sq_tail)
    return Published(*looks.published, before.sq_tail, after.sq_tail)


def _consumed(looks: _Looks) -> Event:
    """Not before it was published, if all of it was published between the two looks."""
    ring, before, after, since_ns = looks
    _, time_ns, published_ns = looks.published
    if before.pending == 0 and time_ns == published_ns:
        since_ns = published_ns
    return Consumed(ring, after.time_ns, since_ns, before.sq_head, after.sq_head)


def _posted(looks: _Looks) -> list[Event]:
    _, before, after, _ = looks
    when, before_seen = looks.when, looks.when
    if looks.seen[1] < after.time_ns:  # what was let go of was posted by then
        before_seen = looks.ring, looks.seen[1], looks.since_ns
    count = (after.cq_tail - before.cq_tail) & U32
    start, lost = before.cq_tail, max(0, count - after.cq_entries)
    if lost:
        start = (start + lost) & U32
        if after.cqe_mixed:
            # Whether a CQE begins there nobody knows. At slot 0 one does: none lies across
            # the end of the queue.
            more = -start & after.cq_mask
            start, lost = (start + more) & U32, lost + more
    what = "CQ slot" if after.cqe_mixed else "CQE"
    events: list[Event] = [Missed(*when, what, lost)] if lost else []
    for index, data in after.walk(start, after.cq_tail):
        slots = after.slots_of(data)
        gone = (after.cq_head - 1 - index) & U32 < _HALF
        times = before_seen if gone else when
        events.append(Posted(*times, index, index & after.cq_mask, data, slots))
    return events
