"""What can be registered with a ring: `io_uring_register(2)`."""

from __future__ import annotations

from uringlab.core.abi.named import Named


class RegisterOp(Named, prefix="IORING_REGISTER_", man="io_uring_register(2)"):
    """`io_uring_register` opcodes: IORING_REGISTER_*, IORING_UNREGISTER_*."""

    BUFFERS = 0, "5.1", "pin buffers, for READ_FIXED and the like"
    UNREGISTER_BUFFERS = 1, "5.1", "let go of them", "IORING_UNREGISTER_BUFFERS"
    FILES = 2, "5.1", "make the table of registered files"
    UNREGISTER_FILES = 3, "5.1", "let go of it", "IORING_UNREGISTER_FILES"
    EVENTFD = 4, "5.2", "signal an eventfd with every CQE"
    UNREGISTER_EVENTFD = 5, "5.2", "do so no more", "IORING_UNREGISTER_EVENTFD"
    FILES_UPDATE = 6, "5.5", "change the table of registered files"
    EVENTFD_ASYNC = 7, "5.6", "signal an eventfd only for what did not complete inline"
    PROBE = 8, "5.6", "which opcodes does this kernel know?"
    PERSONALITY = 9, "5.6", "keep my credentials, under an id"
    UNREGISTER_PERSONALITY = 10, "5.6", "forget them", "IORING_UNREGISTER_PERSONALITY"
    RESTRICTIONS = 11, "5.10", "limit what the ring may do (R_DISABLED)"
    ENABLE_RINGS = 12, "5.10", "start a ring made with R_DISABLED"
    FILES2 = 13, "5.13", "make the table of registered files, with tags or sparse"
    FILES_UPDATE2 = 14, "5.13", "change it, with tags"
    BUFFERS2 = 15, "5.13", "pin buffers, with tags or sparse"
    BUFFERS_UPDATE = 16, "5.13", "change the table of buffers, with tags"
    IOWQ_AFF = 17, "5.14", "the CPUs that worker threads may run on"
    UNREGISTER_IOWQ_AFF = 18, "5.14", "any CPU again", "IORING_UNREGISTER_IOWQ_AFF"
    IOWQ_MAX_WORKERS = 19, "5.15", "how many worker threads there may be; tells what it was"
    RING_FDS = 20, "5.18", "register rings with the task, for REGISTERED_RING"
    UNREGISTER_RING_FDS = 21, "5.18", "let go of them", "IORING_UNREGISTER_RING_FDS"
    PBUF_RING = 22, "5.19", "make a ring of provided buffers"
    UNREGISTER_PBUF_RING = 23, "5.19", "let go of it", "IORING_UNREGISTER_PBUF_RING"
    SYNC_CANCEL = 24, "6.0", "cancel requests, and wait until they have ended"
    FILE_ALLOC_RANGE = 25, "6.0", "the slots that FILE_INDEX_ALLOC picks from"
    PBUF_STATUS = 26, "6.8", "how far has the kernel used a buffer ring?"
    NAPI = 27, "6.9", "busy-poll the network while waiting"
    UNREGISTER_NAPI = 28, "6.9", "do so no more", "IORING_UNREGISTER_NAPI"
    CLOCK = 29, "6.12", "the clock by which waits are timed"
    CLONE_BUFFERS = 30, "6.12", "share another ring's registered buffers"
    SEND_MSG_RING = 31, "6.13", "MSG_RING without a ring of one's own"
    ZCRX_IFQ = 32, "6.15", "receive from a network card's queue without copying"
    RESIZE_RINGS = 33, "6.13", "make the queues larger or smaller (DEFER_TASKRUN)"
    MEM_REGION = 34, "6.13", "share a region of memory, for registered waits"
    QUERY = 35, "6.18", "what does this kernel know?"
    ZCRX_CTRL = 36, "6.19", "control a ZCRX_IFQ"
    BPF_FILTER = 37, "7.0", "filter requests by BPF programs"


USE_REGISTERED_RING = 1 << 31
"""Beside the opcode: fd is a registered ring index (6.3)."""
REGISTER_FILES_SKIP = -2
"""In the place of an fd: leave that slot as it is (FILES_UPDATE)."""

# How much the kernel takes (io_uring/rsrc.c, kbuf.c, tctx.h, register.c).
MAX_FIXED_FILES = 1 << 20
MAX_FIXED_BUFFERS = 1 << 14
MAX_FIXED_BUFFER_BYTES = 1 << 30
MAX_BUF_RING_ENTRIES = 1 << 15
MAX_PROVIDED_BUFFERS = 1 << 16
MAX_REGISTERED_RINGS = 16
MAX_PERSONALITY = 0xFFFF
"""Ids of personalities are 1 to this."""
MAX_IOVECS = 1024
"""The most iovecs of one request (UIO_MAXIOV)."""
