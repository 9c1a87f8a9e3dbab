"""The words of the rings' shared memory, and where it is mapped."""

from __future__ import annotations

from uringlab.core.abi.named import Flags


class SqRingFlags(Flags, prefix="IORING_SQ_", man="io_uring_setup(2)"):
    """The SQ's flags word, written by the kernel: IORING_SQ_*."""

    NEED_WAKEUP = 1 << 0, "5.1", "the SQPOLL thread sleeps: enter with SQ_WAKEUP"
    CQ_OVERFLOW = 1 << 1, "5.8", "CQEs wait in the kernel: make room, enter with GETEVENTS"
    TASKRUN = 1 << 2, "5.19", "task work waits: enter with GETEVENTS"


class CqRingFlags(Flags, prefix="IORING_CQ_", man="io_uring_cq_eventfd_toggle(3)"):
    """The CQ's flags word, written by you: IORING_CQ_*."""

    EVENTFD_DISABLED = 1 << 0, "5.8", "no eventfd notifications for now"


# Where to mmap(2) a ring's fd.
OFF_SQ_RING = 0
OFF_CQ_RING = 0x8000000
OFF_SQES = 0x10000000
OFF_PBUF_RING = 0x80000000
"""A buffer ring made with MMAP: at OFF_PBUF_RING | bgid << OFF_PBUF_SHIFT."""
OFF_PBUF_SHIFT = 16
OFF_MMAP_MASK = 0xF8000000
"""The bits of an offset that say which of these it is."""
