"""A CQE put into a ring, by somebody who needs no ring for it."""

from __future__ import annotations

import errno
import struct
from typing import TYPE_CHECKING

from uringlab.core import abi
from uringlab.core.abi import MsgRingCommand, MsgRingFlags, Opcode, RegisterOp
from uringlab.core.errors import OperandError
from uringlab.core.native import lib
from uringlab.core.register.call import block, explain, must_know
from uringlab.core.ring import IoUring

if TYPE_CHECKING:
    from uringlab.core.fd import IoUringFd

MEANINGS = {
    errno.EBADF: "the fd is not open",
    errno.EBADFD: "the fd is no ring's, or the ring has not started yet (R_DISABLED)",
    errno.EOVERFLOW: "the ring's completion queue is full",
    errno.EOWNERDEAD: "the task that the ring belongs to has ended",
}
"""What errnos mean here. Source: io_uring_register_sync_msg(3), msg_ring.c."""

_NO_RING = -1
_U32 = 2**32 - 1
_U64 = 2**64 - 1


def send_msg_ring(
    ring: IoUring | IoUringFd | int, user_data: int = 0, res: int = 0, flags: int | None = None
) -> None:
    """Post a CQE. IORING_REGISTER_SEND_MSG_RING, 6.13.

    From here on that user_data proves nothing in any ring of this process: what its requests
    hold is held until the ring is closed, since nobody can tell this CQE from an answer.

    Args:
        ring: where to: a ring, or the fd of one, which may be another process's.
        user_data: what the CQE says.
        res: the same: any number of 32 bits.
        flags: what its flags say (FLAGS_PASS); None: 0.

    Raises:
        OSError: EBADF, EBADFD, EOVERFLOW, EOWNERDEAD: see `MEANINGS`.
        OperandError: a number does not fit.
    """
    must_know(RegisterOp.SEND_MSG_RING)
    fd = ring.fd if isinstance(ring, IoUring) else ring
    if not isinstance(fd, int):
        if fd.registered:
            raise OperandError("a ring is named by its fd here, and not by its index")
        fd = fd.number
    if not 0 <= fd < 2**31:
        raise OperandError(f"{fd} is no fd")
    if not (0 <= user_data <= _U64 and -(2**31) <= res <= _U32 and 0 <= (flags or 0) <= _U32):
        raise OperandError(f"user_data={user_data} res={res} flags={flags} do not fit a CQE")
    words = dict.fromkeys(abi.SQE_WORDS, 0) | {
        "opcode": int(Opcode.MSG_RING),
        "fd": fd,
        "off": user_data,
        "addr": int(MsgRingCommand.DATA),
        "len": res & _U32,
    }
    if flags is not None:
        words["op_flags"] = int(MsgRingFlags.FLAGS_PASS)
        words["file_index"] = flags
    sqe = block(struct.pack(abi.SQE_FORMAT, *words.values()))
    lib.ul_taint_all_rings(user_data, 0)
    answer = lib.ul_sys_register(_NO_RING, int(RegisterOp.SEND_MSG_RING), sqe, 1)
    lib.ul_message_over()
    explain(answer, RegisterOp.SEND_MSG_RING, MEANINGS)
