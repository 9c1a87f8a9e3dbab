from __future__ import annotations

import errno
import os

import pytest

from uringlab import Buffer, EnterFlags, Opcode, OperandError, SqeFlags, ops
from uringlab.core.abi import RegisterOp

ERESTARTSYS = 512  # the kernel's own, which 6.18 lets out when an open is interrupted
HOUR = 3600 * 1_000_000_000


@pytest.fixture(autouse=True)
def _known(needs):
    needs(RegisterOp.SYNC_CANCEL)


@pytest.fixture
def waiting(ring, pipe):
    """A read and a poll of one pipe, and two timeouts, all under way."""
    ring.sq().push(ops.Read(pipe[0], Buffer(8), user_data=1))
    ring.sq().push(ops.PollAdd(pipe[0], user_data=2))
    ring.sq().push(ops.Timeout(HOUR, user_data=3))
    ring.sq().push(ops.Timeout(HOUR, user_data=3))
    ring.submit()
    return pipe[0]


def cancelled(ring):
    ring.submit(EnterFlags.GETEVENTS)  # where the work is deferred, CQEs come only so
    cqes = list(ring.cq())
    assert {cqe.res for cqe in cqes} <= {-errno.ECANCELED}
    return sorted(cqe.user_data for cqe in cqes)


def test_by_user_data_the_first_or_every_one(ring, waiting):
    ring.sync_cancel(3)
    assert cancelled(ring) == [3]
    assert ring.sync_cancel(3, every=True) == 1
    assert cancelled(ring) == [3]
    with pytest.raises(OSError, match="ENOENT: no request was found that is like that"):
        ring.sync_cancel(3)


def test_by_fd_all_that_works_on_it(ring, waiting):
    assert ring.sync_cancel(fd=waiting, every=True) == 2
    assert cancelled(ring) == [1, 2]


def test_by_a_registered_file(ring, waiting):
    ring.files.register([waiting])
    assert ring.sync_cancel(fd=ring.files[0], every=True) == 2
    assert cancelled(ring) == [1, 2]


def test_by_opcode_and_by_all_that_is_given(ring, waiting, needs):
    needs(RegisterOp.PBUF_STATUS)  # 6.8: the opcode counts from 6.6 on
    with pytest.raises(OSError, match="ENOENT"):
        ring.sync_cancel(1, op=Opcode.TIMEOUT)
    with pytest.raises(OSError, match="ENOENT"):
        ring.sync_cancel(1, fd=waiting, op=Opcode.POLL_ADD)
    ring.sync_cancel(2, fd=waiting, op=Opcode.POLL_ADD)
    assert cancelled(ring) == [2]
    assert ring.sync_cancel(op=Opcode.TIMEOUT, every=True) == 2
    assert cancelled(ring) == [3, 3]


def test_anything_is_everything(ring, waiting):
    assert ring.sync_cancel(anything=True) == 4
    assert cancelled(ring) == [1, 2, 3, 3]


def test_it_waits_for_a_worker_and_gives_up_when_the_time_is_over(ring, tmp_path):
    # Opening a FIFO blocks a worker thread, which is interrupted: that takes a moment.
    os.mkfifo(tmp_path / "fifo")
    ring.sq().push(ops.Openat(tmp_path / "fifo", user_data=7, flags=SqeFlags.ASYNC))
    ring.submit()
    ring.sync_cancel(7, timeout=10)
    [cqe] = list(ring.cq(1, timeout=5))
    assert cqe.user_data == 7
    assert cqe.res in {-errno.ECANCELED, -errno.EINTR, -ERESTARTSYS}


def test_what_makes_no_sense_is_refused(ring):
    with pytest.raises(OperandError, match="say what to cancel"):
        ring.sync_cancel()
    with pytest.raises(OperandError, match="name nothing beside it"):
        ring.sync_cancel(1, anything=True)
    with pytest.raises(OperandError, match="user_data=-1"):
        ring.sync_cancel(-1)
    with pytest.raises(OperandError, match="op=256 is no opcode"):
        ring.sync_cancel(op=256)
    with pytest.raises(OperandError, match="is no fd"):
        ring.sync_cancel(fd=2**31)
    with pytest.raises(OSError, match="EBADF: the fd is not open"):
        ring.sync_cancel(fd=9999)
