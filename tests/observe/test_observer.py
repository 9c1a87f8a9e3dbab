from __future__ import annotations

import mmap
import os
import struct
import threading

import pytest

from uringlab import Buffer, IoUring, OwnedFd, ops
from uringlab.core import abi
from uringlab.core.native import lib
from uringlab.observe.event import (
    Actor,
    Closed,
    Consumed,
    Opened,
    Posted,
    Published,
    Rewritten,
    Seen,
    Staged,
    SystemCall,
)
from uringlab.observe.log import EventLog
from uringlab.observe.observer import Observer
from uringlab.observe.source import OwnSource


@pytest.fixture
def ring():
    with IoUring(4) as ring:
        yield ring


@pytest.fixture
def log():
    return EventLog()


def told(log, number=0):
    return [(event.actor, type(event)) for event in log.since(number)]


YOU, KERNEL = Actor.YOU, Actor.KERNEL


def test_every_step_of_a_request_is_an_event_with_its_actor(ring, log):
    observer = Observer(OwnSource("ring", ring), log)
    assert told(log) == [(YOU, Opened)]
    for step, expected in [
        (lambda: ring.sq().push(ops.Nop(user_data=7)), [(YOU, Staged)]),
        (ring.sq().publish, [(YOU, Published)]),
        (lambda: ring.enter(1), [(KERNEL, Consumed), (KERNEL, Posted)]),
        (lambda: list(ring.cq()), [(YOU, Seen)]),
        (lambda: None, []),
    ]:
        at = log.count
        step()
        observer.look()
        assert told(log, at) == expected
    assert log.since(0)[4].decoded().user_data == 7


def test_a_raw_slot_is_seen_being_filled(ring, log):
    observer = Observer(OwnSource("ring", ring), log)
    slot = ring.sq().slot()
    observer.look()
    slot.write(user_data=5)
    observer.look()
    assert told(log, 1) == [(YOU, Staged), (YOU, Rewritten)]
    assert log.last(1)[0].decoded().user_data == 5


def test_what_the_kernel_does_by_itself_is_seen_at_the_next_look(ring, log, pipe):
    observer = Observer(OwnSource("ring", ring), log)
    ring.sq().push(ops.Read(pipe[0], Buffer(8)))
    ring.submit()
    observer.look()
    at = log.count
    os.write(pipe[1], b"x")
    ring.cq(1)
    observer.look()
    assert told(log, at) == [(KERNEL, Posted)]
    [event] = log.since(at)
    assert event.since_ns <= event.time_ns


def test_a_ring_that_is_moved_behind_the_librarys_back_is_followed(ring, log):
    observer = Observer(OwnSource("ring", ring), log)
    rings = ring.memory.sq.size
    with (
        mmap.mmap(ring.fd.number, rings, offset=abi.OFF_SQ_RING) as words,
        mmap.mmap(ring.fd.number, 4 * 64, offset=abi.OFF_SQES) as sqes,
    ):
        sqes[0:64] = ops.Nop(user_data=99).sqe
        tail = ring.params.sq_off["tail"]
        words[tail : tail + 4] = struct.pack("I", 1)
        observer.look()
        assert told(log, 1) == [(YOU, Staged), (YOU, Published)]
        assert log.since(1)[0].decoded().user_data == 99
        assert lib.ul_sys_enter(ring.fd.number, 1, 0, 0) == 1
        observer.look()
        assert told(log, 3) == [(KERNEL, Consumed), (KERNEL, Posted)]
        head = ring.params.cq_off["head"]
        words[head : head + 4] = struct.pack("I", 1)
        observer.look()
        assert told(log, 5) == [(YOU, Seen)]
        snapshot = observer.look()
        assert (snapshot.staged, snapshot.free) == (0, 4)


