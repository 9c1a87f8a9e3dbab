"""F1: the keys, the panes, the commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Footer, Static

if TYPE_CHECKING:
    from textual.app import ComposeResult


class HelpScreen(ModalScreen[None]):
    """All that can be done, on one page that scrolls."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f1,q,enter", "dismiss", "Back to the lab"),
    ]

    DEFAULT_CSS = """
    HelpScreen { align: center middle; }
    HelpScreen VerticalScroll {
        width: 92; max-width: 96%; height: 92%; background: $surface;
        border: round $accent; padding: 1 2;
    }
    HelpScreen Static { width: 1fr; height: auto; }
    """

    def __init__(self, text: str) -> None:
        """The page's text, plain."""
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        """The page."""
        with VerticalScroll() as page:
            page.border_title = "Help"
            yield Static(self._text, markup=False)
        yield Footer()

    def on_mount(self) -> None:
        """The keys scroll."""
        self.query_one(VerticalScroll).focus()
