"""One io_uring_register(2): asked only where the kernel knows it, and its errnos explained."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, NoReturn

from uringlab.core.errors import NotSupported, OperandError, check
from uringlab.core.native import ffi, lib
from uringlab.core.probe import register_ops

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from uringlab.core.abi import RegisterOp
    from uringlab.core.native._native import CData

MEANINGS = {
    errno.EACCES: "the ring's restrictions do not allow this call",
    errno.EEXIST: "the ring has a single issuer, and this is not its thread",
    errno.EFAULT: "an argument points to memory that is not there",
    errno.EINTR: "a signal came",
    errno.EINVAL: "the kernel does not take these arguments",
    errno.ENOMEM: "no memory; what is registered counts to RLIMIT_MEMLOCK: see ulimit -l",
    errno.EOPNOTSUPP: "this kernel was built without it",
}
"""What an errno means whatever is registered. Source: io_uring_register(2), register.c."""

_U64 = 2**64 - 1


class Unique:
    """What keeps count of memory: there is one of it, and no copy, which would count it again."""

    __slots__ = ()

    def __reduce__(self) -> NoReturn:
        """Neither copied nor pickled.

        Raises:
            TypeError: always.
        """
        raise TypeError(f"{type(self).__name__} is one of a kind: it cannot be copied")


def must_know(op: RegisterOp) -> None:
    """See that this kernel has the call.

    Raises:
        NotSupported: it has not; says since which kernel there is such a thing.
    """
    if op not in register_ops():
        raise NotSupported(
            f"this kernel does not know {op.kernel_name}: it came with Linux {op.since}"
        )


def explain(answer: int, op: RegisterOp, meanings: Mapping[int, str] | None = None) -> int:
    """Return an answer that is none of the errors, or raise it with what it means here.

    Raises:
        RingError: one of the library's own refusals: closed, forked.
        OSError: the kernel's errno.
    """
    return check(answer, op.kernel_name, {**MEANINGS, **(meanings or {})})


def register(
    handle: CData,
    op: RegisterOp,
    arg: CData = ffi.NULL,
    count: int = 0,
    meanings: Mapping[int, str] | None = None,
) -> int:
    """Make the call through the ring's own door.

    Args:
        handle: the ring's.
        op: what to register.
        arg: what the call points to. The kernel copies it before the call returns.
        count: `nr_args`: of what, depends on the call.
        meanings: what some errnos mean for this one.

    Raises:
        NotSupported, RingError, OSError: as `must_know` and `explain`.
    """
    must_know(op)
    return explain(lib.ul_register(handle, int(op), arg, count), op, meanings)


def block(data: bytes) -> CData:
    """Bytes in memory of C, for one call."""
    return ffi.new("uint8_t[]", data or b"\0")


def address(data: CData) -> int:
    """Where such a block lies, to be put into another one."""
    return int(ffi.cast("uintptr_t", data))


def tag_block(handle: CData, tags: Sequence[int] | None, count: int) -> CData:
    """The tags as the kernel takes them, or NULL for none.

    A tag comes back as the user_data of a CQE that answers no request: the ring has to know
    before the kernel does, or it would take the CQE for somebody's answer.

    Raises:
        OperandError: not one tag for each, or one is no number of 64 bits.
    """
    if tags is None:
        return ffi.NULL
    if len(tags) != count:
        raise OperandError(f"{len(tags)} tags for {count} places: there must be one for each")
    for tag in tags:
        if not 0 <= tag <= _U64:
            raise OperandError(f"tag {tag} is no number of 64 bits without a sign")
    for tag in tags:
        if tag:
            check(lib.ul_taint(handle, tag), "note a tag")
    return ffi.new("uint64_t[]", list(tags))
