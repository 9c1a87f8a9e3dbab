"""Buffers: memory that the kernel may read and write while your program runs on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uringlab.core.native import ffi, lib

if TYPE_CHECKING:
    from uringlab.core.native._native import CData


class Buffer:
    """A zeroed block of memory that a request can name.

    The block belongs to the C floor and is counted: this object holds one reference, and every
    request that names it holds another until its final CQE. Drop the object whenever you like;
    the memory goes when the last of them has let go, never before. A `view` keeps it too.

    Args:
        size: bytes. The block takes whole pages and has an unmapped page behind it.
    """

    __slots__ = ("_mem", "_view", "size")

    def __init__(self, size: int) -> None:
        """Map the block.

        Raises:
            ValueError: a negative size.
            MemoryError: the kernel has no memory for it.
        """
        if size < 0:
            raise ValueError(f"a buffer cannot have {size} bytes")
        self._mem = _new(size, guarded=True)
        self.size = size
        # ffi.buffer() keeps the pointer object alive, and that one the block.
        self._view = memoryview(ffi.buffer(_bytes_of(self._mem), size))

    @classmethod
    def of(cls, data: bytes) -> Buffer:
        """A buffer with a copy of `data` in it."""
        buffer = cls(len(data))
        buffer._view[:] = data
        return buffer

    @property
    def address(self) -> int:
        """Where the block lies: what an SQE's addr is set to. For looking at."""
        return int(ffi.cast("uintptr_t", lib.ul_mem_base(self._mem)))

    @property
    def view(self) -> memoryview:
        """The bytes themselves, no copy: what the kernel writes shows up here."""
        return self._view

    @property
    def mem(self) -> CData:
        """The block, for whatever has to hold it."""
        return self._mem

    def part(self, start: int, size: int | None = None) -> Part:
        """Some of it: `size` bytes from `start`, or all the rest.

        Raises:
            ValueError: it does not lie inside.
        """
        size = self.size - start if size is None else size
        if start < 0 or size < 0 or start + size > self.size:
            raise ValueError(f"bytes {start}…{start + size} are not in a buffer of {self.size}")
        return Part(self, start, size)

    def __len__(self) -> int:
        """Its size in bytes."""
        return self.size

    def __bytes__(self) -> bytes:
        """A copy of all of it."""
        return bytes(self._view)

    def __repr__(self) -> str:
        """Its size and place."""
        return f"<Buffer {self.size} bytes at {self.address:#x}>"


class Part:
    """Some of a buffer's bytes, as memory that a request can name. It keeps the whole block.

    Made by `Buffer.part`.
    """

    __slots__ = ("_buffer", "size", "start")

    def __init__(self, buffer: Buffer, start: int, size: int) -> None:
        """`size` bytes from `start`."""
        self._buffer = buffer
        self.start = start
        self.size = size

    @property
    def address(self) -> int:
        """Where the part lies."""
        return self._buffer.address + self.start

    @property
    def view(self) -> memoryview:
        """The bytes themselves, no copy."""
        return self._buffer.view[self.start : self.start + self.size]

    @property
    def mem(self) -> CData:
        """The whole block, for whatever has to hold it."""
        return self._buffer.mem

    def __len__(self) -> int:
        """Its size in bytes."""
        return self.size

    def __bytes__(self) -> bytes:
        """A copy of the part."""
        return bytes(self.view)

    def __repr__(self) -> str:
        """Its place in the buffer."""
        return f"<bytes {self.start}…{self.start + self.size} of {self._buffer!r}>"


class Small:
    """A little block for paths, times, structures. Held like a buffer, with no guard behind it."""

    __slots__ = ("_mem", "_view")

    def __init__(self, data: bytes) -> None:
        """Copy `data` into C memory."""
        self._mem = _new(len(data), guarded=False)
        self._view: memoryview | None = None
        ffi.memmove(lib.ul_mem_base(self._mem), data, len(data))

    @property
    def view(self) -> memoryview:
        """The bytes themselves, no copy: what the kernel writes shows up here."""
        if self._view is None:
            size = lib.ul_mem_size(self._mem)
            self._view = memoryview(ffi.buffer(_bytes_of(self._mem), size))
        return self._view

    @property
    def address(self) -> int:
        """Where the block lies."""
        return int(ffi.cast("uintptr_t", lib.ul_mem_base(self._mem)))

    @property
    def mem(self) -> CData:
        """The block, for whatever has to hold it."""
        return self._mem


class BadPage:
    """An address where nothing is and nothing will be, for seeing EFAULT."""

    __slots__ = ()
    size = 4096
    mem = None

    @property
    def address(self) -> int:
        """A page reserved with PROT_NONE: every access by anybody faults."""
        return int(lib.ul_bad_address())

    def __len__(self) -> int:
        """A page, as far as lengths go."""
        return self.size

    def __repr__(self) -> str:
        """What it is for."""
        return "<the bad page>"


Memory = Buffer | Part | BadPage


def memory_stats() -> tuple[int, int, int]:
    """Blocks alive, bytes in them, and references given up for good. For tests and for `show`."""
    out = ffi.new("struct ul_mem_stats *")
    lib.ul_mem_get_stats(out)
    return int(out.live), int(out.live_bytes), int(out.retired)


def _new(size: int, *, guarded: bool) -> CData:
    mem = lib.ul_mem_new(size, int(guarded))
    if mem == ffi.NULL:
        raise MemoryError(f"no memory for a block of {size} bytes")
    return ffi.gc(mem, lib.ul_mem_unref)


def _bytes_of(mem: CData) -> CData:
    """A pointer to the bytes that keeps the block alive for as long as it is around."""
    base = ffi.cast("uint8_t *", lib.ul_mem_base(mem))

    def keep(_base: CData, _keep: CData = mem) -> None:
        """Hold the block, and do nothing in the end: dropping this lets go."""

    return ffi.gc(base, keep)
