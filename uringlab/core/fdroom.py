"""Room for fds: an array of 32-bit numbers that the kernel reads, writes, or both."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from uringlab.core.buffers import Small
from uringlab.core.errors import OperandError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from uringlab.core.native._native import CData


class FdRoom:
    """Fds for the kernel (FILES_UPDATE), or from it (PIPE). Read it once the CQE is there.

    It owns none of them: what PIPE puts there is yours to close.

    Args:
        fds: what is there at first: fd numbers, -1 for none.

    Raises:
        OperandError: one is no number of 32 bits.
    """

    __slots__ = ("_count", "_small")

    def __init__(self, fds: Iterable[int] = (-1, -1)) -> None:
        """Copy the numbers into memory that a request can hold."""
        try:
            numbers = array("i", fds)
        except (TypeError, OverflowError) as why:
            raise OperandError(f"a room for fds takes numbers of 32 bits, not {fds!r}") from why
        self._count = len(numbers)
        self._small = Small(numbers.tobytes())

    @property
    def fds(self) -> tuple[int, ...]:
        """What is there now."""
        return tuple(memoryview(self._small.view).cast("i"))

    @property
    def address(self) -> int:
        """Where the numbers lie."""
        return self._small.address

    @property
    def mem(self) -> CData:
        """The block, for whatever has to hold it."""
        return self._small.mem

    def __len__(self) -> int:
        """How many there is room for."""
        return self._count

    def __repr__(self) -> str:
        """The numbers."""
        return f"FdRoom({list(self.fds)})"
