"""What can go wrong, by name.

Whatever the kernel refuses is an `OSError` with its errno. What the library itself refuses,
before the kernel is asked, is one of these.
"""

from __future__ import annotations

import errno as _errno
import os
from typing import TYPE_CHECKING

from uringlab.core.native import lib

if TYPE_CHECKING:
    from collections.abc import Mapping


class RingError(Exception):
    """Something this library refuses, before the kernel is asked."""


class SubmissionQueueFull(RingError):
    """Every SQE slot is staged or published: nothing was written. Submit, then go on."""


class RingClosed(RingError):
    """The ring was closed. Its memory is unmapped; there is nothing to read any more."""


class RingForked(RingError):
    """This process is a fork()ed child: the ring is its parent's. Open a ring of its own."""


class RingBusy(RingError):
    """Another thread is inside io_uring_enter() on this ring: it cannot be closed under it."""


class StaleSlot(RingError):
    """The slot was published: it is the kernel's now, and may not be written."""


class LooseAddress(RingError):
    """A raw SQE has an address in it that no memory object holds: it was not published."""


class SqesStaged(RingError):
    """SQEs are staged: they have to be published before the ring can change its size."""


class NotSupported(RingError):
    """This kernel, or this ring, cannot do it; nothing was written, the kernel was not asked."""


class OperandError(ValueError):
    """An operand does not fit its SQE word, or is not what the opcode takes."""


class Unavailable(OSError):
    """io_uring cannot be had here. `reason` says why, `advice` what to change."""

    def __init__(self, errno: int, reason: str, advice: str) -> None:
        """Join the two to the message."""
        super().__init__(errno, f"io_uring is not available here: {reason}. {advice}")
        self.reason = reason
        self.advice = advice


_OURS: dict[int, RingError] = {
    lib.UL_E_CLOSED: RingClosed("the ring is closed"),
    lib.UL_E_FORKED: RingForked(
        "this process is a fork of the one that opened the ring; open a ring here"
    ),
    lib.UL_E_FULL: SubmissionQueueFull(
        "the submission queue is full: submit, so that the kernel frees slots"
    ),
    lib.UL_E_LOOSE: LooseAddress(
        "a raw slot was written while it was being published: nothing was published"
    ),
    lib.UL_E_STAGED: SqesStaged(
        "SQEs are staged: publish or submit them before the ring changes its size"
    ),
    lib.UL_E_BUSY: RingBusy("another thread is inside io_uring_enter() on this ring"),
}


# Of two names for one number, the one that the kernel's sources use.
_KERNEL_NAMES = {_errno.EOPNOTSUPP: "EOPNOTSUPP", _errno.EDEADLK: "EDEADLK"}


INTERNAL = {
    512: "ERESTARTSYS",
    513: "ERESTARTNOINTR",
    514: "ERESTARTNOHAND",
    516: "ERESTART_RESTARTBLOCK",
}
"""The kernel's own numbers for "a signal came", which no system call returns; but a CQE may have
one, where a request was cancelled. Source: include/linux/errno.h."""


def errno_name(number: int) -> str:
    """`EBADF` for 9 or -9; the number itself where it has no name."""
    number = abs(number)
    for names in (_KERNEL_NAMES, _errno.errorcode, INTERNAL):
        if number in names:
            return names[number]
    return str(number)


def errno_text(number: int) -> str:
    """`EBADF: bad file descriptor` for 9 or -9."""
    if abs(number) in INTERNAL:
        return f"{errno_name(number)}: it was cancelled, or interrupted, while it waited"
    text = os.strerror(abs(number))
    return f"{errno_name(number)}: {text[:1].lower()}{text[1:]}"


def meaning_of(answer: int, meanings: Mapping[int, str]) -> str:
    """`EBUSY: the completion queue is overflown`: by name, and what it means in this place."""
    return f"{errno_name(answer)}: {meanings.get(-answer) or os.strerror(-answer).lower()}"


def check(answer: int, what: str, meanings: Mapping[int, str] | None = None) -> int:
    """Return an answer of the C floor, or raise what it stands for.

    Args:
        answer: what the C floor answered.
        what: the call, for the message.
        meanings: what some errnos mean in this place.

    Raises:
        RingError: one of the library's own refusals.
        OSError: the kernel's errno; `what` names the call.
    """
    if answer >= 0:
        return answer
    ours = _OURS.get(answer)
    if ours is not None:
        raise type(ours)(*ours.args)
    raise OSError(-answer, f"{what}: {meaning_of(answer, meanings or {})}")
