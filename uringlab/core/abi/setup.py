"""What a ring can be, and what the kernel says it can do: `io_uring_setup(2)`."""

from __future__ import annotations

from uringlab.core.abi.named import Flags


class SetupFlags(Flags, prefix="IORING_SETUP_", man="io_uring_setup(2), io_uring_setup_flags(7)"):
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


class Features(Flags, prefix="IORING_FEAT_", man="io_uring_setup(2)"):
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


MAX_ENTRIES = 32768
"""The largest SQ, in entries (IORING_MAX_ENTRIES)."""
MAX_CQ_ENTRIES = 2 * MAX_ENTRIES
"""The largest CQ, in entries (IORING_MAX_CQ_ENTRIES)."""
