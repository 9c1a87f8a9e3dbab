"""One life for each request, folded from events."""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

from uringlab.core.abi import CqeFlags, Opcode, SqeFlags, SqRingFlags
from uringlab.observe.event import (
    Closed,
    Consumed,
    Event,
    Missed,
    Opened,
    Posted,
    Published,
    Rewritten,
    Seen,
    SqFlagsChanged,
    Staged,
    TakenBack,
    plain,
)
from uringlab.observe.request import Completion, Request, Tie, Tied, When
from uringlab.observe.snapshot import U32, cqe_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from uringlab.core.cq import Cqe

KEEP = 2_000
DUMPED = 128
"""So many requests that are over are in a dump."""
STRAYS = 64
# Plain numbers: an IntFlag's `&` costs a microsecond, and this runs for every event.
_LINKS = int(SqeFlags.IO_LINK | SqeFlags.IO_HARDLINK)
_HARDLINK = int(SqeFlags.IO_HARDLINK)
_MORE = int(CqeFlags.MORE)
_new = tuple.__new__


class Stray(NamedTuple):
    """A CQE that answers no request that was seen.

    Attributes:
        ring: where it was posted.
        cqe_bytes: its bytes.
        posted: when.
    """

    ring: str
    cqe_bytes: bytes
    posted: When

    @property
    def cqe(self) -> Cqe:
        """The CQE."""
        return cqe_of(self.cqe_bytes)


class Ring:
    """What the lives have to know of a ring.

    Attributes:
        fd: its fd; -1: none.
        overflow: CQEs wait in the kernel for room: a request in flight may have ended.
        unseen: so many SQEs were consumed that nobody saw being staged.
    """

    __slots__ = ("fd", "overflow", "unseen")

    def __init__(self, fd: int, *, overflow: bool = False, unseen: int = 0) -> None:
        """Just opened."""
        self.fd = fd
        self.overflow = overflow
        self.unseen = unseen


