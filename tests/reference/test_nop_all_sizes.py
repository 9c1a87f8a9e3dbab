"""The behaviours of liburing's test `nop-all-sizes`: queues of every size, filled to the brim."""

from __future__ import annotations

import errno

import pytest
from ring_kinds import PATIENCE, submit

from uringlab import CqeBatch, Prepared, ops
from uringlab.core.abi import MAX_ENTRIES

SIZES = [1 << bit for bit in range(MAX_ENTRIES.bit_length())]


@pytest.mark.parametrize("size", SIZES)
def test_the_queue_takes_two_fillings_and_every_nop_comes_back(make_ring, size):
    try:
        ring = make_ring(size)
    except OSError as why:
        assert why.errno == errno.ENOMEM
        pytest.skip(f"needs the memory for a ring of {size}")
    assert ring.params.sq_entries == size
    filling = Prepared([ops.Nop(user_data=7)] * size)
    for _ in range(2):
        ring.sq().push_all(filling)
        assert len(ring.sq()) == 0
        assert submit(ring) == size
    batch = CqeBatch(size)
    for _ in range(2):
        ring.cq(size, timeout=PATIENCE).drain_into(batch)
        assert len(batch) == size
        assert set(batch.user_data) == {7}
        assert not any(batch.res)
    assert len(ring.cq()) == 0
