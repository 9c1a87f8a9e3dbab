"""The behaviours of liburing's test `submit-and-wait`: one call submits and waits, once."""

from __future__ import annotations

import errno
import time

import pytest
from ring_kinds import reap, results, stage

from uringlab import Features, Wait, ops

WAIT = 0.1


@pytest.fixture(autouse=True)
def _timed_waits(requires):
    requires(feature=Features.EXT_ARG)


@pytest.mark.parametrize("how", [{"timeout": WAIT}, {"wait": Wait(timeout=WAIT)}])
def test_it_answers_how_many_were_taken_though_fewer_completed_than_asked_for(ring, how):
    stage(ring, ops.Nop(user_data=3))
    started = time.monotonic()
    assert ring.submit_and_wait(2, **how) == 1
    assert time.monotonic() - started >= WAIT
    assert results(reap(ring)) == {3: 0}


def test_it_enters_the_kernel_once_and_does_not_wait_twice(ring):
    stage(ring, ops.Nop())
    ring.submit_and_wait(2, timeout=WAIT)
    assert ring.last_enter.serial == 1


def test_it_does_not_wait_for_what_is_there(ring):
    stage(ring, *[ops.Nop()] * 2)
    assert ring.submit_and_wait(2, timeout=60) == 2
    assert len(ring.cq()) == 2


def test_with_nothing_to_submit_the_end_of_the_time_is_an_error(ring):
    with pytest.raises(OSError, match="ETIME") as over:
        ring.submit_and_wait(1, timeout=WAIT)
    assert over.value.errno == errno.ETIME
