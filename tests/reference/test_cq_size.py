"""The behaviours of liburing's test `cq-size`: the completion queue is as large as asked for."""

from __future__ import annotations

import errno

import pytest
from ring_kinds import submit, words

from uringlab import SetupFlags, ops


def test_it_has_twice_the_submission_queues_entries_if_nothing_is_asked(make_ring):
    assert make_ring(4).params.cq_entries == 8


@pytest.mark.parametrize(("asked", "given"), [(4, 4), (64, 64), (65, 128)])
def test_it_has_what_was_asked_for_rounded_up_to_a_power_of_two(make_ring, asked, given):
    ring = make_ring(4, cq_entries=asked)
    assert ring.params.cq_entries == words(ring).cq_entries == given


def test_as_many_completions_fit_as_it_has_entries(make_ring):
    ring = make_ring(4, cq_entries=64)
    for _ in range(16):
        submit(ring, *[ops.Nop()] * 4)
    assert ring.cq().ready() == 64
    assert not words(ring).sq_flags & 2


@pytest.mark.parametrize("asked", [0, 2], ids=["none", "fewer than SQEs"])
def test_too_small_a_size_is_refused(make_ring, asked):
    with pytest.raises(OSError, match="cq_entries") as refused:
        make_ring(4, flags=SetupFlags.CQSIZE, cq_entries=asked)
    assert refused.value.errno == errno.EINVAL
