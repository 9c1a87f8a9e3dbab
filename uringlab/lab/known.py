"""What there is in a session by name, as completion offers it: the likeliest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uringlab.core.buffers import BadPage
from uringlab.lab.names import BufferThing, FileThing, RequestThing
from uringlab.observe.request import State

if TYPE_CHECKING:
    from collections.abc import Callable

    from uringlab.lab.names import Thing
    from uringlab.lab.session import Session

    Meta = str | Callable[[], str]

MOST_REQUESTS = 64
_UNDER_WAY = (State.IN_FLIGHT, State.PUBLISHED, State.STAGED)


def names_of(session: Session, kind: str = "", beginning: str = "") -> dict[str, Meta]:
    """Names of things of a kind ("file", "buffer", "request", "ring", "child"); "" for all.

    A request that opened a file is a file as well. What is still under way comes before what is
    over, the newest first; the bad page comes last. What each is, is worked out when asked for.

    Args:
        session: whose names.
        kind: of what kind.
        beginning: what they begin with, in any case.
    """
    start = beginning.lower()
    things = [one for one in list(session.names.items()) if one[0].lower().startswith(start)]
    requests = [(name, one) for name, one in reversed(things) if isinstance(one, RequestThing)]
    others = [one for one in things if not isinstance(one[1], RequestThing)]
    found: list[tuple[str, Thing]] = [one for one in others if not kind or one[1].kind == kind]
    if kind == "file":
        found += [one for one in requests if one[1].has_file]
        found.sort(key=lambda one: not _is_open(one[1]))
    elif kind in ("request", ""):
        found += sorted(requests, key=lambda one: not _under_way(one[1]))[:MOST_REQUESTS]
    found.sort(key=lambda one: _is_bad(one[1]))
    return {name: thing.text for name, thing in found}


def _is_bad(thing: Thing) -> bool:
    return isinstance(thing, BufferThing) and isinstance(thing.buffer, BadPage)


def _is_open(thing: Thing) -> bool:
    file = thing.file if isinstance(thing, RequestThing) else thing
    return isinstance(file, FileThing) and file.fd.owned


def _under_way(thing: Thing) -> bool:
    return isinstance(thing, RequestThing) and thing.request.state in _UNDER_WAY
