"""The behaviours of liburing's test `drop-submit`: what a bad SQE does to those behind it."""

from __future__ import annotations

import errno

import pytest
from ring_kinds import reap, stage, stage_raw, submit

from uringlab import Buffer, Opcode, SetupFlags, ops


def stage_four_and_two_bad_ones(ring):
    stage(ring, *(ops.Nop(user_data=at) for at in range(4)))
    for at in (4, 5):
        # No such priority: that is seen when the SQE is prepared, not when it is issued.
        stage_raw(
            ring, opcode=Opcode.READ, fd=0, addr=Buffer(32), len=32, ioprio=0xFFFF, user_data=at
        )


AS_THEY_MUST_BE = [(at, -errno.EINVAL if at >= 4 else 0) for at in range(6)]


@pytest.mark.not_on(SQPOLL="the poll thread goes on by itself")
def test_submission_stops_behind_the_first_bad_one(ring):
    stage_four_and_two_bad_ones(ring)
    assert submit(ring) == 5
    assert submit(ring) == 1
    assert [cqe[:2] for cqe in reap(ring, 6)] == AS_THEY_MUST_BE


def test_with_submit_all_it_goes_on(make_ring):
    ring = make_ring(flags=SetupFlags.SUBMIT_ALL)
    stage_four_and_two_bad_ones(ring)
    assert submit(ring) == 6
    assert [cqe[:2] for cqe in reap(ring, 6)] == AS_THEY_MUST_BE
