"""TIMEOUT, TIMEOUT_REMOVE, LINK_TIMEOUT."""

from __future__ import annotations

import errno
import time

import pytest

from uringlab import Buffer, OperandError, SqeFlags, ops
from uringlab.core.abi import TimeoutFlags

MS = 1_000_000
LONG = 1_000_000 * MS
LINK = SqeFlags.IO_LINK


def examples():
    return [
        (ops.Timeout(5 * MS, count=2), "TIMEOUT"),
        (ops.TimeoutRemove(7), "TIMEOUT_REMOVE target=7 time=0x0 link=off timeout_flags=0"),
        (ops.LinkTimeout(5 * MS), "LINK_TIMEOUT time=0x"),
    ]


def cqes(ring, count):
    found = []
    while len(found) < count:
        found += list(ring.cq(1, timeout=5))
    return sorted(cqe[:2] for cqe in found)


def test_a_timeout_that_runs_out_is_etime(run):
    started = time.monotonic()
    assert run(ops.Timeout(20 * MS)) == -errno.ETIME
    assert time.monotonic() - started > 0.018


def test_the_time_is_copied_at_submission(run_forgotten):
    assert run_forgotten(lambda: ops.Timeout(MS), held=0) == -errno.ETIME


def test_a_timeout_with_a_count_ends_when_so_many_completions_came(ring):
    ring.sq().push(ops.Timeout(LONG, count=2, user_data=1))
    ring.submit()
    for number in (2, 3):
        ring.sq().push(ops.Nop(user_data=number))
    ring.submit_and_wait(3, timeout=5)
    assert sorted(cqe[:2] for cqe in ring.cq()) == [(1, 0), (2, 0), (3, 0)]


def test_a_multishot_timeout_fires_again_and_again(ring, run):
    op = ops.Timeout(MS, count=3, timeout_flags=TimeoutFlags.MULTISHOT, user_data=1)
    ring.sq().push(op)
    ring.submit()
    found = [next(iter(ring.cq(1, timeout=5))) for _ in range(3)]
    if found[0].res == -errno.EINVAL:
        pytest.skip("needs TIMEOUT's flag MULTISHOT")
    assert [cqe.res for cqe in found] == [-errno.ETIME] * 3
    assert [cqe.final for cqe in found] == [False, False, True]


@pytest.mark.parametrize(
    ("flags", "clock"),
    [
        (TimeoutFlags.ABS, time.CLOCK_MONOTONIC),
        (TimeoutFlags.ABS | TimeoutFlags.BOOTTIME, time.CLOCK_BOOTTIME),
        (TimeoutFlags.ABS | TimeoutFlags.REALTIME, time.CLOCK_REALTIME),
    ],
)
def test_a_point_in_time_is_by_the_clock_that_is_named(run, flags, clock):
    when = time.clock_gettime_ns(clock) + 5 * MS
    assert run(ops.Timeout(when, timeout_flags=flags)) == -errno.ETIME
    assert time.clock_gettime_ns(clock) >= when


def test_two_clocks_are_einval(run):
    both = TimeoutFlags.BOOTTIME | TimeoutFlags.REALTIME
    assert run(ops.Timeout(MS, timeout_flags=both)) == -errno.EINVAL


def test_links_go_on_after_a_timeout_only_if_running_out_counts_as_success(ring):
    for flags, after in ((TimeoutFlags.ETIME_SUCCESS, 0), (TimeoutFlags(0), -errno.ECANCELED)):
        ring.sq().push(ops.Timeout(MS, timeout_flags=flags, flags=LINK, user_data=1))
        ring.sq().push(ops.Nop(user_data=2))
        ring.submit()
        assert cqes(ring, 2) == [(1, -errno.ETIME), (2, after)]


