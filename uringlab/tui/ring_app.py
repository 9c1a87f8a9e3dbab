"""What the lab and a replay have in common: two queues, the requests, the events, a time line."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from textual.app import App
from textual.binding import Binding
from textual.containers import Container

from uringlab.observe.recording.error import RecordingError
from uringlab.tui.themes import THEMES
from uringlab.tui.widgets.events_pane import EventsPane
from uringlab.tui.widgets.queue_panes import CqPane, SqPane
from uringlab.tui.widgets.requests_pane import RequestsPane
from uringlab.tui.widgets.timeline import Timeline
from uringlab.tui.widgets.top_line import TopLine

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual import events
    from textual.app import ComposeResult
    from textual.geometry import Size
    from textual.widget import Widget

    from uringlab.tui.view import View
    from uringlab.tui.widgets.picture import ViewPicture

FRAMES_A_SECOND = 30
WIDE = 100
TALL = 30
WIDEST = 150


class RingApp(App[int]):
    """Panes that show a `View`, one timer that asks for it, and who is shown where.

    A subclass says what else is on the screen (`compose`), and what a tick does (`tick`).
    """

    TITLE = "uringlab"
    CSS_PATH = "app.tcss"

    def __init__(self) -> None:
        """Make the panes. Held, not queried: a query asks the screen on top, perhaps the help."""
        super().__init__()
        self._next_beat: asyncio.TimerHandle | None = None
        self._shown: View | None = None
        self._current_pane = "events"
        self._top = TopLine(id="top")
        self._sq = SqPane(id="sq", classes="pane")
        self._cq = CqPane(id="cq", classes="pane")
        self._requests = RequestsPane(id="requests", classes="pane")
        self._events = EventsPane(id="events", classes="pane")
        self._timeline = Timeline(id="timeline")
        self._views: tuple[ViewPicture, ...] = (
            self._top,
            self._sq,
            self._cq,
            self._requests,
            self._events,
        )
        # Those that F6 goes through; a subclass has more.
        self._panes: tuple[Widget, ...] = (self._requests, self._events)

    # -- the screen -----------------------------------------------------------------

    def compose_queues(self) -> ComposeResult:
        """The upper part: the first line, and the two queues."""
        yield self._top
        with Container(id="queues"):
            yield self._sq
            yield self._cq

    def begin(self) -> None:
        """The colours, the arrangement, the one timer."""
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = THEMES[0].name
        self._lay_out(self.size)
        self._beat()

    def end(self) -> None:
        """No tick any more."""
        if self._next_beat is not None:
            self._next_beat.cancel()
            self._next_beat = None

    def _beat(self) -> None:
        """A tick, and the next one in time.

        On the event loop itself: a timer of Textual's sends a message a tick, and handling it
        costs thirty times what an idle tick does.
        """
        loop = asyncio.get_running_loop()
        self._next_beat = loop.call_later(1 / FRAMES_A_SECOND, self._beat)
        try:
            self.tick()
        except Exception as error:  # noqa: BLE001 - it is raised again, where Textual sees it
            self.end()
            self.call_next(_raise, error)

    def on_resize(self, event: events.Resize) -> None:
        """Another size may want another arrangement."""
        self._lay_out(event.size)

    def _lay_out(self, size: Size) -> None:
        width, height = size
        narrow = width < WIDE or height < TALL
        screen = self.screen_stack[0]
        screen.set_class(narrow, "-narrow")
        screen.set_class(width >= WIDEST and not narrow, "-widest")
        self.show_pane()

    def panes_to_choose(self) -> list[str]:
        """The ids of the panes that F6 goes through."""
        return [str(pane.id) for pane in self._panes]

    def show_pane(self, name: str = "") -> None:
        """Make a pane the current one: on a small screen it is the one that is shown."""
        self._current_pane = name or self._current_pane
        for pane in self._panes:
            pane.set_class(pane.id == self._current_pane, "-current")

    def action_next_pane(self) -> None:
        """On a small screen: show the next pane. On a large one all are there already."""
        panes = self.panes_to_choose()
        at = panes.index(self._current_pane) if self._current_pane in panes else 0
        self.show_pane(panes[(at + 1) % len(panes)])

    # -- what is shown ------------------------------------------------------------------

    def tick(self) -> None:
        """Thirty times a second. To be overridden."""
        raise NotImplementedError

    def show(self, view: View) -> None:
        """Draw a view, unless it is drawn already."""
        if view is not self._shown:
            self._shown = view
            for pane in self._views:
                pane.show(view)

    def show_history(self) -> None:
        """Draw the moment at which the time line stands, if it moved."""
        try:
            if self._timeline.tick(time.monotonic_ns()):
                self.show(self._timeline.view())
        except RecordingError as error:
            self._timeline.stay()
            self.notify(str(error), severity="error")

    def on_timeline_asked(self, message: Timeline.Asked) -> None:
        """Ask where to go in the history, and go there."""
        message.stop()
        from uringlab.tui.screens.jump import JumpScreen  # noqa: PLC0415

        def go(text: str | None) -> None:
            try:
                wrong = self._timeline.go_to(text) if text else ""
            except RecordingError as error:
                wrong = str(error)
            if wrong:
                self.notify(wrong, severity="warning", timeout=5)

        self.push_screen(JumpScreen(), go)

    # -- help ---------------------------------------------------------------------------

    def help_text(self) -> str:
        """To be overridden."""
        raise NotImplementedError

    def help_on_keys(self, bindings: Iterable[object]) -> str:
        """A line a key."""
        return "\n".join(
            f"  {self.get_key_display(one):<10} {one.description:<12} {one.tooltip}".rstrip()
            for one in bindings
            if isinstance(one, Binding)
        )

    def help_on_panes(self) -> str:
        """What each pane shows."""
        panes = dict.fromkeys((self._sq, self._cq, *self._panes))
        return "\n\n".join(
            f"{pane.border_title}\n{' '.join(getattr(pane, 'HELP', '').split())}" for pane in panes
        )

    def action_help(self) -> None:
        """F1."""
        from uringlab.tui.screens.help import HelpScreen  # noqa: PLC0415

        self.push_screen(HelpScreen(self.help_text()))


def _raise(error: Exception) -> None:
    raise error
