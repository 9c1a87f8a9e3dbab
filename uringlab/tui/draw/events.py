"""What just happened: who, and what. The newest is at the bottom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uringlab.tui.draw.rows import Role, Row, clip

if TYPE_CHECKING:
    from uringlab.tui.view import View

_ROLES = {"you": Role.YOU, "kernel": Role.KERNEL}
_MARKS = {"you": "▸ you   ", "kernel": "◂ kernel"}


def events_rows(view: View, width: int, height: int, back: int = 0) -> list[Row]:
    """The newest events that fit; `back` lines further up when scrolled."""
    if not view.events:
        text = "nothing yet" + (": what you and the kernel do appears here" if view.live else "")
        return [[(text, Role.DIM)]]
    end = len(view.events) - back
    shown = view.events[max(0, end - height) : max(end, 1)]
    rings = {one.ring for one in shown}
    return [
        clip(
            [
                (_MARKS[one.actor], _ROLES[one.actor]),
                (f" {one.ring}:" if len(rings) > 1 else "", Role.DIM),
                (f" {one.text}", Role.PLAIN),
            ],
            width,
        )
        for one in shown
    ]
