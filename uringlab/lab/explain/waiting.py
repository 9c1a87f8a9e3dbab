"""What a request that is in flight waits for."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from uringlab.core.abi import Opcode, PollEvents, SqeFlags
from uringlab.core.abi.named import flag_names
from uringlab.lab.explain.result import file_of
from uringlab.observe import fdinfo
from uringlab.observe.request import Tied

if TYPE_CHECKING:
    from uringlab.lab.names import RequestThing
    from uringlab.lab.session import Session
    from uringlab.observe.request import Request

_READS = frozenset(
    {
        *(Opcode.READ, Opcode.READV, Opcode.READ_FIXED, Opcode.READV_FIXED),
        *(Opcode.READ_MULTISHOT, Opcode.RECV, Opcode.RECVMSG, Opcode.RECV_ZC),
        *(Opcode.SPLICE, Opcode.TEE),
    }
)
_WRITES = frozenset(
    {
        *(Opcode.WRITE, Opcode.WRITEV, Opcode.WRITE_FIXED, Opcode.WRITEV_FIXED),
        *(Opcode.SEND, Opcode.SENDMSG, Opcode.SEND_ZC, Opcode.SENDMSG_ZC),
    }
)
_FOR: dict[int, str] = {
    Opcode.ACCEPT: "for somebody to connect",
    Opcode.CONNECT: "for the other side to answer",
    Opcode.FUTEX_WAIT: "for a FUTEX_WAKE",
    Opcode.FUTEX_WAITV: "for a FUTEX_WAKE of one of them",
    Opcode.WAITID: "for the child to change its state",
    Opcode.EPOLL_WAIT: "for an event of the set",
    Opcode.FSYNC: "for the device",
    Opcode.OPENAT: "for a worker thread to open it",
    Opcode.OPENAT2: "for a worker thread to open it",
}


def waits_for(session: Session, thing: RequestThing) -> str:
    """A sentence: the ties first, for behind them it has not even begun."""
    one = thing.request
    before = _before(session, one)
    if before:
        return before
    if one.drain:
        earlier = [
            _name(other)
            for other in session.requests
            if other.ring == one.ring and other.number < one.number and other.open
        ]
        if earlier:
            return f"It has not begun: it drains, and {', '.join(earlier[-3:])} has not completed."
    text = _for(session, one)
    polled = _polled(session, one)
    return " ".join(part for part in (text, polled) if part)


def _before(session: Session, one: Request) -> str:
    if one.tie is None or one.tie.cut:
        return ""
    other = session.requests.numbered(one.tie.to)
    if other is None:
        return ""
    if one.tie.kind is Tied.GUARD:
        return f"It guards {_name(other)}: its clock runs while that is in flight."
    if other.open:
        return f"It has not begun: {_name(other)}, linked before it, has not completed."
    return ""


def _for(session: Session, one: Request) -> str:
    words = one.decoded().words
    opcode = words["opcode"]
    file = file_of(session, one.ring, words)
    name = file.name if file is not None else f"fd {words['fd']}"
    if words["flags"] & SqeFlags.FIXED_FILE:
        name = f"fixed:{words['fd']}" + (f" ({file.name})" if file is not None else "")
    regular = file is not None and file.opened is not None and stat.S_ISREG(file.opened.st_mode)
    if opcode in _READS | _WRITES and regular:
        return f"It waits for the device or a worker thread: {name} is a file on disk."
    if opcode in _READS:
        return f"It waits until {name} has something to read."
    if opcode in _WRITES:
        return f"It waits until {name} takes bytes."
    if opcode == Opcode.POLL_ADD:
        return f"It waits for {flag_names(PollEvents, words['op_flags'])} of {name}."
    if opcode == Opcode.TIMEOUT:
        when = dict(one.decoded().operands).get("time", "")
        count = f", or for {words['off']} completions" if words["off"] else ""
        return f"It waits for its time{f' ({when})' if when else ''}{count}."
    found = _FOR.get(opcode)
    return f"It waits {found}." if found else ""


def _polled(session: Session, one: Request) -> str:
    """Whether the kernel's PollList has a request of that opcode. It tells no user_data."""
    ring = next((ring for ring in session.rings() if ring.name == one.ring), None)
    if ring is None:
        return ""
    pid, fd = ring.observer.source.facts[:2]
    try:
        polls = fdinfo.read(pid, fd).polls if fd >= 0 else None
    except fdinfo.Unreadable:
        return ""
    same = sum(1 for poll in polls or () if poll.op == one.sqe[0])
    if not same:
        return ""
    return (
        "A poll is armed (PollList)." if same == 1 else f"{same} such polls are armed (PollList)."
    )


def _name(one: Request) -> str:
    return one.name or f"user_data={one.user_data}"
