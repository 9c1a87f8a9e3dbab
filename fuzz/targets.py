"""What is fuzzed: all that reads a line, and a live session; and the counting."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING, Protocol

from fuzz.live import Live
from fuzz.reading import read
from uringlab.lab.examples import SETUP
from uringlab.lab.session import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MOST_LINES = 12
RESET_EVERY = 100
"""Lines. What follows from what is found sooner in few."""
SAY_EVERY = 10.0
"""Seconds."""


class Target(Protocol):
    """What is given lines."""

    most: int

    def line(self, text: str) -> None:
        """One line."""

    def close(self) -> None:
        """It was the last."""

    def told(self) -> dict[str, int]:
        """What to say in the end."""


class Parser:
    """Everything that reads a line without running it, with a session that stays as it is."""

    most = 1

    def __init__(self) -> None:
        """Make the session."""
        self._session = Session()
        for line in SETUP:
            self._session.run(line)
        self._log = self._session.log.count

    def line(self, text: str) -> None:
        """Read it."""
        read(text, self._session)

    def close(self) -> None:
        """End the session: nothing was done in it."""
        assert self._session.log.count == self._log
        self._session.close()

    def told(self) -> dict[str, int]:
        """Nothing besides."""
        return {}


class Running:
    """A live session, reset every so many lines."""

    most = MOST_LINES

    def __init__(self) -> None:
        """Start it."""
        self._live = Live(watchdog=True)
        self._resets = 0

    def line(self, text: str) -> None:
        """Run it."""
        try:
            self._live.line(text)
            if len(self._live.since) >= RESET_EVERY:
                self._live.reset()
                self._resets += 1
        except BaseException:
            print("the lines since the last reset:", *map(ascii, self._live.since), sep="\n")
            raise

    def close(self) -> None:
        """End it, and look at what is left."""
        self._live.reset()
        self._live.close()

    def told(self) -> dict[str, int]:
        """How its lines ended."""
        live = self._live
        return {"refused": live.refused, "given_up": live.given_up, "resets": self._resets + 1}


class Run:
    """Counts, and ends."""

    def __init__(self, target: Target, lines: int) -> None:
        """So many lines are wanted."""
        self._target = target
        self._wanted = lines
        self._lines = self._executions = 0
        self._began = self._said = time.monotonic()

    def one(self, data: bytes) -> None:
        """One execution: what libFuzzer calls. The last one ends the process."""
        self.script(data.decode(errors="surrogateescape").split("\n"))

    def script(self, lines: Sequence[str]) -> None:
        """The same, of lines."""
        self._executions += 1
        for text in lines[: self._target.most]:
            self._target.line(text)
            self._lines += 1
        now = time.monotonic()
        if self._lines >= self._wanted:
            self._target.close()
            print(json.dumps(self._summary(now)), flush=True)
            os._exit(0)  # libFuzzer knows no other way to end well before its own count is over
        if now - self._said >= SAY_EVERY:
            self._said = now
            print(f"{self._lines} of {self._wanted} lines, {now - self._began:.0f} s", flush=True)

    def _summary(self, now: float) -> dict[str, float]:
        return {
            "lines": self._lines,
            "executions": self._executions,
            "seconds": round(now - self._began, 1),
            **self._target.told(),
        }


TARGETS: dict[str, Callable[[], Target]] = {"parser": Parser, "session": Running}
