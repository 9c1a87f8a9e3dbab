"""The behaviours of liburing's test `cq-peek-batch`: many CQEs are looked at, and stay."""

from __future__ import annotations

import pytest
from ring_kinds import submit

from uringlab import CqeBatch, ops


@pytest.fixture
def ring(make_ring):
    return make_ring(4)


def four_nops(ring, first):
    assert submit(ring, *(ops.Nop(user_data=first + at) for at in range(4))) == 4


def names(cqes):
    return [cqe.user_data for cqe in cqes]


def test_there_is_nothing_to_see_in_an_empty_queue(ring):
    assert ring.cq().peek(4) == []


def test_a_peek_shows_the_oldest_first_and_takes_nothing(ring):
    four_nops(ring, 0)
    for _ in range(2):
        assert names(ring.cq().peek(4)) == [0, 1, 2, 3]
        assert names(ring.cq().peek(2)) == [0, 1]
    assert ring.cq().ready() == 4


def test_after_letting_go_the_next_ones_are_seen(ring):
    four_nops(ring, 0)
    assert names(ring.cq().peek(4)) == [0, 1, 2, 3]
    four_nops(ring, 4)
    assert names(ring.cq().peek(4)) == [0, 1, 2, 3]
    ring.cq().advance(4)
    assert names(ring.cq().peek(4)) == [4, 5, 6, 7]
    ring.cq().advance(4)
    assert ring.cq().peek(4) == []


def test_no_more_are_shown_than_there_are(ring):
    four_nops(ring, 0)
    assert names(ring.cq().peek(100)) == [0, 1, 2, 3]


def test_a_batch_is_taken_as_it_was_seen(ring):
    four_nops(ring, 0)
    seen = ring.cq().peek(4)
    batch = CqeBatch(8)
    assert ring.cq().drain_into(batch) == 4
    assert list(batch) == [tuple(cqe) for cqe in seen]
