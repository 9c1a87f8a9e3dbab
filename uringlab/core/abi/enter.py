"""How the kernel is entered: `io_uring_enter(2)`."""

from __future__ import annotations

from uringlab.core.abi.named import Flags


class EnterFlags(Flags, prefix="IORING_ENTER_", man="io_uring_enter(2)"):
    """`io_uring_enter` flags: IORING_ENTER_*."""

    GETEVENTS = 1 << 0, "5.1", "wait for min_complete completions, and run what brings them"
    SQ_WAKEUP = 1 << 1, "5.1", "wake the SQPOLL thread"
    SQ_WAIT = 1 << 2, "5.10", "wait for room in the SQ (SQPOLL)"
    EXT_ARG = 1 << 3, "5.11", "the last argument holds a timeout and a signal mask"
    REGISTERED_RING = 1 << 4, "5.18", "fd is a registered ring index"
    ABS_TIMER = 1 << 5, "6.12", "the timeout is a point in time"
    EXT_ARG_REG = 1 << 6, "6.13", "the last argument lies in a registered region"
    NO_IOWAIT = 1 << 7, "6.15", "do not count the wait as iowait"


class RegWaitFlags(Flags, prefix="IORING_REG_WAIT_", man="io_uring_register(2)"):
    """`io_uring_reg_wait->flags`, of a wait registered beforehand."""

    TS = 1 << 0, "6.13", "its time counts"
