"""NOP: the request that does nothing, and is the best one to learn on."""

from __future__ import annotations

from uringlab.core.abi import Opcode
from uringlab.core.ops.declare import Op


class Nop(
    Op,
    opcode=Opcode.NOP,
    result="0",
    example="nop -> r1",
    c="io_uring_prep_nop(sqe);",
    man="io_uring_prep_nop(3)",
):
    """Do nothing, and complete with 0. It still goes every step of the way."""
