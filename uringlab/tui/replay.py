"""A recording on the screen: the lab's panes, a time line, and no ring."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.widgets import Footer

from uringlab.tui.ring_app import RingApp

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from uringlab.observe.recording.recording import Recording


class ReplayApp(RingApp):
    """Every moment of a recording, forwards and back. It needs no io_uring.

    Args:
        recording: whoever opened it closes it, after the app.
        title: what it is called.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1", "help", "Help", tooltip="this page"),
        Binding(
            "f6", "next_pane", "Next pane", tooltip="on a small screen, the pane that is shown"
        ),
        Binding("q,ctrl+q", "quit", "Quit", key_display="q", tooltip="leave"),
    ]

    def __init__(self, recording: Recording, title: str) -> None:
        """Prepare; nothing is read before the screen is there."""
        super().__init__()
        self._recording = recording
        self.title = title

    def compose(self) -> ComposeResult:
        """The panes, and under them the time line."""
        yield from self.compose_queues()
        with Container(id="panes", classes="replay"):
            yield from self._panes
        yield self._timeline
        yield Footer()

    def on_mount(self) -> None:
        """Stand at the first moment."""
        self.begin()
        history = self._recording
        kernel = str(history.store.about().get("kernel", "?"))
        self._events.border_title = f"What happened · {self.title}"
        self._timeline.walk(history, history.first, kernel)
        self.tick()
        if not history.complete:
            self.notify(
                "This recording was not closed: it is still being written, or its program was "
                "killed and the last moments are missing."
            )

    def on_unmount(self) -> None:
        """The timer ends before the recording is closed."""
        self.end()

    def tick(self) -> None:
        """The time line goes on."""
        self.show_history()

    def help_text(self) -> str:
        """Keys and panes."""
        return (
            f"Keys\n{self.help_on_keys([*self._timeline.BINDINGS, *self.BINDINGS])}\n\n"
            f"{self.help_on_panes()}\n\nTime line\n{' '.join(self._timeline.HELP.split())}\n\n"
            "This is a recording: everything was read from a real ring when it was made. Nothing\n"
            "runs now, and no kernel is asked."
        )
