"""`register probe`, `register query`: what does this kernel know?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from uringlab.core.abi import Opcode, RegisterOp
from uringlab.lab.reply import data
from uringlab.lab.spec import CommandSpec
from uringlab.lab.verbs.registering.call import GROUP, call, call_without_ring

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uringlab.lab.reply import Reply
    from uringlab.lab.session import Session
    from uringlab.lab.spec import Command

_ASKED = 256
"""Opcodes that are asked for in one probe: all that a byte can name."""


def _probe(session: Session, command: Command) -> Iterator[Reply]:
    from uringlab.core.probe import supported_opcodes  # noqa: PLC0415 (only this verb needs it)

    ring = session.ring().ring
    found = call(session, command, RegisterOp.PROBE, lambda: supported_opcodes(ring), count=_ASKED)
    named = {int(one): one.name for one in Opcode}
    known = [named.get(number, str(number)) for number in sorted(found)]
    unknown = [name for number, name in named.items() if number not in found]
    text = f"this kernel knows {len(found)} opcodes, {known[0]} to {known[-1]}" if known else ""
    if unknown:
        text += f"; it does not know {', '.join(unknown)}"
    yield data(text, type="register", opcode="REGISTER_PROBE", known=known, unknown=unknown)


def _query(session: Session, command: Command) -> Iterator[Reply]:
    from uringlab.core.register.query import query  # noqa: PLC0415 (only this verb needs it)

    found = call_without_ring(session, command, RegisterOp.QUERY, query)
    lines = [
        f"this kernel knows {found.request_opcodes} request opcodes and "
        f"{found.register_opcodes} register opcodes",
        f"  features     {_names(found.features)}",
        f"  setup flags  {_names(found.setup_flags)}",
        f"  enter flags  {_names(found.enter_flags)}",
        f"  SQE flags    {_names(found.sqe_flags)}",
    ]
    yield data(
        "\n".join(lines),
        type="register",
        opcode="REGISTER_QUERY",
        request_opcodes=found.request_opcodes,
        register_opcodes=found.register_opcodes,
        features=int(found.features),
        setup_flags=int(found.setup_flags),
        enter_flags=int(found.enter_flags),
        sqe_flags=int(found.sqe_flags),
    )


def _names(flags: object) -> str:
    return str(getattr(flags, "name", "") or "none").replace("|", " ")


SPECS = (
    CommandSpec(
        "register probe",
        "ask which opcodes this kernel knows",
        _probe,
        "register probe",
        GROUP,
        c="struct io_uring_probe *probe = io_uring_get_probe_ring(&ring);",
        more="Since Linux 5.6; io_uring_register_probe(3).",
    ),
    CommandSpec(
        "register query",
        "ask what this kernel knows, with no ring: opcodes, features, flags",
        _query,
        "register query",
        GROUP,
        c="syscall(__NR_io_uring_register, -1, IORING_REGISTER_QUERY, &hdr, 0);",
        more="Its fd is -1. Since Linux 6.18.",
    ),
)
