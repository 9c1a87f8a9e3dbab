"""Another size for the queues, with what is in them."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from uringlab.core.abi import RegisterOp, SetupFlags
from uringlab.core.errors import OperandError
from uringlab.core.native import lib
from uringlab.core.params import Params
from uringlab.core.register.call import explain, must_know

if TYPE_CHECKING:
    from uringlab.core.memory import MemoryMapping
    from uringlab.core.native._native import CData

MEANINGS = {
    errno.EAGAIN: "there are entries in a queue that this kernel would not move rightly (SQEs of "
    "128 bytes, CQEs of 32, or some on both sides of the wrap at 2³²): submit or take them first",
    errno.EINVAL: "the ring was not made with DEFER_TASKRUN, or no queues can have these sizes",
    errno.EOPNOTSUPP: "on this machine nobody knows where the SQ's array would be: NO_SQARRAY",
    errno.EOVERFLOW: "what is in a queue now does not fit the new one: take it first",
}
"""What errnos mean here. Source: io_uring_resize_rings(3), register.c."""


def resize(
    handle: CData,
    params: Params,
    memory: MemoryMapping,
    sq_entries: int,
    cq_entries: int = 0,
    *,
    clamp: bool = False,
) -> None:
    """Do it: see `IoUring.resize`."""
    must_know(RegisterOp.RESIZE_RINGS)
    for value in (sq_entries, cq_entries):
        if not 0 <= value < 2**32:
            raise OperandError(f"{value} entries do not fit 32 bits")
    flags = SetupFlags.CLAMP if clamp else SetupFlags(0)
    asked = Params(flags=flags, cq_entries=cq_entries).to_c()
    asked.sq_entries = sq_entries
    answer = lib.ul_ring_resize(handle, asked)
    explain(answer, RegisterOp.RESIZE_RINGS, MEANINGS)
    got = Params.from_c(asked)
    params.sq_entries, params.cq_entries = got.sq_entries, got.cq_entries
    params.sq_off, params.cq_off = got.sq_off, got.cq_off
    params.huge_pages = lib.ul_ring_huge(handle) > 0
    memory.resized(params)
