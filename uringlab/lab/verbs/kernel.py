"""`show kernel`: three truths of the ring in use, and what does not agree."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uringlab.lab.errors import LineError
from uringlab.observe.truths import Local, Truths, truths_of

if TYPE_CHECKING:
    from uringlab.lab.names import RingThing
    from uringlab.lab.session import Session

_NOTHING = "·"
_UNKNOWN = "unknown"


def truths(session: Session, thing: RingThing) -> Truths:
    """Look at it from all three sides.

    Raises:
        LineError: the ring is gone.
    """
    thing.observer.look()
    ring = thing.ring
    local = Local(session.requests.in_flight(thing.name), len(ring.files), len(ring.buffers))
    try:
        return truths_of(thing.observer.source, local)
    except LookupError as error:
        raise LineError(str(error)) from error


def show_kernel(session: Session, thing: RingThing) -> str:
    """A table of the three, then a sentence for each difference."""
    found = truths(session, thing)
    lines = [
        f"{thing.name}, three times: what the library keeps, the memory it shares with the kernel, "
        "and what the kernel says (fdinfo)",
        f"  {'':<18} {'library':>8} {'shared':>8} {'kernel':>8}",
    ]
    for row in found.rows:
        kernel = _UNKNOWN if row.kernel is None else str(row.kernel)
        lines.append(
            f"  {row.what:<18} {_cell(row.library):>8} {_cell(row.shared):>8} {kernel:>8}"
            f"  {row.note if row.kernel is not None else ''}".rstrip()
        )
    if found.unknown:
        lines.append(f"what the kernel says is unknown: {found.unknown}")
    elif any(row.kernel is None for row in found.rows):
        lines.append("unknown: this kernel does not show it")
    if found.moving:
        lines.append("it moved while the kernel was asked: numbers may be of different moments")
    lines += [f"≠ {one}" for one in found.differences] or ["the three agree"]
    return "\n".join(lines)


def kernel_json(session: Session, thing: RingThing) -> dict[str, object]:
    """The same for a program."""
    return {"truths": truths(session, thing).to_json()}


def _cell(value: int | None) -> str:
    return _NOTHING if value is None else str(value)