class Requests:
    """Folds events into requests. Give its `take` to `EventLog.listen`.

    A CQE is matched by ring and user_data to the oldest request in flight that has it, and to
    one with CQE_SKIP_SUCCESS only if there is no other: that may have ended long ago. What
    matches none is kept in `strays`. Folded in one thread, read from any.

    Attributes:
        strays: completions nobody here asked for, the newest.
        rings: what is known of each ring.
        count: how many requests were seen.
        version: grows with whatever is folded in.
    """

    def __init__(self, keep: int = KEEP) -> None:
        """Start empty."""
        self._all: deque[Request] = deque()
        self._keep = keep
        self._by_number: dict[int, Request] = {}
        self._by_index: dict[tuple[str, int], Request] = {}
        self._waiting: dict[tuple[str, int], list[Request]] = {}
        self._newest: dict[tuple[str, int], Request] = {}
        self._posted: dict[tuple[str, int], tuple[Request, Completion]] = {}
        self._doubtful: dict[str, tuple[int, dict[int, list[Request]]]] = {}
        self._posts = 0
        self._lock = threading.RLock()
        self.rings: dict[str, Ring] = {}
        self.strays: deque[Stray] = deque(maxlen=STRAYS)
        self.count = 0
        self.version = 0

    # -- asking -----------------------------------------------------------------------

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

    def numbered(self, number: int) -> Request | None:
        """The request of that number, if it is kept."""
        return self._by_number.get(number)

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
            found = []
            for one in reversed(self._all):
                if one.ring == ring:
                    found.append(one)
                    if len(found) == count:
                        break
        return found[::-1]

    def name_of(self, ring: str, user_data: int) -> str:
        """What the newest request of that user_data is called."""
        one = self._newest.get((ring, user_data))
        return one.name if one is not None and one.name else plain(ring, user_data)

    def name(self, ring: str, index: int, name: str) -> Request | None:
        """Call the request that was staged there by a name. None: nobody saw it."""
        one = self.find(ring, index)
        if one is not None:
            one.name = name
            self.version += 1
        return one

    # -- folding ------------------------------------------------------------------------

    def take(self, events: Iterable[Event]) -> None:
        """Fold events in, in their order."""
        with self._lock:
            for event in events:
                handler: Any = self._HANDLERS.get(type(event))
                if handler is not None:
                    handler(self, event)
            self.version += 1

    def _staged(self, event: Staged) -> None:
        ring, index, number = event.ring, event.index, self.count
        one = Request(number, ring, index, event.sqe, _when_of(event))
        self.count = number + 1
        self._all.append(one)
        self._by_number[number] = one
        if len(self._all) > self._keep:
            self._let_go(self._all.popleft())
        before = self._by_index.get((ring, (index - 1) & U32))
        if before is not None and before.sqe[1] & _LINKS:
            one.tie = _tie(one, before)
        overwritten = self._by_index.get((ring, index))
        if overwritten is not None:  # somebody took it back, and nobody saw that
            overwritten.taken_back = one.staged
        self._by_index[ring, index] = one
        self._use(one)

    def _use(self, one: Request) -> None:
        key = (one.ring, one.user_data)
        before = self._newest.get(key)
        if before is not None:
            one.use = before.use + 1
            # A silent one may have ended without a word: nobody can tell.
            if before.open and not before.silent:
                before.shared = one.shared = True
        self._newest[key] = one

    def _tie_anew(self, one: Request) -> None:
        """To the SQE before it, if that says so and is not consumed yet."""
        before = self._by_index.get((one.ring, (one.index - 1) & U32))
        tied = before is not None and before.flags & _LINKS
        one.tie = _tie(one, before) if before is not None and tied else None

    def _rewritten(self, event: Rewritten) -> None:
        one = self.find(event.ring, event.index)
        if one is None:
            return
        old = (one.ring, one.user_data)
        if self._newest.get(old) is one:
            del self._newest[old]
        one.rewrite(event.sqe)
        self._tie_anew(one)
        self._use(one)
        after = self.find(event.ring, (event.index + 1) & U32)
        if after is not None:
            self._tie_anew(after)

    def _let_go(self, one: Request) -> None:
        """The oldest is no longer kept: if it is silent, nothing else would ever end its wait."""
        del self._by_number[one.number]
        key = (one.ring, one.user_data)
        if self._newest.get(key) is one:
            del self._newest[key]
        if one.silent and one in self._waiting.get(key, ()):
            self._no_more(key, one)

    def _no_more(self, key: tuple[str, int], one: Request) -> None:
        waiting = self._waiting[key]
        waiting.remove(one)
        if not waiting:
            del self._waiting[key]

    def _range(self, ring: str, old: int, new: int) -> list[Request]:
        return [self._by_index[ring, at] for at in _indices(self._by_index, ring, old, new)]

    def _published(self, event: Published) -> None:
        when = _when_of(event)
        for one in self._range(event.ring, event.old, event.new):
            one.published = when

    def _taken_back(self, event: TakenBack) -> None:
        when = _when_of(event)
        for one in self._range(event.ring, event.new, event.old):
            one.taken_back = when
            del self._by_index[event.ring, one.index]

    def _consumed(self, event: Consumed) -> None:
        when = _when_of(event)
        found = self._range(event.ring, event.old, event.new)
        if found and found[0].tie is not None and found[0].index == event.old:
            found[0].tie = found[0].tie._replace(cut=True)
        ring = self.rings.get(event.ring)
        if ring is not None:
            ring.unseen += ((event.new - event.old) & U32) - len(found)
        for one in found:
            one.consumed = when
            one.published = one.published or when
            if one.drain:
                one.behind = self.in_flight(event.ring)
            del self._by_index[event.ring, one.index]
            self._waiting.setdefault((event.ring, one.user_data), []).append(one)

    def _post(self, event: Posted) -> None:
        data = event.cqe
        key = (event.ring, event.user_data)
        when = _when_of(event)
        waiting = self._waiting.get(key) or self._found_again(event)
        if not waiting:
            self.strays.append(Stray(event.ring, data, when))
            return
        one = waiting[0]
        if len(waiting) > 1:
            one = next((one for one in waiting if not one.silent), one)
        self._posts += 1
        one.order = self._posts
        completion = Completion(data, event.index, when, None)
        one.add(completion)
        if not data[12] & _MORE:
            self._no_more(key, one)
        self._posted[event.ring, event.index] = (one, completion)

    def _missed(self, event: Missed) -> None:
        """CQEs were overwritten: of what was staged by the look before, some had theirs there.

        What has had a CQE already is multishot, and may well go on. Nothing else is waited for
        any longer than this look's own CQEs: one that comes later and has its user_data answers,
        as a rule, a later request.
        """
        if event.what == "SQE":
            return
        when = _when_of(event)
        doubtful: dict[int, list[Request]] = {}
        for key in [key for key in self._waiting if key[0] == event.ring]:
            for one in list(self._waiting[key]):
                if one.staged.time_ns <= event.since_ns and not one.completions and not one.silent:
                    one.missed = when
                    self._no_more(key, one)
                    doubtful.setdefault(key[1], []).append(one)
        self._doubtful[event.ring] = (event.since_ns, doubtful)

    def _found_again(self, event: Posted) -> list[Request] | None:
        """Its CQE is not one of those that were missed in this look: here it is."""
        since_ns, doubtful = self._doubtful.get(event.ring, (-1, {}))
        if event.since_ns != since_ns or event.user_data not in doubtful:
            return None
        found = doubtful.pop(event.user_data)
        for one in found:
            one.missed = None
        self._waiting[event.ring, event.user_data] = found
        return found

    def _seen(self, event: Seen) -> None:
        when = _when_of(event)
        for index in _indices(self._posted, event.ring, event.old, event.new):
            self._posted.pop((event.ring, index))[1].seen = when

    def _flags(self, event: SqFlagsChanged) -> None:
        ring = self.rings.get(event.ring)
        if ring is not None:
            ring.overflow = bool(event.new & SqRingFlags.CQ_OVERFLOW)

    def _opened(self, event: Opened) -> None:
        self._forget(event)
        self.rings[event.ring] = Ring(event.fd)

    def _closed(self, event: Closed) -> None:
        self._forget(event)
        self.rings.pop(event.ring, None)

    def _forget(self, event: Event) -> None:
        """A ring of that name is gone, or new: what the old one left open ended with it."""
        when = _when_of(event)
        self._doubtful.pop(event.ring, None)
        for (ring, _), waiting in self._waiting.items():
            if ring == event.ring:
                for one in waiting:
                    one.gone = when
        for (ring, _), one in self._by_index.items():
            if ring == event.ring:
                one.gone = when
        for table in (self._by_index, self._waiting, self._posted):
            for key in [key for key in table if key[0] == event.ring]:
                del table[key]

    # Functions, not methods bound to one `Requests`: those would tie it into a knot that only the
    # garbage collector can undo, and a seek in a recording makes a new one.
    _HANDLERS: ClassVar[dict[type[Event], Any]] = {
        Staged: _staged,
        Rewritten: _rewritten,
        Published: _published,
        TakenBack: _taken_back,
        Consumed: _consumed,
        Missed: _missed,
        Posted: _post,
        Seen: _seen,
        SqFlagsChanged: _flags,
        Opened: _opened,
        Closed: _closed,
    }

    # -- keyframes ------------------------------------------------------------------------

    def dump(self) -> list[Any]:
        """Plain values, from which `load` goes on: what is open, and the newest that is over."""
        with self._lock:
            over, listed = 0, []
            for one in reversed(self._all):
                unseen = one.final is not None and one.seen is None
                if not (one.open or unseen):
                    over += 1
                    if over > DUMPED:
                        continue
                listed.append(_to_plain(one))
            kept = {one.number for one in self._all}
            unlisted = [
                _to_plain(one)
                for waiting in self._waiting.values()
                for one in waiting
                if one.number not in kept
            ]
            return [
                [self._keep, self.count, self._posts],
                listed[::-1],
                unlisted,
                [[name, ring.fd, ring.overflow, ring.unseen] for name, ring in self.rings.items()],
                [[one.ring, one.cqe_bytes, list(one.posted)] for one in self.strays],
            ]

    @classmethod
    def load(cls, dumped: list[Any]) -> Self:
        """Back from `dump`."""
        [keep, count, posts], listed, unlisted, rings, strays = dumped
        requests = cls(keep)
        requests.count, requests._posts = count, posts
        for name, fd, overflow, unseen in rings:
            requests.rings[name] = Ring(fd, overflow=overflow, unseen=unseen)
        requests.strays.extend(Stray(ring, cqe, When(*when)) for ring, cqe, when in strays)
        kept = [_from_plain(one) for one in listed]
        requests._enter(sorted([_from_plain(one) for one in unlisted] + kept, key=_number))
        for one in kept:
            requests._all.append(one)
            requests._by_number[one.number] = one
            requests._newest[one.ring, one.user_data] = one
        return requests

    def _enter(self, requests: Iterable[Request]) -> None:
        """Into the tables of what is not over."""
        for one in requests:
            if one.gone is None:
                for completion in one.completions:
                    if completion.seen is None:
                        self._posted[one.ring, completion.index] = (one, completion)
            if not one.open:
                continue
            if one.consumed is None:
                self._by_index[one.ring, one.index] = one
            else:
                self._waiting.setdefault((one.ring, one.user_data), []).append(one)


