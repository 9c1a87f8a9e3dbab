"""The lives of the requests, a line each: how far each has come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uringlab.core.errors import errno_name
from uringlab.observe.request import Part, State, Tied
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
        return [[("no request yet" + (". Try:  do nop" if view.live else ""), Role.DIM)]]
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
    if one.state in (State.SILENT, State.TAKEN_BACK, State.GONE, State.MISSED):
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
    State.GONE: 2,
    State.MISSED: 2,
    State.POSTED: 3,
    State.SEEN: 4,
}


def _end(one: Request, now: int) -> Row:
    """The result, how long the kernel had it, and what it has to do with others."""
    row: Row = []
    result = one.result
    if result is not None:
        more = f" ×{one.count}" if one.count > 1 else ""
        if result.res < 0:
            row.append((f"res {result.res} {errno_name(result.res)}{more}", Role.BAD))
        else:
            row.append((f"res {result.res}{more}", Role.GOOD))
    if one.consumed is not None and one.final is not None:
        # Between the look before it was taken and the look that saw its CQE: at most this long.
        taken = one.completions[-1].posted.time_ns - one.consumed.since_ns
        row.append((f"  ≤ {_span(taken)}", Role.DIM))
    elif one.consumed is not None and one.state is State.IN_FLIGHT:
        row.append((f"  {_span(max(0, now - one.consumed.time_ns))}", Role.DIM))
    row += [(f"  {mark}", Role.DIM) for mark in _marks(one)]
    return row


def _marks(one: Request) -> list[str]:
    """Ties and doubts, in a word each; `show r1` tells them in sentences."""
    marks = []
    if one.tie is not None and not one.tie.cut:
        marks.append(_TIES[one.tie.kind])
    if one.drain:
        marks.append("⇟ drain")
    if one.count and one.completions[-1].part is Part.NOTIF:
        marks.append("◇ notif")
    if one.shared:
        marks.append("⚑ shared user_data")
    return marks


_TIES = {Tied.LINK: "└ linked", Tied.HARDLINK: "└ hard-linked", Tied.GUARD: "└ guard"}


def _span(ns: int) -> str:
    if ns < _MS:
        return f"{ns / _US:.0f} µs"
    return f"{ns / _MS:.1f} ms" if ns < _S else f"{ns / _S:.1f} s"
