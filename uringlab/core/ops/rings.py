"""MSG_RING: a completion, or a file, for another ring."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from uringlab.core.abi import CqeFlags, MsgRingCommand, MsgRingFlags, Opcode
from uringlab.core.errors import OperandError
from uringlab.core.fd import AnyFd, AnySlot, FixedFd, IoUringFd
from uringlab.core.ops.declare import Op, operand, option
from uringlab.core.ops.kinds import Bits, Kind, Number, RingFile, Signed, Slot, UserData

if TYPE_CHECKING:
    from uringlab.core.ops.kinds import Draft


@dataclass(frozen=True)
class _PassedFlags(Number):
    """Flags for the other ring's CQE."""

    def put(self, draft: Draft, word: str, value: Any, name: str) -> None:
        """Take a number."""
        super().put(draft, word, value, name)
        draft.add("op_flags", int(MsgRingFlags.FLAGS_PASS), name)

    def show(self, words: dict[str, int], word: str) -> str:
        """In hexadecimal; `none` where it is something else."""
        return hex(words[word]) if words["op_flags"] & MsgRingFlags.FLAGS_PASS else "none"


@dataclass(frozen=True)
class _SentFile(Kind):
    """A place among this ring's registered files."""

    def put(self, draft: Draft, word: str, value: Any, name: str) -> None:
        """Take a FixedFd or its number."""
        place = value.number if isinstance(value, FixedFd) else value
        if not isinstance(place, int) or not 0 <= place < 2**31:
            raise OperandError(f"{name} takes a registered file, not {value!r}")
        draft.words[word] = place
        draft.words["addr"] = int(MsgRingCommand.SEND_FD)

    def show(self, words: dict[str, int], word: str) -> str:
        """As an index of the registered files; `none` where data is sent."""
        return f"#{words[word]}" if words["addr"] == MsgRingCommand.SEND_FD else "none"


@dataclass(frozen=True)
class _ToSlot(Slot):
    """A place among the other ring's registered files."""

    def show(self, words: dict[str, int], word: str) -> str:
        """`none` where data is sent."""
        sends = words["addr"] == MsgRingCommand.SEND_FD
        return super().show(words, word) if sends else "none"


class MsgRing(
    Op,
    opcode=Opcode.MSG_RING,
    usage=("ring",),
    result="0; slot=ALLOC: the place in the other ring",
    example="msg_ring r0 res=7 data=9 -> r2",
    c="io_uring_prep_msg_ring(sqe, {ring}, {res}, {data}, {msg_flags});",
    man="io_uring_prep_msg_ring(3), io_uring_prep_msg_ring_cqe_flags(3), "
    "io_uring_prep_msg_ring_fd(3), io_uring_prep_msg_ring_fd_alloc(3)",
    errnos={
        "EBADF": "the fd is not open; file: nothing is in that place",
        "EBADFD": "the fd is no ring, or that ring was not enabled yet (R_DISABLED)",
        "EOVERFLOW": "the other ring's completion queue is full, and the message is lost; a file "
        "has arrived there all the same",
        "EINVAL": "a ring cannot send itself a file; the other ring has no such place; or the "
        "flags do not go together",
        "ENXIO": "file: the other ring has no table of files",
        "ENFILE": "slot=ALLOC: every place in the other ring is taken, or it has no table",
        "EOWNERDEAD": "the thread that the other ring belongs to has ended",
    },
):
    """Put a CQE into another ring, or into this one; with `file`, send it a registered file.

    The other ring's CQE has `data` as its user_data and `res` as its result (with a file: the
    place where it is, if ALLOC picked it). What requests with that user_data hold in any ring of
    this process is then held until the ring is closed: that CQE could be taken for theirs.
    """

    ring: AnyFd | IoUringFd = operand("fd", RingFile(), "the other ring")
    res: int | None = option("len", Signed(), "its CQE's result", default=None)
    data: int = option("off", UserData(), "its CQE's user_data", default=0)
    cqe_flags: int | None = option(
        "file_index", _PassedFlags(), "its CQE's flags (6.3)", default=None
    )
    file: FixedFd | int | None = option(
        "addr3", _SentFile(), "send it this registered file (6.0)", default=None
    )
    slot: AnySlot | None = option(
        "file_index", _ToSlot(), "file: the place over there, or ALLOC", default=None
    )
    msg_flags: MsgRingFlags = option(
        "op_flags",
        Bits(MsgRingFlags),
        "CQE_SKIP: no CQE over there (file)",
        default=MsgRingFlags(0),
    )

    def finish(self, draft: Draft) -> None:
        """A file, or a result and flags."""
        if self.file is None:
            if self.slot is not None:
                raise OperandError("slot goes with file: it is where the file will be")
        elif self.slot is None or self.res is not None or self.cqe_flags is not None:
            raise OperandError("a file takes a slot over there (or ALLOC), no res and no cqe_flags")
        if (self.cqe_flags or 0) & (CqeFlags.F_32 | CqeFlags.SKIP):
            raise OperandError("cqe_flags: F_32 and SKIP say how a CQE lies in its queue")
