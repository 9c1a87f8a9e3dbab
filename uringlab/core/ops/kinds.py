"""What an operand can be: how each kind of value gets into an SQE, and out again.

A kind knows two things: how to put a Python value into an SQE's word (and what memory the
request must then hold), and how to read the word back for a person, from anybody's SQE.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from uringlab.core import abi
from uringlab.core.buffers import BadPage, Buffer, Small
from uringlab.core.errors import OperandError
from uringlab.core.fd import Fd, FixedFd, OwnedFd

if TYPE_CHECKING:
    from uringlab.core.abi import Flags

NS = 1_000_000_000
_LIMITS = {
    "fd": (-(2**31), 2**31 - 1),
    "len": (0, 2**32 - 1),
    "op_flags": (0, 2**32 - 1),
    "file_index": (0, 2**32 - 1),
    "ioprio": (0, 2**16 - 1),
    "buf_index": (0, 2**16 - 1),
    "personality": (0, 2**16 - 1),
    "flags": (0, 2**8 - 1),
    "opcode": (0, 2**8 - 1),
}
_WIDE = (-(2**63), 2**64 - 1)


@dataclass
class Draft:
    """An SQE being filled in: its words, and the blocks its request must hold."""

    words: dict[str, int] = field(default_factory=lambda: dict.fromkeys(abi.SQE_WORDS, 0))
    holds: list[Any] = field(default_factory=list)
    limits: list[tuple[str, int, str]] = field(default_factory=list)

    def check_limits(self) -> None:
        """See that no length is more than the memory it goes with.

        Raises:
            OperandError: the kernel would be told of more bytes than there are.
        """
        for word, limit, name in self.limits:
            if self.words[word] > limit:
                raise OperandError(
                    f"{word}={self.words[word]} is more than {name} has: {limit} bytes"
                )

    def put(self, word: str, value: int, name: str) -> None:
        """Set a word.

        Raises:
            OperandError: the value does not fit the word.
        """
        low, high = _LIMITS.get(word, _WIDE)
        if not low <= value <= high:
            raise OperandError(f"{name}={value} does not fit: {low} … {high}")
        # 64-bit words are unsigned in the SQE; -1 is how "the file's position" is said.
        self.words[word] = value & 0xFFFF_FFFF_FFFF_FFFF if value < 0 and word != "fd" else value


@dataclass(frozen=True)
class Kind:
    """The base: a whole number, as it is."""

    def put(self, draft: Draft, word: str, value: Any, name: str) -> None:
        """Encode a value."""
        if not isinstance(value, int):
            raise OperandError(f"{name} takes a number, not {value!r}")
        draft.put(word, value, name)

    def show(self, words: dict[str, int], word: str) -> str:
        """Decode the word for a person."""
        return str(words[word])


@dataclass(frozen=True)
class Number(Kind):
    """A whole number, in bytes, in a count, or in whatever the operand says."""


@dataclass(frozen=True)
class Offset(Kind):
    """A place in a file; -1 is the file's own position."""

    def show(self, words: dict[str, int], word: str) -> str:
        """Decode -1 as what it means."""
        value = words[word]
        return "-1" if value == 2**64 - 1 else str(value)


@dataclass(frozen=True)
class UserData(Kind):
    """Names a request by its user_data."""

    def show(self, words: dict[str, int], word: str) -> str:
        """In hexadecimal where it does not look like a count."""
        value = words[word]
        return str(value) if value < 2**32 else f"{value:#x}"


@dataclass(frozen=True)
class Mode(Kind):
    """A file's permission bits, in octal."""

    def show(self, words: dict[str, int], word: str) -> str:
        """In octal."""
        return f"{words[word]:#o}"


@dataclass(frozen=True)
class File(Kind):
    """An open file. Its type sets the SQE's flags (a FixedFd: FIXED_FILE)."""

    def put(self, draft: Draft, word: str, value: Any, name: str) -> None:
        """Take a number or any of the fd types."""
        if isinstance(value, int):
            value = Fd(value)
        if not isinstance(value, (Fd, FixedFd, OwnedFd)):
            raise OperandError(f"{name} takes an fd, not {value!r}")
        draft.put(word, value.number, name)
        draft.words["flags"] |= int(value.sqe_flags)

    def show(self, words: dict[str, int], word: str) -> str:
        """As a number, or as an index of the registered files."""
        fixed = words["flags"] & abi.SqeFlags.FIXED_FILE
        if words[word] == abi.AT_FDCWD:
            return "AT_FDCWD"
        return f"#{words[word]}" if fixed else str(words[word])


