"""Requests as values: one class an opcode, encoded when it is made.

>>> from uringlab import ops
>>> ops.Nop(user_data=7)
Nop(user_data=7, flags=<SqeFlags: 0>)
"""

from uringlab.core.ops.declare import BY_OPCODE, DecodedSqe, Op, Operand, decode
from uringlab.core.ops.files import Close, Fsync, Openat, Read, Write
from uringlab.core.ops.nop import Nop
from uringlab.core.ops.waiting import AsyncCancel, PollAdd, Timeout

__all__ = [
    "BY_OPCODE",
    "AsyncCancel",
    "Close",
    "DecodedSqe",
    "Fsync",
    "Nop",
    "Op",
    "Openat",
    "Operand",
    "PollAdd",
    "Read",
    "Timeout",
    "Write",
    "decode",
]
