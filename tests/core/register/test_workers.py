from __future__ import annotations

import errno
import os
import time
from pathlib import Path

import pytest

from uringlab import Buffer, IoUring, OperandError, OwnedFd, SqeFlags, ops
from uringlab.core.abi import RegisterOp


@pytest.fixture(autouse=True)
def _known(needs):
    needs(RegisterOp.IOWQ_AFF, RegisterOp.IOWQ_MAX_WORKERS)


def worker_threads():
    """(name, the CPUs it may run on) of each worker of this process."""
    found = []
    for task in Path("/proc/self/task").iterdir():
        status = dict(line.split(":", 1) for line in (task / "status").read_text().splitlines())
        if status["Name"].strip().startswith("iou-wrk"):
            found.append(status["Cpus_allowed_list"].strip())
    return found


def test_a_worker_runs_on_the_cpu_it_was_pinned_to(tmp_path, in_child):
    (tmp_path / "file").write_bytes(b"x")
    cpu = max(os.sched_getaffinity(0))

    def pinned():
        # In a child: its workers are nobody else's.
        with IoUring(4) as ring, OwnedFd(os.open(tmp_path / "file", os.O_RDONLY)) as fd:
            ring.workers.pin({cpu})
            ring.sq().push(ops.Read(fd, Buffer(8), flags=SqeFlags.ASYNC))
            ring.submit_and_wait(1)
            found = worker_threads()
            ring.workers.unpin()
            return found

    assert in_child(pinned) == str([str(cpu)])


def test_pinning_to_no_cpu_is_refused(ring):
    for wrong in ([], [-1], [1 << 20]):
        with pytest.raises(OperandError, match="no set of CPUs"):
            ring.workers.pin(wrong)


def test_limits_tell_what_they_were(in_child):
    def limits():
        with IoUring(4) as ring:
            before = ring.workers.limits()
            was = ring.workers.limit(3, 5)
            half = ring.workers.limit(bounded=2)
            return before == was, tuple(half), tuple(ring.workers.limits())

    assert in_child(limits) == str((True, (3, 5), (2, 5)))


def test_a_limit_is_a_number(ring):
    with pytest.raises(OperandError, match="no number of workers"):
        ring.workers.limit(-1)


def waiting_for_a_writer():
    """How many workers stand in the opening of a FIFO."""
    tasks = Path("/proc/self/task").iterdir()
    return sum("wait_for_partner" in (task / "wchan").read_text() for task in tasks)


def writer_of(fifo):
    """The end to write to; None while nobody opens the other."""
    try:
        return os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
    except OSError as why:
        assert why.errno == errno.ENXIO
        return None


def until(holds):
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.001)


def test_no_more_is_done_at_once_than_the_limit_says(tmp_path, in_child):
    # Opening a FIFO keeps a worker until somebody opens the other end.
    fifos = [tmp_path / name for name in "abcd"]
    for fifo in fifos:
        os.mkfifo(fifo)

    def opened():
        with IoUring(4) as ring:
            ring.workers.limit(bounded=2)
            ring.sq().push_all(ops.Openat(fifo, flags=SqeFlags.ASYNC) for fifo in fifos)
            ring.submit()
            until(lambda: waiting_for_a_writer() == 2)
            first = [writer_of(fifo) is not None for fifo in reversed(fifos)]
            for fifo in fifos[2:]:
                until(lambda fifo=fifo: writer_of(fifo) is not None)
            ring.cq(4, timeout=20)
            return first, all(cqe.res >= 0 for cqe in ring.cq())

    assert in_child(opened) == str(([False, False, True, True], True))