@dataclass(frozen=True)
class Block(Kind):
    """Memory: its address goes into the word, and the request holds it until its final CQE.

    Attributes:
        kernel_writes: the kernel writes into it (a read); else it only reads it.
        length: the SQE word that says how much of it, filled in where the op does not.
    """

    kernel_writes: bool = True
    length: str = "len"

    def put(self, draft: Draft, word: str, value: Any, name: str) -> None:
        """Take a Buffer, the bad page, or (where the kernel only reads) bytes to copy."""
        if isinstance(value, (bytes, bytearray, memoryview)) and not self.kernel_writes:
            value = Buffer.of(bytes(value))
        if not isinstance(value, (Buffer, BadPage)):
            wanted = "a Buffer" if self.kernel_writes else "a Buffer or bytes"
            raise OperandError(f"{name} takes {wanted}, not {value!r}")
        draft.words[word] = value.address
        if value.mem is not None:
            draft.holds.append(value.mem)
            draft.limits.append((self.length, len(value), name))
        draft.put(self.length, len(value), name)

    def show(self, words: dict[str, int], word: str) -> str:
        """As an address."""
        return f"{words[word]:#x}"


@dataclass(frozen=True)
class PathName(Kind):
    """A path: copied into C memory, ended by a zero byte."""

    def put(self, draft: Draft, word: str, value: Any, name: str) -> None:
        """Take what open(2) would."""
        if not isinstance(value, (str, bytes, os.PathLike)):
            raise OperandError(f"{name} takes a path, not {value!r}")
        data = os.fsencode(value)
        if b"\0" in data:
            raise OperandError(f"{name}: a path cannot contain a zero byte")
        block = Small(data + b"\0")
        draft.words[word] = block.address
        draft.holds.append(block.mem)

    def show(self, words: dict[str, int], word: str) -> str:
        """As an address: in anybody else's SQE the bytes are not ours to read."""
        return f"{words[word]:#x}"


@dataclass(frozen=True)
class TimeSpan(Kind):
    """A time in nanoseconds: copied into C memory as `struct __kernel_timespec`."""

    def put(self, draft: Draft, word: str, value: Any, name: str) -> None:
        """Take a whole number of nanoseconds."""
        if not isinstance(value, int) or not 0 <= value < 2**63:
            raise OperandError(f"{name} takes nanoseconds from 0 up, not {value!r}")
        seconds, ns = divmod(value, NS)
        block = Small(seconds.to_bytes(8, "little") + ns.to_bytes(8, "little"))
        draft.words[word] = block.address
        draft.holds.append(block.mem)

    def show(self, words: dict[str, int], word: str) -> str:
        """As an address."""
        return f"{words[word]:#x}"


@dataclass(frozen=True)
class Bits(Kind):
    """Flags, under the kernel's names."""

    names: type[Flags]

    def put(self, draft: Draft, word: str, value: Any, name: str) -> None:
        """Take members of the enum, or the number."""
        if not isinstance(value, int):
            raise OperandError(f"{name} takes {self.names.__name__}, not {value!r}")
        draft.put(word, draft.words[word] | int(value), name)

    def show(self, words: dict[str, int], word: str) -> str:
        """By name."""
        return flag_names(self.names, words[word])


OPEN_FLAGS: dict[str, int] = {
    name[2:]: getattr(os, name)
    for name in (
        "O_RDONLY",
        "O_WRONLY",
        "O_RDWR",
        "O_CREAT",
        "O_EXCL",
        "O_TRUNC",
        "O_APPEND",
        "O_NONBLOCK",
        "O_DSYNC",
        "O_SYNC",
        "O_DIRECT",
        "O_DIRECTORY",
        "O_NOFOLLOW",
        "O_CLOEXEC",
        "O_TMPFILE",
        "O_PATH",
    )
}


@dataclass(frozen=True)
class OpenBits(Kind):
    """open(2)'s O_* flags."""

    def show(self, words: dict[str, int], word: str) -> str:
        """By name; the access mode is a number in two bits, not a flag."""
        value = words[word]
        names = [("RDONLY", "WRONLY", "RDWR", "3")[value & os.O_ACCMODE]]
        rest = value & ~os.O_ACCMODE
        for name, bit in sorted(OPEN_FLAGS.items(), key=lambda item: -item[1]):
            if bit and bit & os.O_ACCMODE == 0 and rest & bit == bit:
                names.append(name)
                rest &= ~bit
        if rest:
            names.append(hex(rest))
        return "|".join(names)


def flag_names(names: type[Flags], value: int) -> str:
    """`IO_LINK|IO_DRAIN`; bits without a name in hexadecimal; `0` for none."""
    found = [str(flag.name) for flag in names if value & flag]
    rest = value
    for flag in names:
        rest &= ~int(flag)
    if rest:
        found.append(hex(rest))
    return "|".join(found) or "0"
