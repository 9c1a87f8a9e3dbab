"""The REPL: what is typed goes to the bench, line by line, and what happens is printed."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
import sys
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

from prompt_toolkit.utils import is_dumb_terminal

from uringlab.course.course import Course
from uringlab.lab.bench import Bench
from uringlab.lab.errors import GaveUp, LineError
from uringlab.lab.interrupts import Interrupts
from uringlab.lab.news import News
from uringlab.lab.reply import Stream
from uringlab.lab.session import Quit
from uringlab.repl.completer import LabCompleter
from uringlab.repl.highlight import LabLexer, highlighted
from uringlab.repl.history import LineHistory
from uringlab.repl.markdown import marked
from uringlab.repl.outbox import Outbox
from uringlab.repl.plain import converse_plainly
from uringlab.repl.screen import Screen
from uringlab.repl.toolbar import toolbar

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from pathlib import Path

    from prompt_toolkit.formatted_text import StyleAndTextTuples

    from uringlab.lab.reply import Reply
    from uringlab.lab.session import Session

GREETING = "uringlab: a real io_uring ring. Try:  do nop   or:  learn 1   or:  help"
HOW_TO_LEAVE = "Ctrl-D leaves, or: quit"
REFRESH = 0.2
ATTENTIVE = 0.05
SETTLED = 5
"""Looks without a line, after which there is time for what is not needed yet."""
_LESSON = {"lesson", "hint", "why", "further", "wrong", "goal", "solved", "onward"}


class _Line(NamedTuple):
    """A line that is to be run, and with which others it was pasted."""

    text: str
    paste: int


class Repl:
    """One conversation. All of it happens in the main thread, but for `_replied`.

    Args:
        bench: runs the lines.
        course: plays the lessons in the bench's session.
        color: whether to use colours.
    """

    def __init__(self, bench: Bench, course: Course, *, color: bool) -> None:
        """Nothing told yet."""
        self.bench = bench
        self.session = bench.session
        self._course = course
        self._history = LineHistory()
        self._screen = Screen(
            self,
            history=self._history,
            completer=LabCompleter(self.session),
            lexer=LabLexer(self.session),
            color=color,
        )
        self._news = News(self.session)
        self._outbox = Outbox(self._events, lambda: self._soon(self._tell))
        self._loop: asyncio.AbstractEventLoop | None = None
        self._queue: deque[_Line] = deque()
        self._running = ""
        self._looks = 0
        self._paste = 0
        self._dropped = 0
        self._leaving = False
        self._told_problem = False

    def converse(self, first: str = "") -> None:
        """Prompt until the end of input, or `quit`.

        Args:
            first: a line to begin with, as if it was typed.

        Raises:
            BaseException: what a line ended with that is no error of the line.
        """

        def begin() -> None:
            self._loop = asyncio.get_running_loop()
            self._loop.set_exception_handler(self._broken)
            # Whoever closes the terminal leaves: that is the end of input, as Ctrl-D is.
            self._loop.add_signal_handler(signal.SIGHUP, self._leave)
            self._screen.app.create_background_task(self._watch())
            self._say(GREETING)
            if first:
                self.entered(first)

        try:
            self._screen.app.run(pre_run=begin, set_exception_handler=False)
        except EOFError:
            _forget_terminal()
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            _forget_terminal()
        finally:
            self._outbox.close()

    def _broken(self, _loop: object, context: dict[str, Any]) -> None:
        """What went wrong in the loop ends it, and is told by whoever began it."""
        error = context.get("exception")
        if error is not None and self._screen.app.is_running and not self._screen.app.is_done:
            self._screen.app.exit(exception=error)

    def _soon(self, work: Callable[[], object]) -> None:
        """Do something in the main thread. From any thread; nothing once it is over."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # it is closed
                self._loop.call_soon_threadsafe(work)

    def _leave(self) -> None:
        if not self._screen.app.is_done:
            self._queue.clear()
            self._screen.app.exit()

    # -- saying ---------------------------------------------------------------------

    def _say(self, text: str, style: str = "") -> None:
        self._screen.say([(style, text)])

    def _tell(self) -> bool:
        """Say what happened, and what the bench's thread has left to be said of it."""
        found = self._outbox.take()
        if found:
            together = [one for text in found for one in (("", "\n"), *text)]
            self._screen.say(together[1:])
        return bool(found)

    def _events(self) -> StyleAndTextTuples:
        """What happened since this was last asked, a line each."""
        lines: StyleAndTextTuples = []
        for event in self._news.digest():
            lead = "\n" if lines else ""
            text = f"{lead}  {event.actor:<7} {self.session.say(event)}"
            lines.append((f"class:{event.actor}", text))
        return lines

    def _replied(self, reply: Reply) -> None:
        """In the bench's thread, while the line goes on."""
        self._outbox.put(_shown(reply) if reply.text else [])

    # -- what is typed -----------------------------------------------------------------

    def entered(self, text: str) -> None:
        """Run it, or keep it until what runs has ended. Several lines belong together."""
        self._paste += 1
        self._queue += [_Line(line, self._paste) for line in text.rstrip("\n").split("\n")]
        if text.strip() and self._history.problem and not self._told_problem:
            self._told_problem = True
            self._say(self._history.problem, "class:note")
        self._next()

    def interrupted(self) -> None:
        """Give up what waits, and what was to come after it; or the line that is being typed."""
        buffer = self._screen.buffer
        if self._running:
            self._leaving = False
            self._drop(len(self._queue))
            self.bench.give_up()
        elif buffer.text:
            typed = [*self.label(), *highlighted(buffer.text, self.session), ("", "^C")]
            self._screen.say(typed)
            buffer.reset()
        else:
            self._say(HOW_TO_LEAVE, "class:note")

    def left(self) -> None:
        """Leave, after what runs."""
        if self._running:
            self._leaving = True
        else:
            self._leave()

    def _drop(self, count: int) -> None:
        """Forget lines that were to be run; it is told when the one that runs has ended."""
        dropped = [self._queue.popleft() for _ in range(count)]
        self._dropped += sum(1 for one in dropped if _does_something(one.text))

    def _tell_dropped(self) -> None:
        if self._dropped:
            count = "1 line was" if self._dropped == 1 else f"{self._dropped} lines were"
            self._say(f"{count} not run", "class:note")
        self._dropped = 0

    # -- running -----------------------------------------------------------------------

    def _next(self) -> None:
        """Begin the next line, if nothing runs."""
        while self._queue and not self._running:
            line = self._queue.popleft()
            pasted = bool(self._queue) and self._queue[0].paste == line.paste
            if line.text.strip() or not pasted:
                self._screen.say([*self.label(), *highlighted(line.text, self.session)])
            if _does_something(line.text):
                self._begin(line)
        if self._leaving and not self._running:
            self._leave()

    def _begin(self, line: _Line) -> None:
        self._running, self._looks = line.text, 0
        self.session.history.append(line.text)
        done = self.bench.line(line.text, self._replied)
        done.add_done_callback(lambda done: self._soon(lambda: self._ended(line, done)))

    def _ended(self, line: _Line, done: Future[None]) -> None:
        """The line is over: well, or with an error."""
        self._tell()
        error = done.exception()
        if isinstance(error, Quit):
            self._leave()
            return
        if isinstance(error, GaveUp):
            self._say(error.message, "class:note")
        elif isinstance(error, LineError):
            self._say(error.pretty(), "class:error")
        elif error is not None:
            raise error
        if error is not None:
            self._drop(sum(1 for one in self._queue if one.paste == line.paste))
        self._tell_dropped()
        self._ask_course(self._course.after_line, self._idle)

    def _ask_course(
        self, ask: Callable[[], list[Reply]], then: Callable[[], None] = lambda: None
    ) -> None:
        """What the open lesson has to say of what happened."""
        said: list[Reply] = []

        def tell() -> None:
            done.result()
            for reply in said:
                self._screen.say(marked(reply.text, "class:lesson"))
            then()

        done = self.bench.call(lambda: said.extend(ask()))
        done.add_done_callback(lambda _done: self._soon(tell))

    def _idle(self) -> None:
        self._running = ""
        self._screen.app.invalidate()
        self._next()

    async def _watch(self) -> None:
        """What the kernel does meanwhile is said above the prompt. Memory tells nobody: look."""
        table = self.session.table
        shown: object = None
        while True:
            await asyncio.sleep(ATTENTIVE if self._running else REFRESH)
            self._looks += 1
            if self._looks == SETTLED:
                # A bare Tab asks for all commands. To make them takes long enough to be felt.
                await asyncio.to_thread(list, table)
            self.session.look()
            if self._tell() and not self._running:
                self._ask_course(self._course.tick)
            around = (self.label(), self.status(), self.figures("", self._screen.width))
            if around != shown:  # a terminal far away need not hear that nothing has changed
                shown = around
                self._screen.app.invalidate()

    # -- what stands around the prompt ---------------------------------------------------

    def label(self) -> StyleAndTextTuples:
        """`r0> `: the ring in use."""
        ring = self.session.current
        name = ring.name if ring is not None else "r0"
        return [("class:prompt.busy" if self._running else "class:prompt", f"{name}> ")]

    def status(self) -> str:
        """What is waited for, and how it can be given up."""
        what = self.session.waiting_for
        if not self._running or (not what and self._looks < 2):  # noqa: PLR2004 - a moment
            return ""
        left = sum(1 for one in self._queue if _does_something(one.text))
        more = f", and {left} more to run" if left else ""
        end = "; then it leaves" if self._leaving else ""
        return f"⧗ {what or 'running'} … (Ctrl-C gives up){more}{end}"

    def figures(self, typed: str, width: int) -> StyleAndTextTuples:
        """The toolbar."""
        return toolbar(self.session, typed, width)


