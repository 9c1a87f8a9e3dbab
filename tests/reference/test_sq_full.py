"""The behaviours of liburing's test `sq-full`: there are as many SQEs as entries, and no more."""

from __future__ import annotations

import pytest
from ring_kinds import nothing_is_left, run, words

from uringlab import SubmissionQueueFull, ops


def test_a_queue_of_eight_gives_eight_slots(ring):
    taken = 0
    while ring.sq():
        ring.sq().push(ops.Nop(user_data=taken))
        taken += 1
    assert taken == 8


def test_the_ninth_is_refused_and_nothing_is_written(ring):
    ring.sq().push_all([ops.Nop(user_data=at) for at in range(8)])
    local = words(ring).sq_local
    for one_more in (ring.sq().slot, lambda: ring.sq().push(ops.Nop(user_data=99))):
        with pytest.raises(SubmissionQueueFull):
            one_more()
    assert words(ring).sq_local == local
    assert [cqe.user_data for cqe in run(ring, count=8)] == list(range(8))


def test_several_are_taken_all_or_none(ring):
    ring.sq().push_all([ops.Nop(user_data=at) for at in range(6)])
    with pytest.raises(SubmissionQueueFull):
        ring.sq().push_all([ops.Nop()] * 3)
    assert len(ring.sq()) == 2


def test_the_slots_are_free_again_once_the_kernel_has_taken_them(ring):
    for _ in range(3):
        ring.sq().push_all([ops.Nop()] * 8)
        assert not ring.sq()
        run(ring, count=8)
        assert len(ring.sq()) == 8
    assert nothing_is_left(ring)
