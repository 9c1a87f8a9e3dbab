"""F3: choose a lesson."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import Footer, OptionList
from textual.widgets.option_list import Option

if TYPE_CHECKING:
    from textual.app import ComposeResult


@dataclass(frozen=True)
class Entry:
    """A lesson in the list."""

    id: str
    label: str
    here: bool


class LessonsScreen(ModalScreen[str | None]):
    """Every lesson, with what was done of it. Dismissed with the id of the chosen one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f3,q", "dismiss(None)", "Back to the lab"),
    ]

    DEFAULT_CSS = """
    LessonsScreen { align: center middle; }
    LessonsScreen OptionList {
        width: 72; max-width: 96%; height: auto; max-height: 90%; background: $surface;
        border: round $accent; padding: 1 2;
    }
    """

    def __init__(self, entries: list[Entry]) -> None:
        """The lessons there are."""
        super().__init__()
        self._entries = entries

    def compose(self) -> ComposeResult:
        """The list."""
        chooser = OptionList(*(Option(one.label, id=one.id) for one in self._entries), markup=False)
        chooser.border_title = "Lessons: Enter begins one"
        yield chooser
        yield Footer()

    def on_mount(self) -> None:
        """Begin at the one the learner is at."""
        chooser = self.query_one(OptionList)
        chooser.highlighted = next((at for at, one in enumerate(self._entries) if one.here), 0)
        chooser.focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Enter, or a click."""
        self.dismiss(event.option.id)
