"""The behaviours of liburing's test `poll-cancel`: a poll that waits can be taken back."""

from __future__ import annotations

import errno
import time

import pytest
from ring_kinds import LONG, nothing_is_left, one, reap, results, submit

from uringlab import SqeFlags, ops
from uringlab.core.abi import PollEvents

CANCELED = -errno.ECANCELED


@pytest.mark.parametrize("taken_back", [ops.PollRemove, ops.AsyncCancel])
def test_both_the_poll_and_what_takes_it_back_complete(ring, pipe, taken_back):
    submit(ring, ops.PollAdd(pipe[0], user_data=1))
    assert nothing_is_left(ring)
    submit(ring, taken_back(1, user_data=2))
    assert results(reap(ring, 2)) == {1: CANCELED, 2: 0}
    assert nothing_is_left(ring)


def test_a_multishot_poll_is_taken_back_as_well(ring, pipe):
    submit(ring, ops.PollAdd(pipe[0], multishot=True, user_data=1))
    submit(ring, ops.PollRemove(1, user_data=2))
    found = reap(ring, 2)
    assert results(found) == {1: CANCELED, 2: 0}
    assert all(cqe.final for cqe in found)


def test_a_poll_that_is_not_there_cannot_be_taken_back(ring, pipe):
    assert one(ring, ops.PollRemove(1, user_data=2)).res == -errno.ENOENT
    assert one(ring, ops.PollAdd(pipe[1], poll_events=PollEvents.OUT, user_data=1)).res > 0
    assert one(ring, ops.PollRemove(1, user_data=2)).res == -errno.ENOENT


def test_a_ring_closes_with_polls_of_other_rings_and_timeouts_that_count(make_ring):
    ring, other = make_ring(), make_ring(1)
    submit(
        ring,
        ops.Timeout(LONG, count=1000, user_data=1),
        ops.PollAdd(other.fd.number, user_data=2, flags=SqeFlags.IO_LINK),
        ops.LinkTimeout(LONG, user_data=3),
    )
    started = time.monotonic_ns()
    ring.close()
    other.close()
    assert time.monotonic_ns() - started < LONG


def test_a_program_ends_with_them(ring_kind, run_python):
    done = run_python(f"""
from uringlab import IoUring, Params, SqeFlags, ops
params = lambda: Params(flags={int(ring_kind.flags)}, sq_thread_idle=1)
ring, other = IoUring(8, params()), IoUring(1, params())
ring.sq().push(ops.Timeout({LONG}, count=1000))
ring.sq().push(ops.PollAdd(other.fd.number, flags=SqeFlags.IO_LINK))
ring.sq().push(ops.LinkTimeout({LONG}))
print(ring.submit(), flush=True)
""")
    assert (done.stdout, done.returncode) == ("3\n", 0), done.stderr
