from __future__ import annotations

import errno
import signal
import threading
import time

import pytest

from uringlab import EnterFlags, IoUring, OperandError, Params, SetupFlags, ops
from uringlab.core.abi import RegisterOp


@pytest.fixture(autouse=True)
def _known(needs):
    needs(RegisterOp.MEM_REGION)


def begin(ring):
    """A region for a hundred waits, and the ring runs. No fixture: those are let go of late."""
    made = ring.wait_region(100)
    ring.enable()
    return made


def test_a_registered_wait_ends_when_its_time_is_over(disabled):
    region = begin(disabled)
    wait = region.set(99, timeout=0.02)
    started = time.monotonic()
    with pytest.raises(OSError, match="ETIME"):
        disabled.cq(1, wait=wait)
    assert time.monotonic() - started >= 0.02


def test_it_comes_back_with_completions(disabled):
    region = begin(disabled)
    disabled.sq().push(ops.Nop(user_data=6))
    disabled.submit_and_wait(1, wait=region.set(0, timeout=60))
    assert list(disabled.cq()) == [(6, 0, 0)]


def test_a_place_can_be_written_again(disabled):
    region = begin(disabled)
    region.set(3, timeout=3600)
    region.set(3, timeout=0)
    with pytest.raises(OSError, match="ETIME"):
        disabled.cq(1, wait=region[3])


def test_after_at_least_so_long_one_completion_will_do(disabled):
    region = begin(disabled)
    disabled.sq().push(ops.Nop())
    disabled.submit_and_wait(4, wait=region.set(1, timeout=60, at_least=0.01))
    assert len(disabled.cq()) == 1


def test_the_time_may_be_a_point_of_the_clock(disabled):
    region = begin(disabled)
    until = time.monotonic() + 0.02
    flags = EnterFlags.GETEVENTS | EnterFlags.ABS_TIMER
    answer = disabled.try_enter(0, 1, flags, wait=region.set(0, timeout=until))
    assert answer == -errno.ETIME
    assert time.monotonic() >= until


def test_signals_are_blocked_while_it_waits(disabled):
    region = begin(disabled)
    came = []
    before = signal.signal(signal.SIGUSR1, lambda *_: came.append(time.monotonic()))
    main = threading.get_ident()
    timer = threading.Timer(0.02, signal.pthread_kill, (main, signal.SIGUSR1))
    try:
        timer.start()
        started = time.monotonic()
        with pytest.raises(OSError, match="ETIME"):
            disabled.cq(1, wait=region.set(7, timeout=0.2, blocked=[signal.SIGUSR1]))
        assert time.monotonic() - started >= 0.2, "the signal did not end the wait"
        assert came
    finally:
        timer.join()
        signal.signal(signal.SIGUSR1, before)


def test_a_mask_lies_in_nobody_elses_place(disabled):
    region = begin(disabled)
    region.set(1, timeout=0)
    region.set(8, blocked=[signal.SIGUSR1])
    with pytest.raises(OSError, match="ETIME"):
        disabled.cq(1, wait=region[1])


def test_the_ring_holds_the_region_until_it_is_closed(blocks):
    with IoUring(2, Params(flags=SetupFlags.R_DISABLED)) as ring:
        ring.wait_region()
        assert blocks() == 1
    assert blocks() == 0


def test_refusals_say_what_they_mean(disabled, ring, blocks):
    with pytest.raises(OSError, match="EINVAL: the ring has started"):
        ring.wait_region()
    region = disabled.wait_region(2)
    with pytest.raises(OSError, match="EBUSY: the ring has a region already"):
        disabled.wait_region()
    assert blocks() == 1
    for place in (-1, 2):
        with pytest.raises(IndexError, match="of a region for 2 waits"):
            region.set(place)
    with pytest.raises(OperandError, match="0 waits"):
        disabled.wait_region(0)
    assert (len(region), repr(region)) == (2, "<WaitRegion: 2 waits>")


def test_a_wait_outside_the_region_is_efault(ring):
    from uringlab import Wait

    with pytest.raises(OSError, match="EFAULT") as why:
        ring.cq(1, wait=Wait(registered=0))
    assert why.value.errno == errno.EFAULT
