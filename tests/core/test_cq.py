from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uringlab import (
    Buffer,
    Cqe,
    Cqe32,
    CqeBatch,
    CqeFlags,
    IoUring,
    Opcode,
    Params,
    SetupFlags,
    SqRingFlags,
    ops,
)
from uringlab.core.buffers import memory_stats
from uringlab.observe.source import OwnSource


@pytest.fixture
def ring():
    with IoUring(8) as ring:
        yield ring


def post(ring, *user_data):
    for one in user_data:
        ring.sq().push(ops.Nop(user_data=one))
    ring.submit_and_wait(len(user_data))


def test_a_cqe_is_a_plain_copy(ring):
    post(ring, 7)
    [cqe] = list(ring.cq())
    assert cqe == Cqe(user_data=7, res=0, flags=0)
    post(ring, *range(8))
    post(ring, *range(8))
    assert cqe == Cqe(7, 0, 0), "the kernel wrote over its slot meanwhile"


def test_peeking_leaves_the_queue_as_it_is(ring):
    post(ring, 1, 2, 3)
    cq = ring.cq()
    assert [cqe.user_data for cqe in cq.peek()] == [1, 2, 3]
    assert [cqe.user_data for cqe in cq.peek(2)] == [1, 2]
    assert len(cq) == 3


def test_advancing_lets_go_of_the_oldest(ring):
    post(ring, 1, 2, 3)
    cq = ring.cq()
    cq.advance(2)
    assert [cqe.user_data for cqe in cq.peek()] == [3]
    with pytest.raises(ValueError, match="1 ready"):
        cq.advance(2)
    assert cq.ready() == 1
    cq.advance(1)
    cq.advance(0)
    assert not cq


def test_draining_takes_with_one_store_of_the_head(ring):
    post(ring, 1, 2, 3)
    assert [cqe.user_data for cqe in ring.cq().drain(2)] == [1, 2]
    assert [cqe.user_data for cqe in ring.cq().drain()] == [3]
    assert ring.cq().drain() == []


def test_stopping_half_way_through_leaves_the_rest(ring):
    post(ring, 1, 2, 3)
    for cqe in ring.cq():
        assert cqe.user_data == 1
        break
    assert [cqe.user_data for cqe in ring.cq()] == [2, 3]


def test_a_cqe_says_its_errno_and_flags_by_name():
    assert str(Cqe(7, -9, 0)) == "user_data=7 res=-9 (EBADF: bad file descriptor) flags=0"
    assert str(Cqe(7, 1, int(CqeFlags.MORE))).endswith("res=1 flags=MORE")
    assert not Cqe(7, 1, int(CqeFlags.MORE)).final
    assert Cqe(7, 1, 0).final


def test_cqes_that_do_not_fit_wait_in_the_kernel_and_come_in_order(ring):
    total = 4 * ring.params.cq_entries
    for start in range(0, total, 8):
        for number in range(start, start + 8):
            ring.sq().push(ops.Nop(user_data=number))
        ring.submit()
    assert ring.cq().ready() == ring.params.cq_entries
    shot = OwnSource("ring", ring).sample()
    assert shot.sq_flags & SqRingFlags.CQ_OVERFLOW
    assert shot.cq_overflow == 0, "with NODROP nothing is dropped, so nothing is counted"
    seen = []
    while len(seen) < total:
        seen += [cqe.user_data for cqe in ring.cq().drain()]
        ring.submit()
    assert seen == list(range(total))


def test_letting_go_of_a_cqe_frees_what_its_request_held_and_peeking_does_not(ring, pipe):
    before = memory_stats()[0]
    os.write(pipe[1], b"x")
    ring.sq().push(ops.Read(pipe[0], Buffer(8)))
    ring.submit_and_wait(1)
    ring.cq().peek()
    assert memory_stats()[0] == before + 1
    ring.cq().advance(1)
    assert memory_stats()[0] == before


