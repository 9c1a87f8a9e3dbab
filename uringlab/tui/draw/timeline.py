"""The time line: where in the past the screen stands, and how it goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from uringlab.tui.draw.rows import Role, Row, clip

if TYPE_CHECKING:
    from uringlab.observe.recording.player import Player

ROWS = 3
_NS = 1e9
_TENTH = 100_000_000


@dataclass(frozen=True)
class Line:
    """What the time line shows.

    Attributes:
        first: the oldest moment there is.
        number: the moment that is shown.
        count: the newest.
        time_ns: from the first event to this moment.
        length_ns: from the first event to the newest.
        speed: how fast it plays, in words.
        playing: whether it does.
        skipped_ns: how much of nothing was just skipped.
        actor: whose hand made the event that led here; "" at the very beginning.
        text: that event.
        typed: the newest line that had been typed by then.
        live_events: the session goes on, and so many events are newer than the first look back;
            None: it is over.
        ago_ns: then, how long ago the moment was.
    """

    first: int
    number: int
    count: int
    time_ns: int
    length_ns: int
    speed: str
    playing: bool
    skipped_ns: int = 0
    actor: str = ""
    text: str = ""
    typed: str = ""
    live_events: int | None = None
    ago_ns: int = 0


def line_of(player: Player, live_since: int | None = None, now_ns: int = 0) -> Line:
    """Where a player stands, but for the event and the typed line.

    Args:
        player: over the past of a session, or a recording.
        live_since: the newest moment when looking back began; None: it is a recording.
        now_ns: CLOCK_MONOTONIC, for a session that goes on.
    """
    history = player.history
    count = history.count
    ago = 0 if live_since is None else now_ns - history.first_ns - player.time_ns
    return Line(
        first=history.first,
        number=player.number,
        count=count,
        time_ns=player.time_ns,
        length_ns=max(0, history.last_ns - history.first_ns),
        speed=player.speed.name,
        playing=player.playing,
        skipped_ns=player.skipped_ns,
        live_events=None if live_since is None else count - live_since,
        ago_ns=max(0, ago // _TENTH * _TENTH),
    )


def timeline_rows(line: Line, width: int) -> list[Row]:
    """Three rows: in words, as a bar, and the event that led here."""
    return [clip(_words(line), width), _bar(line, width), clip(_event(line), width)]


def _words(line: Line) -> Row:
    playing = ("▶ playing", Role.GOOD) if line.playing else ("Ⅱ paused", Role.TITLE)
    row: Row = [(f"{playing[0]:<10}", playing[1])]
    if line.live_events is not None:
        row.append((" looking back ", Role.MOVED))
        row.append((f" {line.ago_ns / _NS:,.1f} s ago", Role.TITLE))
        if line.live_events:
            row.append((f"; the ring runs on: {line.live_events:,} new", Role.KERNEL))
        row.append((" · ", Role.DIM))
    row.append((f"event {line.number:,} of {line.count:,}", Role.TITLE))
    if line.live_events is None:
        row.append((f" · {_seconds(line.time_ns)} of {_seconds(line.length_ns)}", Role.PLAIN))
    row.append((f" · {line.speed}", Role.DIM))
    if line.skipped_ns:
        row.append((f" · ⏩ {_seconds(line.skipped_ns)} of nothing", Role.DIM))
    return row


def _bar(line: Line, width: int) -> Row:
    """`━━━━━●──────`."""
    at = place_of(line, width)
    return [
        ("━" * at, Role.YOU),
        ("●", Role.TITLE),
        ("─" * max(0, width - at - 1), Role.DIM),
    ]


def place_of(line: Line, width: int) -> int:
    """The column of the bar at which the moment lies."""
    span = line.count - line.first
    return round((line.number - line.first) / span * (width - 1)) if span else 0


def moment_at(line: Line, column: int, width: int) -> int:
    """The moment that lies at a column of the bar."""
    share = max(0.0, min(1.0, column / max(1, width - 1)))
    return line.first + round(share * (line.count - line.first))


def _event(line: Line) -> Row:
    if not line.actor:
        return [("the beginning: nothing has happened yet.  → steps, space plays", Role.DIM)]
    you = line.actor == "you"
    row: Row = [
        ("▸ you    " if you else "◂ kernel ", Role.YOU if you else Role.KERNEL),
        (line.text, Role.PLAIN),
    ]
    if line.typed:
        row.append((f"    typed: {line.typed}", Role.ECHO))
    return row


def _seconds(ns: int) -> str:
    """Precise where it matters: a request takes microseconds, a session minutes."""
    seconds = ns / _NS
    if seconds < 1:
        return f"{seconds * 1e3:.3f} ms"
    return f"{seconds:.3f} s" if seconds < 100 else f"{seconds:,.1f} s"  # noqa: PLR2004
