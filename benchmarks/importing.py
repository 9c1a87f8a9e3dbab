"""What `import uringlab` adds to the start of an interpreter."""

from __future__ import annotations

import subprocess
import sys
import time

BARE = "pass"
WITH = "import uringlab"
ELSEWHERE = "/"
"""A folder without uringlab in it: what is imported is what is installed."""


def start_ms(code: str) -> float:
    """Start an interpreter, run the code, wait for its end: milliseconds."""
    began = time.perf_counter_ns()
    subprocess.run([sys.executable, "-c", code], cwd=ELSEWHERE, check=True)
    return (time.perf_counter_ns() - began) / 1e6


def measure_import(rounds: int) -> list[float]:
    """What the import adds, in milliseconds, round by round.

    A round starts an interpreter without the import and one with it, next to each other. The
    first pair is not counted: it writes byte code and fills the page cache.
    """
    added = []
    for _ in range(rounds + 1):
        bare = start_ms(BARE)
        added.append(start_ms(WITH) - bare)
    return added[1:]
