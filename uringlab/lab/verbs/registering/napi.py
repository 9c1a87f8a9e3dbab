"""`register napi`, `unregister napi`: busy-polling the network card while waiting."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from uringlab.core.abi import NapiMode, RegisterOp
from uringlab.lab.errors import LineError
from uringlab.lab.reply import note
from uringlab.lab.spec import CommandSpec, Param
from uringlab.lab.values import Duration, Integer, OneOf, OnOff
from uringlab.lab.verbs.registering.call import GROUP, call

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uringlab.core.register.napi import BusyPoll
    from uringlab.lab.reply import Reply
    from uringlab.lab.session import Session
    from uringlab.lab.spec import Command

_NS = 1_000
_MOST = 2**32 - 1
_HINTS = {
    errno.EEXIST: "show kernel",
    errno.EINVAL: "register napi 50us mode=static",
    errno.ENOENT: "show kernel",
}
_ID = Integer(0, _MOST, "a NAPI id: a socket's is told by SO_INCOMING_NAPI_ID")


def _register(session: Session, command: Command) -> Iterator[Reply]:
    thing = session.ring()
    napi, number, span = thing.ring.napi, command.get("id"), command.get("time")
    if (number is None) == (span is None):
        raise LineError(
            "either how long to poll, or which id: register napi 50us, register napi id=5",
            command.span,
            command.spec.example,
        )
    if number is not None:
        call(
            session,
            command,
            RegisterOp.NAPI,
            lambda: napi.add(number),
            count=1,
            hints=_HINTS,
        )
        yield note(f"the kernel polls NAPI id {number} while it waits")
        return
    microseconds = span // _NS
    if microseconds > _MOST:
        raise LineError("71 minutes at most", command.span_of("time"))
    prefer, mode = bool(command.get("prefer", 0)), command.get("mode", int(NapiMode.DYNAMIC))
    if not 0 <= mode <= _MOST:
        raise LineError(f"{mode} is no mode", command.span_of("mode"))
    was = call(
        session,
        command,
        RegisterOp.NAPI,
        lambda: napi.register(microseconds, prefer=prefer, mode=mode),
        count=1,
        hints=_HINTS,
    )
    thing.registered.settings["napi"] = f"{microseconds} microseconds"
    yield note(
        f"a wait polls the network card for {microseconds} microseconds before it sleeps; "
        f"before: {_told(was)}"
    )


def _unregister(session: Session, command: Command) -> Iterator[Reply]:
    thing = session.ring()
    napi, number = thing.ring.napi, command.get("id")
    if number is not None:
        call(
            session,
            command,
            RegisterOp.NAPI,
            lambda: napi.remove(number),
            count=1,
            hints=_HINTS,
        )
        yield note(f"the kernel polls NAPI id {number} no more")
        return
    was = call(session, command, RegisterOp.UNREGISTER_NAPI, napi.unregister, count=1)
    thing.registered.settings.pop("napi", None)
    yield note(f"a wait sleeps at once; before: {_told(was)}")


def _told(was: BusyPoll) -> str:
    return f"{was.microseconds} microseconds" if was.microseconds else "not at all"


SPECS = (
    CommandSpec(
        "register napi",
        "busy-poll the network while waiting",
        _register,
        "register napi 50us",
        GROUP,
        (
            Param("time", Duration(), "how long, before the wait sleeps", positional=True),
            Param("prefer", OnOff(), "prefer this to the card's interrupts", default="off"),
            Param(
                "mode",
                OneOf(
                    "MODE",
                    {one.name: int(one) for one in NapiMode},
                    {one.name: one.doc for one in NapiMode},
                ),
                "which NAPI ids: those of the sockets in use, or those that are named (6.13)",
                default="dynamic",
            ),
            Param("id", _ID, "instead: poll this id, with mode=static (6.13)"),
        ),
        c="io_uring_register_napi(&ring, &napi);",
        more="A loopback socket has no card. Since Linux 6.9; io_uring_register_napi(3).",
    ),
    CommandSpec(
        "unregister napi",
        "busy-poll no more",
        _unregister,
        "register napi 50us; unregister napi",
        GROUP,
        (Param("id", _ID, "only this id, with mode=static (6.13)"),),
        c="io_uring_unregister_napi(&ring, &napi);",
    ),
)
