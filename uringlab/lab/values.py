"""Values as they are typed: numbers with units, times, flags, names, errnos, strings.

A `Value` class says how a word is read, what it is called in a signature, and what completion
offers. Reading a word needs no session; names are looked up when the command runs.
"""

from __future__ import annotations

import errno
import ipaddress
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from uringlab.lab.errors import LineError, Span, did_you_mean
from uringlab.lab.lexer import T

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from uringlab.lab.lexer import Token

_NUMBER = re.compile(r"(-?)(0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+|[0-9]+)([kKmMgG]?)")
_TIME = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ns|us|µs|ms|s|m|h)")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_ADDRESS = re.compile(r"(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+)):([0-9]{1,5})")
_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}
_TIMES = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
}
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


@dataclass(frozen=True)
class Fixed:
    """`fixed:3`: an index into the ring's table of registered files."""

    index: int


@dataclass(frozen=True)
class Refs:
    """Several names: `b0,b1`."""

    names: tuple[str, ...]


@dataclass(frozen=True)
class Listed:
    """Several values, as they were typed with commas between."""

    items: tuple[Literal, ...]


@dataclass(frozen=True)
class Address:
    """Where a socket is: a host and a port, or a path, or where a socket of that name is."""

    host: str = ""
    port: int = 0
    path: str = ""
    name: str = ""


Literal = int | Ref | Refs | Text | Fixed | Listed | Address | str


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
    """`100`, `0x64`, `4k`, `1M`, `-1`; `-ECANCELED`."""

    label = "N"

    def __init__(self, low: int = -(2**63), high: int = _BIG - 1, wants: str = "a number") -> None:
        """Bounds, both included."""
        self.low = low
        self.high = high
        self.wants = wants

    def read(self, token: Token) -> int:
        """Read it."""
        number = to_int(token.text) if token.type is T.WORD else None
        if number is None and token.type is T.WORD and token.text.startswith("-"):
            number = to_errno(token.text)
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
            raise self.refuse(token, " Units: ns, us, ms, s, m, h")
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
    """An fd: by name, as a number (to see what the kernel says of a wrong one), or `fixed:3`."""

    def __init__(self) -> None:
        """An fd."""
        super().__init__("file", "FD")
        self.wants = "an fd: a name, a number, or fixed:N for a registered file"
        self._number = Integer(-(2**31), 2**31 - 1)

    def read(self, token: Token) -> int | Ref | Fixed:  # type: ignore[override]
        """Read it."""
        word = token.text
        if token.type is T.WORD and to_int(word) is not None:
            return self._number.read(token)
        fixed = to_int(word.removeprefix("fixed:")) if word.startswith("fixed:") else None
        if fixed is not None and 0 <= fixed < 2**31:
            return Fixed(fixed)
        return super().read(token)


class NameOrNumber(NameOf):
    """The name of something that has a number of 32 bits, or that number."""

    def __init__(self, kind: str, label: str, wants: str) -> None:
        """What it may be."""
        super().__init__(kind, label)
        self.wants = wants
        self._number = Integer(-(2**31), 2**31 - 1)

    def read(self, token: Token) -> int | Ref:  # type: ignore[override]
        """Read it."""
        if token.type is T.WORD and to_int(token.text) is not None:
            return self._number.read(token)
        return super().read(token)


class RingOf(NameOrNumber):
    """A ring by name; or an fd as a number."""

    def __init__(self) -> None:
        """A ring."""
        super().__init__("ring", "RING", "the name of a ring")


class GroupOf(Integer):
    """A group of provided buffers, by its number."""

    label = "GROUP"

    def __init__(self) -> None:
        """A number of 16 bits."""
        super().__init__(0, 2**16 - 1, "the number of a group of buffers: 0 to 65535")


class ChildOf(NameOrNumber):
    """A child process: by name, or by its pid."""

    def __init__(self) -> None:
        """A child."""
        super().__init__("child", "CHILD", "a child process: its name, or its pid")


class SlotOf(Value):
    """A place in the table of registered files: a number, or `alloc` for any that is free."""

    label = "SLOT"
    wants = "a place in the table of registered files: 0, 1, …, or alloc"

    def read(self, token: Token) -> int | str:
        """Read it."""
        if token.text.lower() == "alloc":
            return "alloc"
        number = to_int(token.text) if token.type is T.WORD else None
        if number is None or not 0 <= number < 2**31:
            raise self.refuse(token)
        return number

    def options(self) -> Mapping[str, str]:
        """What it can be besides a number."""
        return {"alloc": "any that is free: res says which"}


class OnOff(Value):
    """`on` or `off`."""

    label = "on|off"
    wants = "on or off"

    def read(self, token: Token) -> int:
        """Read it."""
        words = {"on": 1, "yes": 1, "true": 1, "1": 1, "off": 0, "no": 0, "false": 0, "0": 0}
        if token.text.lower() not in words:
            raise self.refuse(token)
        return words[token.text.lower()]

    def options(self) -> Mapping[str, str]:
        """The two."""
        return {"on": "yes", "off": "no"}


class Several(Value):
    """Several names, with commas between: `b0,b1`. Where the kernel reads, a string may do."""

    def __init__(self, label: str, wants: str, *, text: bool = False) -> None:
        """What is named, and whether a string may stand for a buffer with its bytes."""
        self.label = label
        self._text = text
        self.wants = wants + (' (or a string in "…")' if text else "")

    def read(self, token: Token) -> Refs | Text:
        """Read it."""
        if token.type is T.STRING and self._text:
            return Text(token.text)
        names = token.text.split(",")
        if token.type is not T.WORD or not all(_NAME.fullmatch(name) for name in names):
            raise self.refuse(token)
        return Refs(tuple(names))


