"""Child processes: wait for them."""

from __future__ import annotations

from uringlab.core.abi import Opcode, WaitIdType, WaitOptions
from uringlab.core.childinfo import ChildInfo
from uringlab.core.ops.declare import Op, operand, option
from uringlab.core.ops.kinds import Bits, Child, Choice, Room


class Waitid(
    Op,
    opcode=Opcode.WAITID,
    usage=("id",),
    result="0; `info` says which child, and what happened to it",
    example="waitid child -> r1",
    c="io_uring_prep_waitid(sqe, {id_type}, {id}, {info}, {options}, 0);",
    man="io_uring_prep_waitid(3)",
    errnos={
        "ECHILD": "there is no such child: it may have been waited for already",
        "EINVAL": "options that it does not know, or none of EXITED, STOPPED, CONTINUED",
        "EFAULT": "the kernel could not write what it has to say: the child is gone all the same",
        "EBADF": "PIDFD: the fd is not open, or no pidfd",
        "EAGAIN": "PIDFD: the pidfd is NONBLOCK, and the child has not ended",
        "ECANCELED": "it was cancelled while it waited",
    },
):
    """Wait for a child process, as waitid(2): one that has ended is reaped by it.

    Room for what is said of it is held until the final CQE. With NOHANG and no child to report,
    the result is 0, and `info.pid` too.
    """

    id: int = operand("fd", Child(), "the pid, process group or pidfd that id_type says")
    info: ChildInfo = operand("off", Room(ChildInfo), "room for what is said of it")
    id_type: WaitIdType | int = option(
        "len", Choice(WaitIdType), "PID, PGID, PIDFD, ALL", default=WaitIdType.PID
    )
    options: WaitOptions = option(
        "file_index",
        Bits(WaitOptions),
        "what to wait for: EXITED, STOPPED, CONTINUED; NOHANG, NOWAIT",
        default=WaitOptions.EXITED,
    )
