"""Pipes: make one, and move bytes through it that no program ever sees."""

from __future__ import annotations

from uringlab.core.abi import Opcode, PipeFlags, SpliceFlags
from uringlab.core.fd import AnyFd, AnySlot
from uringlab.core.fdroom import FdRoom
from uringlab.core.ops.declare import Op, operand, option
from uringlab.core.ops.kinds import Bits, File, InFile, Number, Offset, Room, Slot

_ERRNOS = {
    "EAGAIN": "NONBLOCK, and the pipe is empty, or full",
    "EBADF": "an fd is not open, or not open for reading and writing as this needs it",
    "EINTR": "it was interrupted, mostly because it was being cancelled",
    "EPIPE": "nobody reads from the pipe that is written to",
}


class Splice(
    Op,
    opcode=Opcode.SPLICE,
    usage=("fd_in", "fd_out", "len"),
    result="bytes moved; 0 at the end of the input",
    example="splice rd f 5 off_out=0 -> r1",
    c="io_uring_prep_splice(sqe, {fd_in}, {off_in}, {fd_out}, {off_out}, {len}, {splice_flags});",
    man="io_uring_prep_splice(3)",
    errnos=_ERRNOS
    | {
        "EINVAL": "neither is a pipe; or both are the same one; or the file system cannot splice, "
        "or the output is open for appending",
        "ESPIPE": "an offset was given for a pipe: those have none (-1)",
    },
):
    """Move bytes between a pipe and a file, or two pipes: splice(2). One of the two is a pipe.

    Less than `len` is a failure to whatever is linked behind it.
    """

    fd_in: AnyFd = operand("file_index", InFile(), "where the bytes come from")
    fd_out: AnyFd = operand("fd", File(), "where they go")
    len: int = operand("len", Number(), "how many bytes at most")
    off_in: int = option(
        "addr", Offset(), "where in the input; -1: its own position, or it is a pipe", default=-1
    )
    off_out: int = option(
        "off", Offset(), "where in the output; -1: its own position, or it is a pipe", default=-1
    )
    splice_flags: SpliceFlags = option(
        "op_flags", Bits(SpliceFlags), "SPLICE_F_*", default=SpliceFlags(0)
    )


class Tee(
    Op,
    opcode=Opcode.TEE,
    usage=("fd_in", "fd_out", "len"),
    result="bytes copied; 0 if there are none, and nobody writes any more",
    example="tee rd wr 5 -> r1",
    c="io_uring_prep_tee(sqe, {fd_in}, {fd_out}, {len}, {splice_flags});",
    man="io_uring_prep_tee(3)",
    errnos=_ERRNOS | {"EINVAL": "one of them is no pipe, or both are the same one"},
):
    """Copy bytes from one pipe into another, and leave them where they are: tee(2)."""

    fd_in: AnyFd = operand("file_index", InFile(), "where the bytes are")
    fd_out: AnyFd = operand("fd", File(), "where copies go")
    len: int = operand("len", Number(), "how many bytes at most")
    splice_flags: SpliceFlags = option(
        "op_flags", Bits(SpliceFlags), "SPLICE_F_*", default=SpliceFlags(0)
    )


class Pipe(
    Op,
    opcode=Opcode.PIPE,
    result="0; the two ends are in the room",
    example="op_pipe -> r1",
    c="io_uring_prep_pipe(sqe, {fds}, {pipe_flags});",
    man="io_uring_prep_pipe(3)",
    errnos={
        "EFAULT": "the room is at no good address",
        "EINVAL": "flags that pipe2(2) does not know, or CLOEXEC with a slot, or no such slot",
        "EMFILE": "this process has as many fds as RLIMIT_NOFILE allows",
        "ENFILE": "slot=ALLOC: the table has not two free places; or the system has too many pipes",
        "ENXIO": "slot: there is no table of registered files",
    },
    constants={"fd": 0},
):
    """Make a pipe: pipe2(2). The room gets the end to read from, then the one to write to.

    The fds are yours to close. With `slot` they are registered files, and the room gets their
    places: that one and the next, or with ALLOC two that are free. The room is held until the
    final CQE.
    """

    fds: FdRoom = operand("addr", Room(FdRoom, least=2), "room for two fds")
    pipe_flags: PipeFlags = option(
        "op_flags", Bits(PipeFlags), "pipe2(2)'s O_*", default=PipeFlags(0)
    )
    slot: AnySlot | None = option(
        "file_index",
        Slot(),
        "make them registered files, from this place on or (ALLOC) in free ones",
        default=None,
    )

    def new_fds(self, res: int) -> tuple[int, ...]:
        """Both ends; none if they are registered files. Read it before the op is pushed again."""
        return self.fds.fds[:2] if res >= 0 and self.slot is None else ()
