"""A ring that changes its size while somebody looks at it."""

from __future__ import annotations

import threading

import pytest

from uringlab import IoUring, Params, SetupFlags, ops
from uringlab.core.abi import RegisterOp
from uringlab.core.probe import register_ops
from uringlab.observe.diff import diff
from uringlab.observe.event import Consumed, Posted, Published, Staged
from uringlab.observe.source import OwnSource


@pytest.fixture
def ring():
    if RegisterOp.RESIZE_RINGS not in register_ops():
        pytest.skip("needs IORING_REGISTER_RESIZE_RINGS")
    flags = SetupFlags.SINGLE_ISSUER | SetupFlags.DEFER_TASKRUN
    with IoUring(4, Params(flags=flags)) as ring:
        yield ring


@pytest.mark.parametrize("sizes", [(16, 64), (1, 2)])
def test_the_next_look_has_the_new_size(ring, sizes):
    source = OwnSource("r0", ring)
    assert (source.sample().sq_entries, source.sample().cq_entries) == (4, 8)
    ring.resize(*sizes)
    look = source.sample()
    assert (look.sq_entries, look.cq_entries) == sizes
    assert (len(look.sqes), len(look.cqes)) == (sizes[0] * 64, sizes[1] * 16)
    assert source.sample() is look


def test_no_event_is_made_up_and_none_is_lost(ring):
    source = OwnSource("r0", ring)
    ring.sq().push(ops.Nop(user_data=1))
    ring.sq().publish()
    before = source.sample()
    ring.resize(32)
    resized = source.sample()
    made = [type(event) for event in diff("r0", before, resized)]
    assert not {Staged, Published, Consumed, Posted} & set(made)
    assert resized.sqe(0).user_data == 1
    ring.submit_and_wait(1)
    made = [type(event) for event in diff("r0", resized, source.sample())]
    assert [kind for kind in made if kind in {Consumed, Posted}] == [Consumed, Posted]


def test_looking_from_another_thread_meanwhile_sees_whole_rings_only(ring):
    source = OwnSource("r0", ring)
    stop = threading.Event()
    wrong = []

    def look():
        while not stop.is_set():
            seen = source.sample()
            if len(seen.sqes) != seen.sq_entries * 64 or len(seen.cqes) != seen.cq_entries * 16:
                wrong.append(seen)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        for turn in range(200):
            ring.resize(4 << turn % 5)
            ring.sq().push(ops.Nop())
            ring.submit_and_wait(1)
            ring.cq().drain()
    finally:
        stop.set()
        thread.join()
    assert not wrong
