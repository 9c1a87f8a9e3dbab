"""Cancel, and come back only when what was cancelled has ended."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from uringlab.core import abi
from uringlab.core.abi import RegisterOp
from uringlab.core.errors import OperandError
from uringlab.core.fd import FixedFd
from uringlab.core.register.call import block, register

if TYPE_CHECKING:
    from uringlab.core.fd import AnyFd
    from uringlab.core.native._native import CData

MEANINGS = {
    errno.EBADF: "the fd is not open, or there is no file in that place of the table",
    errno.EINTR: "a signal came while it waited",
    errno.ENOENT: "no request was found that is like that",
    errno.ETIME: "the time is over, and what was found has not ended yet",
}
"""What errnos mean here. Source: io_uring_register_sync_cancel(3), cancel.c."""

_BYTE = 0xFF
_NS = 1_000_000_000
_U64 = 2**64 - 1


def sync_cancel(
    handle: CData,
    user_data: int | None = None,
    *,
    fd: AnyFd | None = None,
    op: int | None = None,
    every: bool = False,
    anything: bool = False,
    timeout: float | None = None,
) -> int:
    """Cancel and wait: see `IoUring.sync_cancel`."""
    flags = abi.CancelFlags(0)
    number = -1
    if anything and (user_data is not None or fd is not None or op is not None):
        raise OperandError("anything is everything: name nothing beside it")
    if not anything and user_data is None and fd is None and op is None:
        raise OperandError("say what to cancel: user_data, fd, op, or anything=True")
    if user_data is not None and not 0 <= user_data <= _U64:
        raise OperandError(f"user_data={user_data} is no number of 64 bits without a sign")
    if op is not None and not 0 <= op <= _BYTE:
        raise OperandError(f"op={op} is no opcode")
    if anything:
        flags |= abi.CancelFlags.ANY
    if every:
        flags |= abi.CancelFlags.ALL
    if fd is not None:
        flags |= abi.CancelFlags.FD
        number = fd if isinstance(fd, int) else fd.number
        if not -(2**31) <= number < 2**31:
            raise OperandError(f"{number} is no fd")
        if isinstance(fd, FixedFd):
            flags |= abi.CancelFlags.FD_FIXED
    if op is not None:
        flags |= abi.CancelFlags.OP
    if user_data is not None and (fd is not None or op is not None):
        flags |= abi.CancelFlags.USERDATA
    seconds, nanos = -1, -1
    if timeout is not None:
        seconds, nanos = divmod(max(0, int(timeout * _NS)), _NS)
    arg = block(
        abi.SYNC_CANCEL_REG.pack(
            **{
                "addr": user_data or 0,
                "fd": number,
                "flags": int(flags),
                "timeout.tv_sec": seconds,
                "timeout.tv_nsec": nanos,
                "opcode": op or 0,
            }
        )
    )
    return register(handle, RegisterOp.SYNC_CANCEL, arg, 1, MEANINGS)
