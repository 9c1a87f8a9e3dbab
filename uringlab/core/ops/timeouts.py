"""Time: TIMEOUT, its end or change, and the limit of a request's time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uringlab.core.abi import Opcode, TimeoutFlags
from uringlab.core.ops.declare import Op, operand, option
from uringlab.core.ops.kinds import Bits, Number, Switch, TimeSpan, UserData

if TYPE_CHECKING:
    from uringlab.core.ops.kinds import Draft

_NO_FLAGS = TimeoutFlags(0)


class Timeout(
    Op,
    opcode=Opcode.TIMEOUT,
    usage=("time",),
    result="never: running out is -ETIME; 0 when `count` completions came first",
    example="timeout 20ms -> r1",
    c="io_uring_prep_timeout(sqe, &(struct __kernel_timespec){time}, {count}, {timeout_flags});",
    man="io_uring_prep_timeout(3)",
    errnos={
        "ETIME": "the time is over: for a timeout that is the ordinary end, not a failure",
        "ECANCELED": "it was cancelled or removed before the time was over",
        "EINVAL": "the time or the flags make no sense together: two clocks, MULTISHOT with ABS, "
        "or a flag that this kernel does not know",
        "EFAULT": "the kernel could not read the time",
        "ENOMEM": "the kernel has no memory for a timer",
    },
    constants={"len": 1},  # one timespec
):
    """Complete after a time, or when `count` other completions were posted since.

    The time is copied at submission. Links go on after it only with ETIME_SUCCESS.
    """

    time: int = operand(
        "addr", TimeSpan(), "how long, in nanoseconds; with ABS, when, by the clock"
    )
    count: int = option(
        "off",
        Number(low=0, high=2**32 - 1),
        "end early after so many completions (0: do not); with MULTISHOT, how often to fire "
        "(0: for ever)",
        default=0,
    )
    timeout_flags: TimeoutFlags = option(
        "op_flags", Bits(TimeoutFlags), "IORING_TIMEOUT_*", default=_NO_FLAGS
    )

    def finish(self, draft: Draft) -> None:
        """With IMMEDIATE_ARG the word is the time itself. Kernels before 7.1 refuse the flag."""
        if self.timeout_flags & TimeoutFlags.IMMEDIATE_ARG:
            draft.words["addr"] = self.time
            draft.lends.clear()


class TimeoutRemove(
    Op,
    opcode=Opcode.TIMEOUT_REMOVE,
    usage=("target",),
    result="0",
    example="timeout_remove r1 -> r2",
    c="io_uring_prep_timeout_remove(sqe, {target}, {timeout_flags});",
    man="io_uring_prep_timeout_remove(3), io_uring_prep_timeout_update(3)",
    errnos={
        "ENOENT": "no timeout with that user_data is waiting: it may have run out already",
        "EALREADY": "it is running out at this moment: its own CQE will come",
        "EBUSY": "it is running out at this moment (before 5.16)",
        "EINVAL": "flags that this kernel does not know here; a clock cannot be changed",
        "EFAULT": "the kernel could not read the time",
    },
):
    """End a timeout, which then completes with -ECANCELED; with `time=`, change it instead.

    The new time is copied at submission.
    """

    target: int = operand("addr", UserData(), "the user_data of the timeout")
    time: int | None = option(
        "off",
        TimeSpan(),
        "let it run that long from now instead, in nanoseconds (5.11); with ABS, until then",
        default=None,
    )
    link: bool = option(
        "op_flags",
        Switch(TimeoutFlags.LINK_UPDATE),
        "the target is a LINK_TIMEOUT; with time= (5.15)",
        default=False,
    )
    timeout_flags: TimeoutFlags = option(
        "op_flags", Bits(TimeoutFlags), "ABS, with time=", default=_NO_FLAGS
    )

    def finish(self, draft: Draft) -> None:
        """A time makes it an update."""
        if self.time is not None:
            draft.add("op_flags", int(TimeoutFlags.UPDATE), "time")


class LinkTimeout(
    Op,
    opcode=Opcode.LINK_TIMEOUT,
    usage=("time",),
    result="never: -ETIME when the time is over, -ECANCELED when the request ended before that",
    example="link_timeout 20ms -> r2",
    c="io_uring_prep_link_timeout(sqe, &(struct __kernel_timespec){time}, {timeout_flags});",
    man="io_uring_prep_link_timeout(3)",
    errnos={
        "ETIME": "the time was over first, and the request before it was cancelled",
        "ECANCELED": "the request before it ended in time: for this one the ordinary end",
        "EALREADY": "the time was over, but the request could not be stopped any more",
        "ENOENT": "the time was over, and the request was just completing",
        "EINVAL": "there is no request before it that is linked to it, or that one is a "
        "LINK_TIMEOUT itself, or two clocks were named",
        "EFAULT": "the kernel could not read the time",
    },
    constants={"len": 1},  # one timespec
):
    """Limit the time of the request before it: that one has IO_LINK, and is cancelled then.

    The clock starts when that request does. The time is copied at submission.
    """

    time: int = operand(
        "addr", TimeSpan(), "how long, in nanoseconds; with ABS, when, by the clock"
    )
    timeout_flags: TimeoutFlags = option(
        "op_flags", Bits(TimeoutFlags), "ABS, a clock, ETIME_SUCCESS", default=_NO_FLAGS
    )
