"""The kernel's numbers, under the kernel's names.

Source: `include/uapi/linux/io_uring.h`, Linux 6.18 and what 6.19 added. Each constant says
the kernel it came in with (`since`) and what it means (`doc`), in one line, for `explain`.

The C floor has its own copy of the few it needs; a test compares the two.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag
from typing import Self


class _Named(IntEnum):
    """A number that knows since when it exists and what it means."""

    since: str
    doc: str

    def __new__(cls, value: int, since: str = "5.1", doc: str = "") -> Self:
        """Keep the two words beside the number."""
        member = int.__new__(cls, value)
        member._value_ = value
        member.since = since
        member.doc = doc
        return member


class _Flags(IntFlag):
    """A bit that knows since when it exists and what it means."""

    since: str
    doc: str

    def __new__(cls, value: int, since: str = "5.1", doc: str = "") -> Self:
        """Keep the two words beside the bit."""
        member = int.__new__(cls, value)
        member._value_ = value
        member.since = since
        member.doc = doc
        return member


class Opcode(_Named):
    """`sqe->opcode`: IORING_OP_*."""

    NOP = 0, "5.1", "do nothing, and complete"
    READV = 1, "5.1", "read into several buffers"
    WRITEV = 2, "5.1", "write from several buffers"
    FSYNC = 3, "5.1", "flush a file to its device"
    READ_FIXED = 4, "5.1", "read into a registered buffer"
    WRITE_FIXED = 5, "5.1", "write from a registered buffer"
    POLL_ADD = 6, "5.1", "complete when an fd is ready"
    POLL_REMOVE = 7, "5.1", "end or change a POLL_ADD"
    SYNC_FILE_RANGE = 8, "5.2", "start writing back a part of a file"
    SENDMSG = 9, "5.3", "send a message on a socket"
    RECVMSG = 10, "5.3", "receive a message from a socket"
    TIMEOUT = 11, "5.4", "complete after a time, or after a number of completions"
    TIMEOUT_REMOVE = 12, "5.5", "end or change a TIMEOUT"
    ACCEPT = 13, "5.5", "accept a connection"
    ASYNC_CANCEL = 14, "5.5", "cancel a request that is in flight"
    LINK_TIMEOUT = 15, "5.5", "limit the time of the request it is linked to"
    CONNECT = 16, "5.5", "connect a socket"
    FALLOCATE = 17, "5.6", "reserve room in a file"
    OPENAT = 18, "5.6", "open a file"
    CLOSE = 19, "5.6", "close an fd"
    FILES_UPDATE = 20, "5.6", "change the table of registered files"
    STATX = 21, "5.6", "ask about a file"
    READ = 22, "5.6", "read into one buffer"
    WRITE = 23, "5.6", "write from one buffer"
    FADVISE = 24, "5.6", "tell how a file will be used"
    MADVISE = 25, "5.6", "tell how memory will be used"
    SEND = 26, "5.6", "send on a socket"
    RECV = 27, "5.6", "receive from a socket"
    OPENAT2 = 28, "5.6", "open a file, with rules about the path"
    EPOLL_CTL = 29, "5.6", "change an epoll set"
    SPLICE = 30, "5.7", "move bytes between a pipe and a file"
    PROVIDE_BUFFERS = 31, "5.7", "hand buffers to the kernel to choose from"
    REMOVE_BUFFERS = 32, "5.7", "take such buffers back"
    TEE = 33, "5.8", "copy bytes from pipe to pipe"
    SHUTDOWN = 34, "5.11", "shut down one side of a socket"
    RENAMEAT = 35, "5.11", "rename a file"
    UNLINKAT = 36, "5.11", "remove a file"
    MKDIRAT = 37, "5.15", "make a directory"
    SYMLINKAT = 38, "5.15", "make a symbolic link"
    LINKAT = 39, "5.15", "make a hard link"
    MSG_RING = 40, "5.18", "put a completion into another ring"
    FSETXATTR = 41, "5.19", "set an extended attribute, by fd"
    SETXATTR = 42, "5.19", "set an extended attribute, by path"
    FGETXATTR = 43, "5.19", "read an extended attribute, by fd"
    GETXATTR = 44, "5.19", "read an extended attribute, by path"
    SOCKET = 45, "5.19", "make a socket"
    URING_CMD = 46, "5.19", "a command of the file's own driver"
    SEND_ZC = 47, "6.0", "send without copying"
    SENDMSG_ZC = 48, "6.1", "send a message without copying"
    READ_MULTISHOT = 49, "6.7", "read again and again into provided buffers"
    WAITID = 50, "6.7", "wait for a child process"
    FUTEX_WAIT = 51, "6.7", "wait on a futex"
    FUTEX_WAKE = 52, "6.7", "wake a futex"
    FUTEX_WAITV = 53, "6.7", "wait on several futexes"
    FIXED_FD_INSTALL = 54, "6.8", "make an fd of a registered file"
    FTRUNCATE = 55, "6.9", "set a file's length"
    BIND = 56, "6.11", "bind a socket"
    LISTEN = 57, "6.11", "listen on a socket"
    RECV_ZC = 58, "6.15", "receive without copying"
    EPOLL_WAIT = 59, "6.15", "take events from an epoll set"
    READV_FIXED = 60, "6.15", "read into several parts of a registered buffer"
    WRITEV_FIXED = 61, "6.15", "write from several parts of a registered buffer"
    PIPE = 62, "6.16", "make a pipe"
    NOP128 = 63, "6.19", "a NOP of 128 bytes"
    URING_CMD128 = 64, "6.19", "a driver's command of 128 bytes"


class SqeFlags(_Flags):
    """`sqe->flags`: IOSQE_*."""

    FIXED_FILE = 1 << 0, "5.1", "fd is an index into the table of registered files"
    IO_DRAIN = 1 << 1, "5.2", "start only when every earlier request has completed"
    IO_LINK = 1 << 2, "5.3", "the next SQE starts only when this one has succeeded"
    IO_HARDLINK = 1 << 3, "5.5", "the next SQE starts when this one has ended, however it ended"
    ASYNC = 1 << 4, "5.6", "do not try inline: give it to a worker thread at once"
    BUFFER_SELECT = 1 << 5, "5.7", "the kernel picks a buffer from the group buf_group"
    CQE_SKIP_SUCCESS = 1 << 6, "5.17", "no CQE if it succeeds"


class SetupFlags(_Flags):
    """`params->flags`: IORING_SETUP_*."""

    IOPOLL = 1 << 0, "5.1", "completions are polled for; only for files that can (O_DIRECT)"
    SQPOLL = 1 << 1, "5.1", "a kernel thread watches the SQ: no io_uring_enter to submit"
    SQ_AFF = 1 << 2, "5.1", "that thread runs on the CPU sq_thread_cpu"
    CQSIZE = 1 << 3, "5.5", "the CQ's size is given, not twice the SQ's"
    CLAMP = 1 << 4, "5.6", "a size too large is lowered to the limit, not refused"
    ATTACH_WQ = 1 << 5, "5.6", "share the worker threads of the ring wq_fd"
    R_DISABLED = 1 << 6, "5.10", "start disabled, so that restrictions can be registered"
    SUBMIT_ALL = 1 << 7, "5.18", "go on after an SQE that is refused"
    COOP_TASKRUN = 1 << 8, "5.19", "do not interrupt the task to run its task work"
    TASKRUN_FLAG = 1 << 9, "5.19", "show waiting task work as SQ flag TASKRUN"
    SQE128 = 1 << 10, "5.19", "SQEs of 128 bytes"
    CQE32 = 1 << 11, "5.19", "CQEs of 32 bytes"
    SINGLE_ISSUER = 1 << 12, "6.0", "one task only will submit; others get EEXIST"
    DEFER_TASKRUN = 1 << 13, "6.1", "run task work only when asked for events"
    NO_MMAP = 1 << 14, "6.5", "the application brings the rings' memory"
    REGISTERED_FD_ONLY = 1 << 15, "6.5", "no fd: the ring is a registered index only"
    NO_SQARRAY = 1 << 16, "6.6", "no index array: slot i is position i"
    HYBRID_IOPOLL = 1 << 17, "6.13", "sleep a while, then poll"
    CQE_MIXED = 1 << 18, "6.18", "CQEs of 16 and of 32 bytes in one queue"
    SQE_MIXED = 1 << 19, "6.19", "SQEs of 64 and of 128 bytes in one queue"
    SQ_REWIND = 1 << 20, "7.0", "every submission starts at slot 0"


class Features(_Flags):
    """`params->features`: IORING_FEAT_*, the kernel's answer."""

    SINGLE_MMAP = 1 << 0, "5.4", "both rings lie in one mapping"
    NODROP = 1 << 1, "5.5", "CQEs that do not fit are kept in the kernel, not dropped"
    SUBMIT_STABLE = 1 << 2, "5.5", "what an SQE points to for setting up is copied at submit"
    RW_CUR_POS = 1 << 3, "5.6", "offset -1 means the file's own position"
    CUR_PERSONALITY = 1 << 4, "5.6", "requests run with the credentials of who calls enter"
    FAST_POLL = 1 << 5, "5.7", "waiting for readiness needs no worker thread"
    POLL_32BITS = 1 << 6, "5.9", "poll masks have 32 bits"
    SQPOLL_NONFIXED = 1 << 7, "5.11", "SQPOLL works with plain fds"
    EXT_ARG = 1 << 8, "5.11", "enter takes a timeout"
    NATIVE_WORKERS = 1 << 9, "5.12", "workers are threads of the process"
    RSRC_TAGS = 1 << 10, "5.13", "registered files and buffers can be tagged and updated"
    CQE_SKIP = 1 << 11, "5.17", "IOSQE_CQE_SKIP_SUCCESS works"
    LINKED_FILE = 1 << 12, "5.17", "a linked SQE looks up its file when it starts"
    REG_REG_RING = 1 << 13, "6.3", "register works through a registered ring index"
    RECVSEND_BUNDLE = 1 << 14, "6.10", "send and recv can use several provided buffers"
    MIN_TIMEOUT = 1 << 15, "6.12", "a wait can have a minimum time"
    RW_ATTR = 1 << 16, "6.14", "reads and writes can carry attributes"
    NO_IOWAIT = 1 << 17, "6.15", "waiting need not count as iowait"


