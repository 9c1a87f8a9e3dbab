"""Many completions in one place: filled by one call, read by column, by index, as bytes."""

from __future__ import annotations

import gc
import struct
import weakref

import pytest

from uringlab import Cqe, Cqe32, CqeBatch, IoUring, Params, RingClosed, SetupFlags, ops


@pytest.fixture
def ring():
    with IoUring(8) as ring:
        yield ring


def fill(ring, batch, *user_data):
    for one in user_data:
        ring.sq().push(ops.Nop(user_data=one, inject=-one if one < 100 else None))
    return ring.submit_and_drain(batch, min(len(user_data), batch.capacity))


def test_a_new_batch_is_empty():
    batch = CqeBatch(4)
    assert len(batch) == 0
    assert list(batch) == []
    assert bytes(batch) == b""
    assert repr(batch) == "<CqeBatch: 0 of 4>"
    assert [list(column) for column in (batch.user_data, batch.res, batch.flags)] == [[], [], []]
    with pytest.raises(IndexError, match="CQE 0 of a batch of 0"):
        batch[0]


@pytest.mark.parametrize("capacity", [0, -1, 2**24 + 1, 2**70])
def test_a_batch_has_room_for_one_at_least_and_for_no_more_than_it_says(capacity):
    with pytest.raises(ValueError, match="a batch has room for 1 to"):
        CqeBatch(capacity)


def test_one_call_submits_waits_and_fills(ring):
    batch = CqeBatch(4)
    assert fill(ring, batch, 1, 2, 2**63) == 3
    assert ring.last_enter.serial == 1
    assert len(batch) == 3
    assert list(batch.user_data) == [1, 2, 2**63]
    assert list(batch.res) == [-1, -2, 0]
    assert list(batch.flags) == [0, 0, 0]
    assert repr(batch) == "<CqeBatch: 3 of 4>"
    assert not ring.cq()


def test_it_can_be_indexed_and_iterated(ring):
    batch = CqeBatch(8)
    fill(ring, batch, 1, 2, 3)
    assert list(batch) == [Cqe(1, -1, 0), Cqe(2, -2, 0), Cqe(3, -3, 0)]
    assert [batch[at].user_data for at in (0, 1, 2, -1, -3)] == [1, 2, 3, 3, 1]
    assert isinstance(batch[0], Cqe)
    for outside in (3, -4, 2**70):
        with pytest.raises(IndexError, match="of a batch of 3"):
            batch[outside]
    assert [cqe.res for cqe in reversed(batch)] == [-3, -2, -1]
    assert Cqe(2, -2, 0) in batch


def test_its_bytes_are_the_cqes_as_the_kernel_wrote_them(ring):
    batch = CqeBatch(8)
    fill(ring, batch, 1, 2, 2**64 - 1)
    view = memoryview(batch)
    assert (view.nbytes, view.readonly, view.format) == (3 * batch.size, True, "B")
    assert [*struct.iter_unpack("<QiI", view)] == [(1, -1, 0), (2, -2, 0), (2**64 - 1, 0, 0)]
    names = [name for name, _ in CqeBatch.dtype]
    assert names == list(Cqe._fields)
    assert sum(int(form[2:]) for _, form in CqeBatch.dtype) == batch.size
    with pytest.raises(TypeError):
        view[0] = 1
    with pytest.raises(TypeError):
        batch.res[0] = 1


def test_what_does_not_fit_stays_in_the_queue(ring):
    batch = CqeBatch(2)
    assert fill(ring, batch, 1, 2, 3) == 2
    assert ring.cq().ready() == 1
    assert ring.cq().drain_into(batch) == 1
    assert list(batch.user_data) == [3]
    assert ring.cq().drain_into(batch) == 0
    assert len(batch) == 0


def test_views_are_kept_while_it_is_filled_again_and_show_what_is_there_now(ring):
    batch = CqeBatch(4)
    fill(ring, batch, 1, 2)
    column, whole = batch.user_data, memoryview(batch)
    copies = list(batch)
    walk = iter(batch)
    fill(ring, batch, 3, 4, 5)
    assert list(column) == [3, 4], "as long as it was, with what is in there now"
    assert struct.unpack_from("<Q", whole) == (3,)
    assert copies == [Cqe(1, -1, 0), Cqe(2, -2, 0)], "copies are copies"
    assert list(walk) == copies, "a loop that has begun goes on with what there was"
    assert list(batch.user_data) == [3, 4, 5]
    for _ in range(100):
        fill(ring, batch, 7, 8, 9, 10)
    assert list(column) == [7, 8]


