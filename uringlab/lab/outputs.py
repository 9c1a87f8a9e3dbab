"""Files that a session writes for whoever runs it: a recording, a script, a program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uringlab.lab.errors import LineError

if TYPE_CHECKING:
    from pathlib import Path

    from uringlab.lab.errors import Span
    from uringlab.lab.session import Session


def output_path(session: Session, text: str) -> Path:
    """Where a file goes. A name alone is where the program was started, for the session's own
    directory goes with it; any other path follows the session's rule for paths.

    Raises:
        LineError: the path leads out; or a name alone, and nobody types: a script that runs
            unattended writes where the program was started only if that was allowed.
    """  # noqa: D205 - one rule, two halves
    return session.output(text)


def write_new(path: Path, text: str, span: Span | None = None) -> None:
    """Write a file that does not exist yet.

    Raises:
        LineError: it exists, or cannot be written. What is there stays as it is.
    """
    try:
        with path.open("x", encoding="utf-8", errors="surrogateescape") as file:
            file.write(text)
    except FileExistsError as error:
        raise LineError(f"{path} exists already: choose another name", span) from error
    except OSError as error:
        raise LineError(f"cannot write {path}: {error.strerror}", span) from error
