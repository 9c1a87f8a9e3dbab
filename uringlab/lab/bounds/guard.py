"""What an operation may do to the world outside, looked at before it is staged.

Most of it is in its operands: paths (`lab/scratch.py`) and addresses (`network.py`). Some is not:

- LISTEN on a socket without an address binds it to every address of the machine. The kernel looks
  the socket up when it gets to the request, and by then its fd, or its place among the registered
  files, may be another's. So LISTEN is let through for what a BIND has bound, and until it has
  ended, nobody may close or replace that. A BIND that is only linked before it would not do: the
  kernel ends a chain where a submission ends, and the LISTEN then runs though the BIND failed.
- What a CQE says is believed: that it brings an fd, that a BIND worked, that a CLOSE did not. A CQE
  is known by its user_data alone, and others can have the same: a MSG_RING, a tag of something that
  is registered, another request. So a request that is believed has a user_data of its own.
- A path that begins at an open directory begins at whatever has that fd by then. So until such a
  request has ended, the directory may not be closed.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any, cast

from uringlab.core.abi import Opcode, SqeFlags
from uringlab.core.fd import ALLOC, FixedFd, OwnedFd
from uringlab.core.ops.makers import makes_fd
from uringlab.lab.errors import LineError
from uringlab.observe.request import State

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from uringlab.core.ops import Socket, UringCmd
    from uringlab.core.ops.declare import Op
    from uringlab.lab.names import RequestThing

# The classes of ops are loaded one by one, when they are asked for: so it is their number here.
_PLACING = frozenset(
    {Opcode.SOCKET, Opcode.ACCEPT, Opcode.OPENAT, Opcode.OPENAT2, Opcode.CLOSE, Opcode.MSG_RING}
)
_BELIEVED = frozenset(
    {
        *(Opcode.OPENAT, Opcode.OPENAT2, Opcode.SOCKET, Opcode.ACCEPT, Opcode.PIPE, Opcode.CLOSE),
        *(Opcode.FIXED_FD_INSTALL, Opcode.RECVMSG, Opcode.BIND, Opcode.LISTEN),
    }
)
"""Opcodes whose CQEs tell the session something about files."""
_RESULT_IS_FD = frozenset(
    {Opcode.OPENAT, Opcode.OPENAT2, Opcode.SOCKET, Opcode.ACCEPT, Opcode.FIXED_FD_INSTALL}
)
_POLL_UPDATE_USER_DATA = 1 << 2
_MANY = 1_000


class Guard:
    """Looks at what is staged, and at how it ends. It belongs to a session.

    Args:
        network: whether everything is allowed that sockets can do.
        waiting: by ring and user_data, the requests that have not had their last CQE.
    """

    def __init__(
        self,
        *,
        network: bool = False,
        waiting: Mapping[tuple[str, int], Sequence[RequestThing]] | None = None,
    ) -> None:
        """Nothing is bound, nothing is under way."""
        self.network = network
        self._waiting = {} if waiting is None else waiting
        self._believed: dict[tuple[str, int], RequestThing] = {}
        self._told: set[int] = set()
        self._told_ranges: list[range] = []
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
        self._check_user_data(op, ring)
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

    def is_told(self, user_data: int) -> bool:
        """Whether a CQE with that user_data may come that is no request's."""
        return user_data in self._told or any(user_data in one for one in self._told_ranges)

    def _check_user_data(self, op: Op, ring: str) -> None:
        number = _user_data(op)
        others = self._waiting.get((ring, number), ())
        if _brings_fd(op) and all(_brings_fd(one.op) for one in others):
            others = ()  # whose CQE is whose matters to nobody: each brings an fd that is new
        other = self._believed.get((ring, number))
        if others and other is not None and other.request.open:
            raise LineError(
                f"{other.name} has the user_data {number}, and what its CQE says is believed: "
                "choose another"
            )
        if _is_believed(op) and (others or self.is_told(number)):
            raise LineError(
                f"what the CQE of this says is believed, and others with the user_data {number} "
                "may come: choose another, or none"
            )
        told = _tells(op)
        if told is not None:
            self.check_told((told,))

    def check_told(self, numbers: Sequence[int]) -> None:
        """CQEs with these user_data may come that are no request's: by MSG_RING, by tags.

        Raises:
            LineError: one would be taken for that of a request that is believed.
        """
        for (_, number), thing in self._believed.items():
            if number in numbers and thing.request.open:
                raise LineError(
                    f"a CQE that says {number} would be taken for that of {thing.name}, and what "
                    "that one says is believed: choose another number"
                )
        if isinstance(numbers, range):
            self._told_ranges.append(numbers)
        else:
            self._told.update(numbers)

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
        if _is_believed(op):
            if len(self._believed) > _MANY:
                known = self._believed.items()
                self._believed = {key: one for key, one in known if one.request.open}
            self._believed[thing.request.ring, thing.request.user_data] = thing
        if op.opcode is Opcode.BIND and isinstance(fd, FixedFd) and self._is_still(fd.number):
            key = (thing.request.ring, thing.request.index)
            self._binds[key] = self._changes.get(fd.number, 0)
        if any(True for _ in needs(op)) or op.opcode is Opcode.LISTEN:
            self._needing.append(thing)
        places = places_of(op)
        if places:
            if len(self._changing) > _MANY:
                self._changing = [one for one in self._changing if one.request.open]
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

    def made(self, thing: RequestThing, fd: int) -> None:
        """A request has brought an fd."""
        from_place = thing.op.opcode is Opcode.FIXED_FD_INSTALL
        socket = thing.op.opcode is Opcode.SOCKET or thing.request.shared or from_place
        if socket and not self.network:
            from uringlab.lab.bounds.network import keep_home  # noqa: PLC0415 - most need none

            keep_home(fd)

    def forget(self) -> None:
        """The session is over, and holds nothing for its requests any more."""
        self._believed.clear()
        self._changing.clear()
        self._needing.clear()

    def ring_closed(self, ring: str) -> None:
        """Its table is gone: another ring may get its name."""
        self._bound_places = {one for one in self._bound_places if one[0] != ring}


def _user_data(op: Op) -> int:
    return int.from_bytes(op.sqe[32:40], "little")


def _brings_fd(op: Op) -> bool:
    """Whether its CQE's result is an fd, if it is no error."""
    return op.opcode in _RESULT_IS_FD and makes_fd(op.words())


def _is_believed(op: Op) -> bool:
    return op.opcode in _BELIEVED or len(places_of(op)) > 0 or any(True for _ in needs(op))


def _tells(op: Op) -> int | None:
    """The user_data of a CQE that it may bring about besides its own."""
    if op.opcode is Opcode.MSG_RING:
        return op.words()["off"]
    if op.opcode is Opcode.POLL_REMOVE:
        words = op.words()
        return words["off"] if words["len"] & _POLL_UPDATE_USER_DATA else None
    return None


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
