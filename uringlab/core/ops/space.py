"""Files: the room that they take.

On Linux 6.18 a failure of these two breaks no link, and is silent with CQE_SKIP_SUCCESS: the
kernel does not count it as one (io_uring/sync.c, io_uring/truncate.c).
"""

from __future__ import annotations

from uringlab.core.abi import FallocateMode, Opcode
from uringlab.core.fd import AnyFd
from uringlab.core.ops.declare import Op, operand, option
from uringlab.core.ops.kinds import Bits, File, Number


class Fallocate(
    Op,
    opcode=Opcode.FALLOCATE,
    usage=("fd", "len"),
    result="0",
    example="fallocate f 4k -> r1",
    c="io_uring_prep_fallocate(sqe, {fd}, {mode}, {off}, {len});",
    man="io_uring_prep_fallocate(3)",
    errnos={
        "EBADF": "the fd is not open, or not open for writing",
        "EFBIG": "the file would be larger than its file system allows, or RLIMIT_FSIZE",
        "EINVAL": "the range is empty or below 0, or does not lie as this mode needs it",
        "ENODEV": "this kind of file has no room of its own (a directory, a socket)",
        "ENOSPC": "the device has not that much room",
        "EOPNOTSUPP": "the file system, or the kernel, does not know this mode",
        "ESPIPE": "it is a pipe",
    },
):
    """Reserve room in a file, or with a mode punch a hole, cut, or make zeros: fallocate(2)."""

    fd: AnyFd = operand("fd", File(), "the file")
    len: int = operand("addr", Number(), "how many bytes")
    off: int = option("off", Number(), "from this byte on", default=0)
    mode: FallocateMode = option(
        "len",
        Bits(FallocateMode),
        "FALLOC_FL_*; none: reserve, and grow the file",
        default=FallocateMode(0),
    )


class Ftruncate(
    Op,
    opcode=Opcode.FTRUNCATE,
    usage=("fd", "len"),
    result="0",
    example="ftruncate f 2 -> r1",
    c="io_uring_prep_ftruncate(sqe, {fd}, {len});",
    man="io_uring_prep_ftruncate(3)",
    errnos={
        "EBADF": "the fd is not open",
        "EFBIG": "that is larger than the file system allows, or RLIMIT_FSIZE",
        "EINVAL": "the length is below 0, or the fd is not open for writing, or no regular file",
        "EPERM": "the file is sealed, or may only be appended to",
        "ETXTBSY": "it is a program that runs",
    },
):
    """Set a file's length: what is beyond is gone, what is added are zeros."""

    fd: AnyFd = operand("fd", File(), "the file, open for writing")
    len: int = operand("off", Number(), "its new length in bytes")
