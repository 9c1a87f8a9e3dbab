"""Registered files: a table in the ring, whose places stand in for fds."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Protocol

from uringlab.core import abi
from uringlab.core.abi import RegisterOp
from uringlab.core.errors import OperandError
from uringlab.core.fd import FixedFd
from uringlab.core.native import ffi
from uringlab.core.register.call import address, block, register, tag_block

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from uringlab.core.native._native import CData

SKIP = abi.REGISTER_FILES_SKIP
"""In `update`, instead of an fd: leave that place as it is."""

MEANINGS = {
    errno.EBADF: "one of the fds is not open, or is a ring's: those cannot be registered",
    errno.EBUSY: "the ring has a table of files already: unregister it, or update it",
    errno.EINVAL: "no fds at all, more than the table has places for, or a tag without a file",
    errno.EMFILE: "more places than RLIMIT_NOFILE (see ulimit -n) or the kernel allow",
    errno.ENXIO: "the ring has no table of files",
    errno.EOVERFLOW: "the range ends past all numbers",
}
"""What errnos mean when files are registered. Source: io_uring_register(2), rsrc.c."""


class HasFileno(Protocol):
    """Whatever has an fd: `Fd`, `OwnedFd`, a file, a socket."""

    def fileno(self) -> int:
        """Its fd."""


Entry = int | HasFileno | None
"""What goes into a place: an open file, or None for nothing."""


class Files:
    """The ring's table of registered files: `ring.files`.

    A request with a `FixedFd` finds its file by its place in the table, with no look at the
    process's fds. The table holds the files themselves: an fd may be closed once its file is
    registered. A place that is replaced or unregistered lets go of its file when the requests
    that use it have ended.

    With a tag, the table tells when: a CQE comes with the tag as its user_data, res 0 and
    flags 0, once the file was let go of. A tag of 0 is none.
    """

    __slots__ = ("_handle", "_size")

    def __init__(self, handle: CData) -> None:
        """Made by `IoUring.files`."""
        self._handle = handle
        self._size = 0

    def __len__(self) -> int:
        """How many places the table has; 0 when there is no table."""
        return self._size

    def __getitem__(self, place: int) -> FixedFd:
        """The place, as operands take it, whether there is a file in it or not.

        Raises:
            IndexError: the table has no such place.
        """
        if not 0 <= place < self._size:
            raise IndexError(f"place {place} of a table of {self._size} files")
        return FixedFd(place)

    def register(
        self, fds: Iterable[Entry], tags: Sequence[int] | None = None
    ) -> tuple[FixedFd, ...]:
        """Make the table. IORING_REGISTER_FILES, 5.1; with tags IORING_REGISTER_FILES2, 5.13.

        Args:
            fds: a file for each place, or None for a place that is empty (5.5).
            tags: one for each place.

        Returns:
            The places, as operands take them.

        Raises:
            OSError: EBADF, EBUSY, EINVAL, EMFILE, ENOMEM: see `MEANINGS`. There is no table then.
            OperandError: what was given is no file.
        """
        numbers = [_number(fd) for fd in fds]
        c_fds = ffi.new("int32_t[]", numbers or [0])
        if tags is None:
            register(self._handle, RegisterOp.FILES, c_fds, len(numbers), MEANINGS)
        else:
            self._register2(len(numbers), c_fds, tag_block(self._handle, tags, len(numbers)), 0)
        self._size = len(numbers)
        return tuple(FixedFd(place) for place in range(self._size))

    def sparse(self, count: int) -> None:
        """Make a table of empty places, to be filled by `update`, or by requests (`slot=`).

        IORING_RSRC_REGISTER_SPARSE, 5.19; before, the same is said with fds of -1.

        Raises:
            OSError: EBUSY, EINVAL, EMFILE, ENOMEM: see `MEANINGS`.
            OperandError: no number of places.
        """
        if not 0 <= count <= abi.MAX_FIXED_FILES:
            raise OperandError(f"{count} places: 1 to {abi.MAX_FIXED_FILES}")
        try:
            self._register2(count, ffi.NULL, ffi.NULL, int(abi.RsrcFlags.SPARSE))
        except OSError as why:
            if why.errno != errno.EINVAL:
                raise
            self.register([None] * count)
        self._size = count

    def update(self, start: int, fds: Iterable[Entry], tags: Sequence[int] | None = None) -> int:
        """Replace what is in some places.

        IORING_REGISTER_FILES_UPDATE, 5.5; with tags IORING_REGISTER_FILES_UPDATE2, 5.13.

        Args:
            start: the first place.
            fds: a file for each place from there on; None empties it; `SKIP` leaves it alone.
            tags: one for each place; 0 where there is no new file.

        Returns:
            How many places were done. Fewer than asked: the next one failed, and that place is
            empty now; asked again from there, the kernel says why.

        Raises:
            OSError: the first place failed: EBADF, EINVAL, ENXIO: see `MEANINGS`.
        """
        numbers = [SKIP if fd == SKIP else _number(fd) for fd in fds]
        c_fds = ffi.new("int32_t[]", numbers or [0])
        if not 0 <= start < 2**32:
            raise OperandError(f"place {start} is none of a table's")
        if tags is None:
            arg = block(abi.FILES_UPDATE.pack(offset=start, fds=address(c_fds)))
            return register(self._handle, RegisterOp.FILES_UPDATE, arg, len(numbers), MEANINGS)
        c_tags = tag_block(self._handle, tags, len(numbers))
        arg = block(
            abi.RSRC_UPDATE2.pack(
                offset=start, data=address(c_fds), tags=address(c_tags), nr=len(numbers)
            )
        )
        size = abi.RSRC_UPDATE2.size
        return register(self._handle, RegisterOp.FILES_UPDATE2, arg, size, MEANINGS)

    def unregister(self) -> None:
        """Give the table up. IORING_UNREGISTER_FILES, 5.1.

        Requests that are under way go on with the files that they found.

        Raises:
            OSError: ENXIO: there is none.
        """
        register(self._handle, RegisterOp.UNREGISTER_FILES, meanings=MEANINGS)
        self._size = 0

    def alloc_range(self, start: int, count: int) -> None:
        """Say which places `slot=ALLOC` picks from. IORING_REGISTER_FILE_ALLOC_RANGE, 6.0.

        A new table begins with all of its places.

        Raises:
            OSError: EINVAL: the table has no such places; EOVERFLOW.
        """
        for value in (start, count):
            if not 0 <= value < 2**32:
                raise OperandError(f"{value} is no number of 32 bits")
        arg = block(abi.FILE_INDEX_RANGE.pack(off=start, len=count))
        meanings = {**MEANINGS, errno.EINVAL: "the table has no such places"}
        register(self._handle, RegisterOp.FILE_ALLOC_RANGE, arg, 0, meanings)

    def _register2(self, count: int, fds: CData, tags: CData, flags: int) -> None:
        arg = block(
            abi.RSRC_REGISTER.pack(nr=count, flags=flags, data=address(fds), tags=address(tags))
        )
        register(self._handle, RegisterOp.FILES2, arg, abi.RSRC_REGISTER.size, MEANINGS)

    def __repr__(self) -> str:
        """How many places it has."""
        return f"<Files: {self._size} places>"


def _number(fd: Entry) -> int:
    if fd is None:
        return -1
    number = fd if isinstance(fd, int) else getattr(fd, "fileno", lambda: None)()
    if not isinstance(number, int) or not 0 <= number < 2**31:
        raise OperandError(f"a place takes an open file or None, not {fd!r}")
    return number
