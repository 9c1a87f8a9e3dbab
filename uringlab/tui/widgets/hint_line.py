"""The line above the prompt: the signature of what is being typed, or what is waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uringlab.tui.draw.rows import Role, Row
from uringlab.tui.widgets.picture import Picture

if TYPE_CHECKING:
    from uringlab.lab.signature import Signature


class HintLine(Picture):
    """One line, in one role; or a signature, with the operand that the cursor is in."""

    DEFAULT_CSS = "HintLine { height: 1; padding: 0 1; }"

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        """Nothing to say yet."""
        super().__init__(id=id)
        self._said: tuple[str, Role] | Signature = ("", Role.DIM)

    def say(self, text: str, role: Role = Role.DIM) -> None:
        """Show this."""
        if (text, role) != self._said:
            self._said = (text, role)
            self.repaint()

    def show_signature(self, found: Signature | None) -> None:
        """Show this; None is nothing."""
        said = ("", Role.DIM) if found is None else found
        if said != self._said:
            self._said = said
            self.repaint()

    def draw(self, width: int, height: int) -> list[Row]:
        """The line."""
        if isinstance(self._said, tuple):
            return [[self._said]]
        before, active, after = self._said.fitted(width)
        return [[(before, Role.DIM), (active, Role.TITLE), (after, Role.DIM)]]
