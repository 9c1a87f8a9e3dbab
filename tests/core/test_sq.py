from __future__ import annotations

import errno
import os

import pytest

from uringlab import (
    Buffer,
    Cqe,
    IoUring,
    LooseAddress,
    Opcode,
    OperandError,
    Params,
    SetupFlags,
    SqeFlags,
    StaleSlot,
    SubmissionQueueFull,
    ops,
)
from uringlab.core.abi import RecvSendFlags
from uringlab.core.buffers import BadPage
from uringlab.observe.source import OwnSource


@pytest.fixture
def ring():
    with IoUring(4) as ring:
        yield ring


def look(ring):
    return OwnSource("ring", ring).sample()


def test_pushing_moves_the_local_tail_and_publishing_the_shared_one(ring):
    sq = ring.sq()
    assert [sq.push(ops.Nop()) for _ in range(3)] == [0, 1, 2]
    shot = look(ring)
    assert (shot.sq_local, shot.sq_tail, shot.sq_head) == (3, 0, 0)
    assert ring.memory.sq.u32(ring.params.sq_off["tail"]) == 0
    assert sq.publish() == 3
    assert ring.memory.sq.u32(ring.params.sq_off["tail"]) == 3
    assert sq.publish() == 0
    assert len(sq) == 1, "published SQEs take room until the kernel has consumed them"
    ring.enter(3)
    assert len(sq) == 4


def test_a_full_queue_refuses_and_writes_nothing(ring):
    sq = ring.sq()
    for number in range(4):
        sq.push(ops.Nop(user_data=number))
    before = look(ring)
    with pytest.raises(SubmissionQueueFull):
        sq.push(ops.Nop(user_data=99))
    with pytest.raises(SubmissionQueueFull):
        sq.slot()
    after = look(ring)
    assert before.same_ring_state(after)


def test_a_push_that_is_refused_holds_nothing(ring):
    for _ in range(4):
        ring.sq().push(ops.Nop())
    for _ in range(3):
        with pytest.raises(SubmissionQueueFull):
            ring.sq().push(ops.Write(1, b"never"))


def test_the_indices_wrap_around_the_slots_over_a_thousand_rounds(ring):
    sq = ring.sq()
    for number in range(1000):
        for step in range(3):
            assert sq.push(ops.Nop(user_data=number * 3 + step)) == number * 3 + step
        assert ring.submit_and_wait(3) == 3
        assert [cqe.user_data for cqe in ring.cq()] == [number * 3 + step for step in range(3)]
    assert look(ring).sq_head == 3000


def test_the_rest_of_a_big_sqe_is_zero(requires):
    requires(setup_flag=SetupFlags.SQE128)
    with IoUring(2, Params(flags=SetupFlags.SQE128)) as ring:
        ring.sq().push(ops.Nop(user_data=1))
        ring.sq().push(ops.Nop(user_data=2))
        raw = ring.memory["sqes"].bytes(0, 256)
        assert raw[64:128] == bytes(64)
        assert raw[128 + 32] == 2
        ring.submit_and_wait(2)


# -- raw slots -----------------------------------------------------------------------


def test_a_slot_that_is_taken_and_forgotten_is_a_silent_nop(ring):
    ring.sq().slot()
    ring.sq().push(ops.Nop(user_data=5))
    assert ring.submit_and_wait(1) == 2
    assert list(ring.cq()) == [Cqe(5, 0, 0)]


def test_a_raw_slot_is_written_word_by_word_and_runs(ring, pipe):
    os.write(pipe[1], b"word by word")
    buffer = Buffer(64)
    slot = ring.sq().slot()
    slot.write(opcode=Opcode.READ, flags=0)
    slot.write(fd=pipe[0], addr=buffer)
    slot.write(len=64, user_data=2**64 - 1)
    assert slot.decoded().name == "READ"
    ring.submit_and_wait(1)
    assert list(ring.cq()) == [Cqe(2**64 - 1, 12, 0)]
    assert bytes(buffer)[:12] == b"word by word"


def test_a_word_that_there_is_not_or_does_not_fit_writes_nothing(ring):
    slot = ring.sq().slot()
    before = look(ring)
    with pytest.raises(OperandError, match="no word"):
        slot.write(user_data=3, colour=1)
    with pytest.raises(OperandError, match="does not fit"):
        slot.write(user_data=3, opcode=256)
    with pytest.raises(OperandError, match="does not fit"):
        slot.write(fd=2**31)
    with pytest.raises(OperandError, match="no place for an address"):
        slot.write(len=Buffer(1))
    with pytest.raises(OperandError, match="takes a number or memory"):
        slot.write(addr="here")
    assert look(ring).same_ring_state(before)


def test_a_slot_is_stale_once_it_is_published(ring):
    slot = ring.sq().slot()
    ring.sq().publish()
    with pytest.raises(StaleSlot):
        slot.write(user_data=1)
    ring.enter(1)
    for _ in range(4):
        ring.sq().slot()
    with pytest.raises(StaleSlot):
        slot.write(user_data=1)


