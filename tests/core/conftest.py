"""For the tests of the ring: each must leave nothing behind."""

from __future__ import annotations

import gc
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from uringlab.core.buffers import memory_stats
from uringlab.core.native import lib

if TYPE_CHECKING:
    from collections.abc import Iterator


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In a quarantine build (make quarantine): not one byte of freed memory was written to."""
    if lib.ul_quarantine_check() > 0:
        session.exitstatus = 86


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    """Every block was freed, none was given up, and every fd was closed.

    This is the check that all the others lean on: memory that is freed too early crashes, and
    memory that is never freed shows up here.
    """
    gc.collect()
    before = memory_stats(), len(list(Path("/proc/self/fd").iterdir()))
    yield
    gc.collect()
    after = memory_stats(), len(list(Path("/proc/self/fd").iterdir()))
    assert after == before, "blocks (alive, bytes, given up) and fds: before and after"
