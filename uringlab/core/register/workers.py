"""The worker threads (io-wq) that do what would block: where they run, and how many."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, NamedTuple

from uringlab.core.abi import RegisterOp
from uringlab.core.errors import OperandError
from uringlab.core.native import ffi
from uringlab.core.register.call import block, register

if TYPE_CHECKING:
    from collections.abc import Iterable

    from uringlab.core.native._native import CData

MEANINGS = {
    errno.EINVAL: "the process's cpuset does not have all of these CPUs, or this thread has no "
    "workers",
}
"""What errnos mean here. Source: io_uring_register(2), io-wq.c."""

_MAX_CPU = 1 << 16
_INT_MAX = 2**31 - 1


class Limits(NamedTuple):
    """How many workers there may be.

    Attributes:
        bounded: for what ends in bounded time: files, block devices.
        unbounded: for what may never end: sockets, pipes.
    """

    bounded: int
    unbounded: int


class Workers:
    """The workers of the thread that calls this (under SQPOLL: of the poll thread).

    `ring.workers`. They belong to the thread and not to the ring: all rings that it uses share
    them.
    """

    __slots__ = ("_handle",)

    def __init__(self, handle: CData) -> None:
        """Made by `IoUring.workers`."""
        self._handle = handle

    def pin(self, cpus: Iterable[int]) -> None:
        """Let them run on these CPUs only. IORING_REGISTER_IOWQ_AFF, 5.14.

        CPUs that the machine has not are passed over by the kernel, and are no error.

        Raises:
            OSError: EINVAL: see `MEANINGS`.
            OperandError: no CPU at all, or no number of one.
        """
        wanted = set(cpus)
        if not wanted or not all(0 <= cpu < _MAX_CPU for cpu in wanted):
            raise OperandError(f"{sorted(wanted)} is no set of CPUs")
        mask = sum(1 << cpu for cpu in wanted)
        data = mask.to_bytes((max(wanted) // 64 + 1) * 8, "little")
        register(self._handle, RegisterOp.IOWQ_AFF, block(data), len(data), MEANINGS)

    def unpin(self) -> None:
        """Let them run on any CPU again. IORING_UNREGISTER_IOWQ_AFF, 5.14."""
        register(self._handle, RegisterOp.UNREGISTER_IOWQ_AFF, meanings=MEANINGS)

    def limit(self, bounded: int = 0, unbounded: int = 0) -> Limits:
        """Say how many there may be. IORING_REGISTER_IOWQ_MAX_WORKERS, 5.15.

        Args:
            bounded: see `Limits`; 0 leaves it as it is.
            unbounded: the same.

        Returns:
            What it was.

        Raises:
            OperandError: no number of workers.
        """
        for value in (bounded, unbounded):
            if not 0 <= value <= _INT_MAX:
                raise OperandError(f"{value} is no number of workers")
        arg = ffi.new("uint32_t[2]", [bounded, unbounded])
        register(self._handle, RegisterOp.IOWQ_MAX_WORKERS, arg, 2)
        return Limits(arg[0], arg[1])

    def limits(self) -> Limits:
        """How many there may be now: asked with a change of nothing."""
        return self.limit()
