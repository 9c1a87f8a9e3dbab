"""What happened, who did it, and when.

Every word of a ring has one writer: you move the SQ tail and the CQ head and write SQEs, the
kernel moves the SQ head and the CQ tail and writes CQEs. So a change of memory says by itself
whose hand it was, even when it was made behind everybody's back. Only system calls leave no
mark of their own: whoever makes one notes it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

from uringlab.core.abi import CqRingFlags, SetupFlags, SqRingFlags
from uringlab.core.abi.named import flag_names
from uringlab.core.errors import errno_name
from uringlab.core.ops.declare import decode
from uringlab.observe.snapshot import U32, cqe_of

if TYPE_CHECKING:
    from uringlab.core.cq import Cqe
    from uringlab.core.ops.declare import DecodedSqe


class Actor(StrEnum):
    """Whose hand."""

    YOU = "you"
    KERNEL = "kernel"


NameOf = Callable[[str, int], str]
"""(ring, user_data) to what a person calls the request."""


def plain(_ring: str, user_data: int) -> str:
    """A request that has no name: by its user_data."""
    return f"user_data={user_data}"


@dataclass(slots=True, unsafe_hash=True)
class Event:
    """One thing that happened on one ring. Nobody changes one that is made.

    (Python could forbid it, but then making one takes five times as long, and a request has
    half a dozen.)

    Attributes:
        ring: the source's name.
        time_ns: CLOCK_MONOTONIC: when it was done, or when it was first seen done.
        since_ns: it happened no earlier than this (the look before); equal to `time_ns` where
            the time is exact.
    """

    ring: str
    time_ns: int
    since_ns: int

    actor: ClassVar[Actor]
    kind: ClassVar[str]

    @property
    def exact(self) -> bool:
        """Whether it is known when it was done, and not only between which two looks."""
        return self.since_ns == self.time_ns

    def text(self, name_of: NameOf = plain) -> str:
        """One line for a person, without the actor. `name_of` names a request of a ring."""
        raise NotImplementedError

    def to_json(self) -> dict[str, object]:
        """Plain values, for export. Bytes are in hexadecimal."""
        out: dict[str, object] = {"event": self.kind, "actor": str(self.actor)}
        for one in fields(self):
            value = getattr(self, one.name)
            out[one.name] = value.hex() if isinstance(value, bytes) else value
        return out


@dataclass(slots=True, unsafe_hash=True)
class Opened(Event):
    """A ring was set up, or came into view.

    Attributes:
        pid: the process whose ring it is.
        fd: its fd there; -1: none.
        flags: IORING_SETUP_*; None: not known.
    """

    sq_entries: int
    cq_entries: int
    pid: int = 0
    fd: int = -1
    flags: int | None = None

    actor = Actor.YOU
    kind = "opened"

    def text(self, name_of: NameOf = plain) -> str:
        """Its sizes, and how it was set up."""
        flags = f", {flag_names(SetupFlags, self.flags)}" if self.flags else ""
        return f"ring {self.ring}: {self.sq_entries} SQEs, {self.cq_entries} CQEs{flags}"


class Closed(Event):
    """A ring was closed, or went out of view."""

    __slots__ = ()

    actor = Actor.YOU
    kind = "closed"

    def text(self, name_of: NameOf = plain) -> str:
        """Its name."""
        return f"ring {self.ring} closed"


@dataclass(slots=True, unsafe_hash=True)
class Resized(Event):
    """The ring has other queues now: what is in them, and the words, moved along."""

    old_sq_entries: int
    old_cq_entries: int
    sq_entries: int
    cq_entries: int

    actor = Actor.YOU
    kind = "resized"

    def text(self, name_of: NameOf = plain) -> str:
        """The sizes."""
        return (
            f"resized: SQEs {self.old_sq_entries} → {self.sq_entries}, "
            f"CQEs {self.old_cq_entries} → {self.cq_entries}"
        )


@dataclass(slots=True, unsafe_hash=True)
class Staged(Event):
    """An SQE was written, and the local tail moved past it."""

    index: int
    slot: int
    sqe: bytes

    actor = Actor.YOU
    kind = "staged"

    def decoded(self) -> DecodedSqe:
        """The SQE."""
        return decode(self.sqe)

    def text(self, name_of: NameOf = plain) -> str:
        """The slot and the opcode."""
        decoded = self.decoded()
        return (
            f"SQE slot {self.slot}: {name_of(self.ring, decoded.user_data)} {decoded.name}"
            f"   local tail → {(self.index + 1) & U32}"
        )


@dataclass(slots=True, unsafe_hash=True)
class Rewritten(Event):
    """The bytes of a slot that was staged already changed."""

    index: int
    slot: int
    sqe: bytes

    actor = Actor.YOU
    kind = "rewritten"

    def decoded(self) -> DecodedSqe:
        """The SQE as it is now."""
        return decode(self.sqe)

    def text(self, name_of: NameOf = plain) -> str:
        """The slot and what it says now."""
        return f"SQE slot {self.slot} rewritten: {self.decoded().name}"


@dataclass(slots=True, unsafe_hash=True)
class Moved(Event):
    """A head or a tail moved."""

    old: int
    new: int

    word: ClassVar[str]
    note: ClassVar[str]

    def text(self, name_of: NameOf = plain) -> str:
        """From where to where, and with which store."""
        return f"{self.word}  {self.old} → {self.new}   {self.note}"


class Published(Moved):
    """The shared SQ tail moved: the kernel can see those SQEs."""

    __slots__ = ()

    actor = Actor.YOU
    kind = "published"
    word = "SQ tail"
    note = "store-release"


class TakenBack(Moved):
    """The shared SQ tail moved back: SQEs that were not consumed are yours again."""

    __slots__ = ()

    actor = Actor.YOU
    kind = "taken_back"
    word = "SQ tail"
    note = "taken back"


class Consumed(Moved):
    """The SQ head moved: the kernel has taken those SQEs."""

    __slots__ = ()

    actor = Actor.KERNEL
    kind = "consumed"
    word = "SQ head"
    note = "consumed"


@dataclass(slots=True, unsafe_hash=True)
class Posted(Event):
    """A CQE was written, and the CQ tail moved past it: one slot, or two of a mixed queue."""

    index: int
    slot: int
    cqe: bytes
    slots: int = 1

    actor = Actor.KERNEL
    kind = "posted"

    @property
    def user_data(self) -> int:
        """Whose it is."""
        return int.from_bytes(self.cqe[:8], "little")

    def decoded(self) -> Cqe:
        """The CQE."""
        return cqe_of(self.cqe)

    def text(self, name_of: NameOf = plain) -> str:
        """The slot and the result."""
        cqe = self.decoded()
        meaning = f" {errno_name(cqe.res)}" if cqe.res < 0 else ""
        return (
            f"CQE slot {self.slot}: {name_of(self.ring, cqe.user_data)} res={cqe.res}{meaning}"
            f"   CQ tail → {(self.index + self.slots) & U32}"
        )


class Seen(Moved):
    """The CQ head moved: those CQEs are let go of."""

    __slots__ = ()

    actor = Actor.YOU
    kind = "seen"
    word = "CQ head"
    note = "store-release"


@dataclass(slots=True, unsafe_hash=True)
class FlagsChanged(Event):
    """A queue's flags word changed."""

    old: int
    new: int

    word: ClassVar[str]
    flags: ClassVar[type[SqRingFlags | CqRingFlags]]

    def text(self, name_of: NameOf = plain) -> str:
        """Old and new, by name."""
        old, new = (flag_names(self.flags, value) for value in (self.old, self.new))
        return f"{self.word}  {old} → {new}"


