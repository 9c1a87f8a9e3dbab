"""An SQE that is being filled in, and the base of all kinds of operands."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from uringlab.core import abi
from uringlab.core.errors import OperandError

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
_U64 = 2**64 - 1


@dataclass
class Draft:
    """An SQE being filled in: its words, and the blocks its request needs.

    Attributes:
        words: by `abi.SQE_WORDS`.
        holds: blocks that live until the request's final CQE: the kernel may write to them, or
            reads them when it gets to it.
        lends: blocks that live until the SQE is consumed: the kernel copies them at submission.
        limits: (word, bytes there are, whose): what the words must not exceed.
        tail: bytes after the first 64, for an SQE of 128.
    """

    words: dict[str, int] = field(default_factory=lambda: dict.fromkeys(abi.SQE_WORDS, 0))
    holds: list[Any] = field(default_factory=list)
    lends: list[Any] = field(default_factory=list)
    limits: list[tuple[str, int, str]] = field(default_factory=list)
    tail: bytes = b""

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
        self.words[word] = value & _U64 if value < 0 and word != "fd" else value

    def add(self, word: str, bits: int, name: str) -> None:
        """Set bits of a word beside those that are set."""
        self.put(word, self.words[word] | bits, name)


@dataclass(frozen=True)
class Kind:
    """The base: a whole number, as it is.

    Attributes:
        is_address: whether the word is an address that the kernel follows.
    """

    is_address: ClassVar[bool] = False

    def put(self, draft: Draft, word: str, value: Any, name: str) -> None:
        """Encode a value."""
        draft.put(word, whole(value, name), name)

    def show(self, words: dict[str, int], word: str) -> str:
        """Decode the word for a person."""
        return str(words[word])


def whole(value: Any, name: str) -> int:
    """The value, which must be a whole number.

    Raises:
        OperandError: it is not.
    """
    if not isinstance(value, int):
        raise OperandError(f"{name} takes a number, not {value!r}")
    return value