def _when_of(event: Event) -> When:
    """What `When(…)` does, but faster: it is called for every event."""
    return _new(When, (event.since_ns, event.time_ns))


def _tie(one: Request, before: Request) -> Tie:
    """To the SQE before it, which says so."""
    kind = Tied.LINK
    if one.sqe[0] == Opcode.LINK_TIMEOUT:
        kind = Tied.GUARD
    elif before.flags & _HARDLINK:
        kind = Tied.HARDLINK
    return Tie(kind, before.number)


def _number(one: Request) -> int:
    return one.number


def _to_plain(one: Request) -> list[Any]:
    return [
        one.number,
        one.ring,
        one.index,
        one.sqe,
        one.staged,
        one.published,
        one.consumed,
        one.taken_back,
        one.gone,
        one.missed,
        one.name,
        one.use,
        one.shared,
        None if one.tie is None else [str(one.tie.kind), one.tie.to, one.tie.cut],
        one.behind,
        one.count,
        one.order,
        [[each.cqe_bytes, each.index, each.posted, each.seen] for each in one.completions],
    ]


def _from_plain(values: list[Any]) -> Request:
    number, ring, index, sqe, staged, published, consumed, taken_back, gone, missed, *rest = values
    one = Request(number, ring, index, sqe, When(*staged))
    one.published, one.consumed = _when(published), _when(consumed)
    one.taken_back, one.gone, one.missed = _when(taken_back), _when(gone), _when(missed)
    one.name, one.use, one.shared, tie, one.behind, one.count, one.order, completions = rest
    one.tie = None if tie is None else Tie(Tied(tie[0]), *tie[1:])
    one.completions = [
        Completion(data, at, When(*posted), _when(seen)) for data, at, posted, seen in completions
    ]
    return one


def _when(values: list[int] | None) -> When | None:
    return None if values is None else When(*values)


def _indices(table: dict[tuple[str, int], Any], ring: str, old: int, new: int) -> list[int]:
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
