"""`register buffers`, `register buffers_update`, `register clone_buffers`, `unregister buffers`."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from uringlab.core.abi import MAX_FIXED_BUFFERS, RegisterOp
from uringlab.lab.errors import LineError
from uringlab.lab.names import BufferThing, RingThing
from uringlab.lab.registered import Place, count_of
from uringlab.lab.reply import note
from uringlab.lab.spec import CommandSpec, Param
from uringlab.lab.values import Integer, ListOf, NameOf, OnOff
from uringlab.lab.verbs.registering.call import GROUP, call
from uringlab.lab.verbs.registering.words import NONE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from uringlab.core.buffers import BadPage, Buffer
    from uringlab.lab.reply import Reply
    from uringlab.lab.session import Session
    from uringlab.lab.spec import Command
    from uringlab.lab.values import Listed

TAG = Integer(0, 2**64 - 1, "a number of 64 bits; 0 is none")
TAGS = ListOf(TAG, "TAG,…")
TAGS_DOC = "one for each: its CQE comes once it was let go of; 0 is none (5.13)"
STRUCT_BYTES = 32
"""Of io_uring_rsrc_register, and of io_uring_rsrc_update2: nr_args says it."""
_HINTS = {
    errno.EBUSY: "unregister buffers",
    errno.EINVAL: "help register buffers",
    errno.ENXIO: "register buffers b0",
}
_MEMORY = ListOf(
    NameOf("buffer", "NAME"), "b0,b1", {NONE: "nothing: the place stays, or becomes, empty"}
)


def named(session: Session, command: Command, operand: str = "buffers") -> list[BufferThing | None]:
    """The buffers that were named, None for `none`.

    Raises:
        LineError: there is no such buffer.
    """
    typed: Listed = command.get(operand)
    found: list[BufferThing | None] = []
    for one in typed.items:
        if one == NONE:
            found.append(None)
            continue
        thing = session.find(getattr(one, "name", ""), "buffer")
        if not isinstance(thing, BufferThing):  # pragma: no cover - find() has just checked
            raise LineError("not a buffer")
        found.append(thing)
    return found


def memory(things: Sequence[BufferThing | None]) -> list[Buffer | BadPage | None]:
    """What core takes."""
    return [None if one is None else one.buffer for one in things]


def places(things: Sequence[BufferThing | None]) -> list[Place | None]:
    """What is remembered of them."""
    return [
        None if one is None else Place(one.name, one.buffer.address, len(one.buffer))
        for one in things
    ]


def _names(things: Sequence[BufferThing | None]) -> list[str]:
    return [NONE if one is None else one.name for one in things]


def tags_of(session: Session, command: Command) -> list[int] | None:
    """The tags that were typed, or None.

    Raises:
        LineError: a CQE with such a tag would be taken for a request's.
    """
    typed: Listed | None = command.get("tags")
    tags = None if typed is None else [one for one in typed.items if isinstance(one, int)]
    try:
        session.guard.check_told([tag for tag in tags or () if tag])
    except LineError as error:
        error.span = command.span_of("tags")
        raise
    return tags


def sparse_or(command: Command, what: str) -> int | None:
    """How many empty places are wanted; None: what is named is.

    Raises:
        LineError: both were said, or neither.
    """
    count: int | None = command.get("sparse")
    if (count is None) == (command.get(what) is None):
        raise LineError(
            f"either {what}, or how many empty places: {command.spec.signature()}",
            command.span,
            command.spec.example,
        )
    if count is not None and command.get("tags") is not None:
        raise LineError("empty places have no tags", command.span_of("tags"))
    return count


def _register(session: Session, command: Command) -> Iterator[Reply]:
    count = sparse_or(command, "buffers")
    thing = session.ring()
    table = thing.ring.buffers
    if count is not None:
        call(
            session,
            command,
            RegisterOp.BUFFERS2,
            lambda: table.sparse(count),
            count=STRUCT_BYTES,
            hints=_HINTS,
        )
        thing.registered.buffers = [None] * count
        yield note(
            f"the kernel made a table of {count_of(count, 'empty place')}: register buffers_update"
        )
        return
    things = named(session, command)
    tags = tags_of(session, command)
    op = RegisterOp.BUFFERS if tags is None else RegisterOp.BUFFERS2
    call(
        session,
        command,
        op,
        lambda: table.register(memory(things), tags),
        count=len(things) if tags is None else STRUCT_BYTES,
        hints=_HINTS,
    )
    thing.registered.buffers = places(things)
    thing.registered.tag(tags, _names(things))
    size = sum(len(one.buffer) for one in things if one)
    told = ", ".join(f"{at} {name}" for at, name in enumerate(_names(things)))
    yield note(
        f"the kernel pinned {count_of(size, 'byte')}, and knows them by their places: {told}"
    )


def _update(session: Session, command: Command) -> Iterator[Reply]:
    thing = session.ring()
    start = command.get("place")
    things = named(session, command)
    tags = tags_of(session, command)
    done = call(
        session,
        command,
        RegisterOp.BUFFERS_UPDATE,
        lambda: thing.ring.buffers.update(start, memory(things), tags),
        count=STRUCT_BYTES,
        result=int,
        hints=_HINTS | {errno.EINVAL: "show registered"},
    )
    known = thing.registered.buffers
    known[start : start + done] = places(things)[:done]
    thing.registered.tag(tags, _names(things[:done]))
    told = ", ".join(f"{at} {name}" for at, name in enumerate(_names(things[:done]), start))
    failed = "" if done == len(things) else f"; place {start + done} failed, and is as it was"
    yield note(f"the kernel replaced {done} of {len(things)}: {told}{failed}")


def _clone(session: Session, command: Command) -> Iterator[Reply]:
    source = session.find(command.get("ring").name, "ring")
    if not isinstance(source, RingThing):  # pragma: no cover - find() has just checked
        raise LineError("not a ring")
    thing = session.ring()
    start, count, to = (command.get(name, 0) for name in ("place", "count", "to"))
    replace = bool(command.get("replace", 0))
    call(
        session,
        command,
        RegisterOp.CLONE_BUFFERS,
        lambda: thing.ring.buffers.clone(source.ring, start, count, to=to, replace=replace),
        count=1,
        hints={
            errno.EBUSY: f"register clone_buffers {source.name} replace=on",
            errno.ENXIO: f"ring use {source.name}; register buffers b0",
            errno.EOVERFLOW: f"ring use {source.name}; show registered",
        },
    )
    theirs = list(source.registered.buffers)
    wanted = theirs[start : start + count] if count else theirs
    mine = thing.registered.buffers
    mine.extend([None] * (to + len(wanted) - len(mine)))
    mine[to : to + len(wanted)] = wanted
    yield note(
        f"{thing.name} shares {count_of(len(wanted), 'place')} with {source.name}: pinned once. "
        "From now on the two tables go their own ways"
    )


def _unregister(session: Session, command: Command) -> Iterator[Reply]:
    thing = session.ring()
    op = RegisterOp.UNREGISTER_BUFFERS
    call(session, command, op, thing.ring.buffers.unregister, hints=_HINTS)
    thing.registered.buffers = []
    yield note("the table is gone; what is under way goes on with the buffers that it found")


SPECS = (
    CommandSpec(
        "register buffers",
        "pin buffers once, for READ_FIXED, WRITE_FIXED and the like",
        _register,
        "register buffers b0,b1",
        GROUP,
        (
            Param("buffers", _MEMORY, "what goes into places 0, 1, …", positional=True),
            Param("sparse", Integer(1, MAX_FIXED_BUFFERS), "instead: so many empty places (5.19)"),
            Param("tags", TAGS, TAGS_DOC),
        ),
        c="io_uring_register_buffers(&ring, iovecs, n);",
        more="Then `read_fixed f 64 buf=b0` finds the place by the buffer's name. The ring holds "
        "the memory: a name may be dropped. Tags and empty places go by BUFFERS2. Since Linux "
        "5.1; io_uring_register_buffers(3).",
    ),
    CommandSpec(
        "register buffers_update",
        "replace what is in some places of the table of buffers",
        _update,
        "register buffers sparse=4; register buffers_update 1 b0,none,b1",
        GROUP,
        (
            Param(
                "place", Integer(0, 2**32 - 1), "the first place", required=True, positional=True
            ),
            Param("buffers", _MEMORY, "what goes there", required=True, positional=True),
            Param("tags", TAGS, TAGS_DOC),
        ),
        c="io_uring_register_buffers_update_tag(&ring, place, iovecs, tags, n);",
        more="Requests under way go on with the buffer that they found. Since Linux 5.13.",
    ),
    CommandSpec(
        "register clone_buffers",
        "share another ring's registered buffers",
        _clone,
        "register buffers b0; ring new r9; register clone_buffers r0",
        GROUP,
        (
            Param("ring", NameOf("ring", "RING"), "who has them", required=True, positional=True),
            Param("place", Integer(0, 2**32 - 1), "the first of them", default="0"),
            Param("count", Integer(0, 2**32 - 1), "how many; 0: all", default="0"),
            Param("to", Integer(0, MAX_FIXED_BUFFERS), "the first place here", default="0"),
            Param("replace", OnOff(), "this ring may have a table already", default="off"),
        ),
        c="io_uring_clone_buffers_offset(&ring, &source, to, place, count, flags);",
        more="The pages are pinned once, and counted once. Since Linux 6.12; "
        "io_uring_clone_buffers(3).",
    ),
    CommandSpec(
        "unregister buffers",
        "give the table of buffers up",
        _unregister,
        "register buffers b0; unregister buffers",
        GROUP,
        c="io_uring_unregister_buffers(&ring);",
    ),
)
