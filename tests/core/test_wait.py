"""Waiting: for how long, for how many, by which clock, with which signals; and what is entered."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from uringlab import (
    Buffer,
    CqeBatch,
    CqeFlags,
    EnterFlags,
    Features,
    IoUring,
    OperandError,
    Params,
    RingClosed,
    SetupFlags,
    SqRingFlags,
    Wait,
    ops,
)
from uringlab.core.abi import TimeoutFlags
from uringlab.core.native import lib
from uringlab.core.wait import MEANINGS

F = SetupFlags
E = EnterFlags
MS = 0.001
LONG = 20
"""Seconds that no test here lives to see."""


@pytest.fixture(params=["now", "before 5.11"])
def ring(request):
    """A ring of this kernel, and one that was told the kernel knows no timeout in enter."""
    with IoUring(8) as ring:
        if request.param != "now":
            lib.ul_test_features(ring.handle, int(~Features.EXT_ARG & 0xFFFFFFFF))
        yield ring


@contextmanager
def handler(signo, call):
    before = signal.signal(signo, call)
    try:
        yield
    finally:
        signal.signal(signo, before)


@contextmanager
def signals(signo):
    """That signal, again and again: whenever the wait begins, one comes in it."""
    stop = threading.Event()

    def send():
        while not stop.wait(10 * MS):
            signal.pthread_kill(threading.main_thread().ident, signo)

    sender = threading.Thread(target=send)
    sender.start()
    try:
        yield
    finally:
        stop.set()
        sender.join()


def took(call):
    started = time.monotonic()
    call()
    return time.monotonic() - started


def fails(number, call):
    with pytest.raises(OSError, match="io_uring_enter") as refused:
        call()
    assert refused.value.errno == number
    name = errno.errorcode[number] if number != errno.EOPNOTSUPP else "EOPNOTSUPP"
    assert f"{name}: {MEANINGS[number]}" in str(refused.value)


def sq_flags(ring):
    return SqRingFlags(ring.memory.sq.u32(ring.params.sq_off["flags"]))


def run_one_nop(ring):
    ring.sq().push(ops.Nop())
    ring.submit()
    until(ring.cq().ready)
    ring.cq().drain()


def until(holds):
    deadline = time.monotonic() + LONG
    while not holds():
        assert time.monotonic() < deadline, "it never came"


# -- for how long --------------------------------------------------------------------------


def test_a_wait_ends_with_etime_and_never_early(ring):
    for seconds in (0, 10 * MS, 60 * MS):
        assert took(lambda s=seconds: fails(errno.ETIME, lambda: ring.cq(1, timeout=s))) >= seconds
        how = Wait(timeout=seconds)
        assert took(lambda w=how: fails(errno.ETIME, lambda: ring.submit_and_wait(1, wait=w))) >= (
            seconds
        )


def test_a_wait_ends_when_enough_are_ready(ring):
    for number in range(3):
        ring.sq().push(ops.Nop(user_data=number))
    assert ring.submit_and_wait(3, timeout=LONG) == 3
    assert [cqe.user_data for cqe in ring.cq(3, timeout=LONG)] == [0, 1, 2]


def test_a_completion_that_comes_while_it_waits_ends_the_wait(ring, pipe):
    ring.sq().push(ops.Read(pipe[0], Buffer(8), user_data=1))
    ring.submit()
    timer = threading.Timer(20 * MS, lambda: os.write(pipe[1], b"hello"))
    timer.start()
    assert [cqe.res for cqe in ring.cq(1, timeout=LONG)] == [5]
    timer.join()


def test_what_was_submitted_is_answered_though_the_time_is_over(ring):
    ring.sq().push(ops.Nop(user_data=1))
    assert ring.submit_and_wait(2, timeout=10 * MS) == 1, "as the kernel does it: not ETIME"
    assert ring.last_enter.result == 1
    assert [cqe.user_data for cqe in ring.cq()] == [1]


def test_an_end_with_too_few_is_no_error(ring):
    ring.sq().push(ops.Nop(user_data=1))
    ring.submit()
    assert ring.submit_and_wait(2, timeout=10 * MS) == 0, "as the kernel does it: not ETIME"
    assert [cqe.user_data for cqe in ring.cq(2, timeout=10 * MS)] == [1]


def test_a_timeout_below_zero_is_none_at_all(ring):
    fails(errno.ETIME, lambda: ring.cq(1, timeout=-3))


def test_waiting_for_what_is_there_needs_no_system_call(ring):
    ring.sq().push(ops.Nop())
    ring.submit()
    calls = ring.last_enter.serial
    assert len(ring.cq(1, timeout=LONG)) == 1
    assert ring.last_enter.serial == calls


@pytest.mark.parametrize(
    "wrong",
    [
        Wait(registered=0, timeout=1),
        Wait(registered=0, at_least=1),
        Wait(registered=0, blocked=()),
        Wait(absolute=True),
        Wait(at_least=-1),
        Wait(at_least=5000),
        Wait(at_least=float("nan")),
        Wait(timeout=float("inf")),
        Wait(timeout=float("nan")),
        Wait(timeout=1e11),
        Wait(blocked=[0]),
        Wait(blocked=[65]),
        Wait(registered=-8),
    ],
    ids=str,
)
def test_a_wait_that_makes_no_sense_is_refused_before_the_kernel_is_asked(wrong):
    with IoUring(2) as ring:
        ring.sq().push(ops.Nop())
        with pytest.raises(OperandError):
            ring.submit_and_wait(1, wait=wrong)
        assert ring.last_enter is None
        assert len(ring.sq()) == 1, "and nothing was published"
        with pytest.raises(OperandError, match="in the Wait"):
            ring.submit_and_wait(1, timeout=1, wait=Wait())


# -- at least ------------------------------------------------------------------------------


def test_after_the_minimum_one_completion_will_do(requires):
    requires(feature=Features.MIN_TIMEOUT)
    with IoUring(8) as ring:
        ring.sq().push(ops.Nop(user_data=1))
        how = Wait(timeout=LONG, at_least=30 * MS)
        assert took(lambda: ring.submit_and_wait(4, wait=how)) >= 30 * MS
        assert [cqe.user_data for cqe in ring.cq()] == [1]


def test_without_any_completion_it_goes_on_past_the_minimum(requires, pipe):
    requires(feature=Features.MIN_TIMEOUT)
    with IoUring(8) as ring:
        ring.sq().push(ops.Read(pipe[0], Buffer(8)))
        ring.submit()
        timer = threading.Timer(60 * MS, lambda: os.write(pipe[1], b"hello"))
        timer.start()
        ring.enter(0, 4, E.GETEVENTS, wait=Wait(timeout=LONG, at_least=5 * MS))
        assert [cqe.res for cqe in ring.cq()] == [5]
        timer.join()


def test_the_minimum_needs_no_end(requires):
    requires(feature=Features.MIN_TIMEOUT)
    with IoUring(8) as ring:
        ring.sq().push(ops.Nop(user_data=1))
        ring.submit_and_wait(4, wait=Wait(at_least=10 * MS))
        assert [cqe.user_data for cqe in ring.cq()] == [1]


def test_where_the_kernel_knows_no_minimum_it_is_refused_and_not_forgotten():
    for without in (Features.MIN_TIMEOUT, Features.MIN_TIMEOUT | Features.EXT_ARG):
        with IoUring(8) as ring:
            lib.ul_test_features(ring.handle, int(~without & 0xFFFFFFFF))
            fails(
                errno.EINVAL,
                lambda r=ring: r.submit_and_wait(2, wait=Wait(timeout=1, at_least=MS)),
            )


# -- by the clock --------------------------------------------------------------------------


@pytest.fixture
def absolute(requires):
    requires(feature=Features.MIN_TIMEOUT)  # of the same kernel, 6.12


def test_a_point_in_the_past_is_over_at_once(absolute):
    with IoUring(8) as ring:
        how = Wait(timeout=time.monotonic() - 5, absolute=True)
        fails(errno.ETIME, lambda: ring.submit_and_wait(1, wait=how))
        assert ring.last_enter.min_complete == 1


def test_a_point_in_time_is_one_of_clock_monotonic(absolute):
    with IoUring(8) as ring:
        end = time.monotonic() + 40 * MS
        how = Wait(timeout=end, absolute=True)
        fails(errno.ETIME, lambda: ring.submit_and_wait(1, wait=how))
        assert time.monotonic() >= end


def test_before_5_11_there_is_no_absolute_wait():
    with IoUring(8) as ring:
        lib.ul_test_features(ring.handle, 0)
        how = Wait(timeout=time.monotonic() + 1, absolute=True)
        fails(errno.EINVAL, lambda: ring.submit_and_wait(1, wait=how))


# -- in a registered region ----------------------------------------------------------------


def test_without_a_region_a_registered_wait_is_efault(absolute):
    with IoUring(8) as ring:
        fails(errno.EFAULT, lambda: ring.submit_and_wait(1, wait=Wait(registered=0)))


# -- signals -------------------------------------------------------------------------------


def test_a_signal_ends_the_wait_with_eintr_and_nothing_is_lost(ring, pipe):
    seen = []
    with handler(signal.SIGUSR1, lambda *_: seen.append(1)):
        ring.sq().push(ops.Read(pipe[0], Buffer(8), user_data=1))
        ring.submit()
        with signals(signal.SIGUSR1):
            fails(errno.EINTR, lambda: ring.cq(1, timeout=LONG))
        assert seen
        assert ring.last_enter.result == -errno.EINTR
        os.write(pipe[1], b"hello")
        assert [cqe.res for cqe in ring.cq(1, timeout=LONG)] == [5]


def test_what_was_submitted_is_answered_though_a_signal_came(ring):
    with handler(signal.SIGUSR1, lambda *_: None):
        ring.sq().push(ops.Nop())
        with signals(signal.SIGUSR1):
            assert ring.submit_and_wait(5, timeout=LONG) == 1


@pytest.mark.parametrize("timeout", [None, LONG])
def test_a_signal_that_only_the_wait_lets_in_is_never_lost(timeout, ring):
    """As with pselect: blocked outside, so it cannot come between the look and the wait."""
    seen = []
    with handler(signal.SIGUSR1, lambda *_: seen.append(1)):
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
        try:
            signal.pthread_kill(threading.main_thread().ident, signal.SIGUSR1)
            assert signal.SIGUSR1 in signal.sigpending()
            assert not seen
            how = Wait(timeout=timeout, blocked=mask)
            fails(errno.EINTR, lambda: ring.submit_and_wait(1, wait=how))
            assert seen
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def test_a_signal_that_the_wait_blocks_comes_after_it(ring):
    """One that is pending already: were it not blocked inside, the wait would end with EINTR."""
    seen = []
    with handler(signal.SIGUSR1, lambda *_: seen.append(1)):
        how = Wait(timeout=60 * MS, blocked=[signal.SIGUSR1])
        with signals(signal.SIGUSR1):
            fails(errno.ETIME, lambda: ring.submit_and_wait(1, wait=how))
            until(lambda: seen)


CTRL_C = """
import os, signal, sys, threading
from uringlab import Buffer, IoUring, Features, Wait, ops
from uringlab.core.abi import TimeoutFlags
from uringlab.core.native import lib
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
reader, writer = os.pipe()
with IoUring(8) as ring:
    if {old}:
        lib.ul_test_features(ring.handle, int(~Features.EXT_ARG & 0xFFFFFFFF))
    ring.sq().push(ops.Read(reader, Buffer(8), user_data=1))
    ring.sq().push(ops.Nop(user_data=2))
    print("ready", flush=True)
    try:
        ring.submit_and_wait(2, {timeout})
        print("it went on")
    except KeyboardInterrupt:
        print("interrupted", ring.last_enter.result, ring.last_enter.to_submit)
    print(len(ring.sq()), [cqe.user_data for cqe in ring.cq()])
    os.write(writer, b"hello")
    print([(cqe.user_data, cqe.res) for cqe in ring.cq(1)])
