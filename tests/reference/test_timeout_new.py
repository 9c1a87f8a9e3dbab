"""The behaviours of liburing's test `timeout-new`: a wait has a limit of its own (EXT_ARG)."""

from __future__ import annotations

import errno
import threading
import time

import pytest
from ring_kinds import PATIENCE, reap, submit, until

from uringlab import EnterFlags, Features, ops

WAIT = 0.05


@pytest.fixture(autouse=True)
def _timed_waits(requires):
    requires(feature=Features.EXT_ARG)


def test_it_comes_back_before_its_time_if_there_is_something(ring):
    submit(ring, ops.Nop(user_data=5))
    [cqe] = list(ring.cq(1, timeout=PATIENCE))
    assert (cqe.user_data, cqe.res) == (5, 0)


def test_it_comes_back_after_its_time_if_there_is_nothing(ring):
    started = time.monotonic()
    with pytest.raises(OSError, match="ETIME: the time is over") as over:
        ring.cq(1, timeout=WAIT)
    assert over.value.errno == errno.ETIME
    assert time.monotonic() - started >= WAIT
    assert len(ring.cq()) == 0


def test_it_comes_back_while_a_request_goes_on(ring, pipe):
    submit(ring, ops.PollAdd(pipe[0], user_data=1))
    with pytest.raises(OSError, match="ETIME"):
        ring.cq(1, timeout=WAIT)
    submit(ring, ops.AsyncCancel(1, user_data=2))
    assert {cqe.user_data for cqe in reap(ring, 2)} == {1, 2}


@pytest.mark.not_on(DEFER_TASKRUN="only one thread may wait")
def test_two_threads_that_wait_for_one_completion_both_come_back(ring):
    answers = {}
    inside = threading.Semaphore(0)

    def wait(name):
        inside.release()
        # In the second thread it may come when the first has found it, and then as ETIME.
        answers[name] = ring.try_enter(0, 1, EnterFlags.GETEVENTS, timeout=PATIENCE)

    threads = [threading.Thread(target=wait, args=(name,)) for name in range(2)]
    for thread in threads:
        thread.start()
    for _ in threads:
        inside.acquire()
    submit(ring, ops.Nop(user_data=7))
    for thread in threads:
        thread.join()
    assert set(answers.values()) <= {0, -errno.ETIME}
    assert 0 in answers.values()
    until(lambda: len(ring.cq()) == 1)
    assert [cqe.user_data for cqe in ring.cq()] == [7]
