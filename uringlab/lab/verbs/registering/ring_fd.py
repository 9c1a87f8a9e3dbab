"""`register ring_fds`, `unregister ring_fds`: the ring by its index in the thread's table."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from uringlab.core.abi import RegisterOp
from uringlab.lab.reply import note
from uringlab.lab.spec import CommandSpec
from uringlab.lab.verbs.registering.call import GROUP, call

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uringlab.lab.reply import Reply
    from uringlab.lab.session import Session
    from uringlab.lab.spec import Command

_OURS = (errno.EEXIST, errno.ENXIO, errno.EPERM, errno.ESRCH)
"""The library keeps the index, and asks the kernel nothing where it knows the answer."""
_HINTS = {
    errno.EEXIST: "unregister ring",
    errno.ENXIO: "register ring",
    errno.EBUSY: "unregister ring",
}


def _one(_answer: object) -> int:
    return 1


def _register(session: Session, command: Command) -> Iterator[Reply]:
    thing = session.ring()
    made = call(
        session,
        command,
        RegisterOp.RING_FDS,
        thing.ring.register_fd,
        count=1,
        result=_one,
        hints=_HINTS,
        ours=_OURS,
    )
    thing.registered.index = made.number
    yield note(
        f"{thing.name} is number {made.number} in this thread's table: it is entered by that, and "
        "the kernel need not look its fd up"
    )


def _unregister(session: Session, command: Command) -> Iterator[Reply]:
    thing = session.ring()
    call(
        session,
        command,
        RegisterOp.UNREGISTER_RING_FDS,
        thing.ring.unregister_fd,
        count=1,
        result=_one,
        hints=_HINTS,
        ours=_OURS,
    )
    thing.registered.index = None
    yield note(f"{thing.name} is entered by its fd again")


SPECS = (
    CommandSpec(
        "register ring_fds",
        "register the ring with this thread, which then enters it by an index",
        _register,
        "register ring",
        GROUP,
        (),
        ("register ring",),
        c="io_uring_register_ring_fd(&ring);",
        more="A thread has room for 16. Since Linux 5.18; io_uring_register_ring_fd(3).",
    ),
    CommandSpec(
        "unregister ring_fds",
        "enter the ring by its fd again",
        _unregister,
        "register ring; unregister ring",
        GROUP,
        (),
        ("unregister ring",),
        c="io_uring_unregister_ring_fd(&ring);",
    ),
)
