"""Where snapshots come from.

A source is anything that can be sampled: the ring of this session, a recording, the ring of
another process. Whoever draws or checks sees only `RingSnapshot`s, and cannot tell them apart.
"""

from __future__ import annotations

import errno
import threading
from typing import TYPE_CHECKING, Protocol

from uringlab.core.abi import SetupFlags
from uringlab.core.errors import check
from uringlab.core.native import ffi, lib
from uringlab.observe.snapshot import RingSnapshot

if TYPE_CHECKING:
    from uringlab.core.native._native import CData
    from uringlab.core.ring import IoUring


class Source(Protocol):
    """Something that can be sampled."""

    name: str

    def sample(self) -> RingSnapshot | None:
        """One look, now. None: there is nothing to look at any more."""


class OwnSource:
    """A ring of this process, read from its mapped memory.

    It may be sampled from any thread, and from several: the C floor's lock keeps the ring mapped
    meanwhile, and a lock here the room for the copies to one sample at a time. A sample costs a
    copy of both queues' bytes, and nothing at all while nothing has moved.
    """

    def __init__(self, name: str, ring: IoUring) -> None:
        """Make room for the copies; samples reuse it, until the ring is resized."""
        self.name = name
        self._handle = ring.handle
        self._mixed = SetupFlags.CQE_MIXED in ring.params.flags
        words = ffi.new("struct ul_words *")
        check(lib.ul_ring_words(self._handle, words), "look at the ring")
        self._make_room(words)
        self._lock = threading.Lock()
        self._key: tuple[int, ...] = ()
        self._last: RingSnapshot | None = None

    def sample(self) -> RingSnapshot | None:
        """One look. The same object again if no word moved and no SQE byte was written.

        Only this library writes SQEs into a ring of its own, and it counts each time (`epoch`);
        CQEs appear only together with a move of the CQ tail.
        """
        words = ffi.new("struct ul_words *")
        # Before the lock: in a fork()ed child it may be held by nobody, for ever.
        if lib.ul_ring_words(self._handle, words) < 0:
            return None
        with self._lock:
            if self._last is not None and _key(words) == self._key:
                return self._last
            return self._copy(words)

    def _make_room(self, words: CData) -> None:
        self._sqes = ffi.new("uint8_t[]", words.sq_entries * words.sqe_size)
        self._cqes = ffi.new("uint8_t[]", words.cq_entries * words.cqe_size)

    def _sample(self, words: CData) -> int:
        return lib.ul_ring_sample(
            self._handle,
            words,
            self._sqes,
            ffi.sizeof(self._sqes),
            self._cqes,
            ffi.sizeof(self._cqes),
        )

    def _copy(self, words: CData) -> RingSnapshot | None:
        answer = self._sample(words)
        while answer == -errno.ERANGE:  # the ring has another size now
            if lib.ul_ring_words(self._handle, words) < 0:
                return None
            self._make_room(words)
            answer = self._sample(words)
        if answer < 0:
            return None
        # The key of the look that is kept, not of the one that decided to take it: words may
        # have moved in between, and back.
        self._key = _key(words)
        self._last = RingSnapshot(
            time_ns=words.time_ns,
            sq_head=words.sq_head,
            sq_tail=words.sq_tail,
            sq_local=words.sq_local,
            sq_flags=words.sq_flags,
            sq_dropped=words.sq_dropped,
            sq_entries=words.sq_entries,
            cq_head=words.cq_head,
            cq_tail=words.cq_tail,
            cq_flags=words.cq_flags,
            cq_overflow=words.cq_overflow,
            cq_entries=words.cq_entries,
            sqe_size=words.sqe_size,
            cqe_size=words.cqe_size,
            sqes=bytes(ffi.buffer(self._sqes)),
            cqes=bytes(ffi.buffer(self._cqes)),
            cqe_mixed=self._mixed,
        )
        return self._last


def _key(words: CData) -> tuple[int, ...]:
    """What tells one look from another."""
    return (
        words.epoch,
        words.sq_head,
        words.sq_tail,
        words.sq_local,
        words.sq_flags,
        words.cq_head,
        words.cq_tail,
        words.cq_flags,
        words.cq_overflow,
        words.sq_dropped,
    )
