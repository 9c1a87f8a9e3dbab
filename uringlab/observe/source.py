"""Where snapshots come from.

A source is anything that can be sampled: the ring of this session, a recording, the ring of
another process. Whoever draws or checks sees only `RingSnapshot`s, and cannot tell them apart.
"""

from __future__ import annotations

import errno
import os
import struct
import threading
from typing import TYPE_CHECKING, NamedTuple, Protocol

from uringlab.core.abi import SetupFlags
from uringlab.core.errors import check
from uringlab.core.native import ffi, lib
from uringlab.core.native._fast import sample
from uringlab.observe.snapshot import Acts, RingSnapshot

if TYPE_CHECKING:
    from uringlab.core.native._native import CData
    from uringlab.core.ring import IoUring

_KEY = struct.Struct("=Q8x11I")
"""What tells one look from another: the epoch, and every word, in a snapshot's order."""
_EPOCH_AT = ffi.offsetof("struct ul_words", "epoch")
_new = tuple.__new__
_SAMPLE = int(ffi.cast("uintptr_t", ffi.addressof(lib, "ul_ring_sample")))


class Facts(NamedTuple):
    """What does not change while a ring lives.

    Attributes:
        pid: the process whose ring it is.
        fd: its fd there; -1: it has none (REGISTERED_FD_ONLY, or closed after registering).
        flags: IORING_SETUP_*, or None where nobody knows: the kernel shows them nowhere.
    """

    pid: int
    fd: int
    flags: int | None


class Source(Protocol):
    """Something that can be sampled.

    Attributes:
        name: what the ring is called.
        facts: what is known of it from the beginning.
    """

    name: str
    facts: Facts

    def sample(self) -> RingSnapshot | None:
        """One look, now. None: there is nothing to look at any more."""


class OwnSource:
    """A ring of this process, read from its mapped memory.

    It may be sampled from any thread, and from several: the C floor's lock keeps the ring mapped
    meanwhile, and a lock here the samples in their order. A sample costs one copy of both queues'
    bytes, and nothing at all while nothing has moved.
    """

    def __init__(self, name: str, ring: IoUring) -> None:
        """Have the ring note the times of its own acts from now on."""
        self.name = name
        number = -1 if ring.fd.registered else ring.fd.number
        self.facts = Facts(os.getpid(), number, int(ring.params.flags))
        self._handle = ring.handle
        self._address = int(ffi.cast("uintptr_t", self._handle))
        self._mixed = SetupFlags.CQE_MIXED in ring.params.flags
        check(lib.ul_ring_watch(self._handle), "look at the ring")
        self._words = _Words()
        self._lock = threading.Lock()
        # What tells the newest look from the next, and that look. Replaced as one: so it may be
        # read without the lock.
        self._newest: tuple[tuple[int, ...], RingSnapshot | None] = ((), None)

    def sample(self) -> RingSnapshot | None:
        """One look. The same object again if no word moved and no SQE byte was written.

        Only this library writes SQEs into a ring of its own, and it counts each time (`epoch`);
        CQEs appear only together with a move of the CQ tail.
        """
        words = self._words
        # Before the lock: in a fork()ed child it may be held by nobody, for ever.
        if lib.ul_ring_words(self._handle, words.c) < 0:
            return None
        key, last = self._newest
        if last is not None and _KEY.unpack_from(words.bytes, _EPOCH_AT) == key:
            return last
        with self._lock:
            return self._copy(words.c)

    def _copy(self, words: CData) -> RingSnapshot | None:
        while True:
            found = sample(
                _SAMPLE,
                self._address,
                words.sq_entries * words.sqe_size,
                words.cq_entries * words.cqe_size,
                self._mixed,
            )
            if not isinstance(found, int):
                break
            # -ERANGE: the ring has another size by now.
            if found != -errno.ERANGE or lib.ul_ring_words(self._handle, words) < 0:
                return None
        # In the order of RingSnapshot's fields, then the epoch. What `_make` does, but faster:
        # C has counted them.
        shot = _new(RingSnapshot, (*found[:17], _new(Acts, found[17])))
        # The key of the look that is kept, not of the one that decided to take it: words may
        # have moved in between, and back.
        self._newest = ((found[18], *found[1:12]), shot)
        return shot


class _Words(threading.local):
    """Where a thread has the words of a ring copied to."""

    def __init__(self) -> None:
        self.c = ffi.new("struct ul_words *")
        self.bytes = ffi.buffer(self.c)
