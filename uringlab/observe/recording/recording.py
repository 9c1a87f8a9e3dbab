"""Reading a recording: any moment, forwards and back."""

from __future__ import annotations

import re
from collections import OrderedDict, deque
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from uringlab.observe.diff import diff
from uringlab.observe.event import Closed, Event
from uringlab.observe.recording.codec import (
    Entry,
    event_from_plain,
    next_look,
    requests_from_plain,
    ring_from_plain,
)
from uringlab.observe.recording.error import RecordingError
from uringlab.observe.recording.moment import Moment, Note, RingAt
from uringlab.observe.recording.recorder import is_error
from uringlab.observe.recording.store import Store, unpack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from uringlab.observe.requests import Requests

RECENT = 200
"""Events that a moment shows."""
RECENT_NOTES = 50
CHUNKS = 3
"""How many are kept unpacked: stepping back and forth across an edge reads nothing anew."""
_USER_DATA = re.compile(r"(?:user_data=)?(0x[0-9a-fA-F]+|\d+)")
_BY_DEFAULT = re.compile(r"r(\d+)")


class _Step(NamedTuple):
    """An entry, read: what it did to a ring, and what it told."""

    first: int
    ring: str
    now: RingAt | None
    events: list[Event]
    other: list[Any] | None


class _Chunk:
    """A stretch of the recording, unpacked."""

    def __init__(self, first_event: int, keyframe: bytes, blocks: list[bytes]) -> None:
        """Work out every look and every event. Requests are folded later, by `fold`."""
        self.first = first_event
        rings, self.requests, self.current = unpack(keyframe)
        self.rings = {opened.ring: ring for opened, ring in map(ring_from_plain, rings)}
        self.steps: list[_Step] = []
        self.blocks = len(blocks)
        self._now = dict(self.rings)
        self.end = first_event
        self.add(blocks)

    def add(self, blocks: list[bytes]) -> None:
        """More of it: it is still being written."""
        for block in blocks:
            for entry in unpack(block):
                self._step(entry)

    def _step(self, entry: list[Any]) -> None:
        first = self.end
        ring, now, events, other = "", None, [], None
        match entry[0]:
            case Entry.LOOK:
                ring = entry[1]
                was = self._now[ring]
                after, since = next_look(was.snapshot, entry)
                events = diff(ring, was.snapshot, after, since)
                if len(events) != entry[-1]:
                    raise RecordingError(
                        f"a look tells {len(events)} events, and told {entry[-1]} when it was "
                        "recorded: the file is damaged, or another version of uringlab made it"
                    )
                now = was._replace(snapshot=after)
            case Entry.FIRST:
                opened, now = ring_from_plain(entry[1:])
                ring, events = opened.ring, [opened]
            case Entry.ACT:
                events = [event_from_plain(entry[1:])]
                if isinstance(events[0], Closed):
                    ring = events[0].ring
                    self._now.pop(ring, None)
            case _:
                other = entry
        if now is not None:
            self._now[ring] = now
        self.end += len(events)
        self.steps.append(_Step(first, ring, now, events, other))

    def events(self) -> Iterator[Event]:
        """All of them."""
        for step in self.steps:
            yield from step.events


class _Place:
    """How far the chunk has been folded. Goes forwards only."""

    def __init__(self, chunk: _Chunk) -> None:
        """At the keyframe."""
        self.chunk = chunk
        self.number = chunk.first
        self.requests: Requests = requests_from_plain(chunk.requests)
        self.rings = dict(chunk.rings)
        self.current: str = chunk.current
        self._at = 0  # of the steps
        self._within = 0  # of that step's events

    def go(self, number: int) -> None:
        """On to a moment. What was typed after its event, and before the next, belongs to it."""
        steps = self.chunk.steps
        while self._at < len(steps):
            step = steps[self._at]
            if step.other is not None:
                self._other(step.other)
                self._at += 1
                continue
            if self.number >= number:
                return
            self._ring(step)
            wanted = min(number - self.number, len(step.events) - self._within)
            self.requests.take(step.events[self._within : self._within + wanted])
            self.number += wanted
            self._within += wanted
            if self._within < len(step.events):
                return
            self._at, self._within = self._at + 1, 0

    def _ring(self, step: _Step) -> None:
        if step.now is not None:
            self.rings[step.ring] = step.now
        elif step.ring:
            self.rings.pop(step.ring, None)

    def _other(self, entry: list[Any]) -> None:
        if entry[0] == Entry.NAME:
            self.requests.name(*entry[1:])
        elif entry[0] == Entry.CURRENT:
            self.current = entry[1]