def test_counts_that_no_queue_has_are_refused(ring):
    post(ring, 1)
    for count in (-1, 2, 2**40):
        with pytest.raises(ValueError, match="1 ready"):
            ring.cq().advance(count)
    for wrong in (ring.cq().peek, ring.cq().drain):
        with pytest.raises(ValueError, match="no -1 CQEs"):
            wrong(-1)
    assert ring.cq().peek(2**40) == [Cqe(1, 0, 0)]
    assert ring.cq().drain(0) == []
    assert ring.cq().drain(2**40) == [Cqe(1, 0, 0)]


# -- CQEs of 16 and of 32 bytes in one queue --------------------------------------------------

ENTRIES = 8


@pytest.fixture
def mixed(requires):
    requires(setup_flag=SetupFlags.CQE_MIXED)
    with IoUring(ENTRIES, Params(flags=SetupFlags.CQE_MIXED, cq_entries=ENTRIES)) as ring:
        yield ring


def stage(ring, number, *, large):
    """One NOP; a large CQE's second half tells its number, too."""
    second_half = {"extra1": number, "extra2": 1000 + number} if large else {}
    ring.sq().push(ops.Nop(user_data=number, **second_half))


def expected(number, *, large):
    cqe = Cqe32(number, 0, int(CqeFlags.F_32) if large else 0)
    return cqe, ((number, 1000 + number) if large else (0, 0))


def seen(cqes):
    return [(cqe, cqe.extra) for cqe in cqes]


def words(ring):
    """(CQ head, CQ tail)."""
    return tuple(ring.memory.cq.u32(ring.params.cq_off[word]) for word in ("head", "tail"))


def test_a_large_cqe_fills_two_slots_and_is_one_cqe(mixed):
    for number, large in enumerate([False, True, False]):
        stage(mixed, number, large=large)
    mixed.submit()
    assert words(mixed) == (0, 4)
    assert mixed.cq().ready() == 3
    assert [cqe.user_data for cqe in mixed.cq().peek(2)] == [0, 1]
    mixed.cq().advance(2)
    assert words(mixed) == (3, 4)
    assert [cqe.user_data for cqe in mixed.cq()] == [2]
    assert words(mixed) == (4, 4)


def test_a_filler_at_the_end_is_passed_over(mixed):
    for number in range(7):
        stage(mixed, number, large=False)
    mixed.submit()
    mixed.cq().advance(6)
    assert words(mixed) == (6, 7)
    stage(mixed, 7, large=True)
    mixed.submit()
    assert words(mixed) == (6, 10), "one, a filler, and two at the beginning"
    shot = OwnSource("ring", mixed).sample()
    assert shot.cqes[7 * 16 + 12] == CqeFlags.SKIP
    assert mixed.cq().ready() == 2
    with pytest.raises(ValueError, match="2 ready"):
        mixed.cq().advance(3)
    assert seen(mixed.cq().peek()) == [expected(6, large=False), expected(7, large=True)]
    assert [cqe.user_data for cqe in mixed.cq().drain(1)] == [6]
    assert words(mixed) == (8, 10), "the filler went with what was before it"
    assert seen(mixed.cq()) == [expected(7, large=True)]
    assert words(mixed) == (10, 10)


def test_a_filler_with_nothing_behind_it_is_nothing(mixed):
    for number in range(7):
        stage(mixed, number, large=False)
    mixed.submit()
    stage(mixed, 7, large=True)
    mixed.submit()
    assert words(mixed) == (0, 8), "the filler fits, the CQE does not"
    assert mixed.cq().ready() == 7
    assert [cqe.user_data for cqe in mixed.cq().drain()] == list(range(7))
    assert words(mixed) == (8, 8)
    mixed.submit()
    assert seen(mixed.cq()) == [expected(7, large=True)]


def take_by_drain(ring, _batch):
    return ring.cq().drain(3)


def take_by_loop(ring, _batch):
    return list(ring.cq())


def take_by_peek(ring, _batch):
    cqes = ring.cq().peek()
    assert len(cqes) == ring.cq().ready()
    ring.cq().advance(len(cqes))
    return cqes


def take_by_batch(ring, batch):
    ring.cq().drain_into(batch)
    return list(batch)


def take_with_submit(ring, batch):
    ring.submit_and_drain(batch)
    return list(batch)


TAKE = [take_by_drain, take_by_loop, take_by_peek, take_by_batch, take_with_submit]


