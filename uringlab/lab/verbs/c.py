"""`c`: what was done so far, as a C program with liburing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uringlab.lab.outputs import output_path, write_new
from uringlab.lab.reply import data, note
from uringlab.lab.spec import CommandSpec, Param
from uringlab.lab.values import Path

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uringlab.lab.reply import Reply
    from uringlab.lab.session import Session
    from uringlab.lab.spec import Command


def _c(session: Session, command: Command) -> Iterator[Reply]:
    from uringlab.lab.c.program import program  # noqa: PLC0415 - only who asks loads all this

    text = program(session.taken)
    typed = command.get("path")
    if typed is None:
        yield data(text.rstrip("\n"), type="c", program=text)
        return
    path = output_path(session, typed.text)
    write_new(path, text, command.span_of("path"))
    yield note(f"{path}: compile it with  cc -std=gnu11 -o session {path.name} -luring")


SPECS = (
    CommandSpec(
        "c",
        "what was done so far, as a C program with liburing",
        _c,
        "c",
        "looking",
        (
            Param(
                "path", Path(), "a new file to write it into; without it, print it", positional=True
            ),
        ),
        more="A complete program that compiles with liburing 2.3 or later, and does the same steps "
        "in the same order; it prints the CQEs that it takes. A name alone is a file where the "
        "program was started.",
    ),
)
