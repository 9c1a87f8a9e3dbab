"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from uringlab.lab.session import Session

EPILOG = """\b
Exit codes: 0 all well · 1 an expectation failed · 2 a line or an argument is wrong
3 io_uring is not available here · 4 timed out · 130 interrupted
"""
_DIRECTORY = click.Path(exists=True, file_okay=False, path_type=Path)


def _searched(
    context: click.Context, parameter: click.Parameter, paths: tuple[Path, ...]
) -> tuple[Path, ...]:
    """Say at once when a directory cannot be allowed; the session asks again."""
    if paths:
        from uringlab.lab.bounds.roots import Roots  # noqa: PLC0415 - most runs allow none
        from uringlab.lab.errors import LineError  # noqa: PLC0415 - the same

        try:
            Roots(paths)
        except LineError as error:
            raise click.BadParameter(error.message, context, parameter) from error
    return paths


def bounds(function: Callable[..., None]) -> Callable[..., None]:
    """The options for what is outside of a session's bounds: see docs/bounds.md."""
    path = click.option(
        "--allow-path",
        "allow",
        multiple=True,
        type=_DIRECTORY,
        callback=_searched,
        help="A directory outside the session's own that paths may lead to. Repeatable.",
    )
    network = click.option(
        "--allow-network",
        "network",
        is_flag=True,
        help="Let sockets of every kind bind, connect and send to every address.",
    )
    return path(network(function))


RECORD = click.option(
    "--record",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write all that happens into this new file: see uringlab replay.",
)


def recording(path: Path | None) -> Callable[[Session], None] | None:
    """What begins a recording in a new session."""
    if path is None:
        return None

    def begin(session: Session) -> None:
        from uringlab.lab.errors import LineError  # noqa: PLC0415

        try:
            session.recorders.record(path, session.log, session.requests, payload=False)
        except LineError as error:
            raise click.BadParameter(error.message, param_hint="--record") from error

    return begin
