"""`register mem_region`: how to wait, written down in memory that ring and kernel share."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from uringlab.core.abi import RegisterOp
from uringlab.lab.registered import count_of
from uringlab.lab.reply import note
from uringlab.lab.spec import CommandSpec, Param
from uringlab.lab.values import Integer
from uringlab.lab.verbs.registering.call import GROUP, call

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uringlab.lab.reply import Reply
    from uringlab.lab.session import Session
    from uringlab.lab.spec import Command

_MOST = 1 << 16
_DISABLED = "ring new r9 flags=r_disabled"


def _register(session: Session, command: Command) -> Iterator[Reply]:
    thing = session.ring()
    count = command.get("waits", 1)
    region = call(
        session,
        command,
        RegisterOp.MEM_REGION,
        lambda: thing.ring.wait_region(count),
        count=1,
        hints={errno.EINVAL: f"{_DISABLED}; register mem_region", errno.EBUSY: "show registered"},
    )
    thing.registered.region = region
    yield note(
        f"ring and kernel share a region with room for {count_of(count, 'wait')}, for as long as "
        "the ring lives: wait 1 region=0"
    )


SPECS = (
    CommandSpec(
        "register mem_region",
        "share a region of memory with the kernel, for the arguments of waits",
        _register,
        f"{_DISABLED}; register mem_region 4",
        GROUP,
        (Param("waits", Integer(1, _MOST), "how many", positional=True, default="1"),),
        c="io_uring_register_region(&ring, &reg);",
        more="Then `wait 1 timeout=10ms region=0` writes into place 0 how to wait, and the kernel "
        "copies no arguments. It must be there before the ring starts (R_DISABLED). Since Linux "
        "6.13; io_uring_register_region(3).",
    ),
)
