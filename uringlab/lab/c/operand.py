"""An operand in C: what is declared for it, what stands in the call, what is set in the SQE."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from uringlab.core import abi
from uringlab.core.abi import AddressFamily, SqeFlags
from uringlab.core.childinfo import ChildInfo
from uringlab.core.epollroom import EpollRoom
from uringlab.core.fd import ALLOC as ANY_PLACE
from uringlab.core.fdroom import FdRoom
from uringlab.core.ops.kinds import (
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
    Iovecs,
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
from uringlab.core.ops.kinds.fds import FirstSlot, InFile
from uringlab.core.ops.messages import Vector
from uringlab.core.statx import Statx
from uringlab.lab.c.constant import ALLOC, choice, constant, flags, open_flags, slot
from uringlab.lab.c.literal import number, string
from uringlab.lab.values import Address, Fixed, Ref, Refs, Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uringlab.core.ops.declare import Operand
    from uringlab.core.ops.kinds import Kind
    from uringlab.lab.c.writer import Writer
    from uringlab.lab.spec import Command
    from uringlab.lab.steps_taken import Step

NS = 1_000_000_000


@dataclass
class Sqe:
    """The SQE of one operation, as C will fill it in.

    Attributes:
        values: what stands in a call, by the operand's name.
        words: what the SQE's words are, where no call sets them: (word, text, is an address).
        flags: IOSQE_*, besides those that were typed.
    """

    writer: Writer
    command: Command
    step: Step
    stem: str
    values: dict[str, str] = field(default_factory=dict)
    words: dict[str, list[tuple[str, str, bool]]] = field(default_factory=dict)
    flags: int = 0
    group: bool = False

    def add(self, name: str, text: str, word: str, *, address: bool = False) -> None:
        """An operand's text, for a call and for its word."""
        self.values[name] = text
        if word:
            self.words.setdefault(name, []).append((word, text, address))

    def also(self, name: str, word: str, text: str) -> None:
        """One more word that the operand sets."""
        self.words.setdefault(name, []).append((word, text, False))

    # -- memory ------------------------------------------------------------------------

    @property
    def copies(self) -> int:
        """How many of everything there must be: a loop needs one for each time."""
        return self.writer.times if self.writer.loop else 1

    def variable(self, what: str) -> str:
        """A new name for something of this request's."""
        return self.writer.names.fresh(f"{self.stem}_{what}")

    def room(self, kind: str, what: str) -> str:
        """Room that the kernel fills in, as an array of one; it lasts as long as the program."""
        name = self.variable(what)
        if self.copies == 1:
            self.writer.declare(name, f"static {kind} {name};")
            return f"&{name}"
        self.writer.declare(name, f"static {kind} {name}[{self.copies}];")
        return f"&{name}[{self.writer.loop}]"

    def constant_object(self, kind: str, what: str, fields: str) -> str:
        """Something that the kernel copies when it takes the SQE: the same each time around."""
        name = self.variable(what)
        self.writer.declare(name, f"{kind} {name} = {fields};")
        return f"&{name}"

    def memory(self, typed: Any) -> tuple[str, str]:
        """Where it is, and how many bytes there are."""
        if isinstance(typed, Text):
            return string(typed.data), number(len(typed.data))
        if isinstance(typed, Ref):
            found = self.writer.buffer(typed.name)
            return found.variable, number(found.size)
        return self.made_by_itself()

    def made_by_itself(self) -> tuple[str, str]:
        """A buffer that the session made, because none was named."""
        if not self.step.made:
            return "NULL", "0"
        name, size = self.step.made[0]
        found = self.writer.new_buffer(name, size, self.copies)
        for other, _ in self.step.made[1:]:
            self.writer.buffers[other] = found
        if self.copies == 1:
            return found.variable, number(size)
        return f"{found.variable} + {number(size)} * {self.writer.loop}", number(size)

    def iovecs(self, typed: Any) -> tuple[str, str]:
        """An array of pieces of memory, and how many."""
        if isinstance(typed, Refs):
            pieces = [self.memory(Ref(name)) for name in typed.names]
        else:
            pieces = [self.memory(typed)]
        name = self.variable("iov")
        rows = ", ".join(f"{{ {base}, {size} }}" for base, size in pieces)
        self.writer.declare(name, f"struct iovec {name}[] = {{ {rows} }};")
        return name, str(len(pieces))

    def address(self, typed: Address) -> tuple[str, str]:
        """A socket's address, and its length."""
        port_of = self.writer.ports.get(typed.port) if typed.host == "127.0.0.1" else None
        name = self.variable("address")
        where = f"(struct sockaddr *)&{name}"
        if typed.name or port_of:
            fd = self.fd_named(typed.name or str(port_of))
            length = self.variable("address_len")
            self.writer.declare(name, f"struct sockaddr_storage {name};")
            call = self.writer.call("address_of")
            self.writer.declare(length, f"socklen_t {length} = {call}({fd}, &{name});")
            return where, length
        if typed.path:
            path = string(self.writer.path(typed.path).encode(errors="surrogateescape"))
            self.writer.declare(
                name,
                f"struct sockaddr_un {name} = {{ .sun_family = AF_UNIX, .sun_path = {path} }};",
            )
        elif ":" in typed.host:
            self.writer.declare(
                name,
                f"struct sockaddr_in6 {name} = {{ .sin6_family = AF_INET6, "
                f".sin6_port = htons({typed.port}) }};",
            )
            self.writer.before(f'inet_pton(AF_INET6, "{typed.host}", &{name}.sin6_addr);')
        else:
            self.writer.declare(
                name,
                f"struct sockaddr_in {name} = {{ .sin_family = AF_INET, "
                f".sin_port = htons({typed.port}) }};",
            )
            self.writer.before(f'inet_pton(AF_INET, "{typed.host}", &{name}.sin_addr);')
        return where, f"sizeof {name}"

    # -- files -------------------------------------------------------------------------

    def fd_named(self, name: str) -> str:
        """The variable of an open file."""
        return self.writer.fd(name)

    def fd(self, typed: Any) -> str:
        """An fd: by name, or by a number that may be somebody's."""
        if isinstance(typed, Ref):
            return self.fd_named(typed.name)
        if isinstance(typed, Fixed):
            return str(typed.index)
        if typed == abi.AT_FDCWD:
            return "AT_FDCWD"
        name = self.step.files.get(typed)
        return number(typed) if name is None else self.fd_named(name)

    def path(self, typed: Text) -> str:
        """A path, below the program's own directory as it is below the session's."""
        return string(self.writer.path(typed.text).encode(errors="surrogateescape"))

    def time(self, ns: int, what: str = "time") -> str:
        """A `struct __kernel_timespec`."""
        seconds, rest = divmod(ns, NS)
        fields = [f".tv_sec = {number(seconds)}"] if seconds or not rest else []
        fields += [f".tv_nsec = {rest}"] if rest else []
        return self.constant_object("struct __kernel_timespec", what, f"{{ {', '.join(fields)} }}")

    def request(self, typed: Any) -> str:
        """A request's user_data."""
        if isinstance(typed, Ref):
            found = self.writer.request(typed.name)
            return found[1] if found is not None else number(0)
        return number(typed)


