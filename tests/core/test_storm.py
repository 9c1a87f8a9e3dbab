"""A storm: turns in C, which may end anywhere and leave nothing behind."""

from __future__ import annotations

import errno
import gc
import os
import signal
import socket
import threading

import pytest

from uringlab import (
    Buffer,
    IoUring,
    NotSupported,
    OperandError,
    OwnedFd,
    Params,
    RingBusy,
    RingClosed,
    SetupFlags,
    SqeFlags,
    SqesStaged,
    SubmissionQueueFull,
    abi,
    ops,
)
from uringlab.core.buffers import memory_stats
from uringlab.core.statx import Statx
from uringlab.core.storm import FIRST, Ending, Storm

PATIENCE = 20
FOR_EVER = 3600


@pytest.fixture
def ring():
    with IoUring(8) as ring:
        yield ring


def run(storm):
    while storm.run():
        continue
    return storm.progress


def still_works(ring):
    ring.sq().push(ops.Nop(user_data=7))
    ring.submit_and_wait(1)
    return [cqe.user_data for cqe in ring.cq()] == [7]


class Thread:
    """A thread that runs something with a new ring, and what came of it."""

    def __init__(self, work):
        self.error = None
        self.ready, self.work = threading.Event(), work
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        try:
            self.work()
        except Exception as error:  # noqa: BLE001 - it is raised by join()
            self.error = error

    @property
    def ident(self):
        return self._thread.ident

    def join(self):
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()
        if self.error is not None:
            raise self.error


def until(true):
    for _ in range(PATIENCE * 1000):
        if true():
            return
        threading.Event().wait(0.001)
    raise AssertionError("it never came to that")


@pytest.mark.parametrize("count", [1, 7, 8, 9, 1000, 100_003])
@pytest.mark.parametrize("batch", [1, 3, 8])
def test_as_many_are_done_as_were_asked_for(ring, count, batch):
    storm = Storm(ring, ops.Nop(), batch=batch, count=count)
    progress = run(storm)
    assert storm.ending is Ending.ALL
    assert (progress.done, progress.succeeded, progress.failed) == (count, count, 0)
    assert progress.under_way == 0
    assert not storm.run(), "it is over"
    assert still_works(ring)


def test_a_storm_goes_on_where_it_came_back_from(ring):
    storm = Storm(ring, ops.Nop(), batch=8, count=10_000)
    turns = 1
    while storm.run(0):
        turns += 1
        assert storm.progress.done <= 10_000
    assert turns > 100
    assert storm.progress.done == 10_000


@pytest.mark.parametrize(
    "flags",
    [
        SetupFlags(0),
        SetupFlags.SINGLE_ISSUER | SetupFlags.DEFER_TASKRUN,
        SetupFlags.COOP_TASKRUN | SetupFlags.TASKRUN_FLAG,
        SetupFlags.SQPOLL,
        SetupFlags.CQE32,
        SetupFlags.SQE128,
        SetupFlags.CQE_MIXED,
        SetupFlags.NO_SQARRAY,
    ],
    ids=str,
)
def test_every_kind_of_ring_takes_it(requires, flags, tmp_path):
    requires(setup_flag=flags)
    (tmp_path / "f").write_bytes(b"x" * 100)
    with IoUring(8, Params(flags=flags)) as ring, OwnedFd(os.open(tmp_path / "f", 0)) as fd:
        assert run(Storm(ring, ops.Nop(), batch=8, count=5_000)).done == 5_000
        read = ops.Read(fd, Buffer(64), flags=SqeFlags.ASYNC)
        progress = run(Storm(ring, read, batch=5, count=501))
        assert (progress.smallest, progress.largest, progress.sum) == (64, 64, 64 * 501)
        assert still_works(ring)


def test_results_are_summed_up(ring):
    read, write = os.pipe2(os.O_DIRECT)  # a read takes what one write wrote
    with os.fdopen(read), os.fdopen(write, "wb", buffering=0) as out:
        for size in (5, 1, 9):
            out.write(b"x" * size)
        progress = run(Storm(ring, ops.Read(read, Buffer(64)), batch=3, count=3))
    assert (progress.smallest, progress.largest, progress.sum) == (1, 9, 15)


