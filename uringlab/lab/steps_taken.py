"""What was done in a session, step by step: the commands that ran, and what they came to.

It remembers what a command does not say by itself: the names and numbers that requests were
given, buffers that were made for them, how many CQEs were there. `c` makes a program of it, `save`
a script.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from uringlab.core.abi import CqeFlags, SetupFlags
from uringlab.lab.errors import GaveUp, LineError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from uringlab.core.params import Params
    from uringlab.lab.names import RingThing
    from uringlab.lab.reply import Reply
    from uringlab.lab.spec import Command

MOST = 10_000
"""Commands that are remembered: the first ones, because the others stand on them."""
MOST_RESULTS = 1_000
"""Of one command."""


@dataclass(slots=True)
class Staged:
    """Requests that were staged one after the other, with numbers that count on.

    Attributes:
        ring: on which ring.
        name: of the first; of the others `r` and their number.
        user_data: of the first.
        step: 1 where the numbers count on, 0 where all have the same.
        count: how many.
        plain: whether the first is called `r` and its number, too.
    """

    ring: str
    name: str
    user_data: int
    step: int = 1
    count: int = 1

    @property
    def plain(self) -> bool:
        """Whether the name is made of the number."""
        return self.name == f"r{self.user_data}"

    def goes_on(self, ring: str, name: str, user_data: int) -> bool:
        """Whether another request is the next of these. Then it is one of them now."""
        if ring != self.ring:
            return False
        counts_on = self.plain and name == f"r{user_data}"
        if counts_on and self.step == 1 and user_data == self.user_data + self.count:
            self.count += 1
            return True
        if user_data == self.user_data and (self.count == 1 or self.step == 0):
            self.count, self.step, self.name = self.count + 1, 0, name
            return True
        return False


@dataclass(frozen=True, slots=True)
class Opened:
    """A ring that was set up: by `ring new`, or by the first command that needed one."""

    name: str
    entries: int
    flags: int
    cq_entries: int
    idle_ms: int


class Result(NamedTuple):
    """A CQE that a command saw.

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


@dataclass(slots=True, eq=False)
class Step:
    """A command that was run, and what came of it.

    Attributes:
        command: as it was typed.
        ring: the ring that was in use; "" before the first.
        posts_on_entry: whether that ring posts only while somebody enters (DEFER_TASKRUN).
        before: how many CQEs lay in its queue when the command began.
        results: what it saw of CQEs, so many at most.
        staged: requests.
        made: buffers that were made by themselves: (name, bytes).
        files: fds that were typed as numbers, and the names they have.
        opened: a ring.
        taken: CQEs that were seen; of several times (`repeat`) the smallest number; -1: never.
        ready: CQEs that were ready after a wait; -1: there was none.
        ids: buffers that were given back.
        number: whatever the verb has to say in one number.
        error: why it could not be done; "" if it could.
        gave_up: whether somebody stopped it.
    """

    command: Command
    ring: str
    posts_on_entry: bool = False
    before: int = 0
    results: list[Result] = field(default_factory=list)
    staged: list[Staged] = field(default_factory=list)
    made: list[tuple[str, int]] = field(default_factory=list)
    files: dict[int, str] = field(default_factory=dict)
    opened: Opened | None = None
    taken: int = -1
    ready: int = -1
    number: int = -1
    ids: tuple[int, ...] = ()
    error: str = ""
    gave_up: bool = False

    @property
    def name(self) -> str:
        """What its request is called: typed, or given; "" without one."""
        return self.staged[0].name if self.staged else ""

    def heard(self, reply: Reply) -> None:
        """It says something: a CQE is a result."""
        told = reply.json
        if told.get("type") != "cqe" or len(self.results) >= MOST_RESULTS:
            return
        request, res, flags = told["request"], told["res"], told["flags"]
        if isinstance(request, str) and isinstance(res, int) and isinstance(flags, int):
            more = bool(flags & CqeFlags.MORE)
            self.results.append(Result(request, res, bool(told.get("fd")), more))


class _Taking:
    """One step, while it is being taken."""

    def __init__(self, steps: StepsTaken, step: Step) -> None:
        self._steps = steps
        self._step = step

    def __enter__(self) -> Step:
        self._steps.running.append(self._step)
        return self._step

    def __exit__(
        self,
        _type: type[BaseException] | None,
        error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._steps.running.remove(self._step)
        if error is not None:
            self._step.error = error.message if isinstance(error, LineError) else str(error) or "?"
            self._step.gave_up = not isinstance(error, LineError) or isinstance(error, GaveUp)


class StepsTaken:
    """The steps of a session, from its beginning or its last `reset` on.

    Args:
        directory: the session's own.

    Attributes:
        left_out: commands that came after as many as are remembered.
    """

    def __init__(self, directory: str) -> None:
        """None yet."""
        self.directory = directory
        self.steps: list[Step] = []
        self.left_out = 0
        self.running: list[Step] = []
        self._room = MOST

    def take(self, command: Command, thing: RingThing | None) -> _Taking:
        """Remember a command, with that ring in use: `with steps.take(command, ring): run it`."""
        step = Step(command, "" if thing is None else thing.name)
        if thing is not None:
            step.posts_on_entry = bool(thing.ring.params.flags & SetupFlags.DEFER_TASKRUN)
        if self._room > 0:
            self._room -= 1
            self.steps.append(step)
        else:
            self.left_out += 1
        return _Taking(self, step)

    # -- what a command came to, told while it runs -----------------------------------------

    def staged(self, ring: str, name: str, user_data: int) -> None:
        """A request has its name."""
        if not self.running:
            return
        runs = self.running[-1].staged
        if not (runs and runs[-1].goes_on(ring, name, user_data)):
            runs.append(Staged(ring, name, user_data))
            self._room -= len(runs) > 1  # what is remembered is bounded, however it came about

    def found(self, ready: int) -> None:
        """So many CQEs lay in the queue before a request was staged."""
        for step in self.running[-1:]:
            step.before = ready

    def made(self, name: str, size: int) -> None:
        """A buffer was made for a request that named none."""
        if self.running:
            self.running[-1].made.append((name, size))
            self._room -= len(self.running[-1].made) > 1

    def file(self, number: int, name: str) -> None:
        """An fd was typed as a number, and is a file of that name."""
        if self.running:
            self.running[-1].files[number] = name

    def opened(self, name: str, entries: int, asked: Params) -> None:
        """A ring was set up."""
        if self.running:
            self.running[-1].opened = Opened(
                name, entries, int(asked.flags), asked.cq_entries, asked.sq_thread_idle
            )

    def took(self, count: int) -> None:
        """So many CQEs were looked at, or taken."""
        for step in self.running[-1:]:
            step.taken = count if step.taken < 0 else min(step.taken, count)

    def waited(self, ready: int) -> None:
        """A wait is over, and so many CQEs are ready."""
        for step in self.running[-1:]:
            step.ready = ready

    def gave_back(self, ids: Sequence[int]) -> None:
        """Provided buffers are the kernel's again."""
        for step in self.running[-1:]:
            step.ids = tuple(ids)

    def number(self, number: int) -> None:
        """Something that only this verb knows: a port, how many bytes, whether."""
        for step in self.running[-1:]:
            step.number = number

    def __len__(self) -> int:
        """How many commands were run."""
        return len(self.steps) + self.left_out


def names_of(staged: Staged, most: int) -> list[str]:
    """The names of these requests, not more than so many."""
    first = [staged.name]
    if staged.step == 0:
        return first
    rest = (f"r{staged.user_data + place}" for place in range(1, staged.count))
    return first + list(itertools.islice(rest, most - 1))
