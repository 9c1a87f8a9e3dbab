"""The behaviours of liburing's test `sqpoll-sleep`: a poll thread that is idle goes to sleep."""

from __future__ import annotations

import time

import pytest
from ring_kinds import one, sq_flags, submit, until

from uringlab import EnterFlags, SqRingFlags, ops

pytestmark = pytest.mark.only_on("SQPOLL", why="others have no thread that could sleep")

NEED_WAKEUP = SqRingFlags.NEED_WAKEUP
IDLE = 100
TICK = 10
"""Milliseconds: the kernel counts idle time in ticks of its clock."""


def asleep(ring):
    return NEED_WAKEUP in sq_flags(ring)


def test_it_says_when_it_sleeps_and_that_is_not_before_its_time(make_ring):
    ring = make_ring(1, sq_thread_idle=IDLE)
    started = time.monotonic()
    assert one(ring, ops.Nop(user_data=1)).res == 0
    until(lambda: asleep(ring))
    assert time.monotonic() - started >= (IDLE - TICK) / 1000


def test_a_submission_wakes_it(make_ring):
    ring = make_ring(1, sq_thread_idle=1)
    for number in range(3):
        until(lambda: asleep(ring))
        assert one(ring, ops.Nop(user_data=number)).res == 0
        assert ring.last_enter.flags & (EnterFlags.SQ_WAKEUP | EnterFlags.GETEVENTS)


def test_while_it_sleeps_what_is_only_published_is_not_seen(make_ring):
    ring = make_ring(8, sq_thread_idle=1)
    until(lambda: asleep(ring))
    ring.sq().push(ops.Nop(user_data=1))
    ring.sq().publish()
    assert asleep(ring)
    assert len(ring.sq()) == 7
    ring.enter(0, 0, EnterFlags.SQ_WAKEUP)
    until(lambda: len(ring.cq()) == 1)
    assert len(ring.sq()) == 8


def test_while_it_is_awake_submitting_is_no_system_call(make_ring):
    ring = make_ring(8, sq_thread_idle=60_000)
    submit(ring, ops.Nop(user_data=1))
    until(lambda: len(ring.cq()) == 1)
    before = ring.last_enter
    for number in range(2, 5):
        submit(ring, ops.Nop(user_data=number))
    until(lambda: len(ring.cq()) == 4)
    assert ring.last_enter == before
    assert [cqe.user_data for cqe in ring.cq()] == [1, 2, 3, 4]
