"""What was done in a session, command by command, and what came of it: for `save`."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from uringlab.core.abi import CqeFlags, SetupFlags

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uringlab.lab.names import RingThing
    from uringlab.lab.reply import Reply
    from uringlab.lab.spec import Command

KEPT = 10_000
"""Commands at most; the oldest are forgotten."""
MOST_RESULTS = 1_000
"""Of one command."""


class End(StrEnum):
    """How a command ended."""

    DONE = "done"
    FAILED = "failed"
    GIVEN_UP = "given up"


class Result(NamedTuple):
    """A CQE that a command took.

    Attributes:
        request: its request's name.
        res: as the kernel answered.
        brings_fd: whether that is the number of a new fd: it may be another one next time.
        more: whether more CQEs of the same request were to come.
    """

    request: str
    res: int
    brings_fd: bool
    more: bool


@dataclass
class Deed:
    """One command.

    Attributes:
        command: as it was parsed.
        ring: the ring in use when it began; "" before the first.
        name: what its request is called: typed, or given.
        ready: how many CQEs lay in that ring's queue when it began.
        posts_on_entry: whether that ring posts only while somebody enters (DEFER_TASKRUN).
        results: what it took.
        end: how it ended.
    """

    command: Command
    ring: str = ""
    name: str = ""
    ready: int = 0
    posts_on_entry: bool = False
    results: list[Result] = field(default_factory=list)
    end: End = End.FAILED

    def heard(self, reply: Reply) -> None:
        """It says something: a CQE that it took is a result."""
        told = reply.json
        if told.get("type") != "cqe" or len(self.results) >= MOST_RESULTS:
            return
        request, res, flags = told["request"], told["res"], told["flags"]
        if isinstance(request, str) and isinstance(res, int) and isinstance(flags, int):
            more = bool(flags & CqeFlags.MORE)
            self.results.append(Result(request, res, bool(told.get("fd")), more))


class Story:
    """The commands of a session, in order; those of a sourced file one by one.

    Attributes:
        forgotten: how many there were besides: too many to be kept.
    """

    def __init__(self) -> None:
        """Nothing was done."""
        self._deeds: deque[Deed] = deque(maxlen=KEPT)
        self.forgotten = 0

    def begin(self, command: Command, thing: RingThing | None) -> Deed:
        """A command begins, with that ring in use."""
        if len(self._deeds) == KEPT:
            self.forgotten += 1
        deed = Deed(command)
        if thing is not None:
            deed.ring = thing.name
            deed.ready = thing.observer.snapshot.ready
            deed.posts_on_entry = bool(thing.ring.params.flags & SetupFlags.DEFER_TASKRUN)
        self._deeds.append(deed)
        return deed

    def __iter__(self) -> Iterator[Deed]:
        """The oldest first."""
        return iter(self._deeds)

    def __len__(self) -> int:
        """How many are kept."""
        return len(self._deeds)
