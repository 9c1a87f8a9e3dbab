"""A live session that is given lines, one after another, and looked after."""

from __future__ import annotations

import faulthandler
import os
import resource
import shutil
import sys
import tempfile
import threading
import traceback
from concurrent.futures import wait
from pathlib import Path
from typing import TYPE_CHECKING

from fuzz.reading import error_of
from fuzz.traces import Traces, resident
from fuzz.unchanged import Unchanged
from uringlab.lab.bench import Bench
from uringlab.lab.errors import GaveUp, LineError
from uringlab.lab.examples import SETUP
from uringlab.lab.parser import parse_line
from uringlab.lab.session import Quit

if TYPE_CHECKING:
    from concurrent.futures import Future

    from uringlab.lab.reply import Reply
    from uringlab.lab.session import Session

SOON = 0.01
"""Seconds until a line is given up. Nothing is left out that sleeps, waits, or goes on for ever."""
HANG = 60.0
"""Seconds after which a line that was given up, and does not end, is a finding."""
LARGEST_FILE = 16 << 20
MORE_MEMORY = 600 << 20
"""How much more than after its first lines a process may hold, when all is closed."""
IDLE_WORKERS = 2
# A LineError of these comes before anything is changed. The steps may fail on their way.
WHOLE = (
    "rings",
    "things to do I/O on",
    "registration",
    "operations",
    "looking",
    "holding to account",
)


class Live:
    """A bench in directories of its own, beside one that must stay as it is.

    It changes the process's working directory (`record` and `save` write there) and how large
    files may get (FALLOCATE really allocates) until it is closed.

    Args:
        watchdog: end the process, and say where it stands, when it hangs with Python's lock held.
            Not in pytest, which has the only one that there can be.

    Attributes:
        lines: how many were run.
        refused: how many of them were bad.
        given_up: how many had to be.
        since: the lines since the last reset: what to try when one of them is a finding.
    """

    def __init__(self, *, watchdog: bool = False) -> None:
        """Start."""
        self._watchdog = watchdog
        self.lines = self.refused = self.given_up = 0
        self.since: list[str] = []
        self._old = (Path.cwd(), tempfile.tempdir, resource.getrlimit(resource.RLIMIT_FSIZE))
        # Of a path's own: what is left over is told by what lies in it.
        self._place = Path(tempfile.mkdtemp(prefix="fuzz-")).resolve()
        for name in ("scratch", "started", "canary"):
            (self._place / name).mkdir()
        (self._place / "canary" / "keep").write_text("nobody may touch this")
        self._canary = self._canary_now()
        os.chdir(self._place / "started")
        tempfile.tempdir = str(self._place / "scratch")
        resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE, self._old[2][1]))
        self._before = Traces.now(self._place / "scratch")
        self._memory = 0
        self._unheard_of: list[str] = []
        self._hooks = (threading.excepthook, sys.unraisablehook)
        threading.excepthook = sys.unraisablehook = self._nobody_caught
        self._bench = Bench()
        self._bench.line("reset", _unheard).result(timeout=HANG)
        self._idle = Traces.now(self._place / "scratch")
        self._set_up()

    def line(self, text: str) -> None:
        """Run a line; give it up when it does not end soon.

        Raises:
            AssertionError: a bad line has changed something, or it raised what no line may.
        """
        self.since.append(text)
        self.lines += 1
        self._watch()
        self._ended(self._bench.call(lambda: self._compared(text)))
        self._unwatch()

    def reset(self) -> None:
        """Reset the session, and see that nothing is left of what was done in it.

        Raises:
            AssertionError: something is.
        """
        self._watch()
        for text in ("record stop", "reset", "do nop -> last", "expect last res=0", "reset"):
            self._bench.line(text, _unheard).result(timeout=HANG)
        self._unwatch()
        self._idle.must_come_back(self._place / "scratch", spare=IDLE_WORKERS)
        self._check_the_rest()
        _empty(self._place / "started")
        memory = resident()
        self._memory = self._memory or memory
        assert memory - self._memory < MORE_MEMORY, f"{self._memory} bytes became {memory}"
        self.since.clear()
        self._set_up()

    def close(self) -> None:
        """Close the session, and see that nothing is left of it at all.

        Raises:
            AssertionError: something is.
        """
        try:
            self._bench.close()
            self._before.must_come_back(self._place / "scratch")
            self._check_the_rest()
        finally:
            threading.excepthook, sys.unraisablehook = self._hooks
            os.chdir(self._old[0])
            tempfile.tempdir = self._old[1]
            resource.setrlimit(resource.RLIMIT_FSIZE, self._old[2])
            shutil.rmtree(self._place)

    def _compared(self, text: str) -> None:
        """In the bench's thread: run it, and see what a bad line leaves behind."""
        session = self._bench.session
        wrong = error_of(text, session)
        whole = wrong is not None or _is_whole(text, session)
        before = Unchanged.now(session) if whole else None
        failed: LineError | None = None
        try:
            for _reply in session.execute(text):
                pass
        except GaveUp:
            self.given_up += 1
            raise
        except LineError as error:
            failed = error
            self.refused += 1
            assert error.message, text
            error.pretty()
        except Quit:
            return
        assert wrong is None or failed is not None, f"{text!r} is wrong, and was run"
        if before is not None and failed is not None:
            after = Unchanged.now(session)
            # The first line that asks a ring opens one, whatever it is told. Only a line that
            # cannot be parsed may not.
            if wrong is None and not before.words and after.words:
                return
            unlike = before.unlike(after, began=wrong is None)
            assert not unlike, f"{text!r} was refused ({failed.message}), and yet: {unlike}"

    def _ended(self, done: Future[None]) -> None:
        if not wait([done], timeout=SOON).done:
            self._bench.give_up()
        try:
            done.result(timeout=HANG)
        except GaveUp:
            return
        except TimeoutError:
            faulthandler.dump_traceback(all_threads=True)
            raise

    def _watch(self) -> None:
        if self._watchdog:
            faulthandler.dump_traceback_later(2 * HANG, exit=True)

    def _unwatch(self) -> None:
        if self._watchdog:
            faulthandler.cancel_dump_traceback_later()  # it is a thread, too

    def _set_up(self) -> None:
        for text in SETUP:
            self._bench.line(text, _unheard).result(timeout=HANG)

    def _nobody_caught(self, what: threading.ExceptHookArgs | sys.UnraisableHookArgs) -> None:
        """Another thread has ended with a traceback, or a finalizer had one."""
        told = traceback.format_exception(what.exc_value)
        self._unheard_of.append("".join(told))

    def _check_the_rest(self) -> None:
        assert not self._unheard_of, "\n".join(self._unheard_of)
        assert self._canary_now() == self._canary, "a line has left its directory"

    def _canary_now(self) -> list[tuple[str, tuple[int, ...], bytes]]:
        canary = self._place / "canary"
        found = []
        for path in [canary, *sorted(canary.iterdir())]:
            status = path.stat()
            told = (status.st_mode, status.st_nlink, status.st_mtime_ns, status.st_ino)
            found.append((path.name, told, b"" if path.is_dir() else path.read_bytes()))
        return found


def _is_whole(text: str, session: Session) -> bool:
    """Whether a right line is one command that is done as a whole, or not at all."""
    try:
        commands = parse_line(text, session.table)
    except LineError:
        return False
    return len(commands) == 1 and commands[0].spec.group in WHOLE


def _unheard(_reply: Reply) -> None:
    """Nobody listens."""


def _empty(place: Path) -> None:
    for path in place.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
