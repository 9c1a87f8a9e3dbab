"""The queue pair: one io_uring instance, from io_uring_setup(2) to its end."""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING, NamedTuple, Self

from uringlab.core.abi import SQE_BYTES, EnterFlags, Opcode, SetupFlags
from uringlab.core.cq import Cq
from uringlab.core.errors import NotSupported, OperandError, check
from uringlab.core.fd import IoUringFd
from uringlab.core.memory import MemoryMapping
from uringlab.core.native import ffi, lib
from uringlab.core.native._fast import Turn
from uringlab.core.params import Params
from uringlab.core.probe import explain_setup_failure, kernel_opcodes
from uringlab.core.register.registering import Registering
from uringlab.core.sq import Sq, SqeSlot
from uringlab.core.wait import MEANINGS, Wait

if TYPE_CHECKING:
    from collections.abc import Callable

    from uringlab.core.batch import CqeBatch
    from uringlab.core.native._native import CData
    from uringlab.core.ops.prepared import Encoded, Prepared

PATIENCE = 5.0
"""Seconds that `close()` waits for cancelled requests before it gives their memory up."""

_U32 = 2**32 - 1
_NO_FLAGS = 0
_MAX_ERRNO = 4095


class Enter(NamedTuple):
    """One io_uring_enter(2), as it was asked and answered.

    Attributes:
        serial: counts the calls on this ring.
        result: how many SQEs the kernel consumed, or -errno.
        started_ns, ended_ns: CLOCK_MONOTONIC; 0 where a `turn` made the call: it is not timed.
    """

    serial: int
    to_submit: int
    min_complete: int
    flags: EnterFlags
    result: int
    started_ns: int
    ended_ns: int


