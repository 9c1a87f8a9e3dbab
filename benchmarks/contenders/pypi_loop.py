"""The PyPI package `liburing`, as well as its users can drive it.

    python pypi_loop.py FILE FLAGS each|prepared

Two ways, both from its own documentation:

- `each`: its README's way. `io_uring_get_sqe`, `io_uring_prep_*`, `user_data`, for every SQE.
- `prepared`: SQEs of one's own, prepared once, put into the ring in one call with `put_sqe`.

Results are read as its class Cqe says: `cqe[i]` for each that is ready, then one
`io_uring_cq_advance`. Of its ways to wait and to read, this pair was the fastest or as fast, in
both of its generations. (`io_uring_peek_batch_cqe` is unfinished in both.)

`cqe[i]` does not know where the queue wraps; rings of exactly one batch never wrap inside one.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import liburing
from protocol import READ_BYTES, asked, obey, offset

if TYPE_CHECKING:
    from protocol import Loop, Sums

# The package was rewritten in 2026, and its classes renamed.
NEW = hasattr(liburing, "Ring")
Ring, Cqe, Sqe, put_sqe = (
    (liburing.Ring, liburing.Cqe, liburing.Sqe, liburing.put_sqe)
    if NEW
    else (
        liburing.io_uring,
        liburing.io_uring_cqe,
        liburing.io_uring_sqe,
        liburing.io_uring_put_sqe,
    )
)


def ring_of(entries: int, flags: int) -> Any:
    """Make a ring of so many SQ entries."""
    ring = Ring()
    liburing.io_uring_queue_init(entries, ring, flags)
    return ring


def each_nop(ring: Any, batch: int) -> Loop:
    """Fill in every SQE anew."""
    cqe = Cqe()
    get_sqe, prep, submit_and_wait, peek, advance = (
        liburing.io_uring_get_sqe,
        liburing.io_uring_prep_nop,
        liburing.io_uring_submit_and_wait,
        liburing.io_uring_peek_cqe,
        liburing.io_uring_cq_advance,
    )

    def loop(batches: int) -> Sums:
        cqes = sum_res = sum_user_data = 0
        numbers, slots = range(1, batch + 1), range(batch)
        for _ in range(batches):
            for user_data in numbers:
                sqe = get_sqe(ring)
                prep(sqe)
                sqe.user_data = user_data
            submit_and_wait(ring, batch)
            peek(ring, cqe)
            for slot in slots:
                one = cqe[slot]
                sum_res += one.res
                sum_user_data += one.user_data
            advance(ring, batch)
            cqes += batch
        return cqes, sum_res, sum_user_data

    return loop


def each_read(ring: Any, batch: int, fd: int) -> Loop:
    """As `each_nop`, with reads: each slot has a buffer of its own."""
    cqe = Cqe()
    get_sqe, prep, submit_and_wait, peek, advance = (
        liburing.io_uring_get_sqe,
        liburing.io_uring_prep_read,
        liburing.io_uring_submit_and_wait,
        liburing.io_uring_peek_cqe,
        liburing.io_uring_cq_advance,
    )
    requests = [(slot + 1, read_operands(fd, slot)) for slot in range(batch)]

    def loop(batches: int) -> Sums:
        cqes = sum_res = sum_user_data = 0
        slots = range(batch)
        for _ in range(batches):
            for user_data, operands in requests:
                sqe = get_sqe(ring)
                prep(sqe, *operands)
                sqe.user_data = user_data
            submit_and_wait(ring, batch)
            peek(ring, cqe)
            for slot in slots:
                one = cqe[slot]
                sum_res += one.res
                sum_user_data += one.user_data
            advance(ring, batch)
            cqes += batch
        return cqes, sum_res, sum_user_data

    return loop


def prepared(ring: Any, batch: int, fd: int | None) -> Loop:
    """Put SQEs that were prepared once."""
    cqe, sqes = Cqe(), Sqe(batch)
    operands = [read_operands(fd, slot) for slot in range(batch)] if fd is not None else []
    for slot in range(batch):
        if operands:
            liburing.io_uring_prep_read(sqes[slot], *operands[slot])
        else:
            liburing.io_uring_prep_nop(sqes[slot])
        sqes[slot].user_data = slot + 1
    put, submit_and_wait, peek, advance = (
        put_sqe,
        liburing.io_uring_submit_and_wait,
        liburing.io_uring_peek_cqe,
        liburing.io_uring_cq_advance,
    )

    def loop(batches: int, _kept: object = operands) -> Sums:
        cqes = sum_res = sum_user_data = 0
        slots = range(batch)
        for _ in range(batches):
            put(ring, sqes)
            submit_and_wait(ring, batch)
            peek(ring, cqe)
            for slot in slots:
                one = cqe[slot]
                sum_res += one.res
                sum_user_data += one.user_data
            advance(ring, batch)
            cqes += batch
        return cqes, sum_res, sum_user_data

    return loop


def read_operands(fd: int, slot: int) -> tuple[Any, ...]:
    """What io_uring_prep_read takes after the SQE; the new package takes no length."""
    buffer = bytearray(READ_BYTES)
    return (fd, buffer, offset(slot)) if NEW else (fd, buffer, READ_BYTES, offset(slot))


def main() -> None:
    """Make the loops that are asked for."""
    file, flags, way = asked()
    fd = os.open(file, os.O_RDONLY | os.O_CLOEXEC)

    def make(work: str, batch: int) -> Loop:
        ring = ring_of(batch, flags)
        if way == "prepared":
            return prepared(ring, batch, fd if work == "read" else None)
        return each_read(ring, batch, fd) if work == "read" else each_nop(ring, batch)

    obey(make)


if __name__ == "__main__":
    main()
