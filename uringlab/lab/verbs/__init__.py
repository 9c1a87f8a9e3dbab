"""Every verb, one module a kind. Each module has a `SPECS`."""

from __future__ import annotations

from uringlab.lab.spec import CommandTable
from uringlab.lab.verbs import (
    expect,
    explain,
    looking,
    operations,
    rings,
    session,
    steps,
    things,
)


def standard_table() -> CommandTable:
    """A new table with all of the lab's own commands."""
    table = CommandTable()
    for module in (rings, things, operations, steps, looking, explain, expect, session):
        for spec in module.SPECS:
            table.add(spec)
    return table
