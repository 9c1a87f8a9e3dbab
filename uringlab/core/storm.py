"""Load at full speed: one request, again and again, from C and without Python's GIL."""

from __future__ import annotations

import errno
import time
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from uringlab.core.abi import Opcode, SqeFlags
from uringlab.core.batch import CqeBatch
from uringlab.core.errors import OperandError, SqesStaged, SubmissionQueueFull, check
from uringlab.core.native import ffi, lib
from uringlab.core.ops.makers import MAKERS
from uringlab.core.ops.prepared import Encoded
from uringlab.core.wait import MEANINGS, NS, Wait

if TYPE_CHECKING:
    from collections.abc import Iterable

    from uringlab.core.ops.declare import Op
    from uringlab.core.ring import IoUring

SLICE = 0.05
"""Seconds between two chances for Python to see a signal."""
FIRST = 1_000_000
_NAMES = 1 << 16
_MOST = 2**63 - 1
_IN_USE = -errno.EEXIST
_LONGEST = 10**9
_CHANGES_FDS = "each time it would open or close a file, and nobody would see to it"
_CHANGES_BUFFERS = "it hands buffers over, and that is not done again and again"
_ABOUT_ANOTHER = "it is about another request, and that is there once"
_MANY_CQES = "one request of it has many CQEs: it is a stream by itself"

_REFUSED = {
    **dict.fromkeys(MAKERS, _CHANGES_FDS),
    Opcode.CLOSE: _CHANGES_FDS,
    Opcode.FILES_UPDATE: _CHANGES_FDS,
    Opcode.PROVIDE_BUFFERS: _CHANGES_BUFFERS,
    Opcode.REMOVE_BUFFERS: _CHANGES_BUFFERS,
    Opcode.ASYNC_CANCEL: _ABOUT_ANOTHER,
    Opcode.POLL_REMOVE: _ABOUT_ANOTHER,
    Opcode.TIMEOUT_REMOVE: _ABOUT_ANOTHER,
    Opcode.LINK_TIMEOUT: _ABOUT_ANOTHER,
    Opcode.READ_MULTISHOT: _MANY_CQES,
    Opcode.RECV_ZC: _MANY_CQES,
    Opcode.MSG_RING: "it would fill another ring, which nobody empties meanwhile",
}
_MULTISHOT = {
    Opcode.POLL_ADD: ("len", 1 << 0),  # POLL_ADD_MULTI
    Opcode.TIMEOUT: ("op_flags", 1 << 6),  # TIMEOUT_MULTISHOT
    Opcode.RECV: ("ioprio", 1 << 1),  # RECV_MULTISHOT
}


class Ending(StrEnum):
    """Why a storm is over."""

    ALL = "all are done"
    TIME = "the time is over"
    STOPPED = "it was stopped"
    STRANGER = "a CQE came that is not the storm's"


_ENDINGS = {
    lib.UL_STORM_ALL: Ending.ALL,
    lib.UL_STORM_TIME: Ending.TIME,
    lib.UL_STORM_STOPPED: Ending.STOPPED,
    lib.UL_STORM_STRANGER: Ending.STRANGER,
}


class Progress(NamedTuple):
    """How far a storm is.

    Attributes:
        done: requests that have their last CQE.
        under_way: requests that were pushed and have it not yet.
        succeeded: results that were no error.
        failed: results below zero.
        errors: (res, how often) of the first eight different ones.
        smallest, largest: of the results that were no error; 0 while there is none.
        sum: of them: for reads and writes, bytes.
        seconds: since it began; up to its latest turn.
    """

    done: int
    under_way: int
    succeeded: int
    failed: int
    errors: tuple[tuple[int, int], ...]
    smallest: int
    largest: int
    sum: int
    seconds: float

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.done / self.seconds if self.seconds else 0.0


def why_not(op: Op) -> str:
    """Why an op cannot be one of a storm's; "" if it can."""
    words = op.words()
    number = words["opcode"]
    if number in _REFUSED:
        return _REFUSED[number]
    if op.claims:
        return "it takes something over when it is pushed, and that cannot be done twice"
    if words["flags"] & SqeFlags.CQE_SKIP_SUCCESS:
        return "with CQE_SKIP_SUCCESS nobody would learn when it is done"
    if words["flags"] & SqeFlags.BUFFER_SELECT:
        return "each would take a provided buffer, and nobody would give it back"
    word, bit = _MULTISHOT.get(Opcode(number), ("len", 0))
    return _MANY_CQES if words[word] & bit else ""