class IoUring(Registering):
    """A ring: setup, map, wire; then two queues.

    `close()`, or leaving the `with` block, cancels what is in flight, waits for it, unmaps and
    closes. Memory that the kernel may still write to is never freed, whatever happens.

    What a silent request (CQE_SKIP_SUCCESS) holds is kept until the ring is closed, and so is
    what else is pushed with its user_data. A later member of its link that does complete proves
    nothing: the kernel cuts a chain where it stops consuming, and then both run at once.

    One thread at a time should drive a ring; others may look at it (`observe/`). A fork()ed
    child cannot use it (`RingForked`).

    Args:
        sq_entries: SQE slots; the kernel rounds up to a power of two.
        params: flags and the rest; `Params()` where nothing special is wanted.

    Raises:
        Unavailable: io_uring is forbidden or missing here; says why and what to change.
        OSError: the kernel refused: EINVAL for sizes and flags, ENOMEM for RLIMIT_MEMLOCK.
    """

    def __init__(self, sq_entries: int = 8, params: Params | None = None) -> None:
        """Set up, map and wire. Source: io_uring_setup(2)."""
        if not 0 <= sq_entries <= _U32:
            raise OperandError(f"sq_entries={sq_entries} does not fit 32 bits")
        wanted = params or Params()
        asked = wanted.to_c()
        out = ffi.new("ul_ring **")
        answer = lib.ul_ring_open(sq_entries, asked, int(wanted.huge_pages), out)
        if answer < 0:
            raise explain_setup_failure(-answer, sq_entries, wanted)
        self._handle = ffi.gc(out[0], lib.ul_ring_free)
        self.params = Params.from_c(asked)
        self.params.huge_pages = lib.ul_ring_huge(self._handle) > 0
        self.memory = MemoryMapping(self._handle, self.params)
        check(lib.ul_ring_wire(self._handle), "wire the queues")
        self.raw_slots: list[SqeSlot] = []
        self.sqe_size = (2 if self.params.flags & SetupFlags.SQE128 else 1) * SQE_BYTES
        self.closed = False

    @property
    def fd(self) -> IoUringFd:
        """The ring's own fd; where it has none (REGISTERED_FD_ONLY), its registered index."""
        number = lib.ul_ring_fd(self._handle)
        if number >= 0 or self.closed:
            return IoUringFd(number)
        return IoUringFd(lib.ul_ring_index(self._handle), registered=True)

    # -- the two queues ---------------------------------------------------------

    def sq(self) -> Sq:
        """The submission queue."""
        return Sq(self, self._handle)

    def cq(self, wait_nr: int = 0, timeout: float | None = None, *, wait: Wait | None = None) -> Cq:
        """The completion queue, after waiting until it has `wait_nr` CQEs.

        It may have fewer: a wait that ends when some are there is no error for the kernel, and
        under CQE_MIXED the kernel counts slots (a CQE of 32 bytes is two).

        Raises:
            OSError: ETIME when `timeout` seconds pass and none is there; EINTR when a signal
                comes and none is there.
        """
        if wait_nr and lib.ul_cq_ready(self._handle) < wait_nr:
            self.enter(0, wait_nr, EnterFlags.GETEVENTS, timeout=timeout, wait=wait)
        return Cq(self._handle)

    # -- the door ----------------------------------------------------------------

    def submit(self, flags: int = _NO_FLAGS) -> int:
        """Publish what is staged, and let the kernel consume it. Returns how many it took."""
        return self.submit_and_wait(0, flags=flags)

    def submit_and_wait(
        self,
        wait_nr: int = 1,
        timeout: float | None = None,
        *,
        wait: Wait | None = None,
        flags: int = _NO_FLAGS,
    ) -> int:
        """Publish, enter, and wait until `wait_nr` CQEs are ready.

        The rules are liburing's: a system call is made when there is something to submit or to
        wait for, when the poll thread sleeps, and when only the kernel can bring what is due
        (GETEVENTS on IOPOLL, on overflow, on task work).

        There may be fewer when it returns: a TIMEOUT request that is over ends every wait, and
        the kernel waits for no more than the queue holds. Source: io_should_wake(), io_uring.h.

        Args:
            wait_nr: CQEs to wait for.
            timeout: seconds; None waits for ever.
            wait: instead of `timeout`: how to wait, in full.
            flags: IORING_ENTER_* besides those that the rules ask for, such as NO_IOWAIT.

        Returns:
            How many SQEs the kernel consumed; under SQPOLL, how many were published.

        Raises:
            OSError: the kernel's errno: ETIME when the time is over first, EINTR when a signal
                came. What was published stays published; `last_enter` says what was consumed.
        """
        self.check_raw_slots()
        how = _wait(timeout, wait)
        answer = lib.ul_submit(self._handle, wait_nr, flags, how)
        return check(answer, "io_uring_enter", MEANINGS)

    def submit_and_drain(
        self,
        batch: CqeBatch,
        wait_nr: int = 0,
        timeout: float | None = None,
        *,
        wait: Wait | None = None,
        flags: int = _NO_FLAGS,
    ) -> int:
        """`submit_and_wait`, and then `cq().drain_into(batch)`: one C call for both.

        What was ready is in the batch even if this raises: nothing is lost.

        Returns:
            How many CQEs are in the batch now.

        Raises:
            OSError: as `submit_and_wait`.
        """
        if self.raw_slots:
            self.check_raw_slots()
        how = ffi.NULL if timeout is None and wait is None else _wait(timeout, wait)
        answer = lib.ul_submit_drain(self._handle, batch.c, wait_nr, flags, how)
        return answer if answer >= 0 else check(answer, "io_uring_enter", MEANINGS)

    def turn(
        self, ops: Prepared, batch: CqeBatch, wait_nr: int = 0, flags: int = _NO_FLAGS
    ) -> Callable[[], int]:
        """Make ready one whole turn of the ring: push, publish, enter, wait, take.

        Each call of what it returns does all of that in one call of C, which costs half of
        what `push_all` and `submit_and_drain` do:

            turn = ring.turn(Prepared([ops.Nop()]), batch, wait_nr=1)
            while turn():
                for cqe in batch: ...

        The turn keeps the ring's handle, the requests and the batch; it answers with the number
        of CQEs that are in the batch then.

        Raises:
            NotSupported: this kernel does not know one of the opcodes.
            OperandError: one of them takes something over when it is pushed (a CLOSE of an
                `OwnedFd`): that cannot be done twice.
            SubmissionQueueFull, OSError: from the call, as from the two; what was pushed stays
                pushed if the rest fails.
        """
        self.check_known(ops.encoded)
        if ops.claiming:
            raise OperandError("a turn is made often: an OwnedFd can be closed only once")
        return Turn(
            _address(ffi.addressof(lib, "ul_turn")),
            _address(self._handle),
            _address(ops.encoded.c),
            batch,
            wait_nr,
            int(flags),
            (self._handle, ops),
            _turn_failed,
        ).make

    def enter(
        self,
        to_submit: int,
        min_complete: int = 0,
        flags: int = _NO_FLAGS,
        *,
        timeout: float | None = None,
        wait: Wait | None = None,
    ) -> int:
        """io_uring_enter(2), just so. Publishes nothing.

        Args:
            to_submit: how many published SQEs to consume at most.
            min_complete: with GETEVENTS, how many CQEs to wait for.
            flags: IORING_ENTER_*.
            timeout: seconds; None waits for ever.
            wait: instead of `timeout`: how to wait, in full.

        Returns:
            How many SQEs were consumed.

        Raises:
            OSError: the kernel's errno. A KeyboardInterrupt may come instead, while it
                waits: `last_enter` has the answer that was lost.
        """
        answer = self.try_enter(to_submit, min_complete, flags, timeout=timeout, wait=wait)
        return check(answer, "io_uring_enter", MEANINGS)

    def try_enter(
        self,
        to_submit: int,
        min_complete: int = 0,
        flags: int = _NO_FLAGS,
        *,
        timeout: float | None = None,
        wait: Wait | None = None,
    ) -> int:
        """As `enter`, but the kernel's -errno is an answer and not an exception.

        Raises:
            RingError: the library's own refusals: closed, forked.
        """
        answer = lib.ul_enter(
            self._handle, to_submit, min_complete, int(flags), _wait(timeout, wait)
        )
        return answer if answer >= -_MAX_ERRNO else check(answer, "io_uring_enter")

    @property
    def last_enter(self) -> Enter | None:
        """What the last io_uring_enter on this ring was asked and answered. None: none yet."""
        out = ffi.new("struct ul_enter *")
        check(lib.ul_last_enter(self._handle, out), "last enter")
        if out.serial == 0:
            return None
        return Enter(
            out.serial,
            out.to_submit,
            out.min_complete,
            EnterFlags(out.flags),
            out.result,
            out.started_ns,
            out.ended_ns,
        )

    # -- raw slots -----------------------------------------------------------------

    def check_raw_slots(self) -> None:
        """Before anything is published: no raw slot may hold a loose address.

        Raises:
            LooseAddress: one does. Nothing was published.
        """
        if self.raw_slots:
            for slot in list(self.raw_slots):
                if not slot.check_addresses():
                    self.raw_slots.remove(slot)

    def check_known(self, ready: Encoded) -> None:
        """Before anything is pushed: the kernel must know the opcodes, the slots hold the SQEs.

        Raises:
            NotSupported: it does not; says since which kernel there is such a thing.
        """
        for number in sorted(ready.opcodes - kernel_opcodes()):
            opcode = Opcode(number)
            raise NotSupported(
                f"this kernel does not know {opcode.name}: it came with Linux {opcode.since}"
            )
        if ready.size > self.sqe_size:
            raise NotSupported(
                f"an SQE of {ready.size} bytes needs a ring with slots of that size: "
                "Params(flags=SetupFlags.SQE128)"
            )
        ready.known = ready.size == SQE_BYTES

    # -- for observe/ ---------------------------------------------------------------

    @property
    def handle(self) -> CData:
        """The C floor's handle, for `observe/` to look through. Not for driving the ring."""
        return self._handle

    # -- the end ---------------------------------------------------------------------

    def close(self, patience: float = PATIENCE) -> None:
        """Cancel, wait, unmap, close. Twice is once.

        Requests that do not end within `patience` seconds keep their memory for ever: a
        ResourceWarning says how many blocks were given up.

        Raises:
            RingBusy: another thread is inside io_uring_enter() on this ring.
        """
        if self.closed:
            return
        retired = check(lib.ul_ring_close(self._handle, int(patience * 1e9)), "close")
        self.closed = True
        if retired:
            warnings.warn(
                f"{retired} blocks of memory were given up: the kernel may still use them",
                ResourceWarning,
                stacklevel=2,
            )

    def __enter__(self) -> Self:
        """`with IoUring() as ring:`."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close."""
        self.close()

    def __repr__(self) -> str:
        """Its fd, sizes and flags."""
        if self.closed:
            return "<IoUring closed>"
        flags = SetupFlags(self.params.flags)
        return (
            f"<IoUring fd={self.fd.number} sq={self.params.sq_entries} "
            f"cq={self.params.cq_entries} flags={flags!s} pid={os.getpid()}>"
        )


def _address(pointer: CData) -> int:
    return int(ffi.cast("uintptr_t", pointer))


def _turn_failed(answer: int) -> int:
    return check(answer, "io_uring_enter", MEANINGS)


def _wait(timeout: float | None, wait: Wait | None = None) -> CData:
    """A `struct ul_wait *`, or NULL for ever with the thread's own mask."""
    if wait is not None:
        if timeout is not None:
            raise OperandError("give the timeout in the Wait, or without one")
        return wait.to_c()
    return ffi.NULL if timeout is None else Wait(timeout=timeout).to_c()
