"""A fork()ed child has no part in its parent's rings."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from uringlab import Buffer, IoUring, Opcode, Params, SetupFlags, ops
from uringlab.core.probe import supported_opcodes
from uringlab.observe.source import OwnSource

METHODS = {
    "len(sq)": lambda ring, _: len(ring.sq()),
    "push": lambda ring, _: ring.sq().push(ops.Nop()),
    "publish": lambda ring, _: ring.sq().publish(),
    "slot": lambda ring, _: ring.sq().slot(),
    "write to a slot": lambda _, slot: slot.write(len=1),
    "ready": lambda ring, _: ring.cq().ready(),
    "peek": lambda ring, _: ring.cq().peek(),
    "advance": lambda ring, _: ring.cq().advance(0),
    "drain": lambda ring, _: ring.cq().drain(),
    "iterate": lambda ring, _: list(ring.cq()),
    "wait": lambda ring, _: ring.cq(1),
    "submit": lambda ring, _: ring.submit(),
    "submit_and_wait": lambda ring, _: ring.submit_and_wait(1),
    "enter": lambda ring, _: ring.enter(0),
    "try_enter": lambda ring, _: ring.try_enter(0),
    "last_enter": lambda ring, _: ring.last_enter,
    "read the memory": lambda ring, _: ring.memory.sq.u32(0),
    "probe": lambda ring, _: supported_opcodes(ring),
}


@pytest.fixture
def ring():
    with IoUring(4) as ring:
        yield ring


@pytest.mark.parametrize("name", METHODS)
def test_a_child_is_told_that_the_ring_is_its_parents(name, ring, in_child):
    slot = ring.sq().slot()
    assert in_child(lambda: METHODS[name](ring, slot)) == "RingForked"


def test_a_child_of_a_child_is_told_too(ring, in_child):
    assert in_child(lambda: in_child(ring.submit)) == "RingForked"


@pytest.mark.parametrize("flags", [SetupFlags(0), SetupFlags.SQPOLL, SetupFlags.SINGLE_ISSUER])
def test_a_child_that_closes_or_ends_does_not_disturb_what_is_in_flight(
    flags, pipe, in_child, requires
):
    requires(setup_flag=flags)
    with IoUring(4, Params(flags=flags)) as ring:
        buffer = Buffer(8)
        ring.sq().push(ops.Read(pipe[0], buffer, user_data=1))
        ring.submit()
        assert in_child(lambda: ring.close() or ring.closed) == "True"
        assert in_child(lambda: None) == "None"
        time.sleep(0.02)
        assert not ring.cq(), "it is still in flight"
        os.write(pipe[1], b"parent")
        assert [cqe[:2] for cqe in ring.cq(1, timeout=5)] == [(1, 6)]
        assert bytes(buffer) == b"parent\0\0"


def test_a_child_that_drops_the_ring_frees_only_its_own_copy(pipe, in_child, collect):
    rings = [IoUring(4)]
    rings[0].sq().push(ops.Read(pipe[0], Buffer(8), user_data=1))
    rings[0].submit()

    def drop():
        rings.clear()
        collect()

    assert in_child(drop) == "None"
    os.write(pipe[1], b"x")
    assert [cqe.res for cqe in rings[0].cq(1, timeout=5)] == [1]
    rings.pop().close()


def test_a_child_can_have_rings_of_its_own(ring, pipe, in_child):
    def work():
        with IoUring(4) as own:
            os.write(pipe[1], b"child")
            buffer = Buffer(8)
            own.sq().push(ops.Read(pipe[0], buffer))
            own.submit_and_wait(1)
            inner = in_child(own.submit)
            return [cqe.res for cqe in own.cq()], bytes(buffer)[:5], inner

    assert in_child(work) == "([5], b'child', 'RingForked')"
    ring.sq().push(ops.Nop())
    assert ring.submit_and_wait(1) == 1


def test_a_child_does_not_keep_the_parents_ring_open(ring, in_child):
    number = ring.fd.number
    assert in_child(lambda: Path(f"/proc/self/fd/{number}").exists()) == "False"
    assert Path(f"/proc/self/fd/{number}").exists()


def test_a_child_that_closes_does_not_close_what_has_got_that_number_since(ring, in_child):
    number = ring.fd.number

    def reuse():
        os.dup2(1, number)
        ring.close()
        return os.fstat(number) is not None

    assert in_child(reuse) == "True"


def test_a_child_cannot_post_into_its_parents_ring(ring, pipe, in_child):
    # It would be a completion that no count knows of, and free what is in flight.
    ring.sq().push(ops.Read(pipe[0], Buffer(8)))
    ring.submit()

    def post():
        os.dup(1)  # or the child's own ring would get that number
        with IoUring(2) as own:
            assert own.fd.number != ring.fd.number
            slot = own.sq().slot()
            slot.write(opcode=Opcode.MSG_RING, flags=0, fd=ring.fd.number)
            own.submit_and_wait(1)
            return next(iter(own.cq())).res

    assert int(in_child(post)) < 0
    assert not ring.cq()


def test_a_source_in_a_child_sees_nothing(ring, in_child):
    source = OwnSource("ring", ring)
    source.sample()
    assert in_child(source.sample) == "None"


def test_forking_while_other_threads_open_and_close_rings_leaves_no_lock_held(in_child):
    stop = threading.Event()

    def churn():
        while not stop.is_set():
            IoUring(1).close()

    def open_one():
        with IoUring(1) as own:
            own.sq().push(ops.Nop())
            return own.submit_and_wait(1)

    threads = [threading.Thread(target=churn) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(40):
            assert in_child(open_one) == "1"
    finally:
        stop.set()
        for thread in threads:
            thread.join()
