from __future__ import annotations

import errno
import os
import resource
import time

import pytest

from uringlab import (
    Buffer,
    Cqe,
    EnterFlags,
    IoUring,
    OperandError,
    Params,
    RingClosed,
    SetupFlags,
    SubmissionQueueFull,
    ops,
)

SETUPS = {
    "plain": SetupFlags(0),
    "SQPOLL": SetupFlags.SQPOLL,
    "COOP_TASKRUN": SetupFlags.COOP_TASKRUN,
    "SINGLE_ISSUER": SetupFlags.SINGLE_ISSUER,
    "SINGLE_ISSUER|DEFER_TASKRUN": SetupFlags.SINGLE_ISSUER | SetupFlags.DEFER_TASKRUN,
    "NO_SQARRAY": SetupFlags.NO_SQARRAY,
    "SQE128": SetupFlags.SQE128,
    "CQE32": SetupFlags.CQE32,
    "SQE128|CQE32": SetupFlags.SQE128 | SetupFlags.CQE32,
}


@pytest.mark.parametrize(("asked", "got"), [(1, 1), (3, 4), (5, 8), (8, 8)])
def test_the_kernel_rounds_the_sq_up_to_a_power_of_two_and_doubles_it_for_the_cq(asked, got):
    with IoUring(asked) as ring:
        assert ring.params.sq_entries == got
        assert ring.params.cq_entries == 2 * got
        assert len(ring.sq()) == got


@pytest.mark.parametrize("asked", [0, 32769])
def test_a_size_the_kernel_does_not_take_is_einval_and_says_the_limits(asked):
    with pytest.raises(OSError, match="1 to 32768") as refused:
        IoUring(asked)
    assert refused.value.errno == errno.EINVAL


@pytest.mark.parametrize("asked", [-1, 2**32])
def test_a_size_that_does_not_fit_32_bits_is_refused_before_the_kernel_is_asked(asked):
    with pytest.raises(OperandError, match="does not fit 32 bits"):
        IoUring(asked)


def test_clamp_lowers_a_size_to_the_limit():
    with IoUring(40_000, Params(flags=SetupFlags.CLAMP)) as ring:
        assert ring.params.sq_entries == 32_768
        assert ring.params.cq_entries == 65_536


@pytest.mark.parametrize(("asked", "got"), [(8, 8), (100, 128), (1000, 1024)])
def test_the_size_of_the_cq_can_be_chosen(asked, got):
    with IoUring(8, Params(cq_entries=asked)) as ring:
        assert ring.params.cq_entries == got
        assert SetupFlags.CQSIZE in ring.params.flags


def test_a_cq_smaller_than_the_sq_is_einval():
    with pytest.raises(OSError, match="io_uring_setup") as refused:
        IoUring(8, Params(cq_entries=4))
    assert refused.value.errno == errno.EINVAL


def test_a_setup_flag_that_the_kernel_does_not_know_is_einval():
    with pytest.raises(OSError, match="flags") as refused:
        IoUring(8, Params(flags=SetupFlags(1 << 30)))
    assert refused.value.errno == errno.EINVAL


def test_a_ring_without_an_fd_left_says_which_limit(pipe):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(pipe) + 1, hard))
    try:
        spare = []
        while True:
            try:
                spare.append(os.dup(pipe[0]))
            except OSError:
                break
        with pytest.raises(OSError, match="ulimit -n") as refused:
            IoUring(1)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for fd in spare:
            os.close(fd)
    assert refused.value.errno == errno.EMFILE


@pytest.mark.parametrize("name", SETUPS)
def test_a_nop_and_a_read_run_under_every_setup_flag(name, requires, pipe):
    reader, writer = pipe
    requires(setup_flag=SETUPS[name])
    os.write(writer, b"hello")
    with IoUring(4, Params(flags=SETUPS[name], sq_thread_idle=50)) as ring:
        buffer = Buffer(16)
        ring.sq().push(ops.Nop(user_data=7))
        ring.sq().push(ops.Read(reader, buffer, user_data=8))
        assert ring.submit_and_wait(2) == 2
        cqes = sorted(ring.cq(2))
        assert cqes == [Cqe(7, 0, 0), Cqe(8, 5, cqes[1].flags)]
        assert bytes(buffer)[:5] == b"hello"
        assert ring.sqe_size == (128 if SetupFlags.SQE128 in SETUPS[name] else 64)


