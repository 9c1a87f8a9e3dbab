"""NOP, and what else can be asked of it."""

from __future__ import annotations

import errno
import os

import pytest

from uringlab import IoUring, NotSupported, OperandError, Params, SetupFlags, SqeFlags, ops
from uringlab.core import abi
from uringlab.core.abi import Opcode
from uringlab.core.buffers import Buffer
from uringlab.core.fd import FixedFd
from uringlab.core.probe import supported_opcodes


def examples():
    return [(ops.Nop(user_data=3), "NOP"), (ops.Nop128(), "NOP128")]


@pytest.fixture
def nop_knows(run):
    """Skips where this kernel's NOP does not know a flag."""

    def check(**asked):
        if run(ops.Nop(**asked)) == -errno.EINVAL:
            pytest.skip(f"needs a NOP that knows {', '.join(asked)}")

    return check


def test_nop_completes_with_zero(run):
    assert run(ops.Nop(user_data=2**64 - 1)) == 0


@pytest.mark.parametrize("result", [1, 2**31 - 1, -errno.EIO, -(2**31)])
def test_it_completes_with_the_result_it_was_given(nop_knows, run, result):
    nop_knows(inject=0)
    assert run(ops.Nop(inject=result)) == result


def test_one_that_fails_breaks_a_link(nop_knows, ring):
    nop_knows(inject=0)
    ring.sq().push(ops.Nop(inject=-errno.EIO, flags=SqeFlags.IO_LINK, user_data=1))
    ring.sq().push(ops.Nop(user_data=2))
    ring.submit_and_wait(2, timeout=5)
    assert [cqe[:2] for cqe in ring.cq()] == [(1, -errno.EIO), (2, -errno.ECANCELED)]


def test_it_looks_a_file_up(nop_knows, run, table, pipe):
    nop_knows(file=pipe[0])
    assert run(ops.Nop(file=pipe[0])) == 0
    assert run(ops.Nop(file=999)) == -errno.EBADF
    table(1)
    assert run(ops.Nop(file=FixedFd(0))) == -errno.EBADF
    file = os.open("/dev/null", os.O_RDONLY)
    os.close(file)
    assert run(ops.Nop(file=file)) == -errno.EBADF


def test_it_looks_a_registered_file_up(nop_knows, ring, run, pipe):
    nop_knows(file=pipe[0])
    ring.files.register([pipe[0]])
    assert run(ops.Nop(file=FixedFd(0))) == 0
    assert run(ops.Nop(file=FixedFd(1))) == -errno.EBADF


def test_it_looks_a_registered_buffer_up(nop_knows, run, pipe, register_buffers):
    nop_knows(file=pipe[0])  # of the same kernel
    assert run(ops.Nop(buf_index=0)) == -errno.EFAULT
    register_buffers(Buffer(10))
    assert run(ops.Nop(buf_index=0)) == 0
    assert run(ops.Nop(buf_index=1)) == -errno.EFAULT


def test_it_completes_by_task_work(nop_knows, run):
    nop_knows(task_work=True)
    assert run(ops.Nop(task_work=True, inject=3)) == 3


@pytest.mark.parametrize("setup", [SetupFlags.CQE32, SetupFlags.CQE_MIXED])
def test_it_fills_a_cqe_of_32_bytes(requires, run, complete, setup):
    requires(setup_flag=setup)
    assert run(ops.Nop(extra1=1)) == -errno.EINVAL
    with IoUring(8, Params(flags=setup)) as wide:
        cqe = complete(ops.Nop(extra1=2**64 - 1, extra2=5, user_data=3), on=wide)
        if cqe.res == -errno.EINVAL:
            pytest.skip("needs a NOP that knows extra1")
        assert cqe[:2] == (3, 0)
        assert cqe.extra == (2**64 - 1, 5)


def test_what_it_was_asked_is_decoded():
    asked = ops.Nop(inject=-5, file=FixedFd(2), buf_index=3, task_work=True, extra1=7)
    assert str(ops.decode(asked.sqe)) == (
        "NOP inject=-5 file=#2 buf_index=3 task_work=on extra1=7 extra2=0"
    )
    assert "file=4" in str(ops.decode(ops.Nop(file=4).sqe))
    assert "inject=none" in str(ops.decode(ops.Nop().sqe))


def test_nop128_takes_a_slot_of_128_bytes_and_is_refused_where_there_is_none(ring):
    op = ops.Nop128()
    assert len(op.sqe) == 2 * abi.SQE_BYTES
    known = Opcode.NOP128 in supported_opcodes(ring)
    with pytest.raises(NotSupported, match="SQE128" if known else r"NOP128: it came with Linux 6"):
        ring.sq().push(op)
    assert len(ring.sq()) == 8
    with IoUring(2, Params(flags=SetupFlags.SQE128)) as wide:
        if known:
            wide.sq().push(op)
            wide.submit_and_wait(1)
            assert [cqe.res for cqe in wide.cq()] == [0]
        else:
            with pytest.raises(NotSupported, match="this kernel does not know NOP128"):
                wide.sq().push(op)
            assert len(wide.sq()) == 2


@pytest.mark.parametrize(
    "make",
    [
        lambda: ops.Nop(user_data=2**64),
        lambda: ops.Nop(flags=256),
        lambda: ops.Nop(inject=2**31),
        lambda: ops.Nop(file="x"),
        lambda: ops.Nop(buf_index=2**16),
        lambda: ops.Nop(task_work=2),
        lambda: ops.Nop(extra1=2**64),
    ],
)
def test_what_does_not_fit_is_refused(make):
    with pytest.raises(OperandError):
        make()
