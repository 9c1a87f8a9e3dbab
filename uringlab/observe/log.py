"""The event log: everything that was seen to happen, in order."""

from __future__ import annotations

import threading
from collections import deque
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from uringlab.observe.event import Event

KEEP = 100_000


class EventLog:
    """Events in the order they were seen. Appended from any thread, read from any thread.

    The newest `keep` events are kept; `count` counts all there ever were, so what was let go
    is known.

    Attributes:
        count: how many events there were; the number of the next one.
    """

    def __init__(self, keep: int = KEEP) -> None:
        """Start empty."""
        self._events: deque[Event] = deque(maxlen=keep)
        self._lock = threading.Lock()
        self._listeners: list[Callable[[Event], None]] = []
        self.count = 0

    def listen(self, listener: Callable[[Event], None]) -> None:
        """Call `listener` with every event from now on, in order, under the log's lock."""
        self._listeners.append(listener)

    def append(self, events: Iterable[Event]) -> None:
        """Add events."""
        with self._lock:
            for event in events:
                self._events.append(event)
                self.count += 1
                for listener in self._listeners:
                    listener(event)

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
