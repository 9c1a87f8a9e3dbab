"""A line, as far as it can be read without running it, as while it is typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uringlab.lab.batch import check
from uringlab.lab.complete import complete
from uringlab.lab.errors import LineError
from uringlab.lab.lexer import without_strings
from uringlab.lab.parser import parse_line
from uringlab.lab.script import statements
from uringlab.lab.signature import signature_at
from uringlab.repl.highlight import highlighted

if TYPE_CHECKING:
    from uringlab.lab.session import Session


def read(line: str, session: Session) -> None:
    """Read it in every way there is. A LineError that can be shown is all that may come of it.

    Raises:
        AssertionError: the readers do not agree, or an error does not say where it is.
    """
    told = check(statements([line]), session.table, "x")
    error = told[0] if told else None
    if error is not None:
        assert error.message, line
        assert error.line == line.rstrip("\n")
        assert error.pretty()
        # What is missing at the end is missing one column behind it.
        assert error.span is None or 0 <= error.span.start <= len(line), line
        assert error.span is None or error.span.start <= error.span.end <= len(line) + 1, line
    elif not list(statements([line])):  # blank, or a comment: `check` does not look at it
        error_of(line, session)
    without_strings(line)
    signature_at(line, session.table)
    for candidate in complete(line, session):
        assert candidate.text
    shown = "".join(piece[1] for piece in highlighted(line, session))
    assert shown == line, "what is highlighted is what was typed"


def error_of(line: str, session: Session) -> LineError | None:
    """What the parser has against it."""
    try:
        parse_line(line, session.table)
    except LineError as error:
        return error
    return None
