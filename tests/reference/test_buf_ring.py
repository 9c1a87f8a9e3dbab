"""The behaviours of liburing's test `buf-ring`: a ring of buffers that the kernel picks from."""

from __future__ import annotations

import errno
import os

import pytest
from ring_kinds import ask, one, run

from uringlab import Buffer, RingError, ops
from uringlab.core.abi import BUF, BUF_REG, MAX_BUF_RING_ENTRIES, RegisterOp
from uringlab.core.buffers import BadPage
from uringlab.core.probe import register_ops
from uringlab.core.register.buffer_ring import buffer_of

PAGE = 4096
SIZE = 8

group = pytest.mark.parametrize("group", [1, 127])
memory = pytest.mark.parametrize("kernel_memory", [False, True], ids=["own", "the kernel's"])


@pytest.fixture(autouse=True)
def _there_is_such_a_call():
    if RegisterOp.PBUF_RING not in register_ops():
        pytest.skip(f"needs {RegisterOp.PBUF_RING.kernel_name}")


@pytest.fixture
def zeros():
    fd = os.open("/dev/zero", os.O_RDONLY)
    yield fd
    os.close(fd)


def bare_register(ring, address, entries, group):
    return ask(
        ring,
        RegisterOp.PBUF_RING,
        BUF_REG.pack(ring_addr=address, ring_entries=entries, bgid=group),
        1,
    )[0]


def bare_unregister(ring, group):
    return ask(ring, RegisterOp.UNREGISTER_PBUF_RING, BUF_REG.pack(bgid=group), 1)[0]


# -- making it and giving it up -----------------------------------------------------------------


@group
@memory
@pytest.mark.parametrize("entries", [1, 32, MAX_BUF_RING_ENTRIES])
def test_it_is_made_and_given_up_and_made_again(ring, group, kernel_memory, entries):
    for _ in range(2):
        bufs = ring.buffer_ring(group, entries, buffers=[Buffer(SIZE)], kernel_memory=kernel_memory)
        bufs.unregister()
    with pytest.raises(RingError, match="unregistered"):
        bufs.unregister()


@group
def test_at_a_bad_address_there_is_none(ring, group):
    assert bare_register(ring, BadPage().address, 32, group) < 0
    assert bare_unregister(ring, group) == -errno.ENOENT


@pytest.mark.parametrize("entries", [0, 3, 2 * MAX_BUF_RING_ENTRIES])
def test_its_size_is_a_power_of_two_and_not_too_large(ring, entries):
    with pytest.raises(OSError, match="EINVAL: the number of entries"):
        ring.buffer_ring(1, entries, buffers=[])


@group
def test_a_group_has_one_and_it_is_given_up_once(ring, group):
    bufs = ring.buffer_ring(group, 32, buffers=[])
    with pytest.raises(OSError, match="EEXIST: the group has buffers already"):
        ring.buffer_ring(group, 32, buffers=[])
    bufs.unregister()
    assert bare_unregister(ring, group) in (-errno.ENOENT, -errno.EINVAL)


@group
def test_where_there_are_provided_buffers_there_is_no_ring_of_them(ring, group):
    assert one(ring, ops.ProvideBuffers(Buffer(8 * 1024), group, count=8)).res == 0
    with pytest.raises(OSError, match="EEXIST"):
        ring.buffer_ring(group, 32, buffers=[])


@group
def test_where_there_is_a_ring_of_them_none_are_provided(ring, group):
    bufs = ring.buffer_ring(group, 32, buffers=[])
    res = one(ring, ops.ProvideBuffers(Buffer(8 * 1024), group, count=8)).res
    assert res in (-errno.EEXIST, -errno.EINVAL)
    bufs.unregister()


@group
def test_it_may_fill_its_page_to_the_last_byte(ring, group):
    page = Buffer(PAGE)  # behind it, there is nothing
    assert bare_register(ring, page.address, PAGE // BUF.size, group) == 0
    assert bare_unregister(ring, group) == 0


# -- using it -----------------------------------------------------------------------------------


@memory
@pytest.mark.parametrize("entries", [1, 8, 256])
def test_each_buffer_is_picked_once_a_turn_and_then_there_are_none(
    make_ring, zeros, entries, kernel_memory
):
    ring = make_ring(max(entries, 8))
    bufs = ring.buffer_ring(2, entries, SIZE, kernel_memory=kernel_memory, fill=False)
    for _ in range(3):
        bufs.recycle(*range(entries))
        for bid in range(entries):
            bufs.view(bid)[:] = b"\1" * SIZE
        reads = [ops.Read(zeros, len=1, group=2, user_data=at) for at in range(entries)]
        picked = []
        for cqe in run(ring, *reads):
            assert cqe.res == 1
            [piece] = bufs.take(cqe)
            assert bytes(bufs.view(piece.bid)) == b"\0" + b"\1" * (SIZE - 1)
            picked.append(piece.bid)
        assert sorted(picked) == list(range(entries))
        cqe = one(ring, ops.Read(zeros, len=1, group=2, user_data=99))
        assert cqe.res == -errno.ENOBUFS
        assert buffer_of(cqe) is None
    bufs.unregister()


def test_the_largest_one_gives_every_buffer(make_ring, zeros):
    ring = make_ring(64)
    whole = Buffer(SIZE * MAX_BUF_RING_ENTRIES)
    parts = [whole.part(at * SIZE, SIZE) for at in range(MAX_BUF_RING_ENTRIES)]
    bufs = ring.buffer_ring(2, MAX_BUF_RING_ENTRIES, buffers=parts)
    assert bufs.available() == MAX_BUF_RING_ENTRIES
    read = ops.Read(zeros, len=1, group=2)
    for first in range(0, 1024, 64):
        found = [buffer_of(cqe) for cqe in run(ring, *[read] * 64)]
        assert sorted(found) == list(range(first, first + 64))
    assert bufs.available() == MAX_BUF_RING_ENTRIES - 1024
    bufs.unregister()


def test_once_it_is_given_up_there_are_no_buffers(ring, zeros):
    bufs = ring.buffer_ring(2, 8, SIZE)
    assert one(ring, ops.Read(zeros, len=1, group=2)).res == 1
    bufs.unregister()
    assert one(ring, ops.Read(zeros, len=1, group=2)).res == -errno.ENOBUFS
