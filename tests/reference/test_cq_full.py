"""The behaviours of liburing's test `cq-full`: a full completion queue loses nothing."""

from __future__ import annotations

import pytest
from ring_kinds import flush, nothing_is_left, sq_flags, submit, words

from uringlab import Features, SqRingFlags, ops


@pytest.fixture
def ring(make_ring, requires):
    requires(feature=Features.NODROP)
    ring = make_ring(4)
    for first in (0, 4, 8):
        assert submit(ring, *(ops.Nop(user_data=first + at) for at in range(4))) == 4
    return ring


def names(ring):
    return [cqe.user_data for cqe in ring.cq()]


def test_the_queue_holds_its_eight_and_says_that_there_are_more(ring):
    assert ring.cq().ready() == 8
    assert SqRingFlags.CQ_OVERFLOW in sq_flags(ring)


def test_none_was_dropped(ring):
    assert words(ring).cq_overflow == 0


def test_the_rest_comes_once_there_is_room(ring):
    assert names(ring) == list(range(8))
    flush(ring)
    assert names(ring) == list(range(8, 12))
    assert SqRingFlags.CQ_OVERFLOW not in sq_flags(ring)
    assert nothing_is_left(ring)


def test_no_more_than_there_is_room_for_comes(ring):
    ring.cq().advance(1)
    flush(ring)
    assert [cqe.user_data for cqe in ring.cq().peek(64)] == list(range(1, 9))
    assert SqRingFlags.CQ_OVERFLOW in sq_flags(ring)


def test_submitting_brings_them_as_well(ring):
    assert names(ring) == list(range(8))
    ring.submit()
    assert names(ring) == list(range(8, 12))
