"""What all opcodes have in common: they encode, decode, and are values; one links to the other.

What each one does on the kernel is in `tests/core/ops/`, a file for each file of declarations.
Each of those has a function `examples()`: ops, and how they read when they are decoded.
"""

from __future__ import annotations

import errno
import inspect
import os
import runpy
from functools import cache
from pathlib import Path

import pytest

from uringlab import Buffer, IoUring, OperandError, OwnedFd, SqeFlags, ops
from uringlab.core import abi
from uringlab.core.abi import Opcode


@cache
def makers():
    """The `examples` of every file of tests."""
    files = sorted((Path(__file__).parent / "ops").glob("test_*.py"))
    return [
        found["examples"] for found in map(runpy.run_path, map(str, files)) if "examples" in found
    ]


def examples():
    return [one for make in makers() for one in make()]


@pytest.fixture
def ring():
    with IoUring(8) as ring:
        yield ring


def test_every_declared_op_has_an_example():
    assert {type(op) for op, _ in examples()} == set(ops.BY_OPCODE.values())


@pytest.mark.parametrize("opcode", sorted(ops.BY_OPCODE), ids=lambda opcode: opcode.name)
def test_what_is_encoded_is_decoded_again(opcode):
    found = [(op, text) for op, text in examples() if op.opcode is opcode]
    assert found, f"an example of {opcode.name} is missing in tests/core/ops/"
    for op, text in found:
        decoded = ops.decode(op.sqe)
        assert str(decoded).startswith(text)
        assert decoded.op is type(op) is ops.BY_OPCODE[Opcode(opcode)]
        assert decoded.user_data == op.user_data
        assert len(op.sqe) in {abi.SQE_BYTES, 2 * abi.SQE_BYTES}
        words = [name for name, _ in decoded.operands]
        assert words == [operand.name for operand in type(op).operands]


@pytest.mark.parametrize("op", [op for _, op in sorted(ops.BY_OPCODE.items())])
def test_every_declaration_says_what_it_is(op):
    assert op.result
    assert op.c_call
    assert op.man
    verb = {Opcode.PIPE: "op_pipe"}.get(op.opcode, op.opcode.name.lower())
    assert verb in op.example.replace(";", " ").split()
    assert all(getattr(errno, name) for name in op.errnos)
    assert (op.__doc__ or "").splitlines()[0].endswith(".")
    names = {one.name for one in op.operands}
    assert names.issuperset(op.usage)


def test_an_sqe_of_anybody_can_be_decoded():
    assert ops.decode(bytes([200]) + bytes(63)).name == "OP 200"
    readv = ops.decode(bytes([1]) + bytes(63))
    assert (readv.name, readv.op) == ("READV", ops.Readv)
    assert str(readv) == "READV fd=0 bufs=0 at 0x0 off=0 rw_flags=0 ioprio=0"


@pytest.mark.parametrize("byte", [0, 0x7F, 0x80, 0xFF])
def test_no_sqe_is_too_strange_to_be_decoded(byte):
    for opcode in ops.BY_OPCODE:
        text = str(ops.decode(bytes([opcode]) + bytes([byte]) * 63))
        assert text.startswith(opcode.name)


def test_an_op_is_a_value_and_can_be_pushed_often(ring):
    op = ops.Nop(user_data=7)
    assert op == ops.Nop(user_data=7)
    for _ in range(3):
        ring.sq().push(op)
    ring.submit_and_wait(3)
    assert [cqe.user_data for cqe in ring.cq()] == [7, 7, 7]
    with pytest.raises(AttributeError):
        op.user_data = 8


def test_a_link_runs_in_order_and_breaks_at_the_first_failure(ring, tmp_path):
    with OwnedFd(os.open(tmp_path / "f", os.O_CREAT | os.O_RDWR)) as file:
        link = SqeFlags.IO_LINK
        buffer = Buffer(5)
        ring.sq().push(ops.Write(file, b"hello", flags=link, user_data=1))
        ring.sq().push(ops.Fsync(file, flags=link, user_data=2))
        ring.sq().push(ops.Read(file, buffer, user_data=3))
        ring.submit_and_wait(3, timeout=5)
        assert [cqe[:2] for cqe in ring.cq()] == [(1, 5), (2, 0), (3, 5)]
        assert bytes(buffer) == b"hello"
        ring.sq().push(ops.Read(999, buffer, flags=link, user_data=1))
        ring.sq().push(ops.Write(file, b"never", user_data=2))
        ring.submit_and_wait(2, timeout=5)
        assert [cqe[:2] for cqe in ring.cq()] == [(1, -errno.EBADF), (2, -errno.ECANCELED)]
    assert (tmp_path / "f").read_bytes() == b"hello"


@pytest.mark.parametrize("make", [ops.Close, ops.Fsync, ops.PollAdd])
def test_an_fd_that_is_not_open_is_ebadf_in_the_cqe(ring, make):
    ring.sq().push(make(999))
    ring.submit_and_wait(1)
    assert [cqe.res for cqe in ring.cq()] == [-errno.EBADF]


@pytest.mark.parametrize(
    "make",
    [
        lambda: ops.Nop(user_data=2**64),
        lambda: ops.Read(2**31, Buffer(8)),
        lambda: ops.Read("3", Buffer(8)),
        lambda: ops.Read(3, 0x1000),
        lambda: ops.Openat("a\0b"),
        lambda: ops.Fsync(None),
    ],
)
def test_an_operand_that_does_not_fit_is_refused_and_leaves_nothing(ring, make):
    # The fixture that every test here has sees whether memory was left.
    with pytest.raises(OperandError):
        ring.sq().push(make())
    assert len(ring.sq()) == 8


@pytest.mark.parametrize("op", ops.BY_OPCODE.values(), ids=lambda op: op.__name__)
def test_help_tells_every_operand_that_can_be_given(op):
    told = vars(op)["__init__"].__doc__
    for name in inspect.signature(op).parameters:
        assert f"\n    {name}: " in told
    for one in op.operands:
        assert one.doc in told
    assert op.result in told
