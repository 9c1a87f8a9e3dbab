"""Flags and choices, under the kernel's names."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from uringlab.core.abi.named import flag_names
from uringlab.core.errors import OperandError
from uringlab.core.ops.kinds.draft import Kind, whole

if TYPE_CHECKING:
    from uringlab.core.abi.named import Flags, Named
    from uringlab.core.ops.kinds.draft import Draft


@dataclass(frozen=True)
class Bits(Kind):
    """Flags, under the kernel's names."""

    names: type[Flags]

    def put(self, draft: Draft, word: str, value: Any, name: str) -> None:
        """Take members of the enum, or the number."""
        if not isinstance(value, int):
            raise OperandError(f"{name} takes {self.names.__name__}, not {value!r}")
        draft.add(word, int(value), name)

    def show(self, words: dict[str, int], word: str) -> str:
        """By name."""
        return flag_names(self.names, words[word])


@dataclass(frozen=True)
class Switch(Kind):
    """One flag, on or off: `multishot=True`."""

    flag: Flags

    def put(self, draft: Draft, word: str, value: Any, name: str) -> None:
        """Take what is true or false."""
        if value not in {True, False}:
            raise OperandError(f"{name} is on or off: True or False, not {value!r}")
        if value:
            draft.add(word, int(self.flag), name)

    def show(self, words: dict[str, int], word: str) -> str:
        """`on` or `off`."""
        return "on" if words[word] & self.flag else "off"


@dataclass(frozen=True)
class Choice(Kind):
    """One of a few numbers that have names.

    Attributes:
        names: the enum.
        any_number: whether a number without a name may be given, for the kernel to refuse.
    """

    names: type[Named]
    any_number: bool = True

    def put(self, draft: Draft, word: str, value: Any, name: str) -> None:
        """Take a member of the enum, or its number."""
        number = whole(value, name)
        if not self.any_number and number not in set(self.names):
            known = ", ".join(f"{one.name} ({int(one)})" for one in self.names)
            raise OperandError(f"{name}={number} is none of {known}")
        draft.put(word, number, name)

    def show(self, words: dict[str, int], word: str) -> str:
        """By name."""
        try:
            return str(self.names(words[word]).name)
        except ValueError:
            return str(words[word])


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


class OpenBits(Kind):
    """open(2)'s O_* flags."""

    def show(self, words: dict[str, int], word: str) -> str:
        """By name; the access mode is a number in two bits, not a flag."""
        return open_flag_names(words[word])


def open_flag_names(value: int) -> str:
    """`RDWR|CREAT`."""
    names = [("RDONLY", "WRONLY", "RDWR", "3")[value & os.O_ACCMODE]]
    rest = value & ~os.O_ACCMODE
    for name, bit in sorted(OPEN_FLAGS.items(), key=lambda item: -item[1]):
        if bit and bit & os.O_ACCMODE == 0 and rest & bit == bit:
            names.append(name)
            rest &= ~bit
    if rest:
        names.append(hex(rest))
    return "|".join(names)
