"""`register personality`, `unregister personality`: credentials under a number."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from uringlab.core.abi import MAX_PERSONALITY, RegisterOp
from uringlab.lab.reply import data, note
from uringlab.lab.spec import CommandSpec, Param
from uringlab.lab.values import Integer
from uringlab.lab.verbs.registering.call import GROUP, call

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uringlab.lab.reply import Reply
    from uringlab.lab.session import Session
    from uringlab.lab.spec import Command

_HINTS = {errno.EINVAL: "show registered", errno.EBUSY: "unregister personality 1"}


def _register(session: Session, command: Command) -> Iterator[Reply]:
    thing = session.ring()
    number = call(
        session,
        command,
        RegisterOp.PERSONALITY,
        thing.ring.personalities.register,
        result=int,
        hints=_HINTS,
    )
    thing.registered.personalities.append(number)
    yield data(
        f"the kernel keeps your credentials under number {number}: personality={number}",
        type="register",
        opcode="REGISTER_PERSONALITY",
        personality=number,
    )


def _unregister(session: Session, command: Command) -> Iterator[Reply]:
    thing = session.ring()
    number = command.get("personality")
    call(
        session,
        command,
        RegisterOp.UNREGISTER_PERSONALITY,
        lambda: thing.ring.personalities.unregister(number),
        count=number,
        hints=_HINTS,
    )
    known = thing.registered.personalities
    if number in known:
        known.remove(number)
    yield note(f"personality {number} is forgotten: a request that names it gets EINVAL")


SPECS = (
    CommandSpec(
        "register personality",
        "keep the credentials of this moment, for requests with personality=N",
        _register,
        "register personality",
        GROUP,
        c="int id = io_uring_register_personality(&ring);",
        more="User, groups and capabilities. A request with that number runs with them, whoever "
        "submits it. Since Linux 5.6; io_uring_register_personality(3).",
    ),
    CommandSpec(
        "unregister personality",
        "forget registered credentials",
        _unregister,
        "register personality; unregister personality 1",
        GROUP,
        (
            Param(
                "personality",
                Integer(0, MAX_PERSONALITY),
                "its number",
                required=True,
                positional=True,
            ),
        ),
        c="io_uring_unregister_personality(&ring, id);",
    ),
)
