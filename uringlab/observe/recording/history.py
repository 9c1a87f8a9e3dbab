"""What a time line is drawn over: anything whose moments can be asked for by number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uringlab.observe.event import Event
    from uringlab.observe.recording.moment import Moment, Note


class History(Protocol):
    """Events that are over, by number.

    Attributes:
        first: the number of the oldest moment there is; 0, unless the oldest were dropped.
        count: how many events there are; the number of the newest moment.
        first_ns: CLOCK_MONOTONIC of the first event there is.
        last_ns: CLOCK_MONOTONIC of the newest.
    """

    @property
    def first(self) -> int:
        """See above."""

    @property
    def count(self) -> int:
        """See above."""

    @property
    def first_ns(self) -> int:
        """See above."""

    @property
    def last_ns(self) -> int:
        """See above."""

    def moment(self, number: int) -> Moment:
        """How it was after so many events; the nearest there is."""

    def at_time(self, time_ns: int) -> int:
        """How many events there were at that time."""

    def next_error(self, number: int, *, backwards: bool = False) -> int | None:
        """The moment right after the next event that tells of a failure; None: there is none."""

    def find_request(self, text: str, number: int = 0) -> int | None:
        """The moment in which a request was staged: by its name, or its user_data.

        The first one after `number`, or else the first of all; None: there is none.
        """

    def events(self, start: int, stop: int) -> Iterator[Event]:
        """The events of those numbers."""

    def notes(self, start: int, stop: int) -> Iterator[Note]:
        """What was typed and answered from one moment to before another."""
