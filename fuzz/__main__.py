"""`python -m fuzz`: the long run, in as many processes as there are processors."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LINES = {"parser": 1_000_000, "session": 100_000}
GUIDED = {"parser": 4, "session": 2}
"""One of so many lines is guided by coverage, in half of the processes; the rest is plain."""
EVERY = 10.0
"""Seconds between two lines of progress."""
TAIL = 200
"""Lines of a process that has found something."""


class Job(NamedTuple):
    """A fuzzer, and where it writes what it says."""

    process: subprocess.Popen[bytes]
    out: IO[bytes]

    def text(self) -> list[str]:
        """What it has said so far."""
        return Path(self.out.name).read_text(errors="replace").splitlines()


def start(module: str, target: str, lines: int, seed: int) -> Job:
    """Start a fuzzer."""
    out = tempfile.NamedTemporaryFile(prefix=f"fuzz-{target}-")  # noqa: SIM115 - it is the job's
    argv = [sys.executable, "-X", "faulthandler", "-m", module, target, str(lines), str(seed)]
    return Job(subprocess.Popen(argv, stdout=out, stderr=subprocess.STDOUT), out)


def shares(target: str, lines: int, count: int) -> Iterator[tuple[str, int]]:
    """Which fuzzer takes how many lines, in so many processes."""
    guided = lines // GUIDED[target] if find_spec("atheris") else 0
    for module, some in (("fuzz.guided", guided), ("fuzz.plain", lines - guided)):
        each = max(1, count // 2)
        if some:
            yield from [(module, -(-some // each))] * each


def progress(jobs: Sequence[Job]) -> Iterator[str]:
    """The newest line of each that is one of progress."""
    for job in jobs:
        told = [line for line in job.text() if " lines, " in line]
        yield told[-1] if told else "begins"


def fuzz(target: str, lines: int, seed: int, count: int) -> bool:
    """Fuzz one of the targets. Whether nothing was found."""
    began = said = time.monotonic()
    jobs = [
        start(module, target, some, seed + number)
        for number, (module, some) in enumerate(shares(target, lines, count))
    ]
    while any(job.process.poll() is None for job in jobs):
        time.sleep(0.2)
        if time.monotonic() - said > EVERY:
            said = time.monotonic()
            print(f"{target}: {' | '.join(progress(jobs))}", flush=True)
    found = [job for job in jobs if job.process.returncode != 0]
    for job in found:
        print(*job.text()[-TAIL:], sep="\n")
    told = [json.loads(job.text()[-1]) for job in jobs if job not in found]
    total = {name: sum(one[name] for one in told) for name in (told[0] if told else {})}
    total["seconds"] = round(time.monotonic() - began)
    print(f"{target}: {len(found)} findings; {json.dumps(total)}", flush=True)
    for job in jobs:
        job.out.close()
    return not found


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("target", nargs="*", help="parser, session; both")
    parser.add_argument("--lines", type=int, help="how many lines (1,000,000 and 100,000)")
    parser.add_argument("--seed", type=int, help="another seed, other lines (by the time)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes at once")
    asked = parser.parse_args()
    seed = int(time.time()) % 1_000_000 if asked.seed is None else asked.seed
    print(f"seed {seed}", flush=True)
    results = [
        fuzz(target, asked.lines or LINES[target], seed, asked.jobs)
        for target in asked.target or LINES
    ]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
