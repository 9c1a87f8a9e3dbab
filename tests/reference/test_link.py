"""The behaviours of liburing's test `link`: one after the other, as long as all goes well."""

from __future__ import annotations

import errno

import pytest
from ring_kinds import MS, nothing_is_left, reap, results, run, run_for_results, stage

from uringlab import Buffer, SetupFlags, SqeFlags, ops

LINK, HARDLINK = SqeFlags.IO_LINK, SqeFlags.IO_HARDLINK
NOT_OPEN = 2**30


def nops(*flags):
    return [ops.Nop(user_data=at, flags=one) for at, one in enumerate(flags)]


@pytest.mark.parametrize("size", [2, 3, 8])
def test_a_chain_runs_to_its_end_in_its_order(ring, size):
    chain = nops(*[LINK] * (size - 1), SqeFlags(0))
    assert [cqe[:2] for cqe in run(ring, *chain)] == [(at, 0) for at in range(size)]
    assert nothing_is_left(ring)


def test_two_chains_run_side_by_side_each_in_its_order(ring):
    chains = nops(LINK, SqeFlags(0), LINK, SqeFlags(0))
    found = run(ring, *chains)
    assert {cqe.res for cqe in found} == {0}
    order = [cqe.user_data for cqe in found]
    assert sorted(order) == [0, 1, 2, 3]
    assert order.index(0) < order.index(1)
    assert order.index(2) < order.index(3)


def test_a_link_orders_what_would_else_be_done_at_once(ring, pipe):
    reader, writer = pipe
    buffer = Buffer(5)
    # The read waits; a write that is linked to it can never come to feed it.
    found = run(
        ring,
        ops.Write(writer, b"first", user_data=1, flags=LINK),
        ops.Read(reader, buffer, user_data=2, flags=LINK),
        ops.Write(writer, b"after", user_data=3),
    )
    assert [cqe[:2] for cqe in found] == [(1, 5), (2, 5), (3, 5)]
    assert bytes(buffer) == b"first"


@pytest.mark.parametrize("iopoll", [SetupFlags(0), SetupFlags.IOPOLL], ids=["", "IOPOLL"])
def test_when_the_first_fails_the_rest_is_cancelled(make_ring, iopoll):
    ring = make_ring(flags=iopoll)
    found = run_for_results(
        ring,
        ops.RemoveBuffers(10, 1, user_data=1, flags=LINK),
        ops.Nop(user_data=2, flags=LINK),
        ops.Nop(user_data=3),
        ops.Nop(user_data=4),
    )
    assert found == {1: -errno.ENOENT, 2: -errno.ECANCELED, 3: -errno.ECANCELED, 4: 0}


def test_waiting_for_a_chain_that_fails_at_once_comes_back(ring):
    stage(ring, ops.Read(NOT_OPEN, Buffer(1), user_data=1, flags=LINK), ops.Nop(user_data=2))
    assert ring.submit_and_wait(2, timeout=10) == 2
    assert results(reap(ring, 2)) == {1: -errno.EBADF, 2: -errno.ECANCELED}


def test_a_chain_does_not_go_on_in_the_next_submission(ring):
    assert run_for_results(ring, ops.Nop(user_data=1, inject=-5, flags=LINK)) in (
        {1: -5},
        {1: -errno.EINVAL},
    )
    assert run_for_results(ring, ops.Nop(user_data=2)) == {2: 0}


@pytest.mark.parametrize("timers", [1, 2])
@pytest.mark.parametrize("both", [HARDLINK, LINK | HARDLINK], ids=["HARDLINK", "both"])
def test_a_hard_link_holds_though_a_timeout_ends_with_an_error(ring, timers, both):
    chain = [ops.Timeout((at + 1) * 2 * MS, user_data=at, flags=both) for at in range(timers)]
    found = run(ring, *chain, ops.Nop(user_data=timers))
    assert [cqe[:2] for cqe in found] == [
        *((at, -errno.ETIME) for at in range(timers)),
        (timers, 0),
    ]


def test_a_link_breaks_where_a_timeout_runs_out(ring):
    found = run_for_results(ring, ops.Timeout(MS, user_data=1, flags=LINK), ops.Nop(user_data=2))
    assert found == {1: -errno.ETIME, 2: -errno.ECANCELED}
