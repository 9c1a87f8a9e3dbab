"""`sqe`: an SQE of raw words, to see what the kernel says of nonsense."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from uringlab.core import abi
from uringlab.core.buffers import BadPage, Buffer
from uringlab.core.errors import SubmissionQueueFull
from uringlab.lab.errors import LineError
from uringlab.lab.operands import Operands
from uringlab.lab.rawsqe import RawSqe
from uringlab.lab.reply import note
from uringlab.lab.spec import CommandSpec, Param
from uringlab.lab.values import FileOf, Fixed, Integer, NameOf, OneOf, Ref
from uringlab.lab.verbs.operations import SQE_FLAGS, full

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uringlab.core.ops.declare import Op
    from uringlab.lab.names import RequestThing
    from uringlab.lab.reply import Reply
    from uringlab.lab.session import Session
    from uringlab.lab.spec import Command

_NUMBERS = ("ioprio", "off", "len", "op_flags", "buf_index", "personality", "file_index")
"""Words that are typed as they are."""
_U64 = 2**64 - 1


def stage_raw(session: Session, command: Command) -> RequestThing:
    """Write a raw slot and name its request.

    Raises:
        LineError: a word could do harm, or the queue is full. Nothing changed.
    """
    name = command.into or session.next_request_name()
    session.claim(name)
    used: list[str] = []
    given: dict[str, int | Buffer | BadPage] = {
        "opcode": command.get("opcode"),
        "flags": command.get("flags", 0),
        "fd": -1,
        "user_data": command.get("user_data", session.next_user_data()),
    }
    for word in _NUMBERS:
        if word in command.values:
            value = command.get(word)
            given[word] = value & _U64 if value < 0 and word == "off" else value
    fd = command.get("fd")
    if fd is not None:
        given["fd"] = _fd(session, command, fd)
        if isinstance(fd, Fixed):
            given["flags"] = int(command.get("flags", 0)) | abi.SqeFlags.FIXED_FILE
    for word in ("addr", "addr3"):
        ref = command.get(word)
        if isinstance(ref, Ref):
            used.append(ref.name)
            given[word] = session.buffer(ref.name).buffer
        elif ref is not None:
            given[word] = ref
    raw = RawSqe(given)
    session.guard.check(cast("Op", raw), session.ring().name)
    try:
        return session.stage_raw(raw, name, buffers=tuple(used))
    except SubmissionQueueFull as error:
        raise full(session, command) from error


def _fd(session: Session, command: Command, typed: int | Ref | Fixed) -> int:
    try:
        found = Operands(session, command).file(typed)
    except LineError as error:
        error.span = error.span or command.span_of("fd")
        raise
    return found if isinstance(found, int) else int(found.number)


def _run(session: Session, command: Command) -> Iterator[Reply]:
    thing = stage_raw(session, command)
    request = thing.request
    slot = request.index & session.ring().observer.snapshot.sq_mask
    yield note(
        f"{thing.name}: {request.decoded().name} staged in slot {slot}, as it was typed. "
        "The kernel cannot see it yet"
    )


SPECS = (
    CommandSpec(
        "sqe",
        "an SQE of raw words, to see what the kernel says of nonsense",
        _run,
        "sqe 200 -> r1",
        "operations",
        (
            Param(
                "opcode",
                OneOf(
                    "OPCODE",
                    {one.name: int(one) for one in abi.Opcode},
                    {one.name: one.doc for one in abi.Opcode},
                    high=255,
                ),
                "IORING_OP_*, or a number up to 255",
                required=True,
                positional=True,
            ),
            Param("fd", FileOf(), "the fd", default="-1"),
            Param("addr", NameOf("buffer", "NAME"), "memory: a buffer, or bad"),
            Param("len", Integer(0, 2**32 - 1), "32 bits", default="0"),
            Param("off", Integer(), "64 bits", default="0"),
            Param("op_flags", Integer(0, 2**32 - 1), "32 bits: the opcode's own", default="0"),
            Param("ioprio", Integer(0, 2**16 - 1), "16 bits", default="0"),
            Param("buf_index", Integer(0, 2**16 - 1), "16 bits", default="0"),
            Param("file_index", Integer(0, 2**32 - 1), "32 bits", default="0"),
            Param("addr3", NameOf("buffer", "NAME"), "memory"),
            Param("flags", SQE_FLAGS, "IOSQE_*, or any number up to 255"),
            Param("personality", Integer(0, 2**16 - 1), "16 bits", default="0"),
            Param("user_data", Integer(0), "64 bits that come back; yours to choose"),
        ),
        stages_raw=True,
        c="sqe->opcode = 200; sqe->flags = 0x80; …",
        more="Nothing is checked but what could do harm: an address is a buffer's, and no "
        "more of it than there is; opcodes whose words could lead out of the session have "
        "only their own verbs. The kernel says the rest: `do sqe 200`, `do sqe nop flags=0x80`, "
        "`do sqe read fd=f addr=b0 len=5 ioprio=7`.",
    ),
)
