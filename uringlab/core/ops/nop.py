"""NOP: the request that does nothing, and is the best one to learn on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from uringlab.core.abi import SQE_BYTES, NopFlags, Opcode
from uringlab.core.fd import AnyFd, FixedFd
from uringlab.core.ops.declare import Op, option
from uringlab.core.ops.kinds import BufferIndex, File, Kind, Number, Signed, Switch

if TYPE_CHECKING:
    from uringlab.core.ops.kinds import Draft

_ERRNOS = {
    "EINVAL": "this kernel does not know what was asked of it; or extra1 or extra2 was given, "
    "and the ring has no CQEs of 32 bytes (CQE32, CQE_MIXED)",
    "EBADF": "file: there is no such fd, or nothing in that place of the registered files",
    "EFAULT": "buf_index: there is no such registered buffer",
    "ECANCELED": "the request it was linked to failed",
}


@dataclass(frozen=True)
class _With(Kind):
    """A value that the kernel looks at only if a flag says so: giving it sets the flag."""

    inner: Kind
    flag: NopFlags

    def put(self, draft: Draft, word: str, value: Any, name: str) -> None:
        """Encode it, and set the flag."""
        self.inner.put(draft, word, value, name)
        draft.add("op_flags", int(self.flag), name)

    def show(self, words: dict[str, int], word: str) -> str:
        """As the kernel reads it; `none` without the flag."""
        return self.inner.show(words, word) if words["op_flags"] & self.flag else "none"


@dataclass(frozen=True)
class _LookedUp(File):
    """A file that is only looked up: NOP has flags of its own for it."""

    def put(self, draft: Draft, word: str, value: Any, name: str) -> None:
        """Take any of the fd types."""
        flags = draft.words["flags"]
        super().put(draft, word, value, name)
        draft.words["flags"] = flags
        fixed = NopFlags.FIXED_FILE if isinstance(value, FixedFd) else NopFlags(0)
        draft.add("op_flags", int(NopFlags.FILE | fixed), name)

    def show(self, words: dict[str, int], word: str) -> str:
        """As a number, or as an index of the registered files; `none` without the flag."""
        if not words["op_flags"] & NopFlags.FILE:
            return "none"
        fixed = words["op_flags"] & NopFlags.FIXED_FILE
        return f"#{words[word]}" if fixed else str(words[word])


class Nop(
    Op,
    opcode=Opcode.NOP,
    result="0, or `inject`",
    example="nop -> r1",
    c="io_uring_prep_nop(sqe);",
    man="io_uring_prep_nop(3)",
    errnos=_ERRNOS,
):
    """Do nothing, and complete with 0. It still goes every step of the way.

    What else can be asked of it (IORING_NOP_*, `io_uring/nop.c`) is for tests of io_uring
    itself: it shows what any request does on its way.
    """

    inject: int | None = option(
        "len",
        _With(Signed(), NopFlags.INJECT_RESULT),
        "complete with this result; below zero it fails, and breaks a link (6.10)",
        default=None,
    )
    file: AnyFd | None = option("fd", _LookedUp(), "look this file up first (6.13)", default=None)
    buf_index: int | None = option(
        "buf_index",
        _With(BufferIndex(), NopFlags.FIXED_BUFFER),
        "look this registered buffer up first (6.13)",
        default=None,
    )
    task_work: bool | None = option(
        "op_flags", Switch(NopFlags.TW), "complete by task work, not at once (6.17)", default=None
    )
    extra1: int | None = option(
        "off",
        _With(Number(), NopFlags.CQE32),
        "the first word of the CQE's second half (6.18)",
        default=None,
    )
    extra2: int | None = option(
        "addr", _With(Number(), NopFlags.CQE32), "the second one (6.18)", default=None
    )


class Nop128(
    Nop,
    opcode=Opcode.NOP128,
    result="0, or `inject`",
    example="nop128 -> r1",
    c="io_uring_prep_nop128(sqe);",
    man="io_uring_prep_nop128(3)",
    errnos=_ERRNOS,
):
    """Do nothing, in an SQE of 128 bytes: for a ring with SQE128 or SQE_MIXED. Since 6.19."""

    def finish(self, draft: Draft) -> None:
        """The second half is all zeros."""
        draft.tail = bytes(SQE_BYTES)
