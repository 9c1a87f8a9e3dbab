"""What `import uringlab` adds to the start of an interpreter."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from benchmarks.contender import Cost

BARE = "pass"
WITH = "import uringlab"
ELSEWHERE = "/"
"""A folder without uringlab in it: what is imported is what is installed."""


def start(*words: str) -> Cost:
    """Start an interpreter with those words behind it, wait for its end: milliseconds.

    What is imported is compiled once, as it is wherever byte code may be written.
    """
    began = time.perf_counter()
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    child = subprocess.Popen([sys.executable, *words], cwd=ELSEWHERE, env=environment)
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.perf_counter() - began
    child.returncode = os.waitstatus_to_exitcode(status)  # so that Popen waits no more
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, words)
    return Cost(cpu=(usage.ru_utime + usage.ru_stime) * 1e3, wall=wall * 1e3)


def measure_import(rounds: int) -> list[Cost]:
    """What the import adds, in milliseconds, round by round.

    A round starts an interpreter without the import and one with it, next to each other. The
    first pair is not counted: it writes byte code and fills the page cache.
    """
    added = []
    for _ in range(rounds + 1):
        bare, full = start("-c", BARE), start("-c", WITH)
        added.append(Cost(full.cpu - bare.cpu, full.wall - bare.wall))
    return added[1:]
