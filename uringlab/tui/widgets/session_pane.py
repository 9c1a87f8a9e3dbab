"""What was typed, and what was answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uringlab.tui.draw.transcript import Transcript
from uringlab.tui.widgets.picture import Picture

if TYPE_CHECKING:
    from textual import events

    from uringlab.tui.draw.rows import Row


class SessionPane(Picture):
    """The transcript; follows its end until it is scrolled back."""

    HELP = """What you typed and what was answered. PageUp and PageDown scroll it."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        """An empty transcript."""
        super().__init__(id=id, classes=classes)
        self.transcript = Transcript()
        self._back = 0

    def on_mount(self) -> None:
        """Its title."""
        super().on_mount()
        self.border_title = "Session"

    def draw(self, width: int, height: int) -> list[Row]:
        """The end of it, or further up."""
        rows = self.transcript.rows(width)
        self._back = min(self._back, max(0, len(rows) - height))
        end = len(rows) - self._back
        below = f"↓ {self._back} more lines: PageDown" if self._back else ""
        if self.border_subtitle != below:
            self.border_subtitle = below
        return rows[max(0, end - height) : end]

    def follow(self) -> None:
        """Back to the end."""
        self._back = 0
        self.repaint()

    def scroll_by(self, lines: int) -> None:
        """Up (positive) or down."""
        self._back = max(0, self._back + lines)
        self.repaint()

    def page(self, direction: int) -> None:
        """A page up (1) or down (-1)."""
        self.scroll_by(direction * max(1, self.content_size.height - 2))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel."""
        event.stop()
        self.scroll_by(3)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel."""
        event.stop()
        self.scroll_by(-3)
