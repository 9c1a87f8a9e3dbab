"""What a recording of many events costs: to write, to keep, and to go anywhere in it.

Run as `python -m benchmarks.observing.length EVENTS FILE` it is the child that writes or reads, so
that the memory that is measured is its own.
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from uringlab import CqeBatch, IoUring, Prepared, ops
from uringlab.observe.log import EventLog
from uringlab.observe.observer import Observer
from uringlab.observe.recording.recorder import Recorder
from uringlab.observe.recording.recording import Recording
from uringlab.observe.recording.store import Store
from uringlab.observe.requests import Requests
from uringlab.observe.source import OwnSource

if TYPE_CHECKING:
    from collections.abc import Callable

BATCH = 32
SEEKS = 300
SHARE_THAT_FAILS = 1_000
"""One batch of so many has a request that fails: something to jump to."""


class Length(NamedTuple):
    """What was measured. Times in seconds, sizes in bytes."""

    events: int
    seconds: float
    file_bytes: int
    writer_bytes: int
    reader_bytes: int
    seeks: list[float]
    errors: list[float]
    requests: list[float]


def measure_length(events: int) -> Length:
    """Write that many events of a real ring, then go to random places in them."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.uringrec"
        wrote = _child("write", str(events), str(path))
        size = path.stat().st_size
        read = _child("read", str(path))
    return Length(
        wrote["events"],
        wrote["seconds"],
        size,
        wrote["memory"],
        read["memory"],
        read["seeks"],
        read["errors"],
        read["requests"],
    )


def _child(*args: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.observing.length", *args],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def write(events: int, path: Path) -> dict[str, Any]:
    """A ring at work, looked at before and after each step, as a session does."""
    log, requests = EventLog(), Requests()
    log.listen(requests.take)
    store = Store.create(path)
    with IoUring(BATCH) as ring:
        good = Prepared(ops.Nop(user_data=number) for number in range(BATCH))
        bad = Prepared(ops.Close(999_999, user_data=number) for number in range(BATCH))
        batch = CqeBatch(BATCH * 2)
        observer = Observer(OwnSource("r0", ring), log)
        began = time.perf_counter()
        with Recorder(store, log, requests) as recorder:
            turn = 0
            while log.count < events:
                turn += 1
                ring.sq().push_all(bad if turn % SHARE_THAT_FAILS == 0 else good)
                observer.look()
                ring.submit_and_wait(BATCH)
                observer.look()
                ring.cq().drain_into(batch)
                observer.look()
            recorder.flush()
            seconds = time.perf_counter() - began
    store.close()
    return {"events": log.count, "seconds": seconds, "memory": _memory()}


def read(path: Path) -> dict[str, Any]:
    """Random moments; from each the next failure, and a request."""
    chance = random.Random(1)  # noqa: S311 - places, not secrets
    seeks, errors, requests = [], [], []
    with Recording.open(path) as recording:
        for _ in range(SEEKS):
            number = chance.randrange(recording.first, recording.count + 1)
            seeks.append(_timed(lambda number=number: recording.moment(number)))
            errors.append(_timed(lambda number=number: recording.next_error(number)))
            text = f"user_data={chance.randrange(BATCH)}"
            requests.append(
                _timed(lambda number=number, text=text: recording.find_request(text, number))
            )
    return {"memory": _memory(), "seeks": seeks, "errors": errors, "requests": requests}


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    what, *rest = sys.argv[1:]
    found = write(int(rest[0]), Path(rest[1])) if what == "write" else read(Path(rest[0]))
    json.dump(found, sys.stdout)
