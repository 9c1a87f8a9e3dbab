"""Sockets without copies: the kernel sends from the memory itself, or receives into its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uringlab.core.abi import MsgFlags, Opcode, RecvSendFlags
from uringlab.core.buffers import Memory
from uringlab.core.errors import OperandError
from uringlab.core.fd import AnyFd
from uringlab.core.ops.declare import Op, operand, option
from uringlab.core.ops.kinds import (
    AddressInMessage,
    Bits,
    Block,
    BufferIndex,
    File,
    InMessage,
    Number,
    SocketAddress,
    Switch,
)
from uringlab.core.ops.messages import (
    MSG_FLAGS,
    NO_FLAGS,
    POLL_FIRST,
    SEND_ERRNOS,
    MessageParts,
    Vector,
    one_of,
    pack_message,
)
from uringlab.core.ops.sockets import NOT_A_SOCKET, Address

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uringlab.core.ops.kinds import Draft

_ERRNOS = SEND_ERRNOS | {
    "EOPNOTSUPP": "this type of socket cannot send without copying (unix sockets cannot), or does "
    "not know one of the msg_flags",
    "EINVAL": "flags that do not go together; CQE_SKIP_SUCCESS never does: its end must be told",
    "ENOMEM": "RLIMIT_MEMLOCK does not allow to pin so much memory",
    "EFAULT": "the kernel could not read from that address; buf_index: there is no such registered "
    "buffer, or these bytes are not in it",
}
_RESULT = "bytes sent, with MORE; then a CQE with NOTIF: the memory is yours again"
_FIXED = "the registered buffer that the bytes lie in"
_USAGE = "let the NOTIF's res say whether they were copied after all (6.2)"


class SendZc(
    Op,
    opcode=Opcode.SEND_ZC,
    usage=("fd", "buf"),
    result=_RESULT,
    example='send_zc a "hello" -> r1',
    c="io_uring_prep_send_zc(sqe, {fd}, {buf}, {len}, {msg_flags}, 0);",
    man="io_uring_prep_send_zc(3), io_uring_prep_send_zc_fixed(3)",
    errnos=_ERRNOS,
):
    """Send bytes on a socket, from the memory itself: nothing is copied where that is possible.

    Two CQEs come. The first has the result, and MORE; the second has NOTIF, and means that the
    network has let go of the memory. Do not change it before that; it is held until then. A
    request that fails early has one CQE only, without MORE.
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
        "to whom, where the socket is not connected; copied at submission",
        default=None,
    )
    bufs: Sequence[Memory | bytes] | None = option(
        "addr", Vector(kernel_writes=False), "or several blocks (6.17)", default=None
    )
    buf_index: int | None = option("buf_index", BufferIndex(), _FIXED, default=None)
    report_usage: bool = option(
        "ioprio", Switch(RecvSendFlags.SEND_ZC_REPORT_USAGE), _USAGE, default=False
    )
    poll_first: bool = option("ioprio", Switch(RecvSendFlags.POLL_FIRST), POLL_FIRST, default=False)

    def finish(self, draft: Draft) -> None:
        """Bytes from one place only; `len` would count the blocks of `bufs`."""
        one_of("buf, bufs", self.buf, self.bufs)
        if self.bufs is not None and self.len is not None:
            raise OperandError("len goes with buf: bufs have their own lengths")
        if self.buf_index is not None:
            draft.add("ioprio", int(RecvSendFlags.FIXED_BUF), "buf_index")


class SendmsgZc(
    Op,
    opcode=Opcode.SENDMSG_ZC,
    usage=("fd", "bufs"),
    result=_RESULT,
    example="sendmsg_zc a b0,b1 -> r1",
    c="io_uring_prep_sendmsg_zc(sqe, {fd}, &msg, {msg_flags});",
    man="io_uring_prep_sendmsg_zc(3), io_uring_prep_sendmsg_zc_fixed(3)",
    errnos=_ERRNOS,
    constants={"len": 1},
):
    """Send a message from the memory itself. See SEND_ZC for its two CQEs, SENDMSG for the rest.

    The msghdr and all that it names is held until the NOTIF.
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
    buf_index: int | None = option("buf_index", BufferIndex(), f"{_FIXED} (6.15)", default=None)
    report_usage: bool = option(
        "ioprio", Switch(RecvSendFlags.SEND_ZC_REPORT_USAGE), _USAGE, default=False
    )
    poll_first: bool = option("ioprio", Switch(RecvSendFlags.POLL_FIRST), POLL_FIRST, default=False)

    def finish(self, draft: Draft) -> None:
        """Pack the message."""
        pack_message(draft, self.bufs, self.to, self.control)
        if self.buf_index is not None:
            draft.add("ioprio", int(RecvSendFlags.FIXED_BUF), "buf_index")


class RecvZc(
    Op,
    opcode=Opcode.RECV_ZC,
    usage=("fd",),
    result="bytes received; the CQE's second half says where in the area they lie",
    example="recv_zc a -> r1",
    c="io_uring_prep_rw(IORING_OP_RECV_ZC, sqe, {fd}, NULL, {len}, 0); "
    "sqe->zcrx_ifq_idx = {zcrx}; sqe->ioprio |= IORING_RECV_MULTISHOT;",
    man="the kernel's Documentation/networking/iou-zcrx.rst",
    errnos=NOT_A_SOCKET
    | {
        "EINVAL": "no such zcrx queue is registered with this ring",
        "EPROTONOSUPPORT": "it is no TCP socket",
        "EFAULT": "the bytes did not come by that queue, and could not be copied to its area",
        "ENOMEM": "the area is full: give buffers back through the refill ring",
        "ECANCELED": "it was cancelled while it waited",
    },
    constants={"ioprio": int(RecvSendFlags.RECV_MULTISHOT)},  # there is no other way
):
    """Receive from TCP into memory that the network card writes to itself. Multishot.

    It needs a receive queue of a network card, registered with REGISTER_ZCRX_IFQ (CAP_NET_ADMIN,
    a driver with header split and queue memory, a ring with DEFER_TASKRUN and CQE32). This
    library registers none, because the card would write to that memory for longer than any
    request lasts. So here the kernel's answer is EINVAL.
    """

    fd: AnyFd = operand("fd", File(), "the TCP socket")
    len: int = option("len", Number(), "end after so many bytes (0: go on)", default=0)
    zcrx: int = option("file_index", Number(), "which of the ring's zcrx queues", default=0)
    poll_first: bool = option("ioprio", Switch(RecvSendFlags.POLL_FIRST), POLL_FIRST, default=False)
