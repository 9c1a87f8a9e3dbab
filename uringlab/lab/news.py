"""What happened since it was last asked: for whoever tells events as they come."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uringlab.lab.session import Session
    from uringlab.observe.event import Event
    from uringlab.observe.log import EventLog


class News:
    """A place in a session's event log. `reset` begins a new log; the place begins with it."""

    def __init__(self, session: Session) -> None:
        """From the beginning."""
        self._session = session
        self._log: EventLog | None = None
        self._told = 0
        self._lock = threading.Lock()

    def take(self) -> list[Event]:
        """The events since the last call, each once, whoever asks."""
        with self._lock:
            log = self._session.log
            if log is not self._log:
                self._log, self._told = log, 0
            events, self._told = log.after(self._told)
            return events
