"""Watching one source: look, see what changed, write it down."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from uringlab.observe.diff import diff
from uringlab.observe.event import Closed, Opened, SystemCall
from uringlab.observe.log import Look

if TYPE_CHECKING:
    from uringlab.observe.event import Event
    from uringlab.observe.log import EventLog
    from uringlab.observe.snapshot import RingSnapshot
    from uringlab.observe.source import Source


class Observer:
    """Looks at a source and logs what changed since the look before.

    Whoever acts on the ring looks right before and right after, so that each step is an event of
    its own; a timer looks in between, for what the kernel does by itself. Looks may come from
    any thread; a lock keeps them in order.

    Attributes:
        snapshot: the latest look.
    """

    def __init__(self, source: Source, log: EventLog) -> None:
        """Take the first look.

        Raises:
            LookupError: there is nothing to look at.
        """
        self.source = source
        self.log = log
        self._lock = threading.RLock()
        first = source.sample()
        if first is None:
            raise LookupError(f"{source.name} cannot be looked at")
        self.snapshot: RingSnapshot = first
        self.open = True
        self._looked_ns = first.time_ns
        log.look(Look(source.name, None, first, 0, [self._opened(first)]))

    def _opened(self, first: RingSnapshot) -> Event:
        source, at = self.source, first.time_ns
        return Opened(source.name, at, at, first.sq_entries, first.cq_entries, *source.facts)

    def look(self) -> RingSnapshot:
        """Look now, and log what changed. The latest snapshot, even when the ring has gone."""
        with self._lock:
            if not self.open:
                return self.snapshot
            asked = time.monotonic_ns()
            now = self.source.sample()
            if now is None:
                self.open = False
                when = time.monotonic_ns()
                self.log.append([Closed(self.source.name, when, when)])
            elif now is not self.snapshot:
                # Nothing had moved up to the last look, however old the snapshot it gave.
                before, self.snapshot = self.snapshot, now
                since = max(before.time_ns, min(self._looked_ns, now.time_ns))
                name = self.source.name
                self.log.look(Look(name, before, now, since, diff(name, before, now, since)))
            self._looked_ns = asked
            return self.snapshot

    def note_call(
        self, name: str, args: tuple[tuple[str, int | str], ...], result: int, when_ns: int
    ) -> None:
        """Log a system call that returned, and then what it changed in memory."""
        with self._lock:
            self.log.append([SystemCall(self.source.name, when_ns, when_ns, name, args, result)])
            self.look()
