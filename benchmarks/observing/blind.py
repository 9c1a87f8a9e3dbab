"""A session that does what every session does, and whose rings nobody watches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uringlab.lab.names import RequestThing
from uringlab.lab.session import Session
from uringlab.observe.log import EventLog
from uringlab.observe.observer import Observer
from uringlab.observe.request import Request, When

if TYPE_CHECKING:
    from uringlab.core.ops.declare import Op
    from uringlab.lab.names import FileThing
    from uringlab.observe.snapshot import RingSnapshot

_NEVER = When(0, 0)


class _Glancing(Observer):
    """Reads the ring where a verb has to know how it stands, and tells nobody."""

    def __init__(self, observer: Observer) -> None:
        super().__init__(observer.source, EventLog())

    def look(self) -> RingSnapshot:
        shot = self.source.sample()
        self.snapshot = shot if shot is not None else self.snapshot
        return self.snapshot

    def note_call(self, *_: object) -> None:
        """Nobody hears of it."""
        self.look()


class BlindSession(Session):
    """The same lines, the same requests with the same names; no event, and no life is followed."""

    def look(self) -> None:
        """Nobody looks between the commands."""

    def open_ring(self, *args: object, **options: object) -> object:  # type: ignore[override]
        """A ring that is only looked at where a verb asks."""
        thing = super().open_ring(*args, **options)  # type: ignore[arg-type]
        thing.observer = _Glancing(thing.observer)
        return thing

    def stage(
        self, op: Op, name: str, *, buffers: tuple[str, ...] = (), closes: FileThing | None = None
    ) -> RequestThing:
        """Push it, and name it. There is no life of it to be found: a blank one stands for it."""
        ring = self.ring()
        index = ring.ring.sq().push(op)
        request = Request(index, ring.name, index, op.sqe, _NEVER)
        thing = self._name_request(RequestThing(name, request, op, None, buffers, closes))
        thing.settled = True  # nobody will hear that it is
        self._unsettled.clear()
        return thing
