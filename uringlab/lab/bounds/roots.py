"""The directories that paths lead down from, and why none leads out of them.

A path is checked when a line is typed, and the kernel walks it later: in between, other requests
may have renamed what lies on the way, or put a link there. So the check alone holds nothing. What
holds is that below a root no link leads anywhere but down:

- a link that a line makes has a target that leads down: it is relative and has no `..`;
- a directory that is allowed is searched when the session begins, and refused if it has others.

No renaming changes that, as no such target says where it lies. And a path that is typed goes down
from a root, so whatever the kernel finds on the way, in whatever order, it stays below.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from uringlab.lab.errors import LineError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    AnyPath = str | os.PathLike[str]
    Allowed = AnyPath | Iterable[AnyPath]

MOST_ENTRIES = 200_000
"""In an allowed directory, with all below it: to look at more would take seconds."""
EVERYTHING = Path("/")


class Roots:
    """The allowed directories.

    Args:
        allowed: as they were given: one, or several.

    Raises:
        LineError: one is no directory, or has a link that leads out of it.
    """

    def __init__(self, allowed: Allowed = ()) -> None:
        """Search each of them."""
        # A path by itself is no list of letters, of which the first is the whole machine.
        several = (allowed,) if isinstance(allowed, (str, os.PathLike)) else allowed
        paths = [Path(os.path.normpath(Path.cwd() / path)) for path in several]
        given = [(path, path.resolve()) for path in paths]
        self.real = tuple(real for _, real in given)
        self.spelled = tuple(dict.fromkeys((*given, *((real, real) for real in self.real))))
        if EVERYTHING not in self.real:
            for root in self.real:
                self._search(root)

    def place(self, path: Path) -> Path | None:
        """Where an absolute path without `..` leads, if that is below a root; else None."""
        for spelled, real in self.spelled:
            if path == spelled or spelled in path.parents:
                return real / path.relative_to(spelled)
        return None

    def _search(self, root: Path) -> None:
        try:
            for count, link in enumerate(_links(root)):
                if count >= MOST_ENTRIES:
                    raise LineError(
                        f"{root} has more than {MOST_ENTRIES} entries: allow a smaller directory"
                    )
                if link is not None:
                    self._check(root, link)
        except OSError as error:
            raise LineError(
                f"{error.filename or root} cannot be searched for links that lead out of {root}: "
                f"{error.strerror}"
            ) from error

    def _check(self, root: Path, link: str) -> None:
        target = str(Path(link).readlink())
        if leads_down(target):
            return
        absolute = target.startswith("/") and ".." not in target.split("/")
        if absolute and any(
            one == Path(target) or one in Path(target).parents for one in self.real
        ):
            return
        raise LineError(
            f"{root} cannot be allowed: in it is a link that could lead out, {link} -> {target}. "
            "Allow a directory without such links, or / for everything"
        )


def _links(root: Path) -> Iterator[str | None]:
    """Each entry below: the path of a link, None for anything else."""
    todo = [str(root)]
    while todo:
        with os.scandir(todo.pop()) as entries:
            for entry in entries:
                yield entry.path if entry.is_symlink() else None
                if entry.is_dir(follow_symlinks=False):
                    todo.append(entry.path)


def leads_down(target: str) -> bool:
    """Whether a link of that target leads down, wherever it lies."""
    return not target.startswith("/") and ".." not in target.split("/")
