"""What just happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uringlab.tui.draw.events import events_rows
from uringlab.tui.widgets.picture import ViewPicture

if TYPE_CHECKING:
    from uringlab.tui.draw.rows import Row
    from uringlab.tui.view import View


class EventsPane(ViewPicture):
    """Who did what, in order, the newest at the bottom."""

    HELP = """Everything that moved, and whose hand moved it: ▸ you, ◂ kernel.
Read from the ring's memory, and from what system calls returned."""

    def on_mount(self) -> None:
        """Its title."""
        super().on_mount()
        self.border_title = "What just happened"

    def draw_view(self, view: View, width: int, height: int) -> list[Row]:
        """The newest that fit."""
        return events_rows(view, width, height)
