"""Which words of an SQE are addresses, opcode by opcode.

For raw slots: the kernel follows these words into memory, so only memory that a slot holds may
be in them. Where the address leads to a structure with more addresses in it (an iovec, a msghdr),
holding the structure is not enough; where the kernel remembers the address, holding it until the
CQE is not. Such an op must be built by a class of its own.

Source: the `*_prep` functions in the kernel's io_uring/ directory, Linux 6.18.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from uringlab.core.abi import Opcode, RecvSendFlags
from uringlab.core.ops.declare import decode

if TYPE_CHECKING:
    from collections.abc import Mapping

_NONE: tuple[str, ...] = ()
_ADDR = ("addr",)
_BOTH = ("addr", "off")
_POINTERS: dict[Opcode, tuple[str, ...]] = {
    Opcode.NOP: _NONE,
    Opcode.FSYNC: _NONE,
    Opcode.POLL_ADD: _NONE,
    Opcode.POLL_REMOVE: _NONE,
    Opcode.SYNC_FILE_RANGE: _NONE,
    Opcode.ASYNC_CANCEL: _NONE,
    Opcode.FALLOCATE: _NONE,
    Opcode.CLOSE: _NONE,
    Opcode.FADVISE: _NONE,
    Opcode.SPLICE: _NONE,
    Opcode.TEE: _NONE,
    Opcode.SHUTDOWN: _NONE,
    Opcode.SOCKET: _NONE,
    Opcode.FIXED_FD_INSTALL: _NONE,
    Opcode.FTRUNCATE: _NONE,
    Opcode.LISTEN: _NONE,
    Opcode.REMOVE_BUFFERS: _NONE,
    Opcode.READ_MULTISHOT: _NONE,
    Opcode.RECV_ZC: _NONE,
    Opcode.NOP128: _NONE,
    Opcode.READ: _ADDR,
    Opcode.WRITE: _ADDR,
    Opcode.TIMEOUT: _ADDR,
    Opcode.LINK_TIMEOUT: _ADDR,
    Opcode.OPENAT: _ADDR,
    Opcode.RECV: _ADDR,
    Opcode.BIND: _ADDR,
    Opcode.CONNECT: _ADDR,
    Opcode.EPOLL_CTL: _ADDR,
    Opcode.EPOLL_WAIT: _ADDR,
    Opcode.FUTEX_WAIT: _ADDR,
    Opcode.FUTEX_WAKE: _ADDR,
    Opcode.UNLINKAT: _ADDR,
    Opcode.MKDIRAT: _ADDR,
    Opcode.READ_FIXED: _ADDR,
    Opcode.WRITE_FIXED: _ADDR,
    Opcode.FILES_UPDATE: _ADDR,
    Opcode.PIPE: _ADDR,
    Opcode.SEND: _BOTH,
    Opcode.SEND_ZC: _BOTH,
    Opcode.STATX: _BOTH,
    Opcode.ACCEPT: _BOTH,
    Opcode.RENAMEAT: _BOTH,
    Opcode.SYMLINKAT: _BOTH,
    Opcode.LINKAT: _BOTH,
    Opcode.OPENAT2: _BOTH,
    Opcode.FSETXATTR: _BOTH,
    Opcode.FGETXATTR: _BOTH,
    Opcode.SETXATTR: ("addr", "off", "addr3"),
    Opcode.GETXATTR: ("addr", "off", "addr3"),
    Opcode.TIMEOUT_REMOVE: ("off",),
    Opcode.WAITID: ("off",),
}
_EVERY = ("addr", "off", "addr3")

# The word whose memory `len` gives the size of; elsewhere it is a mode, a mask, a count.
_SIZED: dict[Opcode, str] = {
    Opcode.READ: "addr",
    Opcode.WRITE: "addr",
    Opcode.READ_FIXED: "addr",
    Opcode.WRITE_FIXED: "addr",
    Opcode.SEND: "addr",
    Opcode.SEND_ZC: "addr",
    Opcode.RECV: "addr",
    Opcode.FSETXATTR: "off",
    Opcode.FGETXATTR: "off",
    Opcode.SETXATTR: "off",
    Opcode.GETXATTR: "off",
}

# With this flag, what `addr` points to holds more addresses, which nobody would hold.
_VECTORED = {
    Opcode.SEND: RecvSendFlags.SEND_VECTORIZED,
    Opcode.SEND_ZC: RecvSendFlags.SEND_VECTORIZED,
}

_NESTED = "the memory it points to holds more addresses, which nobody would hold"
_OUTLIVES = "the kernel keeps the address after its CQE"
_RANGE = "it works on any mapping, not only on memory that a slot can hold"
_OWN = "its words mean what the file's driver wants"
_NEVER: dict[Opcode, str] = {
    Opcode.READV: _NESTED,
    Opcode.WRITEV: _NESTED,
    Opcode.READV_FIXED: _NESTED,
    Opcode.WRITEV_FIXED: _NESTED,
    Opcode.SENDMSG: _NESTED,
    Opcode.RECVMSG: _NESTED,
    Opcode.SENDMSG_ZC: _NESTED,
    Opcode.FUTEX_WAITV: _NESTED,
    Opcode.PROVIDE_BUFFERS: _OUTLIVES,
    Opcode.MADVISE: _RANGE,
    Opcode.URING_CMD: _OWN,
    Opcode.URING_CMD128: _OWN,
}


@dataclass(frozen=True)
class AddressRule:
    """What the address words of an opcode may be in a raw slot.

    Attributes:
        words: the SQE words that are addresses, or may be.
        held: whether memory that the slot holds may be there; 0 always may.
        sized: those of them that `len` gives the size of.
        never: why the opcode may not be in a raw slot at all; "" if it may.
        clear: flags in `ioprio` that may not be set: `addr` would lead to more addresses.
    """

    words: tuple[str, ...]
    held: bool = True
    sized: frozenset[str] = frozenset()
    never: str = ""
    clear: int = 0


def address_rule(opcode: int) -> AddressRule:
    """Return the rule of an opcode. One that is not listed may have no address at all."""
    try:
        known = Opcode(opcode)
    except ValueError:
        return AddressRule(_EVERY, held=False)
    if known in _NEVER:
        return AddressRule(_EVERY, never=_NEVER[known])
    if known not in _POINTERS:
        return AddressRule(_EVERY, held=False)
    sized = frozenset({_SIZED[known]} if known in _SIZED else ())
    return AddressRule(_POINTERS[known], sized=sized, clear=int(_VECTORED.get(known, 0)))


def loose_address(sqe: bytes, held: Mapping[str, tuple[int, int]]) -> str:
    """What address an SQE has that belongs to no memory it holds; "" where there is none.

    Args:
        sqe: its first 64 bytes.
        held: (address, bytes) of the memory that it holds, by the word that it was put into.
    """
    decoded = decode(sqe)
    rule = address_rule(decoded.words["opcode"])
    if rule.never:
        return f"{decoded.name} in a raw slot: {rule.never}"
    if decoded.words["ioprio"] & rule.clear:
        return "addr leads to an array of more addresses"
    if decoded.words["pad2"]:
        return "pad2 names attributes with addresses in them"
    for word in rule.words:
        value = decoded.words[word]
        address, size = held.get(word, (0, 0))
        length = decoded.words["len"] if word in rule.sized else 0
        if value == 0 or (rule.held and value == address and length <= size):
            continue
        if rule.held:
            return (
                f"{word}={value:#x} is an address for {decoded.name}, and no memory object holds "
                f"{length} bytes there"
            )
        return f"{word}={value:#x} may be an address for {decoded.name}: in a raw slot it must be 0"
    return ""
