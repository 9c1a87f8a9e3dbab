"""What is registered with a ring, by the names it had: which is in which place of which table.

The tables themselves are the kernel's, and the memory in them is held by the ring. This is only
what the session remembers of it, so that a learner sees names and not numbers.
"""

from __future__ import annotations

import errno
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from uringlab.core.abi import Opcode
from uringlab.core.fd import ALLOC, FixedFd

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from uringlab.core.buffers import BadPage, Buffer
    from uringlab.core.cq import Cqe
    from uringlab.core.ops.declare import Op
    from uringlab.core.register.buffer_ring import BufferRing
    from uringlab.core.register.region import WaitRegion

_SHOWN = 16
"""Places of a table that are listed; of the rest only how many there are."""


def count_of(count: int, what: str) -> str:
    """`1 place`, `2 places`."""
    return f"{count} {what}{'' if count == 1 else 's'}"


class Place(NamedTuple):
    """Memory in the table of registered buffers. It is held by the ring, and not by this."""

    name: str
    address: int
    size: int

    def holds(self, address: int) -> bool:
        """Whether the address lies in it."""
        return self.address <= address < self.address + self.size


class Group(NamedTuple):
    """A ring of buffers, and what each of its buffers is called."""

    ring: BufferRing
    names: tuple[str, ...]

    @property
    def given_out(self) -> tuple[int, ...]:
        """The ids that are not in the ring: taken by a completion, or never put there."""
        inside = set(self.ring.in_ring)
        return tuple(bid for bid in range(len(self.ring)) if bid not in inside)

    def text(self) -> str:
        """For `show registered`."""
        inside = " ".join(map(str, self.ring.in_ring)) or "none"
        out = " ".join(map(str, self.given_out)) or "none"
        kind = ", incremental" if self.ring.incremental else ""
        whose = f" ({_few(self.names)})" if self.names else ""
        return (
            f"{self.ring.entries} entries{kind}, {count_of(len(self.ring), 'buffer')}{whose}: "
            f"in the ring {inside}; yours {out}"
        )


