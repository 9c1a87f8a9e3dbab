"""`register files`, `register files_update`, `register file_alloc_range`, `unregister files`."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from uringlab.core.abi import MAX_FIXED_FILES, REGISTER_FILES_SKIP, RegisterOp
from uringlab.core.fd import FixedFd
from uringlab.lab.errors import LineError
from uringlab.lab.operands import Operands
from uringlab.lab.registered import count_of
from uringlab.lab.reply import note
from uringlab.lab.spec import CommandSpec, Param
from uringlab.lab.values import FileOf, Integer, ListOf
from uringlab.lab.verbs.registering.buffers import (
    STRUCT_BYTES,
    TAGS,
    TAGS_DOC,
    sparse_or,
    tags_of,
)
from uringlab.lab.verbs.registering.call import GROUP, call
from uringlab.lab.verbs.registering.words import NONE, SKIP

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uringlab.lab.reply import Reply
    from uringlab.lab.session import Session
    from uringlab.lab.spec import Command
    from uringlab.lab.values import Listed

_HINTS = {
    errno.EBADF: "show names",
    errno.EBUSY: "unregister files",
    errno.ENXIO: "register files sparse=8",
}
_FDS = ListOf(FileOf(), "FD,…", {NONE: "nothing: the place stays, or becomes, empty"})
_NEW = ListOf(
    FileOf(),
    "FD,…",
    {NONE: "nothing: the place becomes empty", SKIP: "leave that place as it is"},
)
_PLACE = Integer(0, 2**32 - 1, "a place in the table: 0, 1, …")


def _named(session: Session, command: Command) -> tuple[list[int | None], list[str | None]]:
    """The fds that were named, and what to call them; None: that place is left alone.

    Raises:
        LineError: there is no such file.
    """
    typed: Listed = command.get("fds")
    fds: list[int | None] = []
    names: list[str | None] = []
    operands = Operands(session, command)
    for one in typed.items:
        if one == NONE:
            fds.append(None)
            names.append("")
        elif one == SKIP:
            fds.append(REGISTER_FILES_SKIP)
            names.append(None)
        else:
            found = operands.file(one)
            if isinstance(found, FixedFd):
                raise LineError(
                    f"fixed:{found.number} is a place already: name what is open",
                    command.span_of("fds"),
                    "show names",
                )
            number = found if isinstance(found, int) else found.number
            if number < 0:
                raise LineError(
                    f"an empty place is called {NONE}, not {number}", command.span_of("fds")
                )
            fds.append(number)
            names.append(getattr(one, "name", f"fd {number}"))
    return fds, names


def _keep_bound(session: Session, start: int, fds: list[int | None]) -> None:
    """A socket that is bound stays so where it is registered: LISTEN may name it there."""
    for at, number in enumerate(fds, start):
        owner = None if number is None else session.owner_of(number)
        if owner is not None:
            session.guard.registered(session.ring().name, at, owner.fd)


def _register(session: Session, command: Command) -> Iterator[Reply]:
    count = sparse_or(command, "fds")
    thing = session.ring()
    table = thing.ring.files
    session.guard.change_table()
    if count is not None:
        call(
            session,
            command,
            RegisterOp.FILES2,
            lambda: table.sparse(count),
            count=STRUCT_BYTES,
            hints=_HINTS,
        )
        thing.registered.files = [""] * count
        yield note(
            f"the kernel made a table of {count_of(count, 'empty place')}: slot=alloc fills them, "
            "or register files_update"
        )
        return
    fds, names = _named(session, command)
    tags = tags_of(session, command)
    op = RegisterOp.FILES if tags is None else RegisterOp.FILES2
    call(
        session,
        command,
        op,
        lambda: table.register(fds, tags),
        count=len(fds) if tags is None else STRUCT_BYTES,
        hints=_HINTS,
    )
    thing.registered.files = [name or "" for name in names]
    _keep_bound(session, 0, fds)
    thing.registered.tag(tags, thing.registered.files)
    told = ", ".join(f"fixed:{at} {name or NONE}" for at, name in enumerate(names))
    yield note(f"the kernel holds them itself now, and knows them by their places: {told}")


def _update(session: Session, command: Command) -> Iterator[Reply]:
    thing = session.ring()
    start = command.get("place")
    fds, names = _named(session, command)
    tags = tags_of(session, command)
    session.guard.change_table()
    # The kernel empties a place before it looks at what goes there.
    emptied = {at for at, fd in enumerate(fds) if fd is not None and fd != REGISTER_FILES_SKIP}
    op = RegisterOp.FILES_UPDATE if tags is None else RegisterOp.FILES_UPDATE2
    try:
        done = call(
            session,
            command,
            op,
            lambda: thing.ring.files.update(start, fds, tags),
            count=len(fds) if tags is None else STRUCT_BYTES,
            result=int,
            hints=_HINTS | {errno.EINVAL: "show registered"},
        )
    except LineError as error:
        if getattr(error.__cause__, "errno", None) == errno.EBADF:
            thing.registered.put_files(start, [""])
            error.message += f". Place {start} is empty now: the kernel has let go of it first"
        raise
    for at, name in enumerate(names[:done], start):
        if name is not None:
            thing.registered.put_files(at, [name])
    _keep_bound(session, start, fds[:done])
    thing.registered.tag(tags, [name or "" for name in names[:done]])
    failed = ""
    if done in emptied:
        thing.registered.put_files(start + done, [""])
        failed = f"; place {start + done} failed, and is empty now"
    elif done < len(fds):
        failed = f"; place {start + done} failed, and is as it was"
    told = ", ".join(
        f"fixed:{at} {SKIP if name is None else name or NONE}"
        for at, name in enumerate(names[:done], start)
    )
    yield note(f"the kernel did {done} of {len(fds)}: {told}{failed}")


def _alloc_range(session: Session, command: Command) -> Iterator[Reply]:
    thing = session.ring()
    start, count = command.get("place"), command.get("count")
    call(
        session,
        command,
        RegisterOp.FILE_ALLOC_RANGE,
        lambda: thing.ring.files.alloc_range(start, count),
        hints={errno.EINVAL: "register files sparse=8", errno.EOVERFLOW: "show registered"},
    )
    yield note(f"slot=alloc picks from places {start} to {start + count - 1} now")


def _unregister(session: Session, command: Command) -> Iterator[Reply]:
    thing = session.ring()
    op = RegisterOp.UNREGISTER_FILES
    session.guard.change_table()
    call(session, command, op, thing.ring.files.unregister, hints=_HINTS)
    thing.registered.files = []
    yield note("the table is gone; what is under way goes on with the files that it found")


SPECS = (
    CommandSpec(
        "register files",
        "make the table of registered files: fixed:0, fixed:1, …",
        _register,
        "register files f,rd",
        GROUP,
        (
            Param("fds", _FDS, "what goes into places 0, 1, …", positional=True),
            Param("sparse", Integer(1, MAX_FIXED_FILES), "instead: so many empty places (5.19)"),
            Param("tags", TAGS, TAGS_DOC),
        ),
        c="io_uring_register_files(&ring, fds, n);",
        more="Then `read fixed:0 5` finds the file without looking at the process's fds, and "
        "`openat PATH slot=alloc` puts a file there that never has an fd. The ring has the files "
        "itself: an fd may be dropped. Tags and empty places go by FILES2. Since Linux 5.1; "
        "io_uring_register_files(3).",
    ),
    CommandSpec(
        "register files_update",
        "replace what is in some places of the table of files",
        _update,
        "register files sparse=4; register files_update 1 f,none,rd",
        GROUP,
        (
            Param("place", _PLACE, "the first place", required=True, positional=True),
            Param("fds", _NEW, "what goes there", required=True, positional=True),
            Param("tags", TAGS, TAGS_DOC),
        ),
        c="io_uring_register_files_update(&ring, place, fds, n);",
        more="Tags go by FILES_UPDATE2 (5.13). The operation files_update does the same as a "
        "request. Since Linux 5.5.",
    ),
    CommandSpec(
        "register file_alloc_range",
        "say which places slot=alloc picks from",
        _alloc_range,
        "register files sparse=8; register file_alloc_range 4 4",
        GROUP,
        (
            Param("place", _PLACE, "the first place", required=True, positional=True),
            Param(
                "count", Integer(1, 2**32 - 1), "how many places", required=True, positional=True
            ),
        ),
        c="io_uring_register_file_alloc_range(&ring, place, count);",
        more="A new table begins with all of its places. Since Linux 6.0.",
    ),
    CommandSpec(
        "unregister files",
        "give the table of files up",
        _unregister,
        "register files f; unregister files",
        GROUP,
        c="io_uring_unregister_files(&ring);",
    ),
)
