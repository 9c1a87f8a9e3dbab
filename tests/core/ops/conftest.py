"""For the tests of the opcodes: a ring, and how to run one op on it.

Every file of tests here has a function `examples()`: ops, and how they read when they are
decoded. `tests/core/test_ops.py` gathers them, and sees that no declared op is without.
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest

from uringlab import IoUring
from uringlab.core.buffers import memory_stats

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from uringlab import Buffer
    from uringlab.core.cq import Cqe
    from uringlab.core.ops import Op


@pytest.fixture
def ring() -> Iterator[IoUring]:
    """A ring of eight slots with nothing special about it."""
    with IoUring(8) as ring:
        yield ring


@pytest.fixture
def complete(ring: IoUring) -> Callable[..., Cqe]:
    """`complete(op)`: push, submit, wait: the CQE. It must be the only one, and final."""

    def complete(op: Op, *, on: IoUring | None = None) -> Cqe:
        there = on or ring
        there.sq().push(op)
        there.submit_and_wait(1, timeout=5)
        [cqe] = list(there.cq())
        assert cqe.user_data == op.user_data
        assert cqe.final
        return cqe

    return complete


@pytest.fixture
def run(complete: Callable[..., Cqe]) -> Callable[..., int]:
    """`run(op)`: as `complete`, but only its `res`."""

    def run(op: Op, *, on: IoUring | None = None) -> int:
        return complete(op, on=on).res

    return run


@pytest.fixture
def run_forgotten(ring: IoUring) -> Callable[..., int]:
    """`run_forgotten(lambda: op, held=n)`: nobody refers to the op or its memory from the push on.

    Whatever the kernel follows must then be held by the slot; what it copied is let go of once it
    has, and `held` blocks are held by the request until its CQE is taken.
    """

    def run(make: Callable[[], Op], *, held: int) -> int:
        gc.collect()
        before = memory_stats()[0]
        ring.sq().push(make())
        gc.collect()
        ring.submit()
        gc.collect()
        assert memory_stats()[0] - before == held, "blocks held by the request"
        [cqe] = list(ring.cq(1, timeout=5))
        assert cqe.final
        assert memory_stats()[0] == before, "blocks left behind"
        return cqe.res

    return run


@pytest.fixture
def table(ring: IoUring) -> Callable[[int], None]:
    """`table(n)`: registers a sparse table of n files."""
    return ring.files.sparse


@pytest.fixture
def register_buffers(ring: IoUring) -> Callable[..., None]:
    """`register_buffers(b0, b1)`: they become the ring's registered buffers 0 and 1."""

    def register(*buffers: Buffer) -> None:
        ring.buffers.register(buffers)

    return register
