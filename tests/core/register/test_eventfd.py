from __future__ import annotations

import errno
import os

import pytest

from uringlab import Buffer, OperandError, OwnedFd, SqeFlags, ops
from uringlab.core.abi import CqRingFlags
from uringlab.core.native import ffi, lib


@pytest.fixture
def events():
    with OwnedFd(os.eventfd(0, os.EFD_NONBLOCK)) as fd:
        yield fd


def count(events):
    try:
        return os.eventfd_read(events.number)
    except BlockingIOError:
        return 0


def test_every_completion_signals_it(ring, run, events):
    ring.eventfd.register(events)
    assert count(events) == 0
    run(ops.Nop())
    assert count(events) == 1
    ring.eventfd.unregister()
    run(ops.Nop())
    assert count(events) == 0


def test_the_fd_may_be_closed(ring, run, events):
    twin = os.dup(events.number)
    ring.eventfd.register(twin)
    os.close(twin)
    run(ops.Nop())
    assert count(events) == 1


def test_async_only_is_not_signalled_by_what_is_done_at_once(ring, run, events, tmp_path):
    ring.eventfd.register(events, async_only=True)
    run(ops.Nop())
    assert count(events) == 0
    (tmp_path / "file").write_bytes(b"x")
    with OwnedFd(os.open(tmp_path / "file", os.O_RDONLY)) as fd:
        run(ops.Read(fd, Buffer(8), flags=SqeFlags.ASYNC))
    assert count(events) == 1, "a worker thread did it"


def test_it_is_switched_off_and_on_without_a_call(ring, run, events):
    ring.eventfd.register(events)
    assert ring.eventfd.enabled
    ring.eventfd.enabled = False
    assert not ring.eventfd.enabled
    words = ffi.new("struct ul_words *")
    lib.ul_ring_words(ring.handle, words)
    assert words.cq_flags == CqRingFlags.EVENTFD_DISABLED
    run(ops.Nop())
    assert count(events) == 0
    ring.eventfd.enabled = True
    assert count(events) == 0, "what came meanwhile signals nothing later"
    run(ops.Nop())
    assert count(events) == 1


def test_refusals_say_what_they_mean(ring, events, pipe):
    with pytest.raises(OSError, match="ENXIO: the ring has no eventfd"):
        ring.eventfd.unregister()
    with pytest.raises(OSError, match="EINVAL: the fd is no eventfd"):
        ring.eventfd.register(pipe[0])
    with pytest.raises(OSError, match="EBADF: the fd is not open") as why:
        ring.eventfd.register(-1)
    with pytest.raises(OperandError, match="is no fd"):
        ring.eventfd.register(2**31)
    assert why.value.errno == errno.EBADF
    ring.eventfd.register(events)
    with pytest.raises(OSError, match="EBUSY: the ring has an eventfd already"):
        ring.eventfd.register(events, async_only=True)