class ListOf(Value):
    """Several of a kind, with commas between.

    Args:
        each: what they are.
        label: what it is called in a signature.
        words: words that may stand in the place of one, each with what it means.
    """

    def __init__(self, each: Value, label: str, words: Mapping[str, str] | None = None) -> None:
        """What each of them is."""
        self.each = each
        self.label = label
        self._words = dict(words or {})
        others = "".join(f", or {word}" for word in self._words)
        self.wants = f"{each.wants}{others}; several with commas between"

    def read(self, token: Token) -> Listed:
        """Read each of them."""
        if token.type is not T.WORD:
            raise self.refuse(token)
        found: list[Literal] = []
        at = token.span.start
        for text in token.text.split(","):
            span = Span(at, at + max(len(text), 1))
            at += len(text) + 1
            if text in self._words:
                found.append(text)
            elif text:
                found.append(self.each.read(replace(token, text=text, span=span)))
            else:
                raise LineError(f"between two commas, or at the end, is {self.each.wants}", span)
        return Listed(tuple(found))

    def options(self) -> Mapping[str, str]:
        """The words that may stand for one, and those of the kind."""
        return {**self.each.options(), **self._words}


class AddressOf(Value):
    """`127.0.0.1:8080`, `[::1]:8080`, `unix:PATH`, or a socket's name."""

    label = "ADDRESS"
    wants = "a socket's name, or an address like 127.0.0.1:8080, [::1]:8080 or unix:PATH"

    def read(self, token: Token) -> Address:
        """Read it."""
        if token.type is T.WORD and _NAME.fullmatch(token.text):
            return Address(name=token.text)
        if token.text.startswith("unix:") and token.text != "unix:":
            return Address(path=token.text.removeprefix("unix:"))
        match = _ADDRESS.fullmatch(token.text)
        port = int(match[3]) if match else -1
        host = (match[1] or match[2]) if match else ""
        try:
            ipaddress.ip_address(host)
        except ValueError:
            raise self.refuse(token) from None
        if not 0 <= port < 2**16:
            raise self.refuse(token)
        return Address(host, port)

    def options(self) -> Mapping[str, str]:
        """How it begins."""
        return {
            "127.0.0.1:8080": "IPv4, this machine",
            "[::1]:8080": "IPv6, this machine",
            "unix:door": "a file in the session's directory",
        }


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


class OneOf(Value):
    """One of the kernel's numbers that have names, in any case; or the number."""

    def __init__(
        self,
        label: str,
        numbers: Mapping[str, int],
        docs: Mapping[str, str],
        high: int = 2**64 - 1,
    ) -> None:
        """The names and their numbers, and the largest number that may be typed instead."""
        self.label = label
        self._plain = Integer(-(2**63) if high == 2**64 - 1 else 0, high)
        self._numbers = {name.lower(): number for name, number in numbers.items()}
        self._docs = docs
        self.wants = "one of " + ", ".join(self._numbers)

    def read(self, token: Token) -> int:
        """Read it."""
        if token.type is T.WORD and to_int(token.text) is not None:
            return self._plain.read(token)
        if token.text.lower() not in self._numbers:
            raise self.refuse(token, did_you_mean(token.text.lower(), self._numbers))
        return self._numbers[token.text.lower()]

    def options(self) -> Mapping[str, str]:
        """The names."""
        return {name: self._docs.get(name.upper(), "") for name in self._numbers}


class Flags(Value):
    """`link|drain`: the kernel's names in any case, with or without their prefix, or a number.

    Args:
        bits: name to bit.
        docs: name to one line.
        prefixes: what may stand before a name, such as IOSQE_.
        width: bits that the kernel's word has.
    """

    label = "FLAGS"

    def __init__(
        self,
        bits: Mapping[str, int],
        docs: Mapping[str, str],
        prefixes: Sequence[str] = (),
        width: int = 64,
    ) -> None:
        """The names and their bits."""
        self._bits = {name.lower(): bit for name, bit in bits.items()}
        self._docs = docs
        self._width = width
        self._prefixes = tuple(prefix.lower() for prefix in prefixes)
        shown = list(self._bits)
        self.wants = "flags: " + "|".join(shown[:4]) + ("|…" if shown[4:] else "")

    def read(self, token: Token) -> int:
        """Read it."""
        total = 0
        for part in token.text.split("|"):
            number = to_int(part)
            bit = number if number is not None and number >= 0 else self._bit(part)
            if bit is None:
                raise LineError(
                    f'no flag "{part}".{did_you_mean(self._bare(part), self._bits)} '
                    f"There are: {', '.join(self._bits)}",
                    token.span,
                )
            total |= bit
        if total >> self._width:
            raise LineError(f"{total:#x} is more than {self._width} bits", token.span)
        return total

    def _bare(self, word: str) -> str:
        """In lower case, without a prefix."""
        word = word.lower()
        for prefix in self._prefixes:
            word = word.removeprefix(prefix)
        return word

    def _bit(self, word: str) -> int | None:
        bare = self._bare(word)
        return self._bits.get(bare, self._bits.get(f"io_{bare}"))

    def spelled(self, word: str) -> Mapping[str, str]:
        """What may come after the last `|` of a word, or in place of what is begun there.

        Each as it is begun: io_link, link or iosqe_io_link. What the word has is left out.
        """
        *before, begun = word.lower().split("|")
        given = {self._bit(part) for part in before}
        found = {}
        for name, doc in self.options().items():
            if self._bits[name] in given:
                continue
            ways = (name, name.removeprefix("io_"), *(f"{one}{name}" for one in self._prefixes))
            way = next((one for one in ways if one.startswith(begun)), None)
            if way is not None:
                found[way] = doc
        return found

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
