"""What `res` means for one opcode with these operands."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from uringlab.core.abi import (
    FILE_INDEX_ALLOC,
    CancelFlags,
    CqeFlags,
    MsgRingCommand,
    NopFlags,
    Opcode,
    PollEvents,
    SqeFlags,
)
from uringlab.core.abi.named import flag_names
from uringlab.core.errors import errno_text
from uringlab.lab.errnos import IN_IO_URING, meaning
from uringlab.lab.names import FileThing, RequestThing

if TYPE_CHECKING:
    from uringlab.core.cq import Cqe
    from uringlab.core.ops.declare import DecodedSqe
    from uringlab.lab.session import Session

_READS = {Opcode.READ, Opcode.READV, Opcode.READ_FIXED, Opcode.READV_FIXED, Opcode.READ_MULTISHOT}
_WRITES = {Opcode.WRITE, Opcode.WRITEV, Opcode.WRITE_FIXED, Opcode.WRITEV_FIXED}
_RECEIVES = {Opcode.RECV, Opcode.RECVMSG, Opcode.RECV_ZC}
_SENDS = {Opcode.SEND, Opcode.SENDMSG, Opcode.SEND_ZC, Opcode.SENDMSG_ZC}
_LENGTH_KNOWN = {
    *(Opcode.READ, Opcode.READ_FIXED, Opcode.WRITE, Opcode.WRITE_FIXED),
    *(Opcode.RECV, Opcode.SEND, Opcode.SEND_ZC, Opcode.SPLICE, Opcode.TEE),
}
"""Those whose `len` is bytes; of the others it counts pieces."""
_OPENS = {Opcode.OPENAT, Opcode.OPENAT2, Opcode.SOCKET, Opcode.ACCEPT, Opcode.FIXED_FD_INSTALL}
_U64 = 2**64 - 1


def file_of(session: Session, ring: str, words: dict[str, int]) -> FileThing | None:
    """The session's file behind the fd of an SQE, registered or not; None: none that it knows."""
    if not words["flags"] & SqeFlags.FIXED_FILE:
        return session.owner_of(words["fd"])
    owner = next((one for one in session.rings() if one.name == ring), None)
    places = owner.registered.files if owner is not None else []
    name = places[words["fd"]] if 0 <= words["fd"] < len(places) else ""
    found = session.names.get(name)
    if isinstance(found, RequestThing):
        return found.file
    return found if isinstance(found, FileThing) else None


def why_failed(decoded: DecodedSqe, res: int) -> str:
    """What a -errno means for that opcode; in general, where that has nothing to say."""
    op = decoded.op
    own = meaning(res, op.errnos) if op is not None else None
    if own is not None:
        return own
    general = meaning(res, IN_IO_URING) or "the operation itself failed"
    first = general.split(". ")[0].rstrip(".")
    return f"{first[:1].lower()}{first[1:]}"


def meaning_of_result(session: Session, ring: str, decoded: DecodedSqe, cqe: Cqe) -> str:
    """A clause or two about res. Looks at the file, but changes nothing."""
    opcode = decoded.words["opcode"]
    if cqe.flags & CqeFlags.NOTIF:
        return "the network is done with the bytes: the buffer is yours again"
    if cqe.res < 0:
        return f"{errno_text(cqe.res)}: {why_failed(decoded, cqe.res)}"
    if opcode in _READS | _RECEIVES:
        return _got(file_of(session, ring, decoded.words), decoded, cqe.res)
    if opcode in _WRITES | _SENDS:
        return _gave(decoded, cqe.res)
    if opcode in _OPENS:
        return _opened(session, decoded, cqe)
    found = _by_opcode(decoded.words, cqe.res)
    if found:
        return found
    return decoded.op.result if decoded.op is not None else "what it means, its opcode says"


