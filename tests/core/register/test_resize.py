from __future__ import annotations

import os

import pytest

from uringlab import (
    Buffer,
    IoUring,
    OperandError,
    Params,
    SetupFlags,
    SqesStaged,
    SubmissionQueueFull,
    ops,
)
from uringlab.core.abi import RegisterOp

DEFERRED = SetupFlags.SINGLE_ISSUER | SetupFlags.DEFER_TASKRUN
KINDS = {
    "plain": DEFERRED,
    "NO_SQARRAY": DEFERRED | SetupFlags.NO_SQARRAY,
    "NO_MMAP": DEFERRED | SetupFlags.NO_MMAP,
    "SQE128": DEFERRED | SetupFlags.SQE128,
    "CQE32": DEFERRED | SetupFlags.CQE32,
}


WIDE = {"SQE128", "CQE32"}


@pytest.fixture
def make(needs, requires):
    """`make(kind)`: a ring of four slots that can be resized; closed afterwards."""
    needs(RegisterOp.RESIZE_RINGS)
    rings = []

    def make(kind):
        requires(setup_flag=KINDS[kind])
        rings.append(IoUring(4, Params(flags=KINDS[kind])))
        return rings[-1]

    yield make
    for ring in rings:
        ring.close()


@pytest.fixture(params=KINDS)
def small(request, make):
    return make(request.param)


@pytest.fixture(params=[kind for kind in KINDS if kind not in WIDE])
def narrow(request, make):
    """Only SQEs of 64 bytes and CQEs of 16 are moved rightly by every kernel."""
    return make(request.param)


def words(ring):
    """The sizes as the mapped memory says them, through the ring's own view."""
    params = ring.params
    return (
        ring.memory.sq.u32(params.sq_off["ring_entries"]),
        ring.memory.cq.u32(params.cq_off["ring_entries"]),
    )


def test_the_queues_grow_and_shrink(small):
    small.resize(32, 128)
    assert (small.params.sq_entries, small.params.cq_entries, words(small)) == (32, 128, (32, 128))
    for number in range(32):
        small.sq().push(ops.Nop(user_data=number))
    with pytest.raises(SubmissionQueueFull):
        small.sq().push(ops.Nop())
    small.submit_and_wait(32)
    assert [cqe.user_data for cqe in small.cq()] == list(range(32))
    small.resize(2)
    assert words(small) == (2, 4)
    assert len(small.sq()) == 2


def test_what_is_in_the_queues_stays_in_them(narrow):
    for number in range(3):
        narrow.sq().push(ops.Nop(user_data=number))
    narrow.submit_and_wait(3)
    assert len(narrow.cq()) == 3
    narrow.sq().push(ops.Nop(user_data=3))
    narrow.sq().push(ops.Nop(user_data=4))
    narrow.sq().publish()
    narrow.resize(16, 64)
    assert (len(narrow.cq()), len(narrow.sq())) == (3, 14)
    narrow.submit_and_wait(5)
    assert [cqe.user_data for cqe in narrow.cq()] == [0, 1, 2, 3, 4]


def test_a_request_under_way_answers_in_the_new_queue(small, pipe, blocks):
    small.sq().push(ops.Read(pipe[0], Buffer(8), user_data=1))
    small.submit()
    small.resize(64)
    os.write(pipe[1], b"x")
    assert blocks() == 1
    assert list(small.cq(1, timeout=5)) == [(1, 1, 0)]
    assert blocks() == 0


def test_what_does_not_fit_is_refused_and_nothing_is_lost(narrow):
    for number in range(4):
        narrow.sq().push(ops.Nop(user_data=number))
    narrow.submit_and_wait(4)
    with pytest.raises(OSError, match="EOVERFLOW: what is in a queue now does not fit"):
        narrow.resize(1, 2)
    assert [cqe.user_data for cqe in narrow.cq()] == [0, 1, 2, 3]
    narrow.sq().push(ops.Nop())
    with pytest.raises(SqesStaged):
        narrow.resize(8)
    with pytest.raises(OperandError, match="do not fit 32 bits"):
        narrow.resize(-1)


def test_what_the_kernel_would_lose_is_not_moved(make):
    wide = make("SQE128")
    wide.sq().push(ops.Nop(user_data=1))
    wide.sq().publish()
    with pytest.raises(OSError, match="EAGAIN: there are entries in a queue"):
        wide.resize(16)
    wide.submit_and_wait(1)
    wide.resize(16)
    assert list(wide.cq()) == [(1, 0, 0)]
    wide = make("CQE32")
    wide.sq().push(ops.Nop(user_data=1))
    wide.submit_and_wait(1)
    with pytest.raises(OSError, match="EAGAIN: there are entries in a queue"):
        wide.resize(16)
    assert list(wide.cq()) == [(1, 0, 0)]
    wide.resize(16)


def test_too_many_is_einval_or_the_most_there_can_be(small):
    with pytest.raises(OSError, match="EINVAL"):
        small.resize(1 << 20)
    small.resize(1 << 20, clamp=True)
    assert words(small)[0] == 1 << 15
    small.sq().push(ops.Nop(user_data=8))
    small.submit_and_wait(1)
    assert list(small.cq()) == [(8, 0, 0)]


def test_only_a_ring_that_defers_its_work_can_be_resized(ring, needs):
    needs(RegisterOp.RESIZE_RINGS)
    with pytest.raises(OSError, match="EINVAL: the ring was not made with DEFER_TASKRUN"):
        ring.resize(16)
    assert ring.params.sq_entries == 8


def test_a_view_of_the_old_memory_does_not_reach_past_the_new(small):
    small.resize(1024)
    old = small.memory.sq
    small.resize(2)
    with pytest.raises((ValueError, OSError)):
        old.bytes(old.size - 4, 4)
