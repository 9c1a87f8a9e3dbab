"""Three truths of one ring: the library's own copies, the shared words, the kernel's view.

They disagree most of the time, and each difference means something: that is what can be learned
here. The kernel's view is read between two looks at the shared words, so a word that moved
meanwhile is not taken for a disagreement.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from uringlab.core.abi import CqeFlags, SetupFlags, SqRingFlags
from uringlab.observe import fdinfo
from uringlab.observe.snapshot import U32

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from uringlab.observe.fdinfo import FdInfo
    from uringlab.observe.snapshot import RingSnapshot
    from uringlab.observe.source import Facts, Source

BUSY = "the kernel was busy with the ring, and does not wait for its lock: ask again"
NOT_SHOWN = "this kernel does not show it"
PARTIAL = "perhaps not all of it: this kernel leaves some out while it is busy, and does not say so"
_FAR = 1 << 31


class Local(NamedTuple):
    """What the library that drives the ring keeps for itself.

    Attributes:
        in_flight: requests that the kernel has taken and not finished.
        files: places in the table of registered files, as registered here.
        buffers: the same of registered buffers.
    """

    in_flight: int
    files: int
    buffers: int


class Row(NamedTuple):
    """One thing, three times. None: that side has no such thing, or it is unknown.

    Attributes:
        what: the word.
        library: the library's own copy.
        shared: the word in the memory that both see.
        kernel: what fdinfo says.
        note: of the kernel's: another copy that it keeps, or why nothing is known.
    """

    what: str
    library: int | None
    shared: int | None
    kernel: int | None
    note: str = ""


@dataclass(frozen=True)
class Truths:
    """All of it, at one moment.

    Attributes:
        ring: its name.
        rows: word by word.
        differences: a sentence each: what is not the same, what that means, what to do.
        unknown: why the kernel's view is missing, or a part of it; "": it is not.
        moving: the words moved while the kernel was asked: numbers next to each other may be of
            different moments.
        info: the kernel's page; None: there is none.
        shot: the shared words, as compared.
    """

    ring: str
    rows: tuple[Row, ...]
    differences: tuple[str, ...]
    unknown: str
    moving: bool
    info: FdInfo | None
    shot: RingSnapshot

    @property
    def complete(self) -> bool:
        """Whether the kernel says something to every row."""
        return all(row.kernel is not None for row in self.rows)

    @property
    def agreement(self) -> str:
        """What may be said when nothing differs."""
        if self.complete:
            return "the three agree"
        if any(row.kernel is not None for row in self.rows):
            return "as far as the kernel says something, the three agree"
        return "the library and the shared memory agree"

    def to_json(self) -> dict[str, object]:
        """Plain values."""
        info = self.info
        return {
            "ring": self.ring,
            "rows": [row._asdict() for row in self.rows],
            "differences": list(self.differences),
            "unknown": self.unknown,
            "moving": self.moving,
            "partial": info is not None and info.partial,
            "words": {} if info is None else dict(info.words),
            "polls": None
            if info is None or info.polls is None
            else [one._asdict() for one in info.polls],
            "overflow": None
            if info is None or info.overflow is None
            else [one._asdict() for one in info.overflow],
            "files": None
            if info is None or info.files is None
            else [{"place": place, "file": file} for place, file in info.files.items()],
            "buffers": None
            if info is None or info.buffers is None
            else [
                {"place": place, "address": address, "bytes": size}
                for place, (address, size) in info.buffers.items()
            ],
            "napi": None if info is None else info.napi,
            "rest": [] if info is None else list(info.rest),
        }


def truths_of(
    source: Source,
    local: Local | None = None,
    ask: Callable[[int, int], FdInfo] = fdinfo.read,
    before: RingSnapshot | None = None,
) -> Truths:
    """Look, ask the kernel, look again, compare.

    Args:
        source: the ring. Of another process's there is no library to ask.
        local: what the library keeps for itself; None: nobody knows.
        ask: reads the kernel's page of (pid, fd).
        before: the look that `local` belongs to; None: take one now.

    Raises:
        LookupError: the ring is gone.
    """
    before = source.sample() if before is None else before
    unknown, info = "", None
    try:
        info = ask(source.facts.pid, source.facts.fd)
    except fdinfo.Unreadable as error:
        unknown = str(error)
    shot = source.sample()
    if before is None or shot is None:
        raise LookupError(f"{source.name} is closed")
    if info is not None and info.busy:
        unknown = BUSY
    return compare(source.name, source.facts, (before, shot), info, local, unknown)


def compare(
    ring: str,
    facts: Facts,
    shots: tuple[RingSnapshot, RingSnapshot],
    info: FdInfo | None,
    local: Local | None,
    unknown: str = "",
) -> Truths:
    """The rows, and what does not agree.

    Args:
        ring: its name.
        facts: what does not change while it lives.
        shots: the looks before and after the kernel was asked.
        info: what it said.
        local: what the library keeps for itself.
        unknown: why `info` is missing, or says nothing.
    """
    seen = _Seen(facts, *shots, info, local, unknown)
    return Truths(
        ring,
        tuple(_rows(seen)),
        tuple(_differences(seen)),
        unknown,
        shots[0].words() != shots[1].words(),
        info,
        shots[1],
    )


class _Seen(NamedTuple):
    """What was seen."""

    facts: Facts
    before: RingSnapshot
    shot: RingSnapshot
    info: FdInfo | None
    local: Local | None
    unknown: str

    def word(self, name: str) -> int | None:
        """A word of the kernel's page."""
        return None if self.info is None else self.info.words.get(name)

    def why(self, name: str) -> str:
        """Why it is not known."""
        return "" if self.word(name) is not None else (self.unknown or NOT_SHOWN)

    def has(self, flag: SetupFlags) -> bool:
        """Whether the ring was set up so, as far as is known."""
        return bool((self.facts.flags or 0) & flag)

    @property
    def polled(self) -> bool:
        """Whether a thread of the kernel takes what is published. Of another's, fdinfo tells."""
        return self.has(SetupFlags.SQPOLL) or (self.word("SqThread") or 0) > 0

    @property
    def partial(self) -> bool:
        """Whether the kernel may have left out a part, without saying so."""
        return self.info is not None and self.info.partial


