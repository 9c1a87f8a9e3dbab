"""Words that only register calls take: what stands for an empty place, and CPUs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from uringlab.lab.errors import LineError
from uringlab.lab.values import Integer, Listed, Value

if TYPE_CHECKING:
    from uringlab.lab.lexer import Token

NONE = "none"
SKIP = "skip"
_MOST_CPU = 2**16 - 1


class Cpus(Value):
    """`0,2-3`: CPUs by number."""

    label = "CPUS"
    wants = "CPUs by number, as in 0,2-3"

    def __init__(self) -> None:
        """Numbers that a mask can hold."""
        self._number = Integer(0, _MOST_CPU, "the number of a CPU")

    def read(self, token: Token) -> Listed:
        """Read the numbers and the ranges."""
        found: set[int] = set()
        for text in token.text.split(","):
            first, dash, last = text.partition("-")
            low = self._number.read(replace(token, text=first))
            high = self._number.read(replace(token, text=last)) if dash else low
            if low > high:
                raise LineError(f"{text} goes backwards", token.span)
            found.update(range(low, high + 1))
        return Listed(tuple(sorted(found)))
