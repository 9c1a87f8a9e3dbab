"""Writing a recording while it happens."""

from __future__ import annotations

import os
import platform
import re
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from uringlab import __version__
from uringlab.observe.event import Event, Posted, Staged, SystemCall
from uringlab.observe.log import Look
from uringlab.observe.recording.codec import (
    Entry,
    event_to_plain,
    look_entry,
    ring_to_plain,
)
from uringlab.observe.recording.error import RecordingError
from uringlab.observe.recording.store import Block, pack

if TYPE_CHECKING:
    from uringlab.observe.log import EventLog
    from uringlab.observe.recording.store import Store
    from uringlab.observe.requests import Requests
    from uringlab.observe.snapshot import RingSnapshot

EVENTS = 1_024
"""A chunk is closed after so many events, unless its keyframe is big …"""
MOST_EVENTS = 8_192
"""… and after so many in any case: a seek reads one chunk."""
SHARE = 8
"""A keyframe should be no more than so many times the entries of its chunk."""
BLOCK = 512
"""Entries are written at the latest when there are so many …"""
EVERY = 0.1
"""… or the oldest has waited so long, in seconds."""
AHEAD = 64 << 20
"""Bytes of snapshots that may wait to be written; whoever makes more has to wait."""
SQE_USER_DATA = slice(32, 40)
_HALVES = re.compile("[\ud800-\udc7f\udd00-\udfff]")
"""Half characters that stand for no byte either: a program may type them, and no file has them."""


class _Keyframe(NamedTuple):
    """All there was at a moment; written at the beginning of a chunk."""

    first_event: int
    rings: list[tuple[Event, RingSnapshot]]
    requests: Any
    current: str


class _Named(NamedTuple):
    """A request got its name."""

    ring: str
    sqe: int
    user_data: int
    name: str


_Told = Look | Event | _Keyframe | _Named | list[Any]


