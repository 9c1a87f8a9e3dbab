"""The session: names, rings, requests, and the running of lines."""

from __future__ import annotations

import signal
import threading
import time
import warnings
from typing import TYPE_CHECKING, Self, cast

from uringlab.core.abi import SetupFlags
from uringlab.core.abi.named import flag_names
from uringlab.core.buffers import BadPage
from uringlab.core.errors import OperandError, RingError, Unavailable, errno_name, errno_text
from uringlab.core.fd import OwnedFd
from uringlab.core.params import Params
from uringlab.core.ring import IoUring
from uringlab.lab.bounds.guard import Guard
from uringlab.lab.bounds.roots import Roots
from uringlab.lab.errors import GaveUp, LineError, did_you_mean
from uringlab.lab.names import BufferThing, ChildThing, FileThing, RequestThing, RingThing
from uringlab.lab.parser import parse_line
from uringlab.lab.recorders import Recorders
from uringlab.lab.scratch import Scratch
from uringlab.lab.script import statements
from uringlab.lab.steps_taken import StepsTaken
from uringlab.lab.verbs import standard_table
from uringlab.observe.event import Posted, SystemCall, plain
from uringlab.observe.log import EventLog
from uringlab.observe.observer import Observer
from uringlab.observe.request import State
from uringlab.observe.requests import Requests
from uringlab.observe.source import OwnSource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from uringlab.core.buffers import Buffer
    from uringlab.core.cq import Cqe
    from uringlab.core.ops.declare import Op
    from uringlab.core.storm import Storm
    from uringlab.lab.bounds.roots import Allowed
    from uringlab.lab.errors import Span
    from uringlab.lab.names import Thing
    from uringlab.lab.rawsqe import RawSqe
    from uringlab.lab.registered import Group
    from uringlab.lab.reply import Reply
    from uringlab.lab.spec import Command
    from uringlab.observe.event import Event

DEFAULT_ENTRIES = 8
DEEPEST = 8
_MAKE = {
    "file": 'file f notes.txt text="hello"',
    "buffer": "buf b0 4k",
    "ring": "ring new r0",
    "request": "nop -> r1",
    "child": "child kid",
}
"""What makes a thing of each kind."""
MOST_NAMES = 1_000
GIVE_UP_SIGNAL = signal.SIGURG


_IN_VAIN = 0.5
"""Seconds to wait for a ring whose restrictions forbid what would end its requests."""


def _close(thing: RingThing) -> int:
    """Close a ring; how many blocks of memory the kernel may still use, and nobody ever again."""
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        if thing.registered.closable:
            thing.ring.close()
        else:
            thing.ring.close(_IN_VAIN)
    return sum(1 for one in said if issubclass(one.category, ResourceWarning))


class Quit(Exception):
    """`quit` was typed."""


