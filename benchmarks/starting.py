"""`python -m benchmarks.starting`: a batch from start to exit, beside a bare interpreter."""

from __future__ import annotations

import argparse
import sys

from benchmarks.importing import BARE, start
from benchmarks.spread import Spread
from benchmarks.target import Target, Verdict

ROUNDS = 25
BATCH = ("-m", "uringlab", "run", "-q", "-c", "nop")
MOST_MS = 120.0

MET, MISSED = 0, 1


def measure(rounds: int) -> tuple[Verdict, Spread]:
    """What the batch takes over bare, on the wall; and how many times as long as bare it takes.

    Each round starts one of each, next to each other. The first pair is not counted: it writes
    byte code and fills the page cache.
    """
    pairs = [(start("-c", BARE).wall, start(*BATCH).wall) for _ in range(rounds + 1)][1:]
    target = Target(
        "run -c nop, over python -c pass", MOST_MS, at_least=False, digits=0, unit=" ms"
    )
    over = target.verdict(Spread.of(batch - bare for bare, batch in pairs))
    return over, Spread.of(batch / bare for bare, batch in pairs)


def main(given: list[str] | None = None) -> int:
    """Measure and tell; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.starting", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"how often ({ROUNDS})")
    parser.add_argument("--check", action="store_true", help="exit status 1 if it is missed")
    asked = parser.parse_args(given)
    if asked.rounds < 1:
        parser.error("there is one round at least")
    over, ratio = measure(asked.rounds)
    print(over.text())
    print(f"run -c nop / python -c pass: {ratio.text()}")
    return MISSED if asked.check and not over.met else MET


if __name__ == "__main__":
    sys.exit(main())