def test_errors_are_counted_by_kind(ring):
    progress = run(Storm(ring, ops.Read(999, Buffer(8)), batch=8, count=1_000))
    assert progress.errors == ((-errno.EBADF, 1_000),)
    assert (progress.failed, progress.succeeded, progress.sum) == (1_000, 0, 0)
    linked = ops.Read(999, Buffer(8), flags=SqeFlags.IO_LINK)
    progress = run(Storm(ring, linked, batch=4, count=1_000))
    assert dict(progress.errors) == {-errno.EBADF: 250, -errno.ECANCELED: 750}


def test_a_request_that_the_kernel_refuses_stops_no_turn(ring):
    # A personality that nobody registered: the kernel stops consuming at each.
    progress = run(Storm(ring, ops.Nop(personality=99), batch=8, count=100))
    assert progress.errors == ((-errno.EINVAL, 100),)


def test_a_zero_copy_send_is_done_with_its_second_cqe(ring, requires):
    requires(opcode=abi.Opcode.SEND_ZC)
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()) as one,
        listener.accept()[0] as other,
    ):
        send = ops.SendZc(one.fileno(), Buffer.of(b"hello"))
        progress = run(Storm(ring, send, batch=8, count=16))
        assert (progress.done, progress.succeeded, progress.sum) == (16, 16, 80)
        assert len(other.recv(80, socket.MSG_WAITALL)) == 80


def test_what_the_copies_hold_and_lend_is_let_go_of_each_turn(ring, tmp_path):
    (tmp_path / "f").write_text("x")
    before = memory_stats()
    storm = Storm(ring, ops.Statx(str(tmp_path / "f"), Statx()), batch=8, count=2_000)
    assert run(storm).succeeded == 2_000
    del storm
    gc.collect()
    assert memory_stats() == before


def test_it_is_stopped_at_full_speed_between_two_turns():
    with IoUring(8) as ring:
        storm = Storm(ring, ops.Nop(), batch=8)
        thread = Thread(lambda: run(storm))
        until(lambda: storm.progress.done > 10_000)
        storm.stop()
        thread.join()
        progress = storm.progress
        assert storm.ending is Ending.STOPPED
        assert progress.under_way == 0
        assert progress.done % 8 == 0
        assert still_works(ring)


def test_its_numbers_only_grow_for_whoever_looks():
    with IoUring(8) as ring:
        storm = Storm(ring, ops.Nop(), batch=8)
        thread = Thread(lambda: run(storm))
        seen = [storm.progress.done for _ in range(2_000)]
        until(lambda: storm.progress.done > 10_000)
        storm.stop()
        thread.join()
    assert seen == sorted(seen)


def test_it_is_stopped_while_it_waits_and_what_is_under_way_ends_as_ever(ring, pipe):
    read, write = pipe
    storm = Storm(ring, ops.Read(read, Buffer(8)), batch=4)

    def stop(storm=storm):
        until(lambda: storm.progress.under_way == 4)
        storm.stop()

    # The kernel cancels what a thread has submitted when that ends: so it is run by this one.
    thread = Thread(stop)
    run(storm)
    thread.join()
    assert (storm.ending, storm.progress.under_way, storm.progress.done) == (Ending.STOPPED, 4, 0)
    assert still_works(ring)
    names = storm.names
    del storm, thread, stop
    gc.collect()  # the requests hold the buffer now, and nobody else does
    os.write(write, b"x" * 32)
    ring.enter(0, 4, abi.EnterFlags.GETEVENTS)
    found = {cqe.user_data: cqe.res for cqe in ring.cq()}
    assert found == dict.fromkeys(range(FIRST, FIRST + 4), 8)
    assert names >= 16 + 2 * 4


