"""One look at a ring: the words, and the raw bytes of both queues."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from uringlab.core.abi import CqeFlags
from uringlab.core.cq import Cqe, Cqe32
from uringlab.core.ops.declare import DecodedSqe, decode

if TYPE_CHECKING:
    from collections.abc import Iterator

U32 = 0xFFFF_FFFF
_WIDE = 32
# The C floor's marks on a CQE that was taken, and not the kernel's: see cq.c.
_TAKEN = CqeFlags.SKIP | 1 << 14
_WAS_LARGE = 1 << 13


class Acts(NamedTuple):
    """What the ring's own library did to it so far: how often, and when last.

    A ring that is looked at from outside has none: all zero.

    Attributes:
        staged: how often the local tail was moved.
        written: how often something was written into a slot that was staged already.
        published: how often the shared SQ tail was moved.
        seen: how often the CQ head was moved.
        staged_ns, written_ns, published_ns, seen_ns: CLOCK_MONOTONIC of the last time; 0 for
            before anybody watched.
    """

    staged: int = 0
    staged_ns: int = 0
    written: int = 0
    written_ns: int = 0
    published: int = 0
    published_ns: int = 0
    seen: int = 0
    seen_ns: int = 0


class RingSnapshot(NamedTuple):
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
        cq_flags: IORING_CQ_*, written by you.
        sqes, cqes: the bytes of all slots, stale ones too.
        cqe_mixed: made with CQE_MIXED: a CQE of 32 bytes lies in two slots of 16, and a filler
            at the queue's end is no CQE.
        acts: what the ring's own library did.
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
    cqe_mixed: bool = False
    acts: Acts = Acts()

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
        """CQ slots posted and not seen: CQ tail - head. As many CQEs, unless `cqe_mixed`."""
        return (self.cq_tail - self.cq_head) & U32

    # -- slots ----------------------------------------------------------------------

    def sqe_bytes(self, index: int) -> bytes:
        """The raw bytes of the SQE at an index."""
        at = (index & self.sq_mask) * self.sqe_size
        return self.sqes[at : at + self.sqe_size]

    def sqes_between(self, start: int, end: int) -> bytes:
        """The bytes of the SQEs from an index to before another, at most a lap of them."""
        entries, size = self.sq_entries, self.sqe_size
        first, count = start & (entries - 1), (end - start) & U32
        last = first + min(entries, count)
        data = self.sqes[first * size : last * size]
        return data if last <= entries else data + self.sqes[: (last - entries) * size]

    def sqe(self, index: int) -> DecodedSqe:
        """The SQE at an index, decoded."""
        return _decoded(self.sqe_bytes(index))

    def cqe_bytes(self, index: int) -> bytes:
        """The raw bytes of the CQE at an index; the second half of a large one, too."""
        at = (index & self.cq_mask) * self.cqe_size
        data = self.cqes[at : at + self.cqe_size]
        if self.cqe_mixed:
            flags = _flags(data)
            if _is_taken(flags):
                large = CqeFlags.F_32 if flags & _WAS_LARGE else 0
                flags = flags & ~(_TAKEN | _WAS_LARGE) | large
                data = data[:12] + flags.to_bytes(4, "little")
            if flags & CqeFlags.F_32:
                after = ((index + 1) & self.cq_mask) * self.cqe_size
                data += self.cqes[after : after + self.cqe_size]
        return data

    def cqe(self, index: int) -> Cqe:
        """The CQE at an index."""
        return cqe_of(self.cqe_bytes(index))

    def walk(self, start: int, end: int) -> Iterator[tuple[int, bytes]]:
        """(index, bytes) of every CQE between two indices, of which `start` is where one begins.

        Fillers are passed over; so are the second halves of large ones.
        """
        return self._walk_mixed(start, end) if self.cqe_mixed else self._walk_even(start, end)

    def _walk_mixed(self, start: int, end: int) -> Iterator[tuple[int, bytes]]:
        """One slot or two."""
        while 0 < ((end - start) & U32) <= self.cq_entries:
            data = self.cqe_bytes(start)
            if self._never_written(start):
                data = data[: self.cqe_size]
            elif not _flags(data) & CqeFlags.SKIP:
                yield start, data
            start = (start + self.slots_of(data)) & U32

    def _walk_even(self, start: int, end: int) -> Iterator[tuple[int, bytes]]:
        """All CQEs have one size: a slot each."""
        count, size, cqes, mask = (end - start) & U32, self.cqe_size, self.cqes, self.cq_mask
        for step in range(count if count <= self.cq_entries else 0):
            index = (start + step) & U32
            at = (index & mask) * size
            yield index, cqes[at : at + size]

    def _never_written(self, index: int) -> bool:
        """The tail is past it, but there lies a CQE that was taken a lap ago: see cq.c."""
        at = (index & self.cq_mask) * self.cqe_size
        taken = _is_taken(_flags(self.cqes[at : at + self.cqe_size]))
        return taken and (index - self.cq_head) & U32 < self.ready

    def slots_of(self, cqe: bytes) -> int:
        """How many slots a CQE fills."""
        return len(cqe) // self.cqe_size

    def ready_cqes(self) -> Iterator[tuple[int, Cqe]]:
        """(index, CQE) of every CQE that is posted and not seen, the oldest first."""
        for index, data in self.walk(self.cq_head, self.cq_tail):
            yield index, cqe_of(data)

    def same_ring_state(self, other: RingSnapshot) -> bool:
        """Whether nothing in the ring's memory differs."""
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
    """Decode a CQE of 16 bytes, or of 32: that one has its second half beside it."""
    words = (
        int.from_bytes(data[0:8], "little"),
        int.from_bytes(data[8:12], "little", signed=True),
        _flags(data),
    )
    if len(data) < _WIDE:
        return Cqe(*words)
    wide = Cqe32(*words)
    wide.extra = (
        int.from_bytes(data[16:24], "little"),
        int.from_bytes(data[24:32], "little"),
    )
    return wide


def _flags(cqe: bytes) -> int:
    return int.from_bytes(cqe[12:16], "little")


def _is_taken(flags: int) -> bool:
    return flags & (_TAKEN | CqeFlags.F_32) == _TAKEN


@lru_cache(maxsize=1024)
def _decoded(sqe: bytes) -> DecodedSqe:
    return decode(sqe)