"""


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize("timeout", ["None", "60"])
def test_ctrl_c_in_a_wait_loses_nothing(old, timeout):
    code = CTRL_C.format(old=old, timeout=timeout)
    argv = [sys.executable, "-W", "error", "-c", code]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout.readline() == "ready\n"
        until(lambda: is_waiting(child.pid))
        child.send_signal(signal.SIGINT)
        said = child.stdout.read().splitlines()
        assert child.wait(LONG) == 0
    assert said == ["interrupted 2 2", "8 [2]", "[(1, 5)]"]


def is_waiting(pid):
    """Whether it sleeps inside io_uring_enter, or poll."""
    return Path(f"/proc/{pid}/syscall").read_text().split()[0] in {
        "426",
        "271",
        "73",
    }  # io_uring_enter; ppoll on x86-64, and on arm64


# -- flags of enter ------------------------------------------------------------------------


def test_no_iowait_reaches_the_kernel(requires):
    requires(feature=Features.NO_IOWAIT)
    with IoUring(8) as ring:
        ring.sq().push(ops.Nop())
        assert ring.submit_and_wait(1, flags=E.NO_IOWAIT) == 1
        assert ring.last_enter.flags == E.GETEVENTS | E.NO_IOWAIT
        ring.cq().drain()
        fails(errno.ETIME, lambda: ring.submit_and_wait(1, 10 * MS, flags=E.NO_IOWAIT))


def test_a_flag_of_the_far_future_is_einval():
    with IoUring(8) as ring:
        ring.sq().push(ops.Nop())
        fails(errno.EINVAL, lambda: ring.submit(E(1 << 30)))
        assert ring.submit() == 1, "what was published stays published"


def test_sq_wait_waits_until_the_poll_thread_has_made_room(requires):
    requires(setup_flag=F.SQPOLL)
    with IoUring(4, Params(flags=F.SQPOLL, sq_thread_idle=1)) as ring:
        for _ in range(50):
            while ring.sq():
                ring.sq().push(ops.Nop())
            ring.submit(E.SQ_WAIT)
            assert E.SQ_WAIT in ring.last_enter.flags
            # The kernel looks at a copy of its head that is a little ahead of the shared one.
            until(ring.sq)
            ring.cq().drain()


# -- what is entered, and what is not ------------------------------------------------------


def test_nothing_is_entered_when_nothing_is_needed():
    with IoUring(8) as ring:
        assert ring.submit() == 0
        assert ring.submit_and_wait(0) == 0
        assert ring.submit(E.NO_IOWAIT) == 0
        assert ring.submit_and_drain(CqeBatch(4)) == 0
        assert ring.last_enter is None


def test_submitting_alone_does_not_ask_for_events():
    with IoUring(8) as ring:
        ring.sq().push(ops.Nop())
        ring.submit()
        assert ring.last_enter[:5] == (1, 1, 0, E(0), 1)


def test_waiting_asks_for_events():
    with IoUring(8) as ring:
        ring.sq().push(ops.Nop())
        ring.submit_and_wait(1)
        assert ring.last_enter[:5] == (1, 1, 1, E.GETEVENTS, 1)


def test_an_overflow_is_flushed_by_the_next_submit():
    with IoUring(4, Params(cq_entries=4)) as ring:
        for number in range(7):
            ring.sq().push(ops.Nop(user_data=number))
            ring.submit()
        assert SqRingFlags.CQ_OVERFLOW in sq_flags(ring)
        assert [cqe.user_data for cqe in ring.cq().drain()] == [0, 1, 2, 3]
        assert ring.submit() == 0
        assert ring.last_enter[1:5] == (0, 0, E.GETEVENTS, 0)
        assert SqRingFlags.CQ_OVERFLOW not in sq_flags(ring)
        assert [cqe.user_data for cqe in ring.cq()] == [4, 5, 6]
        calls = ring.last_enter.serial
        ring.submit()
        assert ring.last_enter.serial == calls


def test_an_iopoll_ring_is_asked_for_events_each_time(requires):
    requires(setup_flag=F.IOPOLL)
    with IoUring(4, Params(flags=F.IOPOLL)) as ring:
        ring.submit()
        assert ring.last_enter.flags == E.GETEVENTS
    with IoUring(4, Params(flags=F.IOPOLL | F.SQPOLL, sq_thread_idle=5000)) as ring:
        run_one_nop(ring)
        assert ring.last_enter is None or ring.last_enter.flags == E.SQ_WAKEUP


def test_a_sleeping_poll_thread_is_woken_and_a_waking_one_is_left_alone(requires):
    requires(setup_flag=F.SQPOLL)
    with IoUring(4, Params(flags=F.SQPOLL, sq_thread_idle=2000)) as ring:
        run_one_nop(ring)  # its idle time begins
        calls = ring.last_enter.serial if ring.last_enter else 0
        ring.sq().push(ops.Nop(user_data=1))
        assert ring.submit() == 1
        until(ring.cq().ready)
        assert ring.last_enter is None or ring.last_enter.serial == calls
    with IoUring(4, Params(flags=F.SQPOLL, sq_thread_idle=1)) as ring:
        for number in range(5):
            until(lambda: SqRingFlags.NEED_WAKEUP in sq_flags(ring))
            assert ring.submit() == 0
            ring.sq().push(ops.Nop(user_data=number))
            assert ring.submit() == 1
            assert ring.last_enter.flags == E.SQ_WAKEUP
            assert ring.last_enter.serial == number + 1, "nothing published: nobody to wake"
            until(ring.cq().ready)
            assert [cqe.user_data for cqe in ring.cq()] == [number]


def test_what_was_published_to_a_thread_that_fell_asleep_wakes_it_later(requires):
    requires(setup_flag=F.SQPOLL)
    with IoUring(4, Params(flags=F.SQPOLL, sq_thread_idle=1)) as ring:
        until(lambda: SqRingFlags.NEED_WAKEUP in sq_flags(ring))
        ring.sq().push(ops.Nop(user_data=5))
        ring.sq().publish()
        assert ring.submit() == 0
        assert ring.last_enter.flags == E.SQ_WAKEUP
        assert [cqe.user_data for cqe in ring.cq(1, timeout=LONG)] == [5]


# -- and the rest --------------------------------------------------------------------------


def test_a_multishot_timeout_ends_waits_one_by_one():
    with IoUring(8) as ring:
        ring.sq().push(
            ops.Timeout(time=2_000_000, count=3, timeout_flags=TimeoutFlags.MULTISHOT, user_data=1)
        )
        ring.submit()
        more = []
        for _ in range(3):
            [cqe] = ring.cq(1, timeout=LONG).drain(1)
            more.append(bool(cqe.flags & CqeFlags.MORE))
        assert more == [True, True, False]


def test_a_ring_that_is_closed_does_not_wait():
    ring = IoUring(2)
    ring.close()
    with pytest.raises(RingClosed):
        ring.submit_and_wait(1, timeout=LONG)
    with pytest.raises(RingClosed):
        ring.submit_and_drain(CqeBatch(1), 1)


def test_a_timeout_that_is_over_ends_every_wait(ring):
    reader, writer = os.pipe()
    ring.sq().push(ops.Read(reader, Buffer(8), user_data=1))
    ring.sq().push(ops.Timeout(1_000_000, user_data=2))
    ring.submit_and_wait(2)
    assert [cqe[:2] for cqe in ring.cq()] == [(2, -errno.ETIME)]
    os.write(writer, b"x")
    ring.submit_and_wait(1)
    assert [cqe[:2] for cqe in ring.cq()] == [(1, 1)]
    os.close(reader)
    os.close(writer)
