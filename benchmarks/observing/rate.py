"""NOPs a second at batch 32: typed, in sessions that are watched, recorded, and not watched."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.observing.blind import BlindSession
from uringlab.lab.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable

BATCH = 32
LINES = (f"repeat {BATCH} nop", "submit", "reap")
TURNS = 20
"""Of a round."""
WARM = 10
"""Rounds that are not counted."""


class Rates(NamedTuple):
    """NOPs a second of processor time, round by round."""

    blind: list[float]
    watched: list[float]
    recorded: list[float]


def measure_rates(rounds: int) -> Rates:
    """Rounds take turns, so that a slow while of the machine is slow for all."""
    with (
        tempfile.TemporaryDirectory() as folder,
        BlindSession() as blind,
        Session() as watched,
        Session() as recorded,
    ):
        sessions = (blind, watched, recorded)
        for one in sessions:
            one(f"ring new r0 entries={BATCH}")
        recorded.recorders.record(
            Path(folder) / "rate.uringrec", recorded.log, recorded.requests, payload=False
        )
        taken: list[list[float]] = [[], [], []]
        for one in sessions:  # not counted: until the log and the names are as long as they get
            for _ in range(WARM):
                _round(one)
        for _ in range(rounds):
            for one, into in zip(sessions, taken, strict=True):
                into.append(_round(one))
    return Rates(*taken)


def _round(session: Session, clock: Callable[[], float] = time.process_time) -> float:
    # Of the whole process: what the recorder's thread does meanwhile is paid for, too.
    if session.recorders.file is not None:
        session.recorders.file.flush()
    began = clock()
    for _ in range(TURNS):
        for line in LINES:
            session.run(line)
    if session.recorders.file is not None:
        session.recorders.file.flush()
    return TURNS * BATCH / (clock() - began)
