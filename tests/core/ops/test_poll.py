"""POLL_ADD and POLL_REMOVE."""

from __future__ import annotations

import errno
import os

import pytest

from uringlab import Buffer, CqeFlags, OperandError, ops
from uringlab.core.abi import PollEvents
from uringlab.core.buffers import memory_stats
from uringlab.core.fd import FixedFd


def examples():
    return [
        (
            ops.PollAdd(4, poll_events=PollEvents.IN | PollEvents.OUT),
            "POLL_ADD fd=4 poll_events=IN|OUT multishot=off level=off",
        ),
        (
            ops.PollRemove(4, new_user_data=5),
            "POLL_REMOVE target=4 poll_events=0 new_user_data=5 multishot=off",
        ),
    ]


def test_poll_add_completes_once_when_the_fd_is_ready(ring, run, pipe):
    ring.sq().push(ops.PollAdd(pipe[0], user_data=5))
    ring.submit()
    assert not ring.cq()
    os.write(pipe[1], b"x")
    [cqe] = list(ring.cq(1, timeout=5))
    assert cqe.res == PollEvents.IN
    assert cqe.final
    assert run(ops.PollAdd(pipe[1], poll_events=PollEvents.OUT)) == PollEvents.OUT
    assert run(ops.PollAdd(999)) == -errno.EBADF


def test_poll_add_watches_a_registered_file(ring, run, pipe):
    ring.files.register([pipe[1]])
    assert run(ops.PollAdd(FixedFd(0), poll_events=PollEvents.OUT)) == PollEvents.OUT


def test_poll_add_multishot_goes_on_until_it_is_removed(ring, pipe):
    ring.sq().push(ops.PollAdd(pipe[0], multishot=True, user_data=5))
    ring.submit()
    for _ in range(3):
        os.write(pipe[1], b"x")
        [cqe] = list(ring.cq(1, timeout=5))
        assert cqe == (5, PollEvents.IN, CqeFlags.MORE)
        os.read(pipe[0], 1)
    ring.sq().push(ops.PollRemove(5, user_data=6))
    ring.submit_and_wait(2, timeout=5)
    assert sorted(ring.cq()) == [(5, -errno.ECANCELED, 0), (6, 0, 0)]


def test_a_level_triggered_poll_is_taken_or_refused(ring, pipe):
    """The flag has been in the headers since 6.0, and POLL_ADD of 6.18 takes no such flag."""
    os.write(pipe[1], b"x")
    ring.sq().push(ops.PollAdd(pipe[0], multishot=True, level=True, user_data=5))
    ring.submit()
    cqe = next(iter(ring.cq(1, timeout=5)))
    assert cqe in {(5, -errno.EINVAL, 0), (5, PollEvents.IN, CqeFlags.MORE)}


def test_poll_remove_ends_one_that_waits(ring, run, pipe):
    ring.sq().push(ops.PollAdd(pipe[0], user_data=5))
    ring.submit()
    ring.sq().push(ops.PollRemove(5, user_data=6))
    ring.submit_and_wait(2, timeout=5)
    assert sorted(cqe[:2] for cqe in ring.cq()) == [(5, -errno.ECANCELED), (6, 0)]
    assert run(ops.PollRemove(5)) == -errno.ENOENT


def test_poll_remove_changes_what_is_waited_for(ring, run, pipe):
    ring.sq().push(ops.PollAdd(pipe[1], poll_events=PollEvents.PRI, user_data=5))
    ring.submit()
    ring.sq().push(ops.PollRemove(5, poll_events=PollEvents.OUT, user_data=6))
    ring.submit_and_wait(2, timeout=5)
    assert sorted(cqe[:2] for cqe in ring.cq()) == [(5, PollEvents.OUT), (6, 0)]


def test_poll_remove_changes_the_user_data(ring, pipe):
    ring.sq().push(ops.PollAdd(pipe[0], user_data=5))
    ring.submit()
    ring.sq().push(ops.PollRemove(5, new_user_data=2**40, user_data=6))
    ring.submit_and_wait(1, timeout=5)
    assert [cqe[:2] for cqe in ring.cq()] == [(6, 0)]
    os.write(pipe[1], b"x")
    assert [cqe[:2] for cqe in ring.cq(1, timeout=5)] == [(2**40, PollEvents.IN)]


def test_a_multishot_poll_that_is_changed_goes_on_being_one(ring, pipe):
    ring.sq().push(ops.PollAdd(pipe[0], poll_events=PollEvents.PRI, multishot=True, user_data=5))
    ring.submit()
    change = ops.PollRemove(5, poll_events=PollEvents.IN, multishot=True, user_data=6)
    ring.sq().push(change)
    ring.submit_and_wait(1, timeout=5)
    assert [cqe[:2] for cqe in ring.cq()] == [(6, 0)]
    for _ in range(2):
        os.write(pipe[1], b"x")
        assert list(ring.cq(1, timeout=5)) == [(5, PollEvents.IN, CqeFlags.MORE)]


def test_what_a_renamed_poll_could_be_taken_for_is_held_until_the_end(ring, pipe, collect):
    """The poll's CQE comes with the user_data of the read: the read's buffer must stay."""
    other = os.pipe()
    try:
        before = memory_stats()[0]
        ring.sq().push(ops.Read(other[0], Buffer(4), user_data=7))
        ring.sq().push(ops.PollAdd(pipe[0], user_data=5))
        ring.submit()
        ring.sq().push(ops.PollRemove(5, new_user_data=7, user_data=6))
        ring.submit_and_wait(1, timeout=5)
        assert [cqe[:2] for cqe in ring.cq()] == [(6, 0)]
        os.write(pipe[1], b"x")
        assert [cqe[:2] for cqe in ring.cq(1, timeout=5)] == [(7, PollEvents.IN)]
        collect()
        assert memory_stats()[0] == before + 1, "the read is still to come"
        os.write(other[1], b"late")
        assert [cqe[:2] for cqe in ring.cq(1, timeout=5)] == [(7, 4)]
    finally:
        os.close(other[0])
        os.close(other[1])


@pytest.mark.parametrize(
    "make",
    [
        lambda: ops.PollAdd(3, poll_events="IN"),
        lambda: ops.PollAdd(3, multishot=3),
        lambda: ops.PollAdd(None),
        lambda: ops.PollRemove(None),
        lambda: ops.PollRemove(1, new_user_data=2**64),
    ],
)
def test_what_does_not_fit_is_refused(make):
    with pytest.raises(OperandError):
        make()
