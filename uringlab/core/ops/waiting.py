"""Requests that wait: for a time, for an fd; and the one that ends the waiting of others."""

from __future__ import annotations

from uringlab.core.abi import CancelFlags, Opcode, PollEvents, PollFlags, TimeoutFlags
from uringlab.core.fd import AnyFd
from uringlab.core.ops.declare import Op, operand, option
from uringlab.core.ops.kinds import Bits, File, Number, TimeSpan, UserData


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
        "ECANCELED": "it was cancelled before the time was over",
        "EINVAL": "the time or the flags make no sense together",
    },
    constants={"len": 1},  # one timespec
):
    """Complete after a time, or when `count` other completions were posted since."""

    time: int = operand("addr", TimeSpan(), "how long, in nanoseconds")
    count: int = option(
        "off", Number(), "end early after so many completions (0: do not)", default=0
    )
    timeout_flags: TimeoutFlags = option(
        "op_flags", Bits(TimeoutFlags), "IORING_TIMEOUT_*", default=TimeoutFlags(0)
    )


class PollAdd(
    Op,
    opcode=Opcode.POLL_ADD,
    usage=("fd",),
    result="the events that are there (POLLIN is 1)",
    example="poll_add rd -> r1",
    c="io_uring_prep_poll_add(sqe, {fd}, {poll_events});",
    man="io_uring_prep_poll_add(3)",
    errnos={"ECANCELED": "it was cancelled while it waited"},
):
    """Complete when an fd is ready: once, or with ADD_MULTI each time it becomes so."""

    fd: AnyFd = operand("fd", File(), "what to watch")
    poll_events: PollEvents = option(
        "op_flags", Bits(PollEvents), "what to wait for: POLL*", default=PollEvents.IN
    )
    poll_flags: PollFlags = option("len", Bits(PollFlags), "IORING_POLL_*", default=PollFlags(0))


class AsyncCancel(
    Op,
    opcode=Opcode.ASYNC_CANCEL,
    usage=("target",),
    result="0, or with ALL the number that was cancelled",
    example="async_cancel r1 -> r2",
    c="io_uring_prep_cancel64(sqe, {target}, {cancel_flags});",
    man="io_uring_prep_cancel(3)",
    errnos={
        "ENOENT": "no request with that user_data is in flight: it may have completed already",
        "EALREADY": "it was found, but is too far along to be stopped: its own CQE will come",
    },
):
    """Cancel a request that is in flight. The target still gets a CQE of its own, -ECANCELED."""

    target: int = operand("addr", UserData(), "the user_data of the request to cancel")
    cancel_flags: CancelFlags = option(
        "op_flags", Bits(CancelFlags), "IORING_ASYNC_CANCEL_*", default=CancelFlags(0)
    )