class Storm:
    """One request in many copies, turn after turn: push a batch, submit, wait for all of it.

    Each turn is what `IoUring.turn` makes; here the loop around it is in C too. What the
    request needs is held by each copy on its own account, so a storm may be left at any point:
    what is under way then ends as any request does.

    Each copy has a user_data of its own, from `first` on, in a range that is used again and
    again and is wider than the queues: see `names`.

        storm = Storm(ring, ops.Nop(), batch=32, count=1_000_000)
        while storm.run():
            print(storm.progress.done)

    `run` belongs to the thread that drives the ring; `stop` and `progress` to any.

    Args:
        ring: nothing may be staged or published on it when the storm begins.
        op: the request. Its user_data is not used.
        batch: how many in a turn; the submission queue must have room for them.
        count: how many in all; None: until it is stopped.
        seconds: it ends after so long, and after one turn at least.
        rate: so many a second, at most; None: as fast as it goes.
        first: the first user_data.

    Raises:
        OperandError: a number makes no sense, or that request cannot be repeated.
        SubmissionQueueFull: `batch` is more than the queue has slots.
        NotSupported: this kernel does not know the opcode.

    Attributes:
        names: how many different user_data there are.
        ending: why it is over; None: it is not.
    """

    def __init__(
        self,
        ring: IoUring,
        op: Op,
        *,
        batch: int = 1,
        count: int | None = None,
        seconds: float | None = None,
        rate: float | None = None,
        first: int = FIRST,
    ) -> None:
        """Make it ready. Nothing is pushed yet."""
        refusal = why_not(op)
        if refusal:
            raise OperandError(f"{op.title()} makes no storm: {refusal}")
        if not 1 <= batch <= ring.params.sq_entries:
            if batch > 1:
                raise SubmissionQueueFull(
                    f"a turn of {batch} does not fit: the submission queue has "
                    f"{ring.params.sq_entries} slots"
                )
            raise OperandError(f"batch={batch}: a turn is one request at least")
        if count is not None and not 1 <= count <= _MOST:
            raise OperandError(f"count={count}: a storm is one request at least")
        if seconds is not None and not 0 < seconds <= _LONGEST:
            raise OperandError(f"seconds={seconds} is out of range: above 0, up to {_LONGEST}")
        if rate is not None and not batch / _LONGEST <= rate <= NS:
            raise OperandError(f"rate={rate} is out of range: above 0, up to {NS} a second")
        encoded = Encoded((op,) * batch)
        ring.check_known(encoded)
        self.names = max(_NAMES, 1 << (ring.params.cq_entries + 2 * batch).bit_length())
        if not 0 <= first <= 2**64 - self.names:
            raise OperandError(f"first={first}: {self.names} user_data must fit 64 bits from there")
        self.ending: Ending | None = None
        self._handle = ring.handle
        self._room = CqeBatch(batch)
        self._seconds = seconds
        # The struct keeps none of what it points to.
        self._keep = encoded
        self._c = ffi.new(
            "struct ul_storm *",
            {
                "ops": encoded.c[0],
                "sqes": ffi.cast("uint8_t *", encoded.c.sqes),
                "batch": self._room.c,
                "user_data": first,
                "names": self.names,
                "count": count or 0,
                "period_ns": 0 if rate is None else int(batch / rate * NS),
            },
        )

    def run(self, seconds: float = SLICE, blocked: Iterable[int] | None = None) -> bool:
        """Go on for about so long, without the GIL.

        It comes back sooner when a signal ends a wait. A KeyboardInterrupt may come out of it:
        then run on, or leave it.

        Args:
            seconds: how long.
            blocked: signals that are blocked while it waits, in place of the thread's mask.

        Returns:
            Whether there is more to do. If not, `ending` says why.

        Raises:
            SqesStaged: something is staged or published when it begins.
            OperandError: a request under way has one of its user_data.
            OSError: the kernel's errno, from io_uring_enter(2). What was pushed stays pushed.
            RingError: the ring is closed, or its submission queue is somebody else's as well.
        """
        if self.ending is not None:
            return False
        if not self._c.started_ns:
            self._set_up(blocked)
        answer = lib.ul_storm(self._handle, self._c, int(min(max(seconds, 0), _LONGEST) * NS))
        if answer == lib.UL_E_STAGED:
            raise SqesStaged("SQEs are staged or published: a storm needs an empty queue")
        if answer == _IN_USE:
            raise OperandError(
                f"a request under way has one of the user_data {self._c.user_data} … "
                f"{self._c.user_data + self.names - 1}: begin elsewhere"
            )
        self.ending = _ENDINGS.get(check(answer, "io_uring_enter", MEANINGS))
        return self.ending is None

    def _set_up(self, blocked: Iterable[int] | None) -> None:
        if blocked is not None:
            wait = Wait(blocked=blocked).to_c()
            self._c.has_sigmask, self._c.sigmask = 1, wait.sigmask
        if self._seconds is not None:
            self._c.end_ns = time.monotonic_ns() + int(self._seconds * NS)

    def stop(self) -> None:
        """End it, from any thread: after the turn that it is in, unless that waits.

        A wait ends with the slice that `run` was asked for, or at once if a signal comes.
        """
        self._c.stop = 1

    @property
    def first(self) -> int:
        """The first user_data."""
        return int(self._c.user_data)

    @property
    def count(self) -> int | None:
        """How many it is to be in all; None: as many as come."""
        return self._c.count or None

    @property
    def batch(self) -> int:
        """How many in a turn."""
        return int(self._c.ops.n)

    @property
    def progress(self) -> Progress:
        """How far it is, from any thread. The numbers are not of one instant while it runs."""
        c = self._c
        return Progress(
            done=c.done,
            under_way=c.under_way,
            succeeded=c.succeeded,
            failed=c.failed,
            errors=tuple((one.res, one.count) for one in c.errors if one.count),
            smallest=c.smallest,
            largest=c.largest,
            sum=c.sum,
            seconds=(c.latest_ns - c.started_ns) / NS if c.latest_ns else 0.0,
        )

    def __repr__(self) -> str:
        """How far it is."""
        return f"<Storm: {self._c.done} done, {self._c.under_way} under way>"
