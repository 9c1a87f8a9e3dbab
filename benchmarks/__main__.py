"""`python -m benchmarks`: sets up, measures, reports."""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import ExitStack
from pathlib import Path

from benchmarks import report
from benchmarks.environment import SetupError, set_up
from benchmarks.importing import measure_import
from benchmarks.measuring import measure
from benchmarks.results import WORKS, Results

ROUNDS, SECONDS = 25, 0.05
QUICK_ROUNDS, QUICK_SECONDS = 7, 0.02

MET, MISSED, NOT_SET_UP = 0, 1, 3


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="NOPs and cached 4 KiB reads a second, uringlab beside C and beside the PyPI "
        "package liburing, in interleaved rounds; and what `import uringlab` costs.",
    )
    parser.add_argument("--rounds", type=int, help=f"rounds of each contender ({ROUNDS})")
    parser.add_argument("--seconds", type=float, help=f"the length of a round ({SECONDS})")
    parser.add_argument("--quick", action="store_true", help="few short rounds: a rough look")
    parser.add_argument(
        "--wall", action="store_true", help="compare by time on the wall, not by processor time"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every round to FILE")
    parser.add_argument(
        "--check", action="store_true", help="exit status 1 if a target is missed that C meets"
    )
    asked = parser.parse_args(given)
    asked.rounds = asked.rounds or (QUICK_ROUNDS if asked.quick else ROUNDS)
    asked.seconds = asked.seconds or (QUICK_SECONDS if asked.quick else SECONDS)
    if asked.rounds < 1 or asked.seconds <= 0:
        parser.error("a round takes time, and there is one at least")
    return asked


def main(given: list[str] | None = None) -> int:
    """Run it; the exit status."""
    asked = arguments(given)
    try:
        environment = set_up()
    except SetupError as why:
        print(why, file=sys.stderr)
        return NOT_SET_UP
    taken = {}
    with ExitStack() as stack:
        contenders = [stack.enter_context(one) for one in environment.contenders()]
        for work in WORKS:
            print(f"measuring {work}", file=sys.stderr)
            taken[work] = measure(contenders, work, asked.rounds, asked.seconds * 1e9)
    print("measuring import uringlab", file=sys.stderr)
    results = Results(taken, measure_import(asked.rounds), clock="wall" if asked.wall else "cpu")
    print(report.text(environment, results))
    if asked.json:
        told = json.dumps(report.as_json(environment, results), indent=1)
        asked.json.write_text(told + "\n")
    missed = [one for one in results.verdicts() if not one.met and not one.out_of_reach]
    return MISSED if asked.check and missed else MET


if __name__ == "__main__":
    sys.exit(main())
