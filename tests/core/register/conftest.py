"""For the tests of what is registered: a ring, one op run on it, and what this kernel knows."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest

from uringlab import IoUring, Params, SetupFlags
from uringlab.core.buffers import memory_stats
from uringlab.core.probe import register_ops

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from uringlab.core.abi import RegisterOp
    from uringlab.core.cq import Cqe
    from uringlab.core.ops import Op

DEFERRED = SetupFlags.SINGLE_ISSUER | SetupFlags.DEFER_TASKRUN


@pytest.fixture
def ring() -> Iterator[IoUring]:
    """A ring of eight slots with nothing special about it."""
    with IoUring(8) as ring:
        yield ring


@pytest.fixture
def disabled() -> Iterator[IoUring]:
    """A ring that has not started yet."""
    with IoUring(8, Params(flags=SetupFlags.R_DISABLED)) as ring:
        yield ring


@pytest.fixture
def run(ring: IoUring) -> Callable[..., Cqe]:
    """`run(op)`, `run(op, on=ring)`: push, submit, wait: its CQE."""

    def run(op: Op, *, on: IoUring | None = None) -> Cqe:
        there = on or ring
        there.sq().push(op)
        there.submit_and_wait(1, timeout=5)
        [cqe] = list(there.cq())
        return cqe

    return run


@pytest.fixture
def needs() -> Callable[..., None]:
    """`needs(RegisterOp.CLOCK)`: skips unless this kernel knows the call."""

    def check(*ops: RegisterOp) -> None:
        for op in ops:
            if op not in register_ops():
                pytest.skip(f"needs {op.kernel_name}")

    return check


@pytest.fixture
def blocks() -> Callable[[], int]:
    """How many blocks of memory there are now, beside those that there were."""
    gc.collect()
    before = memory_stats()[0]

    def count() -> int:
        gc.collect()
        return memory_stats()[0] - before

    return count