class Session:
    """A place to type commands: rings, files, buffers and requests by name, and an event log.

    One thread runs its lines; any thread may look (`look`, `log`, `requests`) or `give_up`.
    Leaving the `with` block closes every ring and file and removes the scratch directory.

    Args:
        allow_path: directories outside the scratch directory that paths may lead to.
        allow_network: whether sockets may leave this machine. See docs/bounds.md.

    Attributes:
        names: what each name stands for.
        log: every event of every ring.
        requests: the lives of the requests, folded from the log.
        recorders: what the session is written into.
        taken: the commands that were run, and what they came to.
        undo: puts back, at the end, what would outlive the session's rings.
        guard: what no line may do.
        unattended: nobody types the lines, so they may write nothing where the program was
            started. Those of a sourced file may not in any case.
        storm: the one that is going on.

    Raises:
        LineError: an allowed directory has links that lead out of it.
    """

    def __init__(self, allow_path: Allowed = (), *, allow_network: bool = False) -> None:
        """An empty session. No ring yet: the first command that needs one opens `r0`."""
        self._roots = Roots(allow_path)
        self._allow_network = allow_network
        self.unattended = False
        self.table = standard_table()
        self.recorders = Recorders()
        self.giving_up = threading.Event()
        self._waiting_for: str | Callable[[], str] = ""
        self.storm: Storm | None = None
        self.history: list[str] = []
        self._sources: list[Path] = []
        self._start()

    def _start(self) -> None:
        self.scratch = Scratch(self._roots)
        self._unsettled: dict[tuple[str, int], list[RequestThing]] = {}
        self.guard = Guard(network=self._allow_network, waiting=self._unsettled)
        self.taken = StepsTaken(str(self.scratch.path))
        self.log = EventLog()
        self.requests = Requests()
        self.log.listen(self.requests.take)
        self.log.listen(self._on_events)
        self.names: dict[str, Thing] = {"bad": BufferThing("bad", BadPage())}
        self._rings: dict[str, RingThing] = {}
        self._current: RingThing | None = None
        self.recorders.follow(self.log, self.requests)
        self._next_request = 1
        self._next_buffer = 0
        self._by_user_data: dict[tuple[str, int], RequestThing] = {}
        self.undo: dict[str, Callable[[], None]] = {}
        self.mark = 0

    # -- running lines -------------------------------------------------------------

    def execute(self, line: str) -> Iterator[Reply]:
        """Run a line; yield what it says as it goes.

        The whole line is parsed before anything of it runs: a bad line changes nothing.

        Raises:
            LineError: with the line and the span it is about.
            Quit: the line was `quit`.
        """
        self.recorders.line(line)
        try:
            for command in parse_line(line, self.table):
                for reply in self.execute_command(command, line):
                    self.recorders.answer(reply.text)
                    yield reply
        finally:
            if not self._sources:
                self.giving_up.clear()

    def execute_command(self, command: Command, line: str = "") -> Iterator[Reply]:
        """Run one parsed command. Raises as `execute` does."""
        with self.taken.take(command, self.current) as step:
            for reply in self._execute_command(command, line):
                step.heard(reply)
                yield reply

    def _execute_command(self, command: Command, line: str) -> Iterator[Reply]:
        if command.spec.name != "diff":
            self.mark = self.log.count
        try:
            if self.giving_up.is_set():
                raise GaveUp("given up")
            yield from command.spec.run(self, command)
        except LineError as error:
            error.line = error.line or line or command.text
            error.span = error.span or (command.span if error.line == line else None)
            raise
        except Unavailable as error:
            raise self._wrapped(str(error.strerror), command, line) from error
        except (RingError, OperandError) as error:
            raise self._wrapped(str(error), command, line) from error
        except OSError as error:
            text = str(error.strerror)
            if errno_name(error.errno or 0) not in text:
                text += f" ({errno_text(error.errno or 0)})"
            raise self._wrapped(text, command, line) from error
        finally:
            self.look()

    def source(self, path: Path, label: str, span: Span) -> Iterator[Reply]:
        """Run a file of lines.

        Raises:
            LineError: it cannot be read, or one of its lines cannot be done.
        """
        if len(self._sources) >= DEEPEST:
            raise LineError(f"files are sourced {DEEPEST} deep: does one source itself?", span)
        try:
            lines = path.read_text().splitlines()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not text"
            raise LineError(f"cannot read {label}: {reason}", span) from error
        self._sources.append(path)
        try:
            for number, text in statements(lines):
                try:
                    yield from self.execute(text)
                except LineError as error:
                    error.place = error.place or f"{label}:{number}"
                    raise
        finally:
            self._sources.pop()

    def output(self, text: str) -> Path:
        """Where a file shall be that outlives the session: see `Scratch.output`.

        Raises:
            LineError: that place is not allowed.
        """
        return self.scratch.output(text, typed=not (self.unattended or self._sources))

    @staticmethod
    def _wrapped(text: str, command: Command, line: str) -> LineError:
        error = LineError(text, command.span)
        error.line = line
        return error

    def run(self, line: str) -> list[Reply]:
        """Run a line to its end. Raises as `execute` does."""
        return list(self.execute(line))

    def __call__(self, line: str) -> str:
        """Run a line; what it answered, as text."""
        return "\n".join(reply.text for reply in self.run(line) if reply.text)

    @property
    def waiting_for(self) -> str:
        """What the line that is running waits for, or how far it is, right now; "" if neither."""
        waiting = self._waiting_for
        return waiting if isinstance(waiting, str) else waiting()

    @waiting_for.setter
    def waiting_for(self, waiting: str | Callable[[], str]) -> None:
        self._waiting_for = waiting

    # -- looking ----------------------------------------------------------------------

    def look(self) -> None:
        """Look at every ring: what the kernel did meanwhile becomes events."""
        for thing in self.rings():
            thing.observer.look()

    def rings(self) -> list[RingThing]:
        """Every ring, the oldest first."""
        return list(self._rings.values())

    @property
    def allowed_paths(self) -> tuple[Path, ...]:
        """Directories outside its own that it may use."""
        return self._roots.real

    @property
    def current(self) -> RingThing | None:
        """The ring that operations go to; None before the first."""
        return self._current

    @current.setter
    def current(self, thing: RingThing | None) -> None:
        self._current = thing
        self.recorders.use(thing.name if thing is not None else "")

    def request_name(self, ring: str, user_data: int) -> str:
        """`r1` for the request of that user_data; `user_data=9` for a stranger's."""
        thing = self._by_user_data.get((ring, user_data))
        return thing.name if thing is not None else plain(ring, user_data)

    def owner_of_cqe(self, ring: str, user_data: int) -> RequestThing | None:
        """The request that a CQE belongs to which nobody has taken yet; None: nobody's here.

        A message of another ring may have the user_data of a request that is long over.
        """
        thing = self._by_user_data.get((ring, user_data))
        return thing if thing is not None and thing.awaits else None

    def cqe_name(self, ring: str, user_data: int) -> str:
        """Whose a CQE is that nobody has taken yet: `r1`, or `user_data=9` for a stranger's."""
        thing = self.owner_of_cqe(ring, user_data)
        return thing.name if thing is not None else plain(ring, user_data)

    def say(self, event: Event) -> str:
        """An event as a line, with this session's names."""
        if isinstance(event, Posted) and not self._is_of_its_request(event):
            return event.text(plain)
        return event.text(self.request_name)

    def _is_of_its_request(self, event: Posted) -> bool:
        thing = self._by_user_data.get((event.ring, event.user_data))
        if thing is None or thing.awaits:
            return True
        kept = thing.request.completions
        # Of a multishot request only the first and the newest are kept: what is between is its own.
        return not kept or kept[0].index <= event.index <= kept[-1].index

    # -- rings -------------------------------------------------------------------------

    def open_ring(self, name: str, entries: int, params: Params | None = None) -> RingThing:
        """Set a ring up and make it the current one. The call is logged, refused or not.

        Raises:
            OSError: the kernel refused.
        """
        asked = params or Params()
        args: tuple[tuple[str, int | str], ...] = (
            ("entries", entries),
            ("flags", flag_names(SetupFlags, asked.flags) if asked.flags else 0),
        )
        if asked.cq_entries:
            args = (*args, ("cq_entries", asked.cq_entries))
        try:
            ring = IoUring(entries, asked)
        except OSError as error:
            now = time.monotonic_ns()
            result = -(error.errno or 0)
            self.log.append([SystemCall(name, now, now, "io_uring_setup", args, result)])
            raise
        now = time.monotonic_ns()
        self.log.append([SystemCall(name, now, now, "io_uring_setup", args, ring.fd.number)])
        thing = RingThing(name, ring, Observer(OwnSource(name, ring), self.log))
        self.names[name] = self._rings[name] = thing
        self.current = thing
        self.taken.opened(name, entries, asked)
        return thing

    def ring(self) -> RingThing:
        """The current ring; the first one is opened by itself.

        Raises:
            LineError: there is none in use; or its name is taken, and what has it would be lost.
        """
        if self.current is None:
            if self.rings():
                raise LineError("no ring is in use", None, f"ring use {self.rings()[0].name}")
            self.claim("r0")
            return self.open_ring("r0", DEFAULT_ENTRIES)
        return self.current

    def close_ring(self, thing: RingThing) -> int:
        """Cancel, wait, close. What was in flight ends with the ring.

        Returns:
            How many blocks of memory were given up: the kernel may still use them, because
            restrictions forbid the calls that would have ended what was in flight.
        """
        thing.observer.look()
        # Fds that unseen CQEs bring have a name here by now: they are not the ring's to close.
        thing.ring.cq().peek(thing.ring.params.cq_entries)
        given_up = _close(thing)
        thing.observer.look()
        self.names.pop(thing.name, None)
        self._rings.pop(thing.name, None)
        self._settle_all(thing.name)
        self.guard.ring_closed(thing.name)
        if self.current is thing:
            rings = self.rings()
            self.current = rings[-1] if rings else None
        return given_up

    def group_of(self, ring: str, thing: RequestThing | None) -> Group | None:
        """The ring of buffers that a request takes from; None: there is none that is known."""
        owner = self._rings.get(ring)
        if owner is None:
            return None
        return owner.registered.group_of(thing.op if thing is not None else None)

    def tag_text(self, ring: str, cqe: Cqe) -> str:
        """What a CQE that answers no request means, if it is a tag's; else ""."""
        owner = self._rings.get(ring)
        name = owner.registered.tags.get(cqe.user_data) if owner is not None else None
        return "" if name is None else f"a tag: the kernel has let go of {name}"

    # -- requests ------------------------------------------------------------------------

    def next_request_name(self) -> str:
        """The next free `rN`."""
        while f"r{self._next_request}" in self.names or self._is_taken(self._next_request):
            self._next_request += 1
        return f"r{self._next_request}"

    def _is_taken(self, user_data: int) -> bool:
        """Whether somebody has chosen that number for something else."""
        ring = self._current.name if self._current is not None else ""
        return self.guard.is_told(user_data) or (ring, user_data) in self._unsettled

    def next_user_data(self) -> int:
        """The number that the next request is known by: that of its free name."""
        return int(self.next_request_name()[1:])

    def stage(
        self, op: Op, name: str, *, buffers: tuple[str, ...] = (), closes: FileThing | None = None
    ) -> RequestThing:
        """Push an op onto the current ring and name the request.

        Raises:
            LineError: the queue is full; nothing changed.
        """
        ring = self._before_staging(name)
        return self._staged(ring, ring.ring.sq().push(op), name, op, buffers, closes)

    def stage_raw(self, raw: RawSqe, name: str, *, buffers: tuple[str, ...] = ()) -> RequestThing:
        """Write raw words into the slot at the local tail and name the request.

        Raises:
            SubmissionQueueFull: nothing changed.
        """
        ring = self._before_staging(name)
        slot = ring.ring.sq().slot()
        slot.write(**raw.given)
        return self._staged(ring, slot.index, name, cast("Op", raw), buffers)

    def _before_staging(self, name: str) -> RingThing:
        ring = self.ring()
        self.claim(name)  # the ring may have been opened just now, by this name
        self.taken.found(ring.observer.look().ready)
        return ring

    def _staged(
        self,
        ring: RingThing,
        index: int,
        name: str,
        op: Op,
        buffers: tuple[str, ...],
        closes: FileThing | None = None,
    ) -> RequestThing:
        ring.observer.look()
        request = self.requests.find(ring.name, index)
        if request is None:  # pragma: no cover - the look above has just seen it staged
            raise LineError("the request was staged, and somebody took it back at once")
        thing = RequestThing(name, request, op, None, buffers, closes)
        self._name_request(thing)
        self.guard.staged(thing)
        return thing

    def _name_request(self, thing: RequestThing) -> RequestThing:
        request = thing.request
        self.taken.staged(request.ring, thing.name, request.user_data)
        self.requests.name(request.ring, request.index, thing.name)
        self.recorders.name(request.ring, request.index, request.user_data, thing.name)
        self.names[thing.name] = thing
        key = (request.ring, request.user_data)
        self._by_user_data[key] = thing
        self._unsettled.setdefault(key, []).append(thing)
        if request.user_data == self._next_request:
            self._next_request += 1
        self._forget_old_requests()
        return thing

    def _forget_old_requests(self) -> None:
        """A long session keeps the names of the newest requests, and of those not done."""
        if len(self._by_user_data) <= 2 * MOST_NAMES:
            return
        for key, thing in list(self._by_user_data.items())[:-MOST_NAMES]:
            if thing.done and thing.request.state is not State.POSTED:
                del self._by_user_data[key]
                self._unsettled.pop(key, None)
                if self.names.get(thing.name) is thing:
                    del self.names[thing.name]

    def _on_events(self, events: Sequence[Event]) -> None:
        """A completion may open or close a file that the session has to know about."""
        for event in events:
            if not isinstance(event, Posted):
                continue
            # Several requests may share a user_data: those that have their last CQE are settled.
            key = (event.ring, event.user_data)
            waiting = self._unsettled.pop(key, None)
            left = waiting and [thing for thing in waiting if not self._settle(thing)]
            if left:
                self._unsettled[key] = left

    def _settle(self, thing: RequestThing) -> bool:
        self._take_files(thing)
        if not thing.request.ended:
            return False
        thing.settled = True
        self.guard.settled(thing)
        if thing.closes is not None:
            final = thing.request.final
            if final is not None and final.res < 0:
                self._not_closed(thing)
        return True

    def _take_files(self, thing: RequestThing) -> None:
        """Fds that its new CQEs bring: the first by the request's name, more by name_2, name_3."""
        # It is asked at each CQE: so a new one is always among those that are kept.
        new, thing.told = thing.request.count - thing.told, thing.request.count
        ring = self._rings.get(thing.request.ring)
        if ring is not None and ring.registered.files:
            for one in thing.request.completions[-new:] if new else []:
                ring.registered.follow(thing.op, one.cqe, thing.name)
        if not thing.op.may_bring_fds:
            return
        for one in thing.request.completions[-new:] if new else []:
            for number in thing.op.new_fds(one.cqe.res):
                self._take_file(thing, number)

    def _take_file(self, thing: RequestThing, number: int) -> None:
        name, count = thing.name, 1
        while (count == 1 and thing.file is not None) or (count > 1 and name in self.names):
            count += 1
            name = f"{thing.name}_{count}"
        file = FileThing(name, OwnedFd(number), f"opened by {thing.op.title()}")
        if file.opened is None:  # somebody closed it before we looked
            file.fd.give_up()
        else:
            self.guard.made(thing, number)
        if count == 1:
            thing.file = file
        else:
            self.names[name] = file

    def _settle_all(self, ring: str) -> None:
        """The ring is closed: files that were to be closed by it and were not are ours again."""
        for key in [key for key in self._unsettled if key[0] == ring]:
            for thing in self._unsettled.pop(key):
                thing.settled = True
                self._not_closed(thing)

    def _not_closed(self, thing: RequestThing) -> None:
        """A CLOSE failed, or never ran: closing the file is our duty again, if it is still open."""
        file = thing.closes
        if file is not None and file.leads_here() and self.owner_of(file.fd.number) is None:
            file.fd.take_back()
            if not any(one is file for one in self.files()):  # its name was dropped meanwhile
                file.close()

    # -- names ----------------------------------------------------------------------------

    def find(self, name: str, kind: str = "") -> Thing:
        """What a name stands for.

        Raises:
            LineError: nothing, or something of another kind.
        """
        thing = self.names.get(name)
        if thing is None:
            of_kind = [n for n, t in self.names.items() if not kind or t.kind == kind]
            what = kind or "thing"
            known = f" There are: {', '.join(of_kind)}." if of_kind else f" There is no {what} yet."
            raise LineError(
                f'no {what} is called "{name}".{did_you_mean(name, of_kind)}{known}',
                None,
                _MAKE.get(kind, "help"),
            )
        if kind and thing.kind != kind:
            raise LineError(f'"{name}" is a {thing.kind}, not a {kind}')
        return thing

    def claim(self, name: str, span: Span | None = None) -> None:
        """See that a name is free. A request's name may be taken over once it is done.

        Raises:
            LineError: it is taken.
        """
        thing = self.names.get(name)
        if thing is None or (isinstance(thing, RequestThing) and thing.done):
            return
        hint = f"ring close {name}" if isinstance(thing, RingThing) else f"drop {name}"
        what = f"a {thing.kind}"
        if isinstance(thing, RequestThing):
            what = f"a request, {thing.request.state}" if not thing.file else "an open file"
        raise LineError(f'"{name}" is taken: it is {what}', span, hint)

    def new_buffer(self, name: str, buffer: Buffer) -> BufferThing:
        """Name a buffer."""
        thing = BufferThing(name, buffer)
        self.names[name] = thing
        return thing

    def buffer(self, name: str) -> BufferThing:
        """The buffer of that name.

        Raises:
            LineError: there is none.
        """
        thing = self.find(name, "buffer")
        if not isinstance(thing, BufferThing):  # pragma: no cover - find() has just checked
            raise LineError(f"{name} is not a buffer")
        return thing

    def next_buffer_name(self) -> str:
        """The next free `bN`."""
        while f"b{self._next_buffer}" in self.names:
            self._next_buffer += 1
        return f"b{self._next_buffer}"

    def files(self) -> list[FileThing]:
        """Every file that was opened here, by name or by a request."""
        things = list(self.names.values())
        return [thing for thing in things if isinstance(thing, FileThing)] + [
            thing.file for thing in things if isinstance(thing, RequestThing) and thing.file
        ]

    def owner_of(self, number: int) -> FileThing | None:
        """The file whose fd that is, and whose to close; None: not the learner's."""
        return next((one for one in self.files() if one.fd.owned and one.fd.number == number), None)

    def file(self, name: str) -> FileThing:
        """The file of that name: made by the session, or opened by the request of that name.

        Raises:
            LineError: there is none.
        """
        thing = self.names.get(name)
        if isinstance(thing, RequestThing):
            if thing.file is not None:
                return thing.file
            raise LineError(
                f"{name} is {thing.request.state}: it has opened no file"
                + ("" if thing.settled else " yet"),
                None,
                "" if thing.settled else "wait 1",
            )
        found = self.find(name, "file")
        if not isinstance(found, FileThing):  # pragma: no cover - find() has just checked
            raise LineError(f"{name} is not a file")
        return found

    # -- giving up --------------------------------------------------------------------------

    def give_up(self, thread: int | None = None) -> None:
        """End the wait, or the storm, that another thread is in. The ring stays as it is."""
        self.giving_up.set()
        storm = self.storm
        if storm is not None:
            storm.stop()
        if thread is not None:
            signal.pthread_kill(thread, GIVE_UP_SIGNAL)

    # -- the end ------------------------------------------------------------------------------

    def reset(self) -> None:
        """Close and remove everything, and start anew. What is being recorded goes on."""
        self._clear()
        self._start()

    def close(self) -> None:
        """Close every ring, then every file; remove the scratch directory. Twice is once.

        Raises:
            LineError: what was recorded could not all be written; everything is closed.
        """
        self._clear()
        self.recorders.close()

    def _clear(self) -> None:
        for undo in self.undo.values():
            undo()
        self.undo.clear()
        for thing in self.rings():
            self.close_ring(thing)
        for file in self.files():
            file.close()
        for child in [one for one in self.names.values() if isinstance(one, ChildThing)]:
            child.end()
        self.names.clear()
        self._by_user_data.clear()
        self._unsettled.clear()
        self.guard.forget()
        self.current = None
        self.scratch.remove()

    def __enter__(self) -> Self:
        """`with Session() as session:`."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()
