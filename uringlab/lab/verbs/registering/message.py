"""`register send_msg_ring`: a CQE put into a ring, by somebody who needs no ring for it."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from uringlab.core.abi import RegisterOp
from uringlab.lab.operands import Operands
from uringlab.lab.reply import note
from uringlab.lab.spec import CommandSpec, Param
from uringlab.lab.values import Integer, RingOf
from uringlab.lab.verbs.registering.call import GROUP, call_without_ring

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uringlab.lab.reply import Reply
    from uringlab.lab.session import Session
    from uringlab.lab.spec import Command


def _send(session: Session, command: Command) -> Iterator[Reply]:
    from uringlab.core.register.message import send_msg_ring  # noqa: PLC0415 (seldom needed)

    typed = command.get("ring")
    found = Operands(session, command).ring(typed)
    fd = found if isinstance(found, int) or hasattr(found, "registered") else found.number
    user_data, res = command.get("user_data", 0), command.get("res", 0)
    session.guard.check_told((user_data,))
    call_without_ring(
        session,
        command,
        RegisterOp.SEND_MSG_RING,
        lambda: send_msg_ring(fd, user_data, res, command.get("cqe_flags")),
        count=1,
        hints={
            errno.EBADF: "rings",
            errno.EBADFD: "register enable_rings",
            errno.EOVERFLOW: "reap",
        },
    )
    name = getattr(typed, "name", f"fd {typed}")
    yield note(f"the kernel put a CQE into {name}: user_data {user_data}, res {res}")


SPECS = (
    CommandSpec(
        "register send_msg_ring",
        "put a CQE into a ring, with no ring of one's own",
        _send,
        "register send_msg_ring r0 user_data=77 res=5",
        GROUP,
        (
            Param("ring", RingOf(), "where to", required=True, positional=True),
            Param("user_data", Integer(0, 2**64 - 1), "what the CQE says", default="0"),
            Param("res", Integer(-(2**31), 2**31 - 1), "the same", default="0"),
            Param("cqe_flags", Integer(0, 2**32 - 1), "the same; without it 0"),
        ),
        c="io_uring_register_sync_msg(&sqe);",
        more="Its fd is -1. The operation msg_ring does the same through a ring. Since Linux "
        "6.13; io_uring_register_sync_msg(3).",
    ),
)