def test_a_time_in_the_sqe_itself_is_taken_or_refused_and_no_address(run):
    op = ops.Timeout(MS, timeout_flags=TimeoutFlags.IMMEDIATE_ARG)
    assert op.words()["addr"] == MS
    assert op.lends == op.holds == ()
    # Kernels before 7.1 do not know the flag.
    assert run(op) in {-errno.ETIME, -errno.EINVAL}


def test_a_timeout_is_removed(ring, run):
    ring.sq().push(ops.Timeout(LONG, user_data=1))
    ring.submit()
    ring.sq().push(ops.TimeoutRemove(1, user_data=2))
    ring.submit()
    assert cqes(ring, 2) == [(1, -errno.ECANCELED), (2, 0)]
    assert run(ops.TimeoutRemove(1)) == -errno.ENOENT


def test_a_timeout_is_made_shorter(ring, run):
    ring.sq().push(ops.Timeout(LONG, user_data=1))
    ring.submit()
    ring.sq().push(ops.TimeoutRemove(1, time=MS, user_data=2))
    ring.submit()
    assert cqes(ring, 2) == [(1, -errno.ETIME), (2, 0)]
    assert run(ops.TimeoutRemove(1, time=MS)) == -errno.ENOENT


def test_a_timeout_is_given_a_point_in_time(ring):
    ring.sq().push(ops.Timeout(LONG, user_data=1))
    ring.submit()
    when = time.monotonic_ns() + 2 * MS
    ring.sq().push(ops.TimeoutRemove(1, time=when, timeout_flags=TimeoutFlags.ABS, user_data=2))
    ring.submit()
    assert cqes(ring, 2) == [(1, -errno.ETIME), (2, 0)]
    assert time.monotonic_ns() >= when


def test_a_new_time_is_copied_at_submission(ring, run_forgotten):
    ring.sq().push(ops.Timeout(LONG, user_data=1))
    ring.submit()
    assert run_forgotten(lambda: ops.TimeoutRemove(1, time=LONG, user_data=2), held=0) == 0


def test_a_link_timeout_cancels_the_request_before_it(ring, pipe):
    ring.sq().push(ops.Read(pipe[0], Buffer(1), flags=LINK, user_data=1))
    ring.sq().push(ops.LinkTimeout(MS, user_data=2))
    ring.submit()
    assert cqes(ring, 2) == [(1, -errno.ECANCELED), (2, -errno.ETIME)]


def test_a_link_timeout_ends_with_the_request_that_is_in_time(ring):
    ring.sq().push(ops.Nop(flags=LINK, user_data=1))
    ring.sq().push(ops.LinkTimeout(LONG, user_data=2))
    ring.submit()
    assert cqes(ring, 2) == [(1, 0), (2, -errno.ECANCELED)]


def test_a_link_timeout_is_changed_as_one(ring, run, pipe):
    ring.sq().push(ops.Read(pipe[0], Buffer(1), flags=LINK, user_data=1))
    ring.sq().push(ops.LinkTimeout(LONG, user_data=2))
    ring.submit()
    assert run(ops.TimeoutRemove(2, time=MS, user_data=3)) == -errno.ENOENT
    ring.sq().push(ops.TimeoutRemove(2, time=MS, link=True, user_data=3))
    ring.submit()
    assert cqes(ring, 3) == [(1, -errno.ECANCELED), (2, -errno.ETIME), (3, 0)]


def test_a_link_timeout_without_a_link_is_einval(run):
    assert run(ops.LinkTimeout(MS)) == -errno.EINVAL


@pytest.mark.parametrize(
    "make",
    [
        lambda: ops.Timeout(-1),
        lambda: ops.Timeout(2**63),
        lambda: ops.Timeout(1.5),
        lambda: ops.Timeout(1, count="2"),
        lambda: ops.Timeout(1, count=2**32),
        lambda: ops.TimeoutRemove("r1"),
        lambda: ops.TimeoutRemove(1, time=-1),
        lambda: ops.LinkTimeout(None),
    ],
)
def test_what_does_not_fit_is_refused(make):
    with pytest.raises(OperandError):
        make()
