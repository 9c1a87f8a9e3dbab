"""Requests that wait, and the one that ends the waiting of others."""

from __future__ import annotations

import errno
import os
import time

import pytest

from uringlab import Buffer, CqeFlags, OperandError, ops
from uringlab.core.abi import CancelFlags, PollEvents, PollFlags, TimeoutFlags

MS = 1_000_000


def examples():
    return [
        (ops.Timeout(5 * MS, count=2), "TIMEOUT"),
        (
            ops.PollAdd(4, poll_events=PollEvents.IN | PollEvents.OUT),
            "POLL_ADD fd=4 poll_events=IN|OUT poll_flags=0",
        ),
        (ops.AsyncCancel(2**40), f"ASYNC_CANCEL target={2**40:#x} cancel_flags=0"),
    ]


def test_a_timeout_that_runs_out_is_etime(run):
    started = time.monotonic()
    assert run(ops.Timeout(20 * MS)) == -errno.ETIME
    assert 0.018 < time.monotonic() - started < 2


def test_a_timeout_with_a_count_ends_when_so_many_completions_came(ring):
    ring.sq().push(ops.Timeout(10_000 * MS, count=2, user_data=1))
    ring.submit()
    for number in (2, 3):
        ring.sq().push(ops.Nop(user_data=number))
    ring.submit_and_wait(3, timeout=5)
    assert sorted(cqe[:2] for cqe in ring.cq()) == [(1, 0), (2, 0), (3, 0)]


def test_a_multishot_timeout_fires_again_and_again(ring):
    op = ops.Timeout(MS, count=3, timeout_flags=TimeoutFlags.MULTISHOT, user_data=1)
    ring.sq().push(op)
    ring.submit()
    cqes = [next(iter(ring.cq(1, timeout=5))) for _ in range(3)]
    assert [cqe.res for cqe in cqes] == [-errno.ETIME] * 3
    assert [cqe.final for cqe in cqes] == [False, False, True]


def test_poll_add_completes_once_when_the_fd_is_ready(ring, run, pipe):
    ring.sq().push(ops.PollAdd(pipe[0], user_data=5))
    ring.submit()
    assert not ring.cq()
    os.write(pipe[1], b"x")
    [cqe] = list(ring.cq(1, timeout=5))
    assert cqe.res == PollEvents.IN
    assert cqe.final
    assert run(ops.PollAdd(pipe[1], poll_events=PollEvents.OUT)) == PollEvents.OUT


def test_poll_add_multi_goes_on_until_it_is_cancelled(ring, pipe):
    ring.sq().push(ops.PollAdd(pipe[0], poll_flags=PollFlags.ADD_MULTI, user_data=5))
    ring.submit()
    for _ in range(3):
        os.write(pipe[1], b"x")
        [cqe] = list(ring.cq(1, timeout=5))
        assert cqe == (5, PollEvents.IN, CqeFlags.MORE)
        os.read(pipe[0], 1)
    ring.sq().push(ops.AsyncCancel(5, user_data=6))
    ring.submit_and_wait(2)
    assert sorted(ring.cq()) == [(5, -errno.ECANCELED, 0), (6, 0, 0)]


def test_async_cancel_ends_what_it_names_and_says_so(ring, run, pipe):
    ring.sq().push(ops.Read(pipe[0], Buffer(8), user_data=1))
    ring.submit()
    ring.sq().push(ops.AsyncCancel(1, user_data=2))
    ring.submit_and_wait(2, timeout=5)
    assert sorted(cqe[:2] for cqe in ring.cq()) == [(1, -errno.ECANCELED), (2, 0)]
    assert run(ops.AsyncCancel(1)) == -errno.ENOENT


def test_async_cancel_of_all_answers_with_their_number(ring, pipe):
    for _ in range(3):
        ring.sq().push(ops.PollAdd(pipe[0], user_data=1))
    ring.submit()
    ring.sq().push(ops.AsyncCancel(1, cancel_flags=CancelFlags.ALL, user_data=2))
    ring.submit_and_wait(4, timeout=5)
    assert sorted(cqe[:2] for cqe in ring.cq()) == [(1, -errno.ECANCELED)] * 3 + [(2, 3)]


@pytest.mark.parametrize(
    "make",
    [
        lambda: ops.Timeout(-1),
        lambda: ops.Timeout(2**63),
        lambda: ops.Timeout(1.5),
        lambda: ops.Timeout(1, count="2"),
        lambda: ops.PollAdd(3, poll_events="IN"),
        lambda: ops.AsyncCancel(-(2**63) - 1),
    ],
)
def test_what_does_not_fit_is_refused(make):
    with pytest.raises(OperandError):
        make()
