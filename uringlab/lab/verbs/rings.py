"""`ring new`, `ring use`, `ring close`, `rings`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uringlab.core.abi import MAX_CQ_ENTRIES, SetupFlags
from uringlab.core.params import Params
from uringlab.lab.errors import LineError
from uringlab.lab.names import RingThing
from uringlab.lab.reply import data, note
from uringlab.lab.spec import CommandSpec, Param
from uringlab.lab.values import Duration, Flags, Integer, NameOf, NewName

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uringlab.lab.reply import Reply
    from uringlab.lab.session import Session
    from uringlab.lab.spec import Command

SETUP_FLAGS = Flags(
    {str(flag.name): int(flag) for flag in SetupFlags},
    {str(flag.name): flag.doc for flag in SetupFlags},
    ("ioring_setup_",),
    width=32,
)


def _new(session: Session, command: Command) -> Iterator[Reply]:
    name = command.get("name")
    session.claim(name, command.span_of("name"))
    params = Params(flags=SetupFlags(command.get("flags", 0)), cq_entries=command.get("cq", 0))
    idle = command.get("idle", 0)
    params.sq_thread_idle = max(1, idle // 1_000_000) if idle else 0
    _attach(session, command, params)
    thing = session.open_ring(name, command.get("entries", 8), params)
    got = thing.ring.params
    flags = str(SetupFlags(got.flags).name or "").replace("|", " ")
    yield note(
        f"{name}: {thing.ring.fd}, {got.sq_entries} SQ slots, {got.cq_entries} CQ slots"
        + (f", {flags}" if flags else "")
    )


def _attach(session: Session, command: Command, params: Params) -> None:
    """Share another ring's poll thread: ATTACH_WQ, and its fd.

    Raises:
        LineError: there is no such ring, or it has no fd.
    """
    typed = command.get("wq")
    if typed is None:
        return
    other = session.find(typed.name, "ring")
    if not isinstance(other, RingThing):  # pragma: no cover - find() has just checked
        raise LineError(f"{typed.name} is not a ring")
    if other.ring.fd.registered:
        raise LineError(
            f"{other.name} has no fd: it is known by its index only", command.span_of("wq")
        )
    params.flags |= SetupFlags.ATTACH_WQ
    params.wq_fd = other.ring.fd.number


def _ring_named(session: Session, command: Command) -> RingThing:
    name = command.get("name")
    if name is None:
        return session.ring()
    thing = session.find(name.name, "ring")
    if not isinstance(thing, RingThing):  # pragma: no cover - find() has just checked
        raise LineError(f"{name.name} is not a ring")
    return thing


def _use(session: Session, command: Command) -> Iterator[Reply]:
    session.current = _ring_named(session, command)
    yield note(f"{session.current.name} is the ring in use")


def _close(session: Session, command: Command) -> Iterator[Reply]:
    thing = _ring_named(session, command)
    in_flight = session.requests.in_flight(thing.name)
    given_up = session.close_ring(thing)
    more = f"; {in_flight} in flight were cancelled first" if in_flight else ""
    if given_up:
        more = (
            f"; {in_flight} were in flight, its restrictions forbid to cancel them, and their "
            "memory is given up for good: the kernel may still write there"
        )
    yield note(f"{thing.name} is closed{more}")


def _rings(session: Session, command: Command) -> Iterator[Reply]:
    for thing in session.rings():
        mark = "*" if thing is session.current else " "
        shot = thing.observer.look()
        yield data(
            f"{mark} {thing.name}  {thing.text()}  staged {shot.staged}  pending {shot.pending}"
            f"  ready {shot.ready}  in flight {session.requests.in_flight(thing.name)}",
            type="ring",
            name=thing.name,
            staged=shot.staged,
            pending=shot.pending,
            ready=shot.ready,
        )
    if not session.rings():
        yield note("no ring yet: ring new r0 entries=8")


SPECS = (
    CommandSpec(
        "ring new",
        "set up a ring: io_uring_setup, mmap",
        _new,
        "ring new r9 entries=4 cq=16",
        "rings",
        (
            Param("name", NewName(), "what to call it", required=True, positional=True),
            Param(
                "entries",
                Integer(0, 2**32 - 1),
                "SQ slots; rounded up to a power of two",
                default="8",
            ),
            Param("cq", Integer(1, MAX_CQ_ENTRIES * 2**10), "CQ slots; without it twice the SQ's"),
            Param("flags", SETUP_FLAGS, "IORING_SETUP_*, as in flags=single_issuer|clamp"),
            Param(
                "wq",
                NameOf("ring", "RING"),
                "share that ring's poll thread: ATTACH_WQ; both with flags=sqpoll",
            ),
            Param("idle", Duration(), "how long an SQPOLL thread spins before it sleeps"),
        ),
        c="io_uring_queue_init(ENTRIES, &ring, FLAGS);",
        more="It becomes the ring in use. The kernel rounds the size up and may refuse it; "
        "what it made of the request is shown, and `show ring` shows all of it.",
    ),
    CommandSpec(
        "ring use",
        "make another ring the one that operations go to",
        _use,
        "ring use r0",
        "rings",
        (Param("name", NameOf("ring", "RING"), "which", required=True, positional=True),),
    ),
    CommandSpec(
        "ring close",
        "cancel what is in flight, wait for it, unmap, close",
        _close,
        "ring close",
        "rings",
        (Param("name", NameOf("ring", "RING"), "which; the one in use", positional=True),),
        c="io_uring_queue_exit(&ring);",
    ),
    CommandSpec("rings", "list the rings", _rings, "rings", "rings"),
)
