"""One look at a ring: the words, and the raw bytes of both queues."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from uringlab.core.cq import Cqe
from uringlab.core.ops.declare import DecodedSqe, decode

if TYPE_CHECKING:
    from collections.abc import Iterator

U32 = 0xFFFF_FFFF


@dataclass(frozen=True, slots=True)
class RingSnapshot:
    """A ring at one moment. Immutable; nothing in it is decoded until somebody asks.

    Indices (heads, tails, `sq_local`) count SQEs and CQEs since the ring was made, modulo 2³².
    The slot of index i is `i & (entries - 1)`.

    Attributes:
        time_ns: CLOCK_MONOTONIC of the look.
        sq_head: moved by the kernel: SQEs before it are consumed.
        sq_tail: moved by you: SQEs before it are visible to the kernel.
        sq_local: the library's local tail: SQEs before it are staged. A ring that is looked at
            from outside has none; it equals `sq_tail` then.
        sq_flags: IORING_SQ_*, written by the kernel.
        cq_head: moved by you: CQEs before it are gone.
        cq_tail: moved by the kernel: CQEs before it are posted.
        sqes, cqes: the bytes of all slots, stale ones too.
    """

    time_ns: int
    sq_head: int
    sq_tail: int
    sq_local: int
    sq_flags: int
    sq_dropped: int
    sq_entries: int
    cq_head: int
    cq_tail: int
    cq_flags: int
    cq_overflow: int
    cq_entries: int
    sqe_size: int
    cqe_size: int
    sqes: bytes
    cqes: bytes

    # -- what the words mean -----------------------------------------------------

    @property
    def sq_mask(self) -> int:
        """SQ entries - 1: index & mask is the slot."""
        return self.sq_entries - 1

    @property
    def cq_mask(self) -> int:
        """CQ entries - 1: index & mask is the slot."""
        return self.cq_entries - 1

    @property
    def staged(self) -> int:
        """SQEs written and not published: local tail - shared tail."""
        return (self.sq_local - self.sq_tail) & U32

    @property
    def pending(self) -> int:
        """SQEs published and not consumed: shared tail - head."""
        return (self.sq_tail - self.sq_head) & U32

    @property
    def free(self) -> int:
        """SQE slots that can be taken: entries - (local tail - head)."""
        return self.sq_entries - ((self.sq_local - self.sq_head) & U32)

    @property
    def ready(self) -> int:
        """CQEs posted and not seen: CQ tail - head."""
        return (self.cq_tail - self.cq_head) & U32

    # -- slots ----------------------------------------------------------------------

    def sqe_bytes(self, index: int) -> bytes:
        """The raw bytes of the SQE at an index."""
        at = (index & self.sq_mask) * self.sqe_size
        return self.sqes[at : at + self.sqe_size]

    def sqe(self, index: int) -> DecodedSqe:
        """The SQE at an index, decoded."""
        return _decoded(self.sqe_bytes(index))

    def cqe_bytes(self, index: int) -> bytes:
        """The raw bytes of the CQE at an index."""
        at = (index & self.cq_mask) * self.cqe_size
        return self.cqes[at : at + self.cqe_size]

    def cqe(self, index: int) -> Cqe:
        """The CQE at an index."""
        return cqe_of(self.cqe_bytes(index))

    def ready_cqes(self) -> Iterator[tuple[int, Cqe]]:
        """(index, CQE) of every CQE that is posted and not seen, the oldest first."""
        for step in range(self.ready):
            index = (self.cq_head + step) & U32
            yield index, self.cqe(index)

    def same_ring_state(self, other: RingSnapshot) -> bool:
        """Whether nothing differs but the time."""
        return self.words() == other.words() and (
            self.sqes == other.sqes and self.cqes == other.cqes
        )

    def words(self) -> tuple[int, ...]:
        """Every word that can move."""
        return (
            self.sq_head,
            self.sq_tail,
            self.sq_local,
            self.sq_flags,
            self.sq_dropped,
            self.cq_head,
            self.cq_tail,
            self.cq_flags,
            self.cq_overflow,
        )


def cqe_of(data: bytes) -> Cqe:
    """Decode the first 16 bytes of a CQE."""
    return Cqe(
        int.from_bytes(data[0:8], "little"),
        int.from_bytes(data[8:12], "little", signed=True),
        int.from_bytes(data[12:16], "little"),
    )


@lru_cache(maxsize=1024)
def _decoded(sqe: bytes) -> DecodedSqe:
    return decode(sqe)
