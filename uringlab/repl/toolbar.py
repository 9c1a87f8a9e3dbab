"""The bottom toolbar: `r0  sq 3/8  cq 1/16  in flight 2`, and a hint, cut to the width."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uringlab.lab.signature import signature_at

if TYPE_CHECKING:
    from prompt_toolkit.formatted_text import StyleAndTextTuples

    from uringlab.lab.session import Session
    from uringlab.lab.signature import Signature

IDLE = "Tab completes · Ctrl-R searches · help · Ctrl-D leaves"
_LEAST = 12
"""Columns below which a hint says nothing."""


def toolbar(session: Session, typed: str, width: int) -> StyleAndTextTuples:
    """What the ring in use has in it, and the signature of what is typed before the cursor."""
    figures = f" {_figures(session, width - 2)} "[:width]
    out: StyleAndTextTuples = [("class:figures", figures)]
    room = width - len(figures) - 2
    if room < _LEAST:
        return out
    out.append(("", " "))
    found = signature_at(typed, session.table) if typed.strip() else None
    if found is None:
        return [*out, ("class:hint", _cut("" if typed.strip() else IDLE, room))]
    return [*out, *_signature(found, room)]


def _figures(session: Session, width: int) -> str:
    """The most important first: a narrow terminal cuts what stands last."""
    thing = session.current
    if thing is None:
        return "no ring yet"
    shot = thing.observer.snapshot
    sq = f"sq {shot.sq_entries - shot.free}/{shot.sq_entries}"
    cq = f"cq {shot.ready}/{shot.cq_entries}"
    flying = session.requests.in_flight(thing.name)
    for text in (
        f"{thing.name}  {sq}  {cq}  in flight {flying}",
        f"{sq}  {cq}  in flight {flying}",
        f"{sq} {cq} fl {flying}",
    ):
        if len(text) <= width:
            return text
    return f"{sq} {cq}"


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else text[: room - 1] + "…"


def _signature(found: Signature, room: int) -> StyleAndTextTuples:
    """The signature with the operand the cursor is in marked, and what that one is."""
    styles = ("class:hint", "class:hint.operand", "class:hint")
    return [(style, text) for style, text in zip(styles, found.fitted(room), strict=True) if text]
