from __future__ import annotations

import errno
import time

import pytest

from uringlab import OperandError, Wait, ops
from uringlab.core.abi import RegisterOp


@pytest.fixture(autouse=True)
def _known(needs):
    needs(RegisterOp.CLOCK)


@pytest.mark.parametrize("clock", [time.CLOCK_BOOTTIME, time.CLOCK_MONOTONIC])
def test_a_point_in_time_is_one_of_the_clock_that_was_chosen(ring, clock):
    ring.set_clock(clock)
    until = time.clock_gettime(clock) + 0.02
    with pytest.raises(OSError, match="ETIME"):
        ring.cq(1, wait=Wait(timeout=until, absolute=True))
    assert time.clock_gettime(clock) >= until


def test_a_wait_of_some_seconds_is_as_long_by_any_clock(ring, run):
    ring.set_clock(time.CLOCK_BOOTTIME)
    started = time.monotonic()
    with pytest.raises(OSError, match="ETIME"):
        ring.cq(1, timeout=0.02)
    assert time.monotonic() - started >= 0.02
    assert run(ops.Nop()).res == 0


def test_other_clocks_are_refused(ring):
    with pytest.raises(OSError, match="EINVAL: the clock is neither") as why:
        ring.set_clock(time.CLOCK_REALTIME)
    assert why.value.errno == errno.EINVAL
    with pytest.raises(OperandError, match="is no clock"):
        ring.set_clock(-1)
