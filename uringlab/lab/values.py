"""Values as they are typed: numbers with units, times, flags, names, errnos, strings.

A `Value` class says how a word is read, what it is called in a signature, and what completion
offers. Reading a word needs no session; names are looked up when the command runs.
"""

from __future__ import annotations

import errno
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from uringlab.lab.errors import LineError, did_you_mean
from uringlab.lab.lexer import T

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from uringlab.lab.lexer import Token

_NUMBER = re.compile(r"(-?)(0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+|[0-9]+)([kKmMgG]?)")
_TIME = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ns|us|µs|ms|s|m)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
_TIMES = {"ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9}
_BIG = 2**64
_LONGEST = 100
"""Characters of the longest number that is read; none of the kernel's has more."""
MAX_NS = 2**62
"""146 years: the longest time that every clock here can count."""


@dataclass(frozen=True)
class Ref:
    """A word that names something, to be looked up when the command runs."""

    name: str


@dataclass(frozen=True)
class Text:
    """A string."""

    text: str

    @property
    def data(self) -> bytes:
        r"""Its bytes: `\xNN` is the byte NN, the rest is UTF-8.

        What was no text on the command line keeps its bytes.
        """
        return self.text.encode(errors="surrogateescape")


Literal = int | Ref | Text | str


class Value:
    """A kind of value. `read` turns a token into it, or says what was expected."""

    label = "VALUE"
    wants = "a value"

    def read(self, token: Token) -> Literal:
        """Read a token.

        Raises:
            LineError: it is not of this kind.
        """
        return token.text

    def options(self) -> Mapping[str, str]:
        """Words that completion offers, each with what it means."""
        return {}

    def refuse(self, token: Token, more: str = "") -> LineError:
        """The error for a token that is not of this kind."""
        return LineError(
            f'expected {self.wants}, not "{token.text}".{more}'.rstrip("."), token.span
        )


class Integer(Value):
    """`100`, `0x64`, `4k`, `1M`, `-1`."""

    label = "N"

    def __init__(self, low: int = -(2**63), high: int = _BIG - 1, wants: str = "a number") -> None:
        """Bounds, both included."""
        self.low = low
        self.high = high
        self.wants = wants

    def read(self, token: Token) -> int:
        """Read it."""
        number = to_int(token.text) if token.type is T.WORD else None
        if number is None:
            raise self.refuse(token, " Numbers are like 100, 0x64, 4k, 1M")
        if not self.low <= number <= self.high:
            raise LineError(f"{number} is out of range: {self.low} to {self.high}", token.span)
        return number


class FileMode(Value):
    """`0644`: octal, as everywhere."""

    label = "MODE"
    wants = "an octal mode like 0644"

    def read(self, token: Token) -> int:
        """Read it."""
        if not re.fullmatch(r"0?o?[0-7]{1,4}", token.text):
            raise self.refuse(token)
        return int(token.text.replace("o", ""), 8)


class Duration(Value):
    """`20ms`, `1s`, `1.5s`: nanoseconds."""

    label = "TIME"
    wants = "a time with its unit, like 20ms or 1s"

    def read(self, token: Token) -> int:
        """Read it."""
        match = _TIME.fullmatch(token.text) if token.type is T.WORD else None
        if match is None:
            raise self.refuse(token, " Units: ns, us, ms, s, m")
        number = float(match[1]) * _TIMES[match[2]]
        if number > MAX_NS:
            raise LineError(f"{token.text} is too long: 146 years at most", token.span)
        return int(number)


class NewName(Value):
    """A name to be given to something."""

    label = "NAME"
    wants = "a name (letters, digits, _)"

    def read(self, token: Token) -> str:
        """Read it."""
        if token.type is not T.WORD or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", token.text):
            raise self.refuse(token)
        return token.text


class NameOf(Value):
    """The name of something that exists.

    Args:
        kind: what completion offers and errors name: "file", "buffer", "request", "ring", "".
    """

    def __init__(self, kind: str, label: str) -> None:
        """What it must be the name of."""
        self.kind = kind
        self.label = label
        self.wants = f"the name of a {kind}" if kind else "a name"

    def read(self, token: Token) -> Ref:
        """Read it."""
        if token.type is not T.WORD or not _NAME.fullmatch(token.text):
            raise self.refuse(token)
        return Ref(token.text)


class FileOf(NameOf):
    """An fd: by name, or as a number (to see what the kernel says of a wrong one)."""

    def __init__(self) -> None:
        """An fd."""
        super().__init__("file", "FD")
        self.wants = "an fd: a name, or a number"
        self._number = Integer(-(2**31), 2**31 - 1)

    def read(self, token: Token) -> int | Ref:  # type: ignore[override]
        """Read it."""
        if token.type is T.WORD and to_int(token.text) is not None:
            return self._number.read(token)
        return super().read(token)


class RequestOf(NameOf):
    """A request: by name, or by its user_data."""

    def __init__(self) -> None:
        """A request."""
        super().__init__("request", "REQUEST")
        self.wants = "a request: its name, or its user_data"

    def read(self, token: Token) -> int | Ref:  # type: ignore[override]
        """Read it."""
        number = to_int(token.text) if token.type is T.WORD else None
        return number if number is not None else super().read(token)


class Data(NameOf):
    """Bytes: a string, or the name of a buffer."""

    def __init__(self) -> None:
        """Bytes."""
        super().__init__("buffer", "DATA")
        self.wants = 'a string in "…" or the name of a buffer'

    def read(self, token: Token) -> Text | Ref:  # type: ignore[override]
        """Read it."""
        return Text(token.text) if token.type is T.STRING else super().read(token)


class Str(Value):
    """A string; a word will do where nothing in it needs quotes."""

    label = "TEXT"
    wants = "a string"

    def read(self, token: Token) -> Text:
        """Read it."""
        return Text(token.text)


class Path(Str):
    """A path."""

    label = "PATH"
    wants = "a path"


class Choice(Value):
    """One of a few words."""

    def __init__(self, label: str, words: Mapping[str, str]) -> None:
        """The words, each with what it means."""
        self.label = label
        self._words = words
        self.wants = "one of " + ", ".join(words)

    def read(self, token: Token) -> str:
        """Read it."""
        if token.text not in self._words:
            raise self.refuse(token, did_you_mean(token.text, self._words))
        return token.text

    def options(self) -> Mapping[str, str]:
        """The words."""
        return self._words


class Flags(Value):
    """`link|drain`: the kernel's names in any case, with or without their prefix, or a number.

    Args:
        bits: name to bit.
        docs: name to one line.
        prefixes: what may stand before a name, such as IOSQE_.
    """

    label = "FLAGS"

    def __init__(
        self, bits: Mapping[str, int], docs: Mapping[str, str], prefixes: Sequence[str] = ()
    ) -> None:
        """The names and their bits."""
        self._bits = {name.lower(): bit for name, bit in bits.items()}
        self._docs = docs
        self._prefixes = tuple(prefix.lower() for prefix in prefixes)
        shown = list(self._bits)
        self.wants = "flags: " + "|".join(shown[:4]) + ("|…" if shown[4:] else "")

    def read(self, token: Token) -> int:
        """Read it."""
        total = 0
        for part in token.text.split("|"):
            word = part.lower()
            for prefix in self._prefixes:
                word = word.removeprefix(prefix)
            number = to_int(part)
            short = {name.removeprefix("io_"): bit for name, bit in self._bits.items()}
            if number is not None and number >= 0:
                total |= number
            elif word in self._bits:
                total |= self._bits[word]
            elif word in short:
                total |= short[word]
            else:
                raise LineError(
                    f'no flag "{part}".{did_you_mean(word, self._bits)} '
                    f"There are: {', '.join(self._bits)}",
                    token.span,
                )
        return total

    def options(self) -> Mapping[str, str]:
        """The names."""
        return {name: self._docs.get(name.upper(), "") for name in self._bits}


def to_int(word: str) -> int | None:
    """A number with its unit, or None."""
    match = _NUMBER.fullmatch(word) if len(word) <= _LONGEST else None
    if match is None:
        return None
    digits = match[2]
    number = int(digits, 0) if not digits.isdigit() else int(digits)
    number *= _UNITS[match[3].lower()]
    return -number if match[1] else number


def to_errno(word: str) -> int | None:
    """`-ECANCELED` or `ECANCELED` as a negative number, or None."""
    name = word.removeprefix("-").upper()
    number = getattr(errno, name, None) if name.startswith("E") else None
    return -number if isinstance(number, int) else None
