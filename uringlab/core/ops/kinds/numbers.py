"""Numbers: counts, offsets, modes, and the user_data of another request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from uringlab.core.errors import OperandError
from uringlab.core.ops.kinds.draft import Kind, whole

if TYPE_CHECKING:
    from uringlab.core.ops.kinds.draft import Draft

_U64 = 2**64 - 1
_U32 = 2**32 - 1


@dataclass(frozen=True)
class Number(Kind):
    """A whole number, in bytes, in a count, or in whatever the operand says.

    Attributes:
        low, high: what is allowed, within what the word can hold.
    """

    low: int | None = None
    high: int | None = None

    def put(self, draft: Draft, word: str, value: Any, name: str) -> None:
        """Encode it."""
        number = whole(value, name)
        if (self.low is not None and number < self.low) or (
            self.high is not None and number > self.high
        ):
            raise OperandError(f"{name}={number} is out of range: {self.low} … {self.high}")
        draft.put(word, number, name)


class Child(Number):
    """A child process: its pid, or whatever else waitid(2) takes in its place."""


class Signed(Kind):
    """A number of 32 bits with a sign, in a word that has none."""

    def put(self, draft: Draft, word: str, value: Any, name: str) -> None:
        """Encode it."""
        number = whole(value, name)
        if not -(2**31) <= number < 2**31:
            raise OperandError(f"{name}={number} does not fit: {-(2**31)} … {2**31 - 1}")
        draft.put(word, number & _U32, name)

    def show(self, words: dict[str, int], word: str) -> str:
        """With its sign."""
        value = words[word] & _U32
        return str(value - 2**32 if value >= 2**31 else value)


class Offset(Kind):
    """A place in a file; -1 is the file's own position."""

    def show(self, words: dict[str, int], word: str) -> str:
        """Decode -1 as what it means."""
        value = words[word]
        return "-1" if value == _U64 else str(value)


class UserData(Kind):
    """Names a request by its user_data."""

    def show(self, words: dict[str, int], word: str) -> str:
        """In hexadecimal where it does not look like a count."""
        value = words[word]
        return str(value) if value < 2**32 else f"{value:#x}"


class Mode(Kind):
    """A file's permission bits, in octal."""

    def show(self, words: dict[str, int], word: str) -> str:
        """In octal."""
        return f"{words[word]:#o}"


@dataclass(frozen=True)
class Length(Kind):
    """A number of bytes: in a word of 32 bits if it fits there, else in one of 64.

    Kernels before 6.11 look at the narrow word only.

    Attributes:
        wide: the word of 64 bits. Unless it is 0 the kernel goes by it alone.
    """

    wide: str

    def put(self, draft: Draft, word: str, value: Any, name: str) -> None:
        """Encode it."""
        number = whole(value, name)
        if not 0 <= number <= _U64:
            raise OperandError(f"{name}={number} does not fit: 0 … {_U64}")
        narrow = number <= _U32
        draft.words[word] = number if narrow else 0
        draft.words[self.wide] = 0 if narrow else number

    def show(self, words: dict[str, int], word: str) -> str:
        """As the kernel reads it."""
        return str(words[self.wide] or words[word])
