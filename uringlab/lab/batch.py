"""Running lines without a person: data to one stream, narration to another, an outcome."""

from __future__ import annotations

import concurrent.futures
import time
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, TextIO

from uringlab.core.errors import Unavailable
from uringlab.lab.errors import ExpectationFailed, GaveUp, LineError
from uringlab.lab.interrupts import Interrupts
from uringlab.lab.news import News
from uringlab.lab.parser import parse_line
from uringlab.lab.reply import Stream
from uringlab.lab.session import Quit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from uringlab.lab.bench import Bench
    from uringlab.lab.reply import Reply
    from uringlab.lab.script import Statement
    from uringlab.lab.spec import CommandTable


class Outcome(StrEnum):
    """How it ended."""

    OK = "ok"
    EXPECTATION = "expectation"
    ERROR = "error"
    UNAVAILABLE = "unavailable"
    TIMED_OUT = "timed out"


_WORSE = list(Outcome)
SCHEMA = 1
"""Of the JSON lines: docs/json-lines.md. It grows when something is taken away or changes."""


def worse(one: Outcome, other: Outcome) -> Outcome:
    """The worse of two."""
    return max(one, other, key=_WORSE.index)


class Told(NamedTuple):
    """A line that was run.

    Attributes:
        where: which input it stands in.
        number: which line of it.
        seconds: how long it took.
        outcome: how it ended.
        error: why it failed.
    """

    where: str
    number: int
    text: str
    seconds: float
    outcome: Outcome = Outcome.OK
    error: LineError | None = None


_EVERY = 0.05
_SOON = 0.001


@dataclass
class Batch:
    """Runs statements on a bench, and prints.

    Args:
        out: data: what was asked for, or with `as_json` one object a line.
        err: narration: what happened, and what went wrong.
        as_json: events, replies and errors as JSON on `out`, and nothing on `err` but errors.
        keep_going: go on after a line that failed.
        quiet: no narration of events.
        on_line: is told of each line that was run.
        deadline: time.monotonic() by which all must be over; None for never.
    """

    bench: Bench
    out: TextIO
    err: TextIO
    as_json: bool = False
    keep_going: bool = False
    quiet: bool = False
    on_line: Callable[[Told], None] | None = None
    deadline: float | None = None
    outcome: Outcome = Outcome.OK
    _where: str = ""
    _news: News = field(init=False)

    def __post_init__(self) -> None:
        """Tell events from the beginning."""
        self._news = News(self.bench.session)

    def begin(self, run: int = 1, runs: int = 1) -> None:
        """Say what follows, to a program: the first object."""
        if self.as_json:
            import platform  # noqa: PLC0415 - few ask for it
            from importlib.metadata import version  # noqa: PLC0415 - the same, and it is slow

            self._print_json(
                {
                    "type": "session",
                    "schema": SCHEMA,
                    "uringlab": version("uringlab"),
                    "kernel": platform.release(),
                    "run": run,
                    "runs": runs,
                }
            )

    def end(self, outcome: str, exit_code: int) -> None:
        """Say how it ended, to a program: the last object."""
        if self.as_json:
            self._print_json({"type": "end", "outcome": outcome, "exit_code": exit_code})

    def run(self, statements: Iterable[Statement], where: str) -> bool:
        """Run them. False: stop, whatever else there is to run.

        Raises:
            KeyboardInterrupt: Ctrl-C; the wait was given up and the session is sound.
        """
        self._where = where
        return all(self._line(statement) for statement in statements)

    def _line(self, statement: Statement) -> bool:
        number, text = statement
        self.bench.session.history.append(text)
        began = time.monotonic()
        with Interrupts() as interrupts:
            done = self.bench.line(text, self._reply)
            interrupted = self._wait(done, interrupts)
        # One may have come after the last time it was asked for.
        if interrupted or interrupts.take():
            raise KeyboardInterrupt
        told = Told(self._where, number, text, time.monotonic() - began)
        go_on = True
        try:
            self._ended(done)
        except Quit:
            go_on = False
        except LineError as error:
            self._tell_events()
            error.place = error.place or f"{self._where}:{number}"
            told = told._replace(outcome=self._outcome_of(error), error=error)
            go_on = self._failed(error, told.outcome)
        self._tell_events()
        if self.on_line is not None:
            self.on_line(told)
        return go_on

    def _wait(self, done: concurrent.futures.Future[None], interrupts: Interrupts) -> bool:
        """Until the line has ended, if need be by giving it up. Returns whether by Ctrl-C."""
        interrupted = False
        while not concurrent.futures.wait([done], timeout=self._patience()).done:
            if interrupts.take():
                interrupted = True
                self.bench.give_up()
            elif self.deadline is not None and time.monotonic() >= self.deadline:
                self.outcome = Outcome.TIMED_OUT
                self.bench.give_up()
        return interrupted or interrupts.take()

    def _patience(self) -> float:
        """How long to wait before looking whether to give up."""
        left = _EVERY if self.deadline is None else self.deadline - time.monotonic()
        return max(_SOON, min(_EVERY, left))

    def _ended(self, done: concurrent.futures.Future[None]) -> None:
        """Raise what the line ended with."""
        if self.outcome is not Outcome.TIMED_OUT:
            done.result()
            return
        error = done.exception()
        if isinstance(error, LineError):
            error.message = f"timed out: {error.message}"
            raise error
        raise GaveUp("timed out")

    def _outcome_of(self, error: LineError) -> Outcome:
        if self.outcome is Outcome.TIMED_OUT:
            return Outcome.TIMED_OUT
        if isinstance(error, ExpectationFailed):
            return Outcome.EXPECTATION
        if isinstance(error.__cause__, Unavailable):
            return Outcome.UNAVAILABLE
        return Outcome.ERROR

    def _failed(self, error: LineError, outcome: Outcome) -> bool:
        """Say it. Returns whether to go on."""
        self.outcome = worse(self.outcome, outcome)
        if self.as_json:
            self._print_json(
                {
                    "type": "error",
                    "outcome": str(outcome),
                    "place": error.place,
                    "message": error.message,
                    "hint": error.hint,
                    "line": error.line,
                }
            )
        print(error.pretty(), file=self.err)
        return self.keep_going and outcome not in (Outcome.TIMED_OUT, Outcome.UNAVAILABLE)

    def _reply(self, reply: Reply) -> None:
        """In the bench's thread: the line is still running."""
        self._tell_events()
        if self.as_json:
            if reply.json:
                self._print_json({"type": "data", **reply.json, "text": reply.text})
        elif reply.text:
            if reply.stream is Stream.DATA:
                print(reply.text, file=self.out, flush=True)
            elif not self.quiet:
                print(reply.text, file=self.err)

    def _tell_events(self) -> None:
        session = self.bench.session
        for event in self._news.take() if self.as_json else self._news.digest():
            if self.as_json:
                self._print_json({"type": "event", **event.to_json()})
            elif not self.quiet:
                print(f"  {event.actor:<7} {session.say(event)}", file=self.err)

    def _print_json(self, thing: dict[str, object]) -> None:
        import json  # noqa: PLC0415 - few ask for it

        print(json.dumps(thing, default=str), file=self.out, flush=True)


def check(statements: Iterable[Statement], table: CommandTable, where: str) -> list[LineError]:
    """Parse without running. Every error, each with its place."""
    found = []
    for number, text in statements:
        try:
            parse_line(text, table)
        except LineError as error:
            error.place = f"{where}:{number}"
            found.append(error)
    return found
