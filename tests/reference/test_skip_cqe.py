"""The behaviours of liburing's test `skip-cqe`: success can be silent, failure cannot."""

from __future__ import annotations

import errno
from itertools import product

import pytest
from ring_kinds import (
    ESCAPED,
    LONG,
    MS,
    nothing_is_left,
    reap,
    reap_or_feed,
    results,
    submit,
    was_cut_off,
)

from uringlab import Buffer, Features, SqeFlags, ops
from uringlab.core.buffers import BadPage

LINK, HARDLINK = SqeFlags.IO_LINK, SqeFlags.IO_HARDLINK
SILENT, ASYNC = SqeFlags.CQE_SKIP_SUCCESS, SqeFlags.ASYNC
NOTHING = SqeFlags(0)
SIZE = 6
MIDDLE, LAST = SIZE // 2, SIZE - 1
TIMEOUT = 99


@pytest.fixture(autouse=True)
def _silence(requires):
    requires(feature=Features.CQE_SKIP)


@pytest.fixture
def ring(make_ring):
    return make_ring(16)


@pytest.fixture
def request_that(pipe):
    """`request_that(fails, …)`: a write of what is not there, or a NOP."""

    def make(fails, user_data, flags):
        if fails:
            return ops.Write(pipe[1], BadPage(), len=100, user_data=user_data, flags=flags)
        return ops.Nop(user_data=user_data, flags=flags)

    return make


@pytest.mark.parametrize("size", [1, SIZE])
@pytest.mark.parametrize("all_silent", [True, False])
def test_only_what_is_not_silent_is_heard_of(ring, request_that, size, all_silent):
    for _ in range(3):
        chain = [
            request_that(
                fails=False,
                user_data=at,
                flags=LINK | SILENT if all_silent or at != size - 1 else NOTHING,
            )
            for at in range(size)
        ]
        assert submit(ring, *chain) == size
        if not all_silent:
            assert results(reap(ring)) == {size - 1: 0}
        assert nothing_is_left(ring)


@pytest.mark.parametrize("broken", [MIDDLE, LAST])
def test_a_silent_chain_tells_of_its_failure_and_of_nothing_else(ring, request_that, broken):
    chain = [
        request_that(
            fails=at == broken, user_data=at, flags=LINK | SILENT if at != LAST else NOTHING
        )
        for at in range(SIZE)
    ]
    assert submit(ring, *chain) == SIZE
    assert results(reap(ring)) == {broken: -errno.EFAULT}
    assert nothing_is_left(ring)


@pytest.mark.parametrize("how", [NOTHING, ASYNC], ids=["", "ASYNC"])
@pytest.mark.parametrize(
    ("size", "limited", "broken"),
    [
        (1, 0, None),
        (SIZE, MIDDLE, None),
        (SIZE, LAST, None),
        (SIZE, MIDDLE, MIDDLE),
        (SIZE, MIDDLE, MIDDLE - 1),
        (SIZE, MIDDLE, MIDDLE + 1),
    ],
)
def test_a_silent_limit_that_is_not_reached_is_not_heard_of(
    ring, request_that, how, size, limited, broken
):
    chain = []
    for at in range(size):
        silence = SILENT if at != size - 1 else NOTHING
        chain.append(request_that(fails=at == broken, user_data=at, flags=LINK | how | silence))
        if at == limited:
            chain.append(ops.LinkTimeout(LONG, user_data=TIMEOUT, flags=LINK | SILENT))
    assert submit(ring, *chain) == size + 1
    heard = {size - 1: 0} if broken is None else {broken: -errno.EFAULT}
    assert results(reap(ring)) == heard
    assert nothing_is_left(ring)


@pytest.mark.parametrize("how", [NOTHING, ASYNC], ids=["", "ASYNC"])
def test_a_limit_that_is_reached_is_a_success_of_the_limit_and_a_failure_of_the_read(
    ring, pipe, how
):
    for read_silence, limit_silence in product((NOTHING, SILENT), repeat=2):
        submit(
            ring,
            ops.Read(pipe[0], Buffer(1), user_data=0, flags=LINK | how | read_silence),
            ops.LinkTimeout(MS, user_data=1, flags=limit_silence),
        )
        found = results(reap_or_feed(ring, 1 if limit_silence else 2, pipe[1]))
        if found.get(1) in ESCAPED:
            # A failure of the limit, which is never silent: then both are heard of.
            found |= results(reap_or_feed(ring, 2 - len(found), pipe[1]))
        assert was_cut_off(found[0], found.get(1, 0), how)
        assert found.get(1, -errno.ETIME) in (-errno.ETIME, 0, *ESCAPED)
        assert bool(limit_silence) == (1 not in found) or found[1] in ESCAPED
        assert nothing_is_left(ring)


@pytest.mark.parametrize("to_the_end", [False, True], ids=["", "the last is linked, too"])
def test_in_a_hard_chain_each_is_heard_of_but_those_that_are_silent(ring, request_that, to_the_end):
    size = 7
    for broken, silent in product((0, 3, 6), repeat=2):
        chain = [
            request_that(
                fails=at == broken,
                user_data=at,
                flags=(HARDLINK if to_the_end or at != size - 1 else NOTHING)
                | (SILENT if at == silent else NOTHING),
            )
            for at in range(size)
        ]
        assert submit(ring, *chain) == size
        heard = [
            (at, -errno.EFAULT if at == broken else 0)
            for at in range(size)
            if at != silent or silent == broken
        ]
        assert [cqe[:2] for cqe in reap(ring, len(heard))] == heard
        assert nothing_is_left(ring)
