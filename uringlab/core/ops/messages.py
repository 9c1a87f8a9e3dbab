"""Send and receive on sockets: bytes, and whole messages with addresses and control data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from uringlab.core.abi import MsgFlags, Opcode, RecvSendFlags
from uringlab.core.address import pack_address
from uringlab.core.buffers import Memory
from uringlab.core.errors import OperandError
from uringlab.core.fd import AnyFd
from uringlab.core.message import (
    MAX_CONTROL,
    NAME_ROOM,
    Datagram,
    Message,
    Received,
    pack_control,
    received_fds,
    unpack_datagram,
)
from uringlab.core.ops.declare import Op, operand, option
from uringlab.core.ops.kinds import (
    AddressInMessage,
    Bits,
    Block,
    File,
    Group,
    InMessage,
    Iovecs,
    Number,
    SocketAddress,
    Switch,
)
from uringlab.core.ops.kinds.draft import whole
from uringlab.core.ops.sockets import NOT_A_SOCKET, Address

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from uringlab.core.ops.kinds import Draft

NO_FLAGS = MsgFlags(0)
MSG_FLAGS = "send(2)'s and recv(2)'s MSG_*"
POLL_FIRST = "wait until it is ready first, and only then try (5.19)"

COMMON_ERRNOS = NOT_A_SOCKET | {
    "EAGAIN": "it would have to wait, and DONTWAIT, or the socket's NONBLOCK, forbids that",
    "ECONNRESET": "the other side broke the connection off",
    "ENOTCONN": "the socket is not connected",
    "EOPNOTSUPP": "this type of socket does not know one of the msg_flags",
    "ENOBUFS": "the group has no buffer left: give some back, and ask again (a multishot one has "
    "ended); else the kernel has no memory for it",
    "EINTR": "it was interrupted, mostly because it was being cancelled",
    "ECANCELED": "it was cancelled while it waited, or the request it was linked to failed",
}
SEND_ERRNOS = COMMON_ERRNOS | {
    "EPIPE": "the connection was shut down for writing (there is no SIGPIPE with io_uring)",
    "EDESTADDRREQ": "the socket is not connected, and `to` was not given",
    "EISCONN": "the socket is connected, and takes no `to`",
    "EMSGSIZE": "the message is too large to be sent in one piece",
    "EFAULT": "the kernel could not read from that address",
    "EINVAL": "flags that do not go together, or that this kernel does not know here",
    "ECONNREFUSED": "nobody takes messages there",
}
RECV_ERRNOS = COMMON_ERRNOS | {
    "EFAULT": "the kernel could not write to that address; a multishot RECVMSG: the provided "
    "buffer is too small for name and control data",
    "EINVAL": "flags that do not go together: multishot needs a group, and has no WAITALL",
}


@dataclass(frozen=True)
class Vector(Iovecs):
    """Several blocks where one could be: a flag says so. The array is lent, the blocks held."""

    def put(self, draft: Draft, word: str, value: Any, name: str) -> None:
        """Take a sequence of memory."""
        super().put(draft, word, value, name)
        draft.add("ioprio", int(RecvSendFlags.SEND_VECTORIZED), name)

    def show(self, words: dict[str, int], word: str) -> str:
        """How many, and where the array is; `none` without the flag."""
        vectored = words["ioprio"] & RecvSendFlags.SEND_VECTORIZED
        return super().show(words, word) if vectored else "none"


@dataclass(frozen=True)
class MessageParts(Iovecs):
    """Several blocks that a msghdr names: the op packs them."""

    optional: bool = False

    def put(self, draft: Draft, word: str, value: Any, name: str) -> None:
        """The op's `finish` does it."""
        if value is None and not self.optional:
            raise OperandError(f"{name} takes several buffers, as in [b0, b1]")

    def show(self, words: dict[str, int], word: str) -> str:
        """In anybody else's SQE the msghdr is not ours to read."""
        return f"in the msghdr at {words[word]:#x}"


def one_of(what: str, *given: Any) -> None:
    """See that exactly one of several operands was given.

    Raises:
        OperandError: none was, or several were.
    """
    if sum(one is not None for one in given) != 1:
        raise OperandError(f"give one of {what}, and only one")


