"""The first line of the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uringlab.tui.draw.top import top_row
from uringlab.tui.widgets.picture import ViewPicture

if TYPE_CHECKING:
    from uringlab.tui.draw.rows import Row
    from uringlab.tui.view import View


class TopLine(ViewPicture):
    """Which ring, which kernel, what is out."""

    DEFAULT_CSS = "TopLine { height: 1; background: $panel; }"

    def draw_view(self, view: View, width: int, height: int) -> list[Row]:
        """One row."""
        return [top_row(view, width)]