def test_the_example_of_the_first_chapter_works_as_it_is_written():
    ring = IoUring(sq_entries=8)
    sq = ring.sq()
    assert len(sq) == 8
    assert bool(sq)
    while sq:
        sq.push(ops.Nop(user_data=7))
    assert len(sq) == 0
    assert not sq
    with pytest.raises(SubmissionQueueFull):
        sq.push(ops.Nop(user_data=8))
    assert ring.submit_and_wait(wait_nr=1) == 8
    cqes = list(ring.cq())
    assert cqes[0] == Cqe(user_data=7, res=0, flags=0)
    assert len(cqes) == 8
    assert len(sq) == 8
    ring.close()


def test_a_sleeping_poll_thread_is_woken(requires):
    requires(setup_flag=SetupFlags.SQPOLL)
    with IoUring(4, Params(flags=SetupFlags.SQPOLL, sq_thread_idle=1)) as ring:
        for round_ in range(5):
            time.sleep(0.02)
            ring.sq().push(ops.Nop(user_data=round_))
            assert ring.submit() == 1
            assert [cqe.user_data for cqe in ring.cq(1, timeout=2)] == [round_]


def test_waiting_ends_after_the_timeout_with_etime():
    with IoUring(2) as ring:
        started = time.monotonic()
        with pytest.raises(OSError, match="io_uring_enter") as late:
            ring.cq(1, timeout=0.03)
        assert late.value.errno == errno.ETIME
        assert 0.02 < time.monotonic() - started < 1


def test_try_enter_answers_with_the_kernels_errno():
    with IoUring(2) as ring:
        assert ring.try_enter(0, 0, EnterFlags(1 << 30)) == -errno.EINVAL
        with pytest.raises(OSError, match="io_uring_enter") as refused:
            ring.enter(0, 0, EnterFlags(1 << 30))
        assert refused.value.errno == errno.EINVAL


def test_enter_publishes_nothing():
    with IoUring(2) as ring:
        ring.sq().push(ops.Nop())
        assert ring.enter(1) == 0
        ring.sq().publish()
        assert ring.enter(1) == 1


def test_the_last_enter_is_kept_as_it_was_asked_and_answered():
    with IoUring(2) as ring:
        assert ring.last_enter is None
        ring.sq().push(ops.Nop())
        ring.submit_and_wait(1)
        first = ring.last_enter
        assert first is not None
        assert first[:5] == (1, 1, 1, EnterFlags.GETEVENTS, 1)
        assert 0 < first.started_ns <= first.ended_ns <= time.monotonic_ns()
        ring.try_enter(0, 0, EnterFlags(1 << 30))
        assert ring.last_enter.serial == 2
        assert ring.last_enter.result == -errno.EINVAL


def test_a_closed_ring_says_so_whatever_it_is_asked():
    ring = IoUring(2)
    sq, cq, region = ring.sq(), ring.cq(), ring.memory.sq
    slot = sq.slot()
    ring.close()
    ring.close()
    assert repr(ring) == "<IoUring closed>"
    for use in (
        lambda: len(sq),
        lambda: sq.push(ops.Nop()),
        sq.publish,
        sq.slot,
        lambda: slot.write(len=1),
        lambda: list(cq),
        cq.peek,
        cq.drain,
        cq.ready,
        lambda: cq.advance(0),
        ring.submit,
        lambda: ring.cq(1),
        lambda: ring.enter(0),
        lambda: ring.last_enter,
        lambda: region.u32(0),
    ):
        with pytest.raises(RingClosed):
            use()


def test_a_ring_shows_its_sizes():
    with IoUring(2) as ring:
        assert f"fd={ring.fd.number} sq=2 cq=4" in repr(ring)
