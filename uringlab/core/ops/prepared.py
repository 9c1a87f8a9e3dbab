"""Requests that are ready to be pushed, together and often."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uringlab.core.native import ffi

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from uringlab.core.ops.declare import Op

_NARROW = 64
_SHOWN = 8


class Encoded:
    """SQEs side by side, as the C floor takes them, and the blocks that they point to."""

    __slots__ = ("_keep", "c", "known", "opcodes", "size")

    def __init__(self, ops: Sequence[Op]) -> None:
        """Put their bytes side by side. It does not keep the ops, only their memory."""
        self.size = max((len(op.sqe) for op in ops), default=_NARROW)
        self.opcodes = frozenset(int(op.opcode) for op in ops)
        self.known = False  # to this kernel: see IoUring.check_known
        sqes = ffi.new("uint8_t[]", b"".join(op.sqe.ljust(self.size, b"\0") for op in ops))
        mems = [mem for op in ops for mem in (*op.holds, *op.lends)]
        counts = [count for op in ops for count in (len(op.holds), len(op.lends))]
        c_mems = ffi.new("ul_mem *[]", mems) if mems else ffi.NULL
        c_counts = ffi.new("uint16_t[]", counts) if mems else ffi.NULL
        self._keep = (sqes, mems, c_mems, c_counts)
        self.c = ffi.new(
            "struct ul_ops *",
            {"n": len(ops), "size": self.size, "sqes": sqes, "mems": c_mems, "counts": c_counts},
        )


class Prepared:
    """Ops encoded side by side: pushed in one call, as often as you like.

    It keeps what the ops need (their buffers, their copies of paths) for as long as it lives;
    requests that were pushed hold it on their own account.

    Args:
        ops: in the order in which they are to be in the queue.
    """

    __slots__ = ("claiming", "encoded", "ops")

    def __init__(self, ops: Iterable[Op]) -> None:
        """Encode them once."""
        self.ops = tuple(ops)
        self.encoded = Encoded(self.ops)
        self.claiming = tuple(op for op in self.ops if op.claims)

    def __len__(self) -> int:
        """How many."""
        return len(self.ops)

    def __iter__(self) -> Iterator[Op]:
        """Each of them."""
        return iter(self.ops)

    def __repr__(self) -> str:
        """Their opcodes."""
        shown = ", ".join(op.title() for op in self.ops[:_SHOWN])
        return f"<Prepared: {shown}{', …' if len(self) > _SHOWN else ''}>"


def encoded(op: Op) -> Encoded:
    """One op, ready; made once and kept with it."""
    found: Encoded | None = op.prepared
    if found is None:
        found = Encoded((op,))
        object.__setattr__(op, "prepared", found)
    return found
