"""The JSON Schema of what `--json` prints, from the classes of the events."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from uringlab.core.storm import Ending
from uringlab.lab.batch import SCHEMA, Outcome
from uringlab.observe.event import KINDS

if TYPE_CHECKING:
    from uringlab.observe.event import Event

NUMBER: dict[str, Any] = {"type": "integer"}
TEXT: dict[str, Any] = {"type": "string"}
FLAG: dict[str, Any] = {"type": "boolean"}
HEX: dict[str, Any] = {"type": "string", "pattern": "^([0-9a-f]{2})*$"}
MAYBE: dict[str, Any] = {"type": ["integer", "null"]}
ARGUMENTS: dict[str, Any] = {"type": "object"}

TYPES: dict[str, Any] = {
    "int": NUMBER,
    "str": TEXT,
    "bytes": HEX,
    "int | None": MAYBE,
    "tuple[tuple[str, int | str], ...]": ARGUMENTS,
}
"""Of a field's annotation, as it is printed."""

OBJECTS: dict[str, tuple[str, dict[str, Any]]] = {
    "session": (
        "The first: what runs, where. `run` of `runs` with --repeat.",
        {
            "schema": {"const": SCHEMA},
            "uringlab": TEXT,
            "kernel": TEXT,
            "run": NUMBER,
            "runs": NUMBER,
        },
    ),
    "end": (
        "The last: how it ended.",
        {"outcome": {"enum": [*Outcome, "interrupted"]}, "exit_code": NUMBER},
    ),
    "note": ("What a command says beside its answer.", {"text": TEXT}),
    "error": (
        "A line that could not be done, or an expectation that did not hold.",
        {
            "outcome": {"enum": list(Outcome)},
            "place": TEXT,
            "message": TEXT,
            "hint": TEXT,
            "line": TEXT,
        },
    ),
    "cqe": (
        "A CQE that `peek` saw, or `reap` or `do` took. `fd`: res is a new fd. With a res below "
        "zero `errno`, its name, and `meaning`, what the opcode means by it.",
        {
            "request": TEXT,
            "user_data": NUMBER,
            "res": NUMBER,
            "flags": NUMBER,
            "fd": FLAG,
            "text": TEXT,
        },
    ),
    "storm": (
        "What came of a `storm`. `seconds` and `rate` (requests a second) have fractions.",
        {
            "ring": TEXT,
            "op": TEXT,
            "done": NUMBER,
            "seconds": {"type": "number"},
            "rate": {"type": "number"},
            "batch": NUMBER,
            "succeeded": NUMBER,
            "failed": NUMBER,
            "errors": {"type": "object", "additionalProperties": NUMBER},
            "smallest": NUMBER,
            "largest": NUMBER,
            "sum": NUMBER,
            "under_way": NUMBER,
            "ending": {"enum": [*Ending, "error"]},
            "text": TEXT,
        },
    ),
    "expect": ("An expectation that held.", {"ok": {"const": True}, "line": TEXT, "text": TEXT}),
    "ring": (
        "A line of `rings`.",
        {"name": TEXT, "staged": NUMBER, "pending": NUMBER, "ready": NUMBER, "text": TEXT},
    ),
    "register": (
        "What a register call answered, where it answers something; more beside it, for each.",
        {"opcode": TEXT, "text": TEXT},
    ),
    "show": ("What `show` showed; more beside it, for some.", {"what": TEXT, "text": TEXT}),
    "explain": (
        "What `explain` explained: `what` as it was typed, of what `kind` it is, its whole `name`.",
        {"what": TEXT, "kind": TEXT, "name": TEXT, "text": TEXT},
    ),
    "c": ("The program that `c` printed.", {"text": TEXT}),
    "help": ("What `help` said.", {"text": TEXT}),
    "history": ("A line of `history`.", {"number": NUMBER, "line": TEXT, "text": TEXT}),
    "diff": ("An event that `diff` told again.", {"event": {"enum": list(KINDS)}, "text": TEXT}),
}
"""Every type but `event`: what it is, and what it always has."""


def schema() -> str:
    """The schema, as text."""
    branches = [_when("type", name, _object(doc, has)) for name, (doc, has) in OBJECTS.items()]
    branches.append(_when("type", "event", {"$ref": "#/$defs/event"}))
    told = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A line of uringlab run --json",
        "description": f"Version {SCHEMA}. Made by make reference. Objects may have more.",
        "type": "object",
        "required": ["type"],
        "properties": {"type": {"enum": [*OBJECTS, "event"]}},
        "allOf": branches,
        "$defs": {"event": _events()},
    }
    return json.dumps(told, indent=1) + "\n"


def _when(key: str, value: str, then: dict[str, Any]) -> dict[str, Any]:
    return {"if": {"properties": {key: {"const": value}}, "required": [key]}, "then": then}


def _object(doc: str, has: dict[str, Any]) -> dict[str, Any]:
    return {"description": doc, "required": list(has), "properties": has}


def _events() -> dict[str, Any]:
    base = {"event": {"enum": list(KINDS)}, "actor": {"enum": ["you", "kernel"]}}
    return {
        **_object("Something that happened on a ring. Times: CLOCK_MONOTONIC, ns.", base),
        "allOf": [_when("event", kind, _event(one)) for kind, one in KINDS.items()],
    }


def _event(one: type[Event]) -> dict[str, Any]:
    doc = (one.__doc__ or "").strip().splitlines()[0]
    return _object(doc, {field.name: TYPES[str(field.type)] for field in fields(one)})
