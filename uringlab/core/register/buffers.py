"""Registered buffers: memory that the kernel has pinned, for READ_FIXED and the like."""

from __future__ import annotations

import errno
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from uringlab.core import abi
from uringlab.core.abi import RegisterOp
from uringlab.core.buffers import BadPage, Buffer, Part
from uringlab.core.errors import OperandError, check
from uringlab.core.native import ffi, lib
from uringlab.core.register.call import Unique, address, block, register, tag_block

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from uringlab.core.native._native import CData
    from uringlab.core.ring import IoUring

MEANINGS = {
    errno.EBUSY: "the ring has a table of buffers already: unregister it, or update it",
    errno.EFAULT: "a buffer has no bytes, more than 1 GiB, or is not in memory",
    errno.EINVAL: "no buffers at all, more than there are places for, or a tag without a buffer",
    errno.ENXIO: "the ring has no table of buffers",
    errno.EOPNOTSUPP: "a buffer is memory of a kind that cannot be pinned: a file's, for instance",
}
"""What errnos mean when buffers are registered. Source: io_uring_register(2), rsrc.c."""

CLONE_MEANINGS = {
    errno.EBADF: "the source's fd is not open",
    errno.EBUSY: "this ring has a table of buffers already: say replace=True",
    errno.EINVAL: "the source has not so many buffers, or the rings are not of one user and "
    "process; and a place to start from needs a count",
    errno.ENXIO: "the source has no registered buffers",
    errno.EOVERFLOW: "the range ends behind the source's table",
}
"""What errnos mean when buffers are cloned. Source: io_uring_clone_buffers(3), rsrc.c."""

Entry = Buffer | Part | BadPage | None
"""What goes into a place: memory, or None for nothing. The bad page: to see EFAULT."""

_NONE = -1


