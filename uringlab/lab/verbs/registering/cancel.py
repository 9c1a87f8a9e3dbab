"""`register sync_cancel`: cancel, and come back when what was cancelled has ended."""

from __future__ import annotations

import errno
import time
from typing import TYPE_CHECKING

from uringlab.core.abi import Opcode, RegisterOp
from uringlab.lab.errors import GaveUp, LineError
from uringlab.lab.names import RequestThing
from uringlab.lab.operands import Operands
from uringlab.lab.registered import count_of
from uringlab.lab.reply import note
from uringlab.lab.spec import CommandSpec, Param
from uringlab.lab.values import Duration, FileOf, OneOf, OnOff, RequestOf
from uringlab.lab.verbs.registering.call import GROUP, call

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from uringlab.core.fd import AnyFd
    from uringlab.lab.reply import Reply
    from uringlab.lab.session import Session
    from uringlab.lab.spec import Command

_NS = 1_000_000_000
_FOREVER = float("inf")
_SLICE = 0.1
"""Seconds: the call blocks, and no signal is let in meanwhile. So it is made again and again."""


def _user_data(session: Session, command: Command) -> int | None:
    typed = command.get("request")
    if typed is None or isinstance(typed, int):
        return typed
    found = session.find(typed.name, "request")
    if not isinstance(found, RequestThing):  # pragma: no cover - find() has just checked
        raise LineError("not a request")
    return found.request.user_data


def _cancel(session: Session, command: Command) -> Iterator[Reply]:
    thing = session.ring()
    user_data = _user_data(session, command)
    typed = command.get("fd")
    fd: AnyFd | None = None if typed is None else Operands(session, command).file(typed)
    op: int | None = command.get("op")
    anything = bool(command.get("anything", 0))
    if anything == (not (user_data is None and fd is None and op is None)):
        raise LineError(
            "say what to cancel: a request, fd=, op=; or anything=on, and nothing beside it",
            command.span,
            command.spec.example,
        )
    every = bool(command.get("every", 0))
    before = thing.observer.look()
    in_flight = session.requests.in_flight(thing.name)
    count = _cancelled(
        session,
        command,
        lambda part: thing.ring.sync_cancel(
            user_data, fd=fd, op=op, every=every, anything=anything, timeout=part
        ),
    )
    if not count and not in_flight:
        yield note("nothing was in flight: nothing was cancelled")
        return
    posted = thing.observer.look().ready - before.ready
    what = (
        f"{count_of(count, 'request')} cancelled and ended" if count else "what was found has ended"
    )
    yield note(f"{what}: {count_of(posted, 'CQE')} came meanwhile")


def _cancelled(session: Session, command: Command, ask: Callable[[float], int]) -> int:
    """Ask again and again, until what was found has ended: how many were cancelled, if known.

    Raises:
        LineError: nothing was found, or the time is over.
        GaveUp: whoever types gave it up.
    """
    timeout: int | None = command.get("timeout")
    deadline = time.monotonic() + (_FOREVER if timeout is None else timeout / _NS)
    again = False
    session.waiting_for = "IORING_REGISTER_SYNC_CANCEL waits"
    try:
        while True:
            left = max(0.0, deadline - time.monotonic())
            try:
                return call(
                    session,
                    command,
                    RegisterOp.SYNC_CANCEL,
                    lambda left=left: ask(min(_SLICE, left)),  # type: ignore[misc]
                    count=1,
                    result=int,
                    hints={errno.ENOENT: "show requests", errno.ETIME: "show requests"},
                )
            except LineError as error:
                why = getattr(error.__cause__, "errno", None)
                if again and why == errno.ENOENT:
                    return 0  # it has ended between two of the calls
                if why != errno.ETIME or left <= _SLICE:
                    raise
                if session.giving_up.is_set():
                    raise GaveUp("gave up waiting; what was found has not ended yet") from error
                again = True
    finally:
        session.waiting_for = ""


SPECS = (
    CommandSpec(
        "register sync_cancel",
        "cancel requests, and wait until they have ended",
        _cancel,
        "read rd 5 -> r7; submit; register sync_cancel r7",
        GROUP,
        (
            Param("request", RequestOf(), "which request", positional=True),
            Param("fd", FileOf(), "what it works on"),
            Param(
                "op",
                OneOf(
                    "OPCODE",
                    {one.name: int(one) for one in Opcode},
                    {one.name: one.doc for one in Opcode},
                ),
                "its opcode (6.6)",
            ),
            Param("every", OnOff(), "all that are like that, not only the first", default="off"),
            Param("anything", OnOff(), "all there are", default="off"),
            Param("timeout", Duration(), "how long to wait for them"),
        ),
        c="io_uring_register_sync_cancel(&ring, &reg);",
        more="Unlike the operation async_cancel it posts no CQE of its own, and comes back when "
        "theirs are there. Only what the kernel has consumed can be found. Since Linux 6.0; "
        "io_uring_register_sync_cancel(3).",
    ),
)
