from __future__ import annotations

import threading

import pytest

from uringlab import EnterFlags, IoUring, Params, SetupFlags, ops
from uringlab.core.abi import RegisterOp


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
