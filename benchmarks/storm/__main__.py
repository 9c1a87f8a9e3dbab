"""`python -m benchmarks.storm`: measures, reports."""

from __future__ import annotations

import argparse
import platform
import sys
from contextlib import ExitStack
from typing import NamedTuple

from benchmarks.contender import Contender, Work
from benchmarks.environment import C_PROGRAM, FILE, SetupError, set_up_c
from benchmarks.observing.library import HERTZ
from benchmarks.observing.rounds import Child, take_turns
from benchmarks.spread import Spread, ratios
from benchmarks.storm.blowing import SECONDS

BATCHES = (1, 8, 32, 128)
WATCHED_BATCH = 32
ROUNDS, QUICK_ROUNDS = 25, 5
KINDS = ("alone", "control", "watched")
NOT_SET_UP = 3


class Costs(NamedTuple):
    """Processor time of a request, in nanoseconds, round by round."""

    storm: list[float]
    c: list[float]


def beside_c(batch: int, rounds: int, flags: int) -> Costs:
    """A storm and the loop in C with liburing, in turns, each in a process of its own."""
    work = Work("nop", batch)
    costs = Costs([], [])
    with (
        Child("benchmarks.storm.blowing", "cost", str(batch), hex(flags)) as storm,
        Contender("C", [str(C_PROGRAM), str(FILE), hex(flags)]) as c,
    ):
        storm.round()  # not counted: it is warm when it answers
        c.calibrate(work, SECONDS * 1e9)
        for _ in range(rounds):
            costs.storm.append(storm.round())
            costs.c.append(c.round(work).cpu)
    return costs


def while_watched(rounds: int, flags: int) -> dict[str, list[float]]:
    """Requests a second of storms that are looked at, and of some that are not."""
    with ExitStack() as stack:
        children = {
            kind: stack.enter_context(
                Child("benchmarks.storm.blowing", kind, str(WATCHED_BATCH), hex(flags))
            )
            for kind in KINDS
        }
        return take_turns(children, rounds)


def main(given: list[str] | None = None) -> int:
    """Run it; the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.storm",
        description="How fast a storm of NOPs is: beside the same loop in C, and being watched.",
    )
    parser.add_argument("--rounds", type=int, help=f"rounds of each contender ({ROUNDS})")
    parser.add_argument("--quick", action="store_true", help="few rounds: a rough look")
    asked = parser.parse_args(given)
    rounds = asked.rounds or (QUICK_ROUNDS if asked.quick else ROUNDS)
    if rounds < 1:
        parser.error("one round at least")
    try:
        liburing, flags = set_up_c()
    except SetupError as why:
        print(why, file=sys.stderr)
        return NOT_SET_UP
    print(f"Linux {platform.release()}, liburing {liburing}; NOPs, median [quartiles]")
    for batch in BATCHES:
        costs = beside_c(batch, rounds, flags)
        speed = Spread.of(1e3 / one for one in costs.storm)
        print(
            f"batch {batch:>3}: storm {speed.text()} M/s of processor time; "
            f"storm / C {Spread.of(ratios(costs.c, costs.storm)).text()}"
        )
    rates = while_watched(rounds, flags)
    alone = Spread.of(one / 1e6 for one in rates["alone"])
    watched = Spread.of(ratios(rates["watched"], rates["alone"]))
    control = Spread.of(ratios(rates["control"], rates["alone"]))
    print(f"batch {WATCHED_BATCH:>3}: storm {alone.text()} M/s on the wall")
    print(f"the same, looked at {HERTZ} times a second / alone: {watched.text()}")
    print(f"the same, alone / alone: {control.text()}: 1 if the method is fair")
    return 0


if __name__ == "__main__":
    sys.exit(main())
