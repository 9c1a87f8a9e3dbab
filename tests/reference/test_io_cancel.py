"""The behaviours of liburing's test `io-cancel`: cancelling hits what it aims at, and no more."""

from __future__ import annotations

import errno
import os
import threading

import pytest
from ring_kinds import (
    CUT_OFF,
    ESCAPED,
    LONG,
    MS,
    PATIENCE,
    nothing_is_left,
    one,
    reap,
    reap_or_feed,
    results,
    submit,
    was_cut_off,
)

from uringlab import Buffer, RingForked, SqeFlags, ops
from uringlab.core.abi import PollEvents

ASYNC, LINK = SqeFlags.ASYNC, SqeFlags.IO_LINK
BLOCK, BLOCKS = 4096, 32
CANCELED = -errno.ECANCELED
ANSWERS = (0, -errno.ENOENT, -errno.EALREADY)
"""Cancelled, not there any more, or too far along."""


@pytest.fixture
def file(tmp_path):
    """A file, past the page cache where its file system allows that."""
    path = tmp_path / "file"
    path.write_bytes(os.urandom(BLOCKS * BLOCK))
    try:
        fd = os.open(path, os.O_RDWR | os.O_DIRECT)
    except OSError:
        fd = os.open(path, os.O_RDWR)
    yield fd
    os.close(fd)


@pytest.mark.parametrize("op", [ops.Read, ops.Write])
@pytest.mark.parametrize("step", [1, 2], ids=["all", "every other"])
@pytest.mark.parametrize("how", [SqeFlags(0), ASYNC], ids=["", "cancelled by workers"])
@pytest.mark.parametrize("work", [SqeFlags(0), ASYNC], ids=["", "done by workers"])
def test_what_is_not_aimed_at_is_done(make_ring, file, op, step, how, work):
    ring = make_ring(4 * BLOCKS)
    buffer = Buffer(BLOCKS * BLOCK)
    requests = [
        op(file, buffer.part(at * BLOCK, BLOCK), off=at * BLOCK, user_data=at, flags=work)
        for at in range(BLOCKS)
    ]
    assert submit(ring, *requests) == BLOCKS
    aimed_at = range(0, BLOCKS, step)
    submit(ring, *(ops.AsyncCancel(at, user_data=1000 + at, flags=how) for at in aimed_at))
    found = results(reap(ring, BLOCKS + len(aimed_at)))
    for at in range(BLOCKS):
        assert found[at] == BLOCK or (at in aimed_at and found[at] in CUT_OFF)
    assert all(found[1000 + at] in ANSWERS for at in aimed_at)
    assert nothing_is_left(ring)


@pytest.mark.parametrize("how", [SqeFlags(0), ASYNC], ids=["", "ASYNC"])
def test_a_read_that_waits_is_cancelled_and_says_so(ring, pipe, how):
    submit(ring, ops.Read(pipe[0], Buffer(10), user_data=1, flags=how))
    submit(ring, ops.AsyncCancel(1, user_data=2))
    found = results(reap_or_feed(ring, 2, pipe[1]))
    assert was_cut_off(found[1], found[2], how)
    assert found[2] in (0, *ESCAPED)


def test_requests_of_another_ring_are_not_found(make_ring, pipe):
    mine, other = make_ring(), make_ring()
    submit(mine, ops.Read(pipe[0], Buffer(10), user_data=1, flags=ASYNC))
    assert one(other, ops.AsyncCancel(1, user_data=2)).res == -errno.ENOENT
    with pytest.raises(OSError, match="ETIME"):
        mine.cq(1, timeout=0.02)
    os.write(pipe[1], bytes(10))
    assert results(reap(mine)) == {1: 10}


def test_a_forked_child_cannot_reach_its_parents_requests(ring, pipe, in_child):
    # In C it could. Here a child may not move the tails that are its parent's, too.
    submit(ring, ops.Read(pipe[0], Buffer(10), user_data=1, flags=ASYNC))
    assert in_child(lambda: submit(ring, ops.AsyncCancel(1))) == RingForked.__name__
    os.write(pipe[1], bytes(10))
    assert results(reap(ring)) == {1: 10}


@pytest.mark.not_on(
    SQPOLL="its requests are the poll thread's, which lives on",
    DEFER_TASKRUN="it has a single issuer, and this is about another thread",
)
def test_what_a_thread_leaves_behind_that_would_keep_the_ring_alive_is_cancelled(ring):
    def leave():
        submit(
            ring,
            # A poll of a ring by itself: as long as it waits, the ring cannot go.
            ops.PollAdd(ring.fd.number, poll_events=PollEvents.IN, user_data=1, flags=LINK),
            ops.Timeout(LONG, user_data=2),
            ops.Timeout(30 * MS, user_data=3),
        )

    thread = threading.Thread(target=leave)
    thread.start()
    thread.join(PATIENCE)
    assert results(reap(ring, 3)) == {1: CANCELED, 2: CANCELED, 3: -errno.ETIME}


def test_closing_the_ring_lets_go_of_the_files_that_workers_wait_for(ring, pipe):
    reader, writer = pipe
    submit(
        ring,
        ops.Read(reader, Buffer(10), user_data=1, flags=ASYNC | LINK),
        ops.Write(writer, bytes(10), user_data=2, flags=ASYNC),
    )
    ring.close()
    os.close(writer)
    # Were the writer held by a request, this would wait for ever.
    assert os.read(reader, 10) == b""


def test_any_request_can_be_aimed_at(ring, pipe):
    submit(
        ring,
        ops.PollAdd(pipe[0], user_data=1),
        ops.Timeout(LONG, user_data=2),
        ops.Read(pipe[0], Buffer(1), user_data=3),
    )
    for target in (3, 1, 2):
        submit(ring, ops.AsyncCancel(target, user_data=9))
        assert results(reap(ring, 2)) == {target: CANCELED, 9: 0}
    assert one(ring, ops.AsyncCancel(1, user_data=9)).res == -errno.ENOENT