class EnterFlags(_Flags):
    """`io_uring_enter` flags: IORING_ENTER_*."""

    GETEVENTS = 1 << 0, "5.1", "wait for min_complete completions, and run what brings them"
    SQ_WAKEUP = 1 << 1, "5.1", "wake the SQPOLL thread"
    SQ_WAIT = 1 << 2, "5.10", "wait for room in the SQ (SQPOLL)"
    EXT_ARG = 1 << 3, "5.11", "the last argument holds a timeout and a signal mask"
    REGISTERED_RING = 1 << 4, "5.18", "fd is a registered ring index"
    ABS_TIMER = 1 << 5, "6.12", "the timeout is a point in time"
    EXT_ARG_REG = 1 << 6, "6.13", "the last argument lies in a registered region"
    NO_IOWAIT = 1 << 7, "6.15", "do not count the wait as iowait"


class SqRingFlags(_Flags):
    """The SQ's flags word, written by the kernel: IORING_SQ_*."""

    NEED_WAKEUP = 1 << 0, "5.1", "the SQPOLL thread sleeps: enter with SQ_WAKEUP"
    CQ_OVERFLOW = 1 << 1, "5.8", "CQEs wait in the kernel: make room, enter with GETEVENTS"
    TASKRUN = 1 << 2, "5.19", "task work waits: enter with GETEVENTS"


