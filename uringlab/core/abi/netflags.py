"""The flags of what io_uring does with sockets and epoll sets."""

from __future__ import annotations

import os

from uringlab.core.abi.named import Flags, Named


class RecvSendFlags(
    Flags, prefix="IORING_RECVSEND_", man="io_uring_prep_recv(3), io_uring_prep_send(3)"
):
    """`sqe->ioprio` of the sends and receives."""

    POLL_FIRST = 1 << 0, "5.19", "wait for readiness first, and only then try"
    RECV_MULTISHOT = 1 << 1, "6.0", "receive again and again", "IORING_RECV_MULTISHOT"
    FIXED_BUF = 1 << 2, "6.0", "use the registered buffer buf_index"
    SEND_ZC_REPORT_USAGE = (
        1 << 3,
        "6.2",
        "the NOTIF's res says whether it was copied",
        "IORING_SEND_ZC_REPORT_USAGE",
    )
    BUNDLE = 1 << 4, "6.10", "use as many provided buffers as there is need for"
    SEND_VECTORIZED = 1 << 5, "6.17", "addr is an array of iovecs", "IORING_SEND_VECTORIZED"


class AcceptFlags(Flags, prefix="IORING_ACCEPT_", man="io_uring_prep_accept(3), io_uring/net.c"):
    """`sqe->ioprio` of ACCEPT."""

    MULTISHOT = 1 << 0, "5.19", "accept again and again"
    DONTWAIT = 1 << 1, "6.10", "EAGAIN rather than wait"
    POLL_FIRST = 1 << 2, "6.10", "wait for a connection first, and only then try"


class AcceptSocketFlags(Flags, prefix="SOCK_", man="accept(2)"):
    """`sqe->accept_flags`: accept4(2). In SOCKET, beside the SocketType."""

    NONBLOCK = os.O_NONBLOCK, "5.5", "the new socket does not block"
    CLOEXEC = os.O_CLOEXEC, "5.5", "execve(2) closes the new socket"


class SocketType(Named, prefix="SOCK_", man="socket(2)"):
    """`sqe->off` of SOCKET: socket(2)'s type."""

    STREAM = 1, "5.19", "a stream of bytes (TCP)"
    DGRAM = 2, "5.19", "messages (UDP)"
    RAW = 3, "5.19", "the network's own packets"
    RDM = 4, "5.19", "messages that arrive, in any order"
    SEQPACKET = 5, "5.19", "messages that arrive, in order"


class AddressFamily(Named, prefix="AF_", man="socket(2)"):
    """`sqe->fd` of SOCKET: socket(2)'s domain. Only the common ones."""

    UNIX = 1, "5.19", "on this machine, by a path"
    INET = 2, "5.19", "IPv4"
    INET6 = 10, "5.19", "IPv6"


class MsgFlags(Flags, prefix="MSG_", man="send(2), recv(2)"):
    """`sqe->msg_flags`: send(2), recv(2)."""

    OOB = 0x1, "5.3", "the urgent byte"
    PEEK = 0x2, "5.3", "leave what is read where it is"
    DONTROUTE = 0x4, "5.3", "to directly connected hosts only"
    CTRUNC = 0x8, "5.3", "an answer: control data did not fit"
    TRUNC = 0x20, "5.3", "tell the real length; as an answer: it did not fit"
    DONTWAIT = 0x40, "5.3", "EAGAIN rather than wait"
    EOR = 0x80, "5.3", "the end of a record"
    WAITALL = 0x100, "5.3", "go on until all of it is there"
    CONFIRM = 0x800, "5.3", "the other side is known to be alive"
    ERRQUEUE = 0x2000, "5.3", "from the error queue"
    NOSIGNAL = 0x4000, "5.3", "no SIGPIPE (io_uring always sets it)"
    MORE = 0x8000, "5.3", "more will follow: do not send a small packet yet"
    SOCK_DEVMEM = 0x2000000, "6.12", "from a device's memory"
    ZEROCOPY = 0x4000000, "5.3", "do not copy (SEND_ZC does it better)"
    FASTOPEN = 0x20000000, "5.3", "send while connecting"
    CMSG_CLOEXEC = 0x40000000, "5.3", "execve(2) closes the fds that are received"


class ShutdownHow(Named, prefix="SHUT_", man="shutdown(2)"):
    """`sqe->len` of SHUTDOWN: shutdown(2)."""

    RD = 0, "5.11", "nothing more will be read"
    WR = 1, "5.11", "nothing more will be written"
    RDWR = 2, "5.11", "neither"


class EpollOp(Named, prefix="EPOLL_CTL_", man="epoll_ctl(2)"):
    """`sqe->len` of EPOLL_CTL: epoll_ctl(2)."""

    ADD = 1, "5.6", "add an fd to the set"
    DEL = 2, "5.6", "take it out"
    MOD = 3, "5.6", "change what it is watched for"


class EpollEvents(Flags, prefix="EPOLL", man="epoll_ctl(2)"):
    """`epoll_event->events`."""

    IN = 0x001, "5.6", "there is something to read"
    PRI = 0x002, "5.6", "there is something exceptional"
    OUT = 0x004, "5.6", "writing would not block"
    ERR = 0x008, "5.6", "an error (always reported)"
    HUP = 0x010, "5.6", "the other side hung up (always reported)"
    RDNORM = 0x040, "5.6", "ordinary bytes can be read"
    RDBAND = 0x080, "5.6", "priority bytes can be read"
    WRNORM = 0x100, "5.6", "ordinary bytes can be written"
    WRBAND = 0x200, "5.6", "priority bytes can be written"
    MSG = 0x400, "5.6", "a message is there (unused)"
    RDHUP = 0x2000, "5.6", "the other side of a socket will write no more"
    EXCLUSIVE = 1 << 28, "5.6", "wake one waiter only, not all"
    WAKEUP = 1 << 29, "5.6", "do not let the machine suspend meanwhile"
    ONESHOT = 1 << 30, "5.6", "report once, then be silent until MOD"
    ET = 1 << 31, "5.6", "edge-triggered"
