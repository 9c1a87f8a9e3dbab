"""What was typed and what was answered, wrapped to the pane."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from uringlab.tui.draw.rows import Role, Row, wrap

if TYPE_CHECKING:
    from collections.abc import Iterator

KEEP = 2_000


class Transcript:
    """Lines with a role each; the newest `KEEP`.

    Attributes:
        version: grows with every change.
    """

    def __init__(self) -> None:
        """Start empty."""
        self._lines: deque[tuple[str, Role]] = deque(maxlen=KEEP)
        self.version = 0

    def add(self, text: str, role: Role) -> None:
        """Add a text of one line or several."""
        for line in text.split("\n"):
            self._lines.append((line, role))
        self.version += 1

    def clear(self) -> None:
        """Forget everything."""
        self._lines.clear()
        self.version += 1

    def __iter__(self) -> Iterator[tuple[str, Role]]:
        """Every line, the oldest first."""
        return iter(list(self._lines))

    def rows(self, width: int) -> list[Row]:
        """All of it, wrapped."""
        return [
            [(part, role)]
            for text, role in self
            for part in wrap(text.replace("\t", "    "), width, "  ")
        ]
