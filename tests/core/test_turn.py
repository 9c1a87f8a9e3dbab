"""A whole turn of the ring, made ready once and called often."""

from __future__ import annotations

import os
import threading

import pytest

from uringlab import (
    Buffer,
    CqeBatch,
    IoUring,
    OperandError,
    OwnedFd,
    Prepared,
    RingClosed,
    SubmissionQueueFull,
    ops,
)
from uringlab.core.buffers import memory_stats


@pytest.fixture
def ring():
    with IoUring(8) as ring:
        yield ring


def nops(count=1):
    return Prepared(ops.Nop(user_data=number) for number in range(count))


def test_each_turn_pushes_waits_and_takes(ring):
    batch = CqeBatch(8)
    turn = ring.turn(nops(5), batch, wait_nr=5)
    for _ in range(50):
        assert turn() == 5
        assert list(batch.user_data) == [0, 1, 2, 3, 4]
    assert ring.last_enter.result == 5


def test_a_turn_keeps_the_ring_the_requests_and_the_batch():
    batch = CqeBatch(8)
    turn = IoUring(8).turn(nops(3), batch, wait_nr=3)
    assert turn() == 3
    assert list(batch.user_data) == [0, 1, 2]


def test_what_its_requests_hold_is_let_go_of_each_time(ring):
    read, write = os.pipe()
    with os.fdopen(read), os.fdopen(write, "wb") as out:
        turn = ring.turn(Prepared([ops.Read(read, Buffer(8))]), CqeBatch(1), wait_nr=1)
        before = memory_stats()
        for _ in range(20):
            out.write(b"x")
            out.flush()
            assert turn() == 1
        assert memory_stats() == before
        del turn


def test_a_turn_says_why_it_failed(ring):
    turn = ring.turn(nops(9), CqeBatch(16))
    with pytest.raises(SubmissionQueueFull):
        turn()
    ring.close()
    with pytest.raises(RingClosed):
        turn()


def test_an_fd_that_is_handed_over_can_be_closed_only_once(ring):
    with OwnedFd(os.open("/", os.O_RDONLY)) as fd, pytest.raises(OperandError, match="only once"):
        ring.turn(Prepared([ops.Close(fd)]), CqeBatch(1))


def test_two_threads_may_make_one_turn_at_once(ring):
    batch = CqeBatch(8)
    turn = ring.turn(nops(), batch)  # waits for nothing: the other may take what it made
    taken = []

    def often():
        taken.append(sum(turn() for _ in range(500)))

    threads = [threading.Thread(target=often) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()
    assert sum(taken) + len(ring.cq().drain()) == 1000


@pytest.mark.parametrize("batch", [None, [], bytearray(64), object(), CqeBatch])
def test_only_a_batch_is_room_for_a_turn(ring, batch):
    with pytest.raises(TypeError, match="a batch"):
        ring.turn(nops(), batch)


@pytest.mark.parametrize("number", [-1, 2**32, 2**70])
def test_what_does_not_fit_is_no_number_to_wait_for(ring, number):
    batch = CqeBatch(8)
    with pytest.raises(OverflowError):
        ring.turn(nops(), batch, number)
    with pytest.raises(OverflowError):
        ring.turn(nops(), batch, 0, number)
    with pytest.raises(OverflowError):
        ring.submit_and_drain(batch, number)
