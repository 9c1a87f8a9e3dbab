"""Walking through a history: where one stands, and how one goes on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from uringlab.observe.event import Event
    from uringlab.observe.recording.history import History
    from uringlab.observe.recording.moment import Moment

_NS = 1_000_000_000
LONGEST_GAP = 2 * _NS
"""Nanoseconds of the watcher's time in which nothing happens before it is skipped."""
AT_ONCE = 500
"""Events whose marks a move shows; of a longer way the last ones."""


class Speed(NamedTuple):
    """How fast it plays.

    Attributes:
        name: as it is told.
        events: so many a second, whatever time lay between them; 0: see `factor`.
        factor: seconds of the recording a second; a long time of nothing is skipped.
    """

    name: str
    events: float = 0.0
    factor: float = 0.0


SPEEDS = (
    Speed("1 event a second", events=1),
    Speed("4 events a second", events=4),
    Speed("20 events a second", events=20),
    Speed("a tenth of its own pace", factor=0.1),
    Speed("its own pace", factor=1),
    Speed("10 times its own pace", factor=10),
    Speed("100 times its own pace", factor=100),
)
FIRST_SPEED = 1
_TIME = re.compile(r"(\d+(?:\.\d*)?|\.\d+)\s*(ns|us|µs|ms|s|min)")
_UNITS = {"ns": 1, "us": 1e3, "µs": 1e3, "ms": 1e6, "s": 1e9, "min": 60e9}


class Player:
    """A place in a history. Whoever draws asks for its `moment`. One thread uses it.

    The clock is the caller's: `tick` is told the time, in nanoseconds of any clock that only goes
    forwards.

    Attributes:
        history: what is walked through. It may grow meanwhile.
        number: so many events have happened where we stand.
        came_from: where we stood before the last move.
        playing: whether `tick` goes on.
        skipped_ns: how much of nothing the last tick skipped.
    """

    def __init__(self, history: History, number: int | None = None) -> None:
        """Stand somewhere; at the beginning unless told."""
        self.history = history
        self.number = history.first if number is None else number
        self.came_from = self.number
        self.playing = False
        self.skipped_ns = 0
        self._speed = FIRST_SPEED
        self._ticked_ns: int | None = None
        self._credit = 0.0  # of an event, at a speed in events
        self._at_ns = 0.0  # where the recording's clock stands, at a speed in time

    # -- where ----------------------------------------------------------------------------

    def moment(self) -> Moment:
        """How it was here. See `History.moment`."""
        return self.history.moment(self.number)

    @property
    def at_end(self) -> bool:
        """Nothing newer is there."""
        return self.number >= self.history.count

    def event(self) -> Event | None:
        """The event that led here; None at the very beginning."""
        return next(self.history.events(self.number - 1, self.number), None)

    def last_move(self) -> tuple[int, int]:
        """The numbers of the events that the last move went over; back: the one it stopped at."""
        start = self.came_from if self.came_from < self.number else self.number - 1
        return max(start, self.number - AT_ONCE, 0), self.number

    @property
    def time_ns(self) -> int:
        """Nanoseconds from the first event to here."""
        event = self.event()
        return 0 if event is None else event.time_ns - self.history.first_ns

    # -- moves ----------------------------------------------------------------------------

    def to(self, number: int) -> bool:
        """Stand somewhere else, or as near as there is. False: we stood there already."""
        number = max(self.history.first, min(number, self.history.count))
        if number == self.number:
            return False
        self.came_from, self.number = self.number, number
        self._from_here()
        return True

    def step(self, events: int) -> bool:
        """Forwards, or (negative) back. It stops to play."""
        self.playing = False
        return self.to(self.number + events)

    def next_error(self, *, backwards: bool = False) -> bool:
        """To the next failure. False: there is none."""
        self.playing = False
        # "Back" from right after a failure means the one before it.
        found = self.history.next_error(self.number, backwards=backwards)
        return found is not None and self.to(found)

    def jump(self, text: str) -> str:
        """To an event (`812`), a time (`1.5s`), a request (`r17`, `user_data=5`), or `error`.

        Returns what is wrong with it, "" if nothing.
        """
        text = text.strip()
        self.playing = False
        if text.replace(",", "").isdecimal():
            number = int(text.replace(",", ""))
            if not self.history.first <= number <= self.history.count:
                return f"events are numbered {self.history.first} to {self.history.count}"
            self.to(number)
            return ""
        match = _TIME.fullmatch(text)
        if match is not None:
            since = int(float(match.group(1)) * _UNITS[match.group(2)])
            self.to(self.history.at_time(self.history.first_ns + since))
            return ""
        if text == "error":
            return "" if self.next_error() else "no failure from here on"
        found = self.history.find_request(text, self.number)
        if found is None:
            return f'no request "{text}". Try an event (812), a time (1.5s), a request (r17), error'
        self.to(found)
        return ""

    # -- playing ----------------------------------------------------------------------------

    @property
    def speed(self) -> Speed:
        """How fast it plays."""
        return SPEEDS[self._speed]

    def faster(self, by: int = 1) -> None:
        """The next speed; -1: the one before."""
        self._speed = max(0, min(self._speed + by, len(SPEEDS) - 1))
        self._from_here()

    def toggle(self) -> None:
        """Play, or stop. At the end: play from the beginning."""
        if not self.playing and self.at_end:
            self.to(self.history.first)
        self.playing = not self.playing
        self._from_here()

    def _from_here(self) -> None:
        self._ticked_ns = None
        self._credit = 0.0
        self.skipped_ns = 0

    def tick(self, now_ns: int) -> bool:
        """Go on by the time since the last tick. Whether we stand somewhere else."""
        if not self.playing:
            return False
        if self.at_end:
            self.playing = False
            return False
        if self._ticked_ns is None:
            self._ticked_ns = now_ns
            self._at_ns = float(self.history.first_ns + self.time_ns)
            return False
        passed, self._ticked_ns = now_ns - self._ticked_ns, now_ns
        number = self._by_count(passed) if self.speed.events else self._by_time(passed)
        if number == self.number:
            return False
        self.came_from, self.number = self.number, min(number, self.history.count)
        return True

    def _by_count(self, passed_ns: int) -> int:
        self._credit += passed_ns / _NS * self.speed.events
        whole = int(self._credit)
        self._credit -= whole
        return self.number + whole

    def _by_time(self, passed_ns: int) -> int:
        self._at_ns += passed_ns * self.speed.factor
        following = next(self.history.events(self.number, self.number + 1), None)
        if following is None:
            return self.number
        gap = following.time_ns - self._at_ns
        if gap > LONGEST_GAP * self.speed.factor:
            self.skipped_ns = int(gap)
            self._at_ns = float(following.time_ns)
        elif following.time_ns <= self._at_ns:
            self.skipped_ns = 0
        # An event may carry an earlier time than the one before: a bound is not an order.
        return max(self.number, self.history.at_time(int(self._at_ns)))
