"""An eventfd that is signalled with every CQE."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from uringlab.core.abi import CqRingFlags, RegisterOp
from uringlab.core.errors import OperandError, check
from uringlab.core.native import ffi, lib
from uringlab.core.register.call import register

if TYPE_CHECKING:
    from uringlab.core.native._native import CData
    from uringlab.core.register.files import HasFileno

MEANINGS = {
    errno.EBADF: "the fd is not open",
    errno.EBUSY: "the ring has an eventfd already: unregister it first",
    errno.EINVAL: "the fd is no eventfd",
    errno.ENXIO: "the ring has no eventfd",
}
"""What errnos mean when an eventfd is registered. Source: io_uring_register(2), eventfd.c."""


class EventFd:
    """The ring's eventfd: `ring.eventfd`.

    The kernel adds to it when CQEs are posted: at least once for all that came since it was
    last looked at, not once for each. So whoever is woken looks at the completion queue, and
    may find that somebody else has emptied it. The kernel has the eventfd itself: the fd may
    be closed.
    """

    __slots__ = ("_handle",)

    def __init__(self, handle: CData) -> None:
        """Made by `IoUring.eventfd`."""
        self._handle = handle

    def register(self, fd: int | HasFileno, *, async_only: bool = False) -> None:
        """Signal this eventfd. IORING_REGISTER_EVENTFD, 5.2.

        Args:
            fd: an eventfd(2).
            async_only: only for what a worker thread completes, and not for what is done when
                it is submitted or by the task itself. IORING_REGISTER_EVENTFD_ASYNC, 5.6.

        Raises:
            OSError: EBADF, EBUSY, EINVAL: see `MEANINGS`.
        """
        number = fd if isinstance(fd, int) else fd.fileno()
        if not -(2**31) <= number < 2**31:
            raise OperandError(f"{number} is no fd")
        op = RegisterOp.EVENTFD_ASYNC if async_only else RegisterOp.EVENTFD
        register(self._handle, op, ffi.new("int32_t *", number), 1, MEANINGS)

    def unregister(self) -> None:
        """Signal it no more. IORING_UNREGISTER_EVENTFD, 5.2.

        Raises:
            OSError: ENXIO: there is none.
        """
        register(self._handle, RegisterOp.UNREGISTER_EVENTFD, meanings=MEANINGS)

    @property
    def enabled(self) -> bool:
        """Whether it is signalled: a flag in the CQ's memory, and yours. No system call.

        While it is off, CQEs come as ever and signal nothing; what came meanwhile signals
        nothing later. IORING_CQ_EVENTFD_DISABLED, 5.8.

        Raises:
            OSError: EOPNOTSUPP when it is set on a kernel that has no such flag.
        """
        return not self._flags() & CqRingFlags.EVENTFD_DISABLED

    @enabled.setter
    def enabled(self, on: bool) -> None:
        rest = self._flags() & ~int(CqRingFlags.EVENTFD_DISABLED)
        flags = rest if on else rest | CqRingFlags.EVENTFD_DISABLED
        check(
            lib.ul_cq_set_flags(self._handle, int(flags)),
            "set the CQ's flags",
            {errno.EOPNOTSUPP: "before Linux 5.8 the CQ has no flags"},
        )

    def _flags(self) -> int:
        words = ffi.new("struct ul_words *")
        check(lib.ul_ring_words(self._handle, words), "look at the ring")
        return int(words.cq_flags)
