"""Files: bring what was written to the device.

On Linux 6.18 a failure of these two breaks no link, and is silent with CQE_SKIP_SUCCESS: the
kernel does not count it as one (io_uring/sync.c).
"""

from __future__ import annotations

from uringlab.core.abi import FsyncFlags, Opcode, SyncRangeFlags
from uringlab.core.fd import AnyFd
from uringlab.core.ops.declare import Op, operand, option
from uringlab.core.ops.kinds import Bits, File, Number


class Fsync(
    Op,
    opcode=Opcode.FSYNC,
    usage=("fd",),
    result="0",
    example="fsync f -> r1",
    c="io_uring_prep_fsync(sqe, {fd}, {fsync_flags});",
    man="io_uring_prep_fsync(3)",
    errnos={
        "EBADF": "the fd is not open",
        "EINVAL": "this kind of file cannot be flushed (a pipe, a socket), or such a range",
        "EIO": "the device failed: what was written may be lost",
        "ENOSPC": "there was no room for what had been written before",
    },
):
    """Flush a file to its device. It does not wait for writes queued before it: link them."""

    fd: AnyFd = operand("fd", File(), "what to flush")
    off: int = option("off", Number(), "from this byte on", default=0)
    len: int = option("len", Number(), "so many bytes; with off=0, 0 is all", default=0)
    fsync_flags: FsyncFlags = option(
        "op_flags", Bits(FsyncFlags), "DATASYNC: as fdatasync(2)", default=FsyncFlags(0)
    )


class SyncFileRange(
    Op,
    opcode=Opcode.SYNC_FILE_RANGE,
    usage=("fd",),
    result="0",
    example="sync_file_range f len=5 sync_flags=WRITE -> r1",
    c="io_uring_prep_sync_file_range(sqe, {fd}, {len}, {off}, {sync_flags});",
    man="io_uring_prep_sync_file_range(3)",
    errnos={
        "EBADF": "the fd is not open",
        "EINVAL": "the flags or the range make no sense",
        "EIO": "the device failed: what was written may be lost",
        "ESPIPE": "this kind of file has no range (a pipe, a socket)",
    },
):
    """Start writing back a part of a file, or wait for it: sync_file_range(2). No promise at all.

    It flushes neither metadata nor the device's cache: for data that must survive, `Fsync`.
    """

    fd: AnyFd = operand("fd", File(), "the file")
    off: int = option("off", Number(), "from this byte on", default=0)
    len: int = option("len", Number(), "so many bytes; 0: to the end", default=0)
    sync_flags: SyncRangeFlags = option(
        "op_flags",
        Bits(SyncRangeFlags),
        "SYNC_FILE_RANGE_*: start it, wait before or after",
        default=SyncRangeFlags.WRITE,
    )
