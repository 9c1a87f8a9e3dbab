"""What an `expect` speaks of, and the words it may say of it."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from uringlab.core.abi import CQE_BUFFER_SHIFT, CqeFlags
from uringlab.core.buffers import Buffer
from uringlab.lab.condition import Found
from uringlab.lab.errors import LineError, did_you_mean
from uringlab.lab.names import BufferThing, ChildThing, FileThing, RequestThing, RingThing
from uringlab.lab.values import to_int
from uringlab.observe.request import State

if TYPE_CHECKING:
    from collections.abc import Callable

    from uringlab.lab.condition import Condition
    from uringlab.lab.errors import Span
    from uringlab.lab.session import Session
    from uringlab.observe.snapshot import RingSnapshot

RING_WORDS: dict[str, Callable[[RingSnapshot], int]] = {
    "sq.head": lambda shot: shot.sq_head,
    "sq.tail": lambda shot: shot.sq_tail,
    "sq.local": lambda shot: shot.sq_local,
    "sq.staged": lambda shot: shot.staged,
    "sq.pending": lambda shot: shot.pending,
    "sq.free": lambda shot: shot.free,
    "sq.entries": lambda shot: shot.sq_entries,
    "sq.flags": lambda shot: shot.sq_flags,
    "sq.dropped": lambda shot: shot.sq_dropped,
    "cq.head": lambda shot: shot.cq_head,
    "cq.tail": lambda shot: shot.cq_tail,
    "cq.ready": lambda shot: shot.ready,
    "cq.entries": lambda shot: shot.cq_entries,
    "cq.overflow": lambda shot: shot.cq_overflow,
}
REQUEST_WORDS = ("res", "flags", "buffer", "state", "op", "cqes", "user_data")
REQUESTS = "requests"
"""The subject for all requests of the session: how many are in which state."""


def looker(session: Session, subject: str, span: Span | None) -> Callable[[Condition], Found]:
    """How the conditions about a subject are looked up. Without one: about the ring in use.

    Raises:
        LineError: there is no such thing, or nothing can be said of it.
    """
    if not subject and session.current is None:
        raise LineError("there is no ring yet", None, "ring new r0 entries=8")
    if not subject:
        return lambda condition: _ring_word(session, session.ring(), condition)
    thing = session.names.get(subject)
    match thing:
        case None if subject == REQUESTS:
            return lambda condition: _requests_word(session, condition)
        case None:
            raise LineError(
                f'nothing is called "{subject}".'
                f"{did_you_mean(subject, [*session.names, REQUESTS])}",
                span,
                "show names",
            )
        case RingThing():
            return lambda condition: _ring_word(session, thing, condition)
        case RequestThing():
            return lambda condition: _request_word(thing, condition)
        case BufferThing():
            return lambda condition: _buffer_word(thing, condition)
        case FileThing():
            return lambda condition: _file_word(thing, condition)
        case ChildThing():
            raise LineError(
                f"{thing.name} is a child process: wait for it with WAITID, and expect that",
                span,
                f"do waitid {thing.name} -> r1",
            )


def _ring_word(session: Session, thing: RingThing, condition: Condition) -> int:
    if condition.path in RING_WORDS:
        return RING_WORDS[condition.path](thing.observer.snapshot)
    if condition.path == "inflight":
        return session.requests.in_flight(thing.name)
    if condition.path == "setup.flags":
        return int(thing.ring.params.flags)
    queue, _, offset = condition.path.partition(".")
    number = to_int(offset)
    if queue == "memory" and number is not None:
        try:
            return thing.ring.memory.sq.u32(number)
        except ValueError as error:
            raise LineError(str(error), condition.span) from error
    known = [*RING_WORDS, "inflight", "setup.flags", "memory.0"]
    raise LineError(
        f'a ring has no "{condition.path}".{did_you_mean(condition.path, known)} '
        f"It has: {', '.join(known)}",
        condition.span,
    )


def _request_word(thing: RequestThing, condition: Condition) -> Found:
    one = thing.request
    last = one.completions[-1].cqe if one.completions else None
    match condition.path:
        case "res":
            return None if last is None else last.res
        case "flags":
            return None if last is None else last.flags
        case "buffer":
            picked = last is not None and last.flags & CqeFlags.BUFFER
            return last.flags >> CQE_BUFFER_SHIFT if last is not None and picked else None
        case "state":
            _check_state(condition)
            return str(one.state)
        case "op":
            return one.decoded().name
        case "cqes":
            return one.count
        case "user_data":
            return one.user_data
    raise LineError(
        f'a request has no "{condition.path}"; it has {", ".join(REQUEST_WORDS)}', condition.span
    )


def _check_state(condition: Condition) -> None:
    states = [str(state) for state in State]
    if condition.wanted.lower() not in states:
        raise LineError(
            f'there is no state "{condition.wanted}".{did_you_mean(condition.wanted, states)} '
            f"There are: {', '.join(states)}",
            condition.span,
        )


def _requests_word(session: Session, condition: Condition) -> int:
    requests = session.requests
    states = {str(state).replace(" ", "_"): state for state in State}
    if condition.path in states:
        return sum(one.state is states[condition.path] for one in requests)
    if condition.path == "failed":
        finals = (one.final for one in requests)
        return sum(final is not None and final.res < 0 for final in finals)
    if condition.path == "strays":
        return len(requests.strays)
    known = [*states, "failed", "strays"]
    raise LineError(
        f'requests have no "{condition.path}".{did_you_mean(condition.path, known)} '
        f"They have: {', '.join(known)}",
        condition.span,
    )


def _buffer_word(thing: BufferThing, condition: Condition) -> int | bytes:
    if condition.path == "size":
        return len(thing.buffer)
    if condition.path == "text" and isinstance(thing.buffer, Buffer):
        return bytes(thing.buffer)
    raise LineError(f'a buffer has text and size, no "{condition.path}"', condition.span)


def _file_word(thing: FileThing, condition: Condition) -> int | bytes:
    if condition.path == "open":
        return int(thing.fd.owned)
    if condition.path in ("size", "text"):
        if not thing.leads_here():
            raise LineError(f"{thing.name} is closed", condition.span)
        info = os.fstat(thing.fd.number)
        if not stat.S_ISREG(info.st_mode):
            raise LineError(f"{thing.name} is no regular file", condition.span)
        size = info.st_size
        return size if condition.path == "size" else os.pread(thing.fd.number, size, 0)
    raise LineError(f'a file has open, size and text, no "{condition.path}"', condition.span)
