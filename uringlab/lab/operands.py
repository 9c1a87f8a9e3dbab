"""From what was typed to what an op takes: names become fds, buffers, paths, addresses."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING, Any

from uringlab.core import abi
from uringlab.core.address import PeerAddress
from uringlab.core.buffers import BadPage, Buffer
from uringlab.core.fd import ALLOC, FixedFd
from uringlab.core.fdroom import FdRoom
from uringlab.core.ops.kinds import (
    OPEN_FLAGS,
    AddressRoom,
    Bits,
    Block,
    BufferIndex,
    Child,
    Choice,
    ClosedFile,
    DirFd,
    Domain,
    File,
    Group,
    InFile,
    InMessage,
    InStructure,
    Iovecs,
    LinkTarget,
    Mode,
    Name,
    OpenBits,
    PathName,
    RegisteredFile,
    RingFile,
    Room,
    Slot,
    SocketAddress,
    Switch,
    TimeSpan,
    UserData,
)
from uringlab.lab.bounds.guard import never_open
from uringlab.lab.errors import LineError
from uringlab.lab.names import BufferThing, ChildThing, FileThing, RequestThing, RingThing
from uringlab.lab.values import (
    AddressOf,
    ChildOf,
    Data,
    Duration,
    FileMode,
    FileOf,
    Fixed,
    Flags,
    GroupOf,
    Integer,
    NameOf,
    OneOf,
    OnOff,
    Path,
    RequestOf,
    RingOf,
    Several,
    SlotOf,
    Str,
    Text,
)

if TYPE_CHECKING:
    from uringlab.core.abi.named import Named
    from uringlab.core.fd import OwnedFd
    from uringlab.core.ops.declare import Operand
    from uringlab.core.ops.kinds import Kind
    from uringlab.lab.session import Session
    from uringlab.lab.spec import Command
    from uringlab.lab.values import Address, Refs, Value

MAX_AUTO = 1 << 20


def value_for(kind: Kind) -> Value:
    """How an operand of that kind is typed."""
    match kind:
        case InStructure():
            return value_for(kind.kind)
        case File() | DirFd() | InFile() | ClosedFile() | RegisteredFile():
            return FileOf()
        case Child():
            return ChildOf()
        case Room() if kind.of is FdRoom:
            return Several("FD,…", "fds by name, as in f,rd")
        case RingFile():
            return RingOf()
        case Block(kernel_writes=True):
            return NameOf("buffer", "NAME")
        case Block():
            return Data()
        case Iovecs():
            text = not kind.kernel_writes
            return Several("b0,b1", "names of buffers, as in b0,b1", text=text)
        case PathName():
            return Path()
        case Name():
            return Str()
        case TimeSpan():
            return Duration()
        case Mode():
            return FileMode()
        case UserData():
            return RequestOf()
        case Slot():
            return SlotOf()
        case SocketAddress():
            return AddressOf()
        case _:
            return _named_value(kind)


def _named_value(kind: Kind) -> Value:
    match kind:
        case Switch() | AddressRoom() | Room():
            return OnOff()
        case OpenBits():
            return Flags(OPEN_FLAGS, {}, ("o_",))
        case Bits():
            prefixes = (kind.names.prefix.lower(),)
            return Flags(_numbers(kind.names), _docs(kind.names), prefixes)
        case Choice():
            return OneOf(kind.names.__name__.upper(), _numbers(kind.names), _docs(kind.names))
        case Domain():
            family = abi.AddressFamily
            return OneOf("FAMILY", _numbers(family), _docs(family))
        case Group():
            return GroupOf()
        case BufferIndex():
            return Integer(0, 2**16 - 1)
        case _:
            return Integer(-(2**63))


def can_be_typed(one: Operand) -> bool:
    """Control data (of SENDMSG) has no form at the prompt; everything else has."""
    return not (isinstance(one.kind, InMessage) and one.default == ())


def _numbers(names: type[Named | abi.Flags]) -> dict[str, int]:
    return {str(one.name): int(one) for one in names}


def _docs(names: type[Named | abi.Flags]) -> dict[str, str]:
    return {str(one.name): one.doc for one in names}


class Operands:
    """Resolves the operands of one command.

    Attributes:
        buffers: names of the buffers that were used.
        closes: the file that the op will close.
        made: a buffer that was made for it.
    """

    def __init__(self, session: Session, command: Command) -> None:
        """For one command of a session."""
        self.session = session
        self.command = command
        self.buffers: list[str] = []
        self.closes: FileThing | None = None
        self.made: BufferThing | None = None

    def get(self, one: Operand) -> Any:
        """The operand's value, as the op takes it; None where it was not given."""
        typed = self.command.get(one.name)
        if isinstance(one.kind, PathName) and typed is not None:
            return self._path(one, typed.text)
        if isinstance(one.kind, DirFd):
            return self._directory(one.name, typed)
        if typed is None:
            return self._missing(one)
        resolved = self._named(one.kind, typed)
        value = self._plain(one.kind, typed) if resolved is None else resolved
        if value is None and one.required and not one.replaceable:
            raise LineError(f"{self.command.spec.name} cannot do without {one.name}")
        return value

    def _named(self, kind: Kind, typed: Any) -> Any:
        """What stands for something of the session; None where it is no such kind."""
        match kind:
            case File() | InFile() | ClosedFile():
                return self.file(typed)
            case Room() if kind.of is FdRoom:
                return FdRoom(self._fds(typed))
            case Child():
                return typed if isinstance(typed, int) else self._child(typed.name)
            case RingFile():
                return self.ring(typed)
            case Block():
                return self._block(typed)
            case Iovecs():
                return self._several(typed)
            case UserData():
                return self._request(typed)
            case SocketAddress():
                return self._address(typed)
        return None

    @staticmethod
    def _plain(kind: Kind, typed: Any) -> Any:
        """What was typed, as the op takes it."""
        match kind:
            case RegisteredFile():
                return typed.index if isinstance(typed, Fixed) else typed
            case Room():
                return kind.of() if typed else None
            case AddressRoom():
                return PeerAddress() if typed else None
            case Name():
                return typed.data
            case Slot():
                return ALLOC if typed == "alloc" else typed
            case Switch():
                return bool(typed)
        return typed

    def _missing(self, one: Operand) -> Any:
        if isinstance(one.kind, BufferIndex) and one.default is not None:
            return self._place()
        if not one.required:
            return None
        if one.replaceable and not self._made_by_itself(one):
            return None
        if isinstance(one.kind, (Room, AddressRoom)):
            return one.kind.of() if isinstance(one.kind, Room) else PeerAddress()
        if not isinstance(one.kind, (Block, Iovecs)):
            return None
        # A read without buf= gets a buffer of its own, of the length it asks for.
        size = self.command.get("len") or getattr(one.kind, "least", 0)
        if size < 0:
            raise LineError(f"a length of {size} bytes?", self.command.span_of("len"))
        if size > MAX_AUTO:
            raise LineError(
                f"{size} bytes are too many for a buffer made by itself: name one",
                self.command.span_of("len"),
                f"buf b0 {size}",
            )
        name = self.session.next_buffer_name()
        self.made = BufferThing(name, Buffer(size))
        self.buffers.append(name)
        return self.made.buffer if isinstance(one.kind, Block) else [self.made.buffer]

    def _made_by_itself(self, one: Operand) -> bool:
        """Where the kernel writes, and nothing else was named to write to."""
        writes = isinstance(one.kind, (Block, Iovecs)) and one.kind.kernel_writes
        sized = self.command.get("len") is not None
        return writes and sized and self.command.get("group") is None

    # -- paths -----------------------------------------------------------------------------

    def _path(self, one: Operand, text: str) -> Any:
        """A path: where the kernel is to begin, it leads down (see `lab/bounds/roots.py`)."""
        scratch = self.session.scratch
        if isinstance(one.kind, LinkTarget):
            return scratch.target(text)
        start = self.command.get("new_dir" if one.name == "new_path" else "dir")
        if self._held() and not (text.startswith("/") and start is None):
            return text
        if start is not None and start != abi.AT_FDCWD and not text.startswith("/"):
            return scratch.below(text) if text else text
        path = scratch.resolve(text)
        if self.command.spec.name in {"renameat", "unlinkat"} and scratch.is_root(path):
            raise LineError(f"{text} is where everything lies: it stays where it is")
        return path

    def _held(self) -> bool:
        """Whether the kernel itself lets nothing out of the directory where the path begins."""
        resolve: int = self.command.get("resolve") or 0
        return bool(resolve and resolve & (abi.ResolveFlags.BENEATH | abi.ResolveFlags.IN_ROOT))

    def _directory(self, name: str, typed: Any) -> Any:
        """The directory that a path begins at: one that the learner has opened, and that stays.

        None, or AT_FDCWD: the session's own. A relative path has been made absolute then; one
        that the kernel holds begins at an fd.
        """
        if typed is None or typed == abi.AT_FDCWD:
            return self.session.scratch.fd if name == "dir" and self._held() else None
        found = self.file(typed)
        if isinstance(found, int) and not never_open(found):
            raise LineError(
                f"fd {found} may be any directory by the time that the kernel looks: name one that "
                "is open, or use -1, which never is"
            )
        return found

    # -- memory --------------------------------------------------------------------------

    def _block(self, typed: Any) -> Buffer | BadPage | bytes:
        return typed.data if isinstance(typed, Text) else self._buffer(typed.name)

    def _several(self, typed: Refs | Text) -> list[Buffer | BadPage | bytes]:
        if isinstance(typed, Text):
            return [typed.data]
        return [self._buffer(name) for name in typed.names]

    def _buffer(self, name: str) -> Buffer | BadPage:
        thing = self.session.buffer(name)
        self.buffers.append(thing.name)
        return thing.buffer

    def _place(self) -> int | None:
        """The place in the ring's table that the first buffer named is registered in."""
        current = self.session.current
        thing = self.session.names.get(self.buffers[0]) if self.buffers else None
        if current is None or not isinstance(thing, BufferThing):
            return None
        place = current.registered.place_of(thing.buffer)
        if place is not None:
            self.session.taken.number(place)
        return place

    # -- other requests, rings -----------------------------------------------------------

    def _request(self, typed: Any) -> int:
        if isinstance(typed, int):
            return typed
        thing = self.session.find(typed.name, "request")
        if not isinstance(thing, RequestThing):  # pragma: no cover - find() has just checked
            raise LineError("not a request")
        return thing.request.user_data

    def _child(self, name: str) -> int:
        thing = self.session.find(name, "child")
        if not isinstance(thing, ChildThing):  # pragma: no cover - find() has just checked
            raise LineError("not a child")
        return thing.pid

    def ring(self, typed: Any) -> Any:
        """The fd of a ring, by its name or as a number.

        Raises:
            LineError: there is none, or the fd is not the learner's.
        """
        if isinstance(typed, int):
            return self._number(typed)
        thing = self.session.find(typed.name, "ring")
        if not isinstance(thing, RingThing):  # pragma: no cover - find() has just checked
            raise LineError("not a ring")
        return thing.ring.fd

    def _address(self, typed: Address) -> Any:
        if typed.name:
            return self._where(typed.name)
        if typed.path:
            return str(self.session.scratch.resolve(typed.path))
        if not self.session.guard.network:
            from uringlab.lab.bounds.network import check_host  # noqa: PLC0415 - most need none

            check_host(typed.host)
        return typed.host, typed.port

    def _where(self, name: str) -> Any:
        """Where a socket of the session is: a listener's port need not be typed."""
        found = self.session.file(name)
        if not found.fd.owned:
            raise LineError(f"{name} is closed, or being closed")
        try:
            asked = socket.socket(fileno=found.fd.number)
        except OSError as error:
            raise LineError(f"{name} has no address: {error.strerror}") from error
        try:
            address = asked.getsockname()
        finally:
            asked.detach()  # the fd is the session's
        if not address or (isinstance(address, tuple) and not address[1]):
            raise LineError(f"{name} has no address yet", None, f"bind {name} 127.0.0.1:0")
        if not self.session.guard.network:
            from uringlab.lab.bounds.network import check_found  # noqa: PLC0415 - most need none

            check_found(address)
        return address

    # -- files -----------------------------------------------------------------------------

    def file(self, typed: Any) -> Any:
        """A file, as an op takes it: an fd, a number, or a place in the table.

        Raises:
            LineError: there is none, or the fd is not the learner's.
        """
        if isinstance(typed, Fixed):
            return FixedFd(typed.index)
        if isinstance(typed, int):
            return self._number(typed)
        found = self.session.file(typed.name)
        return self._owned(found) if found.fd.owned else self._number(found.fd.number)

    def _fds(self, typed: Refs) -> list[int]:
        files = [self.session.file(name) for name in typed.names]
        for one in files:
            if not one.fd.owned:
                raise LineError(f"{one.name} is closed, or being closed")
        return [one.fd.number for one in files]

    def _owned(self, found: FileThing) -> OwnedFd:
        if self._closes():
            self.closes = found
        return found.fd

    def _closes(self) -> bool:
        op = self.command.spec.op
        return op is not None and op.opcode is abi.Opcode.CLOSE

    def _number(self, number: int) -> int | OwnedFd:
        """A bare number may name what is not open, or what the learner made, and nothing else.

        This program's own terminal, ring and event loop are fds, too.
        """
        if number < 0 or not _is_open(number):
            return number
        owned = self.session.owner_of(number)
        if owned is not None:
            self.session.taken.file(number, owned.name)
            return self._owned(owned)
        # Not owned, and still open: a CLOSE has been staged for it, and has not run yet.
        for one in self.session.files():
            if one.fd.number == number and one.leads_here():
                if not self._closes():
                    self.session.taken.file(number, one.name)
                    return number
                raise LineError(
                    f"{one.name} is being closed already. Once it is, a second close shows EBADF",
                    None,
                    "submit",
                )
        raise LineError(
            f"fd {number} is open, but it belongs to this program and not to you",
            None,
            "show names",
        )


def _is_open(fd: int) -> bool:
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True
