"""An opcode: what it does, what it takes, what its result is and how it fails."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uringlab.core.ops.declare import declared
from uringlab.lab.explain.here import here
from uringlab.lab.explain.lines import MOST, WIDE, cut, sentence, told
from uringlab.lab.verbs import names_of

if TYPE_CHECKING:
    from uringlab.core.abi import Opcode
    from uringlab.core.ops.declare import Op
    from uringlab.lab.names import RingThing

_ERRNOS = 4
"""How many are named, at most."""


def explain_opcode(member: Opcode, ring: RingThing | None) -> str:
    """One opcode."""
    head = f"{member.kernel_name} = {int(member)}: {member.doc}"
    op = declared(member)
    page = (op.man if op else member.man).split(", ")[0]
    about = f"Since Linux {member.since}; {page}. {here(member, ring)}"
    if op is None:
        return told(head, about, "uringlab has no verb for it: `sqe` stages it, word by word.")
    first = sentence(" ".join((op.__doc__ or "").split("\n\n")[0].split()))
    taken = ", ".join(one.name for one in op.operands)
    lines = (
        first,
        f"It takes {taken}: help {names_of(member)[0]}" if taken else "",
        f"res: {op.result}.",
        _errnos(list(op.errnos), member.name),
    )
    whole = told(head, about, *lines)
    if len(whole.splitlines()) <= MOST:
        return whole
    return told(head, about, *(cut(line, WIDE - 2) for line in lines))


def _errnos(known: list[str], name: str) -> str:
    if not known:
        return ""
    more = ", …" if len(known) > _ERRNOS else ""
    return f"It fails with {', '.join(known[:_ERRNOS])}{more}: explain {name} {known[0]}"


def explain_failure_of(op: type[Op], name: str, meaning: str) -> str:
    """An errno of one opcode."""
    return told(f"-{name} of {op.title()}: {meaning}", f"See {op.man}; explain {name}.")
