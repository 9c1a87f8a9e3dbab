"""The REPL's loop: read a line, hand it to the bench, say what happened."""

from __future__ import annotations

import concurrent.futures
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from prompt_toolkit import PromptSession
from prompt_toolkit.application import run_in_terminal
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.history import FileHistory, InMemoryHistory
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.shortcuts import print_formatted_text
from prompt_toolkit.styles import Style

from uringlab.course.course import Course
from uringlab.lab.bench import Bench
from uringlab.lab.errors import GaveUp, LineError
from uringlab.lab.interrupts import Interrupts
from uringlab.lab.news import News
from uringlab.lab.reply import Stream
from uringlab.lab.session import Quit, Session
from uringlab.repl.adapters import LabCompleter, LabLexer, toolbar

if TYPE_CHECKING:
    from collections.abc import Callable

    from prompt_toolkit.history import History

    from uringlab.lab.reply import Reply
    from uringlab.observe.event import Event

STYLE = Style.from_dict(
    {
        "verb": "bold",
        "string": "#009e73",
        "sign": "#56b4e9",
        "comment": "#888888",
        "you": "#e69f00",
        "kernel": "#56b4e9",
        "note": "#888888",
        "lesson": "#009e73",
        "error": "#d55e00",
        "figures": "bold",
        "bottom-toolbar": "noreverse",
    }
)
REFRESH = 0.2
ATTENTIVE = 0.05


def state_dir() -> Path:
    """Where history is kept: the XDG state folder."""
    root = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(root) / "uringlab"


class Repl:
    """One conversation.

    Args:
        bench: runs the lines.
        course: plays the lessons in the bench's session.
        color: whether to use colours.
    """

    def __init__(self, bench: Bench, course: Course, *, color: bool) -> None:
        """Nothing told yet."""
        self.bench = bench
        self._depth = None if color else ColorDepth.DEPTH_1_BIT
        self._news = News(bench.session)
        self._lock = threading.RLock()
        self._course = course
        self._interrupts = Interrupts()

    # -- saying ---------------------------------------------------------------------

    def _say(self, text: str, style: str = "") -> None:
        """Print above the prompt."""
        print_formatted_text(FormattedText([(style, text)]), style=STYLE, color_depth=self._depth)

    def _reply(self, reply: Reply) -> None:
        if reply.text:
            self._say(reply.text, "" if reply.stream is Stream.DATA else "class:note")

    def tell_events(self) -> None:
        """Say what happened since it was last told."""
        with self._lock:
            self._events(self._news.take())

    def _events(self, events: list[Event]) -> None:
        with self._lock:
            for event in events:
                text = f"  {event.actor:<7} {self.bench.session.say(event)}"
                self._say(text, f"class:{event.actor}")

    def greet(self) -> None:
        """What to try first."""
        self._say("uringlab: a real io_uring ring. Try:  do nop   or:  learn 1   or:  help")

    # -- running ---------------------------------------------------------------------

    def run_line(self, line: str) -> bool:
        """Run a line; Ctrl-C gives up its wait. False: the session is to end."""
        self.bench.session.history.append(line)
        self._interrupts.take()
        done = self.bench.line(line, self._replied)
        while not concurrent.futures.wait([done], timeout=ATTENTIVE).done:
            if self._interrupts.take():
                self.bench.give_up()
            self.bench.session.look()
            self.tell_events()
        error = done.exception()
        self.tell_events()
        if isinstance(error, Quit):
            return False
        if isinstance(error, GaveUp):
            self._say(error.message, "class:note")
        elif isinstance(error, LineError):
            self._say(error.pretty(), "class:error")
        elif error is not None:
            raise error
        self._after_line()
        return True

    def _after_line(self) -> None:
        """What the open lesson has to say about the line."""
        said: list[Reply] = []
        self.bench.call(lambda: said.extend(self._course.after_line())).result()
        for reply in said:
            self._say(reply.text, "class:lesson")

    def _replied(self, reply: Reply) -> None:
        """In the bench's thread, while this one waits for it."""
        self.tell_events()
        self._reply(reply)

    # -- reading -----------------------------------------------------------------------

    def converse(self) -> None:
        """Prompt until the end of input or `quit`."""
        session = self.bench.session
        prompt: PromptSession[str] = PromptSession(
            history=_history(),
            auto_suggest=AutoSuggestFromHistory(),
            completer=LabCompleter(session),
            complete_while_typing=False,
            lexer=LabLexer(session),
            style=STYLE,
            color_depth=self._depth,
            refresh_interval=REFRESH,
            bottom_toolbar=lambda: toolbar(
                session, prompt.default_buffer.document.text_before_cursor
            ),
            enable_history_search=True,
        )

        def watch(_app: object) -> None:
            """On every refresh: what the kernel did meanwhile is said above the prompt."""
            session.look()
            events = self._news.take()
            if events:
                run_in_terminal(lambda: self._events(events))

        prompt.app.before_render += watch
        with self._interrupts:
            self._prompt_and_run(prompt)

    def _prompt_and_run(self, prompt: PromptSession[str]) -> None:
        session = self.bench.session
        while True:
            name = session.current.name if session.current else "r0"
            try:
                text = prompt.prompt(f"{name}> ")
            except KeyboardInterrupt:
                continue
            except EOFError:
                return
            for line in text.splitlines():
                if line.strip() and not self.run_line(line):
                    return


def _history() -> History:
    """History in a file; in memory where the file cannot be written."""
    try:
        state_dir().mkdir(parents=True, exist_ok=True)
        path = state_dir() / "history"
        path.touch()
    except OSError:
        return InMemoryHistory()
    return FileHistory(str(path))


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

    with Bench(allow_path, begin, allow_network=allow_network) as bench:
        repl = Repl(bench, courses[0], color=color and not os.environ.get("NO_COLOR"))
        repl.greet()
        if lesson is not None:
            repl.run_line(f"learn {lesson}".strip())
        repl.converse()
    return 0
