"""Where snapshots come from.

A source is anything that can be sampled: the ring of this session, a recording, the ring of
another process. Whoever draws or checks sees only `RingSnapshot`s, and cannot tell them apart.
"""

from __future__ import annotations

import errno
import os
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
        self.facts = Facts(os.getpid(), ring.fd.number, int(ring.params.flags))
        self._handle = ring.handle
        self._address = int(ffi.cast("uintptr_t", self._handle))
        self._mixed = SetupFlags.CQE_MIXED in ring.params.flags
        check(lib.ul_ring_watch(self._handle), "look at the ring")
        self._words = threading.local()
        self._lock = threading.Lock()
        self._key: tuple[int, ...] = ()
        self._last: RingSnapshot | None = None

    def sample(self) -> RingSnapshot | None:
        """One look. The same object again if no word moved and no SQE byte was written.

        Only this library writes SQEs into a ring of its own, and it counts each time (`epoch`);
        CQEs appear only together with a move of the CQ tail.
        """
        words = self._words_of_this_thread()
        # Before the lock: in a fork()ed child it may be held by nobody, for ever.
        if lib.ul_ring_words(self._handle, words) < 0:
            return None
        with self._lock:
            if self._last is not None and _key(words) == self._key:
                return self._last
            return self._copy(words)

    def _words_of_this_thread(self) -> CData:
        words: CData = getattr(self._words, "words", None)
        if words is None:
            words = self._words.words = ffi.new("struct ul_words *")
        return words

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
        *fields, acts, epoch = found
        shot = RingSnapshot._make((*fields, Acts(*acts)))
        # The key of the look that is kept, not of the one that decided to take it: words may
        # have moved in between, and back.
        self._key = (epoch, *shot[1:6], *shot[7:11])
        self._last = shot
        return shot


def _key(words: CData) -> tuple[int, ...]:
    """What tells one look from another: the epoch, and every word, as they stand in a snapshot."""
    return (
        words.epoch,
        words.sq_head,
        words.sq_tail,
        words.sq_local,
        words.sq_flags,
        words.sq_dropped,
        words.cq_head,
        words.cq_tail,
        words.cq_flags,
        words.cq_overflow,
    )
