"""What EPOLL_WAIT gives: room for events, and how to read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uringlab.core import abi
from uringlab.core.buffers import Small

if TYPE_CHECKING:
    from uringlab.core.native._native import CData

_MOST = 2**31 // 16


class EpollRoom:
    """Room for so many `struct epoll_event`; the kernel fills it in. Read it after the CQE.

    The memory is a counted block of its own: each request that names it holds it until its
    final CQE. Source: epoll_wait(2).

    Args:
        size: how many events, at most.
    """

    __slots__ = ("_room", "size")

    def __init__(self, size: int = 8) -> None:
        """Room for `size` events.

        Raises:
            ValueError: that is no number of events.
        """
        if not 0 < size < _MOST:
            raise ValueError(f"there cannot be room for {size} events")
        self.size = size
        self._room = Small(bytes(size * abi.EPOLL_EVENT.size))

    @property
    def mem(self) -> CData:
        """The block, for whatever has to hold it."""
        return self._room.mem

    @property
    def address(self) -> int:
        """Where the block lies."""
        return self._room.address

    def __len__(self) -> int:
        """How many events there is room for."""
        return self.size

    def events(self, count: int) -> list[tuple[abi.EpollEvents, int]]:
        """The first `count` of them, which is what `res` says: (events, data) of each."""
        found = []
        for at in range(min(max(count, 0), self.size)):
            one = abi.EPOLL_EVENT.unpack(self._room.view, at * abi.EPOLL_EVENT.size)
            found.append((abi.EpollEvents(one["events"]), one["data"]))
        return found

    def __repr__(self) -> str:
        """How many fit."""
        return f"<EpollRoom for {self.size} events>"
