"""The operations: one verb for each opcode that is declared, made from its declaration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uringlab.core import abi
from uringlab.core.abi import SqeFlags
from uringlab.core.errors import NotSupported, SubmissionQueueFull
from uringlab.core.ops.declare import declared
from uringlab.core.ops.kinds import Bits, Mode, OpenBits, Switch
from uringlab.core.ops.makers import makes_fd
from uringlab.lab.errors import LineError
from uringlab.lab.operands import Operands, can_be_typed, value_for
from uringlab.lab.reply import note
from uringlab.lab.spec import CommandSpec, Param
from uringlab.lab.values import Flags, Integer
from uringlab.lab.verbs import names_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uringlab.core.ops.declare import Op, Operand
    from uringlab.lab.names import RequestThing
    from uringlab.lab.reply import Reply
    from uringlab.lab.session import Session
    from uringlab.lab.spec import Command

SQE_FLAGS = Flags(
    {str(flag.name): int(flag) for flag in SqeFlags},
    {str(flag.name): flag.doc for flag in SqeFlags},
    ("iosqe_",),
)


def build(session: Session, command: Command) -> tuple[Op, Operands]:
    """The op that a command says, and what of the session it uses.

    Raises:
        LineError: an operand is wrong.
    """
    spec_op = command.spec.op
    if spec_op is None:  # pragma: no cover - the caller has checked
        raise LineError("not an operation")
    values: dict[str, Any] = {
        "user_data": command.get("user_data", session.next_user_data()),
        "flags": SqeFlags(command.get("flags", 0)),
        "personality": command.get("personality", 0),
    }
    operands = Operands(session, command)
    for one in spec_op.operands:
        try:
            found = operands.get(one)
        except LineError as error:
            error.span = error.span or command.span_of(one.name)
            raise
        if found is not None:
            values[one.name] = found
    op = spec_op(**values)
    session.guard.check(op, session.current.name if session.current is not None else "")
    if op.flags & SqeFlags.CQE_SKIP_SUCCESS and makes_fd(op.words()):
        raise LineError(
            "with CQE_SKIP_SUCCESS nobody would learn the new fd, and nobody could close it",
            command.span_of("flags"),
        )
    return op, operands


def stage(session: Session, command: Command) -> RequestThing:
    """Build an operation and push it.

    Raises:
        LineError: an operand is wrong or the queue is full. Nothing changed.
    """
    name = command.into or session.next_request_name()
    session.claim(name)
    op, used = build(session, command)
    try:
        thing = session.stage(op, name, buffers=tuple(used.buffers), closes=used.closes)
    except NotSupported as error:
        raise LineError(str(error), command.span) from error
    except SubmissionQueueFull as error:
        raise full(session, command) from error
    if used.made is not None:
        session.names[used.made.name] = used.made
        session.taken.made(used.made.name, len(used.made.buffer))
    return thing


def full(session: Session, command: Command) -> LineError:
    """What is said when there is no free slot."""
    shot = session.ring().observer.look()
    where = f"{shot.staged} staged, {shot.pending} published and not consumed"
    return LineError(
        f"the submission queue is full: all {shot.sq_entries} slots are taken ({where})",
        command.span,
        "submit",
    )


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
    ordered += [one for one in op.operands if one.name not in op.usage and can_be_typed(one)]
    for one in ordered:
        place = one.name in op.usage
        # The only operand that may be left out although the op needs it: a read's buffer.
        required = place and not one.replaceable
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
    params.append(
        Param("personality", Integer(0, 2**16 - 1), "whose credentials: a registered number")
    )
    params.append(Param("user_data", Integer(0), "64 bits that come back; yours to choose"))
    return tuple(params)


def default_text(one: Operand) -> str:
    """A default, as it would be typed."""
    if isinstance(one.kind, Mode):
        return f"{one.default:#o}".replace("0o", "0")
    if isinstance(one.kind, OpenBits):
        return "rdonly"
    if isinstance(one.kind, Switch):
        return "on" if one.default else ""
    if isinstance(one.kind, Bits):
        return str(one.default.name or "").lower() if one.default else ""
    return str(one.default) if isinstance(one.default, int) and one.default != abi.AT_FDCWD else ""


def operation(verb: str) -> CommandSpec:
    """The command for an operation, from its declaration."""
    opcode, names = next((one, names_of(one)) for one in abi.Opcode if names_of(one)[0] == verb)
    op = declared(opcode)
    if op is None:  # pragma: no cover - a test counts the declarations
        raise LookupError(f"{opcode.name} is not declared")
    doc = (op.__doc__ or "").strip().splitlines()[0]
    return CommandSpec(
        verb,
        opcode.doc,
        _run,
        op.example,
        "operations",
        params_of(op),
        names[1:],
        op=op,
        c=op.c_call,
        more=f"{doc} Result: {op.result}. Since Linux {opcode.since}; {op.man}.",
    )