class Recording:
    """A `History` that is read from a store. One thread uses it.

    Args:
        store: whoever opened it closes it; `with Recording.open(path)` does both.
    """

    def __init__(self, store: Store) -> None:
        """Nothing read yet."""
        self.store = store
        self._chunks: OrderedDict[int, _Chunk] = OrderedDict()
        self._place: _Place | None = None

    @classmethod
    def open(cls, path: Path) -> Self:
        """A file.

        Raises:
            RecordingError: see `Store.open`.
        """
        return cls(Store.open(path))

    def close(self) -> None:
        """Close the store."""
        self.store.close()

    def __enter__(self) -> Self:
        """`with Recording.open(path) as recording:`."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    # -- what there is ------------------------------------------------------------------

    @property
    def first(self) -> int:
        """The number of the oldest moment."""
        return self.store.ends()[0]

    @property
    def count(self) -> int:
        """The number of the newest moment. It grows while the recording is being written."""
        return self.store.ends()[1]

    @property
    def first_ns(self) -> int:
        """CLOCK_MONOTONIC of the first event."""
        return self.store.ends()[2]

    @property
    def last_ns(self) -> int:
        """CLOCK_MONOTONIC of the newest event."""
        return self.store.ends()[3]

    @property
    def complete(self) -> bool:
        """Whether it was closed in order. If not, the last moments may be missing."""
        return "closed" in self.store.about()

    # -- moments ---------------------------------------------------------------------------

    def moment(self, number: int) -> Moment:
        """How it was after so many events; the nearest moment there is.

        What it returns is overwritten by the next call.

        Raises:
            RecordingError: there is nothing in it, or it is damaged.
        """
        first, count, *_ = self.store.ends()
        number = max(first, min(number, count))
        chunk = self._chunk(number)
        place = self._place
        if place is None or place.chunk is not chunk or place.number > number:
            place = self._place = _Place(chunk)
        place.go(number)
        events = self._last_events(number)
        return Moment(
            number=number,
            time_ns=events[-1].time_ns if events else self.first_ns,
            rings=place.rings,
            requests=place.requests,
            events=events,
            notes=list(deque(self.notes(max(first, number - RECENT), number + 1), RECENT_NOTES)),
            current=place.current,
        )

    def events(self, start: int, stop: int) -> Iterator[Event]:
        """The events with those numbers; what is not there is left out."""
        first, count, *_ = self.store.ends()
        at, stop = max(first, start), min(count, stop)
        while at < stop:
            chunk = self._chunk(at)
            if chunk.end <= at:
                return
            yield from _part(chunk, at, stop)
            at = chunk.end

    def notes(self, start: int, stop: int) -> Iterator[Note]:
        """What was typed and answered from one moment to before another."""
        first, count, *_ = self.store.ends()
        at = max(first, start)
        while at < stop:
            chunk = self._chunk(at)
            for step in chunk.steps:
                other = step.other
                if other is not None and other[0] == Entry.NOTE and start <= step.first < stop:
                    yield Note(step.first, *other[1:])
            if chunk.end >= count:
                return
            at = chunk.end

    def _last_events(self, number: int) -> list[Event]:
        return list(self.events(number - RECENT, number))

    # -- jumps -------------------------------------------------------------------------------

    def at_time(self, time_ns: int) -> int:
        """How many events there were at that time."""
        block = self.store.event_at(time_ns)
        if block is None:
            return self.count
        at = block
        for event in self.events(block, self.count):
            if event.time_ns > time_ns:
                break
            at += 1
        return at

    def next_error(self, number: int, *, backwards: bool = False) -> int | None:
        """The moment right after the next failure: a CQE below zero, a call that failed."""
        at = number - 1 if backwards else number
        while (found := self.store.with_errors(at, backwards=backwards)) is not None:
            first, end = found
            numbers = [
                index
                for index, event in enumerate(self.events(first, end), first)
                if is_error(event) and ((index < at) if backwards else (index >= at))
            ]
            if numbers:
                return (numbers[-1] if backwards else numbers[0]) + 1
            at = first if backwards else end
        return None

    def find_request(self, text: str, number: int = 0) -> int | None:
        """The moment in which a request was staged: `r17`, another name, `user_data=5`, `5`."""
        text = text.strip()
        wanted: list[dict[str, Any]] = [{"name": text}]
        match = _USER_DATA.fullmatch(text) or _BY_DEFAULT.fullmatch(text)
        if match is not None:
            user_data = int(match.group(1), 0 if match.group(1)[:2] == "0x" else 10)
            wanted.append({"user_data": user_data})
        for start in (number, 0):
            found = [
                event
                for one in wanted
                if one.get("user_data", 0) < 1 << 64
                and (event := self.store.staged(start, **one)) is not None
            ]
            if found:
                return min(found) + 1
        return None

    # -- chunks --------------------------------------------------------------------------------

    def _chunk(self, number: int) -> _Chunk:
        """The chunk that has the event of that number, or the last there is."""
        row = self.store.chunk_of(number)
        if row is None:
            raise RecordingError(f"there is nothing in {self.store.where or 'this recording'} yet")
        index, first_event, keyframe = row
        chunk = self._chunks.get(index)
        if chunk is None:
            chunk = _Chunk(first_event, keyframe, self.store.blocks_of(index))
            self._chunks[index] = chunk
            if len(self._chunks) > CHUNKS:
                self._chunks.popitem(last=False)
        else:
            self._chunks.move_to_end(index)
            blocks = self.store.blocks_of(index, chunk.blocks)
            chunk.blocks += len(blocks)
            chunk.add(blocks)
        return chunk


def _part(chunk: _Chunk, start: int, stop: int) -> Iterator[Event]:
    """The events of a chunk with those numbers."""
    for step in chunk.steps:
        if step.first >= stop:
            return
        if step.first + len(step.events) > start:
            yield from step.events[max(0, start - step.first) : stop - step.first]
