"""Provided buffers, handed over by requests."""

from __future__ import annotations

import errno
import os

import pytest

from uringlab import Buffer, IoUring, OperandError, ops
from uringlab.core import abi
from uringlab.core.buffers import BadPage, memory_stats

SHIFT = abi.CQE_BUFFER_SHIFT


def examples():
    buffer = Buffer(64)
    return [
        (
            ops.ProvideBuffers(buffer, 7, count=4, bid=9),
            f"PROVIDE_BUFFERS buf={buffer.address:#x} group=7 count=4 size=16 bid=9",
        ),
        (ops.RemoveBuffers(7, 4), "REMOVE_BUFFERS group=7 count=4"),
    ]


def picked(cqe):
    return cqe.flags >> SHIFT


def test_what_is_provided_is_picked_and_can_be_provided_again(run, complete, pipe):
    room = Buffer(32)
    assert run(ops.ProvideBuffers(room, 7, count=2)) == 0
    ids = []
    for text in (b"a", b"b"):
        os.write(pipe[1], text)
        ids.append(picked(complete(ops.Read(pipe[0], group=7, len=16))))
    assert sorted(ids) == [0, 1]
    os.write(pipe[1], b"c")
    assert run(ops.Read(pipe[0], group=7, len=16)) == -errno.ENOBUFS
    assert run(ops.ProvideBuffers(room.part(16), 7, bid=1)) == 0
    cqe = complete(ops.Read(pipe[0], group=7, len=16))
    assert (cqe.res, picked(cqe)) == (1, 1)
    assert room.view[16] == ord("c")


def test_a_buffer_is_never_overrun(run, complete, pipe):
    room = Buffer.of(b"." * 12)
    assert run(ops.ProvideBuffers(room, 7, count=2, size=4, bid=40)) == 0
    os.write(pipe[1], b"0123456789")
    cqe = complete(ops.Read(pipe[0], group=7, len=99))
    assert (cqe.res, picked(cqe)) == (4, 40)
    assert bytes(room) == b"0123" + b"." * 8


def test_groups_are_apart(run, complete, pipe):
    one, two = Buffer(4), Buffer(4)
    assert run(ops.ProvideBuffers(one, 1)) == 0
    assert run(ops.ProvideBuffers(two, 2**16 - 1)) == 0
    os.write(pipe[1], b"text")
    assert run(ops.Read(pipe[0], group=2**16 - 1, len=4)) == 4
    assert (bytes(one), bytes(two)) == (bytes(4), b"text")


def test_remove_buffers_takes_back_what_nobody_picked(run, pipe):
    assert run(ops.RemoveBuffers(7, 1)) == -errno.ENOENT
    assert run(ops.ProvideBuffers(Buffer(32), 7, count=4)) == 0
    assert run(ops.RemoveBuffers(7, 3)) == 3
    assert run(ops.RemoveBuffers(7, 3)) == 1
    os.write(pipe[1], b"x")
    assert run(ops.Read(pipe[0], group=7, len=8)) == -errno.ENOBUFS


def test_the_ring_holds_what_was_provided_until_it_is_closed(pipe, collect):
    before = memory_stats()[0]
    with IoUring(4) as ring:
        for _ in range(2):  # the same buffer again is held once
            buffer = Buffer(16)
            for bid in (0, 1):
                ring.sq().push(ops.ProvideBuffers(buffer.part(bid * 8, 8), 7, bid=bid))
            del buffer
        collect()
        ring.submit_and_wait(4, timeout=5)
        assert [cqe.res for cqe in ring.cq()] == [0] * 4
        collect()
        assert memory_stats()[0] - before == 2
        os.write(pipe[1], b"x")
        ring.sq().push(ops.Read(pipe[0], group=7, len=8))
        ring.sq().push(ops.RemoveBuffers(7, 99))
        ring.submit_and_wait(2, timeout=5)
        assert sorted(cqe.res for cqe in ring.cq()) == [1, 3]
        assert memory_stats()[0] - before == 2, "removed or not"
    assert memory_stats()[0] == before


def test_the_bad_page_as_a_provided_buffer_is_efault_when_it_is_used(run, pipe):
    assert run(ops.ProvideBuffers(BadPage(), 7)) == 0
    os.write(pipe[1], b"x")
    assert run(ops.Read(pipe[0], group=7, len=8)) == -errno.EFAULT


def test_ids_beyond_16_bits_are_refused_by_the_kernel(run):
    assert run(ops.ProvideBuffers(Buffer(8), 7, count=2, bid=2**16 - 1)) in {
        -errno.EINVAL,
        -errno.E2BIG,
        -errno.EOVERFLOW,
    }


@pytest.mark.parametrize(
    "make",
    [
        lambda: ops.ProvideBuffers(Buffer(8), 7, count=0),
        lambda: ops.ProvideBuffers(Buffer(8), 7, count=9),
        lambda: ops.ProvideBuffers(Buffer(8), 7, count=2**16 + 1),
        lambda: ops.ProvideBuffers(Buffer(8), 7, count=2, size=5),
        lambda: ops.ProvideBuffers(Buffer(8), 7, size=-1),
        lambda: ops.ProvideBuffers(Buffer(8), 7, size=0),
        lambda: ops.ProvideBuffers(Buffer(0), 7),
        lambda: ops.ProvideBuffers(Buffer(8), 2**16),
        lambda: ops.ProvideBuffers(Buffer(8), -1),
        lambda: ops.ProvideBuffers(Buffer(8), 7, bid=2**16),
        lambda: ops.ProvideBuffers(b"bytes", 7),
        lambda: ops.ProvideBuffers(0x1000, 7),
        lambda: ops.RemoveBuffers(7, 0),
        lambda: ops.RemoveBuffers(7, 2**16 + 1),
        lambda: ops.RemoveBuffers(2**16, 1),
        lambda: ops.RemoveBuffers("7", 1),
    ],
)
def test_what_does_not_fit_is_refused(make):
    with pytest.raises(OperandError):
        make()
