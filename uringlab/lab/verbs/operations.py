"""The operations: one verb for each opcode that is declared, made from its declaration."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from uringlab.core import abi
from uringlab.core.abi import SqeFlags
from uringlab.core.buffers import BadPage, Buffer
from uringlab.core.errors import SubmissionQueueFull
from uringlab.core.ops import Close
from uringlab.core.ops.declare import BY_OPCODE
from uringlab.core.ops.kinds import (
    OPEN_FLAGS,
    Bits,
    Block,
    DirFd,
    File,
    InFile,
    Mode,
    OpenBits,
    PathName,
    RingFile,
    TimeSpan,
    UserData,
)
from uringlab.lab.errors import LineError
from uringlab.lab.names import FD_MAKERS, BufferThing, FileThing, RequestThing
from uringlab.lab.reply import note
from uringlab.lab.spec import CommandSpec, Param
from uringlab.lab.values import (
    Data,
    Duration,
    FileMode,
    FileOf,
    Flags,
    Integer,
    NameOf,
    Path,
    RequestOf,
    Text,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uringlab.core.fd import OwnedFd
    from uringlab.core.ops.declare import Op, Operand
    from uringlab.core.ops.kinds import Kind
    from uringlab.lab.reply import Reply
    from uringlab.lab.session import Session
    from uringlab.lab.spec import Command
    from uringlab.lab.values import Value

SQE_FLAGS = Flags(
    {str(flag.name): int(flag) for flag in SqeFlags},
    {str(flag.name): flag.doc for flag in SqeFlags},
    ("iosqe_",),
)
MAX_AUTO = 1 << 20
_SHORT = {"async_cancel": ("cancel",), "poll_add": ("poll",)}


def value_for(kind: Kind) -> Value:
    """How an operand of that kind is typed."""
    match kind:
        case File() | DirFd() | InFile() | RingFile():
            return FileOf()
        case Block(kernel_writes=True):
            return NameOf("buffer", "NAME")
        case Block():
            return Data()
        case PathName():
            return Path()
        case TimeSpan():
            return Duration()
        case Mode():
            return FileMode()
        case UserData():
            return RequestOf()
        case OpenBits():
            return Flags(OPEN_FLAGS, {}, ("o_",))
        case Bits():
            names = kind.names
            return Flags(
                {str(flag.name): int(flag) for flag in names},
                {str(flag.name): flag.doc for flag in names},
                ("poll",) if names is abi.PollEvents else (),
            )
        case _:
            return Integer(-1)


@dataclass
class Built:
    """An op, and what of the session it uses."""

    op: Op
    buffers: tuple[str, ...]
    closes: FileThing | None
    made: BufferThing | None


class _Builder:
    """Turns the words of one command into an op: names become fds, buffers, paths."""

    def __init__(self, session: Session, command: Command) -> None:
        self.session = session
        self.command = command
        self.buffers: list[str] = []
        self.closes: FileThing | None = None
        self.made: BufferThing | None = None

    def build(self) -> Built:
        spec_op = self.command.spec.op
        if spec_op is None:  # pragma: no cover - the caller has checked
            raise LineError("not an operation")
        values: dict[str, Any] = {
            "user_data": self.command.get("user_data", self.session.next_user_data()),
            "flags": SqeFlags(self.command.get("flags", 0)),
        }
        if spec_op.opcode in FD_MAKERS and values["flags"] & SqeFlags.CQE_SKIP_SUCCESS:
            raise LineError(
                "with CQE_SKIP_SUCCESS nobody would learn the new fd, and nobody could close it",
                self.command.span_of("flags"),
            )
        for one in spec_op.operands:
            try:
                found = self._operand(one)
            except LineError as error:
                error.span = error.span or self.command.span_of(one.name)
                raise
            if found is not None:
                values[one.name] = found
        return Built(spec_op(**values), tuple(self.buffers), self.closes, self.made)

    def _operand(self, one: Operand) -> Any:
        typed = self.command.get(one.name)
        if typed is None:
            return self._missing(one)
        match one.kind:
            case File() | DirFd() | InFile() | RingFile():
                return self._file(typed)
            case Block():
                return self._block(typed)
            case PathName():
                return self.session.scratch.resolve(typed.text)
            case UserData():
                return self._request(typed)
            case _:
                return typed

    def _missing(self, one: Operand) -> Any:
        if not one.required:
            return None
        # A read without buf= gets a buffer of its own, of the length it asks for.
        size = self.command.get("len", 0)
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
        return self.made.buffer

    def _block(self, typed: Any) -> Buffer | BadPage | bytes:
        if isinstance(typed, Text):
            return typed.data
        thing = self.session.find(typed.name, "buffer")
        if not isinstance(thing, BufferThing):  # pragma: no cover - find() has just checked
            raise LineError("not a buffer")
        self.buffers.append(thing.name)
        return thing.buffer

    def _request(self, typed: Any) -> int:
        if isinstance(typed, int):
            return typed
        thing = self.session.find(typed.name, "request")
        if not isinstance(thing, RequestThing):  # pragma: no cover - find() has just checked
            raise LineError("not a request")
        return thing.request.user_data

    def _file(self, typed: Any) -> Any:
        if isinstance(typed, int):
            return self._number(typed)
        found = self.session.file(typed.name)
        return self._owned(found) if found.fd.owned else self._number(found.fd.number)

    def _owned(self, found: FileThing) -> OwnedFd:
        if self.command.spec.op is Close:
            self.closes = found
        return found.fd

    def _number(self, number: int) -> int | OwnedFd:
        """A bare number may name what is not open, or what the learner made, and nothing else.

        This program's own terminal, ring and event loop are fds, too.
        """
        if number < 0 or not _is_open(number):
            return number
        owned = self.session.owner_of(number)
        if owned is not None:
            return self._owned(owned)
        # Not owned, and still open: a CLOSE has been staged for it, and has not run yet.
        for one in self.session.files():
            if one.fd.number == number and one.leads_here():
                if self.command.spec.op is not Close:
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


def stage(session: Session, command: Command) -> RequestThing:
    """Build an operation and push it.

    Raises:
        LineError: an operand is wrong or the queue is full. Nothing changed.
    """
    name = command.into or session.next_request_name()
    session.claim(name)
    built = _Builder(session, command).build()
    try:
        thing = session.stage(built.op, name, buffers=built.buffers, closes=built.closes)
    except SubmissionQueueFull as error:
        shot = session.ring().observer.look()
        where = f"{shot.staged} staged, {shot.pending} published and not consumed"
        raise LineError(
            f"the submission queue is full: all {shot.sq_entries} slots are taken ({where})",
            command.span,
            "submit",
        ) from error
    if built.made is not None:
        session.names[built.made.name] = built.made
    return thing


def _run(session: Session, command: Command) -> Iterator[Reply]:
    thing = stage(session, command)
    request = thing.request
    shot = session.ring().observer.snapshot
    extra = f" into {thing.buffers[0]}" if command.get("buf") is None and thing.buffers else ""
    yield note(
        f"{thing.name}: {request.decoded().name} staged in slot "
        f"{request.index & shot.sq_mask}{extra}. The kernel cannot see it yet"
    )


def params_of(op: type[Op]) -> tuple[Param, ...]:
    """The prompt's operands for an op, from its declaration."""
    params = []
    by_name = {one.name: one for one in op.operands}
    ordered = [by_name[name] for name in op.usage]
    ordered += [one for one in op.operands if one.name not in op.usage]
    for one in ordered:
        place = one.name in op.usage
        # The only operand that may be left out although the op needs it: a read's buffer.
        required = place
        default = "" if one.default is None or place else default_text(one)
        params.append(
            Param(
                one.name,
                value_for(one.kind),
                one.doc,
                required=required,
                positional=place,
                default=default,
            )
        )
    params.append(Param("flags", SQE_FLAGS, "IOSQE_*, as in flags=link|async"))
    params.append(Param("user_data", Integer(0), "64 bits that come back; yours to choose"))
    return tuple(params)


def default_text(one: Operand) -> str:
    """A default, as it would be typed."""
    if isinstance(one.kind, Mode):
        return f"{one.default:#o}".replace("0o", "0")
    if isinstance(one.kind, OpenBits):
        return "rdonly"
    if isinstance(one.kind, Bits):
        return str(one.default.name or "").lower() if one.default else ""
    return str(one.default) if isinstance(one.default, int) and one.default != abi.AT_FDCWD else ""


def _spec(op: type[Op]) -> CommandSpec:
    name = op.opcode.name.lower()
    doc = (op.__doc__ or "").strip().splitlines()[0]
    return CommandSpec(
        name,
        op.opcode.doc,
        _run,
        op.example,
        "operations",
        params_of(op),
        _SHORT.get(name, ()),
        op=op,
        c=op.c_call,
        more=f"{doc} Result: {op.result}. Since Linux {op.opcode.since}; {op.man}.",
    )


SPECS = tuple(_spec(op) for _, op in sorted(BY_OPCODE.items()))
