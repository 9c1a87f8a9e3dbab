"""The submission queue: you write, the kernel reads.

Two tails. Pushing fills a slot and moves the *local* tail, which the kernel cannot see.
Publishing stores the local tail into the *shared* one: from then on the SQEs are the kernel's
until its head has passed them.
"""

from __future__ import annotations

import errno
import struct
from typing import TYPE_CHECKING

from uringlab.core import abi
from uringlab.core.buffers import BadPage, Buffer
from uringlab.core.errors import LooseAddress, OperandError, StaleSlot, check
from uringlab.core.native import lib
from uringlab.core.ops.prepared import Prepared, encoded

if TYPE_CHECKING:
    from collections.abc import Iterable

    from uringlab.core.native._native import CData
    from uringlab.core.ops.declare import DecodedSqe, Op
    from uringlab.core.ops.prepared import Encoded
    from uringlab.core.ring import IoUring

_OFFSETS = {
    word: (struct.calcsize("<" + abi.SQE_FORMAT[1 : 1 + at]), "<" + abi.SQE_FORMAT[1 + at])
    for at, word in enumerate(abi.SQE_WORDS)
}
_ADDRESS_WORDS = ("off", "addr", "addr3")


class SqeSlot:
    """A raw slot: the bytes of one SQE in the queue itself, to be filled word by word.

    It starts as a silent NOP (CQE_SKIP_SUCCESS), so a slot that is taken and forgotten does no
    harm. It may be written until it is published; then it is the kernel's, and writing raises
    `StaleSlot`. An address can only be that of a memory object, which the slot then holds.

    Attributes:
        index: its position in the stream of all SQEs; the slot's number is index & mask.
    """

    __slots__ = ("_handle", "_held", "_sqe", "index")

    def __init__(self, handle: CData, index: int, silent: abi.SqeFlags) -> None:
        """Made by `Sq.slot()`."""
        self._handle = handle
        self.index = index
        self._sqe = bytearray(abi.SQE_BYTES)
        self._held: dict[str, tuple[int, int]] = {}
        self._sqe[0:8] = struct.pack("<BBHi", abi.Opcode.NOP, silent, 0, -1)

    def write(self, **words: int | Buffer | BadPage) -> None:
        """Set words by name (`abi.SQE_WORDS`); an address word takes memory.

        Raises:
            OperandError: no such word, or the value does not fit it. Nothing was written.
            StaleSlot: the slot was published.
        """
        sqe = bytearray(self._sqe)
        held: dict[str, tuple[int, int]] = {}
        holds = []
        for word, given in words.items():
            if word not in _OFFSETS:
                raise OperandError(f"an SQE has no word “{word}”; it has {', '.join(_OFFSETS)}")
            if not isinstance(given, (int, Buffer, BadPage)):
                raise OperandError(f"{word} takes a number or memory, not {given!r}")
            offset, form = _OFFSETS[word]
            number = given if isinstance(given, int) else given.address
            if not isinstance(given, int):
                if word not in _ADDRESS_WORDS:
                    raise OperandError(f"{word} is no place for an address")
                held[word] = (number, len(given))
                if given.mem is not None:
                    holds.append(given.mem)
            try:
                struct.pack_into(form, sqe, offset, number)
            except struct.error as why:
                raise OperandError(f"{word}={number} does not fit: {why}") from None
        for mem in holds:
            self._check(lib.ul_sq_hold(self._handle, self.index, mem))
        self._check(lib.ul_sq_poke(self._handle, self.index, 0, bytes(sqe), len(sqe)))
        self._sqe = sqe
        self._held |= held

    @staticmethod
    def _check(answer: int) -> None:
        if answer == -errno.ESTALE:
            raise StaleSlot("the slot was published: it is the kernel's now")
        check(answer, "write to a slot")

    def decoded(self) -> DecodedSqe:
        """What it says now."""
        from uringlab.core.ops.declare import decode  # noqa: PLC0415 (raw slots are seldom)

        return decode(bytes(self._sqe))

    def check_addresses(self) -> bool:
        """See that every address in it belongs to memory it holds, and vouch for its bytes.

        The C floor publishes a raw slot only as it was vouched for: a write after this one
        takes it back, whichever thread it comes from.

        Returns:
            False once it was published: there is nothing to check any more.

        Raises:
            LooseAddress: it does not. The kernel would read or write who knows what.
        """
        sqe, held = bytes(self._sqe), dict(self._held)
        from uringlab.core.ops.pointers import loose_address  # noqa: PLC0415 (raw slots are seldom)

        why = loose_address(sqe, held)
        if why:
            raise LooseAddress(f"slot {self.index}: {why}")
        answer = lib.ul_sq_vouch(self._handle, self.index, sqe, len(sqe))
        if answer == -errno.ESTALE:
            return False
        check(answer, "vouch for a slot")
        return True