class SqFlagsChanged(FlagsChanged):
    """The SQ's flags word changed: NEED_WAKEUP, CQ_OVERFLOW, TASKRUN."""

    __slots__ = ()

    actor = Actor.KERNEL
    kind = "sq_flags"
    word = "SQ flags"
    flags = SqRingFlags


class CqFlagsChanged(FlagsChanged):
    """The CQ's flags word changed: CQ_EVENTFD_DISABLED."""

    __slots__ = ()

    actor = Actor.YOU
    kind = "cq_flags"
    word = "CQ flags"
    flags = CqRingFlags


@dataclass(slots=True, unsafe_hash=True)
class CounterChanged(Event):
    """The kernel counted something it could not take: an SQE (`dropped`), a CQE (`overflow`)."""

    counter: str
    old: int
    new: int

    actor = Actor.KERNEL
    kind = "counter"

    def text(self, name_of: NameOf = plain) -> str:
        """Old and new."""
        return f"{self.counter}  {self.old} → {self.new}"


@dataclass(slots=True, unsafe_hash=True)
class Missed(Event):
    """So many SQEs or CQEs came and were overwritten between two looks.

    Attributes:
        what: SQE, CQE; or CQ slot, in a queue whose CQEs are of two sizes.
    """

    what: str
    count: int

    actor = Actor.KERNEL
    kind = "missed"

    def text(self, name_of: NameOf = plain) -> str:
        """How many."""
        return f"{self.count} {self.what}s came and went between two looks: not seen"


@dataclass(slots=True, unsafe_hash=True)
class SystemCall(Event):
    """A system call returned. The one kind of event that memory does not show."""

    name: str
    args: tuple[tuple[str, int | str], ...]
    result: int

    actor = Actor.YOU
    kind = "syscall"

    def text(self, name_of: NameOf = plain) -> str:
        """As strace would print it."""
        args = ", ".join(str(value) for _, value in self.args)
        failed = f" {errno_name(self.result)}" if self.result < 0 else ""
        return f"{self.name}({args}) = {self.result}{failed}"

    def to_json(self) -> dict[str, object]:
        """With the arguments by name."""
        return {**Event.to_json(self), "args": dict(self.args)}


KINDS: dict[str, type[Event]] = {
    one.kind: one
    for one in (
        Opened,
        Closed,
        Resized,
        Staged,
        Rewritten,
        Published,
        TakenBack,
        Consumed,
        Posted,
        Seen,
        SqFlagsChanged,
        CqFlagsChanged,
        CounterChanged,
        Missed,
        SystemCall,
    )
}
"""Every kind of event there is, by its name."""
