"""One io_uring_register(2) at the prompt: made, logged, and what a refusal means."""

from __future__ import annotations

import errno
import time
from typing import TYPE_CHECKING, TypeVar

from uringlab.core.errors import Unavailable, errno_name
from uringlab.lab.errors import LineError
from uringlab.observe.event import SystemCall

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from uringlab.core.abi import RegisterOp
    from uringlab.lab.names import RingThing
    from uringlab.lab.session import Session
    from uringlab.lab.spec import Command

T = TypeVar("T")

GROUP = "registration"
NO_RING = -1
_NEXT = {
    errno.EACCES: "show registered",
    errno.EBADFD: "ring new r9 flags=r_disabled",
    errno.ENOMEM: "show registered",
}
"""The next command to try, whatever was to be registered."""


def zero(_answer: object) -> int:
    """What most of the calls return."""
    return 0


def call(
    session: Session,
    command: Command,
    op: RegisterOp,
    work: Callable[[], T],
    *,
    count: int = 0,
    result: Callable[[T], int] = zero,
    hints: Mapping[int, str] | None = None,
    ours: Collection[int] = (),
) -> T:
    """Make a call on the ring in use, and log it, refused or not.

    Args:
        session: whose ring.
        command: what was typed.
        op: the opcode.
        work: makes the call.
        count: `nr_args`.
        result: from what `work` returns to what the kernel returned.
        hints: what to type next, by errno.
        ours: errnos with which the library refuses before the kernel is asked.

    Raises:
        LineError: the kernel refused: why, and what to try next.
        NotSupported, RingError, OperandError: the library did; nothing was called.
    """
    thing = session.ring()
    thing.observer.look()
    try:
        answer = work()
    except Unavailable:
        raise
    except OSError as error:
        number = error.errno or 0
        if number not in ours:
            _note(thing, op, count, -number)
        raise refused(error, command, hints) from error
    _note(thing, op, count, result(answer))
    return answer


def call_without_ring(
    session: Session,
    command: Command,
    op: RegisterOp,
    work: Callable[[], T],
    *,
    count: int = 0,
    hints: Mapping[int, str] | None = None,
) -> T:
    """The same for a call that needs no ring: its fd is -1. Raises as `call` does."""
    session.look()
    try:
        answer = work()
    except OSError as error:
        _note_without(session, op, count, -(error.errno or 0))
        raise refused(error, command, hints) from error
    _note_without(session, op, count, 0)
    return answer


def refused(error: OSError, command: Command, hints: Mapping[int, str] | None) -> LineError:
    """The sentence for an errno, and what to type next."""
    number = error.errno or 0
    text = str(error.strerror)
    if errno_name(number) not in text:
        text += f" ({errno_name(number)})"
    known = {**_NEXT, **(hints or {})}
    return LineError(text, command.span, known.get(number, f"help {command.spec.name}"))


def _args(fd: int, op: RegisterOp, count: int) -> tuple[tuple[str, int | str], ...]:
    return (("fd", fd), ("opcode", op.kernel_name.removeprefix("IORING_")), ("nr_args", count))


def _note(thing: RingThing, op: RegisterOp, count: int, result: int) -> None:
    args = _args(thing.ring.fd.number, op, count)
    thing.observer.note_call("io_uring_register", args, result, time.monotonic_ns())


def _note_without(session: Session, op: RegisterOp, count: int, result: int) -> None:
    name = session.current.name if session.current is not None else ""
    now = time.monotonic_ns()
    args = _args(NO_RING, op, count)
    session.log.append([SystemCall(name, now, now, "io_uring_register", args, result)])
    session.look()
