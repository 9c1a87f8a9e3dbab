"""The behaviours of liburing's test `sq-space_left`: the space that is left is always known."""

from __future__ import annotations

import errno

import pytest
from ring_kinds import reap, stage, stage_raw, submit

from uringlab import SetupFlags, ops

NOBODYS = 0xFE
"""An opcode that no kernel has."""


def test_each_slot_that_is_taken_is_one_less(ring):
    assert len(ring.sq()) == 8
    for left in range(7, -1, -1):
        ring.sq().push(ops.Nop())
        assert len(ring.sq()) == left


def stage_seventeen(ring):
    stage(ring, *(ops.Nop(user_data=at) for at in range(8)))
    stage_raw(ring, opcode=NOBODYS, user_data=8)
    stage(ring, *(ops.Nop(user_data=at) for at in range(9, 17)))


def results_in_order(ring):
    return [(cqe.user_data, cqe.res) for cqe in reap(ring, 17)]


AS_THEY_MUST_BE = [(at, -errno.EINVAL if at == 8 else 0) for at in range(17)]


@pytest.mark.not_on(SQPOLL="the poll thread goes on by itself")
def test_a_bad_sqe_ends_the_submission_behind_it_and_the_rest_is_still_there(make_ring):
    ring = make_ring(32)
    stage_seventeen(ring)
    assert len(ring.sq()) == 32 - 17
    assert submit(ring) == 9
    assert len(ring.sq()) == 32 - 8
    assert submit(ring) == 8
    assert len(ring.sq()) == 32
    assert submit(ring) == 0
    assert results_in_order(ring) == AS_THEY_MUST_BE


def test_with_submit_all_a_bad_sqe_ends_nothing(make_ring):
    ring = make_ring(32, flags=SetupFlags.SUBMIT_ALL)
    stage_seventeen(ring)
    assert submit(ring) == 17
    assert len(ring.sq()) == 32
    assert results_in_order(ring) == AS_THEY_MUST_BE


@pytest.mark.only_on("SQPOLL", why="others stop and say where")
def test_the_poll_thread_comes_back_for_what_is_behind_a_bad_sqe(make_ring):
    ring = make_ring(32)
    stage_seventeen(ring)
    assert submit(ring) == 17
    assert results_in_order(ring) == AS_THEY_MUST_BE
    assert len(ring.sq()) == 32
