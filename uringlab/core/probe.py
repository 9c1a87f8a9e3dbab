"""What this kernel, this container and this user may do. Asked, never derived from a version."""

from __future__ import annotations

import errno
import os
from functools import cache
from typing import TYPE_CHECKING

from uringlab.core.abi import Features, Opcode, RegisterOp, SetupFlags
from uringlab.core.errors import Unavailable, check, errno_name
from uringlab.core.native import ffi, lib

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uringlab.core.params import Params
    from uringlab.core.ring import IoUring

_DISABLED = "/proc/sys/kernel/io_uring_disabled"
_PROBE_BYTES = 16
_PROBE_OPS = 256
_OP_BYTES = 8
_OP_SUPPORTED = 1
_NO_FD = 2**31 - 1
_MOST_REGISTER_OPS = 128
_NOT_HERE = (-errno.EINVAL, -errno.EPERM, -errno.EOPNOTSUPP)


def supported_opcodes(ring: IoUring) -> frozenset[int]:
    """The opcodes this kernel knows, by IORING_REGISTER_PROBE (5.6). Numbers: some may be new."""
    size = _PROBE_BYTES + _PROBE_OPS * _OP_BYTES
    out = ffi.new("uint8_t[]", size)
    check(lib.ul_register(ring.handle, RegisterOp.PROBE, out, _PROBE_OPS), "REGISTER_PROBE")
    data = bytes(ffi.buffer(out, size))
    found = set()
    for at in range(data[1]):
        entry = data[_PROBE_BYTES + at * _OP_BYTES :][:_OP_BYTES]
        if int.from_bytes(entry[2:4], "little") & _OP_SUPPORTED:
            found.add(entry[0])
    return frozenset(found)


@cache
def kernel_opcodes() -> frozenset[int]:
    """The opcodes this kernel knows, asked once a process, by a ring that is closed again.

    Where no second ring can be had, every opcode that has a name here: the kernel will say.
    """
    from uringlab.core.ring import IoUring  # noqa: PLC0415 (it uses this module)

    try:
        with IoUring(1) as ring:
            return supported_opcodes(ring)
    except OSError:
        return frozenset(int(opcode) for opcode in Opcode)


@cache
def features() -> Features:
    """The IORING_FEAT_* of this kernel, asked once a process.

    Raises:
        OSError: no ring can be had now.
    """
    from uringlab.core.ring import IoUring  # noqa: PLC0415 (it uses this module)

    with IoUring(1) as ring:
        return ring.params.features


@cache
def setup_flags() -> SetupFlags:
    """The IORING_SETUP_* that this kernel takes from this user, asked once a process.

    Each flag is tried, with the flags that it cannot do without. A flag may be there that this
    library cannot read the queues of: see `setup_rules.UNDERSTOOD`.

    Raises:
        OSError: no ring can be had now.
    """
    from uringlab.core.ring import IoUring  # noqa: PLC0415 (it uses this module)
    from uringlab.core.setup_rules import companions  # noqa: PLC0415 (seldom needed)

    found = SetupFlags(0)
    with IoUring(1) as other:
        for flag in SetupFlags:
            if _takes(companions(flag), other.fd.number):
                found |= flag
    return found


def _takes(flags: SetupFlags, other: int) -> bool:
    """Whether a ring can be made so. It is closed again."""
    from uringlab.core.params import Params  # noqa: PLC0415 (seldom needed)

    cq_entries = 4 if SetupFlags.CQSIZE in flags else 0
    asked = Params(flags=flags, cq_entries=cq_entries, wq_fd=other).to_c()
    if SetupFlags.SQ_AFF in flags:
        asked.sq_thread_cpu = min(os.sched_getaffinity(0))
    out = ffi.new("ul_ring **")
    answer = lib.ul_ring_open(2, asked, 0, out)
    if answer >= 0:
        lib.ul_ring_free(out[0])
    elif answer not in _NOT_HERE:
        check(answer, "io_uring_setup")
    # EOPNOTSUPP is this library's own: the kernel took it.
    return answer >= 0 or answer == -errno.EOPNOTSUPP


@cache
def register_ops() -> frozenset[int]:
    """The opcodes that io_uring_register(2) knows here, asked once a process. Some may be new.

    Nothing is registered: the fd that they are tried on is none. A known opcode then fails
    with EBADF, an unknown one with EINVAL.
    """
    return frozenset(
        opcode
        for opcode in range(_MOST_REGISTER_OPS)
        if lib.ul_sys_register(_NO_FD, opcode, ffi.NULL, 0) == -errno.EBADF
    )


def opcode_name(number: int) -> str:
    """`READ` for 22; `OP 200` for a number that has no name here."""
    try:
        return Opcode(number).name
    except ValueError:
        return f"OP {number}"


