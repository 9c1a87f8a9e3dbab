"""The behaviours of liburing's test `link_drain`: a drain in a chain holds the whole chain."""

from __future__ import annotations

import pytest
from ring_kinds import nothing_is_left, run

from uringlab import SqeFlags, ops

LINK, DRAIN = SqeFlags.IO_LINK, SqeFlags.IO_DRAIN
ROUNDS = 20
BLOCK = 4096


@pytest.fixture
def write(tmp_path):
    """`write(user_data, flags)`: a request that has something to do."""
    with (tmp_path / "file").open("wb") as file:
        fd = file.fileno()
        yield lambda user_data, flags=SqeFlags(0): ops.Write(
            fd, bytes(BLOCK), user_data=user_data, flags=flags
        )


def nop(user_data, flags=SqeFlags(0)):
    return ops.Nop(user_data=user_data, flags=flags)


def in_order(ring, *chain):
    found = run(ring, *chain)
    assert [cqe.user_data for cqe in found] == list(range(len(chain)))
    assert all(cqe.res in (0, BLOCK) for cqe in found)


def test_a_chain_with_a_drain_waits_for_what_was_before_it(make_ring, write):
    ring = make_ring(128)
    for _ in range(ROUNDS):
        in_order(ring, write(0), nop(1, LINK), nop(2, LINK | DRAIN), nop(3), nop(4))
    assert nothing_is_left(ring)


def test_the_second_chain_waits_for_the_first(make_ring, write):
    ring = make_ring(128)
    for _ in range(ROUNDS):
        in_order(
            ring,
            write(0),
            *(nop(1, LINK), nop(2, LINK | DRAIN), nop(3)),
            *(nop(4, LINK), nop(5, LINK), write(6, LINK | DRAIN), nop(7)),
            nop(8),
        )
    assert nothing_is_left(ring)


def test_it_waits_for_worker_threads_as_well(make_ring, write):
    ring = make_ring(128)
    for _ in range(ROUNDS):
        in_order(ring, write(0, SqeFlags.ASYNC), nop(1, LINK), nop(2, LINK | DRAIN), nop(3), nop(4))
