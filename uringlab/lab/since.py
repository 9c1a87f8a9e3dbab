"""Since when something is as it is: the last event that could have changed it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from uringlab.lab.names import RequestThing, RingThing
from uringlab.observe.event import (
    Consumed,
    Event,
    Posted,
    Published,
    Seen,
    SqFlagsChanged,
    Staged,
    TakenBack,
)

if TYPE_CHECKING:
    from uringlab.lab.condition import Condition
    from uringlab.lab.session import Session

_CHANGED_BY: dict[str, tuple[type[Event], ...]] = {
    "sq.head": (Consumed,),
    "sq.tail": (Published, TakenBack),
    "sq.local": (Staged, TakenBack),
    "sq.staged": (Staged, Published, TakenBack),
    "sq.pending": (Published, Consumed, TakenBack),
    "sq.free": (Staged, Consumed, TakenBack),
    "sq.flags": (SqFlagsChanged,),
    "cq.head": (Seen,),
    "cq.tail": (Posted,),
    "cq.ready": (Posted, Seen),
    "inflight": (Consumed, Posted),
}


def since(session: Session, subject: str, condition: Condition) -> str:
    """`, since 12 ms ago (kernel: …)`; "" where nothing that was seen says it."""
    thing = session.names.get(subject) if subject else session.current
    match thing:
        case RingThing() if condition.path in _CHANGED_BY:
            return _ring(session, thing.name, condition.path)
        case RequestThing():
            return _request(thing, condition.path)
    return ""


def _ring(session: Session, ring: str, word: str) -> str:
    for event in reversed(session.log.since(0)):
        if event.ring == ring and isinstance(event, _CHANGED_BY[word]):
            what = " ".join(session.say(event).split())
            return f", since {_ago(event.time_ns)} ({event.actor}: {what})"
    return ", as it was when the ring was set up"


def _request(thing: RequestThing, word: str) -> str:
    one = thing.request
    newest = [completion.posted for completion in one.completions[-1:]]
    if word in ("res", "flags", "cqes", "buffer"):
        if newest:
            return f", since {_ago(newest[0].time_ns)}"
        return f"; it was staged {_ago(one.staged.time_ns)}"
    if word == "state":
        times = [one.staged, one.published, one.consumed, *newest, one.seen]
        return f", since {_ago(max(when.time_ns for when in times if when is not None))}"
    return ""


def _ago(time_ns: int) -> str:
    passed = max(0, time.monotonic_ns() - time_ns)
    for unit, size in (("s", 10**9), ("ms", 10**6)):
        if passed >= size:
            return f"{passed / size:.3g} {unit} ago"
    return f"{passed / 1000:.0f} µs ago"