def _forget_terminal() -> None:
    """The terminal is gone, and what is left to be written with it: that is no failure."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _does_something(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _shown(reply: Reply) -> StyleAndTextTuples:
    if reply.json.get("type") in _LESSON:
        return marked(reply.text, "class:lesson")
    # A tab of a C program is room; in what was typed it is a sign, as a caret counts them.
    return [("" if reply.stream is Stream.DATA else "class:note", reply.text.expandtabs())]


def run_repl(
    allow_path: tuple[Path, ...] = (),
    lesson: str | None = None,
    *,
    allow_network: bool = False,
    color: bool = True,
    prepare: Callable[[Session], None] | None = None,
) -> int:
    """Converse until the end. `prepare` is called with the new session. Returns the exit code."""
    courses: list[Course] = []

    def begin(session: Session) -> None:
        if prepare is not None:
            prepare(session)
        courses.append(Course(session))

    first = "" if lesson is None else f"learn {lesson}".strip()
    if is_dumb_terminal():
        with Bench(allow_path, begin, allow_network=allow_network) as bench:
            converse_plainly(bench, courses[0], GREETING, first)
        return 0
    with Interrupts(), Bench(allow_path, begin, allow_network=allow_network) as bench:
        Repl(bench, courses[0], color=color and not os.environ.get("NO_COLOR")).converse(first)
    return 0
