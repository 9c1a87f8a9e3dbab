"""The flags of io_uring's own operations, which no other system call has."""

from __future__ import annotations

from uringlab.core.abi.named import Flags, Named


class TimeoutFlags(Flags, prefix="IORING_TIMEOUT_", man="io_uring_prep_timeout(3)"):
    """`sqe->timeout_flags`: IORING_TIMEOUT_*."""

    ABS = 1 << 0, "5.5", "the time is a point in time"
    UPDATE = 1 << 1, "5.11", "change a timeout (TIMEOUT_REMOVE)"
    BOOTTIME = 1 << 2, "5.15", "by CLOCK_BOOTTIME"
    REALTIME = 1 << 3, "5.15", "by CLOCK_REALTIME"
    LINK_UPDATE = (
        1 << 4,
        "5.15",
        "change a link timeout (TIMEOUT_REMOVE)",
        "IORING_LINK_TIMEOUT_UPDATE",
    )
    ETIME_SUCCESS = 1 << 5, "5.16", "running out counts as success: links go on"
    MULTISHOT = 1 << 6, "6.4", "fire again and again, count times (0: for ever)"
    IMMEDIATE_ARG = 1 << 7, "7.1", "addr is the time itself, in nanoseconds"


class PollEvents(Flags, prefix="POLL", man="poll(2)"):
    """`sqe->poll32_events`: POLL*, poll(2)."""

    IN = 0x001, "5.1", "there is something to read"
    PRI = 0x002, "5.1", "there is something exceptional"
    OUT = 0x004, "5.1", "writing would not block"
    ERR = 0x008, "5.1", "an error (always reported)"
    HUP = 0x010, "5.1", "the other side hung up (always reported)"
    NVAL = 0x020, "5.1", "not an open fd"
    RDNORM = 0x040, "5.1", "ordinary bytes can be read"
    RDBAND = 0x080, "5.1", "priority bytes can be read"
    WRNORM = 0x100, "5.1", "ordinary bytes can be written"
    WRBAND = 0x200, "5.1", "priority bytes can be written"
    MSG = 0x400, "5.1", "a message is there (unused)"
    RDHUP = 0x2000, "5.1", "the other side of a socket will write no more"
    EXCLUSIVE = 1 << 28, "5.9", "wake one waiter only, not all", "EPOLLEXCLUSIVE"


class PollFlags(Flags, prefix="IORING_POLL_", man="io_uring_prep_poll_add(3), io_uring/poll.c"):
    """`sqe->len` of POLL_ADD: IORING_POLL_*."""

    ADD_MULTI = 1 << 0, "5.13", "report again and again"
    UPDATE_EVENTS = 1 << 1, "5.13", "change the mask (POLL_REMOVE)"
    UPDATE_USER_DATA = 1 << 2, "5.13", "change the user_data (POLL_REMOVE)"
    ADD_LEVEL = 1 << 3, "6.0", "level-triggered"


class CancelFlags(Flags, prefix="IORING_ASYNC_CANCEL_", man="io_uring_prep_cancel(3)"):
    """`sqe->cancel_flags`: IORING_ASYNC_CANCEL_*."""

    ALL = 1 << 0, "5.19", "every request that matches, not only the first"
    FD = 1 << 1, "5.19", "match by fd, not by user_data"
    ANY = 1 << 2, "5.19", "match any request"
    FD_FIXED = 1 << 3, "6.0", "that fd is an index of the registered files"
    USERDATA = 1 << 4, "6.6", "match by user_data as well"
    OP = 1 << 5, "6.6", "match by opcode as well"


class NopFlags(Flags, prefix="IORING_NOP_", man="io_uring/nop.c"):
    """`sqe->nop_flags`; for tests of io_uring itself."""

    INJECT_RESULT = 1 << 0, "6.10", "complete with the result in len"
    FILE = 1 << 1, "6.13", "look up the file fd"
    FIXED_FILE = 1 << 2, "6.13", "that fd is an index of the registered files"
    FIXED_BUFFER = 1 << 3, "6.13", "look up the registered buffer buf_index"
    TW = 1 << 4, "6.17", "complete by task work"
    CQE32 = 1 << 5, "6.18", "a CQE of 32 bytes, with off and addr in its second half"


class MsgRingCommand(Named, prefix="IORING_MSG_", man="io_uring_prep_msg_ring(3)"):
    """`sqe->addr` of MSG_RING: what to send."""

    DATA = 0, "5.18", "len as res, and off as user_data"
    SEND_FD = 1, "6.0", "a registered file"


class MsgRingFlags(
    Flags, prefix="IORING_MSG_RING_", man="io_uring_prep_msg_ring(3), io_uring/msg_ring.c"
):
    """`sqe->msg_ring_flags`."""

    CQE_SKIP = 1 << 0, "6.0", "no CQE in the other ring (SEND_FD)"
    FLAGS_PASS = 1 << 1, "6.3", "file_index goes into the CQE's flags (DATA)"


class InstallFlags(Flags, prefix="IORING_", man="io_uring_prep_fixed_fd_install(3)"):
    """`sqe->install_fd_flags`, of FIXED_FD_INSTALL."""

    FIXED_FD_NO_CLOEXEC = 1 << 0, "6.8", "the new fd survives execve(2)"


class UringCmdFlags(Flags, prefix="IORING_URING_CMD_", man="io_uring/uring_cmd.c"):
    """`sqe->uring_cmd_flags`."""

    FIXED = 1 << 0, "6.1", "use the registered buffer buf_index"
    MULTISHOT = 1 << 1, "6.18", "post CQEs again and again, with provided buffers"


class SocketCommand(Named, prefix="SOCKET_URING_OP_", man="io_uring_prep_cmd_sock(3)"):
    """`sqe->cmd_op` of URING_CMD on a socket."""

    SIOCINQ = 0, "6.7", "how many bytes wait to be read?"
    SIOCOUTQ = 1, "6.7", "how many bytes are not sent yet?"
    GETSOCKOPT = 2, "6.7", "getsockopt(2), level SOL_SOCKET only"
    SETSOCKOPT = 3, "6.7", "setsockopt(2)"
    TX_TIMESTAMP = 4, "6.17", "when was what I sent sent? (multishot, CQE32)"
    GETSOCKNAME = 5, "6.19", "getsockname(2); optlen 1: getpeername(2)"


class BlockCommand(Named, prefix="BLOCK_URING_CMD_", man="io_uring_prep_cmd_discard(3)"):
    """`sqe->cmd_op` of URING_CMD on a block device: `linux/blkdev.h`."""

    DISCARD = 0x1200, "6.12", "addr3 bytes from addr on are needed no more"
