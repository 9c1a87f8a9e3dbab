"""Requests that are encoded once, and pushed together and often."""

from __future__ import annotations

import os

import pytest

from uringlab import (
    Buffer,
    CqeBatch,
    IoUring,
    Opcode,
    Params,
    Prepared,
    SetupFlags,
    SqeFlags,
    SubmissionQueueFull,
    ops,
)
from uringlab.core.buffers import memory_stats


@pytest.fixture
def ring():
    with IoUring(8) as ring:
        yield ring


def test_they_are_pushed_in_their_order_as_often_as_you_like(ring):
    many = Prepared(ops.Nop(user_data=number) for number in range(5))
    batch = CqeBatch(8)
    for turn in range(50):
        assert ring.sq().push_all(many) == 5 * turn
        assert ring.submit_and_drain(batch, 5) == 5
        assert list(batch.user_data) == [0, 1, 2, 3, 4]


def test_all_are_pushed_or_none(ring):
    many = Prepared(ops.Nop(user_data=number) for number in range(5))
    ring.sq().push_all(many)
    with pytest.raises(SubmissionQueueFull):
        ring.sq().push_all(many)
    assert len(ring.sq()) == 3
    assert ring.submit_and_wait(5) == 5
    assert len(list(ring.cq())) == 5


def test_as_many_as_there_are_slots_fit_and_one_more_does_not(ring):
    ring.sq().push_all([ops.Nop() for _ in range(8)])
    assert not ring.sq()
    ring.submit()
    with pytest.raises(SubmissionQueueFull):
        ring.sq().push_all([ops.Nop() for _ in range(9)])
    assert len(ring.sq()) == 8


def test_none_is_no_push(ring):
    assert ring.sq().push_all([]) == 0
    assert ring.submit() == 0
    assert len(Prepared([])) == 0


def test_they_keep_their_memory_and_so_do_the_requests(ring, pipe, collect):
    before = memory_stats()[0]
    many = Prepared([ops.Read(pipe[0], Buffer(4), user_data=number) for number in range(3)])
    collect()
    assert memory_stats()[0] == before + 3
    ring.sq().push_all(many)
    ring.submit()
    del many
    collect()
    assert memory_stats()[0] == before + 3, "the requests are in flight"
    os.write(pipe[1], b"abcdefghijkl")
    assert sorted(cqe.res for cqe in ring.cq(3, timeout=5)) == [4, 4, 4]
    collect()
    assert memory_stats()[0] == before


def test_one_buffer_may_serve_all_of_them(ring, pipe):
    os.write(pipe[1], b"ab")
    buffer = Buffer(1)
    link = SqeFlags.IO_LINK
    both = Prepared([ops.Read(pipe[0], buffer, flags=link), ops.Read(pipe[0], buffer)])
    ring.sq().push_all(both)
    ring.submit_and_wait(2)
    assert [cqe.res for cqe in ring.cq()] == [1, 1]
    assert bytes(buffer) == b"b"


def test_what_is_prepared_can_be_looked_at():
    many = Prepared([ops.Nop(user_data=1), ops.Nop(user_data=2)])
    assert len(many) == 2
    assert [op.user_data for op in many] == [1, 2]
    assert many.encoded.opcodes == {Opcode.NOP}
    assert repr(many).startswith("<Prepared: ")
    assert repr(Prepared([ops.Nop() for _ in range(20)])).endswith("…>")


def test_they_go_into_slots_of_128_bytes_as_well(requires):
    requires(setup_flag=SetupFlags.SQE128)
    many = Prepared(ops.Nop(user_data=number) for number in range(3))
    with IoUring(4, Params(flags=SetupFlags.SQE128)) as large, IoUring(4) as small:
        for ring in (large, small, large, small):
            ring.sq().push_all(many)
            ring.submit_and_wait(3)
            assert [cqe.user_data for cqe in ring.cq()] == [0, 1, 2]


def test_what_was_in_the_slots_before_does_not_shine_through(ring, pipe):
    for _ in range(8):
        ring.sq().push(ops.Read(pipe[0], Buffer(8), user_data=9))
    ring.submit()
    list(ring.cq())
    ring.sq().push_all([ops.Nop(user_data=number) for number in range(8)])
    ring.sq().publish()
    region = ring.memory["sqes"]
    assert [region.bytes(64 * at, 64) for at in range(8)] == [
        ops.Nop(user_data=number).sqe for number in range(8)
    ]
