"""`register restrictions`, `register enable_rings`: what a ring may do, said before it starts."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from uringlab.core.abi import Opcode, RegisterOp, SqeFlags
from uringlab.core.abi.named import flag_names
from uringlab.lab.errors import LineError
from uringlab.lab.reply import note
from uringlab.lab.spec import CommandSpec, Param
from uringlab.lab.values import Flags, ListOf, OneOf, OnOff
from uringlab.lab.verbs.registering.call import GROUP, call

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uringlab.lab.reply import Reply
    from uringlab.lab.session import Session
    from uringlab.lab.spec import Command
    from uringlab.lab.values import Listed

_DISABLED = "ring new r9 flags=r_disabled"
_HINTS = {errno.EBADFD: _DISABLED, errno.EBUSY: "register enable_rings", errno.EINVAL: "show ring"}
_OPS = ListOf(
    OneOf("OPCODE", {one.name: int(one) for one in Opcode}, {one.name: one.doc for one in Opcode}),
    "OPCODE,…",
)
_CALLS = ListOf(
    OneOf(
        "CALL",
        {one.name: int(one) for one in RegisterOp},
        {one.name: one.doc for one in RegisterOp},
    ),
    "CALL,…",
)
_FLAGS = Flags(
    {str(flag.name): int(flag) for flag in SqeFlags},
    {str(flag.name): flag.doc for flag in SqeFlags},
    ("iosqe_",),
)
_CLOSING = "SYNC_CANCEL, FILES, FILES_UPDATE (for closing)"


def _numbers(command: Command, name: str) -> list[int]:
    typed: Listed | None = command.get(name)
    found = [] if typed is None else [one for one in typed.items if isinstance(one, int)]
    for one in found:
        if not 0 <= one < 2**8:
            raise LineError(f"{one} is no opcode", command.span_of(name))
    return found


def _restrict(session: Session, command: Command) -> Iterator[Reply]:
    ops, calls = _numbers(command, "ops"), _numbers(command, "calls")
    allowed: int | None = command.get("flags")
    required: int | None = command.get("required")
    for name, bits in (("flags", allowed), ("required", required)):
        if bits is not None and not 0 <= bits < 2**8:
            raise LineError(f"{name}={bits} does not fit the 8 bits", command.span_of(name))
    closable = bool(command.get("closable", 1))
    thing = session.ring()
    count = len(ops) + len(set(calls)) + (allowed is not None) + (required is not None)
    if closable:
        closing = {RegisterOp.SYNC_CANCEL, RegisterOp.FILES, RegisterOp.FILES_UPDATE}
        count += len(closing - set(calls))
    if not count:
        raise LineError(
            "what stays allowed? Name operations, register calls or flags",
            command.span,
            command.spec.example,
        )
    call(
        session,
        command,
        RegisterOp.RESTRICTIONS,
        lambda: thing.ring.restrict(
            register_ops=calls,
            sqe_ops=ops,
            sqe_flags=allowed,
            required_flags=required,
            closable=closable,
        ),
        count=count,
        hints=_HINTS,
    )
    may = [_opcode(one) for one in ops] or ["no operation"]
    may_call = [_call(one) for one in calls] + ([_CLOSING] if closable else [])
    parts = [", ".join(may), f"calls {', '.join(may_call) or 'none'}"]
    if allowed is not None:
        parts.append(f"flags {flag_names(SqeFlags, allowed)}")
    if required is not None:
        parts.append(f"always with {flag_names(SqeFlags, required)}")
    thing.registered.rules = "; ".join(parts)
    thing.registered.closable = closable
    yield note(
        f"from enable_rings on, the kernel allows: {thing.registered.rules}. All else gets EACCES"
    )
    if not closable:
        yield note(
            "closing it may wait in vain for what is under way, and give its memory up for good: "
            "the calls that would end it are refused, too"
        )


def _opcode(number: int) -> str:
    return Opcode(number).name if number in set(Opcode) else str(number)


def _call(number: int) -> str:
    return RegisterOp(number).name if number in set(RegisterOp) else str(number)


def _enable(session: Session, command: Command) -> Iterator[Reply]:
    thing = session.ring()
    call(session, command, RegisterOp.ENABLE_RINGS, thing.ring.enable, hints=_HINTS)
    rules = " Its restrictions hold from now on" if thing.registered.rules else ""
    yield note(f"{thing.name} has started: io_uring_enter takes SQEs from it.{rules}")


SPECS = (
    CommandSpec(
        "register restrictions",
        "say once what a ring may be used for, before it starts",
        _restrict,
        f"{_DISABLED}; register restrictions ops=nop,read",
        GROUP,
        (
            Param("ops", _OPS, "operations that stay allowed; without it none does"),
            Param("calls", _CALLS, "register calls that stay allowed"),
            Param("flags", _FLAGS, "IOSQE_* that requests may have"),
            Param("required", _FLAGS, "IOSQE_* that every request must have"),
            Param(
                "closable",
                OnOff(),
                "keep SYNC_CANCEL, FILES and FILES_UPDATE allowed, which closing the ring needs",
                default="on",
            ),
        ),
        c="io_uring_register_restrictions(&ring, res, n);",
        more="The ring must be made with R_DISABLED; the rules hold from `register enable_rings` "
        "on. With closable=off those three calls are denied, too: then closing may wait in vain, "
        "and gives the memory of what is under way up. Since Linux 5.10; "
        "io_uring_register_restrictions(3).",
    ),
    CommandSpec(
        "register enable_rings",
        "start a ring that was made with R_DISABLED",
        _enable,
        f"{_DISABLED}; register enable_rings",
        GROUP,
        (),
        ("register enable",),
        c="io_uring_enable_rings(&ring);",
        more="With SINGLE_ISSUER, the thread that calls this is the issuer. Since Linux 5.10.",
    ),
)
