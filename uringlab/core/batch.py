"""Many completions at once, left in the memory that C copied them to."""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, Self, cast

from uringlab.core import abi
from uringlab.core.cq import Cqe, Cqe32
from uringlab.core.native import ffi
from uringlab.core.native._fast import Room

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uringlab.core.native._native import CData

_CQE = Struct("<QiI")
_CQE32 = Struct("<QiIQQ")
_MOST = 1 << 24


class CqeBatch(Room):
    """Room for completions: filled by one call, read as you like, used again.

    Reading by column costs least (`user_data`, `res`, `flags`: memoryviews of numbers); by
    index, or in a loop, each CQE becomes a `Cqe`. `memoryview(batch)` is the bytes themselves,
    `size` of them a CQE, so `numpy.frombuffer(batch, dtype=…)` reads them without a copy: see
    `dtype`. All views show what is in the batch at the time; the next call writes over it.

    Args:
        capacity: CQEs at most.
        wide: whether to keep the second half of CQEs of 32 bytes.

    Attributes:
        size: bytes a CQE: 16, or 32 if wide.
        c: the memory, for the C floor.
    """

    __slots__ = ("c", "capacity", "size")
    c: CData
    capacity: int
    size: int

    dtype = (("user_data", "<u8"), ("res", "<i4"), ("flags", "<u4"))
    """A CQE's fields, as numpy.dtype(list(…)) takes them; a wide one has two "<u8" more."""

    def __new__(cls, capacity: int = 256, *, wide: bool = False) -> Self:
        """Make the room once.

        Raises:
            ValueError: there must be room for one at least, and for 2²⁴ at most.
        """
        if not 1 <= capacity <= _MOST:
            raise ValueError(f"a batch has room for 1 to {_MOST} CQEs, not {capacity}")
        size = 2 * abi.CQE_BYTES if wide else abi.CQE_BYTES
        batch = super().__new__(
            cast("type[Self]", _WideBatch) if wide else cls, capacity, size, Cqe
        )
        batch.capacity = capacity
        batch.size = size
        batch.c = ffi.cast("struct ul_batch *", batch.address)
        whole = memoryview(batch.bytes).toreadonly()
        batch.columns = (
            whole.cast("Q")[0 :: size >> 3],
            whole.cast("i")[2 :: size >> 2],
            whole.cast("I")[3 :: size >> 2],
        )
        return batch

    def __getitem__(self, index: int) -> Cqe:
        """One of them; negative counts from the end.

        Raises:
            IndexError: there are not so many.
        """
        return Cqe._make(_CQE.unpack_from(self.bytes, self._at(index)))

    def _at(self, index: int) -> int:
        count = len(self)
        at = index + count if index < 0 else index
        if not 0 <= at < count:
            raise IndexError(f"CQE {index} of a batch of {count}")
        return at * self.size

    def __repr__(self) -> str:
        """How full it is."""
        return f"<CqeBatch: {len(self)} of {self.capacity}>"


class _WideBatch(CqeBatch):
    """A batch with the second half of each CQE."""

    __slots__ = ()

    def __iter__(self) -> Iterator[Cqe]:
        """Each as a `Cqe32`, of the moment at which the loop begins."""
        return iter([_wide(*one) for one in _CQE32.iter_unpack(self)])

    def __getitem__(self, index: int) -> Cqe:
        """One of them."""
        return _wide(*_CQE32.unpack_from(self.bytes, self._at(index)))


def _wide(user_data: int, res: int, flags: int, first: int, second: int) -> Cqe32:
    cqe = Cqe32(user_data, res, flags)
    cqe.extra = (first, second)
    return cqe
