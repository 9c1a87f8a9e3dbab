from __future__ import annotations

import errno

import pytest

from uringlab import Features, IoUring, Params, RingClosed, SetupFlags, ops
from uringlab.core import abi
from uringlab.core.memory import plan
from uringlab.core.native import ffi, lib

SQ_OFF = {"head": 0, "tail": 4, "ring_mask": 16, "ring_entries": 24, "flags": 36, "dropped": 32}
CQ_OFF = {"head": 8, "tail": 12, "ring_mask": 20, "ring_entries": 28, "overflow": 44, "cqes": 64}


def params(flags=0, features=0, *, sq=8, cq=16):
    return Params(
        flags=SetupFlags(flags),
        features=Features(features),
        sq_entries=sq,
        cq_entries=cq,
        sq_off={**SQ_OFF, "array": 64 + cq * 16},
        cq_off=dict(CQ_OFF),
    )


def test_one_mapping_covers_the_longer_of_both_rings():
    rings, sqes = plan(params(features=Features.SINGLE_MMAP))
    assert (rings.name, rings.offset, rings.size) == ("rings", 0, 64 + 16 * 16 + 8 * 4)
    assert (sqes.name, sqes.offset, sqes.size) == ("sqes", 0x10000000, 8 * 64)


def test_older_kernels_need_two_mappings_for_the_rings():
    sq, cq, sqes = plan(params())
    assert (sq.name, sq.offset, sq.size) == ("sq ring", 0, 64 + 16 * 16 + 8 * 4)
    assert (cq.name, cq.offset, cq.size) == ("cq ring", 0x8000000, 64 + 16 * 16)
    assert sqes.offset == abi.OFF_SQES


def test_without_an_index_array_the_mapping_ends_with_the_cqes():
    rings, _ = plan(params(SetupFlags.NO_SQARRAY, Features.SINGLE_MMAP))
    assert rings.size == 64 + 16 * 16
    sq, cq, _ = plan(params(SetupFlags.NO_SQARRAY))
    assert sq.size == SQ_OFF["dropped"] + 4
    assert cq.size == 64 + 16 * 16


@pytest.mark.parametrize(
    ("flags", "sqes_size", "cqes_size"),
    [
        (SetupFlags.SQE128, 8 * 128, 16 * 16),
        (SetupFlags.CQE32, 8 * 64, 16 * 32),
        (SetupFlags.SQE128 | SetupFlags.CQE32, 8 * 128, 16 * 32),
    ],
)
def test_bigger_entries_need_bigger_mappings(flags, sqes_size, cqes_size):
    rings, sqes = plan(params(flags | SetupFlags.NO_SQARRAY, Features.SINGLE_MMAP))
    assert sqes.size == sqes_size
    assert rings.size == 64 + cqes_size


def test_a_region_reads_the_words_where_the_kernel_put_them():
    with IoUring(4) as ring:
        sq, cq = ring.memory.sq, ring.memory.cq
        assert sq.u32(ring.params.sq_off["ring_entries"]) == 4
        assert sq.u32(ring.params.sq_off["ring_mask"]) == 3
        assert cq.u32(ring.params.cq_off["ring_entries"]) == 8
        ring.sq().push(ops.Nop(user_data=0x1122334455667788))
        assert ring.memory["sqes"].bytes(32, 8) == bytes.fromhex("8877665544332211")
        assert repr(ring.memory["sqes"]) == "<Region sqes: 256 bytes>"
        with pytest.raises(KeyError):
            ring.memory["elsewhere"]


@pytest.mark.parametrize(("offset", "size"), [(-4, 4), (252, 8), (256, 1), (0, 257), (0, -1)])
def test_nothing_outside_a_region_can_be_read(offset, size):
    with IoUring(4) as ring, pytest.raises(ValueError, match="outside the region"):
        ring.memory["sqes"].bytes(offset, size)


@pytest.mark.parametrize(("offset", "size"), [(252, 8), (256, 1), (0, 257), (2**64 - 4, 8)])
def test_the_c_floor_checks_the_bounds_once_more(offset, size):
    with IoUring(4) as ring:
        out = ffi.new("uint8_t[]", 512)
        answer = lib.ul_ring_read(ring.handle, lib.UL_REGION_SQES, offset, out, size)
        assert answer == -errno.ERANGE
        assert lib.ul_ring_read(ring.handle, 9, 0, out, 4) == -errno.EINVAL


def test_the_edges_of_a_region_can_be_read():
    with IoUring(4) as ring:
        assert ring.memory["sqes"].bytes(256, 0) == b""
        assert len(ring.memory["sqes"].bytes(0, 256)) == 256
        assert ring.memory["sqes"].u32(252) == 0
        with pytest.raises(ValueError, match="outside"):
            ring.memory["sqes"].u32(256)


@pytest.mark.parametrize("offset", [1, 2, 3, 5])
def test_a_word_must_be_aligned(offset):
    with IoUring(4) as ring, pytest.raises(ValueError, match="multiple of 4"):
        ring.memory.sq.u32(offset)


def test_a_region_that_outlives_its_ring_raises_and_does_not_crash():
    ring = IoUring(4)
    region = ring.memory["sqes"]
    ring.close()
    del ring
    with pytest.raises(RingClosed):
        region.bytes(0, 64)


def test_with_one_mapping_both_queues_count_in_it(requires):
    requires(feature=Features.SINGLE_MMAP)
    with IoUring(4) as ring:
        assert ring.memory.sq is ring.memory.cq
        assert [region.name for region in ring.memory.regions] == ["rings", "sqes"]


def test_with_two_mappings_a_request_goes_round_all_the_same(monkeypatch):
    """As before 5.4. Newer kernels still map the two rings apart when they are asked to."""

    def apart(params):
        older = Params(**{**vars(params), "features": params.features & ~Features.SINGLE_MMAP})
        return plan(older)

    monkeypatch.setattr("uringlab.core.memory.plan", apart)
    with IoUring(4) as ring:
        assert [region.name for region in ring.memory.regions] == ["sq ring", "cq ring", "sqes"]
        for number in range(10):
            ring.sq().push(ops.Nop(user_data=number))
            assert ring.submit_and_wait(1) == 1
            assert [cqe.user_data for cqe in ring.cq()] == [number]
        assert ring.memory.sq.u32(ring.params.sq_off["tail"]) == 10
        assert ring.memory.cq.u32(ring.params.cq_off["head"]) == 10
