"""Hand-made snapshots, for what is pure."""

from __future__ import annotations

import pytest

from uringlab.observe.snapshot import RingSnapshot


@pytest.fixture(scope="session")
def empty():
    """A ring of 4 SQEs and 8 CQEs where nothing has happened."""
    return RingSnapshot(
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


@pytest.fixture
def snapshot(empty):
    """`snapshot(sq_tail=1, …)`: the empty ring, but for that."""

    def make(**words):
        return empty._replace(**words)

    return make
