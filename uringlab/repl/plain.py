"""The REPL where nothing can be drawn (TERM=dumb): lines in, lines out, no escape sequences."""

from __future__ import annotations

import concurrent.futures
import io
import sys
import threading
from typing import TYPE_CHECKING

from uringlab.lab.errors import LineError
from uringlab.lab.interrupts import Interrupts
from uringlab.lab.news import News
from uringlab.lab.session import Quit

if TYPE_CHECKING:
    from uringlab.course.course import Course
    from uringlab.lab.bench import Bench
    from uringlab.lab.reply import Reply

ATTENTIVE = 0.05


def converse_plainly(bench: Bench, course: Course, greeting: str, first: str = "") -> None:
    """Prompt until the end of input, or `quit`. Ctrl-C gives up what waits."""
    for stream, errors in ((sys.stdin, "surrogateescape"), (sys.stdout, "backslashreplace")):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=errors)
    _print(greeting)
    plain = _Plain(bench, course)
    if first and not plain.run(first):
        return
    while True:
        ring = bench.session.current
        plain.tell_events()
        try:
            line = input(f"{ring.name if ring is not None else 'r0'}> ")
        except KeyboardInterrupt:
            _print("\nCtrl-D leaves, or: quit")
            continue
        except EOFError:
            _print("")
            return
        if line.strip() and not plain.run(line):
            return


class _Plain:
    """Runs lines, one after another, and prints what happens."""

    def __init__(self, bench: Bench, course: Course) -> None:
        self._bench = bench
        self._course = course
        self._news = News(bench.session)
        self._telling = threading.Lock()

    def run(self, line: str) -> bool:
        """Run a line. False: the session is to end."""
        session = self._bench.session
        session.history.append(line)
        with Interrupts() as interrupts:
            done = self._bench.line(line, self._replied)
            while not concurrent.futures.wait([done], timeout=ATTENTIVE).done:
                if interrupts.take():
                    self._bench.give_up()
                session.look()
                self.tell_events()
            error = done.exception()
            self.tell_events()
            if isinstance(error, Quit):
                return False
            if isinstance(error, LineError):
                _print(error.pretty())
            elif error is not None:
                raise error
            said: list[Reply] = []
            self._bench.call(lambda: said.extend(self._course.after_line())).result()
            for reply in said:
                _print(reply.text)
        return True

    def _replied(self, reply: Reply) -> None:
        """In the bench's thread."""
        self.tell_events()
        if reply.text:
            _print(reply.text)

    def tell_events(self) -> None:
        """Say what happened since it was last told."""
        self._bench.session.look()
        with self._telling:
            for event in self._news.digest():
                _print(f"  {event.actor:<7} {self._bench.session.say(event)}")


def _print(text: str) -> None:
    """A line, at once: what comes next may wait."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
