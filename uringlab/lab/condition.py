"""One condition of an `expect`: what is looked at, how it is compared, with what."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from uringlab.core.abi import CqeFlags, EnterFlags, SetupFlags, SqRingFlags
from uringlab.core.abi.named import flag_names
from uringlab.core.errors import errno_name
from uringlab.lab.errors import LineError, Span
from uringlab.lab.values import Text, to_errno, to_int

if TYPE_CHECKING:
    from uringlab.core.abi import Flags

Found = int | str | bytes | None
"""What is there; None: not known yet."""
CQE_FLAG_BITS = 0xFFFF
"""Of a CQE's flags: above them is the id of the buffer that was picked."""

_RANGE = re.compile(r"(.+)\.\.(.+)")
_FLAG_NAMES: dict[str, type[Flags]] = {
    "sq.flags": SqRingFlags,
    "flags": CqeFlags,
    "setup.flags": SetupFlags,
    "enter.flags": EnterFlags,
}


@dataclass(frozen=True)
class Condition:
    """`res=-ECANCELED`: what is looked at, how it is compared, with what."""

    path: str
    sign: str
    wanted: str
    span: Span

    def text(self) -> str:
        """As it was typed."""
        return f"{self.path}{self.sign}{self.wanted}"


def holds(condition: Condition, found: Found) -> bool:
    """Whether it is as it should be.

    Raises:
        LineError: the two cannot be compared.
    """
    if found is None:
        return False
    inexact = not isinstance(found, int) or _RANGE.fullmatch(condition.wanted)
    if inexact and condition.sign not in ("=", "!="):
        what = "a range" if isinstance(found, int) else "text"
        raise LineError(f"{what} is compared with = or !=, not {condition.sign}", condition.span)
    if isinstance(found, bytes):
        text = Text(condition.wanted).data
        same = found.startswith(text) and not found[len(text) :].strip(b"\0")
        return same if condition.sign == "=" else not same
    if isinstance(found, str):
        same = found.lower() == condition.wanted.lower()
        return same if condition.sign == "=" else not same
    span = _RANGE.fullmatch(condition.wanted)
    if span is not None:
        inside = _number(condition, span[1]) <= found <= _number(condition, span[2])
        return inside if condition.sign == "=" else not inside
    wanted = _number(condition, condition.wanted)
    if condition.path == "flags" and to_int(condition.wanted) is None:
        found &= CQE_FLAG_BITS
    return {
        "=": found == wanted,
        "!=": found != wanted,
        "<": found < wanted,
        "<=": found <= wanted,
        ">": found > wanted,
        ">=": found >= wanted,
    }[condition.sign]


def _number(condition: Condition, word: str) -> int:
    number = to_int(word)
    if number is None:
        number = to_errno(word)
    if number is None and condition.path in _FLAG_NAMES:
        number = 0
        for part in word.split("|"):
            bit = getattr(_FLAG_NAMES[condition.path], part.upper(), None)
            if bit is None:
                raise LineError(f'no flag "{part}"', condition.span)
            number |= int(bit)
    if number is None:
        raise LineError(
            f'{condition.path} is compared with a number or an errno, not "{word}"', condition.span
        )
    return number


def shown(path: str, found: Found) -> str:
    """What is there, for a person."""
    if found is None:
        return "not known: no CQE has come yet"
    if isinstance(found, bytes):
        return repr(found[:64].rstrip(b"\0"))[1:]
    if path == "res" and isinstance(found, int) and found < 0:
        return f"{found} ({errno_name(found)})"
    if path in _FLAG_NAMES and isinstance(found, int):
        return f"{found:#x} ({flag_names(_FLAG_NAMES[path], found)})"
    return str(found)
