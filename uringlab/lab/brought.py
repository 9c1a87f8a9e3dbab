"""What a completed request has brought, in a few words: bytes, a file's size, a child's end."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any

from uringlab.core.abi import CQE_BUFFER_SHIFT, CqeFlags, EpollEvents, Opcode
from uringlab.core.abi.named import flag_names
from uringlab.core.address import PeerAddress
from uringlab.core.buffers import Buffer
from uringlab.core.errors import OperandError
from uringlab.lab.names import BufferThing, RequestThing

if TYPE_CHECKING:
    from uringlab.core.cq import Cqe
    from uringlab.lab.registered import Group
    from uringlab.lab.session import Session

_FILLS = frozenset(
    {
        *(Opcode.READ, Opcode.READ_FIXED, Opcode.READV, Opcode.READV_FIXED),
        *(Opcode.RECV, Opcode.RECVMSG, Opcode.GETXATTR, Opcode.FGETXATTR),
    }
)
_SHOWN = 48
"""Bytes at most."""
_WIDE = 76
"""Characters at most."""


def brought(
    session: Session, ring: str, thing: RequestThing | None, cqe: Cqe, *, taken: bool = False
) -> str:
    """What is to be told of a CQE besides its numbers; "" for nothing.

    Args:
        session: whose.
        ring: which it came from.
        thing: the request that it answers; None: nobody remembers it.
        cqe: it.
        taken: it was reaped: a buffer that was picked from a ring of buffers is out of it now.
    """
    if cqe.flags & CqeFlags.BUFFER:
        group = session.group_of(ring, thing)
        if group is not None:
            return _from_ring(group, cqe, taken=taken)
    if thing is None:
        return session.tag_text(ring, cqe)
    if cqe.res < 0:
        return ""
    if cqe.flags & CqeFlags.BUFFER:
        return _picked(session, thing, cqe)
    peer = getattr(thing.op, "peer", None)
    if isinstance(peer, PeerAddress) and peer.address is not None:
        return f"address {_address(peer.address)}"
    if thing.op.opcode in _FILLS:
        return "  ".join(_bytes_of(session, thing, cqe.res) + _sender(thing.op))
    op: Any = thing.op  # by its number: asking for its class would load it for every request
    match op.opcode:
        case Opcode.STATX:
            room = op.room
            return f"{room.size} bytes, mode {room.mode:#o}, {room.nlink} link(s), inode {room.ino}"
        case Opcode.WAITID if op.info is not None:
            return str(op.info).strip("<>").removeprefix("ChildInfo ")
        case Opcode.EPOLL_WAIT:
            return ", ".join(_event(session, *one) for one in op.events.events(cqe.res))
        case Opcode.PIPE if thing.file is not None:
            return f"{thing.name}: the end to read, {thing.name}_2: the end to write"
    return ""


def _bytes_of(session: Session, thing: RequestThing, count: int) -> list[str]:
    parts = []
    for name in thing.buffers:
        memory = session.names.get(name)
        if count <= 0 or not isinstance(memory, BufferThing):
            break
        if isinstance(memory.buffer, Buffer):
            parts.append(f"{name}={_text(bytes(memory.buffer.view[: min(count, _SHOWN)]))}")
        count -= len(memory.buffer)
    return parts


def _text(shown: bytes) -> str:
    """Bytes in quotes, not too many."""
    return repr(shown)[1 : 1 + _WIDE]


def _sender(op: Any) -> list[str]:
    """Who sent a message, where its socket is not connected to anybody."""
    peer = op.message.peer if op.opcode is Opcode.RECVMSG else None
    return [] if peer is None else [f"from {_address(peer)}"]


def _address(found: Any) -> str:
    """As it is typed."""
    if not isinstance(found, tuple):
        return f"unix:{found}"
    host, port = found[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _event(session: Session, events: int, number: int) -> str:
    file = session.owner_of(number)
    name = file.name if file is not None else f"data {number}"
    return f"{name}: {flag_names(EpollEvents, events)}"


def _from_ring(group: Group, cqe: Cqe, *, taken: bool) -> str:
    """Which buffers of a ring of buffers were picked, and what is in them."""
    if not taken:
        return f"buffer {cqe.flags >> CQE_BUFFER_SHIFT}"
    try:
        pieces = group.ring.take(cqe)
    except OperandError as error:  # it is not in the ring: the CQE is no answer to a request
        return str(error)
    parts = []
    for piece in pieces:
        shown = f"={_text(bytes(piece.view[:_SHOWN]))}" if cqe.res >= 0 else ""
        rest = " (the rest of it is still in the ring)" if piece.more else ""
        parts.append(f"buffer {piece.bid}{shown}{rest}")
    return "  ".join(parts)


def _covers(provided: Any, group: int | None, bid: int) -> bool:
    return bool(provided.group == group and 0 <= bid - provided.bid < provided.count)


def _picked(session: Session, thing: RequestThing, cqe: Cqe) -> str:
    """Which provided buffer the kernel picked, and what is in it."""
    bid = cqe.flags >> 16
    group = getattr(thing.op, "group", None)
    provided: list[tuple[int, Any]] = [
        (one.request.index, one.op)
        for one in session.names.values()
        if isinstance(one, RequestThing)
        and one.request.ring == thing.request.ring
        and one.op.opcode is Opcode.PROVIDE_BUFFERS
        and _covers(one.op, group, bid)
    ]
    if not provided:
        return f"buffer {bid}"
    _, last = max(provided, key=itemgetter(0))
    if not isinstance(last.buf, Buffer):
        return f"buffer {bid}"
    size = len(last.buf) // last.count if last.size is None else last.size
    start = size * (bid - last.bid)
    return f"buffer {bid}={_text(bytes(last.buf.view[start : start + min(cqe.res, size, _SHOWN)]))}"
