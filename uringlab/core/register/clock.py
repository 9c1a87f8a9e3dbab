"""The clock by which waits are timed."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from uringlab.core import abi
from uringlab.core.abi import RegisterOp
from uringlab.core.errors import OperandError
from uringlab.core.register.call import block, register

if TYPE_CHECKING:
    from uringlab.core.native._native import CData

MEANINGS = {errno.EINVAL: "the clock is neither CLOCK_MONOTONIC nor CLOCK_BOOTTIME"}
"""What errnos mean here. Source: io_uring_register_clock(3), register.c."""


def set_clock(handle: CData, clock: int) -> None:
    """Choose it: see `IoUring.set_clock`."""
    if not 0 <= clock < 2**32:
        raise OperandError(f"{clock} is no clock")
    arg = block(abi.CLOCK_REGISTER.pack(clockid=clock))
    register(handle, RegisterOp.CLOCK, arg, 0, MEANINGS)
