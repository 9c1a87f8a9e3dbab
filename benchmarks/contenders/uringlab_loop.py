"""uringlab, as its users drive it for speed.

    python uringlab_loop.py FILE FLAGS loop|columns|buffer

Requests are prepared once, and so is the turn of the ring: each call of it pushes them, submits,
waits, and takes the CQEs into a batch. Then

- `loop`: a for loop over user_data and res of every CQE, as a program that acts on each has;
- `columns`: user_data and res of every CQE, by the column, as a program that only adds up has;
- `buffer`: the CQEs stay in the batch's buffer. Only how many there are is looked at, and, after
  the clock has stopped, the last batch.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from protocol import READ_BYTES, asked, obey, offset

from uringlab import Buffer, CqeBatch, Fd, IoUring, Params, Prepared, SetupFlags, ops

if TYPE_CHECKING:
    from protocol import Loop, Sums


def requests(work: str, batch: int, fd: Fd) -> Prepared:
    """Encode one batch; each read has a buffer of its own."""
    if work == "read":
        return Prepared(
            ops.Read(
                fd=fd,
                buf=Buffer(READ_BYTES),
                len=READ_BYTES,
                off=offset(slot),
                user_data=slot + 1,
            )
            for slot in range(batch)
        )
    return Prepared(ops.Nop(user_data=slot + 1) for slot in range(batch))


def every(ring: IoUring, prepared: Prepared) -> Loop:
    """Read user_data and res of every CQE, one by one."""
    batch = CqeBatch(capacity=len(prepared))
    turn = ring.turn(prepared, batch, wait_nr=len(prepared))

    def loop(batches: int) -> Sums:
        cqes = sum_res = sum_user_data = 0
        for _ in range(batches):
            cqes += turn()
            for user_data, res, _flags in batch.tuples():
                sum_user_data += user_data
                sum_res += res
        return cqes, sum_res, sum_user_data

    return loop


def columns(ring: IoUring, prepared: Prepared) -> Loop:
    """Read user_data of every CQE, then res of every CQE."""
    batch = CqeBatch(capacity=len(prepared))
    turn = ring.turn(prepared, batch, wait_nr=len(prepared))

    def loop(batches: int) -> Sums:
        cqes = sum_res = sum_user_data = 0
        for _ in range(batches):
            cqes += turn()
            sum_user_data += sum(batch.user_data)
            sum_res += sum(batch.res)
        return cqes, sum_res, sum_user_data

    return loop


def buffer(ring: IoUring, prepared: Prepared) -> Loop:
    """Leave the CQEs where they are."""
    batch = CqeBatch(capacity=len(prepared))
    turn = ring.turn(prepared, batch, wait_nr=len(prepared))

    def loop(batches: int) -> Sums:
        cqes = 0
        for _ in range(batches):
            cqes += turn()
        return cqes, sum(batch.res), sum(batch.user_data)

    return loop


WAYS = {"loop": every, "columns": columns, "buffer": buffer}


def main() -> None:
    """Make the loops that are asked for."""
    file, flags, way = asked()
    number = os.open(file, os.O_RDONLY | os.O_CLOEXEC)

    def make(work: str, batch: int) -> Loop:
        ring = IoUring(sq_entries=batch, params=Params(flags=SetupFlags(flags)))
        return WAYS[way](ring, requests(work, batch, Fd(number)))

    obey(make)


if __name__ == "__main__":
    main()
