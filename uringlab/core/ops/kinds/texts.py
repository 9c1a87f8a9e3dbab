"""What the kernel copies when it consumes the SQE: paths, names, times, structures."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, ClassVar

from uringlab.core import abi
from uringlab.core.buffers import Small
from uringlab.core.errors import OperandError
from uringlab.core.ops.kinds.draft import Draft, Kind

NS = 1_000_000_000


def lend(draft: Draft, word: str, data: bytes) -> None:
    """Copy `data` into C memory that lives until the SQE is consumed, and point at it."""
    block = Small(data)
    draft.words[word] = block.address
    draft.lends.append(block.mem)


class _Lent(Kind):
    """An address of something that the kernel copies at submission."""

    is_address: ClassVar[bool] = True

    def show(self, words: dict[str, int], word: str) -> str:
        """As an address: in anybody else's SQE the bytes are not ours to read."""
        return f"{words[word]:#x}"


class PathName(_Lent):
    """A path: copied into C memory, ended by a zero byte."""

    def put(self, draft: Draft, word: str, value: Any, name: str) -> None:
        """Take what open(2) would."""
        if not isinstance(value, (str, bytes, os.PathLike)):
            raise OperandError(f"{name} takes a path, not {value!r}")
        data = os.fsencode(value)
        if b"\0" in data:
            raise OperandError(f"{name}: a path cannot contain a zero byte")
        lend(draft, word, data + b"\0")


class LinkTarget(PathName):
    """What a symbolic link points to: a path that is walked later, from where the link lies."""


class Name(_Lent):
    """A name that is no path, such as that of an extended attribute."""

    def put(self, draft: Draft, word: str, value: Any, name: str) -> None:
        """Take a string."""
        if not isinstance(value, (str, bytes)):
            raise OperandError(f"{name} takes a name, not {value!r}")
        data = os.fsencode(value)
        if b"\0" in data or not data:
            raise OperandError(f"{name}: a name cannot be empty or contain a zero byte")
        lend(draft, word, data + b"\0")


class TimeSpan(_Lent):
    """A time in nanoseconds: copied into C memory as `struct __kernel_timespec`."""

    def put(self, draft: Draft, word: str, value: Any, name: str) -> None:
        """Take a whole number of nanoseconds."""
        if not isinstance(value, int) or not 0 <= value < 2**63:
            raise OperandError(f"{name} takes nanoseconds from 0 up, not {value!r}")
        seconds, ns = divmod(value, NS)
        lend(draft, word, abi.TIMESPEC.pack(tv_sec=seconds, tv_nsec=ns))


@dataclass(frozen=True)
class Structure(_Lent):
    """A structure of the kernel's, given as its bytes by the op that knows its fields.

    Attributes:
        size: bytes, exactly; 0 for any number of them.
    """

    size: int = 0

    def put(self, draft: Draft, word: str, value: Any, name: str) -> None:
        """Take its bytes."""
        if not isinstance(value, bytes) or (self.size and len(value) != self.size):
            raise OperandError(f"{name} takes {self.size or 'some'} bytes, not {value!r}")
        lend(draft, word, value)


@dataclass(frozen=True)
class InStructure(_Lent):
    """A field of a structure: the word has only the structure's address. The op packs it.

    Attributes:
        kind: what the field is.
    """

    kind: Kind

    def put(self, draft: Draft, word: str, value: Any, name: str) -> None:
        """See that the value is one, and leave it to the op's `finish`."""
        self.kind.put(Draft(), "off", value, name)
