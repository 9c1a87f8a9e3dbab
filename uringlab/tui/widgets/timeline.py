"""The time line: keys that walk through what is over."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from uringlab.observe.recording.error import RecordingError
from uringlab.observe.recording.player import Player
from uringlab.tui.draw.timeline import Line, line_of, moment_at, timeline_rows
from uringlab.tui.view import NOTHING, view_of
from uringlab.tui.widgets.picture import Picture

if TYPE_CHECKING:
    from textual import events

    from uringlab.observe.recording.history import History
    from uringlab.tui.draw.rows import Row
    from uringlab.tui.view import View

BAR = 1
"""The row of the bar: a click there jumps."""


class Timeline(Picture, can_focus=True):
    """Where the screen stands in a history; its keys move it. Hidden while there is none.

    Whoever has the screen calls `tick`, and draws `view` when that says so.

    Attributes:
        player: who walks; None: there is nothing to walk through.
        ring: the ring that was chosen; "": the one in use then.
    """

    HELP = """Any moment that is over can be looked at: each event has a number. Stepping shows
what that one event moved. A look of ours may find several events at once: between two of those
the queues are drawn as that look found them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "play", "Play", tooltip="play, or stop"),
        Binding("right", "step(1)", "Step", tooltip="one event forwards"),
        Binding("left", "step(-1)", "Back", tooltip="one event back"),
        Binding(
            "pagedown", "step(10)", "10 on", show=False, tooltip="ten events on; with ⇧→ a hundred"
        ),
        Binding(
            "pageup", "step(-10)", "10 back", show=False, tooltip="ten back; with ⇧← a hundred"
        ),
        Binding("shift+right", "step(100)", "100 on", show=False),
        Binding("shift+left", "step(-100)", "100 back", show=False),
        Binding("home", "end_of(False)", "First", show=False, tooltip="the first moment"),
        Binding("end", "end_of(True)", "Last", show=False, tooltip="the newest moment"),
        Binding("e", "error(False)", "Error", tooltip="the next failure"),
        Binding("E", "error(True)", "Error back", show=False, tooltip="the failure before"),
        Binding(
            "g,slash",
            "ask",
            "Go to",
            key_display="g",
            tooltip="an event (812), a time (1.5s), a request (r17, user_data=5)",
        ),
        Binding(
            "plus,equals_sign",
            "faster(1)",
            "Faster",
            show=False,
            key_display="+",
            tooltip="play faster",
        ),
        Binding("minus", "faster(-1)", "Slower", show=False, tooltip="play slower"),
        Binding("r", "ring", "Ring", show=False, tooltip="show the next ring"),
    ]

    DEFAULT_CSS = """
    Timeline { height: 3; padding: 0 1; background: $panel; display: none; }
    Timeline.-open { display: block; }
    """

    class WentOn(Message):
        """Somebody wanted to go on from the newest moment there is."""

    class Asked(Message):
        """Somebody wants to say where to go."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        """Nothing to walk through."""
        super().__init__(id=id)
        self.player: Player | None = None
        self.ring = ""
        self._kernel = ""
        self._live_since: int | None = None
        self._stale = False
        self._line: Line | None = None
        self._told = Line(0, 0, 0, 0, 0, "", playing=False)  # event and typed line of the moment

    # -- the history --------------------------------------------------------------------

    def walk(self, history: History, number: int, kernel: str, *, live: bool = False) -> None:
        """Show a history.

        Args:
            history: what is walked through.
            number: where to begin.
            kernel: the release it was made on.
            live: it is a session's past, and the session goes on.
        """
        self.player = Player(history, number)
        self.ring = ""
        self._kernel = kernel
        self._live_since = history.count if live else None
        self._stale = True
        self.add_class("-open")
        self.focus()

    def leave(self) -> None:
        """Show none any more."""
        self.player = self._line = None
        self.remove_class("-open")

    def tick(self, now_ns: int) -> bool:
        """Go on, if it plays. Whether another moment is to be drawn."""
        if self.player is None:
            return False
        self._stale |= self.player.tick(now_ns)
        if not self._stale:
            self._repaint()
        return self._stale

    def view(self) -> View:
        """The moment at which we stand.

        Raises:
            RecordingError: it cannot be read.
        """
        player = self.player
        if player is None:
            return NOTHING
        moment = player.moment()
        self._stale = False
        moved = player.history.events(*player.last_move())
        view = view_of(moment, self.ring or moment.current, moved, self._kernel)
        # What was typed before the event that led here; what came after it leads on.
        lines = (one for one in reversed(moment.notes) if one.kind == "line")
        typed = next((one.text for one in lines if one.number < moment.number), "")
        actor, _, text = view.events[-1] if moment.number and view.events else ("", "", "")
        self._told = replace(self._told, actor=actor, text=text, typed=typed)
        self._repaint()
        return view

    def stay(self) -> None:
        """The moment cannot be drawn: the player stands still, where it can."""
        self._stale = False
        if self.player is not None:
            self.player.playing = False

    def go_to(self, text: str) -> str:
        """Jump; what is wrong with it, if anything. See `Player.jump`."""
        if self.player is None:
            return ""
        wrong = self.player.jump(text)
        self._stale = True
        return wrong

    # -- drawing -------------------------------------------------------------------------

    def _repaint(self) -> None:
        if self.player is None:
            return
        told = self._told
        line = replace(
            line_of(self.player, self._live_since, time.monotonic_ns()),
            actor=told.actor,
            text=told.text,
            typed=told.typed,
        )
        if line != self._line:
            self._line = line
            self.repaint()

    def draw(self, width: int, height: int) -> list[Row]:
        """As much as there is room for."""
        return [] if self._line is None else timeline_rows(self._line, width)[:height]

    # -- keys ----------------------------------------------------------------------------

    def _moved(self, moved: bool) -> None:  # noqa: FBT001 - what a move answers
        self._stale |= moved

    def action_play(self) -> None:
        """Play, or stop."""
        if self.player is not None:
            if not self.player.playing and self.player.at_end and self._live_since is not None:
                self.post_message(self.WentOn())
                return
            self.player.toggle()
            self._stale = True

    def action_step(self, events: int) -> None:
        """Forwards or back."""
        if self.player is None:
            return
        if events > 0 and self.player.at_end:
            self.post_message(self.WentOn())
        self._moved(self.player.step(events))

    def action_end_of(self, newest: bool) -> None:  # noqa: FBT001 - a key's
        """The first moment, or the newest."""
        player = self.player
        if player is None:
            return
        player.playing = False
        self._moved(player.to(player.history.count if newest else player.history.first))
        if newest:
            self.post_message(self.WentOn())

    def action_error(self, backwards: bool) -> None:  # noqa: FBT001 - a key's
        """The next failure, or the one before."""
        if self.player is None:
            return
        try:
            found = self.player.next_error(backwards=backwards)
        except RecordingError as error:
            self.notify(str(error), severity="error")
            return
        self._moved(found)
        if not found:
            where = "before this" if backwards else "after this"
            self.notify(f"There is no failure {where}.", timeout=3)

    def action_faster(self, by: int) -> None:
        """Faster, or slower."""
        if self.player is not None:
            self.player.faster(by)

    def action_ask(self) -> None:
        """Ask where to go."""
        self.post_message(self.Asked())

    def action_ring(self) -> None:
        """The next of the rings that were open."""
        if self.player is None:
            return
        moment = self.player.moment()
        rings = list(moment.rings)
        shown = self.ring if self.ring in rings else moment.current
        at = rings.index(shown) if shown in rings else -1
        if rings:
            self.ring = rings[(at + 1) % len(rings)]
            self._stale = True

    def on_click(self, event: events.Click) -> None:
        """A click on the bar goes there."""
        inner = event.get_content_offset(self)
        if self.player is not None and self._line is not None and inner and inner.y == BAR:
            self.player.playing = False
            self._moved(self.player.to(moment_at(self._line, inner.x, self.content_size.width)))