@pytest.mark.timeout(5)
def test_a_ring_whose_tail_somebody_else_moved_is_closed_without_going_round_the_world(log):
    ring = IoUring(4)
    with mmap.mmap(ring.fd.number, ring.memory.sq.size) as words:
        for name in ("head", "tail"):
            at = ring.params.sq_off[name]
            words[at : at + 4] = struct.pack("I", 100)
        Observer(OwnSource("ring", ring), log).look()
    ring.close()


def test_a_ring_that_went_is_told_once_and_its_last_look_stays(log):
    ring = IoUring(4)
    observer = Observer(OwnSource("ring", ring), log)
    ring.sq().push(ops.Nop())
    last = observer.look()
    ring.close()
    assert observer.look() is last
    assert observer.look() is last
    assert not observer.open
    assert told(log) == [(YOU, Opened), (YOU, Staged), (YOU, Closed)]
    with pytest.raises(LookupError, match="cannot be looked at"):
        Observer(observer.source, log)


def test_a_system_call_comes_before_what_it_changed(ring, log):
    observer = Observer(OwnSource("ring", ring), log)
    ring.sq().push(ops.Nop())
    ring.sq().publish()
    observer.look()
    ring.enter(1)
    call = ring.last_enter
    observer.note_call("io_uring_enter", (("fd", 3), ("to_submit", 1)), 1, call.ended_ns)
    assert told(log, 3) == [(YOU, SystemCall), (KERNEL, Consumed), (KERNEL, Posted)]
    event = log.since(3)[0]
    assert event.text() == "io_uring_enter(3, 1) = 1"
    assert event.to_json()["args"] == {"fd": 3, "to_submit": 1}
    failed = SystemCall("ring", 0, 0, "io_uring_enter", (), -9)
    assert failed.text() == "io_uring_enter() = -9 EBADF"


def test_looks_from_several_threads_tell_everything_once(log):
    with IoUring(8) as ring:
        observer = Observer(OwnSource("ring", ring), log)
        stop = threading.Event()

        def look():
            while not stop.is_set():
                observer.look()

        threads = [threading.Thread(target=look) for _ in range(3)]
        for thread in threads:
            thread.start()
        for number in range(300):
            ring.sq().push(ops.Nop(user_data=number))
            ring.submit_and_wait(1)
            list(ring.cq())
            observer.look()
        stop.set()
        for thread in threads:
            thread.join()
    events = log.since(0)
    for kind in (Staged, Posted):
        assert [e.decoded().user_data for e in events if isinstance(e, kind)] == list(range(300))
    seen = [event for event in events if isinstance(event, Seen)]
    assert [event.old for event in seen[1:]] == [event.new for event in seen[:-1]]


def test_every_event_can_be_said_and_exported(ring, log, tmp_path):
    observer = Observer(OwnSource("ring", ring), log)
    with OwnedFd(os.open(tmp_path / "f", os.O_CREAT | os.O_RDWR)) as file:
        ring.sq().push(ops.Fsync(file, user_data=3))
        ring.sq().push(ops.Fsync(999, user_data=4))
        observer.look()
        ring.submit_and_wait(2)
        list(ring.cq())
        observer.look()
    lines = [event.text() for event in log.since(0)]
    assert lines == [
        "ring ring: 4 SQEs, 8 CQEs",
        "SQE slot 0: user_data=3 FSYNC   local tail → 1",
        "SQE slot 1: user_data=4 FSYNC   local tail → 2",
        "SQ tail  0 → 2   store-release",
        "SQ head  0 → 2   consumed",
        *sorted(line for line in lines if line.startswith("CQE slot")),
        "CQ head  0 → 2   store-release",
    ]
    assert any("res=-9 EBADF" in line for line in lines)
    named = log.since(1)[0].text(lambda ring, user_data: f"{ring}:r{user_data}")
    assert "ring:r3 FSYNC" in named
    for event in log.since(0):
        json = event.to_json()
        assert json["event"] == event.kind
        assert json["actor"] in {"you", "kernel"}
        assert isinstance(json.get("sqe", ""), str)
