"""What can be typed next in an `expect`: who is looked at, what of it, and what it may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uringlab.core import abi
from uringlab.lab.errnos import IN_IO_URING
from uringlab.lab.known import names_of
from uringlab.lab.lexer import T
from uringlab.lab.names import BufferThing, FileThing, RequestThing, RingThing
from uringlab.lab.subject import REQUEST_WORDS, REQUESTS, RING_WORDS
from uringlab.observe.event import SystemCall
from uringlab.observe.request import State

if TYPE_CHECKING:
    from collections.abc import Callable

    from uringlab.core.abi import Flags
    from uringlab.lab.names import Thing
    from uringlab.lab.place import Place
    from uringlab.lab.session import Session

    Meta = str | Callable[[], str]

_RING = {
    **dict.fromkeys((f"{word}=" for word in RING_WORDS), "of the ring"),
    "inflight=": "requests that the kernel has",
    "setup.flags=": "IORING_SETUP_*",
}
_REQUEST = {
    "res": "of its newest CQE",
    "flags": "of its newest CQE",
    "buffer": "which buffer was picked for it",
    "state": "where in its life it is",
    "op": "which opcode",
    "cqes": "how many CQEs it had",
    "user_data": "the number it is known by",
}
_BUFFER = {"text=": "what is in it", "size=": "how many bytes"}
_FILE = {"open=": "1 while it is open", "size=": "how many bytes", "text=": "what is in it"}
_REQUESTS = {
    **{f"{str(one).replace(' ', '_')}=": "how many are" for one in State},
    "failed=": "how many ended with an errno",
    "strays=": "CQEs that no request asked for",
}
_CALLS = {
    "io_uring_enter": "a call of it was made",
    "io_uring_setup": "a call of it was made",
    "io_uring_register": "a call of it was made",
}
_FLAGS: dict[str, type[Flags]] = {
    "flags": abi.CqeFlags,
    "sq.flags": abi.SqRingFlags,
    "setup.flags": abi.SetupFlags,
}
_RECENT = 100
"""Events that are looked through for a call."""
_TIMES = {"100ms": "until it is true, or so long", "1s": "until it is true, or so long"}


def expectation_words(place: Place, session: Session) -> dict[str, Meta]:
    """Words that fit at the end of an `expect`."""
    words = list(place.phrase.words)
    if words and words[0].text == "within":
        if not words[1:]:
            return dict(_TIMES)
        words = words[2:]
    if words and words[0].text == "call":
        return _call(session, [one.text for one in words[1:]], place.key)
    if words and words[0].text == "order" and not place.key:
        given = {one.text for one in words}
        all_names = names_of(session, "request", place.partial)
        return {name: meta for name, meta in all_names.items() if name not in given}
    by_itself = bool(words) and (len(words) == 1 or words[1].type is not T.SIGN)
    subject = session.names.get(words[0].text) if by_itself else None
    if place.key:
        return _values(place.key, subject)
    if words and words[-1].text == "after" and words[-1].type is T.WORD:
        return names_of(session, "request", place.partial)
    if len(words) > 1 and words[-2].text == "after" and words[-2].type is T.WORD:
        return {}
    if by_itself:
        return dict(_REQUESTS) if words[0].text == REQUESTS else _of(subject)
    found: dict[str, Meta] = dict(_RING)
    if not words:
        found = {
            **names_of(session, "request", place.partial),
            **names_of(session, "", place.partial),
            **found,
            REQUESTS: "how many are in which state",
            "order": "order r1 r2 …: their CQEs came so",
            "call": "call NAME argument=…",
        }
        if not place.phrase.words:
            found["within"] = "within TIME …"
    return found


def _of(subject: Thing | None) -> dict[str, Meta]:
    """What can be asked of one thing."""
    match subject:
        case RequestThing():
            found: dict[str, Meta] = {
                f"{word}=": _REQUEST.get(word, "of the request") for word in REQUEST_WORDS
            }
            return {**found, "after": "after REQUEST: its CQE came later"}
        case BufferThing():
            return dict(_BUFFER)
        case FileThing():
            return dict(_FILE)
        case RingThing():
            return dict(_RING)
    return {}


def _call(session: Session, words: list[str], key: str) -> dict[str, Meta]:
    """`expect call NAME`: its arguments, as far as the newest call of it had them."""
    if not words:
        return dict(_CALLS)
    if key:
        return _errnos() if key == "res" else {}
    for event in reversed(session.log.last(_RECENT)):
        if isinstance(event, SystemCall) and event.name == words[0]:
            return {"res=": "what it returned", **{f"{name}=": "" for name, _ in event.args}}
    return {"res=": "what it returned"}


def _values(key: str, subject: Thing | None) -> dict[str, Meta]:
    """What a condition's value may be."""
    if key == "state":
        return {f'"{one}"' if " " in one else str(one): "" for one in State}
    if key == "op":
        return {one.name: one.doc for one in abi.Opcode}
    if key in _FLAGS:
        return {str(one.name).lower(): one.doc for one in _FLAGS[key]}
    if key == "res":
        own = subject.op.errnos if isinstance(subject, RequestThing) else {}
        return {f"-{name}": text for name, text in own.items()} | _errnos()
    return {}


def _errnos() -> dict[str, Meta]:
    """The errnos that io_uring itself gives a meaning to."""
    return {f"-{name}": text for name, text in IN_IO_URING.items()}
