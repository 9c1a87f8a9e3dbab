"""The behaviours of liburing's test `sync-cancel`: cancel, and come back when it is done."""

from __future__ import annotations

import errno
from contextlib import suppress

import pytest
from ring_kinds import flush, nothing_is_left, reap, submit, until

from uringlab import Buffer, Opcode, SqeFlags, ops
from uringlab.core.abi import RegisterOp
from uringlab.core.probe import register_ops

NAME = 0x89


@pytest.fixture(autouse=True)
def _there_is_such_a_call():
    if RegisterOp.SYNC_CANCEL not in register_ops():
        pytest.skip(f"needs {RegisterOp.SYNC_CANCEL.kernel_name}")


def reads_wait(ring, pipe, count, how):
    reads = [ops.Read(pipe[0], Buffer(32), user_data=NAME, flags=how) for _ in range(count)]
    assert submit(ring, *reads) == count


def all_have_failed(ring, count):
    # A worker has let go of the request then, and its CQE may be a moment behind.
    assert all(cqe.user_data == NAME and cqe.res < 0 for cqe in reap(ring, count))
    return nothing_is_left(ring)


def cancel_all_of(ring, count, **which):
    """Cancel until all have ended: between a worker and a poll, none is found for a moment."""

    def ended():
        with suppress(FileNotFoundError):
            ring.sync_cancel(**which, every=True, timeout=200)
        flush(ring)
        return len(ring.cq()) == count

    until(ended)


inline_or_async = pytest.mark.parametrize("how", [SqeFlags(0), SqeFlags.ASYNC], ids=["", "ASYNC"])


@inline_or_async
@pytest.mark.parametrize("named", ["by name", "by file", "by opcode", "by all of them"])
@pytest.mark.parametrize("count", [1, 4])
def test_when_it_comes_back_the_requests_have_ended(ring, pipe, how, named, count):
    reads_wait(ring, pipe, count, how)
    which = {
        "by name": {"user_data": NAME},
        "by file": {"fd": pipe[0]},
        "by opcode": {"op": Opcode.READ},
        "by all of them": {"user_data": NAME, "fd": pipe[0], "op": Opcode.READ},
    }[named]
    if not how:
        assert ring.sync_cancel(**which, every=count > 1, timeout=200) >= 0
    else:
        cancel_all_of(ring, count, **which)
    assert all_have_failed(ring, count)


@inline_or_async
def test_it_waits_no_longer_than_it_is_told(ring, pipe, how):
    reads_wait(ring, pipe, 1, how)
    try:
        ring.sync_cancel(op=Opcode.READ, timeout=1e-9)
    except OSError as why:
        assert how  # a worker takes its time; what only waits is gone at once
        assert why.errno in (errno.ETIME, errno.ENOENT)
    cancel_all_of(ring, 1, op=Opcode.READ)
    assert all_have_failed(ring, 1)


def test_without_every_one_of_them_ends(ring, pipe):
    reads_wait(ring, pipe, 2, SqeFlags(0))
    ring.sync_cancel(NAME)
    assert all_have_failed(ring, 1)
    assert ring.sync_cancel(anything=True) == 1
    assert all_have_failed(ring, 1)


def test_what_is_not_there_is_not_found(ring, pipe):
    with pytest.raises(OSError, match="ENOENT: no request was found"):
        ring.sync_cancel(NAME, timeout=1)
    reads_wait(ring, pipe, 1, SqeFlags(0))
    with pytest.raises(OSError, match="ENOENT"):
        ring.sync_cancel(NAME, op=Opcode.WRITE, timeout=1)
    ring.sync_cancel(NAME, op=Opcode.READ, timeout=200)
    assert all_have_failed(ring, 1)
