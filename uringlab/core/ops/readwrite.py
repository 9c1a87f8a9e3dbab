"""Read and write: into one buffer, into several, into whichever the kernel picks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uringlab.core.abi import Opcode, RwFlags
from uringlab.core.buffers import Memory
from uringlab.core.errors import OperandError
from uringlab.core.fd import AnyFd
from uringlab.core.ops.declare import Op, operand, option
from uringlab.core.ops.kinds import Bits, Block, File, Group, Iovecs, Number, Offset

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uringlab.core.ops.kinds import Draft

NO_FLAGS = RwFlags(0)
OFF = "where in the file; -1: its own position"
RW_FLAGS = "preadv2(2)'s RWF_*"
IOPRIO = "its priority, as of ioprio_set(2); 0: the thread's"

COMMON_ERRNOS = {
    "EAGAIN": "it would have to wait, and NOWAIT, or the file's O_NONBLOCK, forbids that",
    "ECANCELED": "it was cancelled, or the request it was linked to failed",
    "EINTR": "it was interrupted, mostly because it was being cancelled",
    "EINVAL": "O_DIRECT and the memory, offset or length are not aligned; or such flags, or this "
    "file, do not go with it",
    "EIO": "the device failed",
    "EOPNOTSUPP": "this file does not know these rw_flags; or the ring has IOPOLL, and the "
    "file cannot be polled (that needs O_DIRECT)",
    "EOVERFLOW": "the offset is beyond what a file can have",
}
READ_ERRNOS = COMMON_ERRNOS | {
    "EBADF": "the fd is not open, or not open for reading; or nothing is in that place of the "
    "table of registered files",
    "EFAULT": "the kernel could not write to that address",
    "EISDIR": "it is a directory",
}
WRITE_ERRNOS = COMMON_ERRNOS | {
    "EBADF": "the fd is not open, or not open for writing; or nothing is in that place of the "
    "table of registered files",
    "EFAULT": "the kernel could not read from that address",
    "EFBIG": "the file would be larger than its file system allows, or RLIMIT_FSIZE",
    "ENOSPC": "the device is full",
    "EPIPE": "nobody reads from that pipe any more",
}


class Read(
    Op,
    opcode=Opcode.READ,
    usage=("fd", "len"),
    result="bytes read; 0 at the end of the file",
    example="read f 5 buf=b0 -> r1",
    c="io_uring_prep_read(sqe, {fd}, {buf}, {len}, {off});",
    man="io_uring_prep_read(3)",
    errnos=READ_ERRNOS | {"ENOBUFS": "the group has no buffer left: give some back"},
):
    """Read into one buffer, as pread(2). The buffer is held until the final CQE.

    With `group` in place of `buf` the kernel picks a provided buffer when it has bytes for it;
    the upper 16 bits of the CQE's flags say which (`CQE_F_BUFFER`).
    """

    fd: AnyFd = operand("fd", File(), "what to read from")
    buf: Memory | None = operand(
        "addr",
        Block(kernel_writes=True, optional=True),
        "where the kernel writes the bytes",
        default=None,
    )
    len: int | None = option(
        "len", Number(), "how many bytes at most; with a group, 0: as it has", default=None
    )
    off: int = option("off", Offset(), OFF, default=0)
    rw_flags: RwFlags = option("op_flags", Bits(RwFlags), RW_FLAGS, default=NO_FLAGS)
    group: int | None = option(
        "buf_index", Group(), "or the provided buffers to pick one from", default=None
    )
    ioprio: int = option("ioprio", Number(), IOPRIO, default=0)

    def finish(self, draft: Draft) -> None:
        """A buffer, or a group of them."""
        if (self.buf is None) == (self.group is None):
            raise OperandError("read takes a buffer, or the group to pick one from")


class Write(
    Op,
    opcode=Opcode.WRITE,
    usage=("fd", "buf"),
    result="bytes written",
    example='write f "hello" -> r1',
    c="io_uring_prep_write(sqe, {fd}, {buf}, {len}, {off});",
    man="io_uring_prep_write(3)",
    errnos=WRITE_ERRNOS,
):
    """Write from one buffer, as pwrite(2). The buffer is held until the final CQE."""

    fd: AnyFd = operand("fd", File(), "what to write to")
    buf: Memory | bytes = operand("addr", Block(kernel_writes=False), "the bytes to write")
    len: int | None = option("len", Number(), "how many of them", default=None)
    off: int = option("off", Offset(), OFF, default=0)
    rw_flags: RwFlags = option("op_flags", Bits(RwFlags), RW_FLAGS, default=NO_FLAGS)
    ioprio: int = option("ioprio", Number(), IOPRIO, default=0)


class Readv(
    Op,
    opcode=Opcode.READV,
    usage=("fd",),
    result="bytes read; 0 at the end of the file",
    example="readv f bufs=b0,b1 -> r1",
    c="io_uring_prep_readv2(sqe, {fd}, {bufs}, nr, {off}, {rw_flags});",
    man="io_uring_prep_readv2(3)",
    errnos=READ_ERRNOS,
):
    """Read into several buffers, one after the other, as preadv2(2). All are held."""

    fd: AnyFd = operand("fd", File(), "what to read from")
    bufs: Sequence[Memory] = operand(
        "addr", Iovecs(kernel_writes=True), "where the kernel writes the bytes"
    )
    off: int = option("off", Offset(), OFF, default=0)
    rw_flags: RwFlags = option("op_flags", Bits(RwFlags), RW_FLAGS, default=NO_FLAGS)
    ioprio: int = option("ioprio", Number(), IOPRIO, default=0)


class Writev(
    Op,
    opcode=Opcode.WRITEV,
    usage=("fd", "bufs"),
    result="bytes written",
    example="writev f b0,b1 -> r1",
    c="io_uring_prep_writev2(sqe, {fd}, {bufs}, nr, {off}, {rw_flags});",
    man="io_uring_prep_writev2(3)",
    errnos=WRITE_ERRNOS,
):
    """Write from several buffers, one after the other, as pwritev2(2). All are held."""

    fd: AnyFd = operand("fd", File(), "what to write to")
    bufs: Sequence[Memory | bytes] = operand(
        "addr", Iovecs(kernel_writes=False), "the bytes to write"
    )
    off: int = option("off", Offset(), OFF, default=0)
    rw_flags: RwFlags = option("op_flags", Bits(RwFlags), RW_FLAGS, default=NO_FLAGS)
    ioprio: int = option("ioprio", Number(), IOPRIO, default=0)


class ReadMultishot(
    Op,
    opcode=Opcode.READ_MULTISHOT,
    usage=("fd", "group"),
    result="bytes read, in each CQE; 0 at the end of the file",
    example="read_multishot rd 7 -> r1",
    c="io_uring_prep_read_multishot(sqe, {fd}, 0, {off}, {group});",
    man="io_uring_prep_read_multishot(3)",
    errnos={
        "EBADFD": "this kind of file cannot be polled (a regular file): read it in one go",
        "EBADF": "the fd is not open, or not open for reading; or nothing is in that place of the "
        "table of registered files",
        "ECANCELED": "it was cancelled: that is how one ends it",
        "EINVAL": "the kernel found no group, or the ring polls (IOPOLL)",
        "ENOBUFS": "the group has no buffer left: give some back, and ask again",
    },
):
    """Read again and again, each time into a provided buffer, until it fails or is cancelled.

    The CQEs have `CQE_F_MORE` until the last one, and the id of the buffer in the upper 16 bits
    of their flags. A buffer is yours again with its CQE.
    """

    fd: AnyFd = operand("fd", File(), "what to read from: a pipe, a socket, a terminal")
    group: int = operand("buf_index", Group(), "the provided buffers to pick from")
    off: int = option("off", Offset(), OFF, default=-1)
    ioprio: int = option("ioprio", Number(), IOPRIO, default=0)
