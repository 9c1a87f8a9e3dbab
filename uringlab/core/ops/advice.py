"""Advice to the kernel: how a file, or memory, will be used.

On Linux 6.18 a failure of MADVISE breaks no link, and is silent with CQE_SKIP_SUCCESS: the kernel
does not count it as one (io_uring/advise.c).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from uringlab.core.abi import Fadvice, Madvice, Opcode
from uringlab.core.buffers import Memory
from uringlab.core.errors import OperandError
from uringlab.core.fd import AnyFd
from uringlab.core.ops.declare import Op, operand, option
from uringlab.core.ops.kinds import Block, Choice, File, Length, Number

if TYPE_CHECKING:
    from uringlab.core.ops.kinds import Draft


class Fadvise(
    Op,
    opcode=Opcode.FADVISE,
    usage=("fd", "advice"),
    result="0",
    example="fadvise f WILLNEED -> r1",
    c="io_uring_prep_fadvise64(sqe, {fd}, {off}, {len}, {advice});",
    man="io_uring_prep_fadvise(3)",
    errnos={
        "EBADF": "the fd is not open",
        "EINVAL": "no such advice; or a length of more than 32 bits, which needs Linux 6.11",
        "ESPIPE": "it is a pipe",
    },
):
    """Tell how a part of a file will be used: posix_fadvise(2).

    A length of 32 bits is said in the form that every kernel knows (`io_uring_prep_fadvise`), a
    longer one in that of 6.11 (`io_uring_prep_fadvise64`).
    """

    fd: AnyFd = operand("fd", File(), "the file")
    advice: Fadvice = operand("op_flags", Choice(Fadvice), "POSIX_FADV_*")
    off: int = option("off", Number(), "from this byte on", default=0)
    len: int = option("len", Length("addr"), "so many bytes; 0: to the end", default=0)


class Madvise(
    Op,
    opcode=Opcode.MADVISE,
    usage=("buf", "advice"),
    result="0",
    example="madvise b1 DONTNEED -> r1",
    c="io_uring_prep_madvise64(sqe, {buf}, {len}, {advice});",
    man="io_uring_prep_madvise(3)",
    errnos={
        "EAGAIN": "the kernel had no room for it just now",
        "EBUSY": "COLLAPSE: the pages are in use",
        "EINVAL": "the memory does not begin with a page; or this kernel does not know the advice; "
        "or it does not fit this memory",
        "ENOMEM": "nothing is mapped there, or there is no memory for it",
    },
):
    """Tell how memory will be used: madvise(2). Of memory that is yours, and nothing that hurts.

    Whole pages are meant, so it must begin with one: a buffer does. The memory is held until the
    final CQE: to give back (DONTNEED) what has become somebody else's would wipe it out. Lengths
    of more than 32 bits need Linux 6.11.
    """

    buf: Memory = operand("addr", Block(kernel_writes=True, length=""), "the memory")
    advice: Madvice = operand("op_flags", Choice(Madvice, any_number=False), "MADV_*")
    len: int | None = option("len", Length("off"), "how many bytes of it", default=None)

    def finish(self, draft: Draft) -> None:
        """All of it, and never more."""
        if self.len is None:
            Length("off").put(draft, "len", len(self.buf), "len")
        elif self.len > len(self.buf):
            raise OperandError(f"len={self.len} is more than buf has: {len(self.buf)} bytes")