class Sq:
    """A fresh view of the submission queue of a ring."""

    __slots__ = ("_handle", "_ring")

    def __init__(self, ring: IoUring, handle: CData) -> None:
        """Made by `IoUring.sq()`."""
        self._ring = ring
        self._handle = handle

    def __len__(self) -> int:
        """Free slots: entries less those staged or published and not yet consumed."""
        return check(lib.ul_sq_space(self._handle), "SQ space")

    def __bool__(self) -> bool:
        """While there is a free slot."""
        return len(self) > 0

    def push(self, op: Op) -> int:
        """Copy a whole SQE into the slot at the local tail. The kernel cannot see it yet.

        The request holds the op's memory until its final CQE.

        Returns:
            The SQE's index: its position in the stream of all SQEs (slot number: & mask).

        Raises:
            SubmissionQueueFull: no free slot; nothing was written.
            NotSupported: this kernel does not know the opcode, or the ring's slots are too
                small for it.
        """
        ready = encoded(op)
        if not ready.known:
            self._ring.check_known(ready)
        if not op.claims:
            answer = lib.ul_sq_push(self._handle, ready.c)
            return answer if answer >= 0 else check(answer, "push")
        return self._push_claiming(ready, (op,))

    def push_all(self, ops: Prepared | Iterable[Op]) -> int:
        """Copy many SQEs into the slots at the local tail, in one call: all, or none.

        Returns:
            The first one's index.

        Raises:
            SubmissionQueueFull: there are not enough free slots; nothing was written.
        """
        bulk = ops if isinstance(ops, Prepared) else Prepared(ops)
        if not bulk.encoded.known:
            self._ring.check_known(bulk.encoded)
        if not bulk.claiming:
            answer = lib.ul_sq_push(self._handle, bulk.encoded.c)
            return answer if answer >= 0 else check(answer, "push")
        return self._push_claiming(bulk.encoded, bulk.claiming)

    def _push_claiming(self, ready: Encoded, ops: Iterable[Op]) -> int:
        give_back = [op.claim() for op in ops]
        answer = lib.ul_sq_push(self._handle, ready.c)
        if answer < 0:
            for undo in give_back:
                undo()
        return check(answer, "push")

    def slot(self) -> SqeSlot:
        """Take the slot at the local tail as it is: a silent NOP, to be written word by word.

        Raises:
            SubmissionQueueFull: no free slot.
        """
        index = check(lib.ul_sq_take(self._handle), "take a slot")
        knows_silence = self._ring.params.features & abi.Features.CQE_SKIP
        silent = abi.SqeFlags.CQE_SKIP_SUCCESS if knows_silence else abi.SqeFlags(0)
        slot = SqeSlot(self._handle, index, silent)
        self._ring.raw_slots.append(slot)
        return slot

    def publish(self) -> int:
        """Store the local tail into the shared one, with release order.

        Returns:
            How many SQEs became visible.

        Raises:
            LooseAddress: a raw slot holds an address of unknown memory; nothing was published.
        """
        self._ring.check_raw_slots()
        return check(lib.ul_sq_publish(self._handle), "publish")
