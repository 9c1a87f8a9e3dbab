"""The flags of what io_uring does with memory, futexes and child processes."""

from __future__ import annotations

from uringlab.core.abi.named import Flags, Named


class Madvice(Named, prefix="MADV_", man="madvise(2)"):
    """`sqe->fadvise_advice` of MADVISE: madvise(2).

    Left out is what could hurt the process that asks: to poison memory, or to hide it from a
    forked child. The numbers are those of x86-64, arm64 and riscv64.
    """

    NORMAL = 0, "5.6", "nothing special"
    RANDOM = 1, "5.6", "in no order: do not read ahead"
    SEQUENTIAL = 2, "5.6", "from start to end: read ahead more"
    WILLNEED = 3, "5.6", "soon: read it now"
    DONTNEED = 4, "5.6", "give it back now; it reads as zeros, or as the file"
    FREE = 8, "5.6", "give it back when memory is short"
    MERGEABLE = 12, "5.6", "share pages that are the same"
    UNMERGEABLE = 13, "5.6", "stop sharing them"
    HUGEPAGE = 14, "5.6", "huge pages, please"
    NOHUGEPAGE = 15, "5.6", "no huge pages, please"
    DONTDUMP = 16, "5.6", "leave it out of core dumps"
    DODUMP = 17, "5.6", "do not"
    COLD = 20, "5.6", "not soon: it may be reclaimed"
    PAGEOUT = 21, "5.6", "reclaim it now"
    POPULATE_READ = 22, "5.14", "make its pages present, for reading"
    POPULATE_WRITE = 23, "5.14", "make its pages present, for writing"
    COLLAPSE = 25, "6.1", "make huge pages of it now"


class Futex2Flags(
    Flags, prefix="FUTEX2_", man="io_uring_prep_futex_wait(3), include/uapi/linux/futex.h"
):
    """`sqe->fd` of FUTEX_WAIT and FUTEX_WAKE, `futex_waitv->flags`: `linux/futex.h`.

    The kernel has futexes of 32 bits only, so SIZE_U32 must be there.
    """

    SIZE_U32 = 0x02, "6.7", "the futex has 32 bits"
    NUMA = 0x04, "6.16", "a second word names the NUMA node"
    MPOL = 0x08, "6.16", "the memory's policy names the NUMA node"
    PRIVATE = 0x80, "6.7", "within this process only: faster"


FUTEX_BITSET_MATCH_ANY = 0xFFFF_FFFF
"""`sqe->addr3` of FUTEX_WAIT and FUTEX_WAKE: every waiter."""
FUTEX_WAITV_MAX = 128
"""The most futexes that FUTEX_WAITV takes."""


class WaitIdType(Named, prefix="P_", man="waitid(2)"):
    """`sqe->len` of WAITID: waitid(2)'s idtype."""

    ALL = 0, "6.7", "any child"
    PID = 1, "6.7", "the child with this pid"
    PGID = 2, "6.7", "any child in this process group; 0: in mine"
    PIDFD = 3, "6.7", "the child that this pidfd refers to"


class WaitOptions(Flags, prefix="W", man="waitid(2)"):
    """`sqe->file_index` of WAITID: waitid(2)'s options."""

    NOHANG = 1 << 0, "6.7", "do not wait"
    STOPPED = 1 << 1, "6.7", "children that were stopped"
    EXITED = 1 << 2, "6.7", "children that have ended"
    CONTINUED = 1 << 3, "6.7", "children that go on after a stop"
    NOWAIT = 1 << 24, "6.7", "leave the child to be waited for again"
