"""ASYNC_CANCEL: the request that ends the waiting of others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from uringlab.core.abi import CancelFlags, Opcode
from uringlab.core.errors import OperandError
from uringlab.core.fd import AnyFd, FixedFd
from uringlab.core.ops.declare import Op, operand, option
from uringlab.core.ops.kinds import Bits, Choice, File, UserData

if TYPE_CHECKING:
    from uringlab.core.ops.kinds import Draft


@dataclass(frozen=True)
class _Target(UserData):
    """The user_data of the request to cancel, unless it is named in another way."""

    def put(self, draft: Draft, word: str, value: Any, name: str) -> None:
        """None: by something else."""
        if value is not None:
            super().put(draft, word, value, name)

    def show(self, words: dict[str, int], word: str) -> str:
        """`none` where the kernel does not look at it."""
        how = CancelFlags(words["op_flags"])
        others = how & (CancelFlags.FD | CancelFlags.OP)
        if how & CancelFlags.ANY or (others and not how & CancelFlags.USERDATA):
            return "none"
        return super().show(words, word)


@dataclass(frozen=True)
class _FileOf(File):
    """The file of the requests to cancel: flags of this opcode's own say so."""

    def put(self, draft: Draft, word: str, value: Any, name: str) -> None:
        """Take any of the fd types."""
        flags = draft.words["flags"]
        super().put(draft, word, value, name)
        draft.words["flags"] = flags
        fixed = CancelFlags.FD_FIXED if isinstance(value, FixedFd) else CancelFlags(0)
        draft.add("op_flags", int(CancelFlags.FD | fixed), name)

    def show(self, words: dict[str, int], word: str) -> str:
        """As a number, or as an index of the registered files; `none` without the flag."""
        if not words["op_flags"] & CancelFlags.FD:
            return "none"
        fixed = words["op_flags"] & CancelFlags.FD_FIXED
        return f"#{words[word]}" if fixed else str(words[word])


@dataclass(frozen=True)
class _OpcodeOf(Choice):
    """The opcode of the requests to cancel."""

    def put(self, draft: Draft, word: str, value: Any, name: str) -> None:
        """Take an Opcode."""
        super().put(draft, word, value, name)
        draft.add("op_flags", int(CancelFlags.OP), name)

    def show(self, words: dict[str, int], word: str) -> str:
        """By name; `none` without the flag."""
        return super().show(words, word) if words["op_flags"] & CancelFlags.OP else "none"


class AsyncCancel(
    Op,
    opcode=Opcode.ASYNC_CANCEL,
    usage=("target",),
    result="0, or with ALL or ANY the number that was cancelled (a futex, a child: 1 without them)",
    example="async_cancel r1 -> r2",
    c="io_uring_prep_cancel64(sqe, {target}, {cancel_flags});",
    man="io_uring_prep_cancel(3), io_uring_prep_cancel_fd(3)",
    errnos={
        "ENOENT": "no request that matches is in flight: it may have completed already",
        "EALREADY": "it was found, but is too far along to be stopped: its own CQE will come",
        "EBADF": "fd: it is not open, or nothing is in that place of the registered files",
        "EINVAL": "ANY together with an fd or an opcode, or a flag that this kernel lacks",
    },
):
    """Cancel requests in flight. Each of them still gets a CQE of its own, -ECANCELED.

    Named by user_data, by file, by opcode, or by all that is given; ANY is every request.
    """

    target: int | None = operand(
        "addr", _Target(), "the user_data of the request to cancel", default=None
    )
    fd: AnyFd | None = option("fd", _FileOf(), "requests on this file (5.19)", default=None)
    opcode_of: Opcode | None = option(
        "len", _OpcodeOf(Opcode), "requests with this opcode (6.6)", default=None
    )
    cancel_flags: CancelFlags = option(
        "op_flags", Bits(CancelFlags), "ALL that match, or ANY at all", default=CancelFlags(0)
    )

    def finish(self, draft: Draft) -> None:
        """By user_data alone there is no flag; beside others there is."""
        others = draft.words["op_flags"] & (CancelFlags.FD | CancelFlags.OP)
        if self.target is None:
            if not others and not draft.words["op_flags"] & CancelFlags.ANY:
                raise OperandError("name what to cancel: target, fd, opcode_of, or the flag ANY")
        elif others:
            draft.add("op_flags", int(CancelFlags.USERDATA), "target")
