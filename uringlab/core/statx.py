"""What statx(2) tells about a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uringlab.core.abi.layout import Layout
from uringlab.core.buffers import Small

if TYPE_CHECKING:
    from uringlab.core.abi.fileflags import StatxMask
    from uringlab.core.native._native import CData

LAYOUT = Layout(
    "statx",
    "5.6",
    "STATX: what it fills in, as far as stx_subvol",
    "<IIQIIIHxxQQQQqI4xqI4xqI4xqI4xIIIIQIIQ",
    "mask blksize attributes nlink uid gid mode ino size blocks attributes_mask "
    "atime_s atime_ns btime_s btime_ns ctime_s ctime_ns mtime_s mtime_ns "
    "rdev_major rdev_minor dev_major dev_minor mnt_id dio_mem_align dio_offset_align subvol",
)
"""`struct statx` of linux/stat.h, without the prefix `stx_`; times in seconds and nanoseconds."""

_NS = 1_000_000_000


class Statx:
    """Room for `struct statx`: 256 bytes that the kernel fills in. Read it once the CQE is there.

    What a field says is only true if its bit is in `mask`. Times are nanoseconds since 1970.
    """

    __slots__ = ("_small",)

    SIZE = 256

    def __init__(self) -> None:
        """All zeros, and an empty mask."""
        self._small = Small(bytes(self.SIZE))

    @property
    def address(self) -> int:
        """Where the structure lies."""
        return self._small.address

    @property
    def mem(self) -> CData:
        """The block, for whatever has to hold it."""
        return self._small.mem

    @property
    def mask(self) -> StatxMask:
        """STATX_*: which fields the file system knew."""
        from uringlab.core.abi.fileflags import StatxMask  # noqa: PLC0415 (only who asks loads it)

        return StatxMask(self.fields()["mask"])

    @property
    def mode(self) -> int:
        """The kind of file and its permissions, as in `os.stat`."""
        return self.fields()["mode"]

    @property
    def size(self) -> int:
        """Bytes."""
        return self.fields()["size"]

    @property
    def ino(self) -> int:
        """The inode's number."""
        return self.fields()["ino"]

    @property
    def nlink(self) -> int:
        """How many hard links there are."""
        return self.fields()["nlink"]

    @property
    def uid(self) -> int:
        """The owner."""
        return self.fields()["uid"]

    @property
    def gid(self) -> int:
        """The group."""
        return self.fields()["gid"]

    @property
    def blocks(self) -> int:
        """The room it takes, in 512 bytes: a hole takes none."""
        return self.fields()["blocks"]

    @property
    def atime(self) -> int:
        """The last access."""
        return self._time("atime")

    @property
    def mtime(self) -> int:
        """The last write."""
        return self._time("mtime")

    @property
    def ctime(self) -> int:
        """The last change of the inode."""
        return self._time("ctime")

    @property
    def btime(self) -> int:
        """When it was made."""
        return self._time("btime")

    def fields(self) -> dict[str, int]:
        """Every field of the structure, as `LAYOUT` names them."""
        return LAYOUT.unpack(self._small.view)

    def _time(self, name: str) -> int:
        found = self.fields()
        return found[f"{name}_s"] * _NS + found[f"{name}_ns"]

    def __repr__(self) -> str:
        """What most people ask for."""
        found = self.fields()
        return (
            f"<Statx ino={found['ino']} mode={found['mode']:#o} nlink={found['nlink']} "
            f"size={found['size']}>"
        )
