"""The behaviours of liburing's test `eventfd-disable`: an eventfd can be switched off and on."""

from __future__ import annotations

import os
import select

import pytest
from ring_kinds import PATIENCE, reap, run, submit

from uringlab import Buffer, ops

READ, NOP = 1, 2
MANY = 63


@pytest.fixture
def eventfd():
    fd = os.eventfd(0)
    yield fd
    os.close(fd)


@pytest.fixture
def ring(make_ring, eventfd):
    ring = make_ring(64)
    ring.eventfd.register(eventfd)
    return ring


def readable(fd, patience=0.0):
    return bool(select.select([fd], [], [], patience)[0])


def test_it_is_on_from_the_start_and_signals(ring, eventfd):
    assert ring.eventfd.enabled
    run(ring, ops.Nop(user_data=NOP))
    assert readable(eventfd, PATIENCE)
    assert os.eventfd_read(eventfd) >= 1


def test_while_it_is_off_completions_signal_nothing(ring, eventfd):
    ring.eventfd.enabled = False
    assert not ring.eventfd.enabled
    value = Buffer(8)
    submit(ring, ops.Read(eventfd, value, user_data=READ))
    submit(ring, *[ops.Nop(user_data=NOP)] * MANY)
    assert [cqe[:2] for cqe in reap(ring, MANY)] == [(NOP, 0)] * MANY
    assert len(ring.cq()) == 0
    assert not readable(eventfd)

    ring.eventfd.enabled = True
    submit(ring, ops.Nop(user_data=NOP))
    found = {cqe.user_data: cqe.res for cqe in reap(ring, 2)}
    assert found == {READ: 8, NOP: 0}
    # It was signalled by the NOP, and what had come before is not made up for.
    assert int.from_bytes(bytes(value), "little") == 1


def test_switching_is_a_flag_in_memory_and_no_system_call(ring):
    before = ring.last_enter
    for on in (False, True, True, False):
        ring.eventfd.enabled = on
        assert ring.eventfd.enabled is on
    assert ring.last_enter == before


def test_once_it_is_unregistered_nothing_signals(ring, eventfd):
    ring.eventfd.unregister()
    run(ring, ops.Nop(user_data=NOP))
    assert not readable(eventfd)
