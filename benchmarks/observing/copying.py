"""A look at a ring of 32,768 slots, beside the copy of as many bytes."""

from __future__ import annotations

import time
from typing import NamedTuple

from uringlab import IoUring, ops
from uringlab.observe.source import OwnSource

ENTRIES = 32_768
LOOKS = 20
"""Of a round."""


class Copying(NamedTuple):
    """Seconds of processor time, round by round."""

    look: list[float]
    copy: list[float]


def measure_copying(rounds: int) -> Copying:
    """Each look finds something new: one SQE more is staged before it, outside the clock."""
    taken = Copying([], [])
    with IoUring(ENTRIES) as ring:
        source = OwnSource("big", ring)
        shot = source.sample()
        if shot is None:
            raise RuntimeError("the ring has just been made")
        # What a look copies from: mapped memory that is not Python's. So does this.
        queues = [bytearray(shot.sqes), bytearray(shot.cqes)]
        nop = ops.Nop()
        for _ in range(rounds):
            looked = copied = 0.0
            for _ in range(LOOKS):
                ring.sq().push(nop)
                began = time.process_time()
                source.sample()
                between = time.process_time()
                _copies = [bytes(one) for one in queues]
                looked += between - began
                copied += time.process_time() - between
            taken.look.append(looked / LOOKS)
            taken.copy.append(copied / LOOKS)
    return taken
