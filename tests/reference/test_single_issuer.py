"""The behaviours of liburing's test `single-issuer`: one task submits, and no other.

liburing's tests fork; a forked child cannot use a ring here, so threads try instead. To the
kernel they are the same: tasks.
"""

from __future__ import annotations

import errno
import threading

import pytest
from ring_kinds import PATIENCE, stage

from uringlab import EnterFlags, RingForked, SetupFlags, ops

SINGLE = SetupFlags.SINGLE_ISSUER


def try_it(ring):
    """Submit a NOP, and take its CQE: 0, or -errno."""
    stage(ring, ops.Nop(user_data=42))
    try:
        ring.submit_and_wait(1, timeout=PATIENCE)
    except OSError as why:
        return -why.errno
    [cqe] = list(ring.cq())
    assert cqe.user_data == 42
    return cqe.res


def in_a_thread(function, *args):
    answers = []
    thread = threading.Thread(target=lambda: answers.append(function(*args)))
    thread.start()
    thread.join()
    return answers[0]


@pytest.fixture
def ring(make_ring):
    return make_ring(flags=SINGLE)


@pytest.fixture
def sleeping_ring(make_ring):
    return make_ring(flags=SINGLE | SetupFlags.R_DISABLED)


def test_the_one_who_made_it_may_submit(ring):
    assert try_it(ring) == try_it(ring) == 0


@pytest.mark.not_on(SQPOLL="the poll thread is the one that submits")
def test_a_second_one_may_not(ring):
    assert try_it(ring) == 0
    assert in_a_thread(try_it, ring) == -errno.EEXIST
    # Its request was staged and published all the same: now it comes through.
    assert ring.submit_and_wait(1, timeout=PATIENCE) == 1
    assert [cqe[:2] for cqe in ring.cq()] == [(42, 0)]


@pytest.mark.not_on(SQPOLL="the poll thread is the one that submits")
def test_a_second_one_may_not_register_either(ring, pipe):
    def register():
        try:
            ring.files.register(pipe)
        except OSError as why:
            return why.errno
        return 0

    assert in_a_thread(register) == errno.EEXIST


def test_the_one_who_starts_it_is_the_one(sleeping_ring):
    def start_and_try():
        sleeping_ring.enable()
        return try_it(sleeping_ring)

    assert in_a_thread(start_and_try) == 0


@pytest.mark.not_on(SQPOLL="the poll thread is the one that submits")
def test_no_other_than_who_started_it_may_submit(sleeping_ring):
    sleeping_ring.enable()
    assert in_a_thread(try_it, sleeping_ring) == -errno.EEXIST
    sleeping_ring.submit_and_wait(1, timeout=PATIENCE)


@pytest.mark.not_on(SQPOLL="the poll thread is the one that submits")
def test_when_another_has_started_it_its_maker_may_not(sleeping_ring):
    in_a_thread(sleeping_ring.enable)
    assert try_it(sleeping_ring) == -errno.EEXIST


@pytest.mark.only_on("SQPOLL", why="elsewhere it is refused")
def test_to_a_poll_thread_anybody_may_submit(ring):
    assert try_it(ring) == 0
    assert in_a_thread(try_it, ring) == 0
    assert try_it(ring) == 0


def test_a_registered_fd_changes_nothing(ring, ring_kind):
    ring.register_fd()
    assert try_it(ring) == 0
    if not ring_kind.polled:
        answer = in_a_thread(lambda: ring.try_enter(0, 0, EnterFlags.GETEVENTS))
        assert answer in (0, -errno.EEXIST)
        assert in_a_thread(try_it, ring) == -errno.EEXIST
        ring.submit_and_wait(1, timeout=PATIENCE)
        ring.cq().advance(1)
    ring.unregister_fd()
    assert try_it(ring) == 0


def test_a_forked_child_may_not_even_try(ring, in_child):
    assert in_child(lambda: try_it(ring)) == RingForked.__name__
    assert try_it(ring) == 0
