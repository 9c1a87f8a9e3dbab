"""Readiness of files: POLL_ADD, and its end or change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uringlab.core.abi import Opcode, PollEvents, PollFlags
from uringlab.core.fd import AnyFd
from uringlab.core.ops.declare import Op, operand, option
from uringlab.core.ops.kinds import Bits, File, Switch, UserData

if TYPE_CHECKING:
    from uringlab.core.ops.kinds import Draft


class PollAdd(
    Op,
    opcode=Opcode.POLL_ADD,
    usage=("fd",),
    result="the events that are there (POLLIN is 1)",
    example="poll_add rd -> r1",
    c="io_uring_prep_poll_add(sqe, {fd}, {poll_events});",
    man="io_uring_prep_poll_add(3), io_uring_prep_poll_multishot(3)",
    errnos={
        "ECANCELED": "it was cancelled or removed while it waited",
        "EBADF": "the fd is not open",
        "EINVAL": "a flag that this kernel does not take here (level), or flags that do not go "
        "together (multishot with CQE_SKIP_SUCCESS)",
        "EOPNOTSUPP": "this file cannot be polled",
        "ENOMEM": "the kernel has no memory to wait on that file",
    },
):
    """Complete when an fd is ready: once, or with `multishot` each time it becomes so."""

    fd: AnyFd = operand("fd", File(), "what to watch")
    poll_events: PollEvents = option(
        "op_flags", Bits(PollEvents), "what to wait for: POLL*", default=PollEvents.IN
    )
    multishot: bool = option(
        "len", Switch(PollFlags.ADD_MULTI), "report again and again (5.13)", default=False
    )
    level: bool = option(
        "len",
        Switch(PollFlags.ADD_LEVEL),
        "multishot, level-triggered: in the headers since 6.0, and refused by 6.18 all the same",
        default=False,
    )


class PollRemove(
    Op,
    opcode=Opcode.POLL_REMOVE,
    usage=("target",),
    result="0",
    example="poll_remove r1 -> r2",
    c="io_uring_prep_poll_remove(sqe, {target});",
    man="io_uring_prep_poll_remove(3), io_uring_prep_poll_update(3)",
    errnos={
        "ENOENT": "no poll with that user_data is waiting: it may have completed already",
        "EALREADY": "it is completing at this moment, and cannot be changed any more",
        "EINVAL": "flags that do not go together, such as multishot with nothing to change",
        "ECANCELED": "it was changed, and could not be started again",
    },
):
    """End a POLL_ADD, which then completes with -ECANCELED; or change it.

    After a change of the user_data its CQE may come with the old one or with the new one, so
    what requests of either hold is held until the ring is closed.
    """

    target: int = operand("addr", UserData(), "the user_data of the POLL_ADD")
    poll_events: PollEvents | None = option(
        "op_flags", Bits(PollEvents), "wait for these instead (5.13)", default=None
    )
    new_user_data: int | None = option(
        "off", UserData(), "complete with this user_data instead (5.13)", default=None
    )
    multishot: bool = option(
        "len",
        Switch(PollFlags.ADD_MULTI),
        "a multishot poll that is changed goes on being one",
        default=False,
    )

    def finish(self, draft: Draft) -> None:
        """What is given is what is changed."""
        if self.poll_events is not None:
            draft.add("len", int(PollFlags.UPDATE_EVENTS), "poll_events")
        if self.new_user_data is not None:
            draft.add("len", int(PollFlags.UPDATE_USER_DATA), "new_user_data")
