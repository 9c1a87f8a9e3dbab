"""`explain`: an errno, an opcode, a flag, a request, in a few lines."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from uringlab.core import abi
from uringlab.core.errors import errno_text
from uringlab.core.ops.everything import BY_OPCODE
from uringlab.lab.errnos import IN_IO_URING, meaning
from uringlab.lab.errors import LineError, did_you_mean
from uringlab.lab.names import RequestThing
from uringlab.lab.reply import data
from uringlab.lab.spec import CommandSpec, Param
from uringlab.lab.values import Value, to_errno, to_int
from uringlab.lab.verbs.lives import show_request
from uringlab.observe.request import State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uringlab.core.abi import Flags, Named
    from uringlab.lab.lexer import Token
    from uringlab.lab.reply import Reply
    from uringlab.lab.session import Session
    from uringlab.lab.spec import Command

_PREFIXES: dict[str, type[Flags]] = {
    "IOSQE_": abi.SqeFlags,
    "IORING_SETUP_": abi.SetupFlags,
    "IORING_FEAT_": abi.Features,
    "IORING_ENTER_": abi.EnterFlags,
    "IORING_SQ_": abi.SqRingFlags,
    "IORING_CQ_": abi.CqRingFlags,
    "IORING_CQE_F_": abi.CqeFlags,
    "IORING_FSYNC_": abi.FsyncFlags,
    "IORING_TIMEOUT_": abi.TimeoutFlags,
    "IORING_ASYNC_CANCEL_": abi.CancelFlags,
    "IORING_POLL_": abi.PollFlags,
    "POLL": abi.PollEvents,
}

STATES = {
    State.STAGED: "Its SQE is written and only the local tail has moved: the kernel cannot see "
    "it. Next: publish.",
    State.PUBLISHED: "The shared tail covers it: the kernel may see it, and looks when somebody "
    "enters. Next: enter.",
    State.IN_FLIGHT: "The kernel has copied the SQE, so its slot is free again; the memory it "
    "points to is not. Its CQE will come.",
    State.POSTED: "Its CQE lies in the completion queue. Next: reap.",
    State.SEEN: "Its CQE was taken, and what it held was let go. It is over.",
    State.SILENT: "The kernel has it. With CQE_SKIP_SUCCESS no CQE comes unless it fails.",
    State.MISSED: "CQEs came and went between two looks, and its own was, as far as anybody can "
    "tell, one of them: a ring at full speed laps whoever looks at it.",
    State.TAKEN_BACK: "It was published, but the ring was closed before the kernel took it.",
}


class Anything(Value):
    """An errno, a constant, or a name."""

    label = "WHAT"
    wants = "an errno, an opcode, a flag, or a request"

    def read(self, token: Token) -> str:
        """Any word."""
        return token.text

    def options(self) -> dict[str, str]:
        """The constants."""
        return {name: member.doc for name, member in constants().items()}


def constants() -> dict[str, Flags | Named]:
    """Every constant under its full name and, where that is free, its short one."""
    found: dict[str, Flags | Named] = {}
    for opcode in abi.Opcode:
        found[opcode.name] = opcode
        found[f"IORING_OP_{opcode.name}"] = opcode
    for prefix, flags in _PREFIXES.items():
        for flag in flags:
            found[f"{prefix}{flag.name}"] = flag
    for flags in _PREFIXES.values():
        for flag in flags:
            found.setdefault(str(flag.name), flag)
    return found


def explain_errno(number: int) -> str:
    """An errno, and what io_uring means by it."""
    text = f"{-abs(number)}  {errno_text(number)}"
    more = meaning(number, IN_IO_URING)
    lines = [text, f"  {more}" if more else "  io_uring passes it on from the operation itself."]
    for op in BY_OPCODE.values():
        specific = meaning(number, op.errnos)
        if specific:
            lines.append(f"  {op.title()}: {specific}")
    return "\n".join(lines)


def explain_constant(word: str, member: Flags | Named) -> str:
    """An opcode or a flag."""
    if isinstance(member, abi.Opcode):
        op = BY_OPCODE.get(member)
        lines = [
            f"IORING_OP_{member.name} = {int(member)}: {member.doc}. Since Linux {member.since}."
        ]
        if op is not None:
            lines.append(f"  {' '.join((op.__doc__ or '').split())}")
            lines += [f"  {one.name:<13} {one.doc}" for one in op.operands]
            lines.append(f"  res: {op.result}. See {op.man}.")
            lines += [f"  -{name}: {what}" for name, what in op.errnos.items()]
        return "\n".join(lines)
    prefix = next(p for p, flags in _PREFIXES.items() if type(member) is flags)
    meaning = f"{member.doc}. Since Linux {member.since}."
    return f"{prefix}{member.name} = {int(member):#x}\n  {meaning[:1].upper()}{meaning[1:]}"


def _explain(session: Session, command: Command) -> Iterator[Reply]:
    word = command.get("what")
    thing = session.names.get(word)
    if isinstance(thing, RequestThing):
        yield data(explain_request(session, thing), type="explain", what=word)
        return
    number = to_errno(word)
    if number is None and word.startswith("-"):
        number = to_int(word)
    if number is not None and abs(number) in errno.errorcode:
        yield data(explain_errno(number), type="explain", what=word)
        return
    positive = to_int(word)
    if positive is not None and positive in errno.errorcode:
        raise LineError(
            f"an errno has a minus sign here, as in a CQE: {errno_text(positive)}",
            command.span_of("what"),
            f"explain -{positive}",
        )
    known = constants()
    member = known.get(word.upper())
    if member is None:
        what = f" It is a {thing.kind}." if thing is not None else ""
        lower = [name.lower() for name in known]
        hint = f"show {word}" if thing is not None else "explain READ"
        raise LineError(
            f'nothing to explain about "{word}".{what}{did_you_mean(word, lower)}',
            command.span_of("what"),
            hint,
        )
    yield data(explain_constant(word, member), type="explain", what=word)


def explain_request(session: Session, thing: RequestThing) -> str:
    """Where a request is in its life, and what its result means."""
    one = thing.request
    lines = [show_request(session, thing), f"  {STATES[one.state]}"]
    final = one.final
    if final is not None and final.res < 0:
        op = one.decoded().op
        specific = meaning(final.res, op.errnos) if op is not None else None
        general = meaning(final.res, IN_IO_URING) or "the operation itself failed"
        lines.append(f"  {errno_text(final.res)}: {specific or general}")
    elif final is not None:
        op = one.decoded().op
        if op is not None:
            lines.append(f"  res is {op.result}")
    return "\n".join(lines)


SPECS = (
    CommandSpec(
        "explain",
        "an errno, an opcode, a flag or a request, in a few lines",
        _explain,
        "explain -9",
        "looking",
        (
            Param(
                "what",
                Anything(),
                "-9, EBADF, READ, IOSQE_IO_LINK, r1",
                required=True,
                positional=True,
            ),
        ),
    ),
)