class CqRingFlags(_Flags):
    """The CQ's flags word, written by you: IORING_CQ_*."""

    EVENTFD_DISABLED = 1 << 0, "5.8", "no eventfd notifications for now"


class CqeFlags(_Flags):
    """`cqe->flags`: IORING_CQE_F_*."""

    BUFFER = 1 << 0, "5.7", "the upper 16 bits are the id of the buffer that was picked"
    MORE = 1 << 1, "5.13", "this request will post more CQEs"
    SOCK_NONEMPTY = 1 << 2, "5.19", "the socket has more to read"
    NOTIF = 1 << 3, "6.0", "a zero-copy send has let go of its buffer"
    BUF_MORE = 1 << 4, "6.12", "the buffer is only partly used, and stays in use"
    SKIP = 1 << 5, "6.18", "a filler at the queue's end: ignore it"
    F_32 = 1 << 15, "6.18", "this CQE is 32 bytes long"


class FsyncFlags(_Flags):
    """`sqe->fsync_flags`."""

    DATASYNC = 1 << 0, "5.1", "as fdatasync(2): leave out what reading does not need"


class TimeoutFlags(_Flags):
    """`sqe->timeout_flags`: IORING_TIMEOUT_*."""

    ABS = 1 << 0, "5.5", "the time is a point in time"
    UPDATE = 1 << 1, "5.11", "change a timeout (TIMEOUT_REMOVE)"
    BOOTTIME = 1 << 2, "5.15", "by CLOCK_BOOTTIME"
    REALTIME = 1 << 3, "5.15", "by CLOCK_REALTIME"
    LINK_UPDATE = 1 << 4, "5.15", "change a link timeout (TIMEOUT_REMOVE)"
    ETIME_SUCCESS = 1 << 5, "5.16", "running out counts as success: links go on"
    MULTISHOT = 1 << 6, "6.4", "fire again and again, count times (0: for ever)"


