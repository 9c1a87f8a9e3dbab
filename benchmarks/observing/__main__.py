"""`python -m benchmarks.observing`: measures, reports."""

from __future__ import annotations

import argparse
import platform
import sys

from benchmarks.observing.copying import ENTRIES, measure_copying
from benchmarks.observing.length import measure_length
from benchmarks.observing.library import HERTZ, measure_library
from benchmarks.observing.rate import BATCH, measure_rates
from benchmarks.spread import Spread, ratios
from benchmarks.target import Target

ROUNDS, QUICK_ROUNDS = 40, 8
EVENTS, QUICK_EVENTS = 1_000_000, 100_000
MS, MIB, MILLION = 1e3, 1 << 20, 1e6
WATCHED = Target(f"session, NOPs in batches of {BATCH}, watched / not watched", 0.8, at_least=True)
SEEK = Target("the slowest seek", 100, at_least=False, digits=1, unit=" ms")


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.observing",
        description="What it costs to be watched and recorded, and what a long recording costs.",
    )
    parser.add_argument("--rounds", type=int, help=f"rounds of each contender ({ROUNDS})")
    parser.add_argument("--events", type=int, help=f"events of the recording ({EVENTS:,})")
    parser.add_argument("--quick", action="store_true", help="few rounds, few events")
    parser.add_argument("--check", action="store_true", help="exit status 1 if a target is missed")
    asked = parser.parse_args(given)
    asked.rounds = asked.rounds or (QUICK_ROUNDS if asked.quick else ROUNDS)
    asked.events = asked.events or (QUICK_EVENTS if asked.quick else EVENTS)
    if asked.rounds < 1 or asked.events < 1:
        parser.error("one round and one event at least")
    return asked


def main(given: list[str] | None = None) -> int:
    """Run it; the exit status."""
    asked = arguments(given)
    print(f"Linux {platform.release()}, Python {platform.python_version()}; processor time\n")

    print("measuring sessions", file=sys.stderr)
    rates = measure_rates(asked.rounds)
    for name, found in rates._asdict().items():
        print(f"session, {name}: {Spread.of(found).text(0)} NOPs/s")
    watched = WATCHED.verdict(Spread.of(ratios(rates.watched, rates.blind)))
    print(watched.text())
    recorded = Spread.of(ratios(rates.recorded, rates.blind))
    print(f"the same, recorded / not watched: {recorded.text()}")
    control = Spread.of(ratios(rates.control, rates.blind))
    print(f"the same, not watched / not watched: {control.text()}: 1 if the method is fair\n")

    print("measuring a program", file=sys.stderr)
    speeds = measure_library(asked.rounds)
    looked = Spread.of(ratios(speeds.watched, speeds.alone))
    control = Spread.of(ratios(speeds.control, speeds.alone))
    print(f"turn(), {Spread.of(one / MILLION for one in speeds.alone).text()} million NOPs/s")
    print(f"the same, looked at {HERTZ} times a second / alone: {looked.text()}")
    print(f"the same, alone / alone: {control.text()}\n")

    print("measuring a look", file=sys.stderr)
    copying = measure_copying(asked.rounds)
    look = Spread.of(one * MS for one in copying.look)
    ratio = Spread.of(ratios(copying.look, copying.copy))
    print(
        f"a look at {ENTRIES:,} slots: {look.text()} ms; look / copy of its bytes: {ratio.text()}\n"
    )

    print(f"measuring a recording of {asked.events:,} events", file=sys.stderr)
    length = measure_length(asked.events)
    print(
        f"a recording of {length.events:,} events: {length.events / length.seconds:,.0f} events/s, "
        f"{length.file_bytes / length.events:.1f} bytes an event"
    )
    print(
        f"memory at most: writing {length.writer_bytes / MIB:.0f} MiB, "
        f"reading {length.reader_bytes / MIB:.0f} MiB"
    )
    for name, found in (
        ("to any moment", length.seeks),
        ("to the next failure", length.errors),
        ("to a request", length.requests),
    ):
        spread = Spread.of(one * MS for one in found)
        print(f"{name}: {spread.text(1)} ms, the slowest {max(found) * MS:.1f} ms")
    slowest = max(*length.seeks, *length.errors, *length.requests) * MS
    seek = SEEK.verdict(Spread.of([slowest]))
    print(seek.text())
    return int(asked.check and not (watched.met and seek.met))


if __name__ == "__main__":
    sys.exit(main())
