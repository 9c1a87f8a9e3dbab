"""What happened since it was last asked: for whoever tells events as they come."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from uringlab.observe.event import Consumed, Missed, Posted, Published, Seen, Staged

if TYPE_CHECKING:
    from uringlab.lab.session import Session
    from uringlab.observe.event import Event
    from uringlab.observe.log import EventLog


_ENTRIES = (Staged, Posted)
_MOVES = (*_ENTRIES, Published, Consumed, Seen)


def in_short(events: list[Event], dropped: tuple[type[Event], ...] = _ENTRIES) -> list[Event]:
    """Without the few SQEs and CQEs that a look saw when it missed more of them."""
    partial = {(one.ring, one.since_ns) for one in events if isinstance(one, Missed)}
    if not partial:
        return events
    return [
        one
        for one in events
        if not isinstance(one, dropped) or (one.ring, one.since_ns) not in partial
    ]


class News:
    """A place in a session's event log. `reset` begins a new log; the place begins with it."""

    def __init__(self, session: Session) -> None:
        """From the beginning."""
        self._session = session
        self._log: EventLog | None = None
        self._told = 0
        self._missed: dict[tuple[str, str], Missed] = {}
        self._lock = threading.Lock()

    def take(self) -> list[Event]:
        """The events since the last call, each once, whoever asks."""
        with self._lock:
            return self._take()

    def _take(self) -> list[Event]:
        log = self._session.log
        if log is not self._log:
            self._log, self._told = log, 0
        events, self._told = log.after(self._told)
        return events

    def digest(self) -> list[Event]:
        """The same, for whoever prints a line for each: a storm is told in two.

        A look that missed SQEs or CQEs shows a few of thousands: how many came and went is summed
        up, and told once the storm is over.
        """
        with self._lock:
            events = self._take()
            if not self._missed and not any(isinstance(one, Missed) for one in events):
                return events
            told = []
            for one in in_short(events, _MOVES):
                if isinstance(one, Missed):
                    self._add(one)
                else:
                    told.append(one)
            if self._session.storm is None:
                told += self._missed.values()
                self._missed.clear()
            return told

    def _add(self, one: Missed) -> None:
        key = one.ring, one.what
        sum_up = self._missed.get(key, Missed(one.ring, one.time_ns, one.since_ns, one.what, 0))
        count = sum_up.count + one.count
        self._missed[key] = Missed(one.ring, one.time_ns, sum_up.since_ns, one.what, count)
