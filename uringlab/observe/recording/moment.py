"""A moment of a recording: all that was there, right after one event."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from uringlab.observe.event import Event
    from uringlab.observe.requests import Requests
    from uringlab.observe.snapshot import RingSnapshot
    from uringlab.observe.source import Facts


class RingAt(NamedTuple):
    """A ring at a moment."""

    snapshot: RingSnapshot
    facts: Facts


class Note(NamedTuple):
    """Something that was typed or answered, and after how many events.

    Attributes:
        kind: `line`: it was typed; `data`: it was answered.
    """

    number: int
    kind: str
    text: str


@dataclass
class Moment:
    """What there was when `number` events had happened.

    Attributes:
        number: so many events lead here; the newest has the number before.
        time_ns: CLOCK_MONOTONIC of that newest event.
        rings: every ring that was open, the oldest first. A look may tell several events: at
            each of them its ring is as that look found it.
        requests: the lives, folded up to here.
        events: the newest, the oldest of them first.
        notes: what was typed last, and what was answered.
        current: the ring in use; "" for none.
    """

    number: int
    time_ns: int
    rings: dict[str, RingAt]
    requests: Requests
    events: list[Event] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    current: str = ""
