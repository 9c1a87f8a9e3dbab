"""Calls that are known and not built: the verb is there, and says why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uringlab.core.abi import RegisterOp
from uringlab.lab.errors import LineError
from uringlab.lab.spec import CommandSpec
from uringlab.lab.verbs.registering.call import GROUP

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uringlab.lab.reply import Reply
    from uringlab.lab.session import Session
    from uringlab.lab.spec import Command

REFUSED = (RegisterOp.ZCRX_IFQ, RegisterOp.ZCRX_CTRL, RegisterOp.BPF_FILTER)


def _refuse(session: Session, command: Command) -> Iterator[Reply]:
    from uringlab.core.register.served import DECLARED  # noqa: PLC0415 (seldom needed)

    op = next(one for one in REFUSED if _verb(one) == command.spec.name)
    why = LineError(f"{op.kernel_name}: {DECLARED[op]}", command.span, "help register")
    yield from _raise(why)


def _raise(why: LineError) -> Iterator[Reply]:
    raise why


def _verb(op: RegisterOp) -> str:
    return f"register {op.name.lower()}"


SPECS = tuple(
    CommandSpec(
        _verb(op),
        f"{op.doc}: refused here, and says why",
        _refuse,
        _verb(op),
        GROUP,
        more=f"Since Linux {op.since}.",
    )
    for op in REFUSED
)
