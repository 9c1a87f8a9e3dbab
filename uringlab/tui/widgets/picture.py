"""A widget that is a list of rows, and repaints only the rows that changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from uringlab.tui.draw.rows import Role, Row, clip

if TYPE_CHECKING:
    from rich.style import Style
    from textual import events


class Picture(Widget):
    """Draws rows with `render_line`.

    A subclass says what its rows are (`draw`). `repaint` asks for them, compares them with what
    is on the screen, and marks only the lines that differ as dirty: a tick in which nothing moved
    costs a comparison.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"picture--{role}" for role in Role}

    DEFAULT_CSS = """
    Picture { height: 1fr; width: 1fr; }
    Picture > .picture--plain { color: $foreground; }
    Picture > .picture--dim { color: $text-muted; }
    Picture > .picture--title { text-style: bold; color: $foreground; }
    Picture > .picture--you { color: $warning; text-style: bold; }
    Picture > .picture--kernel { color: $accent; text-style: bold; }
    Picture > .picture--good { color: $success; text-style: bold; }
    Picture > .picture--bad { color: $error; text-style: bold; }
    Picture > .picture--moved { text-style: bold reverse; color: $foreground; }
    Picture > .picture--echo { color: $foreground; text-style: bold; }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        """An empty picture."""
        super().__init__(id=id, classes=classes)
        self._strips: list[Strip] = []
        self._rows: list[Row] = []

    def draw(self, width: int, height: int) -> list[Row]:
        """The rows for a size. To be overridden."""
        raise NotImplementedError

    def repaint(self) -> None:
        """Draw anew; mark what differs."""
        width, height = self.content_size
        if not width or not height or not self.is_attached:
            return
        rows = [clip(row, width) for row in self.draw(width, height)[:height]]
        if rows == self._rows and len(self._strips) == height:
            return
        old = self._strips
        self._rows = rows
        self._strips = [self._strip(row, width) for row in rows]
        blank = Strip.blank(width, self._role_style(Role.PLAIN))
        self._strips += [blank] * (height - len(rows))
        dirty = [
            Region(0, y, width, 1)
            for y, strip in enumerate(self._strips)
            if y >= len(old) or old[y] != strip
        ]
        if dirty:
            self.refresh(*dirty)

    def _strip(self, row: Row, width: int) -> Strip:
        segments = [Segment(text, self._role_style(role)) for text, role in row if text]
        return Strip(segments).adjust_cell_length(width, self._role_style(Role.PLAIN))

    def _role_style(self, role: Role) -> Style:
        return self.get_component_rich_style(f"picture--{role}")

    def restyle(self) -> None:
        """The theme changed: the same rows, in other colours."""
        self._rows = []
        self._strips = []
        self.repaint()
        self.refresh()

    def on_mount(self) -> None:
        """Follow theme changes."""
        self.app.theme_changed_signal.subscribe(self, lambda _theme: self.restyle())

    def on_resize(self, _event: events.Resize) -> None:
        """Another size: everything anew."""
        self._strips = []
        self.repaint()

    def on_show(self) -> None:
        """It was hidden, and may have missed something."""
        self.repaint()

    def render_line(self, y: int) -> Strip:
        """A line of what was drawn."""
        if y < len(self._strips):
            return self._strips[y]
        return Strip.blank(self.content_size.width, self._role_style(Role.PLAIN))

    def text(self) -> str:
        """What is drawn, as plain text: for tests and for copying."""
        return "\n".join("".join(text for text, _ in row) for row in self._rows)


class ViewPicture(Picture):
    """A picture of the session."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        """Nothing to show yet."""
        super().__init__(id=id, classes=classes)
        self.view: View | None = None

    def show(self, view: View) -> None:
        """Draw this moment."""
        self.view = view
        if self.display:
            self.repaint()

    def draw(self, width: int, height: int) -> list[Row]:
        """The rows of the view there is."""
        return [] if self.view is None else self.draw_view(self.view, width, height)

    def draw_view(self, view: View, width: int, height: int) -> list[Row]:
        """The rows for a view. To be overridden."""
        raise NotImplementedError


if TYPE_CHECKING:
    from uringlab.tui.view import View