def _rows(seen: _Seen) -> Iterator[Row]:
    shot, local = seen.shot, seen.local
    mine = None if local is None else shot
    yield _word(seen, "SQ tail", mine and mine.sq_local, shot.sq_tail, "SqTail")
    yield _word(seen, "SQ head", None, shot.sq_head, "SqHead", "CachedSqHead")
    yield _word(seen, "CQ tail", None, shot.cq_tail, "CqTail", "CachedCqTail")
    yield _word(seen, "CQ head", None, shot.cq_head, "CqHead")
    yield _word(seen, "SQ mask", mine and mine.sq_mask, None, "SqMask")
    yield _word(seen, "CQ mask", mine and mine.cq_mask, None, "CqMask")
    yield _listed(seen, "in flight", local and local.in_flight, None, "polls")
    overflow = int(bool(shot.sq_flags & SqRingFlags.CQ_OVERFLOW))
    yield _listed(seen, "overflown CQEs", None, overflow, "overflow")
    yield _word(seen, "registered files", local and local.files, None, "UserFiles")
    yield _word(seen, "registered buffers", local and local.buffers, None, "UserBufs")
    yield _poll_thread(seen)


def _word(
    seen: _Seen, what: str, library: int | None, shared: int | None, name: str, copy: str = ""
) -> Row:
    cached = seen.word(copy) if copy else None
    note = seen.why(name)
    if cached is not None:
        note = f"its own copy: {cached}"
    return Row(what, library, shared, seen.word(name), note)


def _listed(seen: _Seen, what: str, library: int | None, shared: int | None, name: str) -> Row:
    found = None if seen.info is None else getattr(seen.info, name)
    notes = {"polls": "PollList", "overflow": "CqOverflowList; shared: the flag CQ_OVERFLOW"}
    if found is None:
        return Row(what, library, shared, None, seen.unknown or NOT_SHOWN)
    note = f"{notes[name]}; {PARTIAL}" if name == "polls" and seen.partial else notes[name]
    return Row(what, library, shared, len(found), note)


