"""A region of memory that ring and kernel share, with the arguments of waits in it."""

from __future__ import annotations

import errno
import mmap
from typing import TYPE_CHECKING

from uringlab.core import abi
from uringlab.core.abi import RegisterOp
from uringlab.core.buffers import Buffer
from uringlab.core.errors import OperandError, check
from uringlab.core.native import lib
from uringlab.core.register.call import address, block, register
from uringlab.core.wait import Wait

if TYPE_CHECKING:
    from collections.abc import Iterable

    from uringlab.core.native._native import CData

MEANINGS = {
    errno.EBUSY: "the ring has a region already: there is one, for as long as the ring lives",
    errno.EINVAL: "the ring has started: a region for waits must be there before (R_DISABLED)",
}
"""What errnos mean here. Source: io_uring_register_region(3), register.c, memmap.c."""

_MASK_BYTES = 8
_MOST = 1 << 20


class WaitRegion:
    """How to wait, written down once and named by its place: `ring.wait_region(…)`.

    A wait that is registered costs the kernel no copy of its arguments. Write one with `set`,
    and wait with what it returns: `ring.submit_and_wait(1, wait=region.set(0, timeout=0.1))`.
    A place may be written again at any time, and counts from the next wait on. The kernel knows
    no way to unregister a region: the ring holds its memory until it is closed.

    IORING_REGISTER_MEM_REGION with REG_WAIT_ARG, 6.13.
    """

    __slots__ = ("_buffer", "_count")

    def __init__(self, handle: CData, count: int) -> None:
        """Register room for `count` waits, and a signal mask for each.

        Raises:
            OSError: EBUSY, EINVAL, ENOMEM: see `MEANINGS`.
            OperandError: no number of places.
        """
        if not 1 <= count <= _MOST:
            raise OperandError(f"{count} waits: 1 to {_MOST}")
        page = mmap.PAGESIZE
        size = count * (abi.REG_WAIT.size + _MASK_BYTES)
        self._count = count
        self._buffer = Buffer((size + page - 1) // page * page)
        region = block(
            abi.REGION_DESC.pack(
                user_addr=self._buffer.address,
                size=len(self._buffer),
                flags=int(abi.RegionFlags.TYPE_USER),
            )
        )
        arg = block(
            abi.MEM_REGION_REG.pack(
                region_uptr=address(region), flags=int(abi.MemRegionFlags.REG_WAIT_ARG)
            )
        )
        token = check(lib.ul_keep(handle, self._buffer.mem), "hold a region")
        try:
            register(handle, RegisterOp.MEM_REGION, arg, 1, MEANINGS)
        except Exception:
            lib.ul_unkeep(handle, token)
            raise

    def __len__(self) -> int:
        """How many waits there is room for."""
        return self._count

    def set(
        self,
        place: int,
        *,
        timeout: float | None = None,
        at_least: float = 0,
        blocked: Iterable[int] | None = None,
    ) -> Wait:
        """Write down how to wait.

        Args:
            place: where.
            timeout: seconds; None waits for ever. A time of the ring's clock, if the wait is
                made with `flags=EnterFlags.ABS_TIMER`.
            at_least: seconds; after them one completion will do.
            blocked: the signals that are blocked meanwhile, in place of the thread's mask.

        Returns:
            What to wait with: it only names the place.

        Raises:
            IndexError: there is no such place.
            OperandError: a value is out of range.
        """
        wait = self[place]
        given = Wait(timeout=timeout, at_least=at_least, blocked=blocked).to_c()
        fields = {"min_wait_usec": given.min_wait_usec}
        if given.timeout_ns >= 0:
            fields["ts.tv_sec"], fields["ts.tv_nsec"] = divmod(given.timeout_ns, 1_000_000_000)
            fields["flags"] = int(abi.RegWaitFlags.TS)
        if given.has_sigmask:
            at = self._count * abi.REG_WAIT.size + place * _MASK_BYTES
            mask = self._buffer.part(at, _MASK_BYTES)
            mask.view[:] = int(given.sigmask).to_bytes(_MASK_BYTES, "little")
            fields["sigmask"], fields["sigmask_sz"] = mask.address, _MASK_BYTES
        data = abi.REG_WAIT.pack(**fields)
        self._buffer.part(place * abi.REG_WAIT.size, len(data)).view[:] = data
        return wait

    def __getitem__(self, place: int) -> Wait:
        """What to wait with, as it was written there.

        Raises:
            IndexError: there is no such place.
        """
        if not 0 <= place < self._count:
            raise IndexError(f"place {place} of a region for {self._count} waits")
        return Wait(registered=place * abi.REG_WAIT.size)

    def __repr__(self) -> str:
        """How many waits there is room for."""
        return f"<WaitRegion: {self._count} waits>"