ROOMS: Mapping[type[Any], tuple[str, str]] = {
    Statx: ("struct statx", "statx"),
    ChildInfo: ("siginfo_t", "info"),
}


def fill(sqe: Sqe, one: Operand) -> None:
    """Say an operand in C. Those that an op packs into a structure are said by `packed.py`."""
    typed = sqe.command.get(one.name)
    value = one.default if typed is None else typed
    kind, name, word = one.kind, one.name, one.word
    if isinstance(kind, BufferIndex) and value == 0 and sqe.step.number >= 0:
        value = sqe.step.number  # the buffer's name said which
    match kind:
        case Room():
            _room(sqe, kind, one, typed)
        case AddressRoom():
            _address_room(sqe, one, typed)
        case Block():
            _block(sqe, kind, one, typed)
        case Vector() | Iovecs() if typed is not None or one.required:
            text, count = sqe.iovecs(typed)
            sqe.add(name, text, word, address=True)
            sqe.values["count"] = count
            sqe.also(name, "len", count)
            if isinstance(kind, Vector):
                sqe.also(name, "ioprio", constant(abi.RecvSendFlags.SEND_VECTORIZED))
        case SocketAddress() if typed is not None:
            text, length = sqe.address(typed)
            sqe.add(name, text, word, address=True)
            sqe.values[f"{name}_len"] = length
            # The low half of that word is the length of an address, in SEND.
            sqe.also(name, "addr_len" if kind.length == "file_index" else kind.length, length)
        case ClosedFile():
            _closed(sqe, one, typed)
        case _ if value is None:
            return
        case _:
            _plain(sqe, one, value)


def _room(sqe: Sqe, kind: Room, one: Operand, typed: Any) -> None:
    count = "0"
    if kind.of is FdRoom:
        fds = [sqe.fd_named(name) for name in typed.names] if isinstance(typed, Refs) else []
        array = sqe.variable("fds")
        inside = ", ".join(fds) or "-1, -1"
        if sqe.copies > 1 and not fds:
            sqe.writer.declare(array, f"static int {array}[{sqe.copies}][2];")
            text = f"{array}[{sqe.writer.loop}]"
        else:
            sqe.writer.declare(array, f"int {array}[] = {{ {inside} }};")
            text = array
        count = str(len(fds) or 2)
    elif kind.of is EpollRoom:
        array = sqe.variable("events")
        size = EpollRoom().size
        sqe.writer.declare(array, f"static struct epoll_event {array}[{size * sqe.copies}];")
        text = array if sqe.copies == 1 else f"{array} + {size} * {sqe.writer.loop}"
        count = str(size)
    else:
        text = sqe.room(*ROOMS[kind.of])
    sqe.add(one.name, text, one.word, address=True)
    sqe.values[f"{one.name}_len"] = count
    if kind.count:
        sqe.also(one.name, kind.count, count)


