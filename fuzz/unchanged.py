"""What a bad line may not change."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Self

from fuzz.traces import open_fds
from uringlab.core.abi import SetupFlags

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uringlab.lab.names import RingThing
    from uringlab.lab.session import Session


@dataclass(frozen=True)
class Unchanged:
    """Of a session, now; without what the kernel may change at any time by itself.

    Attributes:
        words: of each ring, the indices that are ours to move, and its slots.
        names: each with the thing it stands for.
        requests: how many there were.
        fds: open ones. None while requests are in flight: those open and close them, too; or while
            a recording is written.
        files: in the scratch directory, with their sizes. None in the same way.
        commands: how many were begun.
    """

    words: tuple[object, ...]
    names: tuple[tuple[str, int], ...]
    requests: int
    fds: tuple[str, ...] | None
    files: tuple[tuple[str, int], ...] | None
    commands: int

    @classmethod
    def now(cls, session: Session) -> Self:
        """Look. In the bench's thread, between two lines."""
        session.look()
        rings = session.rings()
        in_flight = sum(session.requests.in_flight(ring.name) for ring in rings)
        # A recording is written by a thread of its own, which opens files and lets them grow.
        writes = session.recorders.file is not None
        quiet = not (in_flight or writes or any(map(_works_by_itself, rings)))
        return cls(
            tuple(map(_words, rings)),
            tuple((name, id(thing)) for name, thing in session.names.items()) if quiet else (),
            len(session.requests),
            tuple(open_fds()) if quiet else None,
            tuple(sorted(_files(str(session.scratch.path)))) if quiet else None,
            len(session.taken) + session.taken.left_out,
        )

    def unlike(self, other: Self, *, began: bool) -> list[str]:
        """What differs; `began`: the line was right enough to be begun."""
        left_out = {"commands"} if began else set()
        if self.fds is None or other.fds is None:
            left_out |= {"names", "fds", "files"}
        return [
            f"{one.name}: {getattr(self, one.name)} became {getattr(other, one.name)}"
            for one in fields(self)
            if one.name not in left_out and getattr(self, one.name) != getattr(other, one.name)
        ]


def _works_by_itself(thing: RingThing) -> bool:
    """Whether the kernel takes what is published without being asked."""
    return bool(thing.ring.params.flags & SetupFlags.SQPOLL)


def _words(thing: RingThing) -> tuple[object, ...]:
    shot = thing.observer.snapshot
    head = None if _works_by_itself(thing) else shot.sq_head
    return thing.name, shot.sq_tail, shot.sq_local, shot.cq_head, head, hash(shot.sqes)


def _files(path: str) -> Iterator[tuple[str, int]]:
    try:
        entries = list(os.scandir(path))
    except OSError:  # a line has taken its own rights away
        return
    for entry in entries:
        yield entry.path, entry.stat(follow_symlinks=False).st_size
        if entry.is_dir(follow_symlinks=False):
            yield from _files(entry.path)