def test_views_outlive_the_batch(ring, collect):
    batch = CqeBatch(4)
    fill(ring, batch, 1, 2)
    column, whole = batch.res, memoryview(batch)
    del batch
    collect()
    garbage = [bytearray(64) for _ in range(1000)]
    assert list(column) == [-1, -2]
    assert len(garbage) * whole.nbytes == 32_000


def test_nobody_can_change_the_size_of_its_memory(ring):
    batch = CqeBatch(4)
    for change in (batch.bytes.clear, lambda: batch.bytes.extend(b"x"), batch.bytes.pop):
        with pytest.raises(BufferError):
            change()
    for name in ("bytes", "address"):
        with pytest.raises(AttributeError):
            setattr(batch, name, None)
    assert fill(ring, batch, 1) == 1


def test_a_batch_that_nobody_holds_is_gone(collect):
    class Named(CqeBatch):
        __slots__ = ("__weakref__",)

    batch = Named(4)
    gone = weakref.ref(batch)
    del batch
    collect()
    assert gone() is None


@pytest.mark.parametrize("flags", [SetupFlags.CQE32, SetupFlags.CQE_MIXED])
def test_a_wide_batch_keeps_the_second_half(flags, requires):
    requires(setup_flag=flags)
    with IoUring(8, Params(flags=flags)) as ring:
        batch = CqeBatch(8, wide=True)
        ring.sq().push(ops.Nop(user_data=1, extra1=11, extra2=2**64 - 1))
        ring.sq().push(ops.Nop(user_data=2))
        assert ring.submit_and_drain(batch, 2) == 2
        assert [cqe.user_data for cqe in batch] == [1, 2]
        assert [cqe.extra for cqe in batch] == [(11, 2**64 - 1), (0, 0)]
        assert isinstance(batch[0], Cqe32)
        assert batch[-1].extra == (0, 0)
        assert list(batch.user_data) == [1, 2]
        assert list(batch.res) == [0, 0]
        assert memoryview(batch).nbytes == 2 * 32
        assert struct.unpack_from("<QiIQQ", memoryview(batch))[3:] == (11, 2**64 - 1)
        with pytest.raises(IndexError, match="batch of 2"):
            batch[2]


def test_a_narrow_batch_leaves_it_out(requires):
    requires(setup_flag=SetupFlags.CQE32)
    with IoUring(8, Params(flags=SetupFlags.CQE32)) as ring:
        batch = CqeBatch(8)
        ring.sq().push(ops.Nop(user_data=1, extra1=11))
        assert ring.submit_and_drain(batch, 1) == 1
        assert bytes(batch) == struct.pack("<QiI", *batch[0])
        assert type(batch[0]) is Cqe


def test_a_wide_batch_of_a_plain_ring_has_zeros(ring):
    batch = CqeBatch(4, wide=True)
    fill(ring, batch, 1, 2)
    assert [cqe.extra for cqe in batch] == [(0, 0), (0, 0)]


def test_what_was_ready_is_in_the_batch_though_the_call_failed(ring):
    for number in (1, 2):
        ring.sq().push(ops.Nop(user_data=number))
    ring.submit()
    batch = CqeBatch(4)
    with pytest.raises(OSError, match="EINVAL"):
        ring.submit_and_drain(batch, 0, flags=1 << 30 | 1)
    assert list(batch.user_data) == [1, 2]


def test_a_closed_ring_leaves_the_batch_empty():
    ring = IoUring(4)
    batch = CqeBatch(4)
    fill(ring, batch, 1)
    ring.close()
    with pytest.raises(RingClosed):
        ring.cq().drain_into(batch)
    assert len(batch) == 0


class Nosy:
    """Rubbish that takes one CQE from an iterator when the collector finds it."""

    def __init__(self, cqes):
        self.me = self
        self.cqes = cqes

    def __del__(self):
        next(self.cqes, None)


@pytest.mark.parametrize("kind", [CqeBatch.__iter__, CqeBatch.tuples])
def test_a_collection_that_takes_cqes_from_the_same_loop_makes_it_shorter_and_no_longer(kind):
    # Each tuple that is made may set off the collector, and that may run anything at all.
    batch = CqeBatch(64)
    with IoUring(64) as ring:
        fill(ring, batch, *range(100, 164))
    cqes, seen = kind(batch), []
    before = gc.get_threshold()
    gc.set_threshold(1, 1, 1)
    try:
        for cqe in cqes:
            seen.append(cqe)
            Nosy(cqes)
            assert len(seen) <= len(batch)
    finally:
        gc.set_threshold(*before)
    user_data = [cqe[0] for cqe in seen]
    assert user_data == sorted(set(user_data))
    assert set(user_data) <= set(batch.user_data)
