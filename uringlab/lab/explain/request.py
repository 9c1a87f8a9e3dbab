"""A request's life: where it is, what it waits for, what its result means, what to do next."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from uringlab.core.abi import CqeFlags, Opcode, SqeFlags
from uringlab.core.abi.named import flag_names
from uringlab.core.errors import errno_name
from uringlab.lab.explain.lines import WIDE, Answer, counted, cut, sentence
from uringlab.lab.explain.result import file_of, meaning_of_result
from uringlab.lab.explain.waiting import waits_for
from uringlab.lab.verbs.lives import remarks
from uringlab.observe.cause import cause_of
from uringlab.observe.request import State

if TYPE_CHECKING:
    from uringlab.core.cq import Cqe
    from uringlab.lab.names import RequestThing
    from uringlab.lab.session import Session
    from uringlab.observe.request import Request

STATES = {
    State.STAGED: "Its SQE is written, and only the local tail has moved: the kernel cannot see "
    "it.",
    State.PUBLISHED: "The shared tail covers it: the kernel may see it, and looks when somebody "
    "enters.",
    State.IN_FLIGHT: "The kernel has copied the SQE, so its slot is free again; the memory it "
    "points to is not.",
    State.POSTED: "Its CQE lies in the completion queue.",
    State.SEEN: "Its CQE was taken, and what it held was let go. It is over.",
    State.SILENT: "The kernel has it. With CQE_SKIP_SUCCESS no CQE comes unless it fails.",
    State.MISSED: "CQEs came and went between two looks, and its own was, as far as anybody can "
    "tell, one of them: a ring at full speed laps whoever looks at it.",
    State.TAKEN_BACK: "It was published, but the ring was closed before the kernel took it.",
    State.GONE: "Its ring was closed first: no CQE of it will be seen.",
}
_LEFT_OUT = ("none", "off", "")
_AS_PLANNED = {
    Opcode.TIMEOUT: (-errno.ETIME,),
    Opcode.LINK_TIMEOUT: (-errno.ETIME, -errno.ECANCELED),
}
"""What looks like a failure and is none."""
_AGAIN = (-errno.EAGAIN, -errno.EINTR, -errno.ENOBUFS)


def explain_request(session: Session, thing: RequestThing) -> Answer:
    """In two to six lines."""
    one = thing.request
    head = cut(f"{thing.name}: {one.state}, {_said(session, one)}", WIDE)
    lines = [STATES[one.state]]
    if one.state is State.IN_FLIGHT:
        lines = [f"{STATES[one.state]} {waits_for(session, thing)}".rstrip()]
    lines.append(_result(session, one))
    lines.append(_ties(session, one))
    lines.append(f"Next: {_next(session, thing)}.")
    return Answer("request", thing.name, counted(head, *lines))


def _said(session: Session, one: Request) -> str:
    """`READ fd=5 (rd) len=5 flags=IO_LINK`: what was asked for, without what was left out."""
    decoded = one.decoded()
    file = file_of(session, one.ring, decoded.words)
    parts = [decoded.name]
    for name, value in decoded.operands:
        if value in _LEFT_OUT or (value == "0" and name.endswith(("flags", "ioprio"))):
            continue
        known = f" ({file.name})" if name == "fd" and file is not None else ""
        parts.append(f"{name}={value}{known}")
    if decoded.flags:
        parts.append(f"flags={flag_names(SqeFlags, decoded.words['flags'])}")
    return " ".join(parts)


def _result(session: Session, one: Request) -> str:
    result = one.result
    if result is None:
        op = one.decoded().op
        return f"Its res will be: {op.result}." if op is not None and one.open else ""
    meant = meaning_of_result(session, one.ring, one.decoded(), result)
    text = f"res={result.res}: {meant.rstrip('.')}."
    if one.count > 1:
        text += f" That is the newest of {one.count} CQEs."
    cause = cause_of(one, session.requests)
    if cause is not None:
        text += f" {sentence(cause.text())}"
    return text + _flags(result)


def _flags(cqe: Cqe) -> str:
    """What the CQE's flags say besides."""
    parts = []
    if cqe.flags & CqeFlags.MORE:
        parts.append("MORE: other CQEs follow")
    if cqe.flags & CqeFlags.BUFFER:
        parts.append(f"it is in provided buffer {cqe.flags >> 16}")
    if cqe.flags & CqeFlags.SOCK_NONEMPTY:
        parts.append("there is more to read at once")
    return f" {sentence('; '.join(parts))}" if parts else ""


def _ties(session: Session, one: Request) -> str:
    cause = cause_of(one, session.requests)
    said = cause.text() if cause is not None else ""
    shown = [text for text in remarks(one, session.requests) if text != said]
    return sentence("; ".join(shown))


def _next(session: Session, thing: RequestThing) -> str:
    one = thing.request
    ring = session.requests.rings.get(one.ring)
    match one.state:
        case State.STAGED:
            return "publish, or submit"
        case State.PUBLISHED:
            return "enter"
        case State.POSTED:
            return "reap"
        case State.SILENT:
            return "show kernel, to see whether it still waits"
        case State.MISSED:
            return f"show {thing.name} has the times"
        case State.TAKEN_BACK | State.GONE:
            return "ring new, and stage it again"
        case State.IN_FLIGHT:
            if ring is not None and ring.overflow:
                return "reap, then enter flags=getevents: its CQE may wait in the kernel"
            if one.completions:
                return f"reap, or cancel {thing.name} to end it"
            return f"wait 1 timeout=1s, or cancel {thing.name}. Its CQE will come"
    return _after(thing)


def group_of(thing: RequestThing) -> int | None:
    """The group of provided buffers that it picks from."""
    found = vars(thing.op).get("group")
    return found if isinstance(found, int) else None


def _after(thing: RequestThing) -> str:
    """It is over."""
    final = thing.request.final
    if final is not None and final.res == -errno.ENOBUFS and group_of(thing) is not None:
        return f"recycle {group_of(thing)}, and stage it again"
    if final is not None and final.res in _AGAIN:
        return "stage it again"
    planned = _AS_PLANNED.get(thing.op.opcode, ())
    if final is not None and final.res < 0 and final.res not in planned:
        name = thing.request.decoded().name
        return f"explain {errno_name(final.res)} {name}, or stage it again"
    if thing.file is not None and thing.file.fd.owned:
        return f"use {thing.name} where an fd goes, then drop {thing.name}"
    return f"nothing; show {thing.name} has the times"
