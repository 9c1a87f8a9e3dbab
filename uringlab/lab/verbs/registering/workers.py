"""`register iowq_aff`, `register iowq_max_workers`, `unregister iowq_aff`: the worker threads."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from uringlab.core.abi import RegisterOp, SetupFlags
from uringlab.core.ring import IoUring
from uringlab.lab.reply import data, note
from uringlab.lab.spec import CommandSpec, Param
from uringlab.lab.values import Integer
from uringlab.lab.verbs.registering.call import GROUP, call
from uringlab.lab.verbs.registering.words import Cpus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from uringlab.lab.reply import Reply
    from uringlab.lab.session import Session
    from uringlab.lab.spec import Command
    from uringlab.lab.values import Listed

_HINTS = {errno.EINVAL: "do nop; register iowq_aff 0"}
_PINNED = "workers on CPUs"
_WORD = 8
_BITS = 64


def _put_back(session: Session, what: str, work: Callable[[IoUring], object]) -> None:
    """At the session's end, have this thread's workers as they were. The first one counts."""
    if session.ring().ring.params.flags & SetupFlags.SQPOLL:
        return  # they are the poll thread's, and end with it

    def undo() -> None:
        try:
            with IoUring(1) as ring:
                work(ring)
        except OSError:
            return  # no ring is to be had any more: whoever ran out of them has other worries

    session.undo.setdefault(what, undo)


def _pin(session: Session, command: Command) -> Iterator[Reply]:
    thing = session.ring()
    typed: Listed = command.get("cpus")
    cpus = [one for one in typed.items if isinstance(one, int)]
    call(
        session,
        command,
        RegisterOp.IOWQ_AFF,
        lambda: thing.ring.workers.pin(cpus),
        count=(max(cpus) // _BITS + 1) * _WORD,
        hints=_HINTS,
    )
    _put_back(session, _PINNED, lambda ring: ring.workers.unpin())
    there = [cpu for cpu in cpus if cpu < os.sysconf("SC_NPROCESSORS_CONF")]
    thing.registered.settings[_PINNED] = ", ".join(map(str, there)) or "none"
    if there != cpus:
        yield note(f"the machine has not all of these CPUs: the kernel passes over {_more(cpus)}")
    yield note(
        f"this thread's workers run on CPU {', '.join(map(str, there)) or 'none'} only, whichever "
        "ring they work for"
    )


def _more(cpus: list[int]) -> str:
    return f"those from {os.sysconf('SC_NPROCESSORS_CONF')} on, up to {max(cpus)}"


def _unpin(session: Session, command: Command) -> Iterator[Reply]:
    thing = session.ring()
    call(session, command, RegisterOp.UNREGISTER_IOWQ_AFF, thing.ring.workers.unpin, hints=_HINTS)
    thing.registered.settings.pop(_PINNED, None)
    yield note("this thread's workers run on any CPU again")


def _limit(session: Session, command: Command) -> Iterator[Reply]:
    thing = session.ring()
    bounded, unbounded = command.get("bounded", 0), command.get("unbounded", 0)
    was = call(
        session,
        command,
        RegisterOp.IOWQ_MAX_WORKERS,
        lambda: thing.ring.workers.limit(bounded, unbounded),
        count=2,
    )
    now = (bounded or was.bounded, unbounded or was.unbounded)
    if bounded or unbounded:
        _put_back(session, "most workers", lambda ring: ring.workers.limit(*was))
        thing.registered.settings["most workers"] = f"{now[0]} bounded, {now[1]} unbounded"
    before = f"; before: {was.bounded} and {was.unbounded}" if bounded or unbounded else ""
    yield data(
        f"there may be {now[0]} workers for what ends in bounded time, and {now[1]} for what may "
        f"not{before}",
        type="register",
        opcode="REGISTER_IOWQ_MAX_WORKERS",
        bounded=now[0],
        unbounded=now[1],
        was_bounded=was.bounded,
        was_unbounded=was.unbounded,
    )


_MOST = Integer(0, 2**31 - 1)
SPECS = (
    CommandSpec(
        "register iowq_aff",
        "say on which CPUs worker threads may run",
        _pin,
        "register iowq_aff 0",
        GROUP,
        (Param("cpus", Cpus(), "CPUs by number", required=True, positional=True),),
        c="io_uring_register_iowq_aff(&ring, sizeof(mask), &mask);",
        more="Workers belong to the thread, and not to the ring; the session puts this back at its "
        "end. Since Linux 5.14.",
    ),
    CommandSpec(
        "unregister iowq_aff",
        "let worker threads run on any CPU again",
        _unpin,
        "register iowq_aff 0; unregister iowq_aff",
        GROUP,
        c="io_uring_unregister_iowq_aff(&ring);",
    ),
    CommandSpec(
        "register iowq_max_workers",
        "say how many worker threads there may be; without numbers, ask",
        _limit,
        "register iowq_max_workers",
        GROUP,
        (
            Param("bounded", _MOST, "for files, block devices; 0: as it is", default="0"),
            Param("unbounded", _MOST, "for sockets, pipes; 0: as it is", default="0"),
        ),
        c="io_uring_register_iowq_max_workers(&ring, values);",
        more="It says what it was. Since Linux 5.15; io_uring_register_iowq_max_workers(3).",
    ),
)
