"""The ring's own fd, registered with the thread: entering then skips the look-up of the fd."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from uringlab.core.abi import RegisterOp
from uringlab.core.fd import IoUringFd
from uringlab.core.native import lib
from uringlab.core.register.call import explain, must_know

if TYPE_CHECKING:
    from uringlab.core.native._native import CData

MEANINGS = {
    errno.EBUSY: "this thread has 16 rings registered already: that is all it can have",
    errno.EEXIST: "the ring is registered already, or has a single issuer and this is not it",
    errno.ENXIO: "the ring is not registered",
    errno.EPERM: "the index is the ring's only door (REGISTERED_FD_ONLY)",
    errno.ESRCH: "another thread has registered it: the index is in that thread's table",
}
"""What errnos mean here. Source: io_uring_register(2), tctx.c."""


def register_fd(handle: CData) -> IoUringFd:
    """Register it: see `IoUring.register_fd`."""
    must_know(RegisterOp.RING_FDS)
    index = explain(lib.ul_ring_index_register(handle), RegisterOp.RING_FDS, MEANINGS)
    return IoUringFd(index, registered=True)


def unregister_fd(handle: CData) -> None:
    """Take it back: see `IoUring.unregister_fd`."""
    must_know(RegisterOp.UNREGISTER_RING_FDS)
    answer = lib.ul_ring_index_unregister(handle)
    explain(answer, RegisterOp.UNREGISTER_RING_FDS, MEANINGS)
