"""What this kernel, this container and this user may do. Asked, never derived from a version."""

from __future__ import annotations

import errno
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from uringlab.core.abi import MAX_ENTRIES, Opcode, RegisterOp
from uringlab.core.errors import Unavailable, check
from uringlab.core.native import ffi, lib

if TYPE_CHECKING:
    from uringlab.core.params import Params
    from uringlab.core.ring import IoUring

_DISABLED = Path("/proc/sys/kernel/io_uring_disabled")
_PROBE_BYTES = 16
_PROBE_OPS = 256
_OP_BYTES = 8
_OP_SUPPORTED = 1


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
    disabled = _DISABLED.read_text().strip() if _DISABLED.exists() else "0"
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
    if unavailable is not None:
        return unavailable
    meaning = {
        errno.EINVAL: (
            f"the kernel wants 1 to {MAX_ENTRIES} SQ entries (CLAMP lowers more), "
            "and flags that it knows and that go together"
            if entries == 0 or entries > MAX_ENTRIES
            else "it does not know one of the flags, or they do not go together"
        ),
        errno.ENOMEM: "rings are charged to RLIMIT_MEMLOCK: see ulimit -l, or ask for less",
        errno.EMFILE: "this process has too many files open: see ulimit -n",
        errno.ENFILE: "the system has too many files open",
        errno.EFAULT: "the kernel could not read the parameters",
        errno.EOPNOTSUPP: "the kernel can, but this library cannot read queues made like that",
    }.get(number, "io_uring_setup(2) says what it means")
    return OSError(number, f"io_uring_setup({entries}): {meaning}")
