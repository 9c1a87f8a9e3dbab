"""What is to be run: files, standard input, lines of the command line."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uringlab.lab.script import Statement


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
            text = Path(name).read_text()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not text"
            raise click.UsageError(f"cannot read {name}: {why}") from error
        yield name, statements(text.splitlines())
    for number, line in enumerate(lines, 1):
        yield f"-c {number}", statements(line.splitlines())
