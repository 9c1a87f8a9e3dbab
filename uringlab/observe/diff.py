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


When = tuple[str, int, int]
"""The ring, when at the latest, and since when: how every event begins."""


class _Looks(NamedTuple):
    """Two looks at a ring.

    Attributes:
        when: of what the kernel did: some time between the two looks.
    """

    before: RingSnapshot
    after: RingSnapshot
    when: When

    def act(self, count: int, old_count: int, time_ns: int) -> When:
        """Of what you did: exact, where the ring's own library did it just once meanwhile.

        Twice: the last time is known, and the first lies between. Never: somebody else stored
        that word, and all that is known is the looks.
        """
        ring, latest, since_ns = self.when
        if count == old_count or not since_ns <= time_ns <= latest:
            return self.when
        return ring, time_ns, time_ns if count == old_count + 1 else since_ns

    @property
    def published(self) -> When:
        """When the shared tail moved."""
        old, new = self.before.acts, self.after.acts
        return self.act(new.published, old.published, new.published_ns)

    @property
    def seen(self) -> When:
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
    if before[4:12] == after[4:12] and before[1:3] == after[1:3]:
        # By far the commonest: SQEs are staged one by one, and no word but the local tail moves.
        looks = _Looks(before, after, (ring, after[0], since_ns or before[0]))
        return [*_rewritten(looks), *_staged(looks)]
    # Both looks' words at once: naming each where it is compared costs as much as all the rest.
    was_ns, head, tail, local, flags, dropped, entries, *cq = before[:12]
    now_ns, new_head, new_tail, new_local, new_flags, new_dropped, new_entries, *new_cq = after[:12]
    when = ring, now_ns, since_ns or was_ns
    looks = _Looks(before, after, when)
    events: list[Event] = []
    if entries != new_entries or cq[-1] != new_cq[-1]:
        events.append(Resized(*when, entries, cq[-1], new_entries, new_cq[-1]))
    events += _rewritten(looks)
    if local != new_local:
        events += _staged(looks)
    if tail != new_tail:
        events.append(_tail_moved(looks))
    if head != new_head:
        events.append(_consumed(looks))
    if dropped != new_dropped:
        events.append(CounterChanged(*when, "SQ dropped", dropped, new_dropped))
    if cq != new_cq and before.cq_tail != after.cq_tail:
        events += _posted(looks)
    if flags != new_flags:
        events.append(SqFlagsChanged(*when, flags, new_flags))
    if cq != new_cq:
        events += _cq_moved(looks)
    return events


def _cq_moved(looks: _Looks) -> list[Event]:
    """What is told of the completion queue after its CQEs."""
    before, after, when = looks
    events: list[Event] = []
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
    before, after, _ = looks
    tail, local = before[2:4]
    if local == tail:
        return []
    old, new, size = before.sqes, after.sqes, before.sqe_size
    start = (tail & before.sq_mask) * size
    end = start + ((local - tail) & U32) * size
    if len(old) == len(new) and end <= len(old):
        if new.startswith(old[start:end], start):
            return []
    elif before.sqes_between(tail, local) == after.sqes_between(tail, local):
        return []
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
    before, after, when = looks
    start = before.sq_local
    count = (after.sq_local - start) & U32
    if count >= _HALF:
        return []
    entries, size, sqes = after.sq_entries, after.sqe_size, after.sqes
    old, new = before.acts, after.acts
    acts = looks.act(new.staged, old.staged, new.staged_ns)
    lost = max(0, count - entries)
    events: list[Event] = [Missed(*when, "SQE", lost)] if lost else []
    for step in range(lost, count):
        index = (start + step) & U32
        slot = index & (entries - 1)
        events.append(Staged(*acts, index, slot, sqes[slot * size : (slot + 1) * size]))
    return events


def _tail_moved(looks: _Looks) -> Event:
    before, after, _ = looks
    if (after.sq_tail - before.sq_tail) & U32 >= _HALF:
        return TakenBack(*looks.when, before.sq_tail, after.sq_tail)
    return Published(*looks.published, before.sq_tail, after.sq_tail)


def _consumed(looks: _Looks) -> Event:
    """Not before it was published, if all of it was published between the two looks."""
    before, after, (ring, _, since_ns) = looks
    _, time_ns, published_ns = looks.published
    if before.pending == 0 and time_ns == published_ns:
        since_ns = published_ns
    return Consumed(ring, after.time_ns, since_ns, before.sq_head, after.sq_head)


def _posted(looks: _Looks) -> list[Event]:
    before, after, when = looks
    before_seen, seen = when, looks.seen
    if seen[1] < after.time_ns:  # what was let go of was posted by then
        before_seen = when[0], seen[1], when[2]
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
    head, mask, size = after.cq_head, after.cq_mask, after.cqe_size
    for index, data in after.walk(start, after.cq_tail):
        gone = (head - 1 - index) & U32 < _HALF
        times = before_seen if gone else when
        events.append(Posted(*times, index, index & mask, data, len(data) // size))
    return events
