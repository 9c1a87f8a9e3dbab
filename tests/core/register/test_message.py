from __future__ import annotations

import errno
import os

import pytest

from uringlab import Buffer, IoUring, IoUringFd, OperandError, Params, SetupFlags, ops
from uringlab.core.abi import CqeFlags, RegisterOp
from uringlab.core.register.message import send_msg_ring
from uringlab.observe.source import OwnSource


@pytest.fixture(autouse=True)
def _known(needs):
    needs(RegisterOp.SEND_MSG_RING)


def test_a_cqe_is_posted_by_somebody_without_a_ring(ring):
    send_msg_ring(ring, user_data=11, res=22)
    send_msg_ring(ring.fd, user_data=12, res=-1, flags=1 << 4)
    send_msg_ring(ring.fd.number, user_data=2**64 - 1)
    wanted = [(11, 22, 0), (12, -1, 1 << 4), (2**64 - 1, 0, 0)]
    assert list(ring.cq(3, timeout=5)) == wanted


def test_a_ring_that_defers_its_work_gets_it_when_it_waits(requires):
    flags = SetupFlags.SINGLE_ISSUER | SetupFlags.DEFER_TASKRUN
    requires(setup_flag=flags)
    with IoUring(4, Params(flags=flags)) as ring:
        send_msg_ring(ring, 5, 6)
        assert list(ring.cq(1, timeout=5)) == [(5, 6, 0)]


def test_it_frees_nothing_that_is_under_way(ring, pipe, blocks):
    ring.sq().push(ops.Read(pipe[0], Buffer(8), user_data=5))
    ring.submit()
    send_msg_ring(ring, user_data=5)
    assert list(ring.cq(1, timeout=5)) == [(5, 0, 0)]
    assert blocks() == 1, "the read is still under way"
    os.write(pipe[1], b"x")
    assert list(ring.cq(1, timeout=5)) == [(5, 1, 0)]


@pytest.mark.parametrize(
    "more", [0, CqeFlags.SKIP, CqeFlags.SKIP | 1 << 14, CqeFlags.SKIP | 3 << 13]
)
def test_the_second_half_of_a_large_cqe_is_nobodys_answer(more, requires, pipe, blocks):
    """The kernel posts a CQE of 32 bytes for F_32, whatever other flags say: the half is zeros."""
    requires(setup_flag=SetupFlags.CQE_MIXED)
    with IoUring(8, Params(flags=SetupFlags.CQE_MIXED)) as ring:
        ring.sq().push(ops.Read(pipe[0], Buffer(8)))
        ring.submit()
        for lap in range(3 * ring.params.cq_entries):
            send_msg_ring(ring, user_data=5, flags=CqeFlags.F_32 | more)
            if lap % 3 == 0:  # not always on the same slots
                send_msg_ring(ring, user_data=5, flags=1)
            shown = [cqe for _, cqe in OwnSource("ring", ring).sample().ready_cqes()]
            assert list(ring.cq()) == shown
            assert {cqe.user_data for cqe in shown} <= {5}
            assert blocks() == 1, "the read is still under way"
        os.write(pipe[1], b"x")
        assert [tuple(cqe) for cqe in ring.cq(1, timeout=5)] == [(0, 1, 0)]


def test_refusals_say_what_they_mean(disabled, pipe):
    with pytest.raises(OSError, match="EBADF: the fd is not open") as why:
        send_msg_ring(9999)
    assert why.value.errno == errno.EBADF
    with pytest.raises(OSError, match="EBADFD: the fd is no ring's"):
        send_msg_ring(pipe[0])
    with pytest.raises(OSError, match="EBADFD: .*has not started yet"):
        send_msg_ring(disabled)
    with pytest.raises(OperandError, match="by its fd here"):
        send_msg_ring(IoUringFd(0, registered=True))
    with pytest.raises(OperandError, match="do not fit a CQE"):
        send_msg_ring(disabled, user_data=-1)
    with pytest.raises(OperandError, match="-1 is no fd"):
        send_msg_ring(-1)
