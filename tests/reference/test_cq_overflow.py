"""The behaviours of liburing's test `cq-overflow`: nothing is lost, mixed up or starved."""

from __future__ import annotations

import errno
import itertools
import os

import pytest
from ring_kinds import flush, nothing_is_left, reap, results, sq_flags, submit, words

from uringlab import Buffer, SetupFlags, SqRingFlags, ops
from uringlab.core.buffers import BadPage

BLOCK = 4096


def test_completions_come_back_in_the_order_of_the_requests(make_ring):
    ring = make_ring(4)
    for first in range(0, 16, 4):
        assert submit(ring, *(ops.Nop(user_data=first + at) for at in range(4))) == 4
    assert [cqe.user_data for cqe in reap(ring, 16)] == list(range(16))
    assert words(ring).cq_overflow == 0
    assert nothing_is_left(ring)


@pytest.mark.parametrize("batch", [1, 2], ids=["one by one", "two at a time"])
@pytest.mark.parametrize("cq_entries", [2, 4])
@pytest.mark.parametrize("iopoll", [SetupFlags(0), SetupFlags.IOPOLL], ids=["", "IOPOLL"])
def test_requests_that_are_asked_again_and_again_all_get_their_turn(
    make_ring, batch, cq_entries, iopoll
):
    ring = make_ring(2, cq_entries=cq_entries, flags=iopoll)
    turns = [0] * 8
    for name in range(8):
        submit(ring, ops.Nop(user_data=name))
    again = []
    for _ in range(128):
        if SqRingFlags.CQ_OVERFLOW in sq_flags(ring):
            flush(ring)
        else:
            for name in again:
                submit(ring, ops.Nop(user_data=name))
            again.clear()
        for cqe in ring.cq(1, timeout=10).drain(batch):
            turns[cqe.user_data] += 1
            again.append(cqe.user_data)
    assert sum(turns) >= 128
    assert all(abs(one - other) <= 1 for one, other in itertools.pairwise(turns)), turns
    # What is still under way comes back, too.
    reap(ring, 8 - len(again))
    assert nothing_is_left(ring)
    assert words(ring).cq_overflow == 0


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(os.urandom(16 * BLOCK))
    fd = os.open(path, os.O_RDONLY)
    yield fd, path.read_bytes()
    os.close(fd)


def reads(fd, buffers, broken=None):
    for at, buffer in enumerate(buffers):
        target = BadPage() if at == broken else buffer
        yield ops.Read(fd, target, len=BLOCK, off=at % 16 * BLOCK, user_data=at)


@pytest.mark.parametrize("broken", [None, 12], ids=["all well", "one fails"])
def test_reads_that_overflow_the_queue_all_complete_once(ring, file, broken):
    fd, data = file
    buffers = [Buffer(BLOCK) for _ in range(64)]
    for read in reads(fd, buffers, broken):
        assert submit(ring, read) == 1
    assert SqRingFlags.CQ_OVERFLOW in sq_flags(ring)
    found = results(reap(ring, 64))
    assert found.pop(broken, -errno.EFAULT) == -errno.EFAULT
    assert set(found.values()) == {BLOCK}
    for at in found:
        assert bytes(buffers[at]) == data[at % 16 * BLOCK :][:BLOCK]
    assert words(ring).cq_overflow == 0
    assert nothing_is_left(ring)