def test_a_ring_that_is_closed_after_it_takes_along_what_was_under_way(pipe):
    ring = IoUring(8)
    storm = Storm(ring, ops.Read(pipe[0], Buffer(8)), batch=8, seconds=0.01)
    run(storm)
    assert (storm.ending, storm.progress.under_way) == (Ending.TIME, 8)
    ring.close()
    with pytest.raises(RingClosed):
        Storm(ring, ops.Nop()).run()


def test_a_signal_ends_a_wait_at_once(pipe):
    old = signal.signal(signal.SIGURG, lambda *_: None)
    try:
        with IoUring(8) as ring:
            storm = Storm(ring, ops.Read(pipe[0], Buffer(8)), batch=2)
            blocked = signal.valid_signals() - {signal.SIGURG, signal.SIGKILL, signal.SIGSTOP}

            def work():
                signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
                while storm.run(FOR_EVER, blocked):
                    continue

            thread = Thread(work)
            until(lambda: storm.progress.under_way == 2)
            storm.stop()
            signal.pthread_kill(thread.ident, signal.SIGURG)
            thread.join()
            assert storm.ending is Ending.STOPPED
    finally:
        signal.signal(signal.SIGURG, old)


def test_an_exception_of_a_signal_handler_loses_nothing(ring):
    class Alarm(Exception):
        pass

    def ring_it(*_):
        raise Alarm

    storm = Storm(ring, ops.Nop(), batch=8, count=400_000)
    old = signal.signal(signal.SIGALRM, ring_it)
    alarms = 0
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.005)
        while True:
            try:
                if not storm.run(0.01):
                    break
            except Alarm:
                alarms += 1
                if alarms < 3:
                    signal.setitimer(signal.ITIMER_REAL, 0.005)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
    assert alarms
    assert storm.progress.done == 400_000


def test_a_cqe_that_is_not_the_storms_ends_it_and_stays_where_it_is(ring, pipe):
    read, write = pipe
    ring.sq().push(ops.Read(read, Buffer(8), user_data=5))
    ring.submit()
    storm = Storm(ring, ops.Nop(), batch=8)
    thread = Thread(lambda: run(storm))
    until(lambda: storm.progress.done > 1_000)
    os.write(write, b"stranger")
    thread.join()
    assert storm.ending is Ending.STRANGER
    left = storm.progress.under_way
    assert next(iter(ring.cq().drain(1))).user_data == 5
    assert len(ring.cq().drain(8)) == left
    assert still_works(ring)


def test_it_begins_with_an_empty_submission_queue_and_names_of_its_own(ring, pipe):
    ring.sq().push(ops.Read(pipe[0], Buffer(8), user_data=FIRST + 3))
    with pytest.raises(SqesStaged, match="needs an empty queue"):
        Storm(ring, ops.Nop()).run()
    ring.sq().publish()
    with pytest.raises(SqesStaged):
        Storm(ring, ops.Nop()).run()
    ring.submit()
    with pytest.raises(OperandError, match="begin elsewhere"):
        Storm(ring, ops.Nop()).run()
    assert run(Storm(ring, ops.Nop(), count=10, first=5)).done == 10


def test_time_ends_it_at_full_speed_and_in_a_wait(ring, pipe):
    storm = Storm(ring, ops.Nop(), batch=8, seconds=0.02)
    assert run(storm).done > 0
    assert (storm.ending, storm.progress.under_way) == (Ending.TIME, 0)
    storm = Storm(ring, ops.Read(pipe[0], Buffer(8)), batch=2, seconds=0.02)
    while storm.run(FOR_EVER):
        continue
    assert (storm.ending, storm.progress.under_way) == (Ending.TIME, 2)


