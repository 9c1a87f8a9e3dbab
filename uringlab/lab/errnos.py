"""What io_uring in particular means by an errno. Source: the kernel's io_uring/, man pages."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

IN_IO_URING: dict[str, str] = {
    "EACCES": "The operation was forbidden: by a file's permissions, or by a restriction that was "
    "registered on the ring.",
    "EAGAIN": "It could not be done without blocking. A plain request never sees this for a file "
    "that can be polled: io_uring waits for it.",
    "EALREADY": "The request to cancel was found, but is running already and cannot be stopped.",
    "EBADF": "The fd is not open, or not open for this. The SQE was accepted all the same: this "
    "comes back in the CQE, not from io_uring_enter.",
    "EBADFD": "The ring is disabled (R_DISABLED): io_uring_enter submits nothing until it is "
    "enabled.",
    "EBUSY": "From io_uring_enter: completions wait for room in the CQ. Reap, and enter again.",
    "ECANCELED": "It was cancelled: by ASYNC_CANCEL, by a link timeout, or because the request it "
    "was linked to did not succeed completely (a short read breaks a chain, too).",
    "EEXIST": "From io_uring_enter: the ring has a single issuer, and it is another thread.",
    "EFAULT": "An address in the SQE leads to memory that is not mapped, or not writable.",
    "EINTR": "A signal came while io_uring_enter waited. What was submitted stays submitted.",
    "EINVAL": "The kernel does not know the opcode or a flag, or they do not go together. In a CQE "
    "it is about that SQE; from io_uring_setup it is about sizes and flags.",
    "EIO": "The device reported an error.",
    "EMFILE": "This process has too many files open: see ulimit -n.",
    "ENFILE": "The table of registered files is full (direct descriptors), or the system's is.",
    "ENOBUFS": "The group of provided buffers is empty; a multishot request ends with it.",
    "ENOENT": "There is no such file; for a cancel: no request in flight matches.",
    "ENOMEM": "No memory for it. From io_uring_setup: the rings would exceed RLIMIT_MEMLOCK.",
    "ENOSYS": "The kernel has no io_uring, or a seccomp filter hides it.",
    "ENXIO": "There is no such ring, file slot or device.",
    "EOPNOTSUPP": "This kind of file cannot do that.",
    "EPERM": "io_uring, or this operation, is not allowed for this user or container.",
    "EPIPE": "Nobody reads the other end any more.",
    "ETIME": "The time is over. For TIMEOUT this is the ordinary end; a wait with a timeout "
    "ends with it, too.",
}


def meaning(number: int, table: Mapping[str, str]) -> str | None:
    """What a table says about an errno, by whichever of its names (EOPNOTSUPP is ENOTSUP, too)."""
    names = (name for name, value in vars(errno).items() if value == abs(number))
    return next((table[name] for name in names if name in table), None)
