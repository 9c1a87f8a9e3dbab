"""Reading and writing with registered buffers."""

from __future__ import annotations

import errno
import os

import pytest

from uringlab import Buffer, OperandError, OwnedFd, SqeFlags, ops
from uringlab.core.abi import Opcode, RwFlags
from uringlab.core.buffers import BadPage


def examples():
    buffer = Buffer(16)
    place = f"{buffer.address:#x}"
    return [
        (ops.ReadFixed(4, buffer, buf_index=2), f"READ_FIXED fd=4 buf={place} buf_index=2 len=16"),
        (ops.WriteFixed(4, buffer, len=3), f"WRITE_FIXED fd=4 buf={place} buf_index=0 len=3"),
        (ops.ReadvFixed(4, [buffer], buf_index=2), "READV_FIXED fd=4 bufs=1 at 0x"),
        (ops.WritevFixed(4, [buffer, buffer]), "WRITEV_FIXED fd=4 bufs=2 at 0x"),
    ]


@pytest.fixture
def file(tmp_path):
    (tmp_path / "file").write_bytes(b"0123456789")
    with OwnedFd(os.open(tmp_path / "file", os.O_RDWR)) as file:
        yield file


def whole(file):
    return os.pread(file.number, 99, 0)


def test_read_fixed_reads_into_the_registered_buffer_or_a_part_of_it(run, register_buffers, file):
    other, buffer = Buffer(8), Buffer(8)
    register_buffers(other, buffer)
    assert run(ops.ReadFixed(file, buffer, buf_index=1, len=3, off=4)) == 3
    assert bytes(buffer) == b"456\0\0\0\0\0"
    assert run(ops.ReadFixed(file, buffer.part(6), buf_index=1)) == 2
    assert bytes(buffer) == b"456\0\0\x0001"
    assert bytes(other) == bytes(8)


def test_write_fixed_writes_from_it(run, register_buffers, file):
    buffer = Buffer.of(b"abcdef")
    register_buffers(buffer)
    assert run(ops.WriteFixed(file, buffer, len=2)) == 2
    assert run(ops.WriteFixed(file, buffer.part(4), off=8)) == 2
    assert run(ops.WriteFixed(file, buffer, len=1, rw_flags=RwFlags.APPEND)) == 1
    assert whole(file) == b"ab234567efa"


def test_readv_fixed_fills_parts_in_order(run, register_buffers, file, requires):
    requires(opcode=Opcode.READV_FIXED)
    buffer = Buffer(16)
    register_buffers(buffer)
    parts = [buffer.part(10, 2), buffer.part(0, 3)]
    assert run(ops.ReadvFixed(file, parts, off=1)) == 5
    assert bytes(buffer) == b"345" + bytes(7) + b"12" + bytes(4)


def test_writev_fixed_takes_parts_in_order(run, register_buffers, file, requires):
    requires(opcode=Opcode.WRITEV_FIXED)
    buffer = Buffer.of(b"abcdef")
    register_buffers(buffer)
    parts = [buffer.part(4, 2), buffer.part(0, 1)]
    assert run(ops.WritevFixed(file, parts, off=2)) == 3
    assert run(ops.WritevFixed(file, parts, rw_flags=RwFlags.APPEND)) == 3
    assert whole(file) == b"01efa56789efa"


@pytest.mark.parametrize(
    "make",
    [
        ops.ReadFixed,
        ops.WriteFixed,
        lambda file, memory: ops.ReadvFixed(file, [memory]),
        lambda file, memory: ops.WritevFixed(file, [memory]),
    ],
)
def test_memory_that_is_not_in_the_registered_buffer_is_efault(
    run, register_buffers, file, requires, make
):
    requires(opcode=make(file, BadPage()).opcode)
    inside, outside = Buffer(16), Buffer(16)
    assert run(make(file, inside)) == -errno.EFAULT
    register_buffers(inside)
    assert run(make(file, outside)) == -errno.EFAULT
    assert run(make(file, BadPage())) == -errno.EFAULT
    assert run(make(file, inside)) > 0


def test_an_index_beyond_the_table_is_efault(run, register_buffers, file):
    buffer = Buffer(16)
    register_buffers(buffer)
    assert run(ops.ReadFixed(file, buffer, buf_index=1)) == -errno.EFAULT
    assert run(ops.WriteFixed(file, buffer, buf_index=2**16 - 1)) == -errno.EFAULT


@pytest.mark.parametrize("flags", [SqeFlags(0), SqeFlags.ASYNC])
def test_nobody_needs_to_keep_the_parts(ring, register_buffers, file, requires, collect, flags):
    requires(opcode=Opcode.WRITEV_FIXED)
    buffer = Buffer.of(b"abcdef")
    register_buffers(buffer)
    parts = [buffer.part(at, 1) for at in (5, 3, 1)]
    ring.sq().push(ops.WritevFixed(file, parts, flags=flags))
    del buffer, parts
    collect()
    ring.submit()
    collect()
    assert [cqe.res for cqe in ring.cq(1, timeout=5)] == [3]
    assert whole(file) == b"fdb3456789"


@pytest.mark.parametrize(
    "make",
    [
        lambda: ops.ReadFixed(3, b"bytes"),
        lambda: ops.ReadFixed(3, Buffer(8), len=9),
        lambda: ops.ReadFixed(3, Buffer(8), buf_index=2**16),
        lambda: ops.ReadFixed(3, Buffer(8), buf_index=-1),
        lambda: ops.WriteFixed(3, b"bytes"),
        lambda: ops.WriteFixed(3, Buffer(8), len=9),
        lambda: ops.WriteFixed(3, None),
        lambda: ops.ReadvFixed(3, [b"bytes"]),
        lambda: ops.ReadvFixed(3, Buffer(8)),
        lambda: ops.WritevFixed(3, [Buffer(8), b"bytes"]),
        lambda: ops.WritevFixed(3, b"bytes"),
    ],
)
def test_what_does_not_fit_is_refused(make):
    with pytest.raises(OperandError):
        make()
