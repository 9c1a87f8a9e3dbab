"""What `expect` understands, and whether it holds.

An expectation looks at the same snapshots and events that the screen draws, and at nothing else.
"""

from __future__ import annotations

import os
import re
import stat
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from uringlab.core.abi import CqeFlags, EnterFlags, SetupFlags, SqRingFlags
from uringlab.core.abi.named import flag_names
from uringlab.core.buffers import Buffer
from uringlab.core.errors import errno_name
from uringlab.lab.errors import ExpectationFailed, GaveUp, LineError, Span, did_you_mean
from uringlab.lab.lexer import T
from uringlab.lab.names import BufferThing, ChildThing, FileThing, RequestThing, RingThing
from uringlab.lab.values import Duration, Text, to_errno, to_int
from uringlab.observe.event import SystemCall

if TYPE_CHECKING:
    from collections.abc import Callable

    from uringlab.core.abi import Flags
    from uringlab.lab.lexer import Token
    from uringlab.lab.session import Session
    from uringlab.lab.spec import Command
    from uringlab.observe.snapshot import RingSnapshot

_RANGE = re.compile(r"(.+)\.\.(.+)")
_EVERY = 0.01
_LAST_EVENTS = 10

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
REQUEST_WORDS = ("res", "flags", "state", "op", "cqes", "user_data")
_FLAG_NAMES: dict[str, type[Flags]] = {
    "sq.flags": SqRingFlags,
    "flags": CqeFlags,
    "setup.flags": SetupFlags,
    "enter.flags": EnterFlags,
}


@dataclass(frozen=True)
class Condition:
    """`res=-ECANCELED`: what is looked at, how it is compared, with what."""

    path: str
    sign: str
    wanted: str
    is_text: bool
    span: Span


@dataclass(frozen=True)
class Expectation:
    """A parsed `expect`.

    Attributes:
        subject: a name, or "" for the ring in use.
        call: for `expect call NAME …`: the system call.
        after: for `… after r1`: the request whose CQE must have come first.
        within_ns: how long it may take to become true.
        since: for `call`: the number of the event from which on the log is looked at.
    """

    text: str
    subject: str = ""
    subject_span: Span | None = None
    call: str = ""
    conditions: tuple[Condition, ...] = ()
    after: str = ""
    within_ns: int = 0
    since: int = 0


def parse(command: Command) -> Expectation:
    """Read the tokens of an `expect`.

    Raises:
        LineError: they make no sense.
    """
    rest = list(command.tokens)
    within = 0
    if rest and rest[0].text == "within":
        if not rest[1:]:
            raise LineError("within what time? expect within 1s cq.ready=1", rest[0].span)
        within = Duration().read(rest[1])
        rest = rest[2:]
    call = subject = after = ""
    subject_span = None
    if len(rest) > 1 and rest[0].text == "call":
        call, rest = rest[1].text, rest[2:]
    elif rest and (len(rest) == 1 or rest[1].type is not T.SIGN):
        subject, subject_span, rest = rest[0].text, rest[0].span, rest[1:]
    if len(rest) > 1 and rest[-2].text == "after" and rest[-2].type is T.WORD:
        after, rest = rest[-1].text, rest[:-2]
    conditions = _conditions(rest)
    if not conditions and not call and not after:
        raise LineError("expect what? For instance: expect r1 res=5", command.span, "help expect")
    return Expectation(command.text, subject, subject_span, call, conditions, after, within)


def _conditions(rest: list[Token]) -> tuple[Condition, ...]:
    found = []
    for at in range(0, len(rest), 3):
        three = rest[at : at + 3]
        if not three[2:] or three[1].type is not T.SIGN or three[0].type is not T.WORD:
            raise LineError(
                "a condition is NAME=VALUE, as in cq.ready=3",
                three[0].span.to(three[-1].span),
                "help expect",
            )
        key, sign, value = three
        found.append(
            Condition(
                key.text, sign.text, value.text, value.type is T.STRING, key.span.to(value.span)
            )
        )
    return tuple(found)


def check(session: Session, expectation: Expectation) -> None:
    """Look until it holds or its time is over.

    Raises:
        ExpectationFailed: it does not hold; says what was expected, what is, and what happened.
        LineError: it names something that does not exist.
    """
    deadline = time.monotonic_ns() + expectation.within_ns
    while True:
        session.look()
        failed = _failure(session, expectation)
        if failed is None:
            return
        left = deadline - time.monotonic_ns()
        if left <= 0:
            break
        if session.giving_up.wait(min(_EVERY, left / 1e9)):
            raise GaveUp(f"gave up waiting: {failed[0]}", failed[1])
    message, span = failed
    if expectation.within_ns:
        message += f" (after {expectation.within_ns / 1e6:g} ms)"
    recent = session.log.last(_LAST_EVENTS)
    if recent:
        message += "\nthe last events:\n" + "\n".join(
            f"  {event.actor:<7} {session.say(event)}" for event in recent
        )
    raise ExpectationFailed(message, span)


