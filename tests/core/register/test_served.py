"""Every register opcode of the running kernel is served, or there is a reason why not."""

from __future__ import annotations

import errno
from importlib import import_module

import pytest

from uringlab import IoUring, NotSupported, RingClosed
from uringlab.core.abi import RegisterOp
from uringlab.core.native import ffi
from uringlab.core.probe import register_ops
from uringlab.core.register import call, zcrx
from uringlab.core.register.served import DECLARED, SERVED


def test_there_is_no_gap_either_way():
    known = {int(op) for op in RegisterOp}
    assert register_ops() <= known, "the kernel has calls that have no name here"
    assert SERVED.keys() | DECLARED.keys() == set(RegisterOp)
    assert not SERVED.keys() & DECLARED.keys()
    assert all(DECLARED.values())


def test_what_is_not_served_on_this_kernel_is_zero_copy_receive_alone():
    missing = {op for op in DECLARED if op in register_ops() and op.since <= "6.18"}
    assert missing <= {RegisterOp.ZCRX_IFQ}
    with pytest.raises(NotSupported, match="network card"):
        zcrx.register_ifq()


@pytest.mark.parametrize("op", SERVED, ids=lambda op: op.name)
def test_what_serves_an_opcode_is_there_and_says_since_when(op):
    module, _, name = SERVED[op].rpartition(".")
    try:
        home = import_module(module)
    except ModuleNotFoundError:
        module, _, owner = module.rpartition(".")
        home = getattr(import_module(module), owner)
    served = getattr(home, name)
    assert op.since in served.__doc__
    assert (op.kernel_name in served.__doc__) or op is RegisterOp.PROBE


def test_a_call_that_the_kernel_does_not_know_is_not_made(monkeypatch):
    monkeypatch.setattr(call, "register_ops", frozenset)
    with IoUring(1) as ring:
        with pytest.raises(NotSupported, match=r"IORING_REGISTER_CLOCK: it came with Linux 6\.12"):
            ring.set_clock(1)
        with pytest.raises(NotSupported, match="RING_FDS"):
            ring.register_fd()
        with pytest.raises(NotSupported, match="PBUF_RING"):
            ring.buffer_ring()


def test_after_close_everything_says_so():
    ring = IoUring(1)
    files, buffers, eventfd = ring.files, ring.buffers, ring.eventfd
    ring.close()
    for attempt in (
        lambda: files.sparse(1),
        lambda: buffers.sparse(1),
        lambda: eventfd.enabled,
        ring.enable,
        ring.register_fd,
        lambda: ring.resize(8),
        ring.buffer_ring,
        lambda: ring.sync_cancel(1),
    ):
        with pytest.raises(RingClosed):
            attempt()


def test_a_fork_does_not_use_its_parents_ring(in_child):
    with IoUring(1) as ring:
        assert in_child(lambda: ring.files.sparse(1)) == "RingForked"
        buffers = ring.buffer_ring()
        assert in_child(lambda: buffers.recycle(0)) != "None"
        assert in_child(buffers.available) == "RingForked"


def test_what_counts_memory_is_one_of_a_kind():
    import copy
    import pickle

    with IoUring(1) as ring:
        for one in (ring.buffers, ring.buffer_ring()):
            for attempt in (copy.copy, copy.deepcopy, pickle.dumps):
                with pytest.raises(TypeError, match="one of a kind: it cannot be copied"):
                    attempt(one)
        assert ring.buffers is ring.buffers
        assert ring.files is ring.files


def test_no_ring_waits_for_the_garbage_collector():
    import gc
    import weakref

    gc.disable()
    try:
        ring = IoUring(1)
        ring.files.sparse(1)
        ring.buffers.sparse(1)
        held = ring.buffer_ring()
        gone = weakref.ref(ring)
        del ring
        assert gone() is None
        del held
    finally:
        gc.enable()


def test_an_errno_is_explained_where_it_comes_from():
    with IoUring(1) as ring, pytest.raises(OSError, match="UNREGISTER_FILES: ENXIO: the ring has"):
        ring.files.unregister()
    with IoUring(1) as ring, pytest.raises(OSError, match="IORING_REGISTER_FILES: EFAULT: an arg"):
        call.register(ring.handle, RegisterOp.FILES, ffi.NULL, 1)
    assert errno.EACCES in call.MEANINGS