def _poll_thread(seen: _Seen) -> Row:
    asked = None if seen.facts.flags is None else int(seen.has(SetupFlags.SQPOLL))
    pid = seen.word("SqThread")
    note = seen.why("SqThread")
    if pid is not None and pid < 0:
        note = "none"
    elif pid is not None:
        note = f"its thread, on CPU {seen.word('SqThreadCpu')}"
        total, work = seen.word("SqTotalTime"), seen.word("SqWorkTime")
        if total is not None and work is not None:
            note += f", {total} µs of CPU time, {work} of them at work"
        note += "; library: SQPOLL, shared: NEED_WAKEUP"
    asleep = bool(seen.shot.sq_flags & SqRingFlags.NEED_WAKEUP)
    return Row("poll thread", asked, int(asleep) if seen.polled else None, pid, note)


# -- what does not agree -------------------------------------------------------------------------


def _differences(seen: _Seen) -> Iterator[str]:
    yield from _of_the_sq(seen)
    yield from _of_the_cq(seen)
    yield from _of_moved_words(seen)
    yield from _of_the_size(seen)
    yield from _of_requests(seen)
    yield from _of_tables(seen)
    yield from _of_the_poll_thread(seen)


def _of_the_sq(seen: _Seen) -> Iterator[str]:
    shot = seen.shot
    if seen.local is not None and shot.staged:
        yield (
            f"local SQ tail {shot.sq_local}, shared {shot.sq_tail}: {shot.staged} staged, and the "
            f"kernel cannot see {_them(shot.staged)}. publish"
        )
    if shot.pending > shot.sq_entries:
        yield (
            f"SQ tail {shot.sq_tail}, SQ head {shot.sq_head}: no queue is that long. Somebody "
            "wrote a tail that cannot be, and the kernel will take every slot for published"
        )
    elif shot.pending:
        yield (
            f"SQ tail {shot.sq_tail}, SQ head {shot.sq_head}: {shot.pending} published, and the "
            f"kernel has not taken {_them(shot.pending)}. {_how_to_submit(seen)}"
        )
    cached, head = seen.word("CachedSqHead"), seen.word("SqHead")
    if cached is not None and head is not None and cached != head:
        yield (
            f"the kernel's own SQ head {cached}, the shared one {head}: it has taken "
            f"{(cached - head) & U32} and not said so yet: it is submitting just now"
        )


def _them(count: int) -> str:
    return "it" if count == 1 else "them"


def _how_to_submit(seen: _Seen) -> str:
    """What makes the kernel take what is published."""
    if seen.has(SetupFlags.R_DISABLED) and not seen.shot.sq_head:
        return "enter; it was made with R_DISABLED: ring.enable() must have come before"
    if not seen.polled:
        return "enter"
    if seen.shot.sq_flags & SqRingFlags.NEED_WAKEUP:
        return "Its poll thread sleeps: enter flags=sq_wakeup"
    return "The poll thread will"


def _of_the_cq(seen: _Seen) -> Iterator[str]:
    shot = seen.shot
    if shot.ready > shot.cq_entries:
        yield (
            f"CQ tail {shot.cq_tail}, CQ head {shot.cq_head}: no queue is that long. Somebody "
            "wrote a head that cannot be, and the kernel takes the queue to be full when it next "
            "looks at it"
        )
    elif shot.ready:
        count = sum(1 for _ in shot.walk(shot.cq_head, shot.cq_tail))
        yield (
            f"CQ tail {shot.cq_tail}, CQ head {shot.cq_head}: {count} posted, and you have "
            f"not let go of {_them(count)}. reap"
        )
    cached, tail = seen.word("CachedCqTail"), seen.word("CqTail")
    if cached is not None and tail is not None and cached != tail:
        yield (
            f"the kernel's own CQ tail {cached}, the shared one {tail}: it has written "
            f"{(cached - tail) & U32} and not shown them yet"
        )
    overflow = None if seen.info is None else seen.info.overflow
    flag = bool(shot.sq_flags & SqRingFlags.CQ_OVERFLOW)
    if overflow:
        waiting = "1 CQE waits" if len(overflow) == 1 else f"{len(overflow)} CQEs wait"
        yield (
            f"{waiting} in the kernel and not in the queue: that was full. "
            "reap, then enter flags=getevents"
        )
    elif flag:
        yield (
            "the flag CQ_OVERFLOW says that CQEs wait in the kernel; how many is unknown. "
            "reap, then enter flags=getevents"
        )
    if shot.cq_overflow:
        yield f"the CQ overflow counter is {shot.cq_overflow}: so many CQEs are lost for ever"
    if shot.sq_dropped:
        yield f"the SQ dropped counter is {shot.sq_dropped}: so many SQE indices were no slots"
    if shot.sq_flags & SqRingFlags.TASKRUN:
        yield "the flag TASKRUN is set: completions wait for you to come by. enter flags=getevents"


