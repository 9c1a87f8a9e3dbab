"""What is true here: of the running kernel, and of the ring in use."""

from __future__ import annotations

import os
import platform
import re
from functools import cache
from typing import TYPE_CHECKING

from uringlab.core import probe
from uringlab.core.abi import (
    CqRingFlags,
    EnterFlags,
    Features,
    Opcode,
    PollFlags,
    QueryOp,
    RegisterOp,
    SetupFlags,
    SqeFlags,
    SqRingFlags,
)
from uringlab.core.errors import NotSupported
from uringlab.core.fd import Fd

if TYPE_CHECKING:
    from uringlab.core.abi import Flags, Named
    from uringlab.core.register.query import Known
    from uringlab.lab.names import RingThing


def here(member: Flags | Named, ring: RingThing | None) -> str:
    """A sentence or two about the running kernel and the ring in use, which may be none."""
    try:
        has = kernel_has(member)
    except OSError as why:
        return f"This kernel cannot be asked for it now: {why.strerror}."
    parts = [_by_number(member.since) if has is None else _asked(has=has)]
    if ring is not None:
        parts.append(_on_ring(member, ring))
    return " ".join(part for part in parts if part)


def kernel_has(member: Flags | Named) -> bool | None:
    """Whether the running kernel has it; None: it answers no such question.

    Asked once a process, by rings of its own that are closed again.

    Raises:
        OSError: no ring can be had now.
    """
    match member:
        case Opcode():
            return int(member) in probe.kernel_opcodes()
        case RegisterOp():
            return int(member) in probe.register_ops()
        case Features():
            return bool(probe.features() & member)
        case SetupFlags():
            known = _query()
            return bool((probe.setup_flags() if known is None else known.setup_flags) & member)
        case EnterFlags():
            known = _query()
            return None if known is None else bool(known.enter_flags & member)
        case SqeFlags():
            known = _query()
            return None if known is None else bool(known.sqe_flags & member)
        case QueryOp():
            return _answers(_query(), member)
        case PollFlags() if member is PollFlags.ADD_LEVEL:
            return _polls_by_level()
    return None


@cache
def _polls_by_level() -> bool:
    """Tried, because the flag has been in the headers since 6.0, and is refused all the same."""
    from uringlab.core.ops.poll import PollAdd  # noqa: PLC0415 (seldom needed)
    from uringlab.core.ring import IoUring  # noqa: PLC0415 (as above)

    counter = os.eventfd(1, os.EFD_CLOEXEC)
    try:
        with IoUring(2) as ring:
            poll = PollAdd(Fd(counter), multishot=True, level=True)
            ring.sq().push(poll)
            ring.submit_and_wait(1)
            [cqe] = list(ring.cq())[:1]
            return cqe.res >= 0
    finally:
        os.close(counter)


@cache
def _query() -> Known | None:
    """IORING_REGISTER_QUERY (6.18): it needs no ring. None: the kernel is older."""
    from uringlab.core.register.query import query  # noqa: PLC0415 (seldom needed)

    try:
        return query()
    except NotSupported:
        return None


def _answers(known: Known | None, question: QueryOp) -> bool:
    if known is None:
        return False
    answer = {QueryOp.ZCRX: known.zcrx, QueryOp.SCQ: known.scq}.get(question, {})
    return answer is not None


def release() -> str:
    """The running kernel's number: `6.18.44`."""
    found = re.match(r"[0-9]+(?:\.[0-9]+)*", platform.release())
    return found.group() if found else platform.release()


def _asked(*, has: bool) -> str:
    return "This kernel has it." if has else f"This kernel ({release()}) does not have it."


def _by_number(since: str) -> str:
    """What cannot be asked is judged by the version, and that is said."""
    if _version(release()) < _version(since):
        return f"This kernel cannot be asked; by its number ({release()}) it is too old for it."
    return f"This kernel cannot be asked; by its number ({release()}) it has it."


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"[0-9]+", text)[:2])


def _on_ring(member: Flags | Named, ring: RingThing) -> str:
    params = ring.ring.params
    match member:
        case SetupFlags():
            return f"{ring.name} was made {'with' if params.flags & member else 'without'} it."
        case Features():
            return f"{ring.name} {'has' if params.features & member else 'does not have'} it."
        case SqRingFlags():
            word = ring.observer.look().sq_flags
        case CqRingFlags():
            word = ring.observer.look().cq_flags
        case _:
            return ""
    return f"In {ring.name} it is {'set' if word & member else 'not set'} now."
