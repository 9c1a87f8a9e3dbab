"""The behaviours of liburing's test `cq-ready`: how many CQEs are ready is always known."""

from __future__ import annotations

import pytest
from ring_kinds import submit

from uringlab import ops


@pytest.fixture
def ring(make_ring):
    return make_ring(4)


def four_nops(ring):
    assert submit(ring, *[ops.Nop()] * 4) == 4


def test_none_is_ready_before_anything_was_asked(ring):
    assert ring.cq().ready() == 0


def test_each_completion_is_one_more_and_letting_go_of_all_leaves_none(ring):
    four_nops(ring)
    assert ring.cq().ready() == 4
    ring.cq().advance(4)
    assert ring.cq().ready() == 0


def test_letting_go_of_some_leaves_the_others(ring):
    four_nops(ring)
    for count, left in ((1, 3), (2, 1), (1, 0)):
        ring.cq().advance(count)
        assert ring.cq().ready() == left


def test_it_goes_on_where_the_indices_wrap_around_the_queue(ring):
    for _ in range(9):
        four_nops(ring)
        ring.cq().advance(3)
        assert ring.cq().ready() == 1
        ring.cq().advance(1)


def test_no_more_can_be_let_go_of_than_are_ready(ring):
    four_nops(ring)
    with pytest.raises(ValueError, match="4 ready"):
        ring.cq().advance(5)
    assert ring.cq().ready() == 4