def test_a_rate_is_kept_by_waiting_in_the_ring(ring):
    storm = Storm(ring, ops.Nop(), batch=2, rate=2 / FOR_EVER, seconds=0.05)
    assert run(storm).done == 2, "the second turn is an hour away"
    entered = ring.last_enter
    assert (entered.result, entered.min_complete) == (-errno.ETIME, 1)
    assert run(Storm(ring, ops.Nop(), batch=10 // 2, rate=100_000, count=1_000)).done == 1_000


def test_a_storm_that_waits_for_its_next_turn_is_stopped_by_a_signal_too():
    old = signal.signal(signal.SIGURG, lambda *_: None)
    try:
        with IoUring(8) as ring:
            storm = Storm(ring, ops.Nop(), rate=1 / FOR_EVER)
            blocked = signal.valid_signals() - {signal.SIGURG, signal.SIGKILL, signal.SIGSTOP}

            def work():
                signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
                while storm.run(FOR_EVER, blocked):
                    continue

            thread = Thread(work)
            until(lambda: storm.progress.done == 1)
            storm.stop()
            signal.pthread_kill(thread.ident, signal.SIGURG)
            thread.join()
            assert storm.ending is Ending.STOPPED
    finally:
        signal.signal(signal.SIGURG, old)


@pytest.mark.parametrize(
    ("op", "why"),
    [
        (lambda: ops.Openat("/"), "open or close a file"),
        (lambda: ops.Socket(abi.AddressFamily.INET, 1), "open or close a file"),
        (lambda: ops.ReadMultishot(0, 7), "many CQEs"),
        (lambda: ops.PollAdd(0, multishot=True), "many CQEs"),
        (lambda: ops.Timeout(1, timeout_flags=abi.TimeoutFlags.MULTISHOT), "many CQEs"),
        (lambda: ops.Recv(0, group=7, multishot=True), "provided buffer"),
        (lambda: ops.Read(0, group=7, len=5), "provided buffer"),
        (lambda: ops.Nop(flags=SqeFlags.CQE_SKIP_SUCCESS), "nobody would learn"),
        (lambda: ops.AsyncCancel(5), "another request"),
    ],
)
def test_what_makes_no_storm_is_refused(ring, op, why):
    with pytest.raises(OperandError, match=why):
        Storm(ring, op())


@pytest.mark.parametrize(
    "wrong",
    [
        {"batch": 0},
        {"count": 0},
        {"count": 2**63},
        {"seconds": 0},
        {"seconds": float("nan")},
        {"rate": 0},
        {"rate": float("inf")},
        {"first": 2**64 - 1},
        {"first": -1},
    ],
    ids=str,
)
def test_numbers_that_make_no_sense_are_refused(ring, wrong):
    with pytest.raises(OperandError):
        Storm(ring, ops.Nop(), **wrong)


def test_a_batch_must_fit_the_queue_and_the_op_the_ring(ring):
    with pytest.raises(SubmissionQueueFull, match="8 slots"):
        Storm(ring, ops.Nop(), batch=9)
    with pytest.raises(NotSupported):
        Storm(ring, ops.Nop128())


def test_closing_the_ring_from_another_thread_ends_it_or_is_refused():
    ring = IoUring(8)
    storm = Storm(ring, ops.Nop(), batch=8)
    thread = Thread(lambda: run(storm))
    until(lambda: storm.progress.done > 1_000)
    busy = 0
    while not ring.closed and busy < 10_000:
        try:
            ring.close()
        except RingBusy:
            busy += 1
    storm.stop()
    if ring.closed:
        with pytest.raises(RingClosed):
            thread.join()
    else:
        thread.join()
        ring.close()


@pytest.mark.parametrize("op", ["ops.Nop()", "ops.Read(pipe[0], Buffer(64))"])
def test_the_interpreter_may_end_in_the_middle_of_it(run_python, op):
    done = run_python(f"""
import os, threading
from uringlab import Buffer, IoUring, ops
from uringlab.core.statx import Statx
from uringlab.core.storm import Storm

pipe = os.pipe()
ring = IoUring(8)
storm = Storm(ring, {op}, batch=8)

def work():
    while storm.run():
        pass

threading.Thread(target=work, daemon=True).start()
while not (storm.progress.under_way or storm.progress.done):
    pass
""")
    assert (done.returncode, done.stderr) == (0, "")
