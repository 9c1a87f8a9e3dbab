"""One thread drives, others look; and signals come when they like."""

from __future__ import annotations

import errno
import os
import signal
import threading
import time

import pytest

from uringlab import Buffer, IoUring, Opcode, RingError, ops
from uringlab.core.buffers import memory_stats
from uringlab.core.wait import Wait
from uringlab.observe.source import OwnSource


def test_samplers_may_look_while_rings_are_driven_and_closed(pipe):
    source = None
    stop = threading.Event()
    looks = [0, 0]
    failures = []

    def sample(at):
        while not stop.is_set():
            looking = source
            if looking is None:
                continue
            try:
                shot = looking.sample()
                if shot is not None:
                    assert shot.ready <= shot.cq_entries
                    assert shot.pending <= shot.sq_entries
                    looks[at] += 1
            except BaseException as error:  # noqa: BLE001 (the main thread raises it)
                failures.append(error)
                return

    threads = [threading.Thread(target=sample, args=(at,)) for at in range(2)]
    for thread in threads:
        thread.start()
    try:
        end = time.monotonic() + 1.5
        rounds = 0
        while time.monotonic() < end and not failures:
            ring = IoUring(8)
            source = OwnSource("ring", ring)
            for number in range(4):
                ring.sq().push(ops.Nop(user_data=number))
                ring.sq().push(ops.Read(pipe[0], Buffer(64), user_data=100))
            ring.submit_and_wait(4)
            list(ring.cq())
            ring.close()
            assert source.sample() is None
            rounds += 1
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not failures, failures
    assert rounds > 20
    assert all(looks)


def test_several_threads_pushing_lose_nothing_and_overwrite_nothing():
    total, workers = 4000, 4
    seen = []
    with IoUring(16) as ring:

        def push(worker):
            sq = ring.sq()
            for number in range(worker, total, workers):
                while True:
                    try:
                        sq.push(ops.Nop(user_data=number))
                    except RingError:
                        time.sleep(0)
                    else:
                        break

        threads = [threading.Thread(target=push, args=(worker,)) for worker in range(workers)]
        for thread in threads:
            thread.start()
        while len(seen) < total:
            ring.submit()
            seen += [cqe.user_data for cqe in ring.cq().drain()]
        for thread in threads:
            thread.join()
    assert sorted(seen) == list(range(total))


def test_a_raw_slot_written_while_another_thread_submits_never_gets_out_with_a_loose_address():
    stop = threading.Event()
    with IoUring(4) as ring:
        results = []

        def submit():
            while not stop.is_set():
                try:
                    ring.submit()
                except RingError:
                    continue
                results.extend(cqe for cqe in ring.cq().drain() if cqe.user_data == 66)

        thread = threading.Thread(target=submit)
        thread.start()
        end = time.monotonic() + 60
        tries = 0
        while tries < 100 and time.monotonic() < end:
            try:
                slot = ring.sq().slot()
                slot.write(opcode=Opcode.WRITE, flags=0, fd=-1, addr=4096, len=1, user_data=66)
                slot.write(opcode=Opcode.NOP, addr=0, user_data=1)
                tries += 1
            except RingError:
                continue
        stop.set()
        thread.join()
        assert tries == 100
        assert not results, "a slot with a loose address was published"


@pytest.fixture
def interrupted():
    """Send SIGINT to the main thread in a moment."""
    timers = []
    # A job in the background is started with SIGINT ignored.
    old = signal.signal(signal.SIGINT, signal.default_int_handler)

    def start(after=0.05):
        timer = threading.Timer(after, signal.pthread_kill, (threading.get_ident(), signal.SIGINT))
        timers.append(timer)
        timer.start()

    yield start
    for timer in timers:
        timer.join()
    signal.signal(signal.SIGINT, old)


def test_ctrl_c_in_a_wait_comes_at_once_and_loses_nothing(pipe, interrupted):
    with IoUring(4) as ring:
        ring.sq().push(ops.Read(pipe[0], Buffer(8), user_data=1))
        interrupted()
        with pytest.raises(KeyboardInterrupt):
            ring.submit_and_wait(1)
        assert ring.last_enter.to_submit == 1
        assert ring.last_enter.result == 1, "the kernel's answer, though Python never saw it"
        assert len(ring.sq()) == 4
        interrupted()
        with pytest.raises(KeyboardInterrupt):
            ring.cq(1)
        assert ring.last_enter.result == -errno.EINTR
        os.write(pipe[1], b"x")
        assert [cqe[:2] for cqe in ring.cq(1)] == [(1, 1)]


def test_a_handler_that_returns_makes_the_wait_end_with_eintr(pipe):
    seen = []
    old = signal.signal(signal.SIGALRM, lambda *_: seen.append(1))
    try:
        with IoUring(4) as ring:
            signal.setitimer(signal.ITIMER_REAL, 0.03)
            with pytest.raises(InterruptedError):
                ring.cq(1)
            assert seen == [1]
    finally:
        signal.signal(signal.SIGALRM, old)


def test_a_blocked_signal_waits_until_the_wait_is_over(pipe):
    seen = []
    old = signal.signal(signal.SIGALRM, lambda *_: seen.append(time.monotonic()))
    try:
        with IoUring(4) as ring:
            started = time.monotonic()
            signal.setitimer(signal.ITIMER_REAL, 0.02)
            answer = ring.try_enter(0, 1, 1, wait=Wait(timeout=0.1, blocked=[signal.SIGALRM]))
            assert answer == -errno.ETIME
            assert seen[0] - started > 0.09
    finally:
        signal.signal(signal.SIGALRM, old)


def test_signals_during_close_change_nothing(pipe):
    old = signal.signal(signal.SIGALRM, lambda *_: None)
    before = memory_stats()
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
        for _ in range(20):
            ring = IoUring(8)
            for number in range(8):
                ring.sq().push(ops.Read(pipe[0], Buffer(8), user_data=number))
            ring.submit()
            ring.close()
            assert memory_stats() == before
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
