"""The behaviours of liburing's test `timeout`: time that passes is a request like any other.

That it is not late cannot be told on a busy machine; that it is not early can.
"""

from __future__ import annotations

import errno
import os
import time

import pytest
from ring_kinds import (
    LONG,
    MS,
    PATIENCE,
    flush,
    nothing_is_left,
    one,
    reap,
    results,
    run,
    run_for_results,
    sq_flags,
    stage_raw,
    submit,
    until,
)

from uringlab import Buffer, CqeFlags, EnterFlags, Opcode, SqeFlags, SqRingFlags, ops
from uringlab.core.abi import TIMESPEC, TimeoutFlags

TIME, CANCELED = -errno.ETIME, -errno.ECANCELED
LINK, DRAIN, ASYNC = SqeFlags.IO_LINK, SqeFlags.IO_DRAIN, SqeFlags.ASYNC
SHORT = 10 * MS
ABS, MULTISHOT = TimeoutFlags.ABS, TimeoutFlags.MULTISHOT

told_how = pytest.mark.parametrize(
    "told", [TimeoutFlags(0), TimeoutFlags.IMMEDIATE_ARG], ids=["in memory", "in the SQE"]
)


def now():
    return time.monotonic_ns()


def timeouts(*flags):
    return [ops.Timeout(SHORT, user_data=at, flags=one) for at, one in enumerate(flags, 1)]


def reap_all_of(ring, name):
    """Take what comes until that request has ended: its last CQE."""
    while True:
        [cqe] = reap(ring)
        if cqe.user_data == name and not cqe.flags & CqeFlags.MORE:
            return cqe


def remove(ring, target):
    """Remove a multishot timeout. While it fires it is not to be found: then once more."""
    answer = -errno.ENOENT
    while answer in (-errno.ENOENT, -errno.EALREADY):
        submit(ring, ops.TimeoutRemove(target, user_data=99))
        ended = {}
        while 99 not in ended:
            ended |= {cqe.user_data: cqe for cqe in reap(ring)}
        answer = ended[99].res
    assert answer == 0
    last = ended.get(target)
    while last is None or last.flags & CqeFlags.MORE:
        last = reap_all_of(ring, target)
    assert last.res == CANCELED


# -- running out -----------------------------------------------------------------------------


@told_how
def test_it_completes_with_etime_and_not_before_its_time(ring, told):
    started = now()
    res = one(ring, ops.Timeout(SHORT, timeout_flags=told)).res
    if told and res == -errno.EINVAL:
        return  # before 7.1 the time cannot be in the SQE, and that is the answer
    assert res == TIME
    assert now() - started >= SHORT


@told_how
def test_a_point_in_time_can_be_named_instead(ring, told):
    when = now() + SHORT
    res = one(ring, ops.Timeout(when, timeout_flags=ABS | told)).res
    if told and res == -errno.EINVAL:
        return
    assert res == TIME
    assert now() >= when


def test_a_point_in_time_that_is_past_is_there_at_once(ring):
    assert one(ring, ops.Timeout(1, timeout_flags=ABS)).res == TIME


def test_the_shorter_of_two_comes_first(ring):
    found = run(
        ring,
        ops.Timeout(15 * SHORT, count=1, user_data=1),
        ops.Timeout(SHORT, count=1, user_data=2),
    )
    assert [cqe[:2] for cqe in found] == [(2, TIME), (1, TIME)]


def test_it_ends_a_wait_though_that_was_for_more(ring):
    for _ in range(10):
        submit(ring, ops.Timeout(10 * SHORT, user_data=1))
        answer = ring.try_enter(0, 4, EnterFlags.GETEVENTS, timeout=PATIENCE)
        # A poll thread may have the wait ended, and the CQE not posted yet.
        assert results(reap(ring)) == {1: TIME}
        if answer == 0:
            return
        # It had run out before the wait began: then there was nothing to end it.
        assert answer == TIME
    pytest.fail("the wait was not ended")


def test_a_wait_with_a_timeout_of_its_own_takes_what_is_there_and_then_ends(ring):
    assert submit(ring, ops.Nop(user_data=1), ops.Nop(user_data=2)) == 2
    taken = [reap(ring)[0].user_data for _ in range(2)]
    assert taken == [1, 2]
    with pytest.raises(OSError, match="ETIME"):
        ring.cq(1, timeout=0.02)


