"""Rounds side by side: each contender in turn, again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.contender import Contender, Cost, Work


def measure(
    contenders: Sequence[Contender], work: Work, rounds: int, round_ns: float
) -> dict[str, list[Cost]]:
    """Let each run its rounds of one work, interleaved.

    Args:
        contenders: in the order in which they take turns.
        work: what to do.
        rounds: how often each.
        round_ns: about how long a round is.

    Returns:
        By contender, what a request took in each round.
    """
    for contender in contenders:
        contender.calibrate(work, round_ns)
    taken: dict[str, list[Cost]] = {contender.name: [] for contender in contenders}
    for _ in range(rounds):
        for contender in contenders:
            taken[contender.name].append(contender.round(work))
    return taken
