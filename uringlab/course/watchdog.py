"""Somebody who ends a wait that a lesson's script would otherwise sit in for ever."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Self

from uringlab.lab.session import GIVE_UP_SIGNAL

if TYPE_CHECKING:
    from collections.abc import Callable

    from uringlab.lab.session import Session

_EVERY = 0.05


class Watchdog:
    """Gives up the waits of a session once its time is over.

    A wait in the kernel ends only by a signal, and a signal only by a handler: so the main
    thread gets one for as long as the dog watches. In another thread somebody else must have
    installed it (the bench does).

    Args:
        seconds: how long the scripts of one session may take together.
    """

    def __init__(self, seconds: float) -> None:
        """Not watching yet."""
        self._seconds = seconds
        self._session: Session | None = None
        self._deadline = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="uringlab-watchdog", daemon=True)
        self._put_back: Callable[[], object] = lambda: None

    def watch(self, session: Session) -> None:
        """From now on this session, with its time at the beginning."""
        self._deadline = time.monotonic() + self._seconds
        self._session = session

    def rest(self) -> None:
        """Watch nothing."""
        self._session = None

    def __enter__(self) -> Self:
        """Begin, in the thread that runs the lines."""
        self._watched = threading.get_ident()
        if threading.current_thread() is threading.main_thread():
            old = signal.signal(GIVE_UP_SIGNAL, _nothing)
            self._put_back = partial(signal.signal, GIVE_UP_SIGNAL, old)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self._stop.set()
        self._thread.join()
        self._put_back()

    def _run(self) -> None:
        # Again and again: a signal that comes before the wait begins ends nothing.
        while not self._stop.wait(_EVERY):
            session = self._session
            if session is not None and time.monotonic() > self._deadline:
                with contextlib.suppress(ProcessLookupError):
                    session.give_up(self._watched)


def _nothing(_signo: int, _frame: object) -> None:
    """The handler: it only has to exist, to interrupt."""
