"""Where to go in a history."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Label

if TYPE_CHECKING:
    from textual.app import ComposeResult


class JumpScreen(ModalScreen[str]):
    """Asks for an event, a time, or a request; ends with what was typed."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss('')", "Stay")]

    DEFAULT_CSS = """
    JumpScreen { align: center middle; }
    JumpScreen Vertical {
        width: 62; max-width: 96%; height: auto; background: $surface;
        border: round $accent; padding: 0 1;
    }
    """

    def compose(self) -> ComposeResult:
        """One line to type in."""
        with Vertical() as box:
            box.border_title = "Go to"
            yield Label("812  an event · 1.5s  a time · r17  a request · error", markup=False)
            yield Input(placeholder="812, 1.5s, r17, user_data=5, error", compact=True)

    def on_input_submitted(self, message: Input.Submitted) -> None:
        """Enter."""
        message.stop()
        self.dismiss(message.value)