class Send(
    Op,
    opcode=Opcode.SEND,
    usage=("fd", "buf"),
    result="bytes sent",
    example='send a "hello" -> r1',
    c="io_uring_prep_send(sqe, {fd}, {buf}, {len}, {msg_flags});",
    man="io_uring_prep_send(3), io_uring_prep_send_bundle(3), io_uring_prep_sendto(3)",
    errnos=SEND_ERRNOS,
):
    """Send bytes on a socket, as send(2) and sendto(2). The memory is held until the final CQE.

    With `group` in place of `buf` the kernel sends the next provided buffer (6.10), and with
    `bundle` as many as there are, a CQE for each lot; the upper 16 bits of the CQE's flags name
    the first buffer. With `bufs` several blocks are sent one after the other (6.17).
    """

    fd: AnyFd = operand("fd", File(), "the socket")
    buf: Memory | bytes | None = operand(
        "addr", Block(kernel_writes=False, optional=True), "the bytes to send", default=None
    )
    len: int | None = option("len", Number(), "how many of them", default=None)
    msg_flags: MsgFlags = option("op_flags", Bits(MsgFlags), MSG_FLAGS, default=NO_FLAGS)
    to: Address | None = option(
        "off",
        SocketAddress(length="file_index"),
        "to whom, where the socket is not connected (6.0); copied at submission",
        default=None,
    )
    bufs: Sequence[Memory | bytes] | None = option(
        "addr", Vector(kernel_writes=False), "or several blocks (6.17)", default=None
    )
    group: int | None = option(
        "buf_index", Group(), "or the provided buffers to take the next one from", default=None
    )
    bundle: bool = option(
        "ioprio",
        Switch(RecvSendFlags.BUNDLE),
        "as many provided buffers as there are (6.10)",
        default=False,
    )
    poll_first: bool = option("ioprio", Switch(RecvSendFlags.POLL_FIRST), POLL_FIRST, default=False)

    def finish(self, draft: Draft) -> None:
        """Bytes from one place only; `len` would count the blocks of `bufs`."""
        one_of("buf, bufs, group", self.buf, self.bufs, self.group)
        if self.bufs is not None and self.len is not None:
            raise OperandError("len goes with buf or group: bufs have their own lengths")


class Recv(
    Op,
    opcode=Opcode.RECV,
    usage=("fd", "len"),
    result="bytes received; 0: the other side will send no more",
    example="recv b 64 buf=b0 -> r1",
    c="io_uring_prep_recv(sqe, {fd}, {buf}, {len}, {msg_flags});",
    man="io_uring_prep_recv(3), io_uring_prep_recv_multishot(3)",
    errnos=RECV_ERRNOS,
):
    """Receive bytes from a socket, as recv(2). The buffer is held until the final CQE.

    With `group` in place of `buf` the kernel picks a provided buffer when there are bytes for it;
    the upper 16 bits of the CQE's flags say which (with `bundle`: which is the first).
    `multishot` goes on for as long as its CQEs have MORE. SOCK_NONEMPTY in a CQE's flags: there
    is more to receive at once.
    """

    fd: AnyFd = operand("fd", File(), "the socket")
    buf: Memory | None = operand(
        "addr",
        Block(kernel_writes=True, optional=True),
        "where the kernel writes the bytes",
        default=None,
    )
    len: int | None = option(
        "len",
        Number(),
        "how many bytes at most; multishot: in each CQE (6.17; 0: as many as the buffer takes)",
        default=None,
    )
    msg_flags: MsgFlags = option("op_flags", Bits(MsgFlags), MSG_FLAGS, default=NO_FLAGS)
    group: int | None = option(
        "buf_index", Group(), "or the provided buffers to pick one from", default=None
    )
    multishot: bool = option(
        "ioprio",
        Switch(RecvSendFlags.RECV_MULTISHOT),
        "receive again and again, with a group (6.0)",
        default=False,
    )
    bundle: bool = option(
        "ioprio",
        Switch(RecvSendFlags.BUNDLE),
        "fill as many provided buffers as there are bytes for (6.10)",
        default=False,
    )
    poll_first: bool = option("ioprio", Switch(RecvSendFlags.POLL_FIRST), POLL_FIRST, default=False)
    total: int | None = option(
        "file_index",
        Number(),
        "multishot: end after so many bytes in all (6.17)",
        default=None,
    )

    def finish(self, draft: Draft) -> None:
        """A buffer, or a group of them."""
        one_of("buf, group", self.buf, self.group)


def pack_message(draft: Draft, bufs: Any, to: Any, control: Any) -> None:
    """The msghdr of a message to send: it is held, and so is all that it names.

    The control data is read when the request is issued, and that may be late.

    Raises:
        OperandError: a part of it is not what it should be.
    """
    vectors, holds = Iovecs(kernel_writes=False).pack(bufs, "bufs")
    name = b"" if to is None else pack_address(to, "to")
    message = Message(vectors, name, pack_control(control, "control"))
    draft.words["addr"] = message.address
    draft.holds += [message.mem, *holds]


