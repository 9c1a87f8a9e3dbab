"""The list of words that fit, above the prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uringlab.tui.draw.rows import Role, Row, fit
from uringlab.tui.widgets.picture import Picture

if TYPE_CHECKING:
    from uringlab.lab.complete import Candidate

MOST = 7


class Candidates(Picture):
    """Words with what they mean; one of them may be chosen."""

    DEFAULT_CSS = """
    Candidates { height: auto; max-height: 7; padding: 0 1; background: $panel; display: none; }
    Candidates.-open { display: block; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        """An empty list."""
        super().__init__(id=id)
        self._found: list[Candidate] = []
        self._chosen = -1

    def offer(self, found: list[Candidate], chosen: int = -1) -> None:
        """Show these; none hides the list."""
        self._found = found
        self._chosen = chosen
        self.set_class(bool(found), "-open")
        self.styles.height = max(1, min(len(found), MOST))
        self.repaint()

    def draw(self, width: int, height: int) -> list[Row]:
        """A window around the chosen one."""
        first = max(0, min(self._chosen - height // 2, len(self._found) - height))
        longest = max((len(one.text) for one in self._found), default=0)
        rows: list[Row] = []
        for at, one in enumerate(self._found[first : first + height], first):
            here = at == self._chosen
            mark = "❯ " if here else "  "
            rows.append(
                [
                    (mark + fit(one.text, min(longest, 28)), Role.MOVED if here else Role.TITLE),
                    ("  " + one.meta, Role.DIM),
                ]
            )
        return rows
