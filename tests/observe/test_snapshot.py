from __future__ import annotations

import pytest

from uringlab import Cqe, CqeFlags, IoUring, Params, SetupFlags, ops
from uringlab.observe.snapshot import cqe_of
from uringlab.observe.source import OwnSource


def test_the_counts_are_right_where_the_indices_wrap(snapshot):
    shot = snapshot(sq_head=2**32 - 2, sq_tail=2**32 - 1, sq_local=1, cq_head=2**32 - 1, cq_tail=2)
    assert (shot.pending, shot.staged, shot.free, shot.ready) == (1, 2, 1, 3)
    assert (shot.sq_mask, shot.cq_mask) == (3, 7)


def test_a_slot_is_found_by_its_index(snapshot):
    sqes = b"".join(ops.Nop(user_data=number).sqe for number in range(4))
    cqes = b"".join(bytes([number]) + bytes(15) for number in range(8))
    shot = snapshot(sqes=sqes, cqes=cqes, cq_head=2**32 - 1, cq_tail=1)
    assert [shot.sqe(index).user_data for index in (0, 5, 2**32 - 1)] == [0, 1, 3]
    assert shot.cqe_bytes(9) == cqes[16:32]
    assert list(shot.ready_cqes()) == [(2**32 - 1, Cqe(7, 0, 0)), (0, Cqe(0, 0, 0))]


def test_a_cqe_is_decoded_with_its_sign():
    data = (5).to_bytes(8, "little") + (-9).to_bytes(4, "little", signed=True) + b"\2\0\3\0"
    assert cqe_of(data + bytes(16)) == Cqe(5, -9, 0x30002)


def test_two_looks_at_the_same_state_differ_in_nothing_but_the_time(snapshot):
    assert snapshot().same_ring_state(snapshot(time_ns=5))
    assert not snapshot().same_ring_state(snapshot(sq_flags=1))
    assert not snapshot().same_ring_state(snapshot(sqes=b"\1" + bytes(255)))


# -- of a ring of our own -----------------------------------------------------------------


def test_a_source_returns_the_same_object_while_nothing_moved():
    with IoUring(4) as ring:
        source = OwnSource("ring", ring)
        first = source.sample()
        assert source.sample() is first
        ring.sq().push(ops.Nop())
        second = source.sample()
        assert second is not first
        assert source.sample() is second
        ring.cq().peek()
        assert len(ring.sq()) == 3
        assert source.sample() is second, "looking is not moving"
        ring.submit()
        assert source.sample() is not second


def test_writing_to_a_raw_slot_is_seen_though_no_word_moves():
    with IoUring(4) as ring:
        source = OwnSource("ring", ring)
        slot = ring.sq().slot()
        before = source.sample()
        slot.write(user_data=77)
        after = source.sample()
        assert after.words() == before.words()
        assert after.sqe(0).user_data == 77


def test_every_word_is_followed(pipe):
    with IoUring(2, Params(cq_entries=2)) as ring:
        source = OwnSource("ring", ring)
        for _ in range(2):
            ring.sq().push(ops.Nop(user_data=5))
        ring.sq().publish()
        shot = source.sample()
        assert (shot.sq_head, shot.sq_tail, shot.sq_local, shot.pending) == (0, 2, 2, 2)
        ring.enter(2)
        shot = source.sample()
        assert (shot.sq_head, shot.cq_tail, shot.ready) == (2, 2, 2)
        assert [cqe for _, cqe in shot.ready_cqes()] == [Cqe(5, 0, 0)] * 2
        ring.sq().push(ops.Nop())
        ring.submit()
        assert source.sample().sq_flags & 2, "CQ_OVERFLOW"
        list(ring.cq())
        assert source.sample().cq_head >= 2


# -- mixed queues ----------------------------------------------------------------------------


def entry(number, flags=0):
    return number.to_bytes(8, "little") + bytes(4) + int(flags).to_bytes(4, "little")


def test_in_a_mixed_queue_a_large_cqe_is_one_and_a_filler_none(snapshot):
    cqes = [
        entry(5),
        entry(1, CqeFlags.F_32),
        entry(2**63 + 1, CqeFlags.F_32),
        entry(2),
        entry(9),
        entry(9),
        entry(3),
        entry(0, CqeFlags.SKIP),
    ]
    shot = snapshot(cqes=b"".join(cqes), cq_head=9, cq_tail=12, cqe_mixed=True)
    assert list(shot.ready_cqes()) == [(9, (1, 0, CqeFlags.F_32)), (11, (2, 0, 0))]
    [(_, large), _] = shot.ready_cqes()
    assert large.extra == (2**63 + 1, CqeFlags.F_32 << 32)
    assert shot.cqe_bytes(9) == cqes[1] + cqes[2]
    assert shot.ready == 3, "slots"
    across = snapshot(cqes=b"".join(cqes), cq_head=2**32 - 2, cq_tail=1, cqe_mixed=True)
    assert [cqe.user_data for _, cqe in across.ready_cqes()] == [3, 5]
    plain = snapshot(cqes=b"".join(cqes), cq_head=9, cq_tail=12)
    assert [cqe.user_data for _, cqe in plain.ready_cqes()] == [1, 2**63 + 1, 2]


def test_a_taken_cqe_that_the_tail_passed_again_is_none(snapshot):
    taken = CqeFlags.SKIP | 1 << 14
    cqes = entry(5, taken | CqeFlags.MORE) + entry(6) + bytes(6 * 16)
    seen = snapshot(cqes=cqes, cq_head=1, cq_tail=2, cqe_mixed=True)
    assert seen.cqe(0) == (5, 0, CqeFlags.MORE), "it looks as the kernel wrote it"
    passed = snapshot(cqes=cqes, cq_head=8, cq_tail=10, cqe_mixed=True)
    assert [cqe.user_data for _, cqe in passed.ready_cqes()] == [6]


def test_a_mixed_ring_of_our_own_is_read_as_such(requires):
    requires(setup_flag=SetupFlags.CQE_MIXED)
    with IoUring(4, Params(flags=SetupFlags.CQE_MIXED, cq_entries=4)) as ring:
        for number in range(40):
            large = number % 3 == 0
            second_half = {"extra1": number} if large else {}
            ring.sq().push(ops.Nop(user_data=number, **second_half))
            ring.submit()
            shot = OwnSource("ring", ring).sample()
            assert [cqe.user_data for _, cqe in shot.ready_cqes()] == [number]
            [(_, cqe)] = shot.ready_cqes()
            assert not large or cqe.extra[0] == number
            ring.cq().drain()


@pytest.mark.parametrize("flags", [SetupFlags.SQE128, SetupFlags.CQE32])
def test_bigger_entries_are_read_as_such(flags, requires):
    requires(setup_flag=flags)
    with IoUring(4, Params(flags=flags)) as ring:
        for number in range(3):
            ring.sq().push(ops.Nop(user_data=number))
        ring.submit_and_wait(3)
        shot = OwnSource("ring", ring).sample()
        assert [shot.sqe(index).user_data for index in range(3)] == [0, 1, 2]
        assert [cqe.user_data for _, cqe in shot.ready_cqes()] == [0, 1, 2]


def test_a_closed_ring_has_nothing_to_look_at():
    ring = IoUring(4)
    source = OwnSource("ring", ring)
    source.sample()
    ring.close()
    assert source.sample() is None