# -- ending early ----------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2])
def test_it_ends_with_0_when_as_many_have_completed(ring, count):
    found = run(ring, ops.Timeout(LONG, count=count), ops.Nop(user_data=1), ops.Nop(user_data=2))
    names = [cqe.user_data for cqe in found]
    assert {cqe.res for cqe in found} == {0}
    assert names.index(0) >= count


def test_each_counts_for_itself(ring):
    found = run(
        ring,
        ops.Timeout(5 * SHORT, count=2, user_data=1),
        ops.Timeout(LONG, count=1, user_data=2),
        ops.Nop(user_data=3),
    )
    assert results(found) == {1: TIME, 2: 0, 3: 0}
    names = [cqe.user_data for cqe in found]
    assert names.index(3) < names.index(2)


def test_it_can_be_removed(ring):
    submit(ring, ops.Timeout(LONG, user_data=1))
    submit(ring, ops.TimeoutRemove(1, user_data=2))
    assert results(reap(ring, 2)) == {1: CANCELED, 2: 0}
    assert nothing_is_left(ring)


def test_what_is_not_there_cannot_be_removed_and_others_run_on(ring):
    submit(ring, ops.Timeout(SHORT, count=2, user_data=1))
    submit(ring, ops.TimeoutRemove(2, user_data=2))
    assert results(reap(ring, 2)) == {1: TIME, 2: -errno.ENOENT}


# -- in chains -------------------------------------------------------------------------------


def test_running_out_breaks_a_link_and_a_drain_behind_it_still_comes(ring):
    found = run_for_results(ring, *timeouts(LINK, DRAIN, SqeFlags(0)))
    assert found == {1: TIME, 2: CANCELED, 3: TIME}


def test_running_out_breaks_a_chain_of_timeouts(ring):
    found = run_for_results(ring, *timeouts(LINK, LINK, SqeFlags(0)))
    assert found == {1: TIME, 2: CANCELED, 3: CANCELED}


def test_a_drain_before_a_chain_breaks_nothing(ring):
    found = run_for_results(ring, *timeouts(DRAIN, LINK, SqeFlags(0)))
    assert found == {1: TIME, 2: TIME, 3: CANCELED}


def test_with_etime_success_a_link_goes_on(ring):
    success = TimeoutFlags.ETIME_SUCCESS
    found = run(
        ring,
        ops.Timeout(MS, timeout_flags=success, user_data=1, flags=LINK),
        ops.Nop(user_data=2),
    )
    assert [cqe[:2] for cqe in found] == [(1, TIME), (2, 0)]


# -- again and again -------------------------------------------------------------------------


def test_a_multishot_timeout_fires_until_it_is_removed(ring):
    submit(ring, ops.Timeout(2 * MS, timeout_flags=MULTISHOT, user_data=1))
    for _ in range(3):
        [cqe] = reap(ring)
        assert (cqe.user_data, cqe.res) == (1, TIME)
        assert cqe.flags & CqeFlags.MORE
    remove(ring, 1)
    assert nothing_is_left(ring)


def test_a_multishot_timeout_fires_as_often_as_was_asked(ring):
    found = run(ring, ops.Timeout(2 * MS, count=3, timeout_flags=MULTISHOT), count=3)
    assert [cqe.res for cqe in found] == [TIME] * 3
    assert [bool(cqe.flags & CqeFlags.MORE) for cqe in found] == [True, True, False]
    with pytest.raises(OSError, match="ETIME"):
        ring.cq(1, timeout=0.02)


def test_a_multishot_timeout_ends_where_the_queue_overflows(make_ring):
    ring = make_ring(2, cq_entries=2)
    submit(ring, ops.Timeout(2 * MS, timeout_flags=MULTISHOT, user_data=1))

    def overflown():
        flush(ring)  # with DEFER_TASKRUN nothing is posted before that
        return SqRingFlags.CQ_OVERFLOW in sq_flags(ring)

    until(overflown)
    fired = reap(ring, 3)
    assert [cqe[:2] for cqe in fired] == [(1, TIME)] * 3
    assert [bool(cqe.flags & CqeFlags.MORE) for cqe in fired] == [True, True, False]
    assert one(ring, ops.TimeoutRemove(1, user_data=2)).res == -errno.ENOENT


