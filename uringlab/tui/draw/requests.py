"""The lives of the requests, a line each: how far each has come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uringlab.core.errors import errno_name
from uringlab.observe.request import State
from uringlab.tui.draw.rows import Role, Row, clip, fit, width_of

if TYPE_CHECKING:
    from uringlab.observe.request import Request
    from uringlab.tui.view import View

_NAME = 5
_WHAT = 14
_FULL = 88
_LIFE = 46
_LIFE_SHORT = 16
_US = 1e3
_MS = 1e6
_S = 1e9


def requests_rows(view: View, width: int, height: int) -> list[Row]:
    """The newest requests, the newest last."""
    if not view.requests:
        return [[("no request yet. Try:  do nop", Role.DIM)]]
    return [clip(_row(one, view.now_ns, width), width) for one in view.requests[-height:]]


def _row(one: Request, now: int, width: int) -> Row:
    name = one.name or f"#{one.user_data}"
    row: Row = [
        (fit(name, _NAME) + " ", Role.TITLE),
        (fit(one.decoded().name, _WHAT) + " ", Role.PLAIN),
    ]
    row += _life(one, words=width >= _FULL)
    row.append(("  ", Role.PLAIN))
    row += _end(one, now)
    return row


def _life(one: Request, *, words: bool) -> Row:
    """`■staged┄▷published┄▶━━in flight┄●posted┄✓seen`, as far as it has come.

    Where there is no room for every word, only the last stage has its.
    """
    reached = _REACHED[one.state]
    row: Row = []
    for at, (glyph, word, role) in enumerate(_STAGES[: reached + 1]):
        text = ("┄" if at else "") + glyph + (word if words or at == reached else "")
        row.append((text, role if at == reached else Role.DIM))
    if one.state in (State.SILENT, State.TAKEN_BACK):
        row.append((f" {one.state}", Role.DIM))
    width = _LIFE if words else _LIFE_SHORT
    return [*row, (" " * max(0, width - width_of(row)), Role.PLAIN)]


_STAGES = (
    ("■", "staged", Role.YOU),
    ("▷", "published", Role.YOU),
    ("▶━━", "in flight", Role.KERNEL),
    ("●", "posted", Role.GOOD),
    ("✓", "seen", Role.YOU),
)
_REACHED = {
    State.STAGED: 0,
    State.PUBLISHED: 1,
    State.TAKEN_BACK: 1,
    State.IN_FLIGHT: 2,
    State.SILENT: 2,
    State.POSTED: 3,
    State.SEEN: 4,
}


def _end(one: Request, now: int) -> Row:
    """The result, and how long the kernel had it."""
    row: Row = []
    if one.cqes:
        final = one.cqes[-1][1]
        more = f" ×{len(one.cqes)}" if len(one.cqes) > 1 else ""
        if final.res < 0:
            row.append((f"res {final.res} {errno_name(final.res)}{more}", Role.BAD))
        else:
            row.append((f"res {final.res}{more}", Role.GOOD))
    if one.consumed_ns and one.final is not None:
        # Between the look before it was taken and the look that saw its CQE: at most this long.
        row.append((f"  ≤ {_span(one.cqes[-1][0] - one.consumed_since_ns)}", Role.DIM))
    elif one.state is State.IN_FLIGHT:
        row.append((f"  {_span(max(0, now - one.consumed_ns))}", Role.DIM))
    return row


def _span(ns: int) -> str:
    if ns < _MS:
        return f"{ns / _US:.0f} µs"
    return f"{ns / _MS:.1f} ms" if ns < _S else f"{ns / _S:.1f} s"
