"""Restrictions: what a ring may be used for, said before it starts."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from uringlab.core import abi
from uringlab.core.abi import RegisterOp, RestrictionKind
from uringlab.core.errors import OperandError
from uringlab.core.register.call import block, register

if TYPE_CHECKING:
    from collections.abc import Iterable

    from uringlab.core.abi import SqeFlags
    from uringlab.core.native._native import CData

MEANINGS = {
    errno.EBADFD: "the ring was not made with R_DISABLED, or has started already",
    errno.EBUSY: "the ring has restrictions already: they are said once, all together",
    errno.EINVAL: "the kernel does not know one of the opcodes, or there are too many",
}
"""What errnos mean here. Source: io_uring_register(2), register.c."""

_BYTE = 0xFF
_CLOSING = {RegisterOp.SYNC_CANCEL, RegisterOp.FILES, RegisterOp.FILES_UPDATE}
"""What native/quiesce.c calls before a ring is closed."""


def restrict(
    handle: CData,
    *,
    register_ops: Iterable[int] = (),
    sqe_ops: Iterable[int] = (),
    sqe_flags: SqeFlags | int | None = None,
    required_flags: SqeFlags | int | None = None,
    closable: bool = True,
) -> None:
    """Register restrictions: see `IoUring.restrict`."""
    allowed = {int(op) for op in register_ops}
    if closable:
        allowed |= _CLOSING
    rules = [(RestrictionKind.REGISTER_OP, op) for op in sorted(allowed)]
    rules += [(RestrictionKind.SQE_OP, int(op)) for op in sqe_ops]
    if sqe_flags is not None:
        rules.append((RestrictionKind.SQE_FLAGS_ALLOWED, int(sqe_flags)))
    if required_flags is not None:
        rules.append((RestrictionKind.SQE_FLAGS_REQUIRED, int(required_flags)))
    for kind, value in rules:
        if not 0 <= value <= _BYTE:
            raise OperandError(f"{kind.name} {value} does not fit 8 bits")
    arg = block(
        b"".join(abi.RESTRICTION.pack(opcode=int(kind), sqe_op=value) for kind, value in rules)
    )
    register(handle, RegisterOp.RESTRICTIONS, arg, len(rules), MEANINGS)


def enable(handle: CData) -> None:
    """Start the ring: see `IoUring.enable`."""
    register(handle, RegisterOp.ENABLE_RINGS, meanings=MEANINGS)
