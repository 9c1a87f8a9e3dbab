"""What this process holds: to be asked before and after, and compared."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Holdings:
    """Open fds with what they are of, mappings of rings, and child processes."""

    fds: frozenset[tuple[int, str]]
    ring_mappings: int
    children: frozenset[str]

    def more_than(self, before: Holdings) -> list[str]:
        """What there is now that was not there before, in words."""
        found = [f"fd {fd} ({what}) was left open" for fd, what in sorted(self.fds - before.fds)]
        if self.ring_mappings > before.ring_mappings:
            found.append(f"{self.ring_mappings - before.ring_mappings} mappings of rings were left")
        found += [f"the process {pid} was left" for pid in sorted(self.children - before.children)]
        return found


def holdings() -> Holdings:
    """What this process holds now."""
    fds = set()
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - names are what is wanted
        try:
            fds.add((int(name), os.readlink(f"/proc/self/fd/{name}")))  # noqa: PTH115 - not a path
        except FileNotFoundError:
            continue  # the fd of the listing itself
    maps = Path("/proc/self/maps").read_text(encoding="utf-8")
    return Holdings(frozenset(fds), maps.count("io_uring"), _children())


def _children() -> frozenset[str]:
    found: set[str] = set()
    for task in Path("/proc/self/task").iterdir():
        try:
            found.update((task / "children").read_text(encoding="utf-8").split())
        except OSError:
            continue  # a thread that has just ended, or a kernel without this file
    return frozenset(found)
