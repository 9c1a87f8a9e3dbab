"""The behaviours of liburing's test `link-timeout`: a limit for the time of one request."""

from __future__ import annotations

import errno
import time

import pytest
from ring_kinds import (
    LONG,
    MS,
    nothing_is_left,
    reap,
    reap_or_feed,
    results,
    run_for_results,
    stage_raw,
    submit,
    was_cut_off,
    words,
)

from uringlab import Buffer, Opcode, SqeFlags, ops
from uringlab.core.abi import TIMESPEC
from uringlab.core.buffers import BadPage

LINK = SqeFlags.IO_LINK
CANCELED, TIME = -errno.ECANCELED, -errno.ETIME
TOO_LATE = (-errno.EALREADY, -errno.ENOENT)

inline_or_async = pytest.mark.parametrize("how", [SqeFlags(0), SqeFlags.ASYNC], ids=["", "ASYNC"])


def waiting_read(reader, user_data=1, how=SqeFlags(0)):
    return ops.Read(reader, Buffer(128), user_data=user_data, flags=LINK | how)


@inline_or_async
@pytest.mark.parametrize("ns", [10, 100_000, 20 * MS])
def test_a_read_that_waits_too_long_is_cut_off(ring, pipe, ns, how):
    submit(ring, waiting_read(pipe[0], how=how), ops.LinkTimeout(ns, user_data=2))
    found = results(reap_or_feed(ring, 2, pipe[1]))
    assert was_cut_off(found[1], found[2], how)
    assert found[2] in (TIME, *TOO_LATE, 0)
    assert nothing_is_left(ring)


def test_a_read_that_is_in_time_ends_its_timeout(ring, pipe):
    reader, writer = pipe
    found = run_for_results(
        ring,
        waiting_read(reader),
        ops.LinkTimeout(LONG, user_data=2),
        ops.Write(writer, bytes(128), user_data=3),
    )
    assert found == {1: 128, 2: CANCELED, 3: 128}


def test_a_request_that_is_done_at_once_ends_its_timeout(ring):
    found = run_for_results(
        ring, ops.Nop(user_data=1, flags=LINK), ops.LinkTimeout(LONG, user_data=2)
    )
    assert found == {1: 0, 2: CANCELED}


def test_a_timeout_can_have_a_limit_as_well(ring):
    found = run_for_results(
        ring,
        ops.Timeout(2 * MS, count=2**32 - 1, user_data=1, flags=LINK),
        ops.LinkTimeout(LONG, user_data=2),
    )
    assert found == {1: TIME, 2: CANCELED}
    found = run_for_results(
        ring,
        ops.Timeout(LONG, user_data=1, flags=LINK),
        ops.LinkTimeout(2 * MS, user_data=2),
    )
    assert found == {1: CANCELED, 2: TIME}


def test_a_bad_limit_cancels_what_it_was_for(ring, pipe):
    ring.sq().push(waiting_read(pipe[0]))
    time_in_memory = Buffer.of(TIMESPEC.pack(tv_sec=1))
    stage_raw(
        ring,
        opcode=Opcode.LINK_TIMEOUT,
        addr=time_in_memory,
        len=1,
        ioprio=89,  # there is no such thing as its priority
        user_data=2,
    )
    assert submit(ring) == 2
    assert results(reap(ring, 2)) == {1: CANCELED, 2: -errno.EINVAL}


@pytest.mark.parametrize("flags", [SqeFlags(0), LINK], ids=["", "LINK"])
def test_a_limit_of_nothing_is_refused(ring, flags):
    found = run_for_results(ring, ops.LinkTimeout(LONG, user_data=1, flags=flags))
    assert found == {1: -errno.EINVAL}