# -- changing it -----------------------------------------------------------------------------


@pytest.mark.parametrize("ns", [0, MS, SHORT])
@pytest.mark.parametrize("how", [SqeFlags(0), ASYNC], ids=["", "ASYNC"])
@pytest.mark.parametrize("linked", [False, True], ids=["", "linked"])
def test_its_time_can_be_changed(ring, ns, how, linked):
    started = now()
    submit(ring, ops.Timeout(LONG, user_data=1))
    change = [ops.TimeoutRemove(1, time=ns, user_data=2, flags=how)]
    if linked:
        change.insert(0, ops.Nop(user_data=3, flags=LINK | how))
    submit(ring, *change)
    assert results(reap(ring, 1 + len(change))) == {1: TIME, 2: 0} | ({3: 0} if linked else {})
    assert now() - started >= ns


@pytest.mark.parametrize("how", [SqeFlags(0), ASYNC], ids=["", "ASYNC"])
def test_it_can_be_changed_to_a_point_in_time(ring, how):
    when = now() + SHORT
    submit(ring, ops.Timeout(LONG, user_data=1))
    submit(ring, ops.TimeoutRemove(1, time=when, timeout_flags=ABS, user_data=2, flags=how))
    assert results(reap(ring, 2)) == {1: TIME, 2: 0}
    assert now() >= when


def test_multishot_timeouts_can_be_changed(ring):
    every = ops.Timeout(LONG, timeout_flags=MULTISHOT, user_data=1)
    other = ops.Timeout(LONG, timeout_flags=MULTISHOT, user_data=2)
    submit(ring, every, other)
    submit(
        ring,
        ops.TimeoutRemove(1, time=3 * MS, user_data=3),
        ops.TimeoutRemove(2, time=3 * MS, user_data=4),
    )
    fired = dict.fromkeys((1, 2, 3, 4), 0)
    while fired[1] < 2 or fired[2] < 2:
        [cqe] = reap(ring)
        assert cqe.res == (TIME if cqe.user_data < 3 else 0)
        fired[cqe.user_data] += 1
    assert fired[3] == fired[4] == 1
    remove(ring, 1)
    remove(ring, 2)


def test_what_is_not_there_cannot_be_changed(ring):
    assert one(ring, ops.TimeoutRemove(42, time=0, user_data=1)).res == -errno.ENOENT


def test_flags_that_make_no_sense_are_refused(ring):
    remove = ops.TimeoutRemove(0, timeout_flags=ABS, user_data=1)
    assert one(ring, remove).res == -errno.EINVAL
    stage_raw(
        ring,
        opcode=Opcode.TIMEOUT_REMOVE,
        off=Buffer.of(TIMESPEC.pack()),
        op_flags=2**32 - 1,
        user_data=2,
    )
    submit(ring)
    assert results(reap(ring)) == {2: -errno.EINVAL}


# -- the end of the ring, and of the program --------------------------------------------------


def test_closing_the_ring_ends_it(ring):
    submit(ring, ops.Timeout(LONG, user_data=1), ops.Timeout(LONG, count=100, user_data=2))
    started = now()
    ring.close()
    assert now() - started < LONG


def test_closing_ends_one_that_a_worker_was_to_start_and_an_eventfd_hears_of(ring):
    eventfd = os.eventfd(0)
    ring.eventfd.register(eventfd)
    submit(ring, ops.Timeout(LONG, count=100, user_data=0x1234, flags=ASYNC))
    ring.close()
    os.close(eventfd)


def test_another_program_in_the_process_ends_it(ring_kind, run_python):
    done = run_python(f"""
import os, sys
from uringlab import IoUring, Params, SqeFlags, ops
ring = IoUring(8, Params(flags={int(ring_kind.flags)}, sq_thread_idle=1))
ring.sq().push(ops.Timeout({LONG}, flags=SqeFlags.IO_LINK))
ring.sq().push(ops.Nop())
ring.submit()
os.execv(sys.executable, [sys.executable, "-S", "-c", "print('it is over')"])
""")
    assert (done.stdout, done.returncode) == ("it is over\n", 0), done.stderr
