"""What is compared does the same work, and what is measured was done."""

import threading

import pytest

from benchmarks.observing.blind import BlindSession
from benchmarks.observing.copying import measure_copying
from benchmarks.observing.length import SEEKS, measure_length
from benchmarks.observing.library import measure_library, watching
from benchmarks.observing.rate import BATCH, LINES, measure_rates
from benchmarks.observing.rounds import Child
from uringlab import IoUring, ops
from uringlab.lab.session import Session
from uringlab.observe.event import Staged


def test_a_session_that_nobody_watches_answers_the_same():
    said = []
    for kind in (BlindSession, Session):
        with kind() as session:
            session(f"ring new r0 entries={BATCH}")
            said.append([session(line) for _ in range(3) for line in LINES])
            events = session.log.count
        if kind is BlindSession:
            assert events <= 2  # the ring was set up, and came into view
    assert said[0] == said[1]


def test_every_round_of_every_contender_is_there():
    rates = measure_rates(2)
    assert [len(one) for one in rates] == [2, 2, 2, 2]
    assert min(min(one) for one in rates) > 0
    speeds = measure_library(2)
    assert [len(one) for one in speeds] == [2, 2, 2]
    assert min(min(one) for one in speeds) > 0
    copying = measure_copying(2)
    assert [len(one) for one in copying] == [2, 2]


def test_a_contender_that_ends_is_not_waited_for():
    with (
        Child("benchmarks.observing.no_such_module") as one,
        pytest.raises(ChildProcessError, match="status 1"),
    ):
        one.round()


def test_a_program_is_looked_at_while_it_runs():
    seen = threading.Event()
    with IoUring(BATCH) as ring, watching(ring) as observer:
        observer.log.listen(
            lambda events: seen.set() if any(isinstance(one, Staged) for one in events) else None
        )
        ring.sq().push(ops.Nop(user_data=9))
        assert seen.wait(10)


def test_a_recording_is_written_and_walked_through():
    length = measure_length(3_000)
    assert length.events >= 3_000
    assert length.file_bytes > 0
    assert len(length.seeks) == len(length.errors) == len(length.requests) == SEEKS
