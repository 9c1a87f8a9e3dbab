"""File descriptors: the type decides the flags.

A plain number, an fd that is owned, an index into the ring's table of registered files, and the
ring's own fd are all small integers to the kernel. Here each has its type, and the type sets the
flag that the kernel needs with it, so that the flag cannot be forgotten.
"""

from __future__ import annotations

import os
from enum import Enum
from typing import Self

from uringlab.core.abi import EnterFlags, SqeFlags
from uringlab.core.record import Record


class Fd(Record):
    """A borrowed fd: somebody else closes it."""

    __slots__ = ("number",)
    number: int
    sqe_flags = SqeFlags(0)

    def __init__(self, number: int) -> None:
        """Name it."""
        self._set(number)

    def fileno(self) -> int:
        """The number."""
        return self.number


class FixedFd(Record):
    """An index into the table of registered files: its SQEs carry FIXED_FILE."""

    __slots__ = ("number",)
    number: int
    sqe_flags = SqeFlags.FIXED_FILE

    def __init__(self, number: int) -> None:
        """Name it."""
        self._set(number)


class OwnedFd:
    """An fd that is closed once: by `close()`, by `with`, or when the object goes.

    `give_up()` hands the duty to somebody else, for instance to a CLOSE request.
    """

    sqe_flags = SqeFlags(0)

    def __init__(self, number: int) -> None:
        """Take over an open fd."""
        self._number = number
        self._owned = number >= 0

    @property
    def number(self) -> int:
        """The number; it stays readable after the fd was closed, and is then only a number."""
        return self._number

    @property
    def owned(self) -> bool:
        """Whether closing is still this object's duty."""
        return self._owned

    def fileno(self) -> int:
        """The number, for whatever takes a file."""
        return self._number

    def give_up(self) -> int:
        """Stop owning: whoever takes the number closes it."""
        self._owned = False
        return self._number

    def take_back(self) -> None:
        """Own it again: whoever was to close it did not."""
        self._owned = True

    def close(self) -> None:
        """Close it once: even where closing reports an error, the kernel has taken the fd away."""
        if self._owned:
            self._owned = False
            os.close(self._number)

    def __enter__(self) -> Self:
        """`with OwnedFd(n) as fd:`."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def __del__(self) -> None:
        """The last reference went: close what nobody else will."""
        self.close()

    def __repr__(self) -> str:
        """The number, and whether it is owned."""
        return f"OwnedFd({self._number}{'' if self._owned else ', given up'})"


class IoUringFd(Record):
    """The ring's own fd, as enter and register take it. The ring owns it; this only names it.

    A registered index (IORING_REGISTER_RING_FDS) carries ENTER_REGISTERED_RING.
    """

    __slots__ = ("number", "registered")
    number: int
    registered: bool

    def __init__(self, number: int, registered: bool = False) -> None:  # noqa: FBT001, FBT002
        """Name it."""
        self._set(number, registered)

    @property
    def enter_flags(self) -> EnterFlags:
        """What io_uring_enter(2) needs to understand the number."""
        return EnterFlags.REGISTERED_RING if self.registered else EnterFlags(0)

    def fileno(self) -> int:
        """The number, for poll and friends."""
        return self.number

    def __str__(self) -> str:
        """`fd 7`, or `registered index 0` where that is all there is."""
        return f"registered index {self.number}" if self.registered else f"fd {self.number}"


class Alloc(Enum):
    """`slot=ALLOC`: the kernel picks a free place in the table of registered files."""

    ALLOC = "alloc"


ALLOC = Alloc.ALLOC

AnyFd = int | Fd | OwnedFd | FixedFd
AnySlot = int | FixedFd | Alloc
