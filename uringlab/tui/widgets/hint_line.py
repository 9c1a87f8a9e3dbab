"""The line above the prompt: the signature of what is being typed, or what is waited for."""

from __future__ import annotations

from uringlab.tui.draw.rows import Role, Row
from uringlab.tui.widgets.picture import Picture


class HintLine(Picture):
    """One line, in one role."""

    DEFAULT_CSS = "HintLine { height: 1; padding: 0 1; }"

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        """Nothing to say yet."""
        super().__init__(id=id)
        self._said: tuple[str, Role] = ("", Role.DIM)

    def say(self, text: str, role: Role = Role.DIM) -> None:
        """Show this."""
        if (text, role) != self._said:
            self._said = (text, role)
            self.repaint()

    def draw(self, width: int, height: int) -> list[Row]:
        """The line."""
        return [[self._said]]
