"""The event log: everything that was seen to happen, in order."""

from __future__ import annotations

import threading
from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, Protocol

from uringlab.observe.event import Closed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from uringlab.observe.event import Event
    from uringlab.observe.snapshot import RingSnapshot

KEEP = 10_000


class Look(NamedTuple):
    """One look at a ring that found something new.

    Attributes:
        ring: its name.
        before: the look before; None: this is the first.
        after: this one.
        since_ns: nothing had moved before this (CLOCK_MONOTONIC).
        events: what tells `after` from `before`.
    """

    ring: str
    before: RingSnapshot | None
    after: RingSnapshot
    since_ns: int
    events: list[Event]


class Watcher(Protocol):
    """Whoever is told not only what happened, but also what was seen: a recorder."""

    def look(self, look: Look) -> None:
        """What was seen, and what it tells."""

    def act(self, event: Event) -> None:
        """An event that no look shows."""


class EventLog:
    """Events in the order they were seen. Appended from any thread, read from any thread.

    The newest `keep` events are kept; `count` counts all there ever were, so what was let go
    is known.

    Attributes:
        count: how many events there were; the number of the next one.
        rings: of every ring that is open, how it was opened, and the latest look that was told.
    """

    def __init__(self, keep: int = KEEP) -> None:
        """Start empty."""
        self._events: deque[Event] = deque(maxlen=keep)
        self._lock = threading.RLock()
        self._listeners: list[Callable[[Sequence[Event]], None]] = []
        self._watchers: list[Watcher] = []
        self.count = 0
        self.rings: dict[str, tuple[Event, RingSnapshot]] = {}

    def listen(self, listener: Callable[[Sequence[Event]], None]) -> None:
        """Call `listener` with the events from now on, in order, under the log's lock.

        Those that one look told come together.
        """
        self._listeners.append(listener)

    def watch(self, watcher: Watcher, begin: Callable[[], None]) -> None:
        """Tell a watcher everything from now on, under the log's lock.

        `begin` is called first, under that lock too: nothing happens between what it finds and
        what the watcher is told.
        """
        with self._lock:
            begin()
            self._watchers.append(watcher)

    def unwatch(self, watcher: Watcher) -> None:
        """Tell it no more. Nothing, if it was not told anything."""
        with self._lock:
            self._watchers = [one for one in self._watchers if one is not watcher]

    def append(self, events: Iterable[Event]) -> None:
        """Add events that no look shows."""
        with self._lock:
            for event in events:
                for watcher in self._watchers:
                    watcher.act(event)
                self._add((event,))
                if isinstance(event, Closed):
                    self.rings.pop(event.ring, None)

    def look(self, look: Look) -> None:
        """Add the events that tell one look from the look before."""
        with self._lock:
            for watcher in self._watchers:
                watcher.look(look)
            opened = look.events[0] if look.before is None else self.rings[look.ring][0]
            self.rings[look.ring] = (opened, look.after)
            self._add(look.events)

    def _add(self, events: Sequence[Event]) -> None:
        self._events.extend(events)
        self.count += len(events)
        for listener in self._listeners:
            listener(events)

    def since(self, number: int) -> list[Event]:
        """The events from that number on, as far as they are kept."""
        return self.after(number)[0]

    def after(self, number: int) -> tuple[list[Event], int]:
        """The events from that number on, and the number to ask from next time."""
        with self._lock:
            wanted = self.count - number
            if wanted <= 0:
                return [], self.count
            return list(islice(reversed(self._events), wanted))[::-1], self.count

    def last(self, count: int) -> list[Event]:
        """The newest events, the oldest of them first."""
        return self.since(max(0, self.count - count))
