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
    "sqe": ("sqe",),
    "steps": ("publish", "enter", "submit", "wait", "peek", "reap", "do", "repeat"),
    "storm": ("storm",),
    "registering.buffers": (
        *("register buffers", "register buffers_update", "register clone_buffers"),
        "unregister buffers",
    ),
    "registering.files": (
        *("register files", "register files_update", "register file_alloc_range"),
        "unregister files",
    ),
    "registering.buf_ring": (
        *("register pbuf_ring|register buf_ring", "unregister pbuf_ring|unregister buf_ring"),
        *("register pbuf_status|register buf_status", "recycle"),
        *("buf_ring add", "buf_ring advance"),
    ),
    "registering.eventfd": (
        *("eventfd", "register eventfd", "register eventfd_async", "unregister eventfd"),
    ),
    "registering.ring_fd": (
        *("register ring_fds|register ring", "unregister ring_fds|unregister ring"),
    ),
    "registering.restrictions": (
        *("register restrictions", "register enable_rings|register enable"),
    ),
    "registering.personality": ("register personality", "unregister personality"),
    "registering.knowing": ("register probe", "register query"),
    "registering.workers": (
        *("register iowq_aff", "unregister iowq_aff", "register iowq_max_workers"),
    ),
    "registering.clock": ("register clock",),
    "registering.napi": ("register napi", "unregister napi"),
    "registering.resize": ("register resize_rings|register resize",),
    "registering.cancel": ("register sync_cancel",),
    "registering.region": ("register mem_region",),
    "registering.message": ("register send_msg_ring",),
    "registering.zcrx": ("register zcrx_ifq", "register zcrx_ctrl", "register bpf_filter"),
    "looking": ("show", "diff"),
    "explain": ("explain",),
    "expect": ("expect",),
    "c": ("c",),
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
