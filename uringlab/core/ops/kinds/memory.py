"""Memory: buffers, several of them, registered ones, groups of them, and addresses of sockets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from uringlab.core import abi
from uringlab.core.address import PeerAddress, pack_address
from uringlab.core.buffers import BadPage, Buffer, Part
from uringlab.core.errors import OperandError
from uringlab.core.ops.kinds.draft import Kind, whole
from uringlab.core.ops.kinds.texts import lend

if TYPE_CHECKING:
    from uringlab.core.ops.kinds.draft import Draft

_BYTES = (bytes, bytearray, memoryview)


def memory_of(value: Any, name: str, *, kernel_writes: bool) -> Buffer | Part | BadPage:
    """What an operand gives as memory; bytes are copied, where the kernel only reads.

    Raises:
        OperandError: it is no memory.
    """
    if isinstance(value, _BYTES) and not kernel_writes:
        return Buffer.of(bytes(value))
    if not isinstance(value, (Buffer, Part, BadPage)):
        wanted = "a Buffer" if kernel_writes else "a Buffer or bytes"
        raise OperandError(f"{name} takes {wanted}, not {value!r}")
    return value


@dataclass(frozen=True)
class Block(Kind):
    """Memory: its address goes into the word, and the request holds it until its final CQE.

    Attributes:
        kernel_writes: the kernel writes into it (a read); else it only reads it.
        length: the SQE word that says how much of it, filled in where the op does not.
            "" where the kernel knows how much it takes: `least`.
        least: bytes it must have.
        optional: None is allowed, where a group of provided buffers may stand instead.
    """

    is_address: ClassVar[bool] = True
    kernel_writes: bool = True
    length: str = "len"
    least: int = 0
    optional: bool = False

    def put(self, draft: Draft, word: str, value: Any, name: str) -> None:
        """Take a Buffer or a Part, the bad page, or (where the kernel only reads) bytes."""
        if value is None and self.optional:
            return
        memory = memory_of(value, name, kernel_writes=self.kernel_writes)
        if len(memory) < self.least:
            raise OperandError(f"{name} needs {self.least} bytes, and has {len(memory)}")
        draft.words[word] = memory.address
        if memory.mem is not None:
            draft.holds.append(memory.mem)
            if self.length:
                draft.limits.append((self.length, len(memory), name))
        if self.length:
            draft.put(self.length, len(memory), name)

    def show(self, words: dict[str, int], word: str) -> str:
        """As an address."""
        return f"{words[word]:#x}"


@dataclass(frozen=True)
class Iovecs(Kind):
    """Several blocks: an array of iovecs is lent, the blocks are held until the final CQE."""

    is_address: ClassVar[bool] = True
    kernel_writes: bool = True

    def put(self, draft: Draft, word: str, value: Any, name: str) -> None:
        """Take a sequence of memory; `len` becomes their number."""
        data, holds = self.pack(value, name)
        lend(draft, word, data)
        draft.holds += holds
        draft.put("len", len(data) // abi.IOVEC.size, name)

    def pack(self, value: Any, name: str) -> tuple[bytes, list[Any]]:
        """The array's bytes, and the blocks to hold.

        Raises:
            OperandError: it is no sequence of memory, or too long.
        """
        if isinstance(value, (Buffer, Part, BadPage, *_BYTES, str)) or not hasattr(
            value, "__iter__"
        ):
            raise OperandError(f"{name} takes several buffers, as in [b0, b1], not {value!r}")
        blocks = [memory_of(one, name, kernel_writes=self.kernel_writes) for one in value]
        if len(blocks) > abi.MAX_IOVECS:
            raise OperandError(f"{name} has {len(blocks)} buffers: {abi.MAX_IOVECS} at most")
        data = b"".join(abi.IOVEC.pack(iov_base=one.address, iov_len=len(one)) for one in blocks)
        return data, [one.mem for one in blocks if one.mem is not None]

    def show(self, words: dict[str, int], word: str) -> str:
        """How many, and where the array is."""
        return f"{words['len']} at {words[word]:#x}"


class BufferIndex(Kind):
    """Which registered buffer the address lies in."""


class Group(Kind):
    """A group of provided buffers: the kernel picks one, and the CQE says which.

    Sets BUFFER_SELECT. A `BufferRing` holds its memory for as long as it is registered; a
    number names any group.
    """

    def put(self, draft: Draft, word: str, value: Any, name: str) -> None:
        """Take a number, or whatever has a `group`."""
        number = whole(getattr(value, "group", value), name)
        draft.put(word, number, name)
        draft.words["flags"] |= int(abi.SqeFlags.BUFFER_SELECT)

    def show(self, words: dict[str, int], word: str) -> str:
        """The group's number, or `none`."""
        return str(words[word]) if words["flags"] & abi.SqeFlags.BUFFER_SELECT else "none"


@dataclass(frozen=True)
class SocketAddress(Kind):
    """A socket address that the kernel copies at submission.

    Attributes:
        length: the SQE word for its length.
    """

    is_address: ClassVar[bool] = True
    length: str = "off"

    def put(self, draft: Draft, word: str, value: Any, name: str) -> None:
        """Take what `pack_address` does."""
        data = pack_address(value, name)
        lend(draft, word, data)
        draft.put(self.length, len(data), name)

    def show(self, words: dict[str, int], word: str) -> str:
        """As an address in memory."""
        return f"{words[word]:#x}"


@dataclass(frozen=True)
class AddressRoom(Kind):
    """Room for a socket address that the kernel fills in: the value is a `PeerAddress`."""

    is_address: ClassVar[bool] = True
    length: str = "off"

    def put(self, draft: Draft, word: str, value: Any, name: str) -> None:
        """Its two blocks are held until the final CQE."""
        if not isinstance(value, PeerAddress):
            raise OperandError(f"{name} takes a PeerAddress, not {value!r}")
        draft.words[word] = value.room.address
        draft.words[self.length] = value.length.address
        draft.holds += [value.room.mem, value.length.mem]

    def show(self, words: dict[str, int], word: str) -> str:
        """As an address in memory."""
        return f"{words[word]:#x}"


@dataclass(frozen=True)
class Room(Kind):
    """Room that the kernel fills in, and that knows how to read it: held until the final CQE.

    Attributes:
        of: the class that the value must be of; it has an `address` and a `mem`.
        count: the SQE word for its `len()`; "" where the kernel knows.
        least: what its `len()` must be at least, if the kernel takes no count.
    """

    is_address: ClassVar[bool] = True
    of: type[Any]
    count: str = ""
    least: int = 0

    def put(self, draft: Draft, word: str, value: Any, name: str) -> None:
        """Take such an object."""
        if not isinstance(value, self.of):
            raise OperandError(f"{name} takes room for it: a {self.of.__name__}, not {value!r}")
        if self.least and len(value) < self.least:
            raise OperandError(f"{name} has room for {len(value)}, and needs it for {self.least}")
        draft.words[word] = value.address
        draft.holds.append(value.mem)
        if self.count:
            draft.put(self.count, len(value), name)

    def show(self, words: dict[str, int], word: str) -> str:
        """As an address in memory."""
        return f"{words[word]:#x}"
