"""The two queues."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uringlab.tui.draw.cq import cq_rows
from uringlab.tui.draw.sq import sq_rows
from uringlab.tui.widgets.picture import ViewPicture

if TYPE_CHECKING:
    from uringlab.tui.draw.rows import Row
    from uringlab.tui.view import View


class SqPane(ViewPicture):
    """The submission queue."""

    HELP = """The submission queue: SQEs on their way to the kernel.
■ staged: written by you, the kernel cannot see it. ▶ published: it can. ✓ consumed: the slot is
free again. The kernel moves head; you move tail (publish) and the local tail (any operation)."""

    def on_mount(self) -> None:
        """Whose queue it is."""
        super().on_mount()
        self.border_title = "Submission queue   you ──▶ kernel"

    def draw_view(self, view: View, width: int, height: int) -> list[Row]:
        """Slots and pointers."""
        return sq_rows(view, width, height)


class CqPane(ViewPicture):
    """The completion queue."""

    HELP = """The completion queue: CQEs on their way to you.
● ready, ✗ ready and failed, ✓ seen (reaped): the slot is free again. The kernel moves tail; you
move head (reap). In each slot: the request, and its result."""

    def on_mount(self) -> None:
        """Whose queue it is."""
        super().on_mount()
        self.border_title = "Completion queue   kernel ──▶ you"

    def draw_view(self, view: View, width: int, height: int) -> list[Row]:
        """Slots and pointers."""
        return cq_rows(view, width, height)
