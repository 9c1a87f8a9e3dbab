"""What to begin with: lines that are right, as the project's own texts have them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from uringlab.lab.errors import LineError
from uringlab.lab.examples import SETUP
from uringlab.lab.parser import parse_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uringlab.lab.spec import CommandTable

ROOT = Path(__file__).parent.parent
_BLOCK = re.compile(r"^```.*?\n(.*?)^```", re.MULTILINE | re.DOTALL)


def examples(table: CommandTable) -> list[str]:
    """The example of each command, and what the examples stand on."""
    return [*SETUP, *(spec.example for spec in table)]


def scripts(table: CommandTable) -> Iterator[list[str]]:
    """Lines that stand together in a lesson or a page, as far as they are commands."""
    for path in sorted(
        [*ROOT.glob("*.md"), *ROOT.glob("lessons/*.md"), *ROOT.glob("docs/**/*.md")]
    ):
        for block in _BLOCK.findall(path.read_text()):
            lines = [line for line in block.splitlines() if is_command(line, table)]
            if lines:
                yield lines


def is_command(line: str, table: CommandTable) -> bool:
    """Whether it is a line of the language that does something."""
    try:
        return bool(parse_line(line, table))
    except LineError:
        return False
