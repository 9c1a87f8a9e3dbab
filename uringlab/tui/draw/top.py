"""The first line: which ring, on which kernel, and what is out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uringlab.tui.draw.rows import Role, Row, clip, width_of

if TYPE_CHECKING:
    from uringlab.tui.view import View


def top_row(view: View, width: int) -> Row:
    """`uringlab  r0 · fd 7 · SQ 8 · CQ 16        Linux 6.18   in flight 2   overflow 0`."""
    left: Row = [(" uringlab ", Role.TITLE)]
    right: Row = [(f"Linux {_short(view.kernel)}", Role.DIM)]
    if view.shot is not None:
        parts = [
            view.ring,
            f"fd {view.fd}",
            f"SQ {view.shot.sq_entries}",
            f"CQ {view.shot.cq_entries}",
        ]
        if view.flags:
            parts.append(view.flags)
        if view.rings > 1:
            parts.append(f"{view.rings} rings")
        left.append((" " + " · ".join(parts), Role.PLAIN))
        right.append((f"   in flight {view.in_flight}", Role.PLAIN))
        role = Role.BAD if view.shot.cq_overflow else Role.PLAIN
        right.append((f"   overflow {view.shot.cq_overflow} ", role))
    else:
        left.append(("  no ring yet", Role.DIM))
    # What there is no room for goes from the left: the kernel's version first.
    while len(right) > 1 and width_of(left) + width_of(right) >= width:
        right.pop(0)
    gap = width - width_of(left) - width_of(right)
    return clip([*left, (" " * max(gap, 1), Role.PLAIN), *right], width)


def _short(release: str) -> str:
    """`6.18` of `6.18.5-generic`."""
    return ".".join(release.split("-", maxsplit=1)[0].split(".")[:2])
