"""The behaviours of liburing's test `poll-mshot-overflow`: a multishot poll and a full queue."""

from __future__ import annotations

import os

import pytest
from ring_kinds import flush, reap, stage, submit, until, words

from uringlab import ops
from uringlab.core.abi import PollEvents, SqRingFlags

POLL, NOP, REMOVE = 1, 2, 3


@pytest.fixture
def ring(make_ring):
    return make_ring(2, cq_entries=2)


def overflown(ring):
    flush(ring)
    return words(ring).sq_flags & SqRingFlags.CQ_OVERFLOW


def test_an_event_behind_a_full_queue_is_not_lost_and_the_poll_has_one_last_cqe(ring, pipe):
    stage(ring, ops.PollAdd(pipe[0], multishot=True, user_data=POLL))
    assert not ring.cq()
    for _ in range(2):
        submit(ring, ops.Nop(user_data=NOP))
    os.write(pipe[1], b"foo")
    until(lambda: overflown(ring))
    assert [cqe.user_data for cqe in ring.cq()] == [NOP, NOP]
    flush(ring)
    submit(ring, ops.PollRemove(POLL, user_data=REMOVE))
    found = []
    while not {POLL, REMOVE} <= {cqe.user_data for cqe in found if cqe.final}:
        found += reap(ring)
    polls = [cqe for cqe in found if cqe.user_data == POLL]
    assert polls[0].res == PollEvents.IN
    assert [cqe.final for cqe in polls] == [False] * (len(polls) - 1) + [True]
    flush(ring)
    assert not ring.cq()


@pytest.mark.not_on(SQPOLL="the poll thread sees the pipe when it comes to it, and it is empty")
def test_where_the_queue_overflows_the_poll_ends_and_says_so(ring, pipe):
    reader, writer = pipe
    submit(ring, ops.PollAdd(reader, multishot=True, user_data=POLL))
    for _ in range(8):
        os.write(writer, b"x")
        flush(ring)
        os.read(reader, 1)
    found = []
    flush(ring)
    while ring.cq():
        found += ring.cq()
        flush(ring)
    assert 3 <= len(found) < 8
    assert [cqe.final for cqe in found] == [False] * (len(found) - 1) + [True]
    assert all(cqe.res == PollEvents.IN for cqe in found)
