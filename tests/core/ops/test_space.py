"""The room that files take."""

from __future__ import annotations

import errno
import os

import pytest

from uringlab import OperandError, OwnedFd, ops
from uringlab.core.abi import FallocateMode, Opcode

KEEP, PUNCH = FallocateMode.KEEP_SIZE, FallocateMode.PUNCH_HOLE


def examples():
    return [
        (
            ops.Fallocate(4, 4096, off=8, mode=KEEP | PUNCH),
            "FALLOCATE fd=4 len=4096 off=8 mode=KEEP_SIZE|PUNCH_HOLE",
        ),
        (ops.Ftruncate(4, 7), "FTRUNCATE fd=4 len=7"),
    ]


@pytest.fixture
def file(tmp_path):
    with OwnedFd(os.open(tmp_path / "file", os.O_CREAT | os.O_RDWR)) as file:
        yield file


def test_fallocate_reserves_room_and_grows_the_file(run, file):
    assert run(ops.Fallocate(file, 8192)) == 0
    assert (os.fstat(file.number).st_size, os.fstat(file.number).st_blocks * 512) == (8192, 8192)
    assert run(ops.Fallocate(file, 4096, off=8192, mode=KEEP)) == 0
    assert (os.fstat(file.number).st_size, os.fstat(file.number).st_blocks * 512) == (8192, 12288)


def test_fallocate_punches_a_hole(run, file):
    os.write(file.number, b"x" * 12288)
    os.fsync(file.number)
    assert run(ops.Fallocate(file, 4096, off=4096, mode=PUNCH | KEEP)) == 0
    assert os.pread(file.number, 12288, 0) == b"x" * 4096 + bytes(4096) + b"x" * 4096
    assert os.fstat(file.number).st_blocks * 512 == 8192
    assert os.lseek(file.number, 0, os.SEEK_HOLE) == 4096


def test_fallocate_takes_lengths_of_64_bits(run, file):
    assert run(ops.Fallocate(file, 2**40, off=0, mode=PUNCH | KEEP)) == 0


def test_fallocate_says_what_is_wrong(run, file, pipe):
    assert run(ops.Fallocate(file, 0)) == -errno.EINVAL
    assert run(ops.Fallocate(file, 4096, mode=PUNCH)) in {-errno.EOPNOTSUPP, -errno.EINVAL}
    assert run(ops.Fallocate(pipe[1], 4096)) == -errno.ESPIPE
    assert run(ops.Fallocate(999, 4096)) == -errno.EBADF


def test_ftruncate_cuts_and_grows(run, file, requires):
    requires(opcode=Opcode.FTRUNCATE)
    os.write(file.number, b"0123456789")
    assert run(ops.Ftruncate(file, 4)) == 0
    assert os.pread(file.number, 99, 0) == b"0123"
    assert run(ops.Ftruncate(file, 6)) == 0
    assert os.pread(file.number, 99, 0) == b"0123\0\0"
    assert run(ops.Ftruncate(file, 2**40)) == 0
    assert os.fstat(file.number).st_size == 2**40
    assert run(ops.Ftruncate(file, -1)) == -errno.EINVAL


def test_ftruncate_needs_a_file_that_is_open_for_writing(run, tmp_path, requires):
    requires(opcode=Opcode.FTRUNCATE)
    (tmp_path / "file").touch()
    with OwnedFd(os.open(tmp_path / "file", os.O_RDONLY)) as file:
        assert run(ops.Ftruncate(file, 1)) == -errno.EINVAL


@pytest.mark.parametrize(
    "make",
    [
        lambda: ops.Fallocate(3, 2**64),
        lambda: ops.Fallocate(3, "4k"),
        lambda: ops.Fallocate(3, 1, mode="PUNCH_HOLE"),
        lambda: ops.Ftruncate(3, 2**64),
        lambda: ops.Ftruncate(3, None),
    ],
)
def test_what_does_not_fit_is_refused(make):
    with pytest.raises(OperandError):
        make()
