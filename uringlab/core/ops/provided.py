"""Provided buffers in their first form: handed over by requests, one group at a time.

The kernel keeps their addresses in a list. A request with `group=` takes the first of it once it
has bytes for it; its CQE says which one by its id, and you provide it again. A ring of buffers
(IORING_REGISTER_PBUF_RING) does the same with no request at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from uringlab.core import abi
from uringlab.core.abi import Opcode
from uringlab.core.buffers import Memory
from uringlab.core.errors import OperandError
from uringlab.core.ops.declare import Op, operand, option
from uringlab.core.ops.kinds import Block, Number

if TYPE_CHECKING:
    from uringlab.core.ops.kinds import Draft


class ProvideBuffers(
    Op,
    opcode=Opcode.PROVIDE_BUFFERS,
    usage=("buf", "group"),
    result="0",
    example="provide_buffers b1 7 count=4 -> r1",
    c="io_uring_prep_provide_buffers(sqe, {buf}, {size}, {count}, {group}, {bid});",
    man="io_uring_prep_provide_buffers(3)",
    errnos={
        "E2BIG": "more buffers than ids",
        "EFAULT": "the memory is at no good address",
        "EINVAL": "the group is a ring of buffers; or the ids would go beyond 65535",
        "ENOMEM": "the kernel has no room for its list",
    },
):
    """Hand over `count` buffers that lie side by side, for the kernel to choose from.

    The memory is the kernel's until the ring is closed, whatever else becomes of the group: the
    ring holds it so long.
    """

    buf: Memory = operand("addr", Block(kernel_writes=True, length=""), "all of them, side by side")
    group: int = operand("buf_index", Number(), "the group they belong to")
    count: int = option("fd", Number(low=1, high=abi.MAX_PROVIDED_BUFFERS), "how many", default=1)
    size: int | None = option(
        "len", Number(low=1), "bytes of each; else buf is shared out evenly", default=None
    )
    bid: int = option(
        "off", Number(low=0, high=abi.MAX_PROVIDED_BUFFERS - 1), "the id of the first", default=0
    )

    def finish(self, draft: Draft) -> None:
        """They must lie in the buffer."""
        size = len(self.buf) // self.count if self.size is None else self.size
        if size * self.count > len(self.buf) or size == 0:
            raise OperandError(
                f"{self.count} buffers of {size} bytes do not lie in the {len(self.buf)} of buf"
            )
        draft.put("len", size, "size")


class RemoveBuffers(
    Op,
    opcode=Opcode.REMOVE_BUFFERS,
    usage=("group", "count"),
    result="how many there were to take back",
    example="remove_buffers 7 4 -> r1",
    c="io_uring_prep_remove_buffers(sqe, {count}, {group});",
    man="io_uring_prep_remove_buffers(3)",
    errnos={
        "EINVAL": "the group is a ring of buffers, or none were asked for",
        "ENOENT": "there is no such group",
    },
):
    """Take back buffers that no request has picked. Their memory stays held, for others may be."""

    group: int = operand("buf_index", Number(), "the group")
    count: int = operand(
        "fd", Number(low=1, high=abi.MAX_PROVIDED_BUFFERS), "how many of them at most"
    )
