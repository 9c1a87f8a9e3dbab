"""What a session leaves in its process, and must have taken away when it has ended."""

from __future__ import annotations

import gc
import os
import threading
import time
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Self

from uringlab.core.buffers import memory_stats

if TYPE_CHECKING:
    from collections.abc import Iterator

SELF = Path("/proc/self")
PATIENCE = 20.0
"""Seconds. The kernel ends a ring's threads and gives its mappings back in its own time."""


@dataclass(frozen=True)
class Traces:
    """Of this process, now.

    Attributes:
        fds: open fds, and what each leads to.
        rings: mappings of an io_uring.
        children: whether there is a child process, running or not reaped.
        tasks: threads, those that the kernel has made for its rings included; but not its workers.
        workers: threads for what blocks. The kernel keeps two idle ones for as long as the thread
            lives that had a ring, whatever became of the ring.
        threads: Python's.
        blocks: blocks of memory that the C floor holds, without what it gave up for good: a ring
            that cannot prove that a silent request has ended never frees its memory.
        scratch: how many things lie where scratch directories are made, and in them.
    """

    fds: tuple[str, ...]
    rings: int
    children: bool
    tasks: tuple[str, ...]
    workers: int
    threads: tuple[str, ...]
    blocks: int
    scratch: int

    @classmethod
    def now(cls, scratch: Path) -> Self:
        """Look."""
        gc.collect()
        maps = (SELF / "maps").read_text()
        live, _, retired = memory_stats()
        tasks = list(_tasks())
        workers = sum(name.startswith("iou-wrk") for name in tasks)
        return cls(
            tuple(open_fds()),
            maps.count("io_uring"),
            has_children(),
            tuple(sorted(name.strip() for name in tasks if not name.startswith("iou-wrk"))),
            workers,
            tuple(sorted(thread.name for thread in threading.enumerate())),
            live - retired,
            sum(1 for _ in scratch.rglob("*")),
        )

    def unlike(self, other: Self, spare: int) -> dict[str, tuple[object, object]]:
        """What differs, but for that many workers more."""
        pairs = {
            one.name: (getattr(self, one.name), getattr(other, one.name)) for one in fields(self)
        }
        pairs["workers"] = (self.workers, max(self.workers, other.workers - spare))
        # Two references to one block may have been given up.
        pairs["blocks"] = (self.blocks, max(self.blocks, other.blocks))
        return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}

    def must_come_back(self, scratch: Path, *, spare: int = 0) -> None:
        """Wait until all is as it was here; `spare` idle workers may stay.

        Raises:
            AssertionError: it does not come back.
        """
        end = time.monotonic() + PATIENCE
        while unlike := self.unlike(type(self).now(scratch), spare):
            assert time.monotonic() < end, f"left over (before, after): {unlike}"
            time.sleep(0.005)  # the kernel tells nobody when it has ended a ring's threads


def _tasks() -> Iterator[str]:
    for path in (SELF / "task").iterdir():
        try:
            yield (path / "comm").read_text()
        except OSError:  # it has just ended
            continue


def open_fds() -> list[str]:
    """Number by number, and what each leads to."""
    found = []
    for number in sorted(map(int, os.listdir(SELF / "fd"))):
        try:
            found.append(f"{number} {os.readlink(SELF / 'fd' / str(number))}")
        except OSError:  # the fd of the listing itself
            continue
    return found


def has_children() -> bool:
    """Whether this process has any child, be it one that only has to be reaped."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def resident() -> int:
    """Bytes of memory that this process has in use."""
    return int((SELF / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
