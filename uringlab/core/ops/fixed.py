"""Read and write with registered buffers: the kernel has their pages at hand already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uringlab.core.abi import Opcode, RwFlags
from uringlab.core.buffers import Memory
from uringlab.core.errors import OperandError
from uringlab.core.fd import AnyFd
from uringlab.core.ops.declare import Op, operand, option
from uringlab.core.ops.kinds import Bits, Block, BufferIndex, File, Iovecs, Number, Offset
from uringlab.core.ops.readwrite import (
    IOPRIO,
    NO_FLAGS,
    OFF,
    READ_ERRNOS,
    RW_FLAGS,
    WRITE_ERRNOS,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uringlab.core.ops.kinds import Draft

_NOT_THERE = "there is no registered buffer of that index, or the memory does not lie inside it"
_READ = READ_ERRNOS | {"EFAULT": _NOT_THERE}
_WRITE = WRITE_ERRNOS | {"EFAULT": _NOT_THERE}
_INDEX = "which registered buffer it is, or is a part of"


def _no_copies(bufs: Sequence[object]) -> None:
    """Bytes would be copied into a block of their own, which is nobody's registered buffer."""
    if any(isinstance(one, (bytes, bytearray, memoryview)) for one in bufs):
        raise OperandError("with a registered buffer, give the Buffer or a part of it, not bytes")


class ReadFixed(
    Op,
    opcode=Opcode.READ_FIXED,
    usage=("fd", "len"),
    result="bytes read; 0 at the end of the file",
    example="read_fixed f 5 buf=b0 buf_index=0 -> r1",
    c="io_uring_prep_read_fixed(sqe, {fd}, {buf}, {len}, {off}, {buf_index});",
    man="io_uring_prep_read_fixed(3)",
    errnos=_READ,
):
    """Read into a registered buffer, or a part of it. It is held until the final CQE besides."""

    fd: AnyFd = operand("fd", File(), "what to read from")
    buf: Memory = operand("addr", Block(kernel_writes=True), "where the kernel writes the bytes")
    buf_index: int = option("buf_index", BufferIndex(), _INDEX, default=0)
    len: int | None = option("len", Number(), "how many bytes at most", default=None)
    off: int = option("off", Offset(), OFF, default=0)
    rw_flags: RwFlags = option("op_flags", Bits(RwFlags), RW_FLAGS, default=NO_FLAGS)
    ioprio: int = option("ioprio", Number(), IOPRIO, default=0)


class WriteFixed(
    Op,
    opcode=Opcode.WRITE_FIXED,
    usage=("fd", "buf"),
    result="bytes written",
    example="write_fixed f b0 len=5 buf_index=0 -> r1",
    c="io_uring_prep_write_fixed(sqe, {fd}, {buf}, {len}, {off}, {buf_index});",
    man="io_uring_prep_write_fixed(3)",
    errnos=_WRITE,
):
    """Write from a registered buffer, or a part of it. It is held until the final CQE besides."""

    fd: AnyFd = operand("fd", File(), "what to write to")
    buf: Memory = operand("addr", Block(kernel_writes=False), "the bytes to write")
    buf_index: int = option("buf_index", BufferIndex(), _INDEX, default=0)
    len: int | None = option("len", Number(), "how many of them", default=None)
    off: int = option("off", Offset(), OFF, default=0)
    rw_flags: RwFlags = option("op_flags", Bits(RwFlags), RW_FLAGS, default=NO_FLAGS)
    ioprio: int = option("ioprio", Number(), IOPRIO, default=0)

    def finish(self, draft: Draft) -> None:
        """No bytes."""
        _no_copies([self.buf])


class ReadvFixed(
    Op,
    opcode=Opcode.READV_FIXED,
    usage=("fd",),
    result="bytes read; 0 at the end of the file",
    example="readv_fixed f bufs=b0 buf_index=0 -> r1",
    c="io_uring_prep_readv_fixed(sqe, {fd}, {bufs}, nr, {off}, {rw_flags}, {buf_index});",
    man="io_uring_prep_readv_fixed(3)",
    errnos=_READ,
):
    """Read into several parts of one registered buffer. It is held until the final CQE besides."""

    fd: AnyFd = operand("fd", File(), "what to read from")
    bufs: Sequence[Memory] = operand(
        "addr", Iovecs(kernel_writes=True), "parts of the registered buffer, in order"
    )
    buf_index: int = option("buf_index", BufferIndex(), _INDEX, default=0)
    off: int = option("off", Offset(), OFF, default=0)
    rw_flags: RwFlags = option("op_flags", Bits(RwFlags), RW_FLAGS, default=NO_FLAGS)
    ioprio: int = option("ioprio", Number(), IOPRIO, default=0)


class WritevFixed(
    Op,
    opcode=Opcode.WRITEV_FIXED,
    usage=("fd", "bufs"),
    result="bytes written",
    example="writev_fixed f b0 buf_index=0 -> r1",
    c="io_uring_prep_writev_fixed(sqe, {fd}, {bufs}, nr, {off}, {rw_flags}, {buf_index});",
    man="io_uring_prep_writev_fixed(3)",
    errnos=_WRITE,
):
    """Write from several parts of one registered buffer. It is held until the final CQE besides."""

    fd: AnyFd = operand("fd", File(), "what to write to")
    bufs: Sequence[Memory] = operand(
        "addr", Iovecs(kernel_writes=False), "parts of the registered buffer, in order"
    )
    buf_index: int = option("buf_index", BufferIndex(), _INDEX, default=0)
    off: int = option("off", Offset(), OFF, default=0)
    rw_flags: RwFlags = option("op_flags", Bits(RwFlags), RW_FLAGS, default=NO_FLAGS)
    ioprio: int = option("ioprio", Number(), IOPRIO, default=0)

    def finish(self, draft: Draft) -> None:
        """No bytes."""
        _no_copies(self.bufs)
