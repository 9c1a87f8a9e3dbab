"""A region of memory for the arguments of waits: registered before the start, used by `wait`."""

import threading

import pytest

from uringlab.lab.bench import Bench
from uringlab.lab.errors import GaveUp

DISABLED = "ring new d flags=r_disabled"


def test_a_wait_can_be_said_in_the_region(session, needs, monkeypatch):
    needs("MEM_REGION")
    session.run(f"{DISABLED}; register mem_region 2; register enable_rings")
    ring = session.ring().ring
    entered = []
    try_enter = ring.try_enter

    def spy(*args, wait=None):
        entered.append(wait)
        return try_enter(*args, wait=wait)

    monkeypatch.setattr(ring, "try_enter", spy)
    assert "the time is over: 0 of 1 are ready" in session("wait 1 timeout=1ms region=1")
    assert [one.registered for one in entered] == [64]  # the second place, and nothing else
    session.run("nop -> n; submit; wait 1 timeout=10s region=0; reap; expect n res=0")
    assert "room for 2 waits" in session("show registered")


def test_a_region_comes_before_the_start_and_there_is_one(session, needs, refused):
    needs("MEM_REGION")
    session.run("do nop")
    assert refused("register mem_region").hint.startswith(DISABLED.replace(" d ", " r9 "))
    session.run(f"{DISABLED}; register mem_region")
    assert "EBUSY" in refused("register mem_region").message
    session.run("register enable_rings")
    assert refused("wait 1 region=1").message == "there are places 0 to 0"


def test_a_wait_through_the_region_can_be_given_up(needs):
    needs("MEM_REGION")
    with Bench() as bench:
        begun = threading.Event()
        line = f"{DISABLED}; register mem_region; register enable_rings; wait 1 region=0"
        done = bench.line(line, lambda reply: "has started" in reply.text and begun.set())
        assert begun.wait(20)
        bench.give_up()
        with pytest.raises(GaveUp):
            done.result(20)
