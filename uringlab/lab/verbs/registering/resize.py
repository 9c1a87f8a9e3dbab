"""`register resize_rings`: another size for the queues, with what is in them."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from uringlab.core.abi import RegisterOp
from uringlab.lab.reply import note
from uringlab.lab.spec import CommandSpec, Param
from uringlab.lab.values import Integer, OnOff
from uringlab.lab.verbs.registering.call import GROUP, call

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uringlab.lab.reply import Reply
    from uringlab.lab.session import Session
    from uringlab.lab.spec import Command

_RING = "ring new r9 flags=single_issuer|defer_taskrun"
_OURS = (errno.EAGAIN, errno.EOPNOTSUPP)


def _resize(session: Session, command: Command) -> Iterator[Reply]:
    thing = session.ring()
    sq, cq = command.get("entries"), command.get("cq", 0)
    clamp = bool(command.get("clamp", 0))
    call(
        session,
        command,
        RegisterOp.RESIZE_RINGS,
        lambda: thing.ring.resize(sq, cq, clamp=clamp),
        count=1,
        hints={errno.EINVAL: _RING, errno.EOVERFLOW: "reap", errno.EAGAIN: "submit; reap"},
        ours=_OURS,
    )
    params = thing.ring.params
    yield note(
        f"{thing.name} has {params.sq_entries} SQ slots and {params.cq_entries} CQ slots now, in "
        "new memory; what was in the old ones went with it"
    )


SPECS = (
    CommandSpec(
        "register resize_rings",
        "give the queues another size; what is in them stays",
        _resize,
        f"{_RING}; register resize 16",
        GROUP,
        (
            Param(
                "entries",
                Integer(0, 2**32 - 1),
                "SQ slots; rounded up to a power of two",
                required=True,
                positional=True,
            ),
            Param("cq", Integer(0, 2**32 - 1), "CQ slots; 0: twice the SQ's", default="0"),
            Param("clamp", OnOff(), "take the most there can be, if that is more", default="off"),
        ),
        ("register resize",),
        c="io_uring_resize_rings(&ring, &params);",
        more="Only with DEFER_TASKRUN. Since Linux 6.13; io_uring_resize_rings(3).",
    ),
)
