"""A request's life.

| state     | what changed                                | whose hand |
|-----------|---------------------------------------------|------------|
| staged    | SQE written, local tail moved               | you        |
| published | shared SQ tail moved                        | you        |
| in flight | SQ head moved past it: consumed             | kernel     |
| posted    | final CQE written, CQ tail moved            | kernel     |
| seen      | CQ head moved past that CQE                 | you        |
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from uringlab.core.abi import CqeFlags, SqeFlags
from uringlab.core.ops.declare import decode
from uringlab.observe.snapshot import cqe_of

if TYPE_CHECKING:
    from uringlab.core.cq import Cqe
    from uringlab.core.ops.declare import DecodedSqe

# Plain numbers: an IntFlag's `&` costs a microsecond, and these are asked for every event.
_SILENT = int(SqeFlags.CQE_SKIP_SUCCESS)
_DRAIN = int(SqeFlags.IO_DRAIN)
_MORE = int(CqeFlags.MORE)
_NOTIF = int(CqeFlags.NOTIF)

NEWEST = 32
"""So many of a multishot request's CQEs are kept, besides the first."""


class When(NamedTuple):
    """A time, or the two looks between which it lies. CLOCK_MONOTONIC."""

    since_ns: int
    time_ns: int

    @property
    def exact(self) -> bool:
        """Whether it is known, and not only bounded."""
        return self.since_ns == self.time_ns


class State(StrEnum):
    """Where in its life a request is."""

    STAGED = "staged"
    PUBLISHED = "published"
    IN_FLIGHT = "in flight"
    POSTED = "posted"
    SEEN = "seen"
    SILENT = "silent"
    TAKEN_BACK = "taken back"
    GONE = "gone"
    """Its ring was closed first."""
    MISSED = "missed"
    """CQEs came and went between two looks, and its own may have been one of them."""


class Part(StrEnum):
    """What a CQE is to its request."""

    MORE = "more"
    """Others will follow: multishot, or the result of a zero-copy send."""
    NOTIF = "notif"
    """The buffer of a zero-copy send is yours again."""
    FINAL = "final"


class Tied(StrEnum):
    """How a request is tied to the one before it."""

    LINK = "link"
    """It starts when that one succeeded."""
    HARDLINK = "hardlink"
    """It starts when that one ended, however that went."""
    GUARD = "guard"
    """LINK_TIMEOUT: it cancels that one when its time is over."""


class Tie(NamedTuple):
    """A tie to the request staged just before.

    Attributes:
        kind: which.
        to: that one's number.
        cut: they were not consumed in one step: the kernel ends a chain where a submission ends.
    """

    kind: Tied
    to: int
    cut: bool = False


class Completion:
    """A CQE of a request."""

    __slots__ = ("cqe_bytes", "index", "posted", "seen")

    def __init__(self, cqe_bytes: bytes, index: int, posted: When, seen: When | None) -> None:
        """Posted; not seen yet, as a rule."""
        self.cqe_bytes = cqe_bytes
        self.index = index
        self.posted = posted
        self.seen = seen

    @property
    def cqe(self) -> Cqe:
        """The CQE."""
        return cqe_of(self.cqe_bytes)

    @property
    def part(self) -> Part:
        """What it is to its request."""
        flags = self.cqe_bytes[12]
        if flags & _NOTIF:
            return Part.NOTIF
        return Part.MORE if flags & _MORE else Part.FINAL

    def to_json(self) -> dict[str, object]:
        """Plain values."""
        cqe = self.cqe
        return {
            "res": cqe.res,
            "flags": cqe.flags,
            "part": str(self.part),
            "posted": _span(self.posted),
            "seen": _span(self.seen),
        }