def why_unavailable(number: int) -> Unavailable | None:
    """Explain an errno of io_uring_setup(2) that means "not here", or None if it means else."""
    if number == errno.ENOSYS:
        return Unavailable(
            number,
            "the kernel answers ENOSYS: it has no io_uring, or a seccomp filter hides it",
            "Use Linux 5.10 or newer; in a container, allow the io_uring_* system calls "
            "in its seccomp profile.",
        )
    if number == errno.EPERM:
        return Unavailable(number, *_why_eperm())
    return None


def _why_eperm() -> tuple[str, str]:
    try:
        with open(_DISABLED) as switch:  # noqa: PTH123 (pathlib is slow to import)
            disabled = switch.read().strip()
    except FileNotFoundError:  # before 6.6 there is no such switch
        disabled = "0"
    if disabled == "2":
        return (
            "kernel.io_uring_disabled is 2, for everybody",
            "As root: sysctl kernel.io_uring_disabled=0",
        )
    if disabled == "1":
        return (
            "kernel.io_uring_disabled is 1: only root and kernel.io_uring_group may use it",
            "As root: sysctl kernel.io_uring_disabled=0, or join that group.",
        )
    return (
        "io_uring_setup is forbidden (EPERM), most likely by a container's seccomp filter",
        (
            "Allow the io_uring_* system calls in the container's seccomp profile "
            "(docker: --security-opt seccomp=PROFILE.json)."
        ),
    )


def explain_setup_failure(number: int, entries: int, params: Params) -> OSError:
    """The exception for a failed io_uring_setup(2), with what the errno means there."""
    unavailable = why_unavailable(number)
    if unavailable is not None and not _only_the_poll_thread(number, params):
        return unavailable
    meaning = _MEANINGS.get(number, os.strerror(number).lower())
    if number in {errno.EINVAL, errno.EOVERFLOW}:
        meaning = "; ".join(_what_is_wrong(entries, params)) or meaning
    elif number == errno.EOPNOTSUPP:
        meaning = f"this library cannot read queues made with {_not_understood(params)}"
    elif number == errno.EFAULT and SetupFlags.NO_MMAP in SetupFlags(params.flags):
        meaning = "the kernel could not take the memory that was brought (NO_MMAP)"
    return OSError(number, f"io_uring_setup({entries}): {errno_name(number)}: {meaning}")


def _what_is_wrong(entries: int, params: Params) -> Iterator[str]:
    from uringlab.core.setup_rules import complaints  # noqa: PLC0415 (seldom needed)

    wanted = SetupFlags(params.flags)
    try:
        strange = wanted & ~setup_flags()
    except OSError:  # then all that can be said is what the rules say
        strange = SetupFlags(0)
    for flag in SetupFlags:
        if flag in strange:
            yield f"this kernel does not know {flag.name}, which came with Linux {flag.since}"
    nameless = int(wanted) & ~sum(SetupFlags)
    if nameless:
        yield f"flags {nameless:#x} have no name here"
    yield from complaints(entries, params)
    if SetupFlags.ATTACH_WQ in wanted:
        yield _why_not_attach(params, SetupFlags.SQPOLL in wanted)


def _not_understood(params: Params) -> str:
    from uringlab.core.setup_rules import UNDERSTOOD  # noqa: PLC0415 (seldom needed)

    names = [flag.name or "" for flag in SetupFlags(params.flags) if flag not in UNDERSTOOD]
    return " and ".join(names)


def _why_not_attach(params: Params, sqpoll: bool) -> str:  # noqa: FBT001 (said once)
    wanted = "the fd of an SQPOLL ring" if sqpoll else "the fd of a ring"
    return f"ATTACH_WQ wants {wanted} in wq_fd, and it is {params.wq_fd}"


def _only_the_poll_thread(number: int, params: Params) -> bool:
    """Before 5.11 SQPOLL alone was for root: other rings can be had."""
    if number != errno.EPERM or SetupFlags.SQPOLL not in SetupFlags(params.flags):
        return False
    try:
        return SetupFlags.CLAMP in setup_flags()
    except OSError:
        return False


_MEANINGS = {
    errno.EAGAIN: "the kernel could not start the poll thread: see ulimit -u",
    errno.EBADF: "ATTACH_WQ: wq_fd is not an open fd",
    errno.EBUSY: "REGISTERED_FD_ONLY: this thread's table of registered rings is full",
    errno.EFAULT: "the kernel could not read the parameters",
    errno.EINVAL: "the kernel does not take these flags or values together",
    errno.EMFILE: "this process has too many files open: see ulimit -n",
    errno.ENFILE: "the system has too many files open",
    errno.ENOMEM: "rings are charged to RLIMIT_MEMLOCK: see ulimit -l, or ask for less",
    errno.ENXIO: "ATTACH_WQ: wq_fd is not an open fd",
    errno.EPERM: "SQPOLL is for root on this kernel (before 5.11); other rings are not",
}
"""What the errnos of io_uring_setup mean. Source: io_uring_setup(2), io_uring/io_uring.c."""
