"""`eventfd`, `register eventfd`, `register eventfd_async`, `unregister eventfd`."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from uringlab.core.abi import RegisterOp
from uringlab.core.fd import FixedFd, OwnedFd
from uringlab.lab.errors import LineError
from uringlab.lab.names import FileThing
from uringlab.lab.operands import Operands
from uringlab.lab.reply import note
from uringlab.lab.spec import CommandSpec, Param
from uringlab.lab.values import FileOf, Integer, NewName
from uringlab.lab.verbs.registering.call import GROUP, call

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uringlab.lab.reply import Reply
    from uringlab.lab.session import Session
    from uringlab.lab.spec import Command

_HINTS = {
    errno.EBADF: "eventfd e",
    errno.EBUSY: "unregister eventfd",
    errno.EINVAL: "eventfd e",
    errno.ENXIO: "eventfd e; register eventfd e",
}


def _make(session: Session, command: Command) -> Iterator[Reply]:
    name = command.get("name")
    session.claim(name, command.span_of("name"))
    fd = OwnedFd(os.eventfd(command.get("count", 0), os.EFD_CLOEXEC))
    session.names[name] = FileThing(name, fd, "an eventfd")
    yield note(f"{name}: fd {fd.number}, an eventfd; read {name} 8 takes its count")


def _signal(session: Session, command: Command, op: RegisterOp) -> None:
    typed = command.get("fd")
    thing = session.ring()
    try:
        found = Operands(session, command).file(typed)
    except LineError as error:
        error.span = error.span or command.span_of("fd")
        raise
    if isinstance(found, FixedFd):
        raise LineError("an eventfd is named by its fd", command.span_of("fd"), "eventfd e")
    number = found if isinstance(found, int) else found.number
    call(
        session,
        command,
        op,
        lambda: thing.ring.eventfd.register(number, async_only=op is RegisterOp.EVENTFD_ASYNC),
        count=1,
        hints=_HINTS,
    )
    name = getattr(typed, "name", f"fd {number}")
    thing.registered.eventfd = name + (" (async)" if op is RegisterOp.EVENTFD_ASYNC else "")


def _register(session: Session, command: Command) -> Iterator[Reply]:
    _signal(session, command, RegisterOp.EVENTFD)
    name = session.ring().registered.eventfd
    yield note(f"the kernel adds to {name} whenever CQEs are posted, once or more often")


def _register_async(session: Session, command: Command) -> Iterator[Reply]:
    _signal(session, command, RegisterOp.EVENTFD_ASYNC)
    name = session.ring().registered.eventfd
    yield note(f"the kernel adds to {name} only for what a worker thread completes")


def _unregister(session: Session, command: Command) -> Iterator[Reply]:
    thing = session.ring()
    op = RegisterOp.UNREGISTER_EVENTFD
    call(session, command, op, thing.ring.eventfd.unregister, hints=_HINTS)
    thing.registered.eventfd = ""
    yield note("the kernel signals it no more")


_FD = Param("fd", FileOf(), "an eventfd", required=True, positional=True)
SPECS = (
    CommandSpec(
        "eventfd",
        "make an eventfd: a counter that can be waited for",
        _make,
        "eventfd e9",
        "things to do I/O on",
        (
            Param("name", NewName(), "what to call it", required=True, positional=True),
            Param("count", Integer(0, 2**32 - 1), "what it begins with", default="0"),
        ),
        c="int fd = eventfd(0, EFD_CLOEXEC);",
        more="A read of 8 bytes takes the count, and waits while it is 0.",
    ),
    CommandSpec(
        "register eventfd",
        "signal an eventfd with every CQE",
        _register,
        "eventfd e9; register eventfd e9",
        GROUP,
        (_FD,),
        c="io_uring_register_eventfd(&ring, fd);",
        more="At least once for all that came since it was last looked at, not once for each. "
        "Since Linux 5.2; io_uring_register_eventfd(3).",
    ),
    CommandSpec(
        "register eventfd_async",
        "signal an eventfd only for what did not complete inline",
        _register_async,
        "eventfd e9; register eventfd_async e9",
        GROUP,
        (_FD,),
        c="io_uring_register_eventfd_async(&ring, fd);",
        more="Not for what is done when it is submitted. Since Linux 5.6.",
    ),
    CommandSpec(
        "unregister eventfd",
        "signal it no more",
        _unregister,
        "eventfd e9; register eventfd e9; unregister eventfd",
        GROUP,
        c="io_uring_unregister_eventfd(&ring);",
    ),
)
