"""Every verb, one module a kind. Each module has a `SPECS`.

A module is loaded when one of its verbs is first looked for: `MODULES` says which are in it.
"""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

from uringlab.core.abi import Opcode
from uringlab.lab.spec import CommandTable

if TYPE_CHECKING:
    from uringlab.lab.spec import CommandSpec

OPERATIONS = "operations"
MODULES: dict[str, tuple[str, ...]] = {
    "rings": ("ring new", "ring use", "ring close", "rings"),
    "things": ("file", "pipe", "sockets", "listener", "epoll", "child", "buf", "feed", "drop"),
    OPERATIONS: (),
    "steps": ("publish", "enter", "submit", "wait", "peek", "reap", "do", "repeat"),
    "looking": ("show", "diff"),
    "explain": ("explain",),
    "expect": ("expect",),
    "session": (
        *("help", "history", "source", "save", "record", "record stop"),
        *("sleep", "reset", "quit|exit"),
    ),
}
"""Which verbs a module has, in order; `quit|exit` has an alias. The operations are the opcodes'."""

_VERB = {Opcode.PIPE: "op_pipe"}
"""Where a verb of another kind has the opcode's name."""
_ALIASES = {Opcode.ASYNC_CANCEL: ("cancel",), Opcode.POLL_ADD: ("poll",)}


def names_of(opcode: Opcode) -> tuple[str, ...]:
    """What an operation is called at the prompt: its verb, and its aliases."""
    return (_VERB.get(opcode, opcode.name.lower()), *_ALIASES.get(opcode, ()))


def standard_table() -> CommandTable:
    """A new table with all of the lab's own commands."""
    table = CommandTable()
    for module, verbs in MODULES.items():
        for verb in verbs:
            table.promise(tuple(verb.split("|")), partial(_load, module))
        if module == OPERATIONS:
            for opcode in Opcode:
                table.promise(names_of(opcode), partial(_load, module))
    return table


def _load(module: str, name: str) -> CommandSpec:
    loaded = import_module(f"{__name__}.{module}")
    found: CommandSpec | None
    if module == OPERATIONS:
        found = loaded.operation(name)
    else:
        found = next((spec for spec in loaded.SPECS if spec.name == name), None)
    if found is None:  # pragma: no cover - a test compares MODULES with the modules
        raise LookupError(f"{module} has no verb {name!r}")
    return found
