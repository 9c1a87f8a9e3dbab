from __future__ import annotations

import os

import pytest

from uringlab import Buffer, Cqe, CqeFlags, IoUring, SqRingFlags, ops
from uringlab.core.buffers import memory_stats
from uringlab.observe.source import OwnSource


@pytest.fixture
def ring():
    with IoUring(8) as ring:
        yield ring


def post(ring, *user_data):
    for one in user_data:
        ring.sq().push(ops.Nop(user_data=one))
    ring.submit_and_wait(len(user_data))


def test_a_cqe_is_a_plain_copy(ring):
    post(ring, 7)
    [cqe] = list(ring.cq())
    assert cqe == Cqe(user_data=7, res=0, flags=0)
    post(ring, *range(8))
    post(ring, *range(8))
    assert cqe == Cqe(7, 0, 0), "the kernel wrote over its slot meanwhile"


def test_peeking_leaves_the_queue_as_it_is(ring):
    post(ring, 1, 2, 3)
    cq = ring.cq()
    assert [cqe.user_data for cqe in cq.peek()] == [1, 2, 3]
    assert [cqe.user_data for cqe in cq.peek(2)] == [1, 2]
    assert len(cq) == 3


def test_advancing_lets_go_of_the_oldest(ring):
    post(ring, 1, 2, 3)
    cq = ring.cq()
    cq.advance(2)
    assert [cqe.user_data for cqe in cq.peek()] == [3]
    with pytest.raises(ValueError, match="1 ready"):
        cq.advance(2)
    assert cq.ready() == 1
    cq.advance(1)
    cq.advance(0)
    assert not cq


def test_draining_takes_with_one_store_of_the_head(ring):
    post(ring, 1, 2, 3)
    assert [cqe.user_data for cqe in ring.cq().drain(2)] == [1, 2]
    assert [cqe.user_data for cqe in ring.cq().drain()] == [3]
    assert ring.cq().drain() == []


def test_stopping_half_way_through_leaves_the_rest(ring):
    post(ring, 1, 2, 3)
    for cqe in ring.cq():
        assert cqe.user_data == 1
        break
    assert [cqe.user_data for cqe in ring.cq()] == [2, 3]


def test_a_cqe_says_its_errno_and_flags_by_name():
    assert str(Cqe(7, -9, 0)) == "user_data=7 res=-9 (EBADF: bad file descriptor) flags=0"
    assert str(Cqe(7, 1, int(CqeFlags.MORE))).endswith("res=1 flags=MORE")
    assert not Cqe(7, 1, int(CqeFlags.MORE)).final
    assert Cqe(7, 1, 0).final


def test_cqes_that_do_not_fit_wait_in_the_kernel_and_come_in_order(ring):
    total = 4 * ring.params.cq_entries
    for start in range(0, total, 8):
        for number in range(start, start + 8):
            ring.sq().push(ops.Nop(user_data=number))
        ring.submit()
    assert ring.cq().ready() == ring.params.cq_entries
    shot = OwnSource("ring", ring).sample()
    assert shot.sq_flags & SqRingFlags.CQ_OVERFLOW
    assert shot.cq_overflow == 0, "with NODROP nothing is dropped, so nothing is counted"
    seen = []
    while len(seen) < total:
        seen += [cqe.user_data for cqe in ring.cq().drain()]
        ring.submit()
    assert seen == list(range(total))


def test_letting_go_of_a_cqe_frees_what_its_request_held_and_peeking_does_not(ring, pipe):
    before = memory_stats()[0]
    os.write(pipe[1], b"x")
    ring.sq().push(ops.Read(pipe[0], Buffer(8)))
    ring.submit_and_wait(1)
    ring.cq().peek()
    assert memory_stats()[0] == before + 1
    ring.cq().advance(1)
    assert memory_stats()[0] == before
