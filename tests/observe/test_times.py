"""When it happened: exactly, for one's own acts; between two looks, for the kernel's."""

from __future__ import annotations

import mmap
import struct
import time

import pytest

from uringlab import IoUring, ops
from uringlab.observe.event import Consumed, Posted, Published, Rewritten, Seen, Staged
from uringlab.observe.log import EventLog
from uringlab.observe.observer import Observer
from uringlab.observe.source import OwnSource


@pytest.fixture
def ring():
    with IoUring(8) as ring:
        yield ring


@pytest.fixture
def log():
    return EventLog()


@pytest.fixture
def observer(ring, log):
    return Observer(OwnSource("ring", ring), log)


def only(log, kind):
    [event] = [event for event in log.since(0) if isinstance(event, kind)]
    return event


def test_the_time_of_an_act_of_ones_own_is_exact(ring, log, observer):
    around = []
    for act in (
        lambda: ring.sq().push(ops.Nop()),
        ring.sq().publish,
        lambda: ring.enter(1),
        lambda: list(ring.cq()),
    ):
        start = time.monotonic_ns()
        act()
        around.append((start, time.monotonic_ns()))
    observer.look()
    for kind, (start, end) in zip(
        (Staged, Published, Seen), (around[0], around[1], around[3]), strict=True
    ):
        event = only(log, kind)
        assert event.exact
        assert start <= event.time_ns <= end


def test_writing_to_a_slot_is_such_an_act(ring, log, observer):
    slot = ring.sq().slot()
    observer.look()
    start = time.monotonic_ns()
    slot.write(user_data=5)
    end = time.monotonic_ns()
    observer.look()
    event = only(log, Rewritten)
    assert event.exact
    assert start <= event.time_ns <= end


def test_what_the_kernel_did_lies_between_what_came_before_and_after_it(ring, log, observer):
    first_look = observer.snapshot.time_ns
    ring.sq().push(ops.Nop())
    ring.sq().publish()
    start = time.monotonic_ns()
    ring.enter(1)
    end = time.monotonic_ns()
    list(ring.cq())
    after = observer.look().time_ns
    consumed, posted = only(log, Consumed), only(log, Posted)
    published, seen = only(log, Published), only(log, Seen)
    assert not consumed.exact
    assert not posted.exact
    assert (consumed.since_ns, consumed.time_ns) == (published.time_ns, after)
    assert consumed.since_ns <= start <= end <= consumed.time_ns
    assert (posted.since_ns, posted.time_ns) == (first_look, seen.time_ns)
    assert posted.since_ns <= start <= end <= posted.time_ns


def test_of_several_acts_between_two_looks_only_the_last_ones_time_is_known(ring, log, observer):
    start = observer.snapshot.time_ns
    for number in range(3):
        ring.sq().push(ops.Nop(user_data=number))
    end = time.monotonic_ns()
    observer.look()
    staged = [event for event in log.since(0) if isinstance(event, Staged)]
    assert len(staged) == 3
    for event in staged:
        assert not event.exact
        assert event.since_ns == start
        assert start < event.time_ns <= end


def test_those_of_one_push_are_one_act(ring, log, observer):
    ring.sq().push_all([ops.Nop(), ops.Nop()])
    observer.look()
    staged = [event for event in log.since(0) if isinstance(event, Staged)]
    assert [event.exact for event in staged] == [True, True]


def test_what_somebody_else_stored_lies_between_the_looks(ring, log, observer):
    first = observer.snapshot.time_ns
    with mmap.mmap(ring.fd.number, ring.memory.sq.size) as words:
        tail = ring.params.sq_off["tail"]
        words[tail : tail + 4] = struct.pack("I", 1)
        after = observer.look().time_ns
    event = only(log, Published)
    assert (event.since_ns, event.time_ns) == (first, after)


def test_a_look_in_vain_makes_the_next_bound_closer(ring, log, observer):
    observer.look()
    between = time.monotonic_ns()
    observer.look()
    ring.sq().push(ops.Nop())
    ring.sq().push(ops.Nop())
    observer.look()
    staged = next(event for event in log.since(0) if isinstance(event, Staged))
    assert between <= staged.since_ns
