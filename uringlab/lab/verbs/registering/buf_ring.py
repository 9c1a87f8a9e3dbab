"""`register pbuf_ring`, `unregister pbuf_ring`, `register pbuf_status`, `recycle`, `buf_ring …`."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from uringlab.core.abi import MAX_BUF_RING_ENTRIES, RegisterOp
from uringlab.core.buffers import Buffer
from uringlab.lab.errors import LineError
from uringlab.lab.registered import Group
from uringlab.lab.reply import data, note
from uringlab.lab.spec import CommandSpec, Param
from uringlab.lab.values import GroupOf, Integer, ListOf, NameOf, OnOff
from uringlab.lab.verbs.registering.buffers import named
from uringlab.lab.verbs.registering.call import GROUP, call

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from uringlab.core.buffers import Part
    from uringlab.core.register.buffer_ring import BufferRing
    from uringlab.lab.reply import Reply
    from uringlab.lab.session import Session
    from uringlab.lab.spec import Command
    from uringlab.lab.values import Listed

MOST_BYTES = 1 << 30
_DEFAULT_SIZE = 4096
_DEFAULT_ENTRIES = 8
_NAMES = ListOf(NameOf("buffer", "NAME"), "b0,b1")
_BIDS = ListOf(Integer(0, 2**16 - 1, "the id of a buffer: 0, 1, …"), "BID,…")


def _group(session: Session, command: Command) -> Group:
    """The ring of buffers of that number.

    Raises:
        LineError: the ring in use has none.
    """
    number = command.get("group")
    groups = session.ring().registered.groups
    if number not in groups:
        known = ", ".join(map(str, sorted(groups))) or "none"
        raise LineError(
            f"{session.ring().name} has no ring of buffers for group {number}. There is: {known}",
            command.span_of("group"),
            f"register buf_ring {number}",
        )
    return groups[number]


def _taken(session: Session, command: Command) -> tuple[Buffer | None, Sequence[Buffer | Part]]:
    """The buffers that go into it: those that were named, or parts of a new one."""
    if command.get("bufs") is not None:
        if command.get("size") is not None:
            raise LineError("the buffers have their own sizes", command.span_of("size"))
        found = [one.buffer for one in named(session, command, "bufs") if one is not None]
        for one in found:
            if not isinstance(one, Buffer):
                raise LineError(
                    "the bad page has no bytes that could be given to the kernel",
                    command.span_of("bufs"),
                    "buf b0 64",
                )
        return None, [one for one in found if isinstance(one, Buffer)]
    entries, size = command.get("entries", _DEFAULT_ENTRIES), command.get("size", _DEFAULT_SIZE)
    if entries * size > MOST_BYTES:
        raise LineError(
            f"{entries} buffers of {size} bytes are more than 1 GiB", command.span_of("size")
        )
    try:
        whole = Buffer(entries * size)
    except MemoryError as error:
        raise LineError(str(error), command.span_of("size")) from error
    return whole, [whole.part(at * size, size) for at in range(entries)]


def _register(session: Session, command: Command) -> Iterator[Reply]:
    thing = session.ring()
    number = command.get("group")
    typed: Listed | None = command.get("bufs")
    whole, buffers = _taken(session, command)
    entries = command.get("entries", _power(len(buffers)))
    made: BufferRing = call(
        session,
        command,
        RegisterOp.PBUF_RING,
        lambda: thing.ring.buffer_ring(
            number,
            entries,
            buffers=buffers,
            incremental=bool(command.get("incremental", 0)),
            kernel_memory=bool(command.get("mmap", 0)),
            fill=bool(command.get("fill", 1)),
        ),
        count=1,
        hints={
            errno.EEXIST: f"unregister buf_ring {number}",
            errno.EINVAL: f"register buf_ring {number} entries=8",
        },
    )
    if whole is not None:
        name = session.next_buffer_name()
        session.new_buffer(name, whole)
        session.taken.made(name, len(whole))
        names: tuple[str, ...] = (name,)
        what = f"parts of {name}, {len(buffers[0])} bytes each"
    else:
        names = tuple(getattr(one, "name", "") for one in typed.items) if typed else ()
        what = ", ".join(f"{at} {name}" for at, name in enumerate(names))
    thing.registered.groups[number] = Group(made, names)
    given = len(made.in_ring)
    yield note(
        f"group {number}: a ring of {entries} entries, {given} of {len(buffers)} buffers in it "
        f"({what}). The kernel picks one when it has bytes for a request with group={number}"
    )


def _power(count: int) -> int:
    """The least power of two that has room for so many."""
    return 1 << max(count - 1, 0).bit_length()


def _unregister(session: Session, command: Command) -> Iterator[Reply]:
    thing = session.ring()
    group = _group(session, command)
    op = RegisterOp.UNREGISTER_PBUF_RING
    call(session, command, op, group.ring.unregister, count=1)
    del thing.registered.groups[command.get("group")]
    yield note(
        f"group {group.ring.group} is gone: requests that wait for a buffer of it get ENOBUFS"
    )


def _status(session: Session, command: Command) -> Iterator[Reply]:
    group = _group(session, command)
    head = call(session, command, RegisterOp.PBUF_STATUS, group.ring.head, count=1)
    inside = len(group.ring.in_ring)
    yield data(
        f"group {group.ring.group}: the kernel's head is at {head}; in the ring, as far as you "
        f"have reaped: {inside} of {len(group.ring)}",
        type="register",
        opcode="REGISTER_PBUF_STATUS",
        group=group.ring.group,
        head=head,
        in_ring=list(group.ring.in_ring),
        given_out=list(group.given_out),
    )


def _wanted(command: Command, group: Group) -> list[int]:
    typed: Listed | None = command.get("buffers")
    if typed is None:
        return list(group.given_out)
    found = [one for one in typed.items if isinstance(one, int)]
    # All are looked at before any is put back: a bad line changes nothing.
    for at, bid in enumerate(found):
        if bid >= len(group.ring):
            raise LineError(
                f"group {group.ring.group} has no buffer {bid}: 0 to {len(group.ring) - 1}",
                command.span_of("buffers"),
            )
        if bid not in group.given_out or bid in found[:at]:
            raise LineError(
                f"buffer {bid} is in the ring: reap its completion first",
                command.span_of("buffers"),
                "reap",
            )
    return found


def _recycle(session: Session, command: Command) -> Iterator[Reply]:
    group = _group(session, command)
    wanted = _wanted(command, group)
    if not wanted:
        yield note(f"all buffers of group {group.ring.group} are in the ring")
        return
    group.ring.recycle(*wanted)
    session.taken.gave_back(wanted)
    yield note(
        f"{_ids(wanted)} back in the ring of group {group.ring.group}: written behind its tail, "
        "and the tail moved. No system call was needed"
    )


def _add(session: Session, command: Command) -> Iterator[Reply]:
    group = _group(session, command)
    wanted = _wanted(command, group)
    for bid in wanted:
        group.ring.add(bid)
    session.taken.gave_back(wanted)
    yield note(
        f"{_ids(wanted)} written behind the tail of group {group.ring.group}: the kernel cannot "
        "see it yet"
        if wanted
        else f"all buffers of group {group.ring.group} are in the ring"
    )


def _advance(session: Session, command: Command) -> Iterator[Reply]:
    group = _group(session, command)
    count = group.ring.advance()
    yield note(f"the tail of group {group.ring.group} moved by {count}: the kernel can pick those")


def _ids(bids: Sequence[int]) -> str:
    return f"buffer{'s' if len(bids) > 1 else ''} {', '.join(map(str, bids))}"


_WHICH = Param("group", GroupOf(), "the group's number", required=True, positional=True)
_WHICH_BUFFERS = Param(
    "buffers", _BIDS, "ids of buffers; all that are not in the ring", positional=True
)
_FIRST = "register buf_ring 7 entries=4 size=64"
SPECS = (
    CommandSpec(
        "register pbuf_ring",
        "make a ring of provided buffers: the kernel picks one when it has bytes for it",
        _register,
        _FIRST,
        GROUP,
        (
            _WHICH,
            Param(
                "entries",
                Integer(1, MAX_BUF_RING_ENTRIES * 2),
                "how many entries the ring has: a power of two",
                default=str(_DEFAULT_ENTRIES),
            ),
            Param("size", Integer(1, MOST_BYTES), "bytes of each", default=str(_DEFAULT_SIZE)),
            Param("bufs", _NAMES, "instead: these buffers, with ids 0, 1, …"),
            Param("incremental", OnOff(), "use a buffer up piece by piece (6.12)", default="off"),
            Param("mmap", OnOff(), "the ring's memory is the kernel's (6.4)", default="off"),
            Param("fill", OnOff(), "give all buffers to the kernel at once", default="on"),
        ),
        ("register buf_ring",),
        c="io_uring_setup_buf_ring(&ring, entries, group, 0, &ret);",
        more="Then `recv a 64 group=7` needs no buffer of its own; its CQE says which was picked, "
        "and `recycle 7` gives it back. Since Linux 5.19; io_uring_register_buf_ring(3).",
    ),
    CommandSpec(
        "unregister pbuf_ring",
        "take a ring of provided buffers back",
        _unregister,
        f"{_FIRST}; unregister buf_ring 7",
        GROUP,
        (_WHICH,),
        ("unregister buf_ring",),
        c="io_uring_free_buf_ring(&ring, br, entries, group);",
    ),
    CommandSpec(
        "register pbuf_status",
        "ask how far the kernel has come in a ring of buffers",
        _status,
        f"{_FIRST}; register pbuf_status 7",
        GROUP,
        (_WHICH,),
        ("register buf_status",),
        c="io_uring_buf_ring_head(&ring, group, &head);",
        more="The head is the kernel's, and is in no memory that both see. Since Linux 6.8.",
    ),
    CommandSpec(
        "recycle",
        "give provided buffers back to the kernel",
        _recycle,
        f"{_FIRST} fill=off; recycle 7 0,1",
        GROUP,
        (_WHICH, _WHICH_BUFFERS),
        c="io_uring_buf_ring_add(br, addr, len, bid, mask, 0); io_uring_buf_ring_advance(br, 1);",
        more="`buf_ring add` and `buf_ring advance` are its two steps. Without ids, all that are "
        "not in the ring go back. What was in them is over.",
    ),
    CommandSpec(
        "buf_ring add",
        "write entries behind the tail of a ring of buffers: the kernel cannot see them yet",
        _add,
        f"{_FIRST} fill=off; buf_ring add 7 0",
        GROUP,
        (_WHICH, _WHICH_BUFFERS),
        c="io_uring_buf_ring_add(br, addr, len, bid, mask, offset);",
    ),
    CommandSpec(
        "buf_ring advance",
        "move the tail of a ring of buffers past what was added",
        _advance,
        f"{_FIRST} fill=off; buf_ring add 7 0; buf_ring advance 7",
        GROUP,
        (_WHICH,),
        c="io_uring_buf_ring_advance(br, n);",
    ),
)
