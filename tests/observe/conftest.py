"""Hand-made snapshots, for what is pure."""

from __future__ import annotations

import pytest

from uringlab.observe.snapshot import RingSnapshot


@pytest.fixture
def snapshot():
    """`snapshot(sq_tail=1, …)`: a ring of 4 SQEs and 8 CQEs where nothing has happened."""
    empty = RingSnapshot(
        time_ns=0,
        sq_head=0,
        sq_tail=0,
        sq_local=0,
        sq_flags=0,
        sq_dropped=0,
        sq_entries=4,
        cq_head=0,
        cq_tail=0,
        cq_flags=0,
        cq_overflow=0,
        cq_entries=8,
        sqe_size=64,
        cqe_size=16,
        sqes=bytes(4 * 64),
        cqes=bytes(8 * 16),
    )

    def make(**words):
        return empty._replace(**words)

    return make
