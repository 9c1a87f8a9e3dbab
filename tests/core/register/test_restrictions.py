from __future__ import annotations

import errno

import pytest

from uringlab import Buffer, IoUring, Opcode, OperandError, Params, SetupFlags, SqeFlags, ops
from uringlab.core.abi import RegisterOp


def test_a_ring_that_was_not_enabled_takes_nothing(disabled):
    disabled.sq().push(ops.Nop(user_data=1))
    with pytest.raises(OSError, match="EBADFD: the ring is disabled"):
        disabled.submit()
    disabled.enable()
    disabled.submit_and_wait(1)
    assert list(disabled.cq()) == [(1, 0, 0)]
    with pytest.raises(OSError, match="EBADFD: the ring was not made with R_DISABLED, or has"):
        disabled.enable()


def test_what_is_not_allowed_is_refused(disabled, run, pipe):
    disabled.restrict(
        register_ops=[RegisterOp.BUFFERS],
        sqe_ops=[Opcode.NOP],
        sqe_flags=SqeFlags.IO_DRAIN | SqeFlags.ASYNC,
        required_flags=SqeFlags.ASYNC,
    )
    disabled.enable()
    wanted = {
        ops.Nop(flags=SqeFlags.ASYNC): 0,
        ops.Nop(flags=SqeFlags.ASYNC | SqeFlags.IO_DRAIN): 0,
        ops.Nop(): -errno.EACCES,
        ops.Nop(flags=SqeFlags.ASYNC | SqeFlags.IO_LINK): -errno.EACCES,
        ops.Read(pipe[0], Buffer(1), flags=SqeFlags.ASYNC): -errno.EACCES,
    }
    assert [run(op, on=disabled).res for op in wanted] == list(wanted.values())
    disabled.buffers.register([Buffer(64)])
    with pytest.raises(OSError, match="EACCES: the ring's restrictions do not allow"):
        disabled.files.sparse(1)
    with pytest.raises(OSError, match="EACCES: the ring's restrictions do not allow"):
        disabled.buffer_ring()


def test_restrictions_are_said_once_and_before_the_start(disabled, ring):
    with pytest.raises(OSError, match="EBADFD"):
        ring.restrict(sqe_ops=[Opcode.NOP])
    with pytest.raises(OSError, match="EINVAL: the kernel does not know one"):
        disabled.restrict(sqe_ops=[255])
    disabled.restrict(sqe_ops=[Opcode.NOP])
    with pytest.raises(OSError, match="EBUSY: the ring has restrictions already"):
        disabled.restrict(sqe_ops=[Opcode.READ])
    with pytest.raises(OperandError, match="SQE_OP 256 does not fit 8 bits"):
        disabled.restrict(sqe_ops=[256])


def test_a_restricted_ring_can_still_be_closed_with_a_request_under_way(pipe, blocks):
    with IoUring(4, Params(flags=SetupFlags.R_DISABLED)) as ring:
        ring.restrict(sqe_ops=[Opcode.READ])
        ring.enable()
        ring.sq().push(ops.Read(pipe[0], Buffer(8)))
        ring.submit()
    assert blocks() == 0


def test_the_thread_that_enables_is_the_single_issuer(requires):
    flags = SetupFlags.R_DISABLED | SetupFlags.SINGLE_ISSUER
    requires(setup_flag=flags)
    import threading

    with IoUring(4, Params(flags=flags)) as ring:
        ring.enable()
        caught = []

        def intrude():
            try:
                ring.files.sparse(1)
            except OSError as why:
                caught.append(str(why))

        thread = threading.Thread(target=intrude)
        thread.start()
        thread.join()
        assert "EEXIST: the ring has a single issuer, and this is not its thread" in caught[0]
