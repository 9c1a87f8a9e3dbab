"""What io_uring_setup(2) wants of flags and values, as tables.

The kernel says EINVAL to all of it; here each rule says which flags it is about, and why. The
tests hold the tables to the kernel, both ways, over all pairs of flags. Source:
io_uring_setup(2), io_uring_sanitise_params() in io_uring/io_uring.c.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from uringlab.core.abi import MAX_CQ_ENTRIES, MAX_ENTRIES, SetupFlags

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uringlab.core.params import Params

F = SetupFlags


class Need(NamedTuple):
    """`flag` works only beside one of the flags in `one_of`."""

    flag: SetupFlags
    one_of: SetupFlags
    why: str


class Clash(NamedTuple):
    """The two do not go together."""

    flag: SetupFlags
    other: SetupFlags
    why: str


NEEDS = (
    Need(F.SQ_AFF, F.SQPOLL, "it says on which CPU the poll thread runs"),
    Need(F.HYBRID_IOPOLL, F.IOPOLL, "it says how to poll for completions"),
    Need(F.DEFER_TASKRUN, F.SINGLE_ISSUER, "task work waits for one task, and no other may come"),
    Need(F.TASKRUN_FLAG, F.COOP_TASKRUN | F.DEFER_TASKRUN, "else no task work waits to be shown"),
    Need(F.REGISTERED_FD_ONLY, F.NO_MMAP, "without an fd there is nothing to mmap"),
    Need(F.SQ_REWIND, F.NO_SQARRAY, "slot i is position i in every submission"),
)
CLASHES = (
    Clash(F.SQPOLL, F.COOP_TASKRUN, "the poll thread runs the task work"),
    Clash(F.SQPOLL, F.TASKRUN_FLAG, "the poll thread runs the task work"),
    Clash(F.SQPOLL, F.DEFER_TASKRUN, "the poll thread runs the task work"),
    Clash(F.CQE32, F.CQE_MIXED, "either every CQE has 32 bytes, or some have"),
    Clash(F.SQE128, F.SQE_MIXED, "either every SQE has 128 bytes, or some have"),
    Clash(F.SQPOLL, F.SQ_REWIND, "the poll thread follows head and tail"),
)

UNDERSTOOD = F((F.CQE_MIXED << 1) - 1)
"""The flags whose queues this library can read (SETUP_UNDERSTOOD in native/uringlab.h)."""


def companions(flag: SetupFlags) -> SetupFlags:
    """A flag with the others that it cannot do without, so that it can be tried."""
    together = flag
    for need in NEEDS:
        if need.flag & together and not need.one_of & together:
            together |= F(need.one_of & -need.one_of)  # the first of them
    return together


def complaints(entries: int, params: Params) -> Iterator[str]:
    """What is wrong with these parameters, whatever the kernel's age: a sentence each."""
    flags = SetupFlags(params.flags)
    for need in NEEDS:
        if need.flag in flags and not need.one_of & flags:
            others = " or ".join(str(one.name) for one in SetupFlags if one & need.one_of)
            yield f"{need.flag.name} needs {others}: {need.why}"
    for clash in CLASHES:
        if clash.flag in flags and clash.other in flags:
            yield f"{clash.flag.name} and {clash.other.name} do not go together: {clash.why}"
    yield from _sizes(entries, params, flags)
    if SetupFlags.SQ_AFF in flags and params.sq_thread_cpu not in os.sched_getaffinity(0):
        yield (
            f"sq_thread_cpu={params.sq_thread_cpu} is no CPU that this process may run on: "
            f"{_cpus()}"
        )


def _sizes(entries: int, params: Params, flags: SetupFlags) -> Iterator[str]:
    clamped = SetupFlags.CLAMP in flags
    if entries == 0 or (entries > MAX_ENTRIES and not clamped):
        yield f"sq_entries={entries}: the kernel wants 1 to {MAX_ENTRIES} (CLAMP lowers more)"
    if SetupFlags.CQSIZE not in flags and not params.cq_entries:
        return
    if params.cq_entries == 0 or (params.cq_entries > MAX_CQ_ENTRIES and not clamped):
        yield (
            f"cq_entries={params.cq_entries}: with CQSIZE the kernel wants 1 to "
            f"{MAX_CQ_ENTRIES} (CLAMP lowers more)"
        )
    elif _rounded(params.cq_entries) < _rounded(min(entries, MAX_ENTRIES)):
        yield (
            f"cq_entries={params.cq_entries} is less than sq_entries={entries}, "
            "each rounded up to a power of two"
        )
    elif params.cq_entries == 1 and SetupFlags.CQE_MIXED in flags:
        yield "cq_entries=1 has no room for a CQE of 32 bytes, which CQE_MIXED may bring"


def _rounded(entries: int) -> int:
    return 1 << max(entries - 1, 0).bit_length()


def _cpus() -> str:
    return ", ".join(str(cpu) for cpu in sorted(os.sched_getaffinity(0)))
