"""Every module that a line may come through, imported at once: a later one would not be seen."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
PACKAGES = ("core", "observe", "lab", "repl")
DECLARED = ("uringlab.core.abi", "uringlab.core.ops")
"""Tables and declarations: hardly a branch in them, and the most of what there is to instrument."""
RUNS = ("uringlab.core", "uringlab.observe", "uringlab.lab.verbs", "uringlab.lab.explain")
"""What a line comes to only when it is run."""
UNSEEN = {"parser": RUNS, "session": DECLARED}
"""What is not instrumented, by target: instrumenting takes its time, too."""


def modules() -> Iterator[str]:
    """Their names. Nothing is imported for it."""
    for package in PACKAGES:
        folder = ROOT / "uringlab" / package
        for path in sorted(folder.rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            if ".native." not in name:
                yield name.removesuffix(".__init__")


def unseen(target: str) -> list[str]:
    """Names of the modules that the fuzzer of that target need not see."""
    return [name for name in modules() if name.startswith(UNSEEN[target])]


def import_everything() -> None:
    """Import them."""
    for name in modules():
        importlib.import_module(name)