def _of_moved_words(seen: _Seen) -> Iterator[str]:
    """A word that the kernel's page has otherwise than the memory."""
    before, shot = seen.before, seen.shot
    for name, was, now in (
        ("SqHead", before.sq_head, shot.sq_head),
        ("SqTail", before.sq_tail, shot.sq_tail),
        ("CqHead", before.cq_head, shot.cq_head),
        ("CqTail", before.cq_tail, shot.cq_tail),
    ):
        told = seen.word(name)
        if told is None:
            continue
        # Between the two looks it may have had any value from the one to the other.
        if (told - was) & U32 <= (now - was) & U32 < _FAR:
            continue
        yield (
            f"the kernel's {name} is {told}, and in the memory that is looked at {now}: these are "
            "not the same memory. After a resize the old mapping is frozen"
        )


def _of_the_size(seen: _Seen) -> Iterator[str]:
    for name, mask in (("SqMask", seen.shot.sq_mask), ("CqMask", seen.shot.cq_mask)):
        told = seen.word(name)
        if told is not None and told != mask:
            yield (
                f"the kernel's {name} is {told:#x}, the library's {mask:#x}: the ring was resized, "
                "and what is looked at are the old queues"
            )


def _of_requests(seen: _Seen) -> Iterator[str]:
    info, local = seen.info, seen.local
    if local is None or info is None or info.polls is None:
        return
    if seen.before.words() != seen.shot.words():
        return  # what is in flight was counted before it moved
    # What has overflown has ended, and cannot be seen to have; but a CQE that is not the last of
    # its request, or that another ring has sent, ends none here. So there may be so few in flight:
    ended = sum(1 for one in info.overflow or () if not one.flags & CqeFlags.MORE)
    polls, count = info.polls, local.in_flight
    fewest, listed = max(0, count - ended), len(polls)
    if fewest > listed:
        yield (
            f"{fewest} in flight, {listed} in the PollList: the rest wait elsewhere. Timeouts, "
            "requests at a worker (io-wq) and linked ones whose turn has not come are in no list"
            + (". Or the kernel was busy, and left some out" if info.partial else "")
        )
    elif listed > count:
        names = sorted({one.name for one in polls})
        yield (
            f"{listed} in the PollList ({', '.join(names)}), {count} in flight as far as was seen: "
            "somebody else has submitted, or one of them asked for no CQE (CQE_SKIP_SUCCESS)"
        )


def _of_tables(seen: _Seen) -> Iterator[str]:
    if seen.local is None:
        return
    for name, what, mine in (
        ("UserFiles", "files", seen.local.files),
        ("UserBufs", "buffers", seen.local.buffers),
    ):
        told = seen.word(name)
        if told is not None and told != mine:
            yield (
                f"{mine} registered {what} by this library's count, {told} by the kernel's: "
                "somebody else registers with this ring"
            )


def _of_the_poll_thread(seen: _Seen) -> Iterator[str]:
    if not seen.polled:
        return
    pid = seen.word("SqThread")
    if seen.shot.sq_flags & SqRingFlags.NEED_WAKEUP:
        who = f"the poll thread {pid}" if pid is not None and pid > 0 else "the poll thread"
        yield f"{who} sleeps (NEED_WAKEUP): it sees nothing that is published. submit wakes it"
    elif pid is not None and pid < 0:
        yield "SQPOLL was asked for, and there is no poll thread: " + (
            "it has ended, or the kernel was busy and left it out. Ask again"
            if seen.partial
            else "it has ended"
        )