class Recorder:
    """Writes what an event log tells into a store, in a thread of its own.

    Whoever acts only hands over references; packing, compressing and writing is the thread's. At
    most `EVERY` seconds after it happened it is written. If it cannot be, `error` says why, and
    recording is over.

    Args:
        store: where to. Whoever opened it closes it, after the recorder.
        log: what to listen to.
        requests: the log's lives, for the keyframes.
        keep: how many bytes to keep, about: the oldest chunks are dropped; None: all.
        payload: whether to record what lines and answers contain: see `note`.
        current: the ring in use.
    """

    def __init__(
        self,
        store: Store,
        log: EventLog,
        requests: Requests,
        *,
        keep: int | None = None,
        payload: bool = False,
        current: str = "",
    ) -> None:
        """Begin: the first keyframe has what there is now."""
        self.store = store
        self.payload = payload
        self.error: RecordingError | None = None
        self._log, self._requests, self._keep = log, requests, keep
        # What was told and is not written yet, with the bytes that it keeps; under `_more`.
        self._waiting: deque[tuple[_Told, int]] = deque()
        self._more = threading.Condition()
        self._bytes_ahead = 0
        self._told = self._done = 0
        self._hurry = self._closing = False
        # Of whoever tells, under the log's lock.
        self._current = current
        self._number = 0
        self._in_chunk = 0
        self._wanted = EVENTS
        # Of the thread.
        self._chunk = -1
        self._dropped = 0
        self._written = 0
        self._last_ns = 0
        self._thread = threading.Thread(target=self._run, name="uringlab-recorder", daemon=True)
        log.watch(self, self._begin)
        self._thread.start()

    # -- told by the log, under its lock ------------------------------------------------

    def _begin(self) -> None:
        self._keyframe()

    def _keyframe(self) -> None:
        """All there is, before what comes next."""
        rings = list(self._log.rings.values())
        size = sum(len(shot.sqes) + len(shot.cqes) for _, shot in rings)
        frame = _Keyframe(self._number, rings, self._requests.dump(), self._current)
        self._in_chunk = 0
        # Entries of a look take about as many bytes as what they tell: 64 an SQE, 16 a CQE.
        self._wanted = min(MOST_EVENTS, max(EVENTS, size // SHARE // 64))
        self._put(frame, size)

    def look(self, look: Look) -> None:
        """What was seen."""
        self._count(len(look.events))
        self._put(look, len(look.after.sqes) + len(look.after.cqes))

    def act(self, event: Event) -> None:
        """What no look shows."""
        self._count(1)
        self._put(event, 0)

    def _count(self, events: int) -> None:
        if self._in_chunk >= self._wanted:
            self._keyframe()
        self._number += events
        self._in_chunk += events

    def follow(self, log: EventLog, requests: Requests) -> None:
        """Go on with another log: the one so far is over."""
        self._log.unwatch(self)
        self._log, self._requests = log, requests
        log.watch(self, self._begin)

    # -- told by the session ---------------------------------------------------------------

    def name(self, ring: str, index: int, user_data: int, name: str) -> None:
        """The request staged at that index has a name now."""
        self._put(_Named(ring, index, user_data, name), 0)

    def use(self, ring: str) -> None:
        """Another ring is in use."""
        if ring != self._current:
            self._current = ring
            self._put([int(Entry.CURRENT), ring], 0)

    def note(self, kind: str, text: str) -> None:
        """A line that was typed (`line`), or what was answered (`data`)."""
        self._put([int(Entry.NOTE), kind, _HALVES.sub("\ufffd", text)], 0)

    def _put(self, thing: _Told, size: int) -> None:
        with self._more:
            self._more.wait_for(lambda: self._bytes_ahead <= AHEAD or self._over)
            if self._over:
                return
            self._bytes_ahead += size
            self._told += 1
            self._waiting.append((thing, size))
            if len(self._waiting) in (1, BLOCK):
                self._more.notify_all()

    @property
    def _over(self) -> bool:
        return self._closing or self.error is not None

    # -- the thread ----------------------------------------------------------------------

    def _run(self) -> None:
        over = False
        try:
            with self.store.writing() as writing:
                writing.say(**_about())
            while not over:
                taken, over = self._take()
                self._write(taken)
                with self._more:
                    self._done += len(taken)
                    self._bytes_ahead -= sum(size for _, size in taken)
                    self._more.notify_all()
            with self.store.writing() as writing:
                writing.say(closed=time.time())
            self.store.finish()
        except RecordingError as error:
            with self._more:
                self.error = error
                self._waiting.clear()
                self._more.notify_all()

    def _take(self) -> tuple[deque[tuple[_Told, int]], bool]:
        """What waits, as soon as it is worth writing; and whether it is the last."""
        with self._more:
            self._more.wait_for(lambda: self._waiting or self._hurry or self._closing)
            self._more.wait_for(
                lambda: len(self._waiting) >= BLOCK or self._hurry or self._closing, EVERY
            )
            self._hurry = False
            taken, self._waiting = self._waiting, deque()
            return taken, self._closing

    def _write(self, taken: deque[tuple[_Told, int]]) -> None:
        """Each stretch between keyframes is a block, or several."""
        if not taken:
            return
        with self.store.writing():
            block = _Block()
            for thing, _ in taken:
                if isinstance(thing, _Keyframe):
                    self._end(block)
                    block = _Block()
                    self._new_chunk(thing)
                    continue
                self._add(block, thing)
                if block.count >= BLOCK:
                    self._end(block)
                    block = _Block()
            self._end(block)

    def _new_chunk(self, frame: _Keyframe) -> None:
        self._chunk += 1
        self._written = frame.first_event
        rings = [ring_to_plain(opened, shot) for opened, shot in frame.rings]
        keyframe = pack([rings, frame.requests, frame.current])
        self.store.add_chunk(self._chunk, frame.first_event, keyframe)
        if self._keep is not None and self.store.bytes_used() > self._keep:
            self._drop()

    def _drop(self) -> None:
        """The older half of the chunks goes."""
        first = (self._dropped + self._chunk) // 2
        found = self.store.first_event_of(first)
        if found is not None and first > self._dropped:
            self.store.drop_before(first, found)
            self._dropped = first

    def _add(self, block: _Block, thing: Look | Event | _Named | list[Any]) -> None:
        match thing:
            case Look(before=None):
                block.entries.append(
                    [int(Entry.FIRST), *ring_to_plain(thing.events[0], thing.after)]
                )
                self._events(block, thing.events)
            case Look():
                block.entries.append(look_entry(thing))
                self._events(block, thing.events)
            case Event():
                block.entries.append([int(Entry.ACT), *event_to_plain(thing)])
                self._events(block, [thing])
            case _Named():
                block.entries.append([int(Entry.NAME), thing.ring, thing.sqe, thing.name])
                block.named.append(thing)
            case _:
                block.entries.append(thing)
        block.count += 1

    def _events(self, block: _Block, events: list[Event]) -> None:
        for event in events:
            block.first_ns = block.first_ns or event.time_ns
            block.last_ns = max(block.last_ns, event.time_ns)
            if isinstance(event, Staged):
                user_data = int.from_bytes(event.sqe[SQE_USER_DATA], "little")
                block.staged.append((user_data, self._written))
            elif is_error(event):
                block.errors += 1
            self._written += 1
        block.events += len(events)

    def _end(self, block: _Block) -> None:
        if not block.entries:
            return
        first = self._written - block.events
        last_ns = max(block.last_ns, self._last_ns)
        self._last_ns = last_ns
        self.store.add_block(
            Block(
                self._chunk,
                first,
                block.events,
                block.errors,
                block.first_ns or last_ns,
                last_ns,
                pack(block.entries),
            )
        )
        self.store.add_requests(block.staged)
        for one in block.named:
            if one.name != f"r{one.user_data}":
                self.store.name_request(one.user_data, one.name)

    # -- the end ----------------------------------------------------------------------------

    def flush(self) -> None:
        """Wait until all that was told so far is written, or cannot be."""
        with self._more:
            told, self._hurry = self._told, True
            self._more.notify_all()
            self._more.wait_for(lambda: self._done >= told or self._over)

    def close(self) -> None:
        """Write the rest; the recording is complete. The store stays open. Twice is once.

        Raises:
            RecordingError: it could not all be written.
        """
        self._log.unwatch(self)
        with self._more:
            self._closing = True
            self._more.notify_all()
        self._thread.join()
        if self.error is not None:
            raise self.error

    def __enter__(self) -> Self:
        """`with Recorder(…):`."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()


class _Block:
    """A block that is being filled."""

    def __init__(self) -> None:
        self.entries: list[Any] = []
        self.staged: list[tuple[int, int]] = []
        self.named: list[_Named] = []
        self.count = self.events = self.errors = self.first_ns = self.last_ns = 0


def is_error(event: Event) -> bool:
    """Whether an event tells of a failure: a CQE below zero, a system call that failed."""
    if isinstance(event, Posted):
        return bool(event.cqe[11] & 0x80)
    return isinstance(event, SystemCall) and event.result < 0


def _about() -> dict[str, object]:
    """What is worth knowing of where it was made."""
    return {
        "uringlab": __version__,
        "kernel": platform.release(),
        "machine": platform.machine(),
        "pid": os.getpid(),
        "began": time.time(),
        "began_ns": time.monotonic_ns(),
    }
