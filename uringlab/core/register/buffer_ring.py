"""A ring of provided buffers: the kernel picks one when it has bytes to put into it."""

from __future__ import annotations

import errno
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from uringlab.core import abi
from uringlab.core.abi import CqeFlags, RegisterOp
from uringlab.core.buffers import Buffer, Part
from uringlab.core.errors import OperandError, RingError, check
from uringlab.core.native import lib
from uringlab.core.register.call import Unique, block, explain, must_know, register

if TYPE_CHECKING:
    from collections.abc import Sequence

    from uringlab.core.cq import Cqe
    from uringlab.core.native._native import CData

MEANINGS = {
    errno.EBADF: "kernel memory has to be mapped, and the ring has no fd to map",
    errno.EEXIST: "the group has buffers already, or the ring has a single issuer and this is "
    "not its thread",
    errno.EINVAL: "the number of entries is no power of two below 65536, or the kernel does not "
    "know a flag",
    errno.ENOENT: "there is no such group",
}
"""What errnos mean here. Source: io_uring_register_buf_ring(3), kbuf.c."""

_GONE = -1
_MOST = abi.MAX_BUF_RING_ENTRIES
_INDICES = 1 << 16


def buffer_of(cqe: Cqe) -> int | None:
    """The id of the buffer that the kernel picked for this completion; None: it picked none.

    IORING_CQE_F_BUFFER, 5.7. Of several (a bundle), it is the first.
    """
    if not cqe.flags & CqeFlags.BUFFER:
        return None
    return cqe.flags >> abi.CQE_BUFFER_SHIFT


class Piece(NamedTuple):
    """What the kernel has used of one buffer.

    Attributes:
        bid: the buffer's id.
        view: the bytes themselves, no copy.
        more: the kernel goes on with the rest of this buffer (CQE_F_BUF_MORE): it is still in
            the ring. False: the buffer is yours, until you `recycle` it.
    """

    bid: int
    view: memoryview
    more: bool


