"""WAITID, with real children."""

from __future__ import annotations

import errno
import os
import signal

import pytest

from uringlab import OperandError, ops
from uringlab.core.abi import Opcode, WaitIdType, WaitOptions
from uringlab.core.buffers import memory_stats
from uringlab.core.childinfo import ChildInfo


def examples():
    return [
        (
            ops.Waitid(7, ChildInfo(), options=WaitOptions.EXITED | WaitOptions.NOHANG),
            "WAITID id=7 info=0x",
        ),
    ]


@pytest.fixture(autouse=True)
def _known(requires):
    requires(opcode=Opcode.WAITID)


class Child:
    """A child that waits for a byte, and then ends with that status."""

    def __init__(self):
        self.gate = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                os.close(self.gate[1])
                os._exit(os.read(self.gate[0], 1)[0])
            finally:
                os._exit(99)

    def end(self, status):
        os.write(self.gate[1], bytes([status]))

    def close(self):
        for fd in self.gate:
            os.close(fd)
        try:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        except (ChildProcessError, ProcessLookupError):
            return


@pytest.fixture
def child():
    made = Child()
    yield made
    made.close()


def is_reaped(child):
    try:
        os.waitpid(child.pid, os.WNOHANG)
    except ChildProcessError:
        return True
    return False


def test_a_child_is_waited_for_and_reaped(ring, child):
    info = ChildInfo()
    assert (info.pid, info.cause, repr(info)) == (0, "", "<ChildInfo: none>")
    ring.sq().push(ops.Waitid(child.pid, info, user_data=1))
    ring.submit()
    assert not ring.cq()
    child.end(3)
    assert [cqe[:2] for cqe in ring.cq(1, timeout=5)] == [(1, 0)]
    assert (info.pid, info.status, info.code) == (child.pid, 3, os.CLD_EXITED)
    assert (info.cause, info.uid) == ("exited", os.getuid())
    assert repr(info) == f"<ChildInfo pid {child.pid} exited, status 3>"
    assert is_reaped(child)


def test_a_child_that_is_killed_says_by_what(run, child):
    os.kill(child.pid, signal.SIGTERM)
    info = ChildInfo()
    assert run(ops.Waitid(child.pid, info)) == 0
    assert (info.code, info.status) == (os.CLD_KILLED, signal.SIGTERM)
    assert repr(info) == f"<ChildInfo pid {child.pid} killed, SIGTERM>"
    assert run(ops.Waitid(child.pid, info)) == -errno.ECHILD


def test_the_room_is_held_while_it_waits(ring, child, collect):
    before = memory_stats()[0]
    ring.sq().push(ops.Waitid(child.pid, ChildInfo()))
    ring.submit()
    collect()
    assert memory_stats()[0] == before + 1
    child.end(0)
    assert [cqe.res for cqe in ring.cq(1, timeout=5)] == [0]
    assert memory_stats()[0] == before


def test_a_child_that_has_not_ended_need_not_be_waited_for(run, child):
    info = ChildInfo()
    asked = WaitOptions.EXITED | WaitOptions.NOHANG
    assert run(ops.Waitid(child.pid, info, options=asked)) == 0
    assert info.pid == 0


def test_a_child_may_be_looked_at_and_left(run, child):
    child.end(4)
    info = ChildInfo()
    asked = WaitOptions.EXITED | WaitOptions.NOWAIT
    assert run(ops.Waitid(child.pid, info, options=asked)) == 0
    assert info.status == 4
    assert os.waitpid(child.pid, 0) == (child.pid, 4 << 8)


def test_a_child_that_stops_and_goes_on_is_told(run, child):
    info = ChildInfo()
    os.kill(child.pid, signal.SIGSTOP)
    assert run(ops.Waitid(child.pid, info, options=WaitOptions.STOPPED)) == 0
    assert (info.cause, info.status) == ("stopped", signal.SIGSTOP)
    os.kill(child.pid, signal.SIGCONT)
    assert run(ops.Waitid(child.pid, info, options=WaitOptions.CONTINUED)) == 0
    assert info.cause == "continued"


def test_a_child_is_named_by_its_pidfd_and_its_group(run, child):
    pidfd = os.pidfd_open(child.pid)
    try:
        child.end(5)
        info = ChildInfo()
        look = WaitOptions.EXITED | WaitOptions.NOWAIT
        assert run(ops.Waitid(pidfd, info, id_type=WaitIdType.PIDFD, options=look)) == 0
        assert (info.pid, info.status) == (child.pid, 5)
        group = ops.Waitid(os.getpgrp(), info, id_type=WaitIdType.PGID)
        assert run(group) == 0
        assert info.pid == child.pid
        assert is_reaped(child)
    finally:
        os.close(pidfd)


def test_a_wait_is_cancelled(ring, child):
    ring.sq().push(ops.Waitid(child.pid, ChildInfo(), user_data=1))
    ring.submit()
    ring.sq().push(ops.AsyncCancel(1, user_data=2))
    ring.submit_and_wait(2, timeout=5)
    waited, cancel = sorted(cqe[:2] for cqe in ring.cq())
    assert waited == (1, -errno.ECANCELED)
    assert cancel in {(2, 0), (2, 1)}  # here some kernels count


def test_what_cannot_be_waited_for_says_so(run):
    assert run(ops.Waitid(os.getpid(), ChildInfo())) == -errno.ECHILD
    assert run(ops.Waitid(1, ChildInfo(), options=WaitOptions(0))) == -errno.EINVAL


@pytest.mark.parametrize(
    "make",
    [
        lambda: ops.Waitid("1", ChildInfo()),
        lambda: ops.Waitid(2**31, ChildInfo()),
        lambda: ops.Waitid(1, None),
        lambda: ops.Waitid(1, ChildInfo(), id_type="PID"),
        lambda: ops.Waitid(1, ChildInfo(), options="EXITED"),
    ],
)
def test_what_does_not_fit_is_refused(make):
    with pytest.raises(OperandError):
        make()
