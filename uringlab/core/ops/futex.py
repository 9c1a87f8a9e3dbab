"""Futexes: wait until a word in memory changes, and wake those who wait."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from uringlab.core.abi import (
    FUTEX_BITSET_MATCH_ANY,
    FUTEX_WAITV,
    FUTEX_WAITV_MAX,
    Futex2Flags,
    Opcode,
)
from uringlab.core.buffers import Memory
from uringlab.core.errors import OperandError
from uringlab.core.ops.declare import Op, operand, option
from uringlab.core.ops.kinds import Bits, Block, InStructure, Iovecs, Number
from uringlab.core.ops.kinds.draft import whole
from uringlab.core.ops.kinds.texts import lend

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uringlab.core.ops.kinds import Draft

_WORD = 4
_PRIVATE = Futex2Flags.SIZE_U32 | Futex2Flags.PRIVATE
_U32 = 2**32 - 1
_FLAGS = "FUTEX2_*"
_ERRNOS = {
    "EINVAL": "the word is not at a multiple of 4 bytes, the mask is 0, or flags that this kernel "
    "does not know; the size must be U32",
    "EFAULT": "there is no memory at that address",
    "ENOMEM": "the kernel has no memory for it",
}
_WAIT_ERRNOS = _ERRNOS | {
    "EAGAIN": "the word has another value than the one to wait on: look again before waiting",
    "ECANCELED": "it was cancelled while it waited",
}


def _check_room(memory: Any, flags: int, name: str) -> None:
    if flags & Futex2Flags.NUMA and len(memory) < 2 * _WORD:
        raise OperandError(f"{name}: with NUMA a second word of 4 bytes names the node")


class FutexWait(
    Op,
    opcode=Opcode.FUTEX_WAIT,
    usage=("futex", "val"),
    result="0: it was woken",
    example="futex_wait b0 0 -> r1",
    c="io_uring_prep_futex_wait(sqe, {futex}, {val}, {mask}, {futex_flags}, 0);",
    man="io_uring_prep_futex_wait(3)",
    errnos=_WAIT_ERRNOS,
    constants={"fd": 0},  # the flags lie there
):
    """Wait until somebody wakes a futex, unless its word has another value than `val` already.

    The word is the first 4 bytes of the memory, which is held until the final CQE. Being woken
    says nothing about its value: look again.

    Seen on 6.18: a private wait that is under way when the process gets its second thread, be it
    a worker of the ring, is found by no wake after that. The kernel makes the process's own table
    of futexes then (prctl(2), PR_FUTEX_HASH), and looks there. Start a thread first, or wait and
    wake with `futex_flags=Futex2Flags.SIZE_U32`.
    """

    futex: Memory = operand("addr", Block(length="", least=_WORD), "where the word is")
    val: int = operand("off", Number(low=0, high=_U32), "wait only if this is its value")
    mask: int = option(
        "addr3",
        Number(low=0, high=_U32),
        "wait for wakes whose mask has one of these bits",
        default=FUTEX_BITSET_MATCH_ANY,
    )
    futex_flags: Futex2Flags = option("fd", Bits(Futex2Flags), _FLAGS, default=_PRIVATE)

    def finish(self, draft: Draft) -> None:
        """NUMA needs a second word."""
        _check_room(self.futex, self.futex_flags, "futex")


class FutexWake(
    Op,
    opcode=Opcode.FUTEX_WAKE,
    usage=("futex",),
    result="how many were woken",
    example="futex_wake b0 -> r1",
    c="io_uring_prep_futex_wake(sqe, {futex}, {val}, {mask}, {futex_flags}, 0);",
    man="io_uring_prep_futex_wake(3)",
    errnos=_ERRNOS,
    constants={"fd": 0},  # the flags lie there
):
    """Wake those who wait on a futex. It does not change the word: that is yours to do first."""

    futex: Memory = operand("addr", Block(length="", least=_WORD), "where the word is")
    val: int = option("off", Number(low=0, high=_U32), "how many to wake at most", default=1)
    mask: int = option(
        "addr3",
        Number(low=0, high=_U32),
        "wake those whose mask has one of these bits",
        default=FUTEX_BITSET_MATCH_ANY,
    )
    futex_flags: Futex2Flags = option("fd", Bits(Futex2Flags), _FLAGS, default=_PRIVATE)

    def finish(self, draft: Draft) -> None:
        """NUMA needs a second word."""
        _check_room(self.futex, self.futex_flags, "futex")


@dataclass(frozen=True)
class _Futexes(Iovecs):
    """Several futexes: the op packs them."""

    def put(self, draft: Draft, word: str, value: Any, name: str) -> None:
        """The op's `finish` does it."""


@dataclass(frozen=True)
class _Values(InStructure):
    """The values of several futexes: the op packs them."""

    def put(self, draft: Draft, word: str, value: Any, name: str) -> None:
        """The op's `finish` does it."""


class FutexWaitv(
    Op,
    opcode=Opcode.FUTEX_WAITV,
    usage=("futexes",),
    result="which of them was woken: counted from 0",
    example="futex_waitv b0,b1 -> r1",
    c="io_uring_prep_futex_waitv(sqe, {futexes}, nr, 0);",
    man="io_uring_prep_futex_waitv(3)",
    errnos=_WAIT_ERRNOS,
    constants={"fd": 0},
):
    """Wait until somebody wakes one of several futexes: up to 128.

    The words are the first 4 bytes of each block; all blocks are held until the final CQE. The
    list of them is copied at submission.

    A private wait is lost when the process gets its second thread: see `FutexWait`.
    """

    futexes: Sequence[Memory] = operand("addr", _Futexes(), "where the words are")
    val: int | Sequence[int] = option(
        "addr", _Values(Number()), "wait only if this is the value of each", default=0
    )
    futex_flags: Futex2Flags = option(
        "addr", InStructure(Bits(Futex2Flags)), f"{_FLAGS}, of each", default=_PRIVATE
    )

    def finish(self, draft: Draft) -> None:
        """Pack the list."""
        _, holds = Iovecs(kernel_writes=True).pack(self.futexes, "futexes")
        count = len(self.futexes)
        if not 0 < count <= FUTEX_WAITV_MAX:
            raise OperandError(f"futexes: there can be 1 … {FUTEX_WAITV_MAX}, not {count}")
        given: Any = self.val  # whatever somebody gave
        if isinstance(given, str) or not isinstance(given, (int, Iterable)):
            raise OperandError(f"val takes a number, or one for each futex, not {given!r}")
        values = [given] * count if isinstance(given, int) else list(given)
        if len(values) != count:
            raise OperandError(f"val: {len(values)} values for {count} futexes")
        packed = b""
        for memory, value in zip(self.futexes, values, strict=True):
            if not 0 <= whole(value, "val") <= _U32:
                raise OperandError(f"val={value} does not fit: 0 … {_U32}")
            if len(memory) < _WORD:
                raise OperandError(f"futexes: a word has {_WORD} bytes, this memory {len(memory)}")
            _check_room(memory, self.futex_flags, "futexes")
            packed += FUTEX_WAITV.pack(val=value, uaddr=memory.address, flags=self.futex_flags)
        lend(draft, "addr", packed)
        draft.holds += holds
        draft.words["len"] = count
