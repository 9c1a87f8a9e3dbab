"""`register clock`: the clock by which waits are timed."""

from __future__ import annotations

import errno
import time
from typing import TYPE_CHECKING

from uringlab.core.abi import RegisterOp
from uringlab.lab.reply import note
from uringlab.lab.spec import CommandSpec, Param
from uringlab.lab.values import OneOf
from uringlab.lab.verbs.registering.call import GROUP, call

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uringlab.lab.reply import Reply
    from uringlab.lab.session import Session
    from uringlab.lab.spec import Command

_CLOCKS = {
    "MONOTONIC": (time.CLOCK_MONOTONIC, "stands still while the machine sleeps; the default"),
    "BOOTTIME": (time.CLOCK_BOOTTIME, "goes on while the machine sleeps"),
    "REALTIME": (time.CLOCK_REALTIME, "the time of day: refused by the kernel"),
}


def _clock(session: Session, command: Command) -> Iterator[Reply]:
    thing = session.ring()
    number = command.get("clock")
    call(
        session,
        command,
        RegisterOp.CLOCK,
        lambda: thing.ring.set_clock(number),
        hints={errno.EINVAL: "register clock boottime"},
    )
    names = {one: name for name, (one, _) in _CLOCKS.items()}
    thing.registered.settings["clock"] = names.get(number, str(number))
    yield note(f"waits of {thing.name} are timed by CLOCK_{names.get(number, number)} now")


SPECS = (
    CommandSpec(
        "register clock",
        "choose the clock by which waits are timed",
        _clock,
        "register clock boottime",
        GROUP,
        (
            Param(
                "clock",
                OneOf(
                    "CLOCK",
                    {name: number for name, (number, _) in _CLOCKS.items()},
                    {name: doc for name, (_, doc) in _CLOCKS.items()},
                ),
                "which",
                required=True,
                positional=True,
            ),
        ),
        c="io_uring_register_clock(&ring, &(struct io_uring_clock_register){ CLOCK });",
        more="Since Linux 6.12; io_uring_register_clock(3).",
    ),
)
