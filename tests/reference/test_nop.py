"""The behaviours of liburing's test `nop`: a request that does nothing goes all the way."""

from __future__ import annotations

import errno

import pytest
from ring_kinds import reap, results, run, run_for_results, stage_raw, submit

from uringlab import Opcode, SqeFlags, ops
from uringlab.core.abi import NopFlags

ROUNDS = 50

inline_or_async = pytest.mark.parametrize("how", [SqeFlags(0), SqeFlags.ASYNC], ids=["", "ASYNC"])


@inline_or_async
def test_a_nop_completes_with_0_and_its_user_data_time_after_time(ring, how):
    for number in range(1, ROUNDS):
        [cqe] = run(ring, ops.Nop(user_data=number, flags=how))
        assert (cqe.user_data, cqe.res, cqe.flags & ~(1 << 15)) == (number, 0, 0)


@pytest.mark.only_on("CQE32", why="other CQEs have no second half")
@inline_or_async
def test_the_second_half_of_a_wide_cqe_is_0(ring, how):
    for _ in range(ROUNDS):
        [cqe] = run(ring, ops.Nop(flags=how))
        assert cqe.extra == (0, 0)


@inline_or_async
def test_a_drain_in_the_middle_of_nops_lets_them_all_through(ring, how):
    for _ in range(ROUNDS):
        middle = [how | (SqeFlags.IO_DRAIN if at == 4 else SqeFlags(0)) for at in range(8)]
        nops = [ops.Nop(user_data=at, flags=flags) for at, flags in enumerate(middle)]
        assert run_for_results(ring, *nops) == dict.fromkeys(range(8), 0)


@inline_or_async
def test_what_came_before_a_drain_completes_before_it(ring, how):
    drain = ops.Nop(user_data=9, flags=how | SqeFlags.IO_DRAIN)
    before = [ops.Nop(user_data=at, flags=how) for at in range(4)]
    after = [ops.Nop(user_data=at, flags=how) for at in range(10, 13)]
    names = [cqe.user_data for cqe in run(ring, *before, drain, *after)]
    assert sorted(names[:4]) == [0, 1, 2, 3]
    assert names[4] == 9


@inline_or_async
def test_a_result_can_be_put_into_a_nop(ring, how):
    stage_raw(
        ring,
        opcode=Opcode.NOP,
        flags=how,
        user_data=7,
        op_flags=NopFlags.INJECT_RESULT,
        len=-errno.EFAULT & 0xFFFF_FFFF,
    )
    submit(ring)
    # Before 6.10 no NOP had flags.
    assert results(reap(ring))[7] in (-errno.EFAULT, -errno.EINVAL)