def test_one_request_has_one_limit(ring, pipe):
    ring.sq().push(ops.Write(pipe[1], BadPage(), len=1, user_data=1, flags=LINK))
    for at in (2, 3, 4):
        ring.sq().push(ops.LinkTimeout(LONG, user_data=at, flags=LINK))
    while words(ring).sq_head != words(ring).sq_local:
        submit(ring)  # a bad SQE ends a submission
    found = results(reap(ring, 4))
    assert found[1] in (-errno.EFAULT, CANCELED)
    assert found[2] == CANCELED
    assert {found[3], found[4]} <= {CANCELED, -errno.EINVAL}
    assert -errno.EINVAL in (found[3], found[4])


def test_a_limit_behind_a_limit_is_refused(ring):
    found = run_for_results(
        ring,
        ops.Nop(user_data=1, flags=LINK),
        ops.LinkTimeout(LONG, user_data=2, flags=LINK),
        ops.LinkTimeout(LONG, user_data=3),
    )
    assert {found[1], found[2]} <= {0, CANCELED}
    assert found[3] in (CANCELED, -errno.EINVAL)


# -- in the middle of chains -----------------------------------------------------------------


@inline_or_async
def test_what_follows_a_read_that_was_cut_off_is_cancelled(ring, pipe, how):
    submit(
        ring,
        waiting_read(pipe[0], how=how),
        ops.LinkTimeout(MS, user_data=2, flags=LINK),
        ops.Nop(user_data=3),
    )
    found = results(reap_or_feed(ring, 3, pipe[1]))
    assert was_cut_off(found[1], found[2], how)
    assert found[2] in (TIME, *TOO_LATE)
    # A read that got a byte of 128 has come short, and that breaks a link as well.
    assert found[3] == CANCELED


def test_a_poll_that_was_cut_off_takes_the_whole_rest_with_it(ring, pipe):
    found = run_for_results(
        ring,
        ops.PollAdd(pipe[0], user_data=1, flags=LINK),
        ops.LinkTimeout(MS, user_data=2, flags=LINK),
        ops.Nop(user_data=3, flags=LINK),
        ops.Nop(user_data=4),
    )
    assert found == {1: CANCELED, 2: TIME, 3: CANCELED, 4: CANCELED}


def test_another_limit_behind_it_is_cancelled_with_the_rest_and_other_requests_are_not(ring, pipe):
    found = run_for_results(
        ring,
        ops.PollAdd(pipe[0], user_data=1, flags=LINK),
        ops.LinkTimeout(MS, user_data=2, flags=LINK),
        ops.Nop(user_data=3, flags=LINK),
        ops.PollAdd(pipe[0], user_data=4, flags=LINK),
        ops.LinkTimeout(MS, user_data=5),
        ops.Nop(user_data=6),
    )
    assert found == {1: CANCELED, 2: TIME, 3: CANCELED, 4: CANCELED, 5: CANCELED, 6: 0}


def test_a_limit_in_the_middle_is_for_the_request_before_it(ring, pipe):
    started = time.monotonic_ns()
    found = run_for_results(
        ring,
        ops.Nop(user_data=1, flags=LINK),
        ops.PollAdd(pipe[0], user_data=2, flags=LINK),
        ops.LinkTimeout(5 * MS, user_data=3),
    )
    assert found == {1: 0, 2: CANCELED, 3: TIME}
    assert time.monotonic_ns() - started >= 5 * MS


# -- changing it -----------------------------------------------------------------------------


@inline_or_async
def test_a_limit_can_be_changed_while_it_runs(ring, pipe, how):
    submit(ring, waiting_read(pipe[0]), ops.LinkTimeout(LONG, user_data=2))
    started = time.monotonic_ns()
    submit(ring, ops.TimeoutRemove(2, time=10 * MS, link=True, user_data=3, flags=how))
    found = results(reap(ring, 3))
    assert time.monotonic_ns() - started >= 10 * MS
    assert found == {1: CANCELED, 2: TIME, 3: 0}


@inline_or_async
def test_a_limit_that_is_not_there_cannot_be_changed(ring, how):
    found = run_for_results(
        ring, ops.TimeoutRemove(2, time=10 * MS, link=True, user_data=3, flags=how)
    )
    assert found == {3: -errno.ENOENT}