@settings(max_examples=60, deadline=None)
@given(
    turns=st.lists(
        st.tuples(st.lists(st.booleans(), max_size=ENTRIES), st.sampled_from(TAKE)), max_size=30
    )
)
def test_whatever_the_sizes_everything_comes_once_and_whole(turns):
    try:
        ring = IoUring(ENTRIES, Params(flags=SetupFlags.CQE_MIXED, cq_entries=ENTRIES))
    except OSError:
        pytest.skip("needs the setup flag CQE_MIXED")
    batch = CqeBatch(3, wide=True)
    sent, came, overflown = [], [], False
    for sizes, take in turns:
        for large in sizes:
            stage(ring, len(sent), large=large)
            sent.append(expected(len(sent), large=large))
        ring.submit()
        overflown |= bool(ring.memory.sq.u32(ring.params.sq_off["flags"]))
        came += seen(take(ring, batch))
    for _ in sent:
        ring.submit()
        came += seen(ring.cq())
    if overflown:  # then the kernel may lose some, and pass others: see native/cq.c
        assert len(set(came)) == len(came)
        assert set(came) <= set(sent)
    else:
        assert came == sent
    head, tail = words(ring)
    assert head == tail
    ring.close(patience=0)  # those that were lost are waited for in vain


@pytest.mark.parametrize("taken_before", [False, True])
def test_a_cqe_of_a_lap_ago_is_not_taken_for_a_new_one(taken_before, mixed, pipe):
    """The kernel moves the tail past slot 0 without writing there (6.18): see native/cq.c.

    What is in there answered a request of the same name as one that is in flight.
    """
    before = memory_stats()[0]
    mixed.sq().push(ops.Read(pipe[0], Buffer(8), user_data=0))
    for number in range(5):  # slot 0; 1 … 6; the fifth does not fit, the last slot is filled
        stage(mixed, number, large=number > 0)
    mixed.submit()
    came = mixed.cq().drain() if taken_before else []
    stage(mixed, 5, large=False)
    mixed.submit()
    assert len(mixed.cq().peek()) == mixed.cq().ready()
    for _ in range(3):
        came += mixed.cq().drain()
        mixed.submit()
    numbers = sorted(cqe.user_data for cqe in came)
    # The kernel writes the small one over the filler: where that was passed, it is lost.
    assert numbers in ([0, 1, 2, 3, 4, 5], [0, 1, 2, 3, 4] if taken_before else [])
    assert memory_stats()[0] == before + 1, "the read is still in flight"
    os.write(pipe[1], b"hello")
    assert [tuple(cqe)[:2] for cqe in mixed.cq(1, timeout=5)] == [(0, 5)]
    mixed.close(patience=0)  # what was lost is waited for in vain


def test_a_batch_of_narrow_cqes_leaves_the_second_half_out(mixed):
    stage(mixed, 1, large=True)
    stage(mixed, 2, large=False)
    batch = CqeBatch(4)
    assert mixed.submit_and_drain(batch, 2) == 2
    assert list(batch) == [Cqe(1, 0, int(CqeFlags.F_32)), Cqe(2, 0, 0)]


@pytest.mark.parametrize("flags", [SetupFlags(0), SetupFlags.CQE32])
def test_in_a_queue_that_is_not_mixed_no_flag_makes_a_cqe_large_or_a_filler(flags, requires):
    """A MSG_RING from elsewhere may set any: it must not drive the head past the tail."""
    requires(setup_flag=flags, opcode=Opcode.MSG_RING)
    with IoUring(4, Params(flags=flags)) as ring:
        for flag in (CqeFlags.F_32, CqeFlags.SKIP):
            op = ops.MsgRing(ring.fd, res=5, data=77, cqe_flags=2, user_data=1)
            # Our own refuses these two flags. Not every sender does.
            object.__setattr__(
                op, "sqe", op.sqe[:44] + int(flag).to_bytes(4, "little") + op.sqe[48:]
            )
            ring.sq().push(op)
            ring.submit()
            assert ring.cq().ready() == 2
            cqes = sorted(ring.cq())
            assert cqes == [Cqe(1, 0, 0), Cqe(77, 5, int(flag))]
            head, tail = words(ring)
            assert head == tail
