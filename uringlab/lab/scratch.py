"""The session's own directory: made for it, and removed after it."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from uringlab.lab.errors import LineError

_FDS = Path("/proc/self/fd")


class Scratch:
    """Where relative paths lead. A path that leaves it needs an allowed directory.

    Args:
        allowed: directories outside that may be used as well (`--allow-path`).
    """

    def __init__(self, allowed: tuple[Path, ...] = ()) -> None:
        """Make the directory."""
        self.path = Path(tempfile.mkdtemp(prefix="uringlab-"))
        self._allowed = tuple(path.resolve() for path in allowed)

    def resolve(self, text: str) -> Path:
        """The absolute path for what was typed.

        Raises:
            LineError: it leads out of the scratch directory, and is not allowed.
        """
        if not text or "\0" in text:
            raise LineError("a path cannot be empty or have a zero byte in it")
        path = Path(os.path.normpath(self.path / text))
        # Where it really leads: a link on the way may point anywhere.
        try:
            real = path.parent.resolve() / path.name
            if real.is_symlink():
                real = real.resolve()
        except (OSError, RuntimeError) as error:
            why = error.strerror if isinstance(error, OSError) else "its links lead in a circle"
            raise LineError(f"{text[:40]}: {why}") from error
        for root in (self.path.resolve(), *self._allowed):
            if real == root or root in real.parents:
                return path
        raise LineError(
            f"{text} leads out of the session's directory; start with --allow-path DIR to allow it"
        )

    def remove(self) -> None:
        """Remove it with all that is in it.

        An OPENAT that ended while its ring was being closed leaves an fd that nobody was told
        of. Whoever opened a file here has closed it by now: what is still open is such a one.
        """
        for link in _FDS.iterdir():
            try:
                leads = str(link.readlink())
            except OSError:  # the fd of this very listing
                continue
            if leads.startswith(str(self.path)):
                os.close(int(link.name))
        shutil.rmtree(self.path, ignore_errors=True)
