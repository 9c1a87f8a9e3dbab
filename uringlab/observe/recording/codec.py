"""Entries and keyframes, as plain values and back.

An entry is a list whose first place says what it is (`Entry`). What a look found is written as
what differs from the look before: words, and slots. What it *tells* is not written: on both
sides the same `diff` works it out, so an event and the memory that it tells of cannot disagree.
"""

from __future__ import annotations

from dataclasses import fields
from enum import IntEnum
from typing import TYPE_CHECKING, Any, cast

from uringlab.observe.event import KINDS, Event, Opened
from uringlab.observe.recording.moment import RingAt
from uringlab.observe.requests import Requests
from uringlab.observe.snapshot import Acts, RingSnapshot
from uringlab.observe.source import Facts

if TYPE_CHECKING:
    from uringlab.observe.log import Look


class Entry(IntEnum):
    """What an entry is. The number is in the file."""

    LOOK = 0
    """ring, since (before time), [word, difference, …], SQE bytes, CQE bytes, how many events"""
    FIRST = 1
    """a ring, whole: its Opened event, the snapshot's words, SQE bytes, CQE bytes"""
    ACT = 2
    """an event that no look shows"""
    NAME = 3
    """ring, index, the name of the request that was staged there"""
    NOTE = 4
    """line or data, text"""
    CURRENT = 5
    """the ring in use"""


Plain = list[Any]
_BYTES = (14, 15)
"""Where `sqes` and `cqes` stand among a snapshot's fields."""


# -- looks --------------------------------------------------------------------------------


def look_entry(look: Look) -> Plain:
    """A look, as what differs from the one before."""
    before, after = look.before, look.after
    if before is None:
        raise ValueError("the first look is written whole")
    old, new = words_of(before), words_of(after)
    moved: list[int] = []
    for place, (was, now) in enumerate(zip(old, new, strict=True)):
        if was != now:
            moved += (place, now - was)
    return [
        int(Entry.LOOK),
        look.ring,
        look.since_ns - before.time_ns,
        moved,
        changed(before.sqes, after.sqes, after.sqe_size),
        changed(before.cqes, after.cqes, after.cqe_size),
        len(look.events),
    ]


def next_look(before: RingSnapshot, entry: Plain) -> tuple[RingSnapshot, int]:
    """The look that an entry tells from the one before, and since when."""
    _, _, since, moved, sqes, cqes, _ = entry
    words = list(words_of(before))
    for at in range(0, len(moved), 2):
        words[moved[at]] += moved[at + 1]
    after = to_snapshot(words, patched(before.sqes, sqes), patched(before.cqes, cqes))
    return after, before.time_ns + since


def words_of(shot: RingSnapshot) -> tuple[int, ...]:
    """Everything in a snapshot but the queues' bytes."""
    numbers = cast("tuple[int, ...]", shot[: _BYTES[0]])
    return (*numbers, *shot.acts, shot.cqe_mixed)


def to_snapshot(words: list[int], sqes: bytes, cqes: bytes) -> RingSnapshot:
    """Back from `words_of`."""
    acts = Acts._make(words[_BYTES[0] : -1])
    return RingSnapshot._make((*words[: _BYTES[0]], sqes, cqes, bool(words[-1]), acts))


def changed(old: bytes, new: bytes, size: int) -> Plain:
    """[start, bytes, …] of the slots that differ; neighbours are one.

    A queue of another length is written whole.
    """
    if old == new:
        return []
    if len(old) != len(new):
        return [-1, new]
    runs: list[tuple[int, int]] = []
    todo = [(0, len(new) // size)]
    while todo:
        first, last = todo.pop()
        start, end = first * size, last * size
        if old[start:end] == new[start:end]:
            continue
        if last - first == 1:
            if runs and runs[-1][1] == start:
                runs[-1] = (runs[-1][0], end)
            else:
                runs.append((start, end))
            continue
        middle = (first + last) // 2
        todo += ((middle, last), (first, middle))
    out: Plain = []
    for start, end in runs:
        out += (start, new[start:end])
    return out


def patched(old: bytes, changes: Plain) -> bytes:
    """What `changed` told."""
    if not changes:
        return old
    if changes[0] == -1:
        whole: bytes = changes[1]
        return whole
    new = bytearray(old)
    for at in range(0, len(changes), 2):
        start, data = changes[at], changes[at + 1]
        new[start : start + len(data)] = data
    return bytes(new)


# -- events ---------------------------------------------------------------------------------


def event_to_plain(event: Event) -> Plain:
    """An event: its kind, then its fields in their order."""
    return [event.kind, *(getattr(event, one.name) for one in fields(event))]


def event_from_plain(plain: Plain) -> Event:
    """Back. Lists become the tuples that events are made of."""
    kind, *values = plain
    return KINDS[kind](*(_frozen(value) for value in values))


def _frozen(value: Any) -> Any:
    return tuple(_frozen(one) for one in value) if isinstance(value, list) else value


# -- keyframes ------------------------------------------------------------------------------


def ring_to_plain(opened: Event, shot: RingSnapshot) -> Plain:
    """A ring, whole."""
    return [event_to_plain(opened), list(words_of(shot)), shot.sqes, shot.cqes]


def ring_from_plain(plain: Plain) -> tuple[Opened, RingAt]:
    """Back: how it was opened, and how it is."""
    opened = event_from_plain(plain[0])
    if not isinstance(opened, Opened):
        raise TypeError("a ring begins with its opening")
    facts = Facts(opened.pid, opened.fd, opened.flags)
    return opened, RingAt(to_snapshot(*plain[1:]), facts)


def requests_from_plain(plain: Any) -> Requests:
    """Back from `Requests.dump`."""
    return Requests.load(plain)
