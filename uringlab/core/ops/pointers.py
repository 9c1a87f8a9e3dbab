"""Which words of an SQE are addresses, opcode by opcode.

For raw slots: the kernel follows these words into memory, so only memory that a slot holds may
be in them. Where the address leads to a structure with more addresses in it (an iovec, a msghdr),
holding the structure is not enough, and the op must be built by its own class.

Source: the `*_prep` functions in the kernel's io_uring/ directory, Linux 6.18.
"""

from __future__ import annotations

from uringlab.core.abi import Opcode

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
    Opcode.READ: _ADDR,
    Opcode.WRITE: _ADDR,
    Opcode.TIMEOUT: _ADDR,
    Opcode.LINK_TIMEOUT: _ADDR,
    Opcode.OPENAT: _ADDR,
    Opcode.RECV: _ADDR,
    Opcode.UNLINKAT: _ADDR,
    Opcode.MKDIRAT: _ADDR,
    Opcode.SEND: _BOTH,
    Opcode.STATX: _BOTH,
    Opcode.ACCEPT: _BOTH,
    Opcode.RENAMEAT: _BOTH,
    Opcode.SYMLINKAT: _BOTH,
    Opcode.LINKAT: _BOTH,
    Opcode.OPENAT2: _BOTH,
    Opcode.TIMEOUT_REMOVE: ("off",),
}
_EVERY = ("addr", "off", "addr3")


def pointer_words(opcode: int) -> tuple[str, ...]:
    """Return the SQE words that are addresses; for an opcode not listed, all that could be."""
    try:
        return _POINTERS.get(Opcode(opcode), _EVERY)
    except ValueError:
        return _EVERY
