"""Operations whose operands lie in a structure, or mean something only together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uringlab.core import abi
from uringlab.core.abi import (
    AcceptSocketFlags,
    AddressFamily,
    BlockCommand,
    CancelFlags,
    EpollEvents,
    Futex2Flags,
    MsgRingFlags,
    NopFlags,
    Opcode,
    PollEvents,
    PollFlags,
    RecvSendFlags,
    ResolveFlags,
    SocketCommand,
    SocketType,
)
from uringlab.core.message import NAME_ROOM
from uringlab.lab.c.constant import choice, constant, flags, open_flags
from uringlab.lab.c.literal import number
from uringlab.lab.values import Fixed, Ref

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from uringlab.lab.c.operand import Sqe

_CREATING = 0o100 | 0o20000000
"""O_CREAT, and what O_TMPFILE has besides O_DIRECTORY: a mode goes with them."""
_SOL_SOCKET = 1


def _nop(sqe: Sqe) -> None:
    get = sqe.command.get
    for name, flag in (
        ("inject", NopFlags.INJECT_RESULT),
        ("buf_index", NopFlags.FIXED_BUFFER),
        ("extra1", NopFlags.CQE32),
        ("extra2", NopFlags.CQE32),
    ):
        if get(name) is not None:
            sqe.also(name, "op_flags", constant(flag))
    if get("file") is not None:
        fixed = [NopFlags.FIXED_FILE] if isinstance(get("file"), Fixed) else []
        for flag in (NopFlags.FILE, *fixed):
            sqe.also("file", "op_flags", constant(flag))
        sqe.flags = 0


def _cancel(sqe: Sqe) -> None:
    get = sqe.command.get
    sqe.flags = 0
    named = [name for name in ("fd", "opcode_of") if get(name) is not None]
    if get("target") is None:
        sqe.values["target"] = "0"
    elif named:
        sqe.also("target", "op_flags", constant(CancelFlags.USERDATA))
    if get("fd") is not None:
        sqe.also("fd", "op_flags", constant(CancelFlags.FD))
        if isinstance(get("fd"), Fixed):
            sqe.also("fd", "op_flags", constant(CancelFlags.FD_FIXED))
    if get("opcode_of") is not None:
        sqe.also("opcode_of", "op_flags", constant(CancelFlags.OP))


def _msg_ring(sqe: Sqe) -> None:
    get = sqe.command.get
    sqe.values.setdefault("res", "0")
    if get("cqe_flags") is not None:
        sqe.also("cqe_flags", "op_flags", constant(MsgRingFlags.FLAGS_PASS))
    if get("file") is not None:
        sqe.also("file", "addr", "1 /* IORING_MSG_SEND_FD */")


def _openat2(sqe: Sqe) -> None:
    get = sqe.command.get
    opened = get("open_flags", 0)
    mode = get("mode", 0o644 if opened & _CREATING else 0)
    fields = [f".flags = {open_flags(opened)}"]
    if mode:
        fields.append(f".mode = 0{mode:o}")
    if get("resolve"):
        fields.append(f".resolve = {flags(ResolveFlags, get('resolve'))}")
    sqe.values["how"] = sqe.constant_object("struct open_how", "how", f"{{ {', '.join(fields)} }}")
    for name in ("open_flags", "mode", "resolve"):
        sqe.words.pop(name, None)


def _epoll_ctl(sqe: Sqe) -> None:
    get = sqe.command.get
    events = flags(EpollEvents, get("events", int(EpollEvents.IN)))
    data = sqe.fd(get("target")) if get("data") is None else number(get("data"))
    sqe.values["event"] = sqe.constant_object(
        "struct epoll_event", "event", f"{{ .events = {events}, .data.u64 = {data} }}"
    )
    sqe.values["op"] = choice(abi.EpollOp, int(get("op")))
    for name in ("events", "data"):
        sqe.words.pop(name, None)


_FUTEX_FLAGS = int(Futex2Flags.SIZE_U32 | Futex2Flags.PRIVATE)


def _futex_waitv(sqe: Sqe) -> None:
    """`struct futex_waitv` is younger than some headers: three words of 64 bits each."""
    get = sqe.command.get
    kind = flags(Futex2Flags, get("futex_flags", _FUTEX_FLAGS))
    rows = [
        f"{{ {number(get('val', 0))}, (uintptr_t){sqe.memory(Ref(name))[0]}, {kind} }}"
        for name in get("futexes").names
    ]
    name = sqe.variable("futexes")
    sqe.writer.before("/* struct futex_waitv: value, address, flags */")
    sqe.writer.declare(name, f"__u64 {name}[][3] = {{ {', '.join(rows)} }};")
    sqe.words.clear()
    sqe.add("futexes", name, "addr", address=True)
    sqe.also("futexes", "len", str(len(rows)))


def _message(sqe: Sqe) -> None:
    get = sqe.command.get
    receives = sqe.command.spec.op is not None and sqe.command.spec.op.opcode == Opcode.RECVMSG
    fields = []
    if get("bufs") is not None:
        array, count = sqe.iovecs(get("bufs"))
        fields += [f".msg_iov = {array}", f".msg_iovlen = {count}"]
    if receives:
        name_size, control_size = get("name", NAME_ROOM), get("control", 0)
        if name_size:
            room = sqe.room("struct sockaddr_storage", "name")
            fields += [f".msg_name = {room}", f".msg_namelen = {name_size}"]
        if control_size:
            control = sqe.writer.new_buffer(f"{sqe.stem}_control", control_size, sqe.copies)
            fields += [
                f".msg_control = {control.variable}",
                f".msg_controllen = {control_size}",
            ]
    elif get("to") is not None:
        address, length = sqe.address(get("to"))
        fields += [f".msg_name = {address}", f".msg_namelen = {length}"]
    inside = f"{{ {', '.join(fields)} }}"
    if receives and sqe.copies > 1:  # the kernel writes there: one for each
        message = sqe.room("struct msghdr", "message")
        sqe.writer.say(f"{message.removeprefix('&')} = (struct msghdr){inside};")
    else:
        message = sqe.constant_object("struct msghdr", "message", inside)
    for name in ("bufs", "to", "name", "control"):
        sqe.words.pop(name, None)
    sqe.values["message"] = message


def _zero_copy(sqe: Sqe) -> None:
    if sqe.command.get("buf_index") is not None:
        sqe.also("buf_index", "ioprio", constant(RecvSendFlags.FIXED_BUF))


def _sendmsg_zc(sqe: Sqe) -> None:
    _message(sqe)
    _zero_copy(sqe)


def _uring_cmd(sqe: Sqe) -> None:
    get = sqe.command.get
    command = get("command")
    named = choice(SocketCommand, command)
    if named == number(command):
        named = choice(BlockCommand, command)
    sqe.words.pop("command", None)
    sqe.also("command", "cmd_op", named)
    if command in (SocketCommand.GETSOCKOPT, SocketCommand.SETSOCKOPT):
        level, option = get("level", _SOL_SOCKET), get("optname", 0)
        sqe.words.pop("level", None)
        sqe.words.pop("optname", None)
        # sqe->level and sqe->optname are the halves of this word in newer headers.
        text = f"{number(level)} /* level */ | (__u64){number(option)} /* option */ << 32"
        sqe.also("optname", "addr", text)


def _poll_remove(sqe: Sqe) -> None:
    get = sqe.command.get
    changes = [
        flag
        for name, flag in (
            ("poll_events", PollFlags.UPDATE_EVENTS),
            ("new_user_data", PollFlags.UPDATE_USER_DATA),
        )
        if get(name) is not None
    ]
    for flag in changes:
        sqe.also("target", "len", constant(flag))
    sqe.values["poll_events"] = flags(PollEvents, get("poll_events") or 0)


def _socket(sqe: Sqe) -> None:
    get = sqe.command.get
    text = choice(SocketType, int(get("type")))
    if get("socket_flags"):
        text += f" | {flags(AcceptSocketFlags, get('socket_flags'))}"
    sqe.values["type"] = text
    sqe.values["domain"] = choice(AddressFamily, int(get("domain")))
    sqe.words.pop("socket_flags", None)


def _provide_buffers(sqe: Sqe) -> None:
    get = sqe.command.get
    if get("size") is None:
        size = int(sqe.values["buf_size"])
        sqe.values["size"] = number(size // get("count", 1))


def _madvise(sqe: Sqe) -> None:
    sqe.values.setdefault("len", sqe.values["buf_size"])


def _close(sqe: Sqe) -> None:
    if "place" in sqe.values:
        sqe.words.clear()


def _recv_zc(sqe: Sqe) -> None:
    sqe.also("zcrx", "ioprio", constant(RecvSendFlags.RECV_MULTISHOT))


PACKED: Mapping[Opcode, Callable[[Sqe], Any]] = {
    Opcode.NOP: _nop,
    Opcode.NOP128: _nop,
    Opcode.ASYNC_CANCEL: _cancel,
    Opcode.MSG_RING: _msg_ring,
    Opcode.OPENAT2: _openat2,
    Opcode.EPOLL_CTL: _epoll_ctl,
    Opcode.FUTEX_WAITV: _futex_waitv,
    Opcode.SENDMSG: _message,
    Opcode.RECVMSG: _message,
    Opcode.SENDMSG_ZC: _sendmsg_zc,
    Opcode.SEND_ZC: _zero_copy,
    Opcode.URING_CMD: _uring_cmd,
    Opcode.URING_CMD128: _uring_cmd,
    Opcode.POLL_REMOVE: _poll_remove,
    Opcode.SOCKET: _socket,
    Opcode.PROVIDE_BUFFERS: _provide_buffers,
    Opcode.MADVISE: _madvise,
    Opcode.CLOSE: _close,
    Opcode.RECV_ZC: _recv_zc,
}
"""What is done after each operand alone was said."""

SKIPPED: Mapping[Opcode, frozenset[str]] = {
    Opcode.OPENAT2: frozenset({"open_flags", "mode", "resolve"}),
    Opcode.EPOLL_CTL: frozenset({"events", "data"}),
    Opcode.FUTEX_WAITV: frozenset({"futexes", "val", "futex_flags"}),
    Opcode.SENDMSG: frozenset({"bufs", "to", "control"}),
    Opcode.SENDMSG_ZC: frozenset({"bufs", "to", "control"}),
    Opcode.RECVMSG: frozenset({"bufs", "name", "control"}),
}
"""Operands that are said here, and not one by one."""
