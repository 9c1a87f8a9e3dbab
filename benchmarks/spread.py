"""A number with its spread: the median of several, and the middle half around it."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Spread(NamedTuple):
    """The median, and the first and third quartiles."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread:
        """Of one value or more.

        Raises:
            ValueError: there is none.
        """
        ordered = sorted(values)
        if not ordered:
            raise ValueError("a spread needs one value at least")
        if len(ordered) == 1:
            return cls(ordered[0], ordered[0], ordered[0])
        low, median, high = statistics.quantiles(ordered, n=4, method="inclusive")
        return cls(median, low, high)

    def text(self, digits: int = 2) -> str:
        """`2.31 [2.24-2.40]`."""
        return f"{self.median:.{digits}f} [{self.low:.{digits}f}-{self.high:.{digits}f}]"


def ratios(above: Sequence[float], below: Sequence[float]) -> list[float]:
    """Divide round by round: what a round of one took by what the other's next to it took.

    A machine that was slow for a while was slow for both.

    Raises:
        ValueError: not the same number of rounds.
    """
    return [one / other for one, other in zip(above, below, strict=True)]
