"""Flushing files."""

from __future__ import annotations

import errno
import os

import pytest

from uringlab import OperandError, OwnedFd, ops
from uringlab.core.abi import FsyncFlags, SyncRangeFlags


def examples():
    return [
        (
            ops.Fsync(4, fsync_flags=FsyncFlags.DATASYNC),
            "FSYNC fd=4 off=0 len=0 fsync_flags=DATASYNC",
        ),
        (ops.SyncFileRange(4, off=7, len=9), "SYNC_FILE_RANGE fd=4 off=7 len=9 sync_flags=WRITE"),
    ]


@pytest.mark.parametrize("flags", [FsyncFlags(0), FsyncFlags.DATASYNC])
def test_fsync_flushes_a_file_and_refuses_a_pipe(run, tmp_path, pipe, flags):
    with OwnedFd(os.open(tmp_path / "file", os.O_CREAT | os.O_WRONLY)) as file:
        os.write(file.number, b"text")
        assert run(ops.Fsync(file, fsync_flags=flags)) == 0
        assert run(ops.Fsync(file, fsync_flags=flags, off=1, len=2)) == 0
    assert run(ops.Fsync(pipe[1])) == -errno.EINVAL


def test_fsync_refuses_flags_it_does_not_know(run, tmp_path):
    with OwnedFd(os.open(tmp_path / "file", os.O_CREAT | os.O_WRONLY)) as file:
        assert run(ops.Fsync(file, fsync_flags=2)) == -errno.EINVAL
        assert run(ops.Fsync(file, off=2**63)) == -errno.EINVAL


def test_sync_file_range_writes_a_part_back(run, tmp_path, pipe):
    every = SyncRangeFlags.WAIT_BEFORE | SyncRangeFlags.WRITE | SyncRangeFlags.WAIT_AFTER
    with OwnedFd(os.open(tmp_path / "file", os.O_CREAT | os.O_WRONLY)) as file:
        os.write(file.number, bytes(8192))
        assert run(ops.SyncFileRange(file)) == 0
        assert run(ops.SyncFileRange(file, off=4096, len=4096, sync_flags=every)) == 0
        assert run(ops.SyncFileRange(file, sync_flags=8)) == -errno.EINVAL
        assert run(ops.SyncFileRange(file, off=2**63)) == -errno.EINVAL
    assert run(ops.SyncFileRange(pipe[1])) == -errno.ESPIPE


@pytest.mark.parametrize(
    "make",
    [
        lambda: ops.Fsync(3, len=2**32),
        lambda: ops.Fsync(3, off=2**64),
        lambda: ops.Fsync(3, fsync_flags="DATASYNC"),
        lambda: ops.SyncFileRange(3, len=-1),
        lambda: ops.SyncFileRange(None),
    ],
)
def test_what_does_not_fit_is_refused(make):
    with pytest.raises(OperandError):
        make()
