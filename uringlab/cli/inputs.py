"""What is to be run: files, standard input, lines of the command line."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uringlab.lab.script import Statement

LARGEST = 16 << 20
"""Characters of a script. A device may have no end."""


def inputs(
    files: tuple[str, ...], lines: tuple[str, ...]
) -> Iterator[tuple[str, Iterator[Statement]]]:
    """(where, statements) of each input, in the order they were given."""
    from uringlab.lab.script import statements  # noqa: PLC0415

    if not files and not lines:
        raise click.UsageError("nothing to do: give a FILE, - for standard input, or -c LINE")
    for name in files:
        if name == "-":
            yield "stdin", statements(sys.stdin or ())
            continue
        try:
            with Path(name).open(encoding="utf-8-sig") as file:
                text = file.read(LARGEST + 1)
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not text"
            raise click.UsageError(f"cannot read {name}: {why}") from error
        if len(text) > LARGEST:
            raise click.UsageError(f"cannot read {name}: no script has more than 16 MB")
        yield name, statements(text.splitlines())
    for number, line in enumerate(lines, 1):
        yield f"-c {number}", statements(line.splitlines())
