"""The completion queue: the kernel writes, you read, and every CQE is a copy."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from uringlab.core.abi import MAX_CQ_ENTRIES, CqeFlags
from uringlab.core.abi.named import flag_names
from uringlab.core.errors import check, errno_text
from uringlab.core.native import ffi, lib

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uringlab.core.batch import CqeBatch
    from uringlab.core.native._native import CData

_BATCH = 64
_WIDE = 32


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


class Cqe32(Cqe):
    """A completion of 32 bytes: from a ring with CQE32, or a large one in a mixed queue.

    Attributes:
        extra: the two 64-bit words of the second half.
    """

    extra: tuple[int, int]


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
        """How many CQEs are ready: tail - head.

        Under CQE_MIXED they are counted one by one: a CQE of 32 bytes fills two slots, and a
        filler is none. (The kernel counts slots there, when it waits for `min_complete`.)
        """
        return check(lib.ul_cq_ready(self._handle), "CQ ready")

    def __len__(self) -> int:
        """The same, so that `if ring.cq():` reads well."""
        return self.ready()

    def peek(self, maximum: int = _BATCH) -> list[Cqe]:
        """Copies of the oldest CQEs. The head does not move: they are still in the queue.

        From here on the fds that they bring are yours to close; see `IoUring.close`.
        """
        out, room = _room(maximum)
        count = check(lib.ul_cq_peek(self._handle, out, room), "peek")
        wide = self._wide()
        return [_copy(out[i], wide=wide) for i in range(count)]

    def advance(self, count: int) -> None:
        """Let go of the oldest CQEs: the head moves past them, their requests' memory is freed.

        Raises:
            ValueError: fewer are ready.
        """
        if not 0 <= count <= MAX_CQ_ENTRIES:
            raise ValueError(f"cannot advance by {count}: {self.ready()} ready")
        try:
            check(lib.ul_cq_advance(self._handle, count), "advance")
        except OSError:
            raise ValueError(f"cannot advance by {count}: {self.ready()} ready") from None

    def drain(self, maximum: int = _BATCH) -> list[Cqe]:
        """Take up to `maximum` CQEs, with one store of the head."""
        out, room = _room(maximum)
        count = check(lib.ul_cq_drain(self._handle, out, room, _WIDE), "drain")
        wide = self._wide()
        return [_copy(out[i], wide=wide) for i in range(count)]

    def drain_into(self, batch: CqeBatch) -> int:
        """Take as many CQEs as fit into a batch, in place of what was in it. Returns how many."""
        return check(lib.ul_cq_fill(self._handle, batch.c), "drain")

    def __iter__(self) -> Iterator[Cqe]:
        """Take CQEs one by one until the queue is empty."""
        out = ffi.new("struct ul_cqe *")
        wide = self._wide()
        while check(lib.ul_cq_drain(self._handle, out, 1, _WIDE), "drain"):
            yield _copy(out, wide=wide)

    def _wide(self) -> bool:
        return lib.ul_cq_size(self._handle) == _WIDE


def _room(maximum: int) -> tuple[CData, int]:
    """Room for so many CQEs, or for as many as a queue can have."""
    if maximum < 0:
        raise ValueError(f"there are no {maximum} CQEs")
    room = min(maximum, MAX_CQ_ENTRIES)
    return ffi.new("struct ul_cqe[]", max(room, 1)), room


def _copy(cqe: CData, *, wide: bool) -> Cqe:
    if not wide:
        return Cqe(cqe.user_data, cqe.res, cqe.flags)
    large = Cqe32(cqe.user_data, cqe.res, cqe.flags)
    large.extra = (cqe.extra[0], cqe.extra[1])
    return large
