"""What `IoUring` has of io_uring_register(2), noun by noun. Each is loaded when first used.

None of these objects refers to the ring's Python object: they keep its handle, which frees the
ring when the last of them is gone. So a dropped ring waits for no garbage collector.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from uringlab.core.errors import OperandError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from uringlab.core.abi import SqeFlags
    from uringlab.core.buffers import Buffer, Part
    from uringlab.core.fd import AnyFd, IoUringFd
    from uringlab.core.memory import MemoryMapping
    from uringlab.core.native._native import CData
    from uringlab.core.params import Params
    from uringlab.core.register.buffer_ring import BufferRing
    from uringlab.core.register.buffers import Buffers
    from uringlab.core.register.eventfd import EventFd
    from uringlab.core.register.files import Files
    from uringlab.core.register.napi import Napi
    from uringlab.core.register.personality import Personalities
    from uringlab.core.register.region import WaitRegion
    from uringlab.core.register.workers import Workers


class Registering:
    """The part of a ring that registers. Source: io_uring_register(2).

    Whatever is called here may raise: NotSupported, where this kernel does not know the call;
    RingClosed and RingForked; and an OSError with the kernel's errno, among them EEXIST where a
    ring with a single issuer is not this thread's, EACCES where its restrictions forbid the
    call, and ENOMEM where RLIMIT_MEMLOCK does not allow so much.
    """

    params: Params
    memory: MemoryMapping
    _handle: CData
    _files: Files | None = None
    _buffers: Buffers | None = None

    # -- tables --------------------------------------------------------------------

    @property
    def files(self) -> Files:
        """The table of registered files (5.1)."""
        found = self._files
        if found is None:
            from uringlab.core.register.files import Files  # noqa: PLC0415 (seldom needed)

            # One for all threads, whoever comes first.
            found = vars(self).setdefault("_files", Files(self._handle))
        return found

    @property
    def buffers(self) -> Buffers:
        """The table of registered buffers (5.1)."""
        found = self._buffers
        if found is None:
            from uringlab.core.register.buffers import Buffers  # noqa: PLC0415 (seldom needed)

            found = vars(self).setdefault("_buffers", Buffers(self._handle))
        return found

    def buffer_ring(
        self,
        group: int = 0,
        entries: int = 8,
        size: int = 4096,
        *,
        buffers: Sequence[Buffer | Part] | None = None,
        incremental: bool = False,
        kernel_memory: bool = False,
        fill: bool = True,
    ) -> BufferRing:
        """Register a ring of provided buffers. IORING_REGISTER_PBUF_RING, 5.19.

        Args:
            group: its number, which requests name; the object itself will do for `group=`.
            entries: how many entries the queue has: a power of two, 32768 at most.
            size: bytes of each of the `entries` buffers that are made …
            buffers: … unless there are buffers to take: no more than there are entries.
            incremental: a buffer is used up piece by piece, over several completions.
                IOU_PBUF_RING_INC, 6.12.
            kernel_memory: the queue's memory is the kernel's, and mapped. IOU_PBUF_RING_MMAP,
                6.4. It makes no difference to whoever uses it.
            fill: give all buffers to the kernel at once; else use `recycle`.

        Raises:
            OSError: EEXIST: the group has buffers; EINVAL: the entries are no power of two, or
                the kernel does not know a flag.
            OperandError: something does not fit.
        """
        from uringlab.core.buffers import Buffer  # noqa: PLC0415 (seldom needed)
        from uringlab.core.register.buffer_ring import BufferRing  # noqa: PLC0415 (the same)

        if buffers is None:
            if size < 1 or not 1 <= entries <= 1 << 16:
                raise OperandError(f"{entries} buffers of {size} bytes")
            whole = Buffer(entries * size)
            buffers = [whole.part(at * size, size) for at in range(entries)]
        made = BufferRing(
            self._handle,
            group,
            entries,
            buffers,
            incremental=incremental,
            kernel_memory=kernel_memory,
        )
        if fill:
            made.recycle(*range(len(buffers)))
        return made

    # -- one of a kind -----------------------------------------------------------------

    @property
    def eventfd(self) -> EventFd:
        """The eventfd that is signalled with every CQE (5.2)."""
        from uringlab.core.register.eventfd import EventFd  # noqa: PLC0415 (seldom needed)

        return EventFd(self._handle)

    @property
    def personalities(self) -> Personalities:
        """Credentials that requests can run with (5.6)."""
        from uringlab.core.register.personality import Personalities  # noqa: PLC0415 (the same)

        return Personalities(self._handle)

    @property
    def workers(self) -> Workers:
        """The worker threads: where they run (5.14), and how many there may be (5.15)."""
        from uringlab.core.register.workers import Workers  # noqa: PLC0415 (seldom needed)

        return Workers(self._handle)

    @property
    def napi(self) -> Napi:
        """Busy-polling of the network (6.9)."""
        from uringlab.core.register.napi import Napi  # noqa: PLC0415 (seldom needed)

        return Napi(self._handle)

    # -- before it starts --------------------------------------------------------------

    def restrict(
        self,
        *,
        register_ops: Iterable[int] = (),
        sqe_ops: Iterable[int] = (),
        sqe_flags: SqeFlags | int | None = None,
        required_flags: SqeFlags | int | None = None,
        closable: bool = True,
    ) -> None:
        """Say once what the ring may be used for. IORING_REGISTER_RESTRICTIONS, 5.10.

        Only before it starts (R_DISABLED); they hold from `enable` on. What is not allowed is
        refused: a request ends with EACCES, a register call fails with it.

        Args:
            register_ops: `abi.RegisterOp`s that stay allowed.
            sqe_ops: `Opcode`s that stay allowed.
            sqe_flags: IOSQE_* that requests may have.
            required_flags: IOSQE_* that every request must have.
            closable: allow besides what `close()` needs: SYNC_CANCEL, to end what is under way;
                FILES and FILES_UPDATE, to be sure that it has ended, where counting completions
                does not tell (tags, MSG_RING). Without, it may wait in vain, and give the
                requests' memory up.

        Raises:
            OSError: EBADFD: not made with R_DISABLED, or started; EBUSY: it has some; EINVAL.
        """
        from uringlab.core.register.restrictions import restrict  # noqa: PLC0415 (seldom needed)

        restrict(
            self._handle,
            register_ops=register_ops,
            sqe_ops=sqe_ops,
            sqe_flags=sqe_flags,
            required_flags=required_flags,
            closable=closable,
        )

    def wait_region(self, count: int = 1) -> WaitRegion:
        """Register room for `count` waits, before the ring starts. 6.13.

        IORING_REGISTER_MEM_REGION, with REG_WAIT_ARG.

        Raises:
            OSError: EBUSY: there is a region; EINVAL: the ring has started.
        """
        from uringlab.core.register.region import WaitRegion  # noqa: PLC0415 (seldom needed)

        return WaitRegion(self._handle, count)

    def enable(self) -> None:
        """Start a ring that was made with R_DISABLED. IORING_REGISTER_ENABLE_RINGS, 5.10.

        With SINGLE_ISSUER, the thread that calls this is the issuer.

        Raises:
            OSError: EBADFD: it was not made so, or runs already.
        """
        from uringlab.core.register.restrictions import enable  # noqa: PLC0415 (seldom needed)

        enable(self._handle)

    # -- while it runs -----------------------------------------------------------------

    def sync_cancel(
        self,
        user_data: int | None = None,
        *,
        fd: AnyFd | None = None,
        op: int | None = None,
        every: bool = False,
        anything: bool = False,
        timeout: float | None = None,
    ) -> int:
        """Cancel requests, and wait until they have ended. IORING_REGISTER_SYNC_CANCEL, 6.0.

        Their CQEs are posted then, with res ECANCELED where the cancelling came in time. Only
        what the kernel has consumed can be found.

        Args:
            user_data: which request. Of these three, all that is given must be right.
            fd: what it works on; a `FixedFd` names a registered file.
            op: its opcode. 6.6.
            every: all that are like that, and not only the first.
            anything: all there are; give none of the others.
            timeout: seconds to wait for them; None: for ever.

        Returns:
            With `every` or `anything` how many were cancelled, where that is known; else 0.

        Raises:
            OSError: ENOENT: none was found; ETIME: one has not ended in time; EINTR; EBADF.
            OperandError: the arguments do not go together.
        """
        from uringlab.core.register.cancel import sync_cancel  # noqa: PLC0415 (seldom needed)

        return sync_cancel(
            self._handle,
            user_data,
            fd=fd,
            op=op,
            every=every,
            anything=anything,
            timeout=timeout,
        )

    def set_clock(self, clock: int) -> None:
        """Time waits by this clock. IORING_REGISTER_CLOCK, 6.12.

        Args:
            clock: `time.CLOCK_MONOTONIC`, or `time.CLOCK_BOOTTIME`, which goes on while the
                machine sleeps. It matters for `Wait(absolute=True)`.

        Raises:
            OSError: EINVAL: another clock.
        """
        from uringlab.core.register.clock import set_clock  # noqa: PLC0415 (seldom needed)

        set_clock(self._handle, clock)

    def resize(self, sq_entries: int, cq_entries: int = 0, *, clamp: bool = False) -> None:
        """Give the queues another size; what is in them stays. IORING_REGISTER_RESIZE_RINGS, 6.13.

        6.18 sets NEED_WAKEUP and TASKRUN in the SQ's flags then, whatever the ring: to be sure.

        Args:
            sq_entries: SQE slots; rounded up to a power of two.
            cq_entries: CQEs; 0: twice as many.
            clamp: take the most there can be, if that is more.

        Raises:
            OSError: EINVAL: not made with DEFER_TASKRUN, or no sizes; EOVERFLOW: what is in a
                queue does not fit; EAGAIN: the library's own: the kernel would lose what is in
                it (6.13 to 6.18 at the least move entries of 64 and 16 bytes only).
            SqesStaged: publish first.
            RingBusy: another thread is inside.
        """
        from uringlab.core.register.resize import resize  # noqa: PLC0415 (seldom needed)

        resize(self._handle, self.params, self.memory, sq_entries, cq_entries, clamp=clamp)

    def register_fd(self) -> IoUringFd:
        """Register the ring with this thread, which then enters it by its index. 5.18.

        IORING_REGISTER_RING_FDS. The index is good in this thread only; others use the fd.

        Raises:
            OSError: EBUSY: this thread has 16 already; EEXIST: it is registered.
        """
        from uringlab.core.register.ring_fd import register_fd  # noqa: PLC0415 (seldom needed)

        return register_fd(self._handle)

    def unregister_fd(self) -> None:
        """Enter by the fd again. IORING_UNREGISTER_RING_FDS, 5.18.

        Raises:
            OSError: ENXIO: it is not registered; EPERM: it has no fd (REGISTERED_FD_ONLY);
                ESRCH: another thread has registered it.
        """
        from uringlab.core.register.ring_fd import unregister_fd  # noqa: PLC0415 (seldom needed)

        unregister_fd(self._handle)
