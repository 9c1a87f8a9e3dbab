"""What the library, the shared memory and the kernel say of the ring."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uringlab.tui.draw.truths import truths_rows
from uringlab.tui.widgets.picture import Picture

if TYPE_CHECKING:
    from uringlab.observe.truths import Truths
    from uringlab.tui.draw.rows import Row


class TruthsPane(Picture):
    """Three columns, and what does not agree."""

    HELP = """The same ring three times: the library's own copies, the words in the memory that it
shares with the kernel, and what the kernel says when it is asked (fdinfo). ≠ tells what a
difference means and what to do. ? is unknown: the kernel does not show it, or was busy."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        """Nothing was asked yet."""
        super().__init__(id=id, classes=classes)
        self._truths: Truths | None = None

    def on_mount(self) -> None:
        """Its title."""
        super().on_mount()
        self.border_title = "Three truths"

    def show(self, truths: Truths | None) -> None:
        """Draw them. None: there is no kernel to ask."""
        self._truths = truths
        self.repaint()

    def draw(self, width: int, height: int) -> list[Row]:
        """The table, and the differences."""
        return truths_rows(self._truths, width, height)
