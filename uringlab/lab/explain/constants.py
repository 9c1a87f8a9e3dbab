"""Every constant of core/abi, found by walking the package, and the names it answers to."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from uringlab.core import abi
from uringlab.core.abi import Flags, Named, Opcode, RegisterOp
from uringlab.lab.explain.here import here
from uringlab.lab.explain.lines import Answer, told
from uringlab.lab.explain.notes import NOTES
from uringlab.lab.explain.opcode import explain_opcode
from uringlab.lab.explain.register_call import explain_register_call

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uringlab.lab.names import RingThing

Member = Flags | Named
_FAMILY = ("IORING_", "IO_URING_", "IOU_")
"""What may be left out before a name: SETUP_SQPOLL, FEAT_NODROP, PBUF_RING_INC."""


class Names(NamedTuple):
    """What can be typed, in capitals.

    Attributes:
        whole: the kernel's names. Two classes may have one in common, as AT_EMPTY_PATH.
        short: what may stand for them: of each, the kernel's names it could mean.
    """

    whole: Mapping[str, tuple[Member, ...]]
    short: Mapping[str, tuple[str, ...]]


@cache
def classes() -> tuple[type[Flags | Named], ...]:
    """Every class of constants in core/abi."""
    found: list[type[Flags | Named]] = []
    for module in pkgutil.iter_modules(abi.__path__):
        inside = import_module(f"{abi.__name__}.{module.name}")
        found += [
            one
            for one in vars(inside).values()
            if isinstance(one, type)
            and issubclass(one, Flags | Named)
            and one.__module__ == inside.__name__
            and one not in (Flags, Named)
        ]
    return tuple(found)


@cache
def names() -> Names:
    """Every name of every constant."""
    whole: dict[str, list[Member]] = {}
    short: dict[str, list[str]] = {}
    for kind in classes():
        for member in kind.__members__.values():
            full = member.kernel_name
            whole.setdefault(full.upper(), []).append(member)
            for brief in {str(member.name).upper(), _without_family(full.upper())}:
                if full not in short.setdefault(brief, []):
                    short[brief].append(full)
    return Names(
        {name: tuple(members) for name, members in whole.items()},
        {name: tuple(full) for name, full in short.items() if name not in whole},
    )


def _without_family(name: str) -> str:
    return next((name.removeprefix(one) for one in _FAMILY if name.startswith(one)), name)


def explain_constant(members: tuple[Member, ...], ring: RingThing | None) -> Answer:
    """A constant; several where classes share a name of the kernel's."""
    first = members[0]
    if isinstance(first, Opcode):
        return Answer("opcode", first.kernel_name, explain_opcode(first, ring))
    if isinstance(first, RegisterOp):
        return Answer("register call", first.kernel_name, explain_register_call(first, ring))
    value = f"{int(first):#x}" if isinstance(first, Flags) else str(int(first))
    text = told(
        f"{first.kernel_name} = {value}: {first.doc}",
        NOTES.get(first.kernel_name, ""),
        *(f"{where(one)}. Since Linux {one.since}; {one.man}." for one in members),
        here(first, ring),
    )
    return Answer("flag" if isinstance(first, Flags) else "number", first.kernel_name, text)


def where(member: Member) -> str:
    """Where the kernel looks for it: what its class says of itself."""
    doc = str(type(member).__doc__).split("\n\n")[0]
    return " ".join(doc.split()).replace("`", "").rstrip(".")


def explain_several(word: str, full: tuple[str, ...]) -> Answer:
    """A short name that more than one constant has."""
    known = names().whole
    shown = [f"{name}: {known[name.upper()][0].doc}" for name in full[:5]]
    if len(full) > len(shown):
        shown[-1] = ", ".join(full[4:])
    return Answer("several", word, told(f"{word.upper()} stands for {len(full)} things:", *shown))


def choose(full: tuple[str, ...]) -> str:
    """The one of several that a short name means: an opcode is what everybody means by it."""
    opcodes = [name for name in full if name.startswith("IORING_OP_")]
    return opcodes[0] if len(opcodes) == 1 else (full[0] if len(full) == 1 else "")