class Sendmsg(
    Op,
    opcode=Opcode.SENDMSG,
    usage=("fd", "bufs"),
    result="bytes sent",
    example="sendmsg a b0,b1 -> r1",
    c="io_uring_prep_sendmsg(sqe, {fd}, &msg, {msg_flags});",
    man="io_uring_prep_sendmsg(3)",
    errnos=SEND_ERRNOS | {"ETOOMANYREFS": "too many fds are under way in messages already"},
    constants={"len": 1},
):
    """Send a message, with an address and control data if you like, as sendmsg(2).

    The msghdr and all that it names is held until the final CQE.
    """

    fd: AnyFd = operand("fd", File(), "the socket")
    bufs: Sequence[Memory | bytes] = operand(
        "addr", MessageParts(kernel_writes=False), "the bytes to send"
    )
    to: Address | None = option(
        "addr", AddressInMessage(), "to whom, where the socket is not connected", default=None
    )
    control: Sequence[tuple[int, int, bytes]] = option(
        "addr", InMessage(), "control data: (level, type, bytes) of each", default=()
    )
    msg_flags: MsgFlags = option("op_flags", Bits(MsgFlags), MSG_FLAGS, default=NO_FLAGS)
    poll_first: bool = option("ioprio", Switch(RecvSendFlags.POLL_FIRST), POLL_FIRST, default=False)

    def finish(self, draft: Draft) -> None:
        """Pack the message."""
        pack_message(draft, self.bufs, self.to, self.control)


class Recvmsg(
    Op,
    opcode=Opcode.RECVMSG,
    usage=("fd", "bufs"),
    result="bytes received; 0: the other side will send no more",
    example="recvmsg b b0,b1 -> r1",
    c="io_uring_prep_recvmsg(sqe, {fd}, &msg, {msg_flags});",
    man="io_uring_prep_recvmsg(3), io_uring_prep_recvmsg_multishot(3)",
    errnos=RECV_ERRNOS,
    constants={"len": 1},
):
    """Receive a message, with its sender's address and control data, as recvmsg(2).

    `message` has those once the CQE is there. The kernel writes to the msghdr when it completes:
    it is held until the final CQE, and so is all that it names. Push the op again only when the
    one before has completed, or read what the last of them wrote.

    With `group` the bytes go into a provided buffer; with `multishot`, too, all of it does, and
    `unpack` takes such a buffer apart. Fds that come with a message are yours to close.
    """

    fd: AnyFd = operand("fd", File(), "the socket")
    bufs: Sequence[Memory] | None = operand(
        "addr",
        MessageParts(kernel_writes=True, optional=True),
        "where the kernel writes the bytes",
        default=None,
    )
    name: int = option(
        "addr", InMessage(), "bytes of room for the sender's address", default=NAME_ROOM
    )
    control: int = option("addr", InMessage(), "bytes of room for control data", default=0)
    msg_flags: MsgFlags = option("op_flags", Bits(MsgFlags), MSG_FLAGS, default=NO_FLAGS)
    group: int | None = option(
        "buf_index", Group(), "or the provided buffers to pick one from", default=None
    )
    multishot: bool = option(
        "ioprio",
        Switch(RecvSendFlags.RECV_MULTISHOT),
        "receive again and again, with a group (6.0)",
        default=False,
    )
    poll_first: bool = option("ioprio", Switch(RecvSendFlags.POLL_FIRST), POLL_FIRST, default=False)

    def finish(self, draft: Draft) -> None:
        """Make room for the message."""
        one_of("bufs, group", self.bufs, self.group)
        for what, size, most in (
            ("name", self.name, NAME_ROOM),
            ("control", self.control, MAX_CONTROL),
        ):
            if not 0 <= whole(size, what) <= most:
                raise OperandError(f"{what}={size!r} is no size of a room: 0 … {most} bytes")
        vectors, holds = Iovecs(kernel_writes=True).pack(self.bufs or (), "bufs")
        message = Received(vectors, self.name, self.control)
        object.__setattr__(self, "_message", message)
        draft.words["addr"] = message.address
        draft.holds += [message.mem, *holds]

    @property
    def message(self) -> Received:
        """The sender's address, control data and flags, once the CQE is there."""
        found: Received = vars(self)["_message"]
        return found

    def claim(self) -> Callable[[], None]:
        """The kernel left there how much it used the last time: offer all of it again."""
        self.message.reset()
        return super().claim()

    @property
    def may_bring_fds(self) -> bool:
        """In control data."""
        return not self.multishot

    def new_fds(self, res: int) -> tuple[int, ...]:
        """The fds that came in control data; those in provided buffers are told by `unpack`."""
        return received_fds(self.message.control) if res >= 0 and not self.multishot else ()

    def unpack(self, data: bytes | memoryview) -> Datagram:
        """Take apart what a multishot one put into a provided buffer.

        Args:
            data: the buffer's first `res` bytes.

        Raises:
            ValueError: there are fewer bytes than name and control data take.
        """
        return unpack_datagram(data, self.name, self.control)
