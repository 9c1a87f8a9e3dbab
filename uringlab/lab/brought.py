"""What a completed request has brought, in a few words: bytes, a file's size, a child's end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uringlab.core.abi import CqeFlags, EpollEvents, Opcode
from uringlab.core.abi.named import flag_names
from uringlab.core.buffers import Buffer
from uringlab.core.ops import EpollWait, Pipe, Statx, Waitid
from uringlab.lab.names import BufferThing

if TYPE_CHECKING:
    from uringlab.core.cq import Cqe
    from uringlab.lab.names import RequestThing
    from uringlab.lab.session import Session

_FILLS = frozenset(
    {
        *(Opcode.READ, Opcode.READ_FIXED, Opcode.READV, Opcode.READV_FIXED),
        *(Opcode.RECV, Opcode.RECVMSG, Opcode.GETXATTR, Opcode.FGETXATTR),
    }
)
_SHOWN = 48


def brought(session: Session, thing: RequestThing, cqe: Cqe) -> str:
    """What is to be told of a successful CQE besides its numbers; "" for nothing."""
    if cqe.res < 0:
        return ""
    if thing.op.opcode in _FILLS:
        return _bytes_of(session, thing, cqe.res)
    match thing.op:
        case Statx(room=room):
            return f"{room.size} bytes, mode {room.mode:#o}, {room.nlink} link(s), inode {room.ino}"
        case Waitid(info=info) if info is not None:
            return str(info).strip("<>").removeprefix("ChildInfo ")
        case EpollWait(events=events):
            return ", ".join(_event(session, *one) for one in events.events(cqe.res))
        case Pipe() if thing.file is not None:
            return f"{thing.name}: the end to read, {thing.name}_2: the end to write"
    return _picked(cqe)


def _bytes_of(session: Session, thing: RequestThing, count: int) -> str:
    parts = []
    for name in thing.buffers:
        memory = session.names.get(name)
        if count <= 0 or not isinstance(memory, BufferThing):
            break
        if isinstance(memory.buffer, Buffer):
            shown = bytes(memory.buffer.view[: min(count, _SHOWN)])
            parts.append(f"{name}={shown!r}"[:80].replace("=b'", "='").replace('=b"', '="'))
        count -= len(memory.buffer)
    return "  ".join(parts)


def _event(session: Session, events: int, number: int) -> str:
    file = session.owner_of(number)
    name = file.name if file is not None else f"data {number}"
    return f"{name}: {flag_names(EpollEvents, events)}"


def _picked(cqe: Cqe) -> str:
    """Which provided buffer the kernel picked."""
    return f"buffer {cqe.flags >> 16}" if cqe.flags & CqeFlags.BUFFER else ""
