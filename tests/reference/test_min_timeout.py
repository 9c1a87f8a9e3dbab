"""The behaviours of liburing's test `min-timeout`: wait for many, but after a while one will do.

Waits have no upper bound that a busy machine would keep; where one must not last to its end,
its end is far away.
"""

from __future__ import annotations

import os
import threading
import time

import pytest
from ring_kinds import reap, stage

from uringlab import Buffer, Features, Wait, ops

PIPES, WRITES = 8, 6
FAR_AWAY = 60.0


@pytest.fixture(autouse=True)
def _min_timeout(requires):
    requires(feature=Features.MIN_TIMEOUT)


@pytest.fixture
def pipes():
    ends = [os.pipe() for _ in range(PIPES)]
    yield ends
    for pair in ends:
        for fd in pair:
            os.close(fd)


@pytest.fixture
def ring(make_ring):
    return make_ring(PIPES)


def stage_reads(ring, pipes):
    stage(
        ring,
        *(ops.Read(reader, Buffer(32), user_data=at) for at, (reader, _) in enumerate(pipes)),
    )


def write_to(pipes, some):
    for at in some:
        os.write(pipes[at][1], bytes(32))


def end_of(ring, pipes, seen):
    """Let what waits complete, too: in the end each is heard of once."""
    write_to(pipes, sorted(set(range(PIPES)) - seen))
    assert seen | {cqe.user_data for cqe in reap(ring, PIPES - len(seen))} == set(range(PIPES))


def taken(ring):
    return {cqe.user_data for cqe in ring.cq()}


def as_many_as_could(ring_kind, seen):
    """A poll thread may not have got to all of them in so short a time."""
    return seen <= set(range(WRITES)) if ring_kind.polled else seen == set(range(WRITES))


@pytest.mark.parametrize("at_least", [0, 0.02], ids=["no least time", "less"])
def test_with_too_few_completions_the_time_runs_out_and_none_is_lost(
    ring, ring_kind, pipes, at_least
):
    stage_reads(ring, pipes)
    write_to(pipes, range(WRITES))
    started = time.monotonic()
    wait = Wait(timeout=0.1, at_least=at_least)
    assert ring.submit_and_wait(PIPES, wait=wait) == PIPES
    passed = time.monotonic() - started
    seen = taken(ring)
    assert as_many_as_could(ring_kind, seen)
    assert passed >= (at_least or 0.1)
    end_of(ring, pipes, seen)


def test_after_the_least_time_what_is_there_will_do(ring, ring_kind, pipes):
    stage_reads(ring, pipes)
    write_to(pipes, range(WRITES))
    started = time.monotonic()
    wait = Wait(timeout=FAR_AWAY, at_least=0.05)
    assert ring.submit_and_wait(PIPES, wait=wait) == PIPES
    assert 0.05 <= time.monotonic() - started < FAR_AWAY
    seen = taken(ring)
    assert as_many_as_could(ring_kind, seen)
    end_of(ring, pipes, seen)


def test_the_least_time_is_kept_though_the_time_is_shorter(ring, ring_kind, pipes):
    stage_reads(ring, pipes)
    write_to(pipes, range(WRITES))
    started = time.monotonic()
    wait = Wait(timeout=0.02, at_least=0.1)
    assert ring.submit_and_wait(PIPES, wait=wait) == PIPES
    assert time.monotonic() - started >= 0.1
    seen = taken(ring)
    assert as_many_as_could(ring_kind, seen)
    end_of(ring, pipes, seen)


def test_with_nothing_after_the_least_time_the_first_completion_ends_the_wait(ring, pipes):
    least = 0.05
    stage_reads(ring, pipes)
    writer = threading.Timer(3 * least, write_to, (pipes, [3]))
    writer.start()
    started = time.monotonic()
    wait = Wait(timeout=FAR_AWAY, at_least=least)
    assert ring.submit_and_wait(PIPES, wait=wait) == PIPES
    assert least <= time.monotonic() - started < FAR_AWAY
    writer.join()
    seen = taken(ring)
    assert seen == {3}
    end_of(ring, pipes, seen)


def test_enough_completions_end_the_wait_before_the_least_time(ring, pipes):
    stage_reads(ring, pipes)
    write_to(pipes, range(PIPES))
    started = time.monotonic()
    wait = Wait(timeout=FAR_AWAY, at_least=FAR_AWAY / 2)
    assert ring.submit_and_wait(PIPES, wait=wait) == PIPES
    assert time.monotonic() - started < FAR_AWAY / 2
    assert taken(ring) == set(range(PIPES))