def test_a_pushed_sqe_is_not_a_raw_slot(ring):
    slot = ring.sq().slot()
    ring.submit()
    for _ in range(4):
        ring.sq().push(ops.Nop(user_data=3))
    slot.index = 3
    with pytest.raises(StaleSlot):
        slot.write(user_data=1)


def test_an_address_that_no_memory_object_holds_is_not_published(ring):
    buffer = Buffer(16)
    slot = ring.sq().slot()
    slot.write(opcode=Opcode.READ, fd=0, addr=buffer.address, len=16)
    ring.sq().push(ops.Nop(user_data=1))
    for door in (ring.sq().publish, ring.submit, ring.submit_and_wait):
        with pytest.raises(LooseAddress, match="addr"):
            door()
    assert look(ring).sq_tail == 0
    slot.write(addr=buffer)
    assert ring.submit_and_wait(1) == 2


def test_a_length_beyond_the_memory_that_is_held_is_not_published(ring):
    slot = ring.sq().slot()
    slot.write(opcode=Opcode.READ, fd=0, addr=Buffer(16), len=17)
    with pytest.raises(LooseAddress, match="17 bytes"):
        ring.submit()
    slot.write(opcode=Opcode.NOP, addr=0)
    ring.submit()


def test_a_check_does_not_cover_what_is_written_after_it(ring):
    slot = ring.sq().slot()
    ring.check_raw_slots()
    slot.write(opcode=Opcode.READ, fd=0, addr=4096, len=16)
    with pytest.raises(LooseAddress):
        ring.submit()
    assert look(ring).sq_tail == 0
    slot.write(opcode=Opcode.NOP, addr=0)


def test_the_c_floor_itself_refuses_a_slot_that_was_written_after_its_check(ring):
    slot = ring.sq().slot()
    ring.check_raw_slots()
    ring.raw_slots.clear()  # as if another thread had written between check and publish
    slot.write(opcode=Opcode.READ, fd=0, addr=4096, len=16)
    for door in (ring.sq().publish, ring.submit):
        with pytest.raises(LooseAddress, match="nothing was published"):
            door()
    assert look(ring).sq_tail == 0


@pytest.mark.parametrize(
    ("opcode", "words"),
    [
        (Opcode.READV, {"addr": Buffer, "len": 1}),
        (Opcode.RECVMSG, {"addr": Buffer, "len": 1}),
        (Opcode.PROVIDE_BUFFERS, {"addr": Buffer, "len": 16, "fd": 1}),
        (Opcode.MADVISE, {"len": 2**31, "op_flags": 4}),
        (Opcode.URING_CMD, {}),
        (Opcode.SEND, {"addr": Buffer, "len": 1, "ioprio": RecvSendFlags.SEND_VECTORIZED}),
        (Opcode.MSG_RING, {"off": 77}),
        (200, {"addr3": Buffer}),
        (Opcode.READ, {"addr": Buffer, "len": 4, "addr3": 0, "pad2": 1}),
    ],
)
def test_what_a_held_address_does_not_make_safe_is_not_published(ring, opcode, words):
    # An iovec would lead to more addresses, provided buffers outlive their request, MADVISE
    # takes any range: holding the memory of one slot is not enough for them.
    filled = {word: given(64) if given is Buffer else given for word, given in words.items()}
    slot = ring.sq().slot()
    slot.write(opcode=opcode, **filled)
    with pytest.raises(LooseAddress):
        ring.submit()
    assert look(ring).sq_tail == 0


def test_an_opcode_that_nobody_knows_may_be_tried_without_addresses(ring):
    ring.sq().slot().write(opcode=200, flags=0, user_data=9)
    ring.submit_and_wait(1)
    assert list(ring.cq()) == [Cqe(9, -errno.EINVAL, 0)]


def test_the_bad_page_may_stand_in_a_raw_slot(ring, pipe):
    os.write(pipe[1], b"x")
    slot = ring.sq().slot()
    slot.write(opcode=Opcode.READ, flags=SqeFlags(0), fd=pipe[0], addr=BadPage(), len=8)
    ring.submit_and_wait(1)
    assert [cqe.res for cqe in ring.cq()] == [-errno.EFAULT]
    os.read(pipe[0], 1)


def test_what_a_raw_slot_holds_goes_with_its_request(ring, pipe, collect):
    from uringlab.core.buffers import memory_stats

    before = memory_stats()
    slot = ring.sq().slot()
    slot.write(opcode=Opcode.READ, flags=0, fd=pipe[0], addr=Buffer(8), len=8, user_data=4)
    del slot
    collect()
    assert memory_stats()[0] == before[0] + 1
    ring.submit()
    collect()
    assert memory_stats()[0] == before[0] + 1
    os.write(pipe[1], b"x")
    assert [cqe.res for cqe in ring.cq(1)] == [1]
    assert memory_stats() == before