class BufferRing(Unique):
    """Buffers for the kernel to pick from: `ring.buffer_ring(…)`.

    An op with `group=` this ring is given a buffer only when there are bytes for it; the CQE
    says which (`buffer_of`), and `take` gives you the bytes. Then hand the buffer back with
    `recycle`. Buffers are named by ids, from 0 on.

    The ring of buffers has a tail of its own, which you move: `add` writes an entry that the
    kernel cannot see yet, `advance` moves the tail past those that were added, `recycle` is
    both. The head is the kernel's, and kept to itself (`head` asks for it).

    The io_uring holds the buffers until they were unregistered and no request is under way any
    more. Dropping this object unregisters nothing. The queue of entries is out of reach of
    Python: whoever can write an address there has the kernel write to it.

    Attributes:
        group: the group's number, 0 to 65535.
        entries: how many entries the queue has.
        incremental: a buffer is used up piece by piece (INC).
    """

    __slots__ = (
        "_added",
        "_buffers",
        "_handle",
        "_id",
        "_inside",
        "_order",
        "_tokens",
        "_used",
        "entries",
        "group",
        "incremental",
    )

    def __init__(
        self,
        handle: CData,
        group: int,
        entries: int,
        buffers: Sequence[Buffer | Part],
        *,
        incremental: bool = False,
        kernel_memory: bool = False,
    ) -> None:
        """Register it: see `IoUring.buffer_ring`."""
        must_know(RegisterOp.PBUF_RING)
        if not 0 <= group < _INDICES:
            raise OperandError(f"group {group}: 0 to {_INDICES - 1}")
        if not 0 <= entries <= _INDICES:
            raise OperandError(f"{entries} entries: 1 to {_MOST}, a power of two")
        if len(buffers) > entries:
            raise OperandError(f"{len(buffers)} buffers do not go into {entries} entries")
        for one in buffers:
            if not isinstance(one, (Buffer, Part)):
                raise OperandError(f"a ring of buffers takes Buffers or parts, not {one!r}")
        flags = abi.RegisterBufRingFlags(0)
        if incremental:
            flags |= abi.RegisterBufRingFlags.INC
        if kernel_memory:
            flags |= abi.RegisterBufRingFlags.MMAP
        self.group = group
        self.entries = entries
        self.incremental = incremental
        self._handle = handle
        self._id = _GONE
        self._buffers = tuple(buffers)
        self._used = [0] * len(buffers)  # bytes of each that the kernel has used so far
        self._order: deque[int] = deque()  # the ids in the queue, as the kernel takes them
        self._inside = bytearray(len(buffers))  # which these are: found without a search
        self._added = 0
        # Each block once: parts of one buffer are often all there is.
        mems = {id(one.mem): one.mem for one in buffers}
        self._tokens = [check(lib.ul_keep(handle, mem), "hold it") for mem in mems.values()]
        try:
            opened = lib.ul_bufring_open(handle, group, entries, int(flags))
            self._id = explain(opened, RegisterOp.PBUF_RING, MEANINGS)
        except Exception:
            self._let_go()
            raise

    def __len__(self) -> int:
        """How many buffers it has, wherever they are."""
        return len(self._buffers)

    @property
    def in_ring(self) -> tuple[int, ...]:
        """The ids of those that are the kernel's, as far as you have taken its completions."""
        return tuple(self._order)

    def add(self, bid: int) -> None:
        """Write an entry for a buffer, behind the tail: the kernel does not see it yet.

        Raises:
            OperandError: there is no such buffer, or it is in the ring: its completion was not
                taken yet.
            RingError: the ring of buffers was unregistered.
        """
        buffer = self._buffer(bid)
        if self._inside[bid]:
            raise OperandError(f"buffer {bid} is in the ring: take its completion first")
        start = buffer.start if isinstance(buffer, Part) else 0
        answer = lib.ul_bufring_put(
            self._handle, self._bufring(), self._added, buffer.mem, start, len(buffer), bid
        )
        check(answer, "write an entry")
        self._used[bid] = 0
        self._order.append(bid)
        self._inside[bid] = 1
        self._added += 1

    def advance(self) -> int:
        """Move the tail past the entries that were added, with release order.

        Returns:
            How many the kernel sees now that it did not see before.
        """
        added, self._added = self._added, 0
        check(lib.ul_bufring_advance(self._handle, self._bufring(), added), "advance")
        return added

    def recycle(self, *bids: int) -> None:
        """Give buffers back to the kernel: `add` each, and `advance`. What was in them is over.

        Raises:
            OperandError, RingError: as `add`; those before it are back.
        """
        try:
            for bid in bids:
                self.add(bid)
        finally:
            if self._id != _GONE:
                self.advance()

    def view(self, bid: int, size: int | None = None) -> memoryview:
        """The first `size` bytes of a buffer, or all of it; no copy.

        Raises:
            OperandError: there is no such buffer.
        """
        return self._buffer(bid).view[:size]

    def take(self, cqe: Cqe) -> tuple[Piece, ...]:
        """What the kernel put where, for this completion: in order, each with its bytes.

        One piece, or several for a bundle; none where the kernel picked no buffer. Take each
        completion once, and in the order in which they came.

        Raises:
            OperandError: the completion names a buffer that is not in the ring: it is another
                group's, or was taken before.
        """
        bid = buffer_of(cqe)
        if bid is None:
            return ()
        if bid >= len(self._inside) or not self._inside[bid]:
            raise OperandError(f"buffer {bid} is not in the ring: whose completion is this?")
        stays = bool(cqe.flags & CqeFlags.BUF_MORE)
        left = max(cqe.res, 0)
        at = self._order.index(bid)
        pieces = []
        while True:
            start = self._used[bid]
            size = min(left, len(self._buffers[bid]) - start)
            left -= size
            more = stays and left == 0
            pieces.append(Piece(bid, self._buffers[bid].view[start : start + size], more))
            if more:
                self._used[bid] += size
                break
            del self._order[at]
            self._inside[bid] = 0
            if left == 0 or at >= len(self._order):
                break
            bid = self._order[at]
        return tuple(pieces)

    def read(self, cqe: Cqe) -> bytes:
        """A copy of what came with this completion; its buffers are recycled at once.

        Raises:
            OperandError: as `take`.
        """
        pieces = self.take(cqe)
        data = b"".join(piece.view for piece in pieces)
        self.recycle(*(piece.bid for piece in pieces if not piece.more))
        return data

    def head(self) -> int:
        """How far the kernel has come: an index of 16 bits. IORING_REGISTER_PBUF_STATUS, 6.8.

        Raises:
            OSError: ENOENT, EINVAL: the group is no ring of buffers.
        """
        self._bufring()
        arg = block(abi.BUF_STATUS.pack(buf_group=self.group))
        register(self._handle, RegisterOp.PBUF_STATUS, arg, 1, MEANINGS)
        return abi.BUF_STATUS.unpack(bytes(arg))["head"]

    def available(self) -> int:
        """How many buffers the kernel can still pick: tail - head. Asks for the head, 6.8."""
        tail = check(lib.ul_bufring_advance(self._handle, self._bufring(), 0), "look at the tail")
        return (tail - self.head()) % _INDICES

    def unregister(self) -> None:
        """Take it back. IORING_UNREGISTER_PBUF_RING, 5.19.

        Requests that have picked a buffer go on with it: the memory is freed when no request is
        under way any more. Requests that wait for one get ENOBUFS. Views of it stay good.

        Raises:
            RingError: it was unregistered before.
            OSError: ENOENT, EINVAL: the kernel knows of no such ring of buffers.
        """
        answer = lib.ul_bufring_close(self._handle, self._bufring())
        explain(answer, RegisterOp.UNREGISTER_PBUF_RING, MEANINGS)
        self._id = _GONE
        self._order.clear()
        self._inside = bytearray(len(self._buffers))
        self._let_go()

    def _let_go(self) -> None:
        tokens, self._tokens = self._tokens, []
        for token in tokens:
            lib.ul_unkeep(self._handle, token)  # refused only when the ring is closed

    def _buffer(self, bid: int) -> Buffer | Part:
        if not 0 <= bid < len(self._buffers):
            raise OperandError(f"there is no buffer {bid}: 0 to {len(self._buffers) - 1}")
        return self._buffers[bid]

    def _bufring(self) -> int:
        if self._id == _GONE:
            raise RingError("the ring of buffers was unregistered")
        return self._id

    def __repr__(self) -> str:
        """Its group, its size, and how many are in the ring."""
        return (
            f"<BufferRing group={self.group} entries={self.entries}: "
            f"{len(self._order)} of {len(self._buffers)} buffers in it>"
        )
