"""How to wait in io_uring_enter(2), and what its errnos mean."""

from __future__ import annotations

import errno
import math
from typing import TYPE_CHECKING

from uringlab.core.errors import OperandError
from uringlab.core.native import ffi
from uringlab.core.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterable

    from uringlab.core.native._native import CData

NS = 1_000_000_000
_MAX_USEC = 2**32 - 1
_MAX_NS = 2**63 - 1
_SIGNALS = frozenset(range(1, 65))

MEANINGS = {
    errno.EAGAIN: "the kernel has no memory for a request now",
    errno.EBADF: "there is no such ring in this thread: one without an fd has its own thread only",
    errno.EBADFD: "the ring is disabled: it was made with R_DISABLED, and not enabled yet",
    errno.EBADR: "completions were lost: the kernel had no memory to keep them in",
    errno.EBUSY: "the completion queue is overflown: take completions, then go on",
    errno.EEXIST: "the ring has a single issuer, and this is not its thread",
    errno.EFAULT: "the registered wait does not lie in the ring's region, or there is none",
    errno.EINTR: "a signal came",
    errno.EINVAL: "the arguments make no sense together, or this kernel does not know them",
    errno.EOPNOTSUPP: "the ring's fd cannot do that",
    errno.EOWNERDEAD: "the poll thread has died, with the process that it belonged to",
    errno.ETIME: "the time is over, and not enough completions are ready",
}
"""What the errnos of io_uring_enter mean. Source: io_uring_enter(2), io_uring/io_uring.c."""


class Wait(Record):
    """How to wait. Source: io_uring_enter(2), IORING_ENTER_EXT_ARG (5.11).

    Attributes:
        timeout: seconds; None waits for ever, and what is below 0 is 0. With `absolute`, a time
            of the ring's clock.
        at_least: seconds; after them one completion will do, instead of as many as asked for.
            FEAT_MIN_TIMEOUT, 6.12.
        absolute: `timeout` is a point in time: CLOCK_MONOTONIC, or what
            `ring.set_clock()` chose. ENTER_ABS_TIMER, 6.12.
        blocked: the signals that are blocked while it waits, in place of the thread's mask.
        registered: the offset of a `struct io_uring_reg_wait` in a registered region
            (`WaitRegion`), instead of all the others. ENTER_EXT_ARG_REG, 6.13.
    """

    __slots__ = ("timeout", "at_least", "absolute", "blocked", "registered")  # noqa: RUF023
    timeout: float | None
    at_least: float
    absolute: bool
    blocked: Iterable[int] | None
    registered: int | None

    def __init__(
        self,
        timeout: float | None = None,
        at_least: float = 0,
        absolute: bool = False,  # noqa: FBT001, FBT002
        blocked: Iterable[int] | None = None,
        registered: int | None = None,
    ) -> None:
        """Say how."""
        self._set(timeout, at_least, absolute, blocked, registered)

    def to_c(self) -> CData:
        """Make a `struct ul_wait *`.

        Raises:
            OperandError: the values do not go together.
        """
        if self.registered is not None and (
            self.timeout is not None or self.at_least or self.blocked is not None
        ):
            raise OperandError("a registered wait says it all: give nothing beside it")
        if self.absolute and self.timeout is None:
            raise OperandError("absolute says what the timeout is: there must be one")
        micro = _whole("at_least", self.at_least, 1_000_000, _MAX_USEC)
        signals = set(self.blocked or ())
        if not signals <= _SIGNALS:
            raise OperandError(f"blocked takes signals, 1 to {max(_SIGNALS)}: {sorted(signals)}")
        if self.registered is not None and not 0 <= self.registered < 2**64:
            raise OperandError(f"registered={self.registered} is no offset")
        wait = ffi.new("struct ul_wait *")
        wait.timeout_ns = (
            -1 if self.timeout is None else _whole("timeout", max(self.timeout, 0), NS, _MAX_NS)
        )
        wait.min_wait_usec = micro
        wait.absolute = int(self.absolute)
        if self.blocked is not None:
            wait.has_sigmask = 1
            wait.sigmask = sum(1 << (signo - 1) for signo in signals)
        if self.registered is not None:
            wait.registered = 1
            wait.offset = self.registered
        return wait


def _whole(name: str, seconds: float, unit: int, most: int) -> int:
    """Seconds in whole units: no fewer than asked for, unless it was for none."""
    number = math.ceil(seconds * unit) if math.isfinite(seconds) else -1
    if not 0 <= number <= most:
        raise OperandError(f"{name}={seconds} is out of range: 0 … {most // unit} seconds")
    return number