@dataclass
class Registered:
    """What the session has registered with one ring.

    Attributes:
        files: the name in each place of the table of files; "" where there is none.
        buffers: the memory in each place of the table of buffers; None where there is none.
        groups: the rings of buffers, by the number of their group.
        personalities: ids of credentials.
        eventfd: the name of the eventfd that is signalled; "" for none.
        index: the ring's index in its thread's table; None: it is not registered.
        region: room for waits.
        rules: what restrictions were said.
        closable: whether they allow what closing the ring needs.
        tags: what is told when a place is let go of: user_data to what was in it.
        settings: clock, busy-polling: one line each, by what they are about.
    """

    files: list[str] = field(default_factory=list)
    buffers: list[Place | None] = field(default_factory=list)
    groups: dict[int, Group] = field(default_factory=dict)
    personalities: list[int] = field(default_factory=list)
    eventfd: str = ""
    index: int | None = None
    region: WaitRegion | None = None
    rules: str = ""
    closable: bool = True
    tags: dict[int, str] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)

    # -- buffers ---------------------------------------------------------------------------

    def place_of(self, memory: Buffer | BadPage) -> int | None:
        """In which place of the table that memory is; None: in none."""
        address = memory.address
        return next(
            (at for at, one in enumerate(self.buffers) if one is not None and one.holds(address)),
            None,
        )

    def tag(self, tags: Sequence[int] | None, names: Sequence[str]) -> None:
        """Remember which tag is whose."""
        self.tags.update({tag: name for tag, name in zip(tags or (), names, strict=False) if tag})

    def group_of(self, op: Op | None) -> Group | None:
        """The ring of buffers from which a request takes; None: from none that is known."""
        number = getattr(op, "group", None)
        return self.groups.get(number) if isinstance(number, int) else None

    # -- files -----------------------------------------------------------------------------

    def put_files(self, start: int, names: Sequence[str]) -> None:
        """Names for some places. Places that the table has not are passed over."""
        for at, name in enumerate(names, start):
            if at < len(self.files):
                self.files[at] = name

    def follow(self, op: Op, cqe: Cqe, name: str) -> None:
        """A request may have put files into the table, or emptied a place of it."""
        slot = getattr(op, "slot", None)
        if op.opcode == Opcode.FILES_UPDATE and slot is not ALLOC and cqe.res == -errno.EBADF:
            self._put(slot, "")  # the kernel empties a place before it looks at what goes there
        if cqe.res < 0 or not self.files:
            return
        if op.opcode == Opcode.CLOSE:
            fd = getattr(op, "fd", None)
            place = fd.number if isinstance(fd, FixedFd) else slot
            self._put(place, "")
        elif slot is None or op.opcode == Opcode.MSG_RING:
            return  # a message goes into another ring's table
        elif op.opcode == Opcode.FILES_UPDATE:
            fds = op.fds.fds  # type: ignore[attr-defined]  # it is a FilesUpdate
            first = _number(slot)
            places = fds[: cqe.res] if slot is ALLOC else range(first, first + cqe.res)
            for place in places:
                self._put(place, name)
            if slot is not ALLOC and cqe.res < len(fds):
                self._put(first + cqe.res, "")
        elif op.opcode == Opcode.PIPE:
            fds = op.fds.fds  # type: ignore[attr-defined]  # it is a Pipe
            places = fds if slot is ALLOC else (_number(slot), _number(slot) + 1)
            for place, suffix in zip(places, ("", "_2"), strict=True):
                self._put(place, f"{name}{suffix}")
        else:
            self._put(cqe.res if slot is ALLOC else slot, name)

    def hear(self, files: Mapping[int, str]) -> None:
        """What the kernel says is in the table: it knows best where there is something."""
        for at, name in enumerate(self.files):
            if at not in files:
                self.files[at] = ""
            elif not name:
                self.files[at] = files[at]

    def _put(self, place: object, name: str) -> None:
        at = _number(place)
        if 0 <= at < len(self.files):
            self.files[at] = name

    # -- all of it -------------------------------------------------------------------------

    def lines(self) -> Iterator[tuple[str, str]]:
        """(what, what there is of it) for all that is registered."""
        if self.files:
            yield "files", _table(self.files)
        if self.buffers:
            told = [
                f"{one.name} {count_of(one.size, 'byte')}" if one else "" for one in self.buffers
            ]
            yield "buffers", _table(told)
        for number, group in sorted(self.groups.items()):
            yield f"group {number}", group.text()
        if self.eventfd:
            yield "eventfd", self.eventfd
        if self.personalities:
            yield "personalities", ", ".join(map(str, self.personalities))
        if self.index is not None:
            yield "ring", f"index {self.index} in this thread's table"
        if self.region is not None:
            yield "region", f"room for {count_of(len(self.region), 'wait')}"
        if self.rules:
            yield "restrictions", self.rules
        yield from self.settings.items()

    def summary(self) -> str:
        """In a few words; "" for nothing."""
        parts = []
        if self.files:
            parts.append(f"{count_of(len(self.files), 'place')} for files")
        if self.buffers:
            parts.append(f"{count_of(len(self.buffers), 'place')} for buffers")
        parts += [f"group {number}" for number in sorted(self.groups)]
        parts += [what for what, _ in self.lines() if what not in ("files", "buffers")][
            len(self.groups) :
        ]
        return ", ".join(parts)

    def to_json(self) -> dict[str, object]:
        """For a program."""
        return {
            "files": list(self.files),
            "buffers": [one and {"name": one.name, "size": one.size} for one in self.buffers],
            "groups": {
                str(number): {
                    "entries": one.ring.entries,
                    "buffers": list(one.names),
                    "in_ring": list(one.ring.in_ring),
                    "given_out": list(one.given_out),
                }
                for number, one in sorted(self.groups.items())
            },
            "personalities": list(self.personalities),
            "eventfd": self.eventfd,
            "restrictions": self.rules,
        }


def _number(place: object) -> int:
    if isinstance(place, FixedFd):
        return place.number
    return place if isinstance(place, int) else -1


def _table(told: Sequence[str]) -> str:
    used = [f"{at} {one}" for at, one in enumerate(told) if one]
    more = f", … {len(used) - _SHOWN} more" if len(used) > _SHOWN else ""
    empty = len(told) - len(used)
    left = f"; {empty} empty" if empty else ""
    shown = ", ".join(used[:_SHOWN]) or "nothing"
    return f"{count_of(len(told), 'place')}: {shown}{more}{left}"


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (" …" if len(names) > _SHOWN else "")
