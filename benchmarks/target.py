"""What is to be reached, and whether it was."""

from __future__ import annotations

from typing import NamedTuple

from benchmarks.spread import Spread


class Target(NamedTuple):
    """A bound on a number.

    Attributes:
        name: what the number is, with everything that tells it from others.
        bound: the bound.
        at_least: whether more is better; else less is.
        digits: how many decimals are worth printing.
        unit: printed behind the numbers.
    """

    name: str
    bound: float
    at_least: bool
    digits: int = 2
    unit: str = ""

    def verdict(self, reached: Spread, ceiling: float | None = None) -> Verdict:
        """Hold a measured number to it.

        Args:
            reached: what was measured.
            ceiling: what C reaches in ours's place, where that can be said.
        """
        return Verdict(self, reached, ceiling)


class Verdict(NamedTuple):
    """A target, and what was measured."""

    target: Target
    reached: Spread
    ceiling: float | None

    @property
    def met(self) -> bool:
        """The median decides."""
        if self.target.at_least:
            return self.reached.median >= self.target.bound
        return self.reached.median <= self.target.bound

    @property
    def close(self) -> bool:
        """Whether the bound lies inside the spread: another run may say otherwise."""
        return self.reached.low <= self.target.bound <= self.reached.high

    @property
    def out_of_reach(self) -> bool:
        """Whether C itself would not meet it: then no program on this kernel can."""
        return (
            not self.met
            and self.ceiling is not None
            and self.target.at_least
            and self.ceiling < self.target.bound
        )

    def text(self) -> str:
        """One line: `nop, batch 32, C / uringlab: 2.31 [2.24-2.40], at most 2.50: met`."""
        digits, unit = self.target.digits, self.target.unit
        side = "at least" if self.target.at_least else "at most"
        if self.out_of_reach:
            word = f"out of reach: C itself is at {self.ceiling:.{digits}f}"
        else:
            word = "met" if self.met else "MISSED"
            word += ", but another run may differ" if self.close else ""
        bound = f"{self.target.bound:.{digits}f}{unit}"
        return f"{self.target.name}: {self.reached.text(digits)}{unit}, {side} {bound}: {word}"
