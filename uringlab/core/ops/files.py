"""Files: open, read, write, flush, close."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from uringlab.core import abi
from uringlab.core.abi import FsyncFlags, Opcode
from uringlab.core.buffers import Memory
from uringlab.core.fd import AnyFd, OwnedFd
from uringlab.core.ops.declare import Op, operand, option
from uringlab.core.ops.kinds import (
    Bits,
    Block,
    DirFd,
    File,
    Mode,
    Number,
    Offset,
    OpenBits,
    PathName,
)

if TYPE_CHECKING:
    from collections.abc import Callable


class Openat(
    Op,
    opcode=Opcode.OPENAT,
    usage=("path",),
    result="the new fd",
    example="openat notes.txt open_flags=RDWR|CREAT -> r1",
    c="io_uring_prep_openat(sqe, {dir}, {path}, {open_flags}, {mode});",
    man="io_uring_prep_openat(3)",
    errnos={
        "EACCES": "the file may not be opened like that by these credentials",
        "ENOENT": "there is no such file, and CREAT was not asked for",
    },
):
    """Open a file; `res` is its fd. The path is copied at submission."""

    path: str | bytes | os.PathLike[str] = operand("addr", PathName(), "the file's path")
    open_flags: int = option("op_flags", OpenBits(), "open(2)'s O_*", default=os.O_RDONLY)
    mode: int = option("len", Mode(), "permissions of a file that is made", default=0o644)
    dir: AnyFd = option(
        "fd", DirFd(), "the directory a relative path starts from", default=abi.AT_FDCWD
    )


class Close(
    Op,
    opcode=Opcode.CLOSE,
    usage=("fd",),
    result="0",
    example="close f -> r1",
    c="io_uring_prep_close(sqe, {fd});",
    man="io_uring_prep_close(3)",
    errnos={"EBADF": "no such fd is open: perhaps it was closed before"},
):
    """Close an fd. An `OwnedFd` stops owning it once this op is staged: the kernel closes it."""

    fd: AnyFd = operand("fd", File(), "what to close")

    def claim(self) -> Callable[[], None]:
        """Two closers of one number would close somebody else's file."""
        if not isinstance(self.fd, OwnedFd) or not self.fd.owned:
            return super().claim()
        self.fd.give_up()
        return self.fd.take_back


class Read(
    Op,
    opcode=Opcode.READ,
    usage=("fd", "len"),
    result="bytes read; 0 at the end of the file",
    example="read f 5 buf=b0 -> r1",
    c="io_uring_prep_read(sqe, {fd}, {buf}, {len}, {off});",
    man="io_uring_prep_read(3)",
    errnos={
        "EBADF": "the fd is not open, or not open for reading",
        "EFAULT": "the kernel could not write to that address",
        "ECANCELED": "it was cancelled, or the request it was linked to failed",
    },
):
    """Read into one buffer, as pread(2). The buffer is held until the final CQE."""

    fd: AnyFd = operand("fd", File(), "what to read from")
    buf: Memory = operand("addr", Block(kernel_writes=True), "where the kernel writes the bytes")
    len: int | None = option("len", Number(), "how many bytes at most", default=None)
    off: int = option("off", Offset(), "where in the file; -1: its own position", default=0)


class Write(
    Op,
    opcode=Opcode.WRITE,
    usage=("fd", "buf"),
    result="bytes written",
    example='write f "hello" -> r1',
    c="io_uring_prep_write(sqe, {fd}, {buf}, {len}, {off});",
    man="io_uring_prep_write(3)",
    errnos={
        "EBADF": "the fd is not open, or not open for writing",
        "EFAULT": "the kernel could not read from that address",
        "EPIPE": "nobody reads from that pipe any more",
    },
):
    """Write from one buffer, as pwrite(2). The buffer is held until the final CQE."""

    fd: AnyFd = operand("fd", File(), "what to write to")
    buf: Memory | bytes = operand("addr", Block(kernel_writes=False), "the bytes to write")
    len: int | None = option("len", Number(), "how many of them", default=None)
    off: int = option("off", Offset(), "where in the file; -1: its own position", default=0)


class Fsync(
    Op,
    opcode=Opcode.FSYNC,
    usage=("fd",),
    result="0",
    example="fsync f -> r1",
    c="io_uring_prep_fsync(sqe, {fd}, {fsync_flags});",
    man="io_uring_prep_fsync(3)",
    errnos={"EINVAL": "this kind of file cannot be flushed (a pipe, a socket)"},
):
    """Flush a file to its device. It does not wait for writes queued before it: link them."""

    fd: AnyFd = operand("fd", File(), "what to flush")
    fsync_flags: FsyncFlags = option(
        "op_flags", Bits(FsyncFlags), "DATASYNC: as fdatasync(2)", default=FsyncFlags(0)
    )
