"""`show kernel`: three truths of the ring in use, and what does not agree."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from uringlab.lab.errors import LineError
from uringlab.observe.fdinfo import read
from uringlab.observe.truths import NOT_SHOWN, Local, Truths, truths_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uringlab.lab.names import RingThing
    from uringlab.lab.session import Session

_NOTHING = "·"
_UNKNOWN = "unknown"
MOST_ENTRIES = 8
"""Of each list; a program is told all of them."""


def truths(session: Session, thing: RingThing) -> Truths:
    """Look at it from all three sides.

    Raises:
        LineError: the ring is gone.
    """
    look = thing.observer.look()
    ring = thing.ring
    local = Local(session.requests.in_flight(thing.name), len(ring.files), len(ring.buffers))
    try:
        return truths_of(thing.observer.source, local, before=look)
    except LookupError as error:
        raise LineError(str(error)) from error


def kernels_files(thing: RingThing, names: list[str]) -> dict[int, str]:
    """What is in the places of the table of files: as the kernel says, or else as it is known."""
    known = {at: name for at, name in enumerate(names) if name}
    if not names or thing.ring.fd.registered:
        return known
    info = read(os.getpid(), thing.ring.fd.number)
    if info.busy or info.partial or info.files is None:
        return known
    return {at: _plain(text) for at, text in info.files.items()}


def show_kernel(session: Session, thing: RingThing) -> tuple[str, dict[str, object]]:
    """A table of the three, what is in the kernel's lists, and a sentence for each difference.

    The same for a program, of the same moment.
    """
    found = truths(session, thing)
    return _text(session, thing, found), {"truths": found.to_json()}


def _text(session: Session, thing: RingThing, found: Truths) -> str:
    lines = [
        f"{thing.name}, three times: what the library keeps, the memory it shares with the kernel, "
        "and what the kernel says (fdinfo)",
        f"  {'':<18} {'library':>10} {'shared':>10} {'kernel':>10}",
    ]
    for row in found.rows:
        kernel = _UNKNOWN if row.kernel is None else str(row.kernel)
        lines.append(
            f"  {row.what:<18} {_cell(row.library):>10} {_cell(row.shared):>10} {kernel:>10}"
            f"  {row.note if row.kernel is not None else ''}".rstrip()
        )
    for name, entries in _lists(session, thing, found):
        if entries:
            more = len(entries) - MOST_ENTRIES
            shown = entries[:MOST_ENTRIES] + [f"… {more} more"] * (more > 0)
            lines.append(f"  {name}: {', '.join(shown)}")
    if found.unknown:
        lines.append(f"what the kernel says is unknown: {found.unknown}")
    elif not found.complete:
        lines.append(f"unknown: {NOT_SHOWN}")
    if found.moving:
        lines.append("it moved while the kernel was asked: numbers may be of different moments")
    lines += [f"≠ {one}" for one in found.differences] or [found.agreement]
    return "\n".join(lines)


def _lists(session: Session, thing: RingThing, found: Truths) -> Iterator[tuple[str, list[str]]]:
    """What the kernel's lists have in them, with the session's names where it tells whose it is."""
    info = found.info
    if info is None:
        return
    works = (" (its task has work to do)", "")
    yield "PollList", [f"{one.name}{works[not one.task_works]}" for one in info.polls or ()]
    yield (
        "CqOverflowList",
        [
            f"{session.cqe_name(thing.name, one.user_data)} res={one.res}"
            for one in info.overflow or ()
        ],
    )
    yield "UserFiles", [f"{place}: {_plain(file)}" for place, file in (info.files or {}).items()]
    yield (
        "UserBufs",
        [
            f"{place}: {size} bytes at {address:#x}"
            for place, (address, size) in (info.buffers or {}).items()
        ],
    )
    yield "napi", [info.napi] if info.napi not in (None, "disabled") else []
    yield "a newer kernel says", [_plain(line.strip()) for line in info.rest]


def _plain(text: str) -> str:
    """A file may be called anything: what a terminal would obey is written with a backslash."""
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode() for one in text
    )


def _cell(value: int | None) -> str:
    return _NOTHING if value is None else str(value)
