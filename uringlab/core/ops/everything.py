"""Every opcode that is declared: this loads all modules of ops."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from uringlab.core import ops
from uringlab.core.ops.declare import LOADED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uringlab.core.abi import Opcode
    from uringlab.core.ops.declare import Op

for _module in ops.MODULES:
    import_module(f"uringlab.core.ops.{_module}")

BY_OPCODE: Mapping[Opcode, type[Op]] = LOADED
"""Each opcode's class, by its number."""