class Buffers(Unique):
    """The ring's table of registered buffers: `ring.buffers`.

    The ring holds each block that is in the table, until it was replaced or unregistered and
    no request is under way any more: you may drop the `Buffer` objects. The kernel pins the
    pages: they count to RLIMIT_MEMLOCK.

    With a tag, the table tells when a buffer was let go of: a CQE comes with the tag as its
    user_data, res 0 and flags 0. A tag of 0 is none.
    """

    __slots__ = ("_handle", "_lock", "_tokens")

    def __init__(self, handle: CData) -> None:
        """Made by `IoUring.buffers`."""
        self._handle = handle
        # What holds the block in each place, in the C floor. Not the blocks themselves: those
        # must go with the ring, and not with this object.
        self._tokens: list[int] = []
        # One change at a time: the order here is the order in the kernel.
        self._lock = threading.RLock()

    def __len__(self) -> int:
        """How many places the table has; 0 when there is no table."""
        return len(self._tokens)

    def register(self, buffers: Iterable[Entry], tags: Sequence[int] | None = None) -> None:
        """Make the table.

        IORING_REGISTER_BUFFERS, 5.1; with tags IORING_REGISTER_BUFFERS2, 5.13.

        Args:
            buffers: memory for each place, or None for a place that is empty (5.13).
            tags: one for each place.

        Raises:
            OSError: EBUSY, EFAULT, EINVAL, ENOMEM, EOPNOTSUPP: see `MEANINGS`. There is no
                table then.
            OperandError: what was given is no memory.
        """
        given = list(buffers)
        iovecs = _iovecs(given)
        c_tags = tag_block(self._handle, tags, len(given))
        with self._changing():
            tokens = self._keep(given)
            try:
                if tags is None:
                    register(self._handle, RegisterOp.BUFFERS, iovecs, len(given), MEANINGS)
                else:
                    self._register2(len(given), iovecs, c_tags, 0)
            except Exception:
                self._let_go(tokens)
                raise
            self._tokens = tokens

    def sparse(self, count: int) -> None:
        """Make a table of empty places, to be filled by `update`.

        IORING_RSRC_REGISTER_SPARSE, 5.19; before, the same is said with empty iovecs (5.13).

        Raises:
            OSError: EBUSY, EINVAL, ENOMEM: see `MEANINGS`.
            OperandError: no number of places.
        """
        if not 0 <= count <= abi.MAX_FIXED_BUFFERS:
            raise OperandError(f"{count} places: 1 to {abi.MAX_FIXED_BUFFERS}")
        with self._changing():
            try:
                self._register2(count, ffi.NULL, ffi.NULL, int(abi.RsrcFlags.SPARSE))
            except OSError as why:
                if why.errno != errno.EINVAL:
                    raise
                self.register([None] * count)
            self._tokens = [_NONE] * count

    def update(
        self, start: int, buffers: Iterable[Entry], tags: Sequence[int] | None = None
    ) -> int:
        """Replace what is in some places. IORING_REGISTER_BUFFERS_UPDATE, 5.13.

        Args:
            start: the first place.
            buffers: memory for each place from there on; None empties it.
            tags: one for each place.

        Returns:
            How many places were done. Fewer than asked: the next one failed, and is as it was;
            asked again from there, the kernel says why.

        Raises:
            OSError: the first place failed: EFAULT, EINVAL, ENOMEM, ENXIO: see `MEANINGS`.
        """
        given = list(buffers)
        if not 0 <= start < 2**32:
            raise OperandError(f"place {start} is none of a table's")
        iovecs = _iovecs(given)
        c_tags = tag_block(self._handle, tags, len(given))
        arg = block(
            abi.RSRC_UPDATE2.pack(
                offset=start, data=address(iovecs), tags=address(c_tags), nr=len(given)
            )
        )
        size = abi.RSRC_UPDATE2.size
        with self._changing():
            tokens = self._keep(given)
            try:
                done = register(self._handle, RegisterOp.BUFFERS_UPDATE, arg, size, MEANINGS)
            except Exception:
                self._let_go(tokens)
                raise
            replaced = self._tokens[start : start + done]
            self._tokens[start : start + done] = tokens[:done]
            self._let_go(replaced + tokens[done:])
        return done

    def unregister(self) -> None:
        """Give the table up. IORING_UNREGISTER_BUFFERS, 5.1.

        Requests that are under way go on with the buffers that they found: the memory is freed
        when no request is under way any more.

        Raises:
            OSError: ENXIO: there is none.
        """
        with self._changing():
            register(self._handle, RegisterOp.UNREGISTER_BUFFERS, meanings=MEANINGS)
            tokens, self._tokens = self._tokens, []
            self._let_go(tokens)

    def clone(
        self,
        source: IoUring,
        start: int = 0,
        count: int = 0,
        *,
        to: int = 0,
        replace: bool = False,
        by_index: bool = False,
    ) -> None:
        """Share another ring's registered buffers: pinned once, and counted once.

        IORING_REGISTER_CLONE_BUFFERS, 6.12; ranges and `replace` from 6.13. From then on the
        tables are two: what is changed in one is not in the other. Tags are not cloned.

        Args:
            source: the ring that has them; it may be this one.
            start: the first of them.
            count: how many; 0: all that it has.
            to: the first place in this ring's table.
            replace: this ring may have a table: the places of the range are replaced, the
                others stay, and the table grows where it must.
            by_index: name the source by its registered index (`register_fd()`), and not by its
                fd. A source that has no fd is named so anyway.

        Raises:
            OSError: EBADF, EBUSY, EEXIST, EINVAL, ENXIO, EOVERFLOW: see `CLONE_MEANINGS`.
        """
        for value in (start, count, to):
            if not 0 <= value < 2**32:
                raise OperandError(f"{value} is no number of 32 bits")
        fd = source.fd
        flags = abi.CloneBuffersFlags(0)
        number = fd.number
        if by_index or fd.registered:
            flags |= abi.CloneBuffersFlags.SRC_REGISTERED
            number = lib.ul_ring_index(source.handle)
        if replace:
            flags |= abi.CloneBuffersFlags.DST_REPLACE
        arg = block(
            abi.CLONE_BUFFERS.pack(
                src_fd=number & 0xFFFF_FFFF,
                flags=int(flags),
                src_off=start,
                dst_off=to,
                nr=count,
            )
        )
        theirs = source.buffers.tokens()
        wanted = theirs[start : start + count] if count else theirs
        with self._changing():
            tokens = [self._keep_same(source, token) for token in wanted]
            try:
                register(self._handle, RegisterOp.CLONE_BUFFERS, arg, 1, CLONE_MEANINGS)
            except Exception:
                self._let_go(tokens)
                raise
            end = to + len(tokens)
            table = self._tokens + [_NONE] * (end - len(self._tokens))
            replaced = table[to:end]
            table[to:end] = tokens
            self._tokens = table
            self._let_go(replaced)

    def tokens(self) -> list[int]:
        """What holds each place's block in the C floor; -1 where there is none."""
        return list(self._tokens)

    @contextmanager
    def _changing(self) -> Iterator[None]:
        # In a fork()ed child the lock may be held by nobody, for ever: see first who asks.
        check(lib.ul_cq_ready(self._handle), "look at the ring")
        with self._lock:
            yield

    def _keep(self, given: list[Entry]) -> list[int]:
        """Have the ring hold the blocks, before the kernel is asked.

        An exception that comes from outside, a KeyboardInterrupt, may lose the tokens: then the
        blocks are held until the ring is closed, which is later than needed and never earlier.
        """
        return [
            _NONE
            if one is None or one.mem is None
            else check(lib.ul_keep(self._handle, one.mem), "hold a buffer")
            for one in given
        ]

    def _keep_same(self, source: IoUring, token: int) -> int:
        if token == _NONE:
            return _NONE
        return check(lib.ul_keep_same(self._handle, source.handle, token), "hold a buffer")

    def _let_go(self, tokens: list[int]) -> None:
        for token in tokens:
            if token != _NONE:
                lib.ul_unkeep(self._handle, token)  # refused only when the ring is closed

    def _register2(self, count: int, iovecs: CData, tags: CData, flags: int) -> None:
        arg = block(
            abi.RSRC_REGISTER.pack(nr=count, flags=flags, data=address(iovecs), tags=address(tags))
        )
        register(self._handle, RegisterOp.BUFFERS2, arg, abi.RSRC_REGISTER.size, MEANINGS)

    def __repr__(self) -> str:
        """How many places it has."""
        return f"<Buffers: {len(self)} places>"


def _iovecs(given: list[Entry]) -> CData:
    for one in given:
        if one is not None and not isinstance(one, (Buffer, Part, BadPage)):
            raise OperandError(f"a place takes a Buffer, a part of one, or None, not {one!r}")
    return block(
        b"".join(
            abi.IOVEC.pack()
            if one is None
            else abi.IOVEC.pack(iov_base=one.address, iov_len=len(one))
            for one in given
        )
    )
