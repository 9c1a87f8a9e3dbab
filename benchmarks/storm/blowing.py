"""A program that storms whenever it is asked.

Run as `python -m benchmarks.storm.blowing KIND BATCH FLAGS` it is that program.
"""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack

from benchmarks.observing.library import watching
from benchmarks.observing.rounds import answer_rounds
from uringlab import IoUring, Params, SetupFlags, Storm, ops

SECONDS = 0.05
LONG = 0.3
"""Seconds of a round that is to be looked at several times."""


def processor_time(ring: IoUring, batch: int) -> float:
    """Processor time of a request, in nanoseconds."""
    storm = Storm(ring, ops.Nop(), batch=batch, seconds=SECONDS)
    began = time.process_time_ns()
    while storm.run():
        continue
    return (time.process_time_ns() - began) / storm.progress.done


def rate(ring: IoUring, batch: int) -> float:
    """Requests a second, by the clock on the wall: what a storm says of itself."""
    storm = Storm(ring, ops.Nop(), batch=batch, seconds=LONG)
    while storm.run():
        continue
    return storm.progress.rate


def run(kind: str, batch: int, flags: int) -> None:
    """Be that program: `cost`, or one whose rate is asked for, `watched` or not."""
    with ExitStack() as stack:
        ring = stack.enter_context(IoUring(batch, Params(flags=SetupFlags(flags))))
        if kind == "watched":
            stack.enter_context(watching(ring))
        measure = processor_time if kind == "cost" else rate
        answer_rounds(lambda: measure(ring, batch))


if __name__ == "__main__":
    run(sys.argv[1], int(sys.argv[2]), int(sys.argv[3], 0))
