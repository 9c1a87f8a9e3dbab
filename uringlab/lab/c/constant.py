"""The kernel's constants in C: by name where a header of the year 2022 has it, else as numbers.

The names are those of liburing 2.3 and of Linux 6.1, which is what Debian 12 has. A number has
its name beside it, in a comment: so the program compiles everywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from uringlab.core.abi import FILE_INDEX_ALLOC
from uringlab.core.ops.kinds import OPEN_FLAGS
from uringlab.lab.c.literal import number

if TYPE_CHECKING:
    from uringlab.core.abi.named import Flags, Named

ALLOC = "IORING_FILE_INDEX_ALLOC"
_NEWEST = (6, 1)
_IO_URING = ("IORING_", "IOSQE_", "SOCKET_URING_", "BLOCK_URING_", "IO_")
"""Names that came with the kernel's io_uring; the others are older than their use in it."""
_YOUNG = frozenset(
    {
        *("RWF_NOAPPEND", "RWF_ATOMIC", "RWF_DONTCACHE", "RWF_NOSIGNAL"),
        *("STATX_DIOALIGN", "STATX_MNT_ID_UNIQUE", "STATX_SUBVOL", "STATX_WRITE_ATOMIC"),
        *("STATX_DIO_READ_ALIGN", "FALLOC_FL_WRITE_ZEROES", "MSG_SOCK_DEVMEM", "MADV_COLLAPSE"),
        *("FUTEX2_SIZE_U32", "FUTEX2_NUMA", "FUTEX2_MPOL", "FUTEX2_PRIVATE"),
        *("POLLEXCLUSIVE", "IORING_RECVSEND_BUNDLE"),
    }
)
"""Names that the headers of those years lack, wherever they come from."""
_SETUP_LATE = frozenset({"IORING_SETUP_NO_MMAP"})


def has_name(member: Named | Flags) -> bool:
    """Whether old headers know that name."""
    name = member.kernel_name
    if name in _YOUNG or name in _SETUP_LATE:
        return False
    since = tuple(int(part) for part in member.since.split("."))
    return since <= _NEWEST or not name.startswith(_IO_URING)


def constant(member: Named | Flags) -> str:
    """A constant by name; or its number, and its name in a comment."""
    if has_name(member):
        return member.kernel_name
    return f"{number(int(member))} /* {member.kernel_name} */"


def flags(names: type[Flags], value: int) -> str:
    """`IOSQE_IO_LINK | IOSQE_ASYNC`; 0 for none; bits that nobody knows in hexadecimal."""
    found = []
    rest = value
    # A name for several bits goes before the names of each of them.
    for one in sorted(names.__members__.values(), key=lambda one: -int(one).bit_count()):
        if one and rest & one == one:
            found.append(constant(one))
            rest &= ~int(one)
    if rest:
        found.append(hex(rest) + ("U" if rest >= 2**31 else ""))
    return " | ".join(found) or "0"


def choice(names: type[Named], value: int) -> str:
    """One of a few; a number without a name as it is."""
    for one in names:
        if one == value:
            return constant(one)
    return number(value)


def open_flags(value: int) -> str:
    """`O_RDWR | O_CREAT`."""
    access = ("O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE")[value & 3]
    found = [access]
    rest = value & ~3
    for name, bit in sorted(OPEN_FLAGS.items(), key=lambda item: -item[1].bit_count()):
        if bit & ~3 and rest & bit == bit:
            found.append(f"O_{name}")
            rest &= ~bit
    if rest:
        found.append(hex(rest))
    return " | ".join(found)


def slot(place: int | str) -> str:
    """`sqe->file_index`: places count from 1 there, 0 is none."""
    return ALLOC if place in ("alloc", FILE_INDEX_ALLOC) else f"{place} + 1"
