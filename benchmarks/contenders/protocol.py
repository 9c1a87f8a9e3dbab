"""What the Python contenders share: the numbers of the work, and the pipe to the harness.

A line of standard input, and its answer:

    round nop|read BATCH BATCHES   ->   CPU_NS WALL_NS CQES SUM_OF_RES SUM_OF_USER_DATA

Only the standard library: this also runs in the environment of the PyPI package.
"""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    Sums = tuple[int, int, int]
    Loop = Callable[[int], Sums]

READ_BYTES = 4096
FILE_BLOCKS = 256


class Asked(NamedTuple):
    """The arguments of a contender.

    Attributes:
        file: what is read, FILE_BLOCKS * READ_BYTES long.
        flags: IORING_SETUP_* of every ring.
        way: which of the contender's loops.
    """

    file: str
    flags: int
    way: str


def asked() -> Asked:
    """Read the command line: FILE FLAGS WAY."""
    parser = argparse.ArgumentParser()
    parser.add_argument("file")
    parser.add_argument("flags", type=lambda text: int(text, 0))
    parser.add_argument("way")
    given = parser.parse_args()
    return Asked(given.file, given.flags, given.way)


def offset(slot: int) -> int:
    """Where in the file the read of a slot begins."""
    return slot % FILE_BLOCKS * READ_BYTES


def obey(make: Callable[[str, int], Loop]) -> None:
    """Run rounds until standard input ends.

    Args:
        make: makes, for a work and a batch, a loop that runs so many batches and answers how
            many CQEs it took and what their res and user_data add up to.
    """
    loops: dict[tuple[str, int], Loop] = {}
    for line in sys.stdin:
        _, work, batch, batches = line.split()
        key = work, int(batch)
        loop = loops.get(key) or loops.setdefault(key, make(*key))
        wall, cpu = time.monotonic_ns(), time.process_time_ns()
        cqes, sum_res, sum_user_data = loop(int(batches))
        cpu, wall = time.process_time_ns() - cpu, time.monotonic_ns() - wall
        print(cpu, wall, cqes, sum_res, sum_user_data, flush=True)
