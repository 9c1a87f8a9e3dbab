"""Which memory a ring needs mapped, and looking at it word by word.

io_uring_setup(2) gives sizes and offsets; the application maps up to three regions of the
ring's fd: the SQ's words, the CQ's words and CQEs, and the SQEs. From 5.4 on (FEAT_SINGLE_MMAP)
the first two are one mapping. The memory is the kernel's: it was allocated by it, is written by
both sides, and outlives the fd for as long as it is mapped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from uringlab.core import abi
from uringlab.core.abi import Features, SetupFlags
from uringlab.core.errors import check
from uringlab.core.native import ffi, lib

if TYPE_CHECKING:
    from uringlab.core.native._native import CData
    from uringlab.core.params import Params

WORD = 4


class RegionPlan(NamedTuple):
    """One mmap(2) to make: which region, at which offset of the fd, how many bytes."""

    name: str
    region: int
    offset: int
    size: int


def plan(params: Params) -> tuple[RegionPlan, ...]:
    """Tell which mappings a ring with these parameters needs. Source: io_uring(7).

    Pure: it asks nobody. With SINGLE_MMAP one mapping must cover the longer of both rings.
    """
    cqe_size = abi.CQE_BYTES * (2 if params.flags & SetupFlags.CQE32 else 1)
    sqe_size = abi.SQE_BYTES * (2 if params.flags & SetupFlags.SQE128 else 1)
    if params.flags & SetupFlags.NO_SQARRAY:
        sq_size = 0
    else:
        sq_size = params.sq_off["array"] + params.sq_entries * WORD
    cq_size = params.cq_off["cqes"] + params.cq_entries * cqe_size
    sqes = RegionPlan("sqes", lib.UL_REGION_SQES, abi.OFF_SQES, params.sq_entries * sqe_size)
    if params.features & Features.SINGLE_MMAP:
        size = max(sq_size, cq_size)
        return (RegionPlan("rings", lib.UL_REGION_SQ, abi.OFF_SQ_RING, size), sqes)
    # Two mappings: without an index array the SQ's words still need a page.
    sq_size = max(sq_size, params.sq_off["dropped"] + WORD)
    return (
        RegionPlan("sq ring", lib.UL_REGION_SQ, abi.OFF_SQ_RING, sq_size),
        RegionPlan("cq ring", lib.UL_REGION_CQ, abi.OFF_CQ_RING, cq_size),
        sqes,
    )


class Region:
    """A checked view of one mapping.

    It never hands out a pointer: each read asks the C floor, which checks bounds and alignment
    and that the ring is still open, so a view that outlives its ring raises and does not crash.
    """

    def __init__(self, handle: CData, plan: RegionPlan) -> None:
        """Wrap a mapping that `MemoryMapping` made. The ring's handle owns it."""
        self.handle = handle
        self.name = plan.name
        self.size = plan.size
        self._region = plan.region

    def u32(self, offset: int) -> int:
        """The 32-bit word at a byte offset, read with an acquire.

        Raises:
            ValueError: the word does not lie in the region, or is not aligned to 4 bytes.
            RingClosed: the ring was closed, and its memory unmapped.
        """
        if offset % WORD:
            raise ValueError(f"offset {offset} is not a multiple of {WORD}")
        out = ffi.new("uint32_t *")
        self._read(offset, out, WORD)
        return int(out[0])

    def bytes(self, offset: int, size: int) -> bytes:
        """A copy of `size` bytes at a byte offset. Raises as `u32` does."""
        out = ffi.new("uint8_t[]", max(size, 1))
        self._read(offset, out, size)
        return bytes(ffi.buffer(out, size))

    def _read(self, offset: int, out: CData, size: int) -> None:
        if offset < 0 or size < 0 or offset + size > self.size:
            raise ValueError(
                f"bytes {offset}..{offset + size} are outside the region "
                f"“{self.name}” of {self.size} bytes"
            )
        check(lib.ul_ring_read(self.handle, self._region, offset, out, size), "read")

    def __repr__(self) -> str:
        """Name and size."""
        return f"<Region {self.name}: {self.size} bytes>"


class MemoryMapping:
    """The mappings of one ring. They live as long as the ring is open; nobody else frees them."""

    def __init__(self, handle: CData, params: Params) -> None:
        """Map what the plan says.

        Raises:
            OSError: mmap(2) failed; the caller closes the ring, which unmaps what was mapped.
        """
        self.regions: tuple[Region, ...] = ()
        for part in plan(params):
            check(
                lib.ul_ring_map(handle, part.region, part.offset, part.size),
                f"mmap of the {part.name} ({part.size} bytes)",
            )
            self.regions += (Region(handle, part),)

    def resized(self, params: Params) -> None:
        """Follow a ring that was resized: the C floor has mapped its new memory already."""
        self.regions = tuple(Region(self.regions[0].handle, part) for part in plan(params))

    def __getitem__(self, name: str) -> Region:
        """The region of that name: `rings` and `sqes`, or `sq ring`, `cq ring` and `sqes`."""
        for region in self.regions:
            if region.name == name:
                return region
        raise KeyError(name)

    @property
    def sq(self) -> Region:
        """The region that the SQ's offsets count in."""
        return self.regions[0]

    @property
    def cq(self) -> Region:
        """The region that the CQ's offsets count in: with SINGLE_MMAP, the SQ's."""
        return self.regions[-2]
