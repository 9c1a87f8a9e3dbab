"""The lives of the requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uringlab.tui.draw.requests import requests_rows
from uringlab.tui.widgets.picture import ViewPicture

if TYPE_CHECKING:
    from uringlab.tui.draw.rows import Row
    from uringlab.tui.view import View


class RequestsPane(ViewPicture):
    """A line a request: how far it has come, and its result."""

    HELP = """Each request from its SQE to its last CQE.
■ staged ┄ ▷ published ┄ ▶━━ in flight ┄ ● posted ┄ ✓ seen. The time: how long the kernel
had it, at most."""

    def on_mount(self) -> None:
        """Its title."""
        super().on_mount()
        self.border_title = "Requests"

    def draw_view(self, view: View, width: int, height: int) -> list[Row]:
        """The newest last."""
        return requests_rows(view, width, height)
