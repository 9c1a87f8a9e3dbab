"""An errno: what it means in a CQE, from the three system calls, and for which opcodes."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from uringlab.core.errors import INTERNAL, errno_name, errno_text
from uringlab.lab.errnos import FROM_ENTER, FROM_REGISTER, FROM_SETUP, IN_IO_URING, meaning
from uringlab.lab.explain.lines import MOST, Answer, cut, told

if TYPE_CHECKING:
    from uringlab.core.ops.declare import Op

    _Group = tuple[str, list[type[Op]]]

_CALLS = (
    ("io_uring_enter", FROM_ENTER),
    ("io_uring_setup", FROM_SETUP),
    ("io_uring_register", FROM_REGISTER),
)
_ROOM = 96
_NAMED = 4
"""Opcodes in a line, at most."""
_OTHERS = 3


def numbers() -> dict[str, int]:
    """Every errno by each of its names."""
    found = {name: value for name, value in vars(errno).items() if name.startswith("E")}
    return found | {name: value for value, name in INTERNAL.items()}


def explain_errno(number: int) -> Answer:
    """An errno, by its number, whatever the sign.

    Raises:
        KeyError: there is none.
    """
    number = abs(number)
    name = errno_name(number)
    if name not in numbers():
        raise KeyError(number)
    head = f"-{number}  {errno_text(number)}"
    if number in INTERNAL:
        return Answer("errno", name, told(head, IN_IO_URING[name], "See include/linux/errno.h."))
    general = meaning(number, IN_IO_URING) or "No code of io_uring's own returns it."
    calls = [
        f"{call}: {found}"
        for call, table in _CALLS
        if (found := meaning(number, table)) is not None
    ]
    groups = _by_meaning(number)
    where = f"From {'; from '.join(calls)}." if calls else ""
    if not groups and not where:
        where = "What is behind the fd may say it, and then the CQE does: see errno(3)."
    return Answer("errno", name, _with_opcodes((head, general, where), groups, name))


def _with_opcodes(above: tuple[str, ...], groups: list[_Group], name: str) -> str:
    """All that opcodes say of their own, if there is room; else the first, and who else does."""
    whole = told(*above, *(f"{', '.join(map(_title, ops))}: {words}" for words, ops in groups))
    if len(whole.splitlines()) <= MOST:
        return whole
    room = MOST - len(told(*above).splitlines()) - 1
    shown = [
        cut(f"{', '.join(map(_title, ops[:_NAMED]))}{_more(ops)}: {words}", _ROOM)
        for words, ops in groups[:room]
    ]
    rest = [one for _, ops in groups[:room] for one in ops[_NAMED:]]
    rest += [one for _, ops in groups[room:] for one in ops]
    others = ", ".join(map(_title, rest[:_OTHERS]))
    left = f" and {len(rest) - _OTHERS} more" if len(rest) > _OTHERS else ""
    last = f"Others: {others}{left}: " if rest else "The whole of it: "
    return told(*above, *shown, f"{last}explain {name} OPCODE")


def _more(ops: list[type[Op]]) -> str:
    return ", …" if len(ops) > _NAMED else ""


def _title(op: type[Op]) -> str:
    return op.title()


def _by_meaning(number: int) -> list[_Group]:
    """(words, opcodes) of all that say something of their own, the most shared words first."""
    from uringlab.core.ops.everything import BY_OPCODE  # noqa: PLC0415 (not for completion)

    groups: dict[str, list[type[Op]]] = {}
    for op in BY_OPCODE.values():
        words = meaning(number, op.errnos)
        if words is not None:
            groups.setdefault(words, []).append(op)
    return sorted(groups.items(), key=lambda one: -len(one[1]))
