"""What an operation may do to the world outside, looked at before it is staged.

Most of it is in its operands: paths (`lab/scratch.py`) and addresses (`network.py`). Some is not:

- LISTEN on a socket without an address binds it to every address of the machine. The kernel looks
  the socket up when it gets to the request, and by then its fd, or its place among the registered
  files, may be another's. So LISTEN is let through for what a BIND has bound, and until it has
  ended, nobody may close or replace that. A BIND that is only linked before it would not do: the
  kernel ends a chain where a submission ends, and the LISTEN then runs though the BIND failed.
- A path that begins at an open directory begins at whatever has that fd by then. So until such a
  request has ended, the directory may not be closed.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, cast

from uringlab.core.abi import Opcode, SqeFlags
from uringlab.core.fd import ALLOC, FixedFd, OwnedFd
from uringlab.lab.errors import LineError
from uringlab.observe.request import State

if TYPE_CHECKING:
    from collections.abc import Iterable

    from uringlab.core.ops import Socket, UringCmd
    from uringlab.core.ops.declare import Op
    from uringlab.lab.names import RequestThing

# The classes of ops are loaded one by one, when they are asked for: so it is their number here.
_PLACING = frozenset(
    {Opcode.SOCKET, Opcode.ACCEPT, Opcode.OPENAT, Opcode.OPENAT2, Opcode.CLOSE, Opcode.MSG_RING}
)


class Guard:
    """Looks at what is staged, and at how it ends. It belongs to a session.

    Args:
        network: whether everything is allowed that sockets can do.
    """

    def __init__(self, *, network: bool = False) -> None:
        """Nothing is bound, nothing is under way."""
        self.network = network
        self._bound: weakref.WeakSet[OwnedFd] = weakref.WeakSet()
        self._bound_places: set[tuple[str, int]] = set()
        self._binds: dict[tuple[str, int], int] = {}
        self._changes: dict[int, int] = {}
        self._changing: list[RequestThing] = []
        self._needing: list[RequestThing] = []

    # -- before it is staged ---------------------------------------------------------------

    def check(self, op: Op, ring: str) -> None:
        """See that an operation stays at home, and takes nothing away from one that is under way.

        Raises:
            LineError: it does not; nothing has changed.
        """
        self._check_closing(op)
        if op.opcode in {Opcode.URING_CMD, Opcode.URING_CMD128}:
            from uringlab.lab.bounds.network import check_command  # noqa: PLC0415 - most need none

            check_command(cast("UringCmd", op), network=self.network)
        elif op.opcode is Opcode.SOCKET and not self.network:
            from uringlab.lab.bounds.network import check_socket  # noqa: PLC0415 - the same

            check_socket(cast("Socket", op))
        elif op.opcode is Opcode.LISTEN and not self.network:
            self._check_listen(op, ring)

    def _check_listen(self, op: Op, ring: str) -> None:
        from uringlab.lab.bounds.network import START, listens_at_a_path  # noqa: PLC0415 - the same

        fd: Any = vars(op)["fd"]
        if op.flags & SqeFlags.CQE_SKIP_SUCCESS:
            raise LineError(
                f"with CQE_SKIP_SUCCESS nobody would learn that LISTEN has ended; {START}"
            )
        if isinstance(fd, FixedFd):
            if (ring, fd.number) in self._bound_places:
                return
            raise LineError(
                f"LISTEN on a socket that is not bound binds it to every address, and fixed:"
                f"{fd.number} is not known to be bound: bind it first, in a line of its own; "
                f"{START}",
                None,
                f"do bind fixed:{fd.number} 127.0.0.1:0",
            )
        if isinstance(fd, OwnedFd):
            if fd in self._bound or listens_at_a_path(fd.number):
                return
            raise LineError(
                "LISTEN on a socket that is not bound binds it to every address of this machine: "
                f"bind it first, and see that it worked; {START}",
                None,
                "do bind s 127.0.0.1:0",
            )
        if not never_open(fd):
            raise LineError(
                f"fd {fd} may be any socket by the time that the kernel looks: name yours, or use "
                "-1, which is never open"
            )

    def _check_closing(self, op: Op) -> None:
        fd: Any = vars(op).get("fd")
        if op.opcode is Opcode.CLOSE and isinstance(fd, OwnedFd):
            self.check_fd(fd)
        self.check_places(places_of(op))

    def check_fd(self, fd: OwnedFd) -> None:
        """See that no request needs that very file to stay open.

        Raises:
            LineError: one does.
        """
        for thing in self._under_way():
            if any(one is fd for one in needs(thing.op)):
                raise LineError(
                    f"{thing.name} is {thing.request.state}, and would find another file at that "
                    "fd: it cannot be closed before that has ended",
                    None,
                    "submit",
                )

    def check_places(self, places: Iterable[int] | None) -> None:
        """See that no LISTEN needs what is in these places of a table of registered files.

        Args:
            places: their numbers; None: any may change.

        Raises:
            LineError: one does.
        """
        for thing in self._under_way():
            fd: Any = vars(thing.op).get("fd")
            listens = thing.op.opcode is Opcode.LISTEN and isinstance(fd, FixedFd)
            if listens and (places is None or fd.number in places):
                raise LineError(
                    f"{thing.name} is {thing.request.state}, and would find another file in "
                    f"fixed:{fd.number}: it stays until that has ended",
                    None,
                    "submit",
                )

    def _under_way(self) -> list[RequestThing]:
        over = (State.SILENT,)
        self._needing = [
            one for one in self._needing if one.request.open and one.request.state not in over
        ]
        return self._needing

    # -- what happens to it ------------------------------------------------------------------

    def staged(self, thing: RequestThing) -> None:
        """A request was staged."""
        op = thing.op
        fd: Any = vars(op).get("fd")
        if op.opcode is Opcode.BIND and isinstance(fd, FixedFd) and self._is_still(fd.number):
            key = (thing.request.ring, thing.request.index)
            self._binds[key] = self._changes.get(fd.number, 0)
        if any(True for _ in needs(op)) or op.opcode is Opcode.LISTEN:
            self._needing.append(thing)
        places = places_of(op)
        if places:
            self._changing.append(thing)
            self.changed(places)

    def changed(self, places: Iterable[int]) -> None:
        """What is in these places of some ring's table may be another file now."""
        for place in places:
            self._changes[place] = self._changes.get(place, 0) + 1
            self._bound_places = {one for one in self._bound_places if one[1] != place}

    def _is_still(self, place: int) -> bool:
        """Whether no request that is under way may put something else there."""
        self._changing = [one for one in self._changing if one.request.open]
        return not any(place in places_of(one.op) for one in self._changing)

    def registered(self, ring: str, place: int, fd: OwnedFd) -> None:
        """A register call has put that file there."""
        if fd in self._bound and self._is_still(place):
            self._bound_places.add((ring, place))

    def change_table(self) -> None:
        """A table of registered files is about to be changed by a register call.

        Raises:
            LineError: a LISTEN needs what is in one.
        """
        self.check_places(None)
        self._bound_places.clear()
        self._binds.clear()

    def settled(self, thing: RequestThing) -> None:
        """A request has its last CQE: what a BIND has bound stays bound."""
        op = thing.op
        if op.opcode is not Opcode.BIND:
            return
        fd: Any = vars(op)["fd"]
        known = self._binds.pop((thing.request.ring, thing.request.index), None)
        final = thing.request.final
        if final is None or final.res != 0:
            return
        if isinstance(fd, OwnedFd):
            self._bound.add(fd)
        elif (
            isinstance(fd, FixedFd)
            and known is not None
            and known == self._changes.get(fd.number, 0)
        ):
            self._bound_places.add((thing.request.ring, fd.number))

    def is_bound(self, fd: OwnedFd) -> None:
        """A socket was bound outside of the ring, to this machine."""
        self._bound.add(fd)

    def made(self, op: Op, fd: int) -> None:
        """An operation has brought an fd."""
        if op.opcode is Opcode.SOCKET and not self.network:
            from uringlab.lab.bounds.network import keep_home  # noqa: PLC0415 - most need none

            keep_home(fd)

    def ring_closed(self, ring: str) -> None:
        """Its table is gone: another ring may get its name."""
        self._bound_places = {one for one in self._bound_places if one[0] != ring}