def _address_room(sqe: Sqe, one: Operand, typed: Any) -> None:
    if not typed:
        sqe.values[one.name] = sqe.values[f"{one.name}_len"] = "NULL"
        return
    room = sqe.room("struct sockaddr_storage", "peer")
    length = sqe.room("socklen_t", "peer_len")
    sqe.writer.say(f"{length.removeprefix('&')} = sizeof(struct sockaddr_storage);")
    sqe.add(one.name, f"(struct sockaddr *){room}", one.word, address=True)
    sqe.values[f"{one.name}_len"] = length
    length_word = getattr(one.kind, "length", "off")
    sqe.words.setdefault(one.name, []).append((length_word, length, True))


def _block(sqe: Sqe, kind: Block, one: Operand, typed: Any) -> None:
    if typed is None and not sqe.step.made:
        sqe.values[one.name] = "NULL"
        sqe.values.setdefault("len", "0")
        return
    if isinstance(typed, int):  # the value of a socket's option
        value = sqe.constant_object("int", "value", number(typed))
        text, size = value, "sizeof(int)"
    else:
        text, size = sqe.memory(typed)
    sqe.add(one.name, text, one.word, address=True)
    sqe.values[f"{one.name}_size"] = size
    if kind.length:
        sqe.values.setdefault("len", size)
        if sqe.command.get("len") is None:
            sqe.also(one.name, kind.length, size)


def _closed(sqe: Sqe, one: Operand, typed: Any) -> None:
    if isinstance(typed, Fixed):
        sqe.values["place"] = str(typed.index)
        sqe.values["slot"] = slot(typed.index)
    elif typed is not None:
        sqe.add(one.name, sqe.fd(typed), one.word)


def _plain(sqe: Sqe, one: Operand, value: Any) -> None:
    kind, name, word = one.kind, one.name, one.word
    match kind:
        case Group():
            sqe.add(name, number(value), word)
            sqe.flags |= SqeFlags.BUFFER_SELECT
            sqe.group = True
        case Child() if isinstance(value, Ref):
            sqe.add(name, sqe.fd_named(value.name), word)
        case FirstSlot():
            free = value in ("alloc", ANY_PLACE)
            sqe.add(name, ALLOC if free else str(value), word)
        case Slot():
            sqe.add(name, slot("alloc" if value is ANY_PLACE else value), word)
            sqe.values["place"] = str(value)
        case PathName():
            sqe.add(name, sqe.path(value), word, address=True)
        case Name():
            sqe.add(name, string(value.data), word, address=True)
        case TimeSpan():
            sqe.add(name, sqe.time(value), word, address=True)
        case UserData():
            sqe.add(name, sqe.request(value), word)
        case InFile() | DirFd() | File() | RingFile():
            _file(sqe, one, value)
        case _:
            sqe.add(name, _as_number(kind, int(value)), word)


def _file(sqe: Sqe, one: Operand, value: Any) -> None:
    kind, name, word = one.kind, one.name, one.word
    match kind:
        case InFile():
            sqe.add(name, sqe.fd(value), "splice_fd_in")
            if isinstance(value, Fixed):
                sqe.also(name, "op_flags", constant(abi.SpliceFlags.FD_IN_FIXED))
        case RingFile() if isinstance(value, Ref):
            sqe.add(name, f"{sqe.writer.ring(value.name)}.ring_fd", word)
        case RegisteredFile():
            sqe.add(name, str(value.index if isinstance(value, Fixed) else value), word)
            sqe.flags |= SqeFlags.FIXED_FILE
        case _:
            sqe.add(name, sqe.fd(value), word)
            if isinstance(value, Fixed):
                sqe.flags |= SqeFlags.FIXED_FILE


def _as_number(kind: Kind, value: int) -> str:
    """A number, by its name where it has one."""
    match kind:
        case Switch():
            return constant(kind.flag) if value else "0"
        case OpenBits():
            return open_flags(value)
        case Bits():
            return flags(kind.names, value)
        case Choice():
            return choice(kind.names, value)
        case Domain():
            return choice(AddressFamily, value)
        case Mode():
            return f"0{value:o}" if value else "0"
    return number(value)
