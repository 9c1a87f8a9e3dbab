"""The behaviours of liburing's test `open-direct-pick`: the kernel picks places for open files."""

from __future__ import annotations

import errno

import pytest
from ring_kinds import one, reap, submit

from uringlab import ALLOC, Buffer, FixedFd, ops

PLACES, SOME = 200, 40


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"x" * 4096)
    return path


@pytest.fixture
def ring(make_ring):
    ring = make_ring()
    ring.files.sparse(PLACES)
    return ring


def open_many(ring, path, count):
    """Open it so often: the places that were picked, or -errno."""
    found = []
    while len(found) < count:
        batch = min(8, count - len(found))
        submit(ring, *[ops.Openat(path, slot=ALLOC, user_data=1)] * batch)
        found += [cqe.res for cqe in reap(ring, batch)]
    return found


def test_every_place_is_picked_once_and_then_the_table_is_full(ring, path):
    assert sorted(open_many(ring, path, PLACES)) == list(range(PLACES))
    assert one(ring, ops.Openat(path, slot=ALLOC, user_data=2)).res == -errno.ENFILE


def test_places_that_were_closed_are_picked_again_and_no_others(ring, path):
    open_many(ring, path, PLACES)
    # In no order, and none twice: 7 and PLACES have no divisor in common.
    closed = [at * 7 % PLACES for at in range(SOME)]
    for place in closed:
        assert one(ring, ops.Close(slot=place, user_data=1)).res == 0
    assert sorted(open_many(ring, path, SOME)) == sorted(closed)
    assert open_many(ring, path, 1) == [-errno.ENFILE]


def test_an_empty_place_cannot_be_closed(ring):
    assert one(ring, ops.Close(slot=5, user_data=1)).res == -errno.EBADF


def test_what_was_opened_can_be_read_by_its_place(ring, path):
    [place] = open_many(ring, path, 1)
    buffer = Buffer(4)
    assert one(ring, ops.Read(FixedFd(place), buffer, user_data=1)).res == 4
    assert bytes(buffer) == b"xxxx"


def test_what_cannot_be_opened_takes_no_place(ring, path):
    missing = path.with_name("missing")
    assert open_many(ring, missing, 3) == [-errno.ENOENT] * 3
    assert sorted(open_many(ring, path, PLACES)) == list(range(PLACES))
