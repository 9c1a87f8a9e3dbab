"""The completion queue: the kernel writes, you read, and every CQE is a copy."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from uringlab.core.abi import CqeFlags
from uringlab.core.errors import check, errno_text
from uringlab.core.native import ffi, lib
from uringlab.core.ops.kinds import flag_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uringlab.core.native._native import CData

_BATCH = 64


class Cqe(NamedTuple):
    """A completion, copied out of the queue.

    Attributes:
        user_data: the request's, as it was submitted.
        res: the result; below zero a -errno.
        flags: IORING_CQE_F_*, and a buffer id in the upper 16 bits.
    """

    user_data: int
    res: int
    flags: int

    @property
    def final(self) -> bool:
        """Whether this is the request's last CQE."""
        return not self.flags & CqeFlags.MORE

    def __str__(self) -> str:
        """`user_data=7 res=-9 (EBADF: bad file descriptor) flags=0`."""
        meaning = f" ({errno_text(self.res)})" if self.res < 0 else ""
        flags = flag_names(CqeFlags, self.flags & 0xFFFF)
        return f"user_data={self.user_data} res={self.res}{meaning} flags={flags}"


class Cq:
    """A view of the completion queue of a ring.

    Iterating copies one CQE out, moves the head past it, and only then hands it to you: if you
    stop half-way, the rest is still in the queue.
    """

    __slots__ = ("_handle",)

    def __init__(self, handle: CData) -> None:
        """Made by `IoUring.cq()`."""
        self._handle = handle

    def ready(self) -> int:
        """How many CQEs are there: tail - head."""
        return check(lib.ul_cq_ready(self._handle), "CQ ready")

    def __len__(self) -> int:
        """The same, so that `if ring.cq():` reads well."""
        return self.ready()

    def peek(self, maximum: int = _BATCH) -> list[Cqe]:
        """Copies of the oldest CQEs. The head does not move: they are still in the queue."""
        out = ffi.new("struct ul_cqe[]", max(maximum, 1))
        count = check(lib.ul_cq_peek(self._handle, out, maximum), "peek")
        return [_copy(out[i]) for i in range(count)]

    def advance(self, count: int) -> None:
        """Let go of the oldest CQEs: the head moves past them, their requests' memory is freed.

        Raises:
            ValueError: fewer are ready.
        """
        try:
            check(lib.ul_cq_advance(self._handle, count), "advance")
        except OSError:
            raise ValueError(f"cannot advance by {count}: {self.ready()} ready") from None

    def drain(self, maximum: int = _BATCH) -> list[Cqe]:
        """Take up to `maximum` CQEs, with one store of the head."""
        out = ffi.new("struct ul_cqe[]", max(maximum, 1))
        count = check(lib.ul_cq_drain(self._handle, out, maximum), "drain")
        return [_copy(out[i]) for i in range(count)]

    def __iter__(self) -> Iterator[Cqe]:
        """Take CQEs one by one until the queue is empty."""
        out = ffi.new("struct ul_cqe *")
        while check(lib.ul_cq_drain(self._handle, out, 1), "drain"):
            yield _copy(out)


def _copy(cqe: CData) -> Cqe:
    return Cqe(cqe.user_data, cqe.res, cqe.flags)
