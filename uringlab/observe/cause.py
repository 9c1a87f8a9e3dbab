"""What cancelled a request, and where a CQE came from that nobody asked for.

The kernel does not say. What is told here is worked out from what was seen: which requests that
cancel named this one, and ended when they could have.
"""

from __future__ import annotations

import errno
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from uringlab.core.abi import CancelFlags, Opcode
from uringlab.observe.request import Tied

if TYPE_CHECKING:
    from collections.abc import Iterable

    from uringlab.observe.request import Request
    from uringlab.observe.requests import Requests, Stray

_CANCELLED = -errno.ECANCELED
_INTERRUPTED = (-errno.EINTR, -512)
"""What a request says that was running when it was cancelled. (-512: ERESTARTSYS.)"""
_IN_VAIN = (-errno.ENOENT, -errno.EINVAL)


class By(StrEnum):
    """What ended a request before its time."""

    CANCEL = "cancel"
    LINK = "link"
    TIMEOUT = "timeout"
    UNKNOWN = "unknown"


class Cause(NamedTuple):
    """Why a request was cancelled.

    Attributes:
        by: what did it.
        request: which request; None: it was none that was seen.
    """

    by: By
    request: Request | None

    def text(self) -> str:
        """A sentence without its subject."""
        if self.request is None:
            return "cancelled, and no request was seen that did it: IORING_REGISTER_SYNC_CANCEL?"
        who = self.request.name or f"user_data={self.request.user_data}"
        what = self.request.decoded().name
        if self.by is By.LINK:
            return f"cancelled: {who} {what}, linked before it, did not succeed"
        if self.by is By.TIMEOUT:
            return f"cancelled: the time of {who} {what}, linked behind it, was over"
        return f"cancelled by {who} {what}"


def cause_of(one: Request, requests: Requests) -> Cause | None:
    """What cancelled a request; None: it was not cancelled."""
    final = one.final
    if final is None or final.res not in (_CANCELLED, *_INTERRUPTED):
        return None
    others = [other for other in requests if other.ring == one.ring and other is not one]
    found = _tied(one, others) or _canceller(one, others)
    if found is None and final.res != _CANCELLED:
        return None  # a signal, or whatever the operation itself means by it
    return found or Cause(By.UNKNOWN, None)


def _tied(one: Request, others: Iterable[Request]) -> Cause | None:
    before = None if one.tie is None or one.tie.kind is Tied.GUARD else one.tie.to
    for other in others:
        result = other.result
        if other.tie is not None and other.tie.to == one.number and other.tie.kind is Tied.GUARD:
            if result is not None and result.res == -errno.ETIME:
                return Cause(By.TIMEOUT, other)
        # A chain is also broken by less than was asked for: any end but a full success.
        elif other.number == before and other.final is not None and other.order < one.order:
            return Cause(By.LINK, other)
    return None


def _canceller(one: Request, others: list[Request]) -> Cause | None:
    for other in reversed(others):
        if other.consumed is None or other.published is None:
            continue
        end = other.completions[-1].posted if other.completions else None
        begun = one.consumed
        if end is not None and begun is not None and end.time_ns < begun.since_ns:
            continue  # it was over before this one began
        if other.consumed.since_ns > one.completions[-1].posted.time_ns:
            continue  # it began when this one was over
        result = other.result
        if result is not None and result.res in _IN_VAIN:
            continue
        if _names(other, one):
            return Cause(By.CANCEL, other)
    return None


def _names(other: Request, one: Request) -> bool:
    """Whether `other` is a request that cancels, and `one` is what it means."""
    words = other.decoded().words
    match other.sqe[0]:
        case Opcode.ASYNC_CANCEL:
            return _async_cancel(words, one)
        case Opcode.POLL_REMOVE:
            return not words["len"] and words["addr"] == one.user_data
        case Opcode.TIMEOUT_REMOVE:
            return not words["op_flags"] and words["addr"] == one.user_data
    return False


def _async_cancel(words: dict[str, int], one: Request) -> bool:
    flags = CancelFlags(words["op_flags"])
    if flags & CancelFlags.ANY:
        return True
    theirs = one.decoded().words
    if flags & CancelFlags.FD and words["fd"] != theirs["fd"]:
        return False
    if flags & CancelFlags.OP and words["len"] != one.sqe[0]:
        return False
    by_name = not flags & (CancelFlags.FD | CancelFlags.OP)
    if by_name or flags & CancelFlags.USERDATA:
        return words["addr"] == one.user_data
    return True


def origin_of(stray: Stray, requests: Requests) -> str:
    """Where a CQE may have come from that answers no request, in a sentence."""
    ring = requests.rings.get(stray.ring)
    cqe = stray.cqe
    for other in reversed(list(requests)):
        if other.sqe[0] != Opcode.MSG_RING or other.consumed is None:
            continue
        words = other.decoded().words
        here = ring is not None and words["fd"] == ring.fd
        if here and words["off"] == cqe.user_data and words["len"] == cqe.res & 0xFFFF_FFFF:
            who = other.name or f"user_data={other.user_data}"
            return f"sent by {who} MSG_RING of {other.ring}"
    if ring is not None and ring.unseen:
        return "asked for by an SQE that nobody saw being staged"
    return "nobody here asked for it: a message of another ring, or the tag of something registered"
