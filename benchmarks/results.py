"""What a run measured, and what follows from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from benchmarks.contender import Cost, Work
from benchmarks.names import BUFFER, COLUMNS, EACH, LOOP, PUT, C
from benchmarks.spread import Spread, ratios
from benchmarks.target import Target, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BATCHES = (1, 8, 32, 128)
KINDS = ("nop", "read")
WORKS = tuple(Work(kind, batch) for kind in KINDS for batch in BATCHES)

SLOWER_THAN_C = ((LOOP, 32, 2.5), (BUFFER, 32, 1.2), (BUFFER, 128, 1.2))
"""Which of ours, at which batch, may be how many times slower than C."""
FASTER_THAN_PYPI = ((1, 1.25), (32, 2.5), (128, 2.5))
"""At which batch, reading every result, we must be how many times as fast."""
IMPORT_MS = 40.0


class Results(NamedTuple):
    """What a run measured.

    Attributes:
        taken: for each work and contender, what a request took, round by round.
        imports: what `import uringlab` adds, in milliseconds, round by round.
        clock: which of a cost's two times is meant by speed: "cpu" or "wall".
    """

    taken: dict[Work, dict[str, list[Cost]]]
    imports: Sequence[Cost]
    clock: str = "cpu"

    def nanoseconds(self, work: Work, name: str) -> list[float]:
        """What a request took, round by round, by the clock."""
        return [getattr(cost, self.clock) for cost in self.taken[work][name]]

    def import_ms(self) -> Spread:
        """What the import adds, by the clock."""
        return Spread.of(getattr(cost, self.clock) for cost in self.imports)

    def disturbance(self) -> float:
        """How much longer everything took than it had the processor: 1.0 on an idle machine."""
        costs = [cost for taken in self.taken.values() for some in taken.values() for cost in some]
        return sum(cost.wall for cost in costs) / sum(cost.cpu for cost in costs)

    def per_second(self, work: Work, name: str) -> float:
        """Requests a second, in the median round."""
        return 1e9 / Spread.of(self.nanoseconds(work, name)).median

    def speed(self, work: Work, name: str, than: str) -> Spread:
        """How many times as fast one contender is as another: in each round, and then the spread.

        A round of the one is divided by the round of the other that was next to it.
        """
        return Spread.of(ratios(self.nanoseconds(work, than), self.nanoseconds(work, name)))

    def verdicts(self) -> list[Verdict]:
        """Hold NOPs, and the import, to the targets.

        The targets are about what a binding costs, so they are held on NOPs, where nearly all of
        the time is the binding's and the ring's. A read of 4 KiB spends most of its time copying.
        """
        return [*self._beside_c(), *self._beside_pypi(), self._import()]

    def _beside_c(self) -> Iterator[Verdict]:
        for name, batch, bound in SLOWER_THAN_C:
            work = Work("nop", batch)
            target = Target(f"{work}, C / {name}", bound, at_least=False)
            yield target.verdict(self.speed(work, C, than=name))

    def _beside_pypi(self) -> Iterator[Verdict]:
        for theirs in (EACH, PUT):
            for ours in (LOOP, COLUMNS):
                for batch, bound in FASTER_THAN_PYPI:
                    work = Work("nop", batch)
                    target = Target(f"{work}, {ours} / {theirs}", bound, at_least=True)
                    ceiling = self.speed(work, C, than=theirs).median
                    yield target.verdict(self.speed(work, ours, than=theirs), ceiling)

    def _import(self) -> Verdict:
        name = "import uringlab, over a bare interpreter"
        target = Target(name, IMPORT_MS, at_least=False, digits=1, unit=" ms")
        return target.verdict(self.import_ms())
