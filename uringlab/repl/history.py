"""The history file: one line an entry, shared by every REPL, the newest at its end."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from prompt_toolkit.history import History

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_LINES = 10_000
MOST_BYTES = 1 << 20
"""Of the newest; what is older stays in the file, and is not loaded."""


def state_dir() -> Path:
    """Where history is kept: the XDG state folder."""
    root = Path(os.environ.get("XDG_STATE_HOME", ""))
    if not root.is_absolute():  # unset, empty, or what the specification says to ignore
        root = Path.home() / ".local" / "state"
    return root / "uringlab"


class LineHistory(History):
    """Lines that were typed, kept in a file; in memory alone where there can be none.

    A line is appended in one write, so two REPLs at once add to the file and lose nothing. Lines
    that could not be done are kept as well: one wants to mend them.

    Attributes:
        problem: why the file is not written, in words, or "".
    """

    def __init__(self, path: Path | None = None) -> None:
        """Of a file; by default the one in the state folder. Makes the folder, for us alone."""
        super().__init__()
        self.problem = ""
        self._path = path
        try:
            if path is None:
                self._path = path = state_dir() / "history"
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(self._open(os.O_RDWR | os.O_APPEND))
        except (OSError, RuntimeError) as error:  # RuntimeError: there is no home directory
            self._failed(error)

    def load_history_strings(self) -> Iterable[str]:
        """The newest lines, the newest first."""
        if self.problem or self._path is None:
            return []
        try:
            with self._path.open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                file.seek(max(0, size - MOST_BYTES))
                found = file.read(MOST_BYTES).split(b"\n")
        except OSError as error:
            self._failed(error)
            return []
        if size > MOST_BYTES:
            del found[0]  # a part of a line
        lines = [line.decode(errors="replace") for line in found if line.strip()]
        return reversed(lines[-MOST_LINES:])

    def append_string(self, string: str) -> None:
        """Keep what was typed: of several lines that were pasted, each by itself."""
        for line in string.split("\n"):
            if line.strip():
                super().append_string(line)

    def store_string(self, string: str) -> None:
        """Append a line to the file."""
        if self.problem or self._path is None:
            return
        try:
            file = self._open(os.O_WRONLY | os.O_APPEND)
            try:
                os.write(file, string.encode(errors="replace") + b"\n")
            finally:
                os.close(file)
        except OSError as error:
            self._failed(error)

    def _open(self, flags: int) -> int:
        return os.open(str(self._path), flags | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def _failed(self, error: Exception) -> None:
        why = error.strerror if isinstance(error, OSError) else str(error)
        where = self._path if self._path is not None else "the state folder"
        self.problem = f"history is kept in memory only: {where}: {why}"
