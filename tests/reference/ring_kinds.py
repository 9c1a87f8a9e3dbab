"""The kinds of rings that the reference behaviours run on, and how to drive any of them alike."""

from __future__ import annotations

import errno
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from uringlab import EnterFlags, SetupFlags, SqeFlags, SqRingFlags
from uringlab.core.errors import check
from uringlab.core.native import ffi, lib

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from uringlab import Cqe, IoUring
    from uringlab.core.abi import RegisterOp
    from uringlab.core.ops import Op

PATIENCE = 10.0
"""Seconds after which something that must happen is taken not to happen."""

MS = 1_000_000
LONG = 60_000 * MS
"""Nanoseconds that no test will see the end of."""


@dataclass(frozen=True)
class RingKind:
    """A way of setting rings up.

    Attributes:
        name: as in the names of the tests.
        flags: what every ring of the kind is set up with.
        idle: milliseconds after which a poll thread sleeps: soon, there are few CPUs.
    """

    name: str
    flags: SetupFlags
    idle: int = 0

    @property
    def polled(self):
        return SetupFlags.SQPOLL in self.flags

    @property
    def deferred(self):
        return SetupFlags.DEFER_TASKRUN in self.flags

    @property
    def wide(self):
        return SetupFlags.CQE32 in self.flags


KINDS = (
    RingKind("plain", SetupFlags(0)),
    RingKind("NO_SQARRAY", SetupFlags.NO_SQARRAY),
    RingKind("SQPOLL", SetupFlags.SQPOLL, idle=10),
    RingKind("DEFER_TASKRUN", SetupFlags.SINGLE_ISSUER | SetupFlags.DEFER_TASKRUN),
    RingKind("CQE32", SetupFlags.CQE32),
    RingKind("SQE128", SetupFlags.SQE128),
)
BY_NAME = {kind.name: kind for kind in KINDS}


def claimed(marks: Iterable) -> tuple[RingKind, ...]:
    """The kinds that these marks leave: all but `not_on`, or none but `only_on`."""
    names = list(BY_NAME)
    for mark in marks:
        if mark.name == "not_on":
            assert mark.kwargs, "not_on(KIND='why')"
            names = [name for name in names if name not in mark.kwargs]
            unknown = mark.kwargs.keys() - BY_NAME.keys()
        elif mark.name == "only_on":
            assert mark.kwargs.get("why"), "only_on('KIND', why='…')"
            names = [name for name in names if name in mark.args]
            unknown = set(mark.args) - BY_NAME.keys()
        else:
            continue
        assert not unknown, f"no such kind: {unknown}"
    return tuple(BY_NAME[name] for name in names)


# -- what the rings show -----------------------------------------------------------------


def words(ring: IoUring):
    """Every word of the shared memory, as `struct ul_words`."""
    out = ffi.new("struct ul_words *")
    check(lib.ul_ring_words(ring.handle, out), "look")
    return out


def sq_flags(ring: IoUring) -> SqRingFlags:
    return SqRingFlags(words(ring).sq_flags)


def until(condition: Callable[[], object]) -> None:
    """Wait for something that announces itself by no event."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.0005)


# -- staging, submitting, reaping ----------------------------------------------------------


def stage(ring: IoUring, *ops: Op) -> None:
    for op in ops:
        ring.sq().push(op)


def stage_raw(ring: IoUring, **fields: object) -> None:
    """Stage an SQE word by word: for what no builder would build."""
    ring.sq().slot().write(**{"flags": 0, **fields})


def submit(ring: IoUring, *ops: Op) -> int:
    """Stage and submit; how many SQEs were taken. A poll thread has issued them, too."""
    stage(ring, *ops)
    taken = ring.submit()
    if ring.params.flags & SetupFlags.SQPOLL:
        # The head moves once everything that was found has been issued.
        until(lambda: words(ring).sq_head == words(ring).sq_tail)
    return taken


def reap(ring: IoUring, count: int = 1) -> list[Cqe]:
    """Wait for that many CQEs, and take them."""
    found: list[Cqe] = []
    while len(found) < count:
        missing = min(count - len(found), ring.params.cq_entries)
        found += ring.cq(missing, timeout=PATIENCE).drain(missing)
    return found


def reap_or_feed(ring: IoUring, count: int, writer: int) -> list[Cqe]:
    """As `reap`, but a read of a pipe that is still waiting after a while gets a byte.

    On its way between a worker thread and a poll, a request is where no cancelling finds it. The
    answer says so (ENOENT, EALREADY), and it goes on.
    """
    found: list[Cqe] = []
    while len(found) < count:
        try:
            found += ring.cq(1, timeout=0.5).drain(count - len(found))
        except OSError as why:
            assert why.errno == errno.ETIME
            os.write(writer, b"x")
    return found


ESCAPED = (-errno.ENOENT, -errno.EALREADY)
CUT_OFF = (-errno.ECANCELED, -errno.EINTR)
"""What becomes of a read that is cancelled: EINTR where a worker thread had it."""


def was_cut_off(res: int, answer: int, how: SqeFlags) -> bool:
    """Whether the read was cancelled; or was on its way, and the answer to cancelling says so."""
    escaped = SqeFlags.ASYNC in how and answer in ESCAPED and res > 0
    return res in CUT_OFF or escaped


def run(ring: IoUring, *ops: Op, count: int | None = None) -> list[Cqe]:
    """Submit, and wait for a CQE each (or for `count`): in the order in which they came."""
    submit(ring, *ops)
    return reap(ring, len(ops) if count is None else count)


def one(ring: IoUring, op: Op) -> Cqe:
    """Submit a request, and wait for the only CQE that it brings."""
    [cqe] = run(ring, op)
    assert cqe.user_data == op.user_data
    assert cqe.final
    assert len(ring.cq()) == 0
    return cqe


def results(cqes: Iterable[Cqe]) -> dict[int, int]:
    """`res` by user_data; each must be there once."""
    cqes = list(cqes)
    found = {cqe.user_data: cqe.res for cqe in cqes}
    assert len(found) == len(cqes), cqes
    return found


def run_for_results(ring: IoUring, *ops: Op) -> dict[int, int]:
    return results(run(ring, *ops))


def flush(ring: IoUring) -> None:
    """Let the kernel run what waits for this task, and bring what had overflown."""
    ring.enter(0, 0, EnterFlags.GETEVENTS)


def nothing_is_left(ring: IoUring) -> bool:
    """Whether no CQE is there, and none can be brought without waiting."""
    flush(ring)
    return len(ring.cq()) == 0


# -- io_uring_register(2), bare ---------------------------------------------------------------


def ask(ring: IoUring | int, op: RegisterOp | int, data: bytes = b"", nr: int = 0):
    """io_uring_register with a copy of `data`: (answer or -errno, the bytes as they are then).

    For what the kernel does before the call returns; a number is an fd instead of a ring.
    """
    room = ffi.new("uint8_t[]", data) if data else ffi.NULL
    if isinstance(ring, int):
        answer = lib.ul_sys_register(ring, int(op), room, nr)
    else:
        answer = lib.ul_register(ring.handle, int(op), room, nr)
    return answer, bytes(ffi.buffer(room, len(data))) if data else b""
