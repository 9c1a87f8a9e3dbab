"""MSG_RING, in processes of their own.

What it has once named proves nothing any more in any ring of its process: rings then wait
longer when they are closed, and keep more. No other test should have to know of that.
"""

from __future__ import annotations

import errno
import gc
import os
import traceback

import pytest

from uringlab import Buffer, CqeFlags, IoUring, OperandError, Params, SetupFlags, ops
from uringlab.core.abi import MsgRingFlags, Opcode
from uringlab.core.fd import ALLOC, FixedFd, IoUringFd

DEFERRED = SetupFlags.SINGLE_ISSUER | SetupFlags.DEFER_TASKRUN


def examples():
    return [
        (
            ops.MsgRing(3, res=-1, data=2**40),
            "MSG_RING ring=3 res=-1 data=0x10000000000 cqe_flags=none file=none slot=none "
            "msg_flags=0",
        ),
        (
            ops.MsgRing(3, file=FixedFd(0), slot=2),
            "MSG_RING ring=3 res=0 data=0 cqe_flags=none file=#0 slot=#2 msg_flags=0",
        ),
    ]


@pytest.fixture(autouse=True)
def _known(requires):
    requires(opcode=Opcode.MSG_RING)


@pytest.fixture
def apart():
    """`apart(body)`: calls body(ring, other) in a process of its own, with two rings."""

    def run(body, params=None):
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            failed = b""
            try:
                with IoUring(8) as ring, IoUring(4, params) as other:
                    body(ring, other)
            except BaseException:  # noqa: BLE001 (the child must end here)
                failed = traceback.format_exc().encode()
            finally:
                os.write(writer, failed[-4096:])
                os._exit(0)
        os.close(writer)
        with os.fdopen(reader) as told:
            failed = told.read()
        os.waitpid(pid, 0)
        if "cannot be tried" in failed:
            pytest.skip("needs MSG_RING's flag FLAGS_PASS")
        assert not failed, failed

    return run


def run(ring, op):
    ring.sq().push(op)
    ring.submit_and_wait(1, timeout=5)
    [cqe] = list(ring.cq())
    return cqe.res


def test_a_cqe_arrives_in_the_other_ring(apart):
    def body(ring, other):
        assert run(ring, ops.MsgRing(other.fd, res=7, data=9)) == 0
        assert list(other.cq(1, timeout=5)) == [(9, 7, 0)]
        assert run(ring, ops.MsgRing(other.fd.number, res=-5, data=2**64 - 1)) == 0
        assert list(other.cq(1, timeout=5)) == [(2**64 - 1, -5, 0)]

    apart(body)


def test_a_cqe_arrives_in_the_ring_itself(apart):
    def body(ring, _):
        ring.sq().push(ops.MsgRing(ring.fd, res=7, data=9, user_data=1))
        ring.submit_and_wait(2, timeout=5)
        assert sorted(cqe[:2] for cqe in ring.cq()) == [(1, 0), (9, 7)]

    apart(body)


def test_a_cqe_arrives_with_the_flags_that_were_given(apart):
    def body(ring, other):
        answer = run(ring, ops.MsgRing(other.fd, res=7, data=9, cqe_flags=0x50002))
        assert answer != -errno.EINVAL, "cannot be tried"
        assert list(other.cq(1, timeout=5)) == [(9, 7, 0x50002)]

    apart(body)


def test_a_message_cannot_end_a_request_of_the_other_ring(apart):
    """Its CQE has the user_data of a read that still waits: the read's buffer must stay."""

    def body(ring, other):
        reader, writer = os.pipe()
        buffer = Buffer(8)
        view = buffer.view
        other.sq().push(ops.Read(reader, buffer, user_data=9))
        other.submit()
        del buffer
        assert run(ring, ops.MsgRing(other.fd, res=0, data=9)) == 0
        assert [cqe[:2] for cqe in other.cq(1, timeout=5)] == [(9, 0)]
        gc.collect()
        os.write(writer, b"late")
        assert [cqe[:2] for cqe in other.cq(1, timeout=5)] == [(9, 4)]
        assert bytes(view[:4]) == b"late"

    apart(body)


@pytest.mark.parametrize("slot", [1, ALLOC])
def test_a_registered_file_arrives_in_the_other_ring(apart, slot):
    def body(ring, other):
        reader, writer = os.pipe()
        ring.files.register([writer])
        send = ops.MsgRing(other.fd, file=FixedFd(0), slot=slot, data=9)
        assert run(ring, send) == (-errno.ENFILE if slot is ALLOC else -errno.ENXIO)
        other.files.sparse(2)
        assert run(ring, send) == 0
        assert [cqe[:2] for cqe in other.cq(1, timeout=5)] == [(9, 0)]
        there = FixedFd(0 if slot is ALLOC else 1)
        assert run(other, ops.Write(there, b"hello", off=-1)) == 5
        assert os.read(reader, 9) == b"hello"

    apart(body)


def test_a_file_may_arrive_without_a_cqe(apart):
    def body(ring, other):
        reader, writer = os.pipe()
        ring.files.register([writer])
        other.files.sparse(2)
        silent = MsgRingFlags.CQE_SKIP
        assert run(ring, ops.MsgRing(other.fd, file=0, slot=1, data=77, msg_flags=silent)) == 0
        assert not other.cq()
        assert run(other, ops.Write(FixedFd(1), b"hello", off=-1)) == 5
        assert os.read(reader, 9) == b"hello"

    apart(body)


def test_no_file_in_that_place_is_ebadf(apart):
    def body(ring, other):
        ring.files.sparse(1)
        other.files.sparse(1)
        assert run(ring, ops.MsgRing(other.fd, file=0, slot=0)) == -errno.EBADF

    apart(body)


def test_what_is_no_ring_or_no_ring_yet_is_ebadfd(apart):
    def body(ring, asleep):
        reader, _ = os.pipe()
        assert run(ring, ops.MsgRing(reader)) == -errno.EBADFD
        assert run(ring, ops.MsgRing(999)) == -errno.EBADF
        assert run(ring, ops.MsgRing(asleep.fd)) == -errno.EBADFD

    apart(body, Params(flags=SetupFlags.R_DISABLED))


def test_a_ring_that_defers_its_task_work_gets_it_when_it_enters(requires, apart):
    requires(setup_flag=DEFERRED)

    def body(ring, other):
        assert run(ring, ops.MsgRing(other.fd, res=7, data=9)) == 0
        other.submit_and_wait(1, timeout=5)
        assert list(other.cq()) == [(9, 7, 0)]

    apart(body, Params(flags=DEFERRED))


@pytest.mark.parametrize(
    "make",
    [
        lambda: ops.MsgRing("r0"),
        lambda: ops.MsgRing(IoUringFd(0, registered=True)),
        lambda: ops.MsgRing(3, res=2**31),
        lambda: ops.MsgRing(3, data=2**64),
        lambda: ops.MsgRing(3, cqe_flags=-1),
        lambda: ops.MsgRing(3, cqe_flags=CqeFlags.F_32),
        lambda: ops.MsgRing(3, cqe_flags=CqeFlags.SKIP),
        lambda: ops.MsgRing(3, slot=1),
        lambda: ops.MsgRing(3, file=0),
        lambda: ops.MsgRing(3, file=0, slot=1, res=5),
        lambda: ops.MsgRing(3, file="f", slot=1),
        lambda: ops.MsgRing(3, file=-1, slot=1),
    ],
)
def test_what_does_not_fit_is_refused(make):
    with pytest.raises(OperandError):
        make()