def needs(op: Op) -> Iterable[OwnedFd]:
    """The files that have to be the same when the kernel gets to it."""
    found = vars(op)
    names = ("dir", "new_dir", "fd") if op.opcode is Opcode.LISTEN else ("dir", "new_dir")
    return (found[name] for name in names if isinstance(found.get(name), OwnedFd))


def places_of(op: Op) -> tuple[int, ...] | range:
    """The places of a table of registered files that an operation empties or fills anew.

    ALLOC takes one that is free.
    """
    found: dict[str, Any] = vars(op)
    slot, fd = found.get("slot"), found.get("fd")
    if op.opcode is Opcode.FILES_UPDATE and slot is not ALLOC:
        return range(_number(slot), _number(slot) + len(found["fds"]))
    if op.opcode is Opcode.PIPE and slot is not None and slot is not ALLOC:
        return range(_number(slot), _number(slot) + 2)
    if op.opcode is Opcode.CLOSE and isinstance(fd, FixedFd):
        return (fd.number,)
    if op.opcode in _PLACING and slot is not None and slot is not ALLOC:
        return (_number(slot),)
    return ()


def _number(slot: Any) -> int:
    return slot.number if isinstance(slot, FixedFd) else int(slot)


def never_open(number: int) -> bool:
    """Whether no file of this process can ever have that fd."""
    import resource  # noqa: PLC0415 - for a bare number only

    return number < 0 or number >= resource.getrlimit(resource.RLIMIT_NOFILE)[0]
