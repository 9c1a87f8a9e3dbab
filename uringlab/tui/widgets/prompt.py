"""The prompt: typing, history, completion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Input

if TYPE_CHECKING:
    from collections.abc import Callable

    from uringlab.lab.complete import Candidate


class _FromHistory(Suggester):
    """The newest earlier line that goes on like this one, in grey; → takes it."""

    def __init__(self, history: list[str]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._history = history

    async def get_suggestion(self, value: str) -> str | None:
        return next((one for one in reversed(self._history) if one.startswith(value)), None)


class Prompt(Input):
    """One line. What completes it is asked of `completer`; it never looks at the session."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete(1)", "Complete", show=False),
        Binding("shift+tab", "complete(-1)", "Complete backwards", show=False),
        Binding("up", "history(-1)", "Earlier line", show=False),
        Binding("down", "history(1)", "Later line", show=False),
    ]

    DEFAULT_CSS = """
    Prompt { border: none; height: 1; padding: 0; background: $background; width: 1fr; }
    Prompt:focus { border: none; background-tint: $foreground 0%; }
    """

    @dataclass
    class Offered(Message):
        """What could be typed here changed."""

        candidates: list[Candidate]
        chosen: int

    def __init__(
        self,
        completer: Callable[[str], list[Candidate]],
        *,
        id: str | None = None,  # noqa: A002
    ) -> None:
        """An empty line."""
        self.history: list[str] = []
        super().__init__(
            id=id,
            placeholder="do nop",
            suggester=_FromHistory(self.history),
            select_on_focus=False,
        )
        self._completer = completer
        self._at = 0
        self._draft = ""
        self._cycle: list[Candidate] = []
        self._chosen = -1
        self._cycled = ""

    def remember(self, line: str) -> None:
        """Put a line into the history."""
        if line.strip() and (not self.history or self.history[-1] != line):
            self.history.append(line)
        self._at = len(self.history)

    def replace_line(self, text: str) -> None:
        """Put a text into the line, the cursor at its end."""
        self.value = text
        self.cursor_position = len(text)

    def close_candidates(self) -> bool:
        """Hide the list. False: there was none."""
        had = bool(self._cycle)
        self._cycle, self._chosen, self._cycled = [], -1, ""
        self.post_message(self.Offered([], -1))
        return had

    def watch_value(self, value: str) -> None:
        """Typed: the list is about another word now."""
        if value != self._cycled and self._cycle:
            self.close_candidates()

    def action_complete(self, step: int) -> None:
        """The only word that fits, or the next one of those that do."""
        before = self.value[: self.cursor_position]
        if not self._cycle:
            self._cycle = self._completer(before)
            self._tail = self.value[self.cursor_position :]
            self._typed = before
            self._chosen = -1
            common = _common(self._cycle)
            if not self._cycle:
                self.post_message(self.Offered([], -1))
                return
            start = self._cycle[0].start
            if len(self._cycle) == 1:
                self._take(self._cycle[0], final=True)
                return
            if len(common) > len(before) - start:
                self._typed = before[:start] + common
                self._put(self._typed)
                self.post_message(self.Offered(self._cycle, -1))
                return
        self._chosen = (self._chosen + step) % len(self._cycle)
        self._take(self._cycle[self._chosen], final=False)

    def _take(self, one: Candidate, *, final: bool) -> None:
        text = self._typed[: one.start] + one.text + (" " if final and one.whole else "")
        self._put(text)
        if final:
            self.close_candidates()
        else:
            self.post_message(self.Offered(self._cycle, self._chosen))

    def _put(self, text: str) -> None:
        self._cycled = text + self._tail
        self.value = self._cycled
        self.cursor_position = len(text)

    def action_history(self, step: int) -> None:
        """An earlier or a later line; the line being typed is kept."""
        if self._cycle:
            self.action_complete(step)
            return
        if self._at == len(self.history):
            self._draft = self.value
        at = self._at + step
        if 0 <= at < len(self.history):
            self._at = at
            self.replace_line(self.history[at])
        elif at == len(self.history):
            self._at = at
            self.replace_line(self._draft)


def _common(found: list[Candidate]) -> str:
    """What all candidates begin with."""
    if not found:
        return ""
    shortest = min((one.text for one in found), key=len)
    for at, char in enumerate(shortest):
        if any(one.text[at] != char for one in found):
            return shortest[:at]
    return shortest
