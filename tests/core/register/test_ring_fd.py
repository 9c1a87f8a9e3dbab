from __future__ import annotations

import threading

import pytest

from uringlab import EnterFlags, IoUring, Params, SetupFlags, ops
from uringlab.core.abi import RegisterOp

ONLY_AN_INDEX = SetupFlags.NO_MMAP | SetupFlags.REGISTERED_FD_ONLY


@pytest.fixture(autouse=True)
def _known(needs):
    needs(RegisterOp.RING_FDS)


def test_a_registered_ring_is_entered_by_its_index(ring, run):
    index = ring.register_fd()
    assert (index.registered, index.enter_flags) == (True, EnterFlags.REGISTERED_RING)
    assert run(ops.Nop(user_data=3)) == (3, 0, 0)
    with pytest.raises(OSError, match="EEXIST: the ring is registered already"):
        ring.register_fd()
    ring.unregister_fd()
    assert run(ops.Nop(user_data=4)) == (4, 0, 0)
    with pytest.raises(OSError, match="ENXIO: the ring is not registered"):
        ring.unregister_fd()


def test_another_thread_enters_by_the_fd_and_cannot_unregister(ring, run):
    ring.register_fd()
    seen = []

    def elsewhere():
        seen.append(run(ops.Nop(user_data=5)))
        with pytest.raises(OSError, match="ESRCH: another thread has registered it"):
            ring.unregister_fd()

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert seen == [(5, 0, 0)]


def test_whoever_says_that_the_fd_is_an_index_enters_the_same_ring(ring):
    ring.sq().push(ops.Nop())
    assert ring.submit(EnterFlags.REGISTERED_RING) == 1
    assert ring.enter(0, 0, EnterFlags.REGISTERED_RING | EnterFlags.GETEVENTS) == 0


@pytest.mark.parametrize("flags", [SetupFlags(0), ONLY_AN_INDEX])
def test_what_another_thread_closed_takes_none_of_a_threads_places(requires, flags):
    requires(setup_flag=flags)
    for _ in range(2 * 16 + 1):
        ring = IoUring(1, Params(flags=flags))
        if not flags:
            ring.register_fd()
        closer = threading.Thread(target=ring.close)
        closer.start()
        closer.join()
    with IoUring(1) as ring:
        assert ring.register_fd().number == 0, "all places are free"


def test_a_thread_has_16_places(ring):
    rings = [IoUring(1) for _ in range(16)]
    try:
        for one in rings:
            one.register_fd()
        with pytest.raises(OSError, match="EBUSY: this thread has 16 rings registered already"):
            ring.register_fd()
    finally:
        for one in rings:
            one.close()
    ring.register_fd()


def test_the_only_door_stays(requires):
    flags = SetupFlags.NO_MMAP | SetupFlags.REGISTERED_FD_ONLY
    requires(setup_flag=flags)
    with (
        IoUring(2, Params(flags=flags)) as ring,
        pytest.raises(OSError, match="EPERM: the index is the ring's only door"),
    ):
        ring.unregister_fd()
