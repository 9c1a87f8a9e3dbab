"""NOPs a second at batch 32: typed, in sessions that are watched, recorded, and not watched.

Run as `python -m benchmarks.observing.rate KIND` it is one of these sessions.
"""

from __future__ import annotations

import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from benchmarks.observing.blind import BlindSession
from benchmarks.observing.rounds import Child, answer_rounds, take_turns
from uringlab.lab.session import Session

BATCH = 32
LINES = (f"repeat {BATCH} nop", "submit", "reap")
TURNS = 20
"""Of a round."""
WARM = 10
"""Rounds that are not counted."""


class Rates(NamedTuple):
    """NOPs a second of processor time, round by round.

    Attributes:
        blind: nobody watches.
        control: the same once more: how far the method itself is off.
        watched: the event log is on.
        recorded: and everything is written to a file.
    """

    blind: list[float]
    control: list[float]
    watched: list[float]
    recorded: list[float]


def measure_rates(rounds: int) -> Rates:
    """Rounds take turns, so that a slow while of the machine is slow for all."""
    with ExitStack() as stack:
        children = {
            name: stack.enter_context(Child("benchmarks.observing.rate", name))
            for name in Rates._fields
        }
        return Rates(**take_turns(children, rounds))


def run(kind: str) -> None:
    """Be one of them."""
    sort = BlindSession if kind in {"blind", "control"} else Session
    with tempfile.TemporaryDirectory() as folder, sort((Path(folder),)) as session:
        session(f"ring new r0 entries={BATCH}")
        if kind == "recorded":
            session(f"record {Path(folder) / 'rate.uringrec'}")
        for _ in range(WARM):  # until the log and the names are as long as they get
            _round(session)
        answer_rounds(lambda: _round(session))


def _round(session: Session) -> float:
    # Of the whole process: what the recorder's thread does meanwhile is paid for, too.
    recorder = session.recorders.file
    if recorder is not None:
        recorder.flush()
    began = time.process_time()
    for _ in range(TURNS):
        for line in LINES:
            session.run(line)
    if recorder is not None:
        recorder.flush()
    return TURNS * BATCH / (time.process_time() - began)


if __name__ == "__main__":
    run(sys.argv[1])