def _failure(session: Session, expectation: Expectation) -> tuple[str, Span | None] | None:
    """What does not hold, or None."""
    if expectation.call:
        return _call_failure(session, expectation)
    look = _subject(session, expectation)
    for condition in expectation.conditions:
        found = look(condition)
        if not _holds(condition, found):
            return (
                f"expected {_of(expectation)}{condition.path}{condition.sign}{condition.wanted}, "
                f"but it is {_shown(condition.path, found)}",
                condition.span,
            )
    if expectation.after:
        return _order_failure(session, expectation)
    return None


def _of(expectation: Expectation) -> str:
    return f"{expectation.subject} " if expectation.subject else ""


def _subject(
    session: Session, expectation: Expectation
) -> Callable[[Condition], int | str | bytes | None]:
    """How the conditions of this expectation are looked up."""
    if not expectation.subject and session.current is None:
        raise LineError("there is no ring yet", None, "ring new r0 entries=8")
    if not expectation.subject:
        return lambda condition: _ring_word(session, session.ring(), condition)
    thing = session.names.get(expectation.subject)
    match thing:
        case None:
            raise LineError(
                f'nothing is called "{expectation.subject}".'
                f"{did_you_mean(expectation.subject, session.names)}",
                expectation.subject_span,
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
                expectation.subject_span,
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


def _request_word(thing: RequestThing, condition: Condition) -> int | str | None:
    one = thing.request
    match condition.path:
        case "res":
            return one.completions[-1].cqe.res if one.completions else None
        case "flags":
            return one.completions[-1].cqe.flags if one.completions else None
        case "state":
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


def _holds(condition: Condition, found: int | str | bytes | None) -> bool:
    if found is None:
        return False
    inexact = not isinstance(found, int) or _RANGE.fullmatch(condition.wanted)
    if inexact and condition.sign not in ("=", "!="):
        what = "a range" if isinstance(found, int) else "text"
        raise LineError(f"{what} is compared with = or !=, not {condition.sign}", condition.span)
    if isinstance(found, bytes):
        text = Text(condition.wanted).data
        same = found.startswith(text) and not found[len(text) :].strip(b"\0")
        return same if condition.sign == "=" else not same
    if isinstance(found, str):
        same = found.lower() == condition.wanted.lower()
        return same if condition.sign == "=" else not same
    span = _RANGE.fullmatch(condition.wanted)
    if span is not None:
        inside = _number(condition, span[1]) <= found <= _number(condition, span[2])
        return inside if condition.sign == "=" else not inside
    wanted = _number(condition, condition.wanted)
    return {
        "=": found == wanted,
        "!=": found != wanted,
        "<": found < wanted,
        "<=": found <= wanted,
        ">": found > wanted,
        ">=": found >= wanted,
    }[condition.sign]


def _number(condition: Condition, word: str) -> int:
    number = to_int(word)
    if number is None:
        number = to_errno(word)
    if number is None and condition.path in _FLAG_NAMES:
        number = 0
        for part in word.split("|"):
            bit = getattr(_FLAG_NAMES[condition.path], part.upper(), None)
            if bit is None:
                raise LineError(f'no flag "{part}"', condition.span)
            number |= int(bit)
    if number is None:
        raise LineError(
            f'{condition.path} is compared with a number or an errno, not "{word}"', condition.span
        )
    return number


def _shown(path: str, found: int | str | bytes | None) -> str:
    if found is None:
        return "not known: no CQE has come yet"
    if isinstance(found, bytes):
        return repr(found[:64].rstrip(b"\0"))[1:]
    if path == "res" and isinstance(found, int) and found < 0:
        return f"{found} ({errno_name(found)})"
    if path in _FLAG_NAMES and isinstance(found, int):
        return f"{found:#x} ({flag_names(_FLAG_NAMES[path], found)})"
    return str(found)


def _order_failure(session: Session, expectation: Expectation) -> tuple[str, Span | None] | None:
    first, second = session.names.get(expectation.after), session.names.get(expectation.subject)
    if not isinstance(first, RequestThing) or not isinstance(second, RequestThing):
        raise LineError(f"after compares two requests: expect r2 after {expectation.after}")
    if not first.request.count or not second.request.count:
        late = expectation.after if not first.request.count else expectation.subject
        return f"no CQE of {late} has come yet", expectation.subject_span
    if first.request.order < second.request.order:
        return None
    return (
        f"expected {expectation.subject} after {expectation.after}, but it came before",
        expectation.subject_span,
    )


def _call_failure(session: Session, expectation: Expectation) -> tuple[str, Span | None] | None:
    """`expect call NAME key=value…`: some call in the log matches."""
    known: set[str] = set()
    for event in session.log.since(expectation.since):
        if not isinstance(event, SystemCall) or event.name != expectation.call:
            continue
        values: dict[str, int | str] = {**dict(event.args), "res": event.result}
        known |= values.keys()
        if all(_holds(one, values.get(one.path)) for one in expectation.conditions):
            return None
    for condition in expectation.conditions:
        if known and condition.path not in known:
            raise LineError(
                f"{expectation.call} has no “{condition.path}”; it has {', '.join(sorted(known))}",
                condition.span,
            )
    wanted = " ".join(f"{c.path}{c.sign}{c.wanted}" for c in expectation.conditions)
    return f"no call of {expectation.call} with {wanted or 'any arguments'} was made", None
