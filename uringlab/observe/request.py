"""One life for each request, folded from events.

| state     | what changed                                | whose hand |
|-----------|---------------------------------------------|------------|
| staged    | SQE written, local tail moved               | you        |
| published | shared SQ tail moved                        | you        |
| in flight | SQ head moved past it: consumed             | kernel     |
| posted    | final CQE written, CQ tail moved            | kernel     |
| seen      | CQ head moved past that CQE                 | you        |
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from uringlab.core.abi import SqeFlags
from uringlab.core.ops.declare import decode
from uringlab.observe.event import (
    Closed,
    Consumed,
    Opened,
    Posted,
    Published,
    Rewritten,
    Seen,
    Staged,
    TakenBack,
)
from uringlab.observe.snapshot import U32

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uringlab.core.cq import Cqe
    from uringlab.core.ops.declare import DecodedSqe
    from uringlab.observe.event import Event

KEEP = 2_000


class State(StrEnum):
    """Where in its life a request is."""

    STAGED = "staged"
    PUBLISHED = "published"
    IN_FLIGHT = "in flight"
    POSTED = "posted"
    SEEN = "seen"
    SILENT = "silent"
    TAKEN_BACK = "taken back"


@dataclass(slots=True, eq=False)
class Request:
    """A request, from its SQE to its last CQE. Written by `Requests` only.

    Attributes:
        ring: the ring it was staged on.
        index: the position of its SQE in the stream of all SQEs of that ring.
        name: what the session calls it; "" for one that somebody else staged.
        cqes: its CQEs so far, each with the time it was seen posted.
        staged_ns, published_ns, consumed_ns, seen_ns: CLOCK_MONOTONIC, 0 for not yet.
        consumed_since_ns: the kernel took it no earlier than this: the look before.
    """

    ring: str
    index: int
    sqe: bytes
    staged_ns: int
    name: str = ""
    published_ns: int = 0
    consumed_ns: int = 0
    consumed_since_ns: int = 0
    seen_ns: int = 0
    taken_back: bool = False
    cqes: list[tuple[int, Cqe]] = field(default_factory=list)
    last_cq_index: int = -1
    order: int = 0

    def decoded(self) -> DecodedSqe:
        """Its SQE."""
        return decode(self.sqe)

    @property
    def user_data(self) -> int:
        """Its user_data."""
        return int.from_bytes(self.sqe[32:40], "little")

    @property
    def silent(self) -> bool:
        """Whether it need not post a CQE: CQE_SKIP_SUCCESS."""
        return bool(self.sqe[1] & SqeFlags.CQE_SKIP_SUCCESS)

    @property
    def final(self) -> Cqe | None:
        """Its last CQE, once that was posted."""
        if self.cqes and self.cqes[-1][1].final:
            return self.cqes[-1][1]
        return None

    @property
    def state(self) -> State:
        """Where it is now."""
        if self.seen_ns:
            return State.SEEN
        if self.final is not None:
            return State.POSTED
        if self.taken_back:
            return State.TAKEN_BACK
        if self.consumed_ns:
            return State.SILENT if self.silent else State.IN_FLIGHT
        return State.PUBLISHED if self.published_ns else State.STAGED


class Requests:
    """Folds events into requests. Give its `take` to `EventLog.listen`.

    A CQE is matched by ring and user_data to the oldest request in flight that has it, and to
    one with CQE_SKIP_SUCCESS only if there is no other: that may have ended long ago. What
    matches none is counted in `strays`. Folded in one thread, read from any.

    Attributes:
        strays: (ring, CQE) of completions nobody here asked for, the newest.
    """

    def __init__(self, keep: int = KEEP) -> None:
        """Start empty."""
        self._all: deque[Request] = deque(maxlen=keep)
        self._by_index: dict[tuple[str, int], Request] = {}
        self._waiting: dict[tuple[str, int], list[Request]] = {}
        self._posted: dict[tuple[str, int], Request] = {}
        self._posts = 0
        self._lock = threading.RLock()
        self.strays: deque[tuple[str, Cqe]] = deque(maxlen=keep)
        self.version = 0

    def __iter__(self) -> Iterator[Request]:
        """All that are kept, the oldest first."""
        with self._lock:
            return iter(list(self._all))

    def __len__(self) -> int:
        """How many are kept."""
        return len(self._all)

    def find(self, ring: str, index: int) -> Request | None:
        """The request whose SQE has that index and is not consumed yet."""
        return self._by_index.get((ring, index))

    def in_flight(self, ring: str) -> int:
        """How many the kernel has consumed and not finished (silent ones are not counted)."""
        with self._lock:
            return sum(
                1
                for (name, _), waiting in self._waiting.items()
                if name == ring
                for one in waiting
                if not one.silent
            )

    def newest(self, ring: str, count: int) -> list[Request]:
        """The newest requests of a ring, the oldest of them first."""
        with self._lock:
            found = [one for one in reversed(self._all) if one.ring == ring][:count]
        return found[::-1]

    def take(self, event: Event) -> None:
        """Fold one event in."""
        with self._lock:
            self._fold(event)

    def _fold(self, event: Event) -> None:
        self.version += 1
        match event:
            case Staged():
                self._staged(event)
            case Rewritten():
                if (one := self.find(event.ring, event.index)) is not None:
                    one.sqe = event.sqe
            case Published():
                for one in self._range(event.ring, event.old, event.new):
                    one.published_ns = event.time_ns
            case TakenBack():
                for one in self._range(event.ring, event.new, event.old):
                    one.taken_back = True
                    del self._by_index[event.ring, one.index]
            case Consumed():
                self._consumed(event)
            case Posted():
                self._post(event)
            case Seen():
                self._seen(event)
            case Opened() | Closed():
                self._forget(event.ring)
            case _:
                pass

    def _staged(self, event: Staged) -> None:
        one = Request(event.ring, event.index, event.sqe, event.time_ns)
        if len(self._all) == self._all.maxlen:
            self._let_go(self._all[0])
        self._all.append(one)
        self._by_index[event.ring, event.index] = one

    def _let_go(self, one: Request) -> None:
        """The oldest is no longer kept: if it is silent, nothing else would ever end its wait."""
        waiting = self._waiting.get((one.ring, one.user_data), [])
        if one.silent and one in waiting:
            waiting.remove(one)
            if not waiting:
                del self._waiting[one.ring, one.user_data]

    def _range(self, ring: str, old: int, new: int) -> list[Request]:
        return [self._by_index[ring, at] for at in _indices(self._by_index, ring, old, new)]

    def _consumed(self, event: Consumed) -> None:
        for one in self._range(event.ring, event.old, event.new):
            one.consumed_ns = event.time_ns
            one.consumed_since_ns = event.since_ns
            one.published_ns = one.published_ns or event.time_ns
            del self._by_index[event.ring, one.index]
            self._waiting.setdefault((event.ring, one.user_data), []).append(one)

    def _post(self, event: Posted) -> None:
        cqe = event.decoded()
        key = (event.ring, cqe.user_data)
        waiting = self._waiting.get(key)
        if not waiting:
            self.strays.append((event.ring, cqe))
            return
        one = next((one for one in waiting if not one.silent), waiting[0])
        self._posts += 1
        one.order = self._posts
        one.cqes.append((event.time_ns, cqe))
        one.last_cq_index = event.index
        if cqe.final:
            waiting.remove(one)
            if not waiting:
                del self._waiting[key]
        self._posted[event.ring, event.index] = one

    def _seen(self, event: Seen) -> None:
        for index in _indices(self._posted, event.ring, event.old, event.new):
            one = self._posted.pop((event.ring, index))
            if one.final is not None and index == one.last_cq_index:
                one.seen_ns = event.time_ns

    def _forget(self, ring: str) -> None:
        """A ring of that name is gone, or new: what the old one left open stays as it was."""
        for table in (self._by_index, self._waiting, self._posted):
            for key in [key for key in table if key[0] == ring]:
                del table[key]


def _indices(table: dict[tuple[str, int], Request], ring: str, old: int, new: int) -> list[int]:
    """Those indices from `old` to before `new` that the table has, in order.

    A ring of somebody else may move a word by any distance, forwards or backwards: that must
    not cost more than the table is long.
    """
    count = (new - old) & U32
    if count <= len(table):
        steps = [step for step in range(count) if (ring, (old + step) & U32) in table]
    else:
        steps = sorted((at - old) & U32 for name, at in table if name == ring)
    return [(old + step) & U32 for step in steps if step < count]
