"""The session's own directory: made for it, and removed after it."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from uringlab.core.fd import OwnedFd
from uringlab.lab.bounds.roots import EVERYTHING, Roots, leads_down
from uringlab.lab.errors import LineError

_FDS = Path("/proc/self/fd")


class Scratch:
    """Where relative paths lead. A path that leaves it needs an allowed directory.

    Args:
        roots: directories outside that may be used as well (`--allow-path`).
    """

    def __init__(self, roots: Roots | None = None) -> None:
        """Make the directory."""
        self._roots = Roots() if roots is None else roots
        # Without links in its own path: what is below it is told by how a path begins.
        self.path = Path(tempfile.mkdtemp(prefix="uringlab-")).resolve()
        self._fd: OwnedFd | None = None

    @property
    def fd(self) -> OwnedFd:
        """The directory itself, to begin a path at that the kernel shall hold below it."""
        if self._fd is None:
            self._fd = OwnedFd(os.open(self.path, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC))
        return self._fd

    def resolve(self, text: str) -> Path:
        """The absolute path for what was typed.

        Raises:
            LineError: it leads out of the scratch directory, and is not allowed.
        """
        _check(text)
        path = self._place(Path(os.path.normpath(self.path / text)))
        if path is None or not self._stays(path, text):
            raise LineError(
                f"{text} leads out of the session's directory; "
                "start with --allow-path DIR to allow it"
            )
        return path

    def below(self, text: str) -> str:
        """The path as typed, where it begins at an open directory: it leads down from there.

        Raises:
            LineError: it has a `..` that leads up.
        """
        _check(text)
        path = os.path.normpath(text)
        if not leads_down(path):
            raise LineError(f"{text} leads up: from an open directory a path leads down only")
        return path

    def target(self, text: str) -> str:
        """What a symbolic link is to point to, as typed: the kernel walks it one day, from there.

        Raises:
            LineError: it would lead up, or is absolute.
        """
        _check(text)
        if not leads_down(text) and EVERYTHING not in self._roots.real:
            raise LineError(
                f"a link to {text} could lead out of the session's directory, now or once it is "
                "renamed: its target is relative, without .. (or start with --allow-path /)"
            )
        return text

    def is_root(self, path: Path) -> bool:
        """Whether it is the scratch directory, or an allowed one: those are not moved."""
        return path in (self.path, *self._roots.real)

    def output(self, text: str, *, typed: bool) -> Path:
        """Where a file shall be that outlives the session: a recording, a saved script.

        Args:
            text: what was typed. A name alone is where the program was started.
            typed: by a person, who may have it there; else it must be an allowed directory.

        Raises:
            LineError: it is not allowed.
        """
        if "/" in text:
            return self.resolve(text)
        _check(text)
        if typed and text not in {".", ".."}:
            return Path.cwd() / text
        path = self._place(Path(os.path.normpath(Path.cwd() / text)))
        if path is None or not self._stays(path, text):
            raise LineError(
                f"{text} would be where the program was started, {Path.cwd()}; "
                "start with --allow-path . to allow it"
            )
        return path

    def _place(self, path: Path) -> Path | None:
        if path == self.path or self.path in path.parents:
            return path
        return self._roots.place(path)

    def _stays(self, path: Path, text: str) -> bool:
        """Whether it does now. Somebody else may have put a link on the way."""
        try:
            real = path.parent.resolve() / path.name
            if real.is_symlink():
                real = real.resolve()
        except (OSError, RuntimeError) as error:
            why = error.strerror if isinstance(error, OSError) else "its links lead in a circle"
            raise LineError(f"{text[:40]}: {why}") from error
        return any(root == real or root in real.parents for root in (self.path, *self._roots.real))

    def remove(self) -> None:
        """Remove it with all that is in it.

        An OPENAT that ended while its ring was being closed leaves an fd that nobody was told
        of. Whoever opened a file here has closed it by now: what is still open is such a one.
        """
        if self._fd is not None:
            self._fd.close()
        for link in _FDS.iterdir():
            try:
                leads = link.readlink()
            except OSError:  # the fd of this very listing
                continue
            if leads == self.path or self.path in leads.parents:
                os.close(int(link.name))
        shutil.rmtree(self.path, ignore_errors=True)


def _check(text: str) -> None:
    if not text or "\0" in text:
        raise LineError("a path cannot be empty or have a zero byte in it")