def _by_opcode(words: dict[str, int], res: int) -> str:
    match words["opcode"]:
        case Opcode.POLL_ADD:
            return f"the events {flag_names(PollEvents, res)} are there"
        case Opcode.TIMEOUT:
            return "so many completions came before the time was over"
        case Opcode.ASYNC_CANCEL:
            many = words["op_flags"] & (CancelFlags.ALL | CancelFlags.ANY)
            return f"{res} were cancelled" if many else "it was found and cancelled"
        case Opcode.FUTEX_WAIT:
            return "it was woken"
        case Opcode.FUTEX_WAITV:
            return "the futex that was woken, counted from 0"
        case Opcode.FUTEX_WAKE:
            return f"{res} that waited were woken"
        case Opcode.EPOLL_WAIT:
            return f"{res} events were taken from the set"
        case Opcode.REMOVE_BUFFERS:
            return f"{res} buffers were taken back from the group"
        case Opcode.FILES_UPDATE:
            return f"{res} places of the registered files were changed"
        case Opcode.SPLICE | Opcode.TEE:
            short = f" of {words['len']}: what was there" if res < words["len"] else ""
            return f"{res} bytes{short}" if res else "the input has ended"
        case Opcode.MSG_RING:
            if words["addr"] == MsgRingCommand.DATA:
                return "the CQE is in the other ring"
            return "the file is in the other ring's table"
        case Opcode.NOP if words["op_flags"] & NopFlags.INJECT_RESULT:
            return "what was asked for by INJECT_RESULT"
    return ""


def _got(file: FileThing | None, decoded: DecodedSqe, res: int) -> str:
    """Bytes came in: all, some, or none."""
    words = decoded.words
    mode = _mode(file)
    asked = words["len"] if words["opcode"] in _LENGTH_KNOWN else 0
    if res == 0:
        return _nothing(words, file, mode, asked)
    if not asked or res >= asked:
        return f"{res} bytes, as many as were asked for" if asked else f"{res} bytes"
    short = f"{res} of {asked} bytes"
    if mode and stat.S_ISREG(mode):
        why = _ends_there(words, file, res)
    else:
        why = "that is what was there; more may come"
    return f"{short}: {why}{_breaks(words)}"


def _nothing(words: dict[str, int], file: FileThing | None, mode: int, asked: int) -> str:
    if words["opcode"] in _LENGTH_KNOWN and not asked and not words["flags"] & _SELECT:
        return "no bytes were asked for"
    if words["opcode"] in _RECEIVES:
        return "the other side will send no more"
    if mode and stat.S_ISFIFO(mode):
        return "nobody has the other end open for writing any more"
    if mode and stat.S_ISSOCK(mode):
        return "the other side will send no more"
    size = _size(file)
    offset = words["off"]
    if size is None or offset == _U64:
        return f"the end of the file{_breaks(words)}"
    return f"the end of the file: it has {size} bytes, and off is {offset}{_breaks(words)}"


_SELECT = int(SqeFlags.BUFFER_SELECT)


def _ends_there(words: dict[str, int], file: FileThing | None, res: int) -> str:
    size = _size(file)
    if size is not None and words["off"] + res == size:
        return f"the file ends there, it has {size} bytes"
    return "the file ended there"


def _gave(decoded: DecodedSqe, res: int) -> str:
    """Bytes went out."""
    words = decoded.words
    asked = words["len"] if words["opcode"] in _LENGTH_KNOWN else 0
    done = "sent" if words["opcode"] in _SENDS else "written"
    if asked and res < asked:
        return f"only {res} of {asked} bytes were {done}: send the rest again{_breaks(words)}"
    return f"{res} bytes were {done}{', all of them' if asked else ''}"


def _breaks(words: dict[str, int]) -> str:
    """A short read or write breaks a chain; a short receive only with MSG_WAITALL."""
    linked = words["flags"] & (SqeFlags.IO_LINK | SqeFlags.IO_HARDLINK) == SqeFlags.IO_LINK
    short = words["opcode"] in _READS | _WRITES
    return ". Less than was asked for breaks the chain" if linked and short else ""


def _opened(session: Session, decoded: DecodedSqe, cqe: Cqe) -> str:
    words = decoded.words
    place = words["file_index"]
    if words["opcode"] != Opcode.FIXED_FD_INSTALL and place == FILE_INDEX_ALLOC:
        return "the place among the registered files that the kernel picked"
    if words["opcode"] != Opcode.FIXED_FD_INSTALL and place:
        return f"it is in place {place - 1} of the registered files"
    owner = session.owner_of(cqe.res)
    name = f", here called {owner.name}" if owner is not None else ""
    what = "of the new connection" if words["opcode"] == Opcode.ACCEPT else ""
    return f"the new fd{f' {what}' if what else ''}{name}"


def _mode(file: FileThing | None) -> int:
    return file.opened.st_mode if file is not None and file.opened is not None else 0


def _size(file: FileThing | None) -> int | None:
    if file is None or not file.leads_here():
        return None
    found = os.fstat(file.fd.number)
    return found.st_size if stat.S_ISREG(found.st_mode) else None