class Request:
    """A request, from its SQE to its last CQE. Written by `Requests` only.

    Attributes:
        number: counts all requests that were seen, from 0.
        ring: the ring it was staged on.
        index: the position of its SQE in the stream of all SQEs of that ring.
        sqe: its SQE's bytes.
        user_data: what those say; its CQEs have it.
        name: what the session calls it; "" for one that somebody else staged.
        use: its user_data was used for the so-many-th time (as far as is remembered).
        shared: another request with its user_data was not done when one of the two was staged:
            a CQE cannot say whose it is. It is given to the older one.
        tie: to the one before it.
        behind: IO_DRAIN: how many were in flight when it was consumed; it waits for all of them.
        staged, published, consumed, gone: when; None: not (yet).
        missed: when CQEs were missed, of which its own may have been one.
        completions: the first CQE and the newest.
        count: how many CQEs there were.
        order: of its newest CQE among all CQEs.
    """

    __slots__ = (
        "behind",
        "completions",
        "consumed",
        "count",
        "gone",
        "index",
        "missed",
        "name",
        "number",
        "order",
        "published",
        "ring",
        "shared",
        "sqe",
        "staged",
        "taken_back",
        "tie",
        "use",
        "user_data",
    )

    def __init__(self, number: int, ring: str, index: int, sqe: bytes, staged: When) -> None:
        """Just staged."""
        self.number = number
        self.ring = ring
        self.index = index
        self.sqe = sqe
        self.user_data = int.from_bytes(sqe[32:40], "little")
        self.staged = staged
        self.name = ""
        self.use = 1
        self.shared = False
        self.tie: Tie | None = None
        self.behind = 0
        self.published: When | None = None
        self.consumed: When | None = None
        self.taken_back: When | None = None
        self.gone: When | None = None
        self.missed: When | None = None
        self.completions: list[Completion] = []
        self.count = 0
        self.order = 0

    def decoded(self) -> DecodedSqe:
        """Its SQE."""
        return _decoded(self.sqe)

    def rewrite(self, sqe: bytes) -> None:
        """Its SQE says this now."""
        self.sqe = sqe
        self.user_data = int.from_bytes(sqe[32:40], "little")

    @property
    def flags(self) -> int:
        """IOSQE_*."""
        return self.sqe[1]

    @property
    def silent(self) -> bool:
        """Whether it need not post a CQE: CQE_SKIP_SUCCESS."""
        return bool(self.sqe[1] & _SILENT)

    @property
    def drain(self) -> bool:
        """Whether it waits for all before it, and all after it wait for it: IO_DRAIN."""
        return bool(self.sqe[1] & _DRAIN)

    @property
    def ended(self) -> bool:
        """Whether its last CQE was posted."""
        return bool(self.completions) and not self.completions[-1].cqe_bytes[12] & _MORE

    @property
    def final(self) -> Cqe | None:
        """Its last CQE, once that was posted."""
        return self.completions[-1].cqe if self.ended else None

    @property
    def result(self) -> Cqe | None:
        """Its newest CQE that is not a NOTIF: that has the result."""
        for one in reversed(self.completions):
            if one.part is not Part.NOTIF:
                return one.cqe
        return None

    @property
    def seen(self) -> When | None:
        """When its last CQE was let go of."""
        return self.completions[-1].seen if self.ended else None

    @property
    def open(self) -> bool:
        """Whether the kernel may still do something about it, or has not been asked to yet."""
        over = self.taken_back or self.gone or self.missed
        return over is None and not self.ended

    @property
    def state(self) -> State:
        """Where it is now."""
        if self.ended:
            return State.SEEN if self.seen is not None else State.POSTED
        if self.taken_back is not None:
            return State.TAKEN_BACK
        if self.gone is not None:
            return State.GONE
        if self.missed is not None:
            return State.MISSED
        if self.consumed is not None:
            return State.SILENT if self.silent else State.IN_FLIGHT
        return State.PUBLISHED if self.published is not None else State.STAGED

    def add(self, one: Completion) -> None:
        """One more CQE."""
        self.completions.append(one)
        self.count += 1
        if len(self.completions) > NEWEST + 1:
            del self.completions[1]

    def to_json(self) -> dict[str, object]:
        """Plain values: everything that is known of it. Times are [since, at the latest] in ns."""
        decoded = self.decoded()
        return {
            "number": self.number,
            "name": self.name,
            "ring": self.ring,
            "index": self.index,
            "op": decoded.name,
            "user_data": self.user_data,
            "sqe": self.sqe.hex(),
            "state": str(self.state),
            "use": self.use,
            "shared": self.shared,
            "tie": None if self.tie is None else {**self.tie._asdict(), "kind": str(self.tie.kind)},
            "drain": self.drain,
            "behind": self.behind,
            "staged": _span(self.staged),
            "published": _span(self.published),
            "consumed": _span(self.consumed),
            "taken_back": _span(self.taken_back),
            "gone": _span(self.gone),
            "missed": _span(self.missed),
            "cqes": self.count,
            "completions": [one.to_json() for one in self.completions],
        }


def _span(when: When | None) -> list[int] | None:
    return None if when is None else list(when)


@lru_cache(maxsize=1024)
def _decoded(sqe: bytes) -> DecodedSqe:
    return decode(sqe)
