"""A ring of a recording, to be sampled like any other."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uringlab.observe.recording.history import History
    from uringlab.observe.snapshot import RingSnapshot


class RecordedSource:
    """A `Source` whose now is a moment of a history.

    Whoever watches it cannot tell it from a ring that lives: the same snapshots, and from them
    the same events.

    Args:
        name: the ring.
        history: where it is looked for. Whoever opened it closes it.
        number: the moment to begin with; it must have the ring.

    Attributes:
        number: the moment that `sample` gives; yours to move.

    Raises:
        LookupError: there was no such ring at that moment.
    """

    def __init__(self, name: str, history: History, number: int) -> None:
        """Stand at a moment."""
        self.name = name
        self.number = number
        self._history = history
        at = history.moment(number).rings.get(name)
        if at is None:
            raise LookupError(f"there was no ring {name} after {number} events")
        self.facts = at.facts

    def sample(self) -> RingSnapshot | None:
        """The look that was the latest at that moment. None: the ring was not open then."""
        at = self._history.moment(self.number).rings.get(self.name)
        return None if at is None else at.snapshot
