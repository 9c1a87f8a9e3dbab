"""A program that uses the ring for speed, while somebody looks at it thirty times a second.

Run as `python -m benchmarks.observing.library KIND` it is that program.
"""

from __future__ import annotations

import sys
import threading
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.observing.rounds import Child, answer_rounds, take_turns
from uringlab import CqeBatch, IoUring, Prepared, ops
from uringlab.observe.log import EventLog
from uringlab.observe.observer import Observer
from uringlab.observe.requests import Requests
from uringlab.observe.source import OwnSource

if TYPE_CHECKING:
    from collections.abc import Iterator

BATCH = 32
TURNS = 20_000
"""Of a round: long enough for several looks."""
HERTZ = 30


class Speeds(NamedTuple):
    """NOPs a second of the process's processor time, its observer's included, round by round."""

    alone: list[float]
    control: list[float]
    watched: list[float]


def measure_library(rounds: int) -> Speeds:
    """As `measure_rates`."""
    with ExitStack() as stack:
        children = {
            name: stack.enter_context(Child("benchmarks.observing.library", name))
            for name in Speeds._fields
        }
        return Speeds(**take_turns(children, rounds))


@contextmanager
def watching(ring: IoUring) -> Iterator[Observer]:
    """Somebody looks, from a thread of its own, as a screen does: with a log, and with lives."""
    log, requests, over = EventLog(), Requests(), threading.Event()
    log.listen(requests.take)
    observer = Observer(OwnSource("r0", ring), log)

    def look() -> None:
        while not over.wait(1 / HERTZ):
            observer.look()

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield observer
    finally:
        over.set()
        thread.join()


def run(kind: str) -> None:
    """Be that program."""
    with ExitStack() as stack:
        ring = stack.enter_context(IoUring(BATCH))
        batch = CqeBatch(BATCH)
        turn = ring.turn(Prepared(ops.Nop(user_data=n) for n in range(BATCH)), batch, wait_nr=BATCH)
        if kind == "watched":
            stack.enter_context(watching(ring))

        def one_round() -> float:
            began = time.process_time()
            for _ in range(TURNS):
                turn()
            return TURNS * BATCH / (time.process_time() - began)

        answer_rounds(one_round)


if __name__ == "__main__":
    run(sys.argv[1])