class PollEvents(_Flags):
    """`sqe->poll32_events`: POLL*, poll(2)."""

    IN = 0x001, "5.1", "there is something to read"
    PRI = 0x002, "5.1", "there is something exceptional"
    OUT = 0x004, "5.1", "writing would not block"
    ERR = 0x008, "5.1", "an error (always reported)"
    HUP = 0x010, "5.1", "the other side hung up (always reported)"
    NVAL = 0x020, "5.1", "not an open fd"
    RDHUP = 0x2000, "5.1", "the other side of a socket will write no more"


class PollFlags(_Flags):
    """`sqe->len` of POLL_ADD: IORING_POLL_*."""

    ADD_MULTI = 1 << 0, "5.13", "report again and again"
    UPDATE_EVENTS = 1 << 1, "5.13", "change the mask (POLL_REMOVE)"
    UPDATE_USER_DATA = 1 << 2, "5.13", "change the user_data (POLL_REMOVE)"
    ADD_LEVEL = 1 << 3, "6.0", "level-triggered"


class CancelFlags(_Flags):
    """`sqe->cancel_flags`: IORING_ASYNC_CANCEL_*."""

    ALL = 1 << 0, "5.19", "every request that matches, not only the first"
    FD = 1 << 1, "5.19", "match by fd, not by user_data"
    ANY = 1 << 2, "5.19", "match any request"
    FD_FIXED = 1 << 3, "6.0", "that fd is an index of the registered files"
    USERDATA = 1 << 4, "6.6", "match by user_data as well"
    OP = 1 << 5, "6.6", "match by opcode as well"


class RegisterOp(_Named):
    """`io_uring_register` opcodes this version uses: IORING_REGISTER_*."""

    PROBE = 8, "5.6", "which opcodes does this kernel know?"


OFF_SQ_RING = 0
OFF_CQ_RING = 0x8000000
OFF_SQES = 0x10000000
AT_FDCWD = -100
MAX_ENTRIES = 32768
MAX_CQ_ENTRIES = 2 * MAX_ENTRIES

SQE_FORMAT = "<BBHiQQIIQHHIQQ"
SQE_WORDS = (
    "opcode",
    "flags",
    "ioprio",
    "fd",
    "off",
    "addr",
    "len",
    "op_flags",
    "user_data",
    "buf_index",
    "personality",
    "file_index",
    "addr3",
    "pad2",
)
"""The words of `struct io_uring_sqe`, in order; unions under the name of their first use."""

SQE_BYTES = 64
CQE_BYTES = 16
