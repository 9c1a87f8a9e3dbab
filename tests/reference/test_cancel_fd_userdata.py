"""The behaviours of liburing's test `cancel-fd-userdata`: a file and a name, and both must fit."""

from __future__ import annotations

import errno
import os

import pytest
from ring_kinds import nothing_is_left, one, reap, results, submit

from uringlab import ops
from uringlab.core.abi import CancelFlags

ALL, ANY = CancelFlags.ALL, CancelFlags.ANY
CANCELED = -errno.ECANCELED


@pytest.fixture
def other_pipe():
    ends = os.pipe()
    yield ends
    for fd in ends:
        os.close(fd)


@pytest.fixture(params=["plain", "registered"])
def file(request, ring, pipe):
    if request.param == "plain":
        return pipe[0]
    return ring.files.register(pipe)[0]


def test_of_four_polls_of_a_file_the_one_with_the_name_is_cancelled(ring, file):
    submit(ring, *(ops.PollAdd(file, user_data=at) for at in (1, 2, 3, 4)))
    submit(ring, ops.AsyncCancel(2, fd=file, user_data=100))
    found = results(reap(ring, 2))
    assert found[2] == CANCELED
    assert found[100] >= 0
    assert nothing_is_left(ring)
    # The others still wait, and are found by their file alone.
    submit(ring, ops.AsyncCancel(fd=file, cancel_flags=ALL, user_data=200))
    found = results(reap(ring, 4))
    assert found == {1: CANCELED, 3: CANCELED, 4: CANCELED, 200: 3}


def test_the_name_alone_is_not_enough_nor_is_the_file(ring, pipe, other_pipe):
    submit(
        ring,
        ops.PollAdd(pipe[0], user_data=1),
        ops.PollAdd(other_pipe[0], user_data=1),
        ops.PollAdd(pipe[0], user_data=2),
    )
    submit(ring, ops.AsyncCancel(1, fd=pipe[0], user_data=100))
    found = results(reap(ring, 2))
    assert found[1] == CANCELED
    assert found[100] >= 0
    assert nothing_is_left(ring)
    # It was the one on that file: the other file's is woken, and that file's other one is there.
    os.write(other_pipe[1], b"x")
    [cqe] = reap(ring)
    assert cqe.user_data == 1
    assert cqe.res > 0
    submit(ring, ops.AsyncCancel(cancel_flags=ANY | ALL, user_data=200))
    assert results(reap(ring, 2)) == {2: CANCELED, 200: 1}


def test_a_name_that_is_not_on_the_file_is_not_found(ring, pipe, other_pipe):
    submit(ring, ops.PollAdd(pipe[0], user_data=1))
    missed = ops.AsyncCancel(1, fd=other_pipe[0], user_data=100)
    assert one(ring, missed).res == -errno.ENOENT
    missed = ops.AsyncCancel(9, fd=pipe[0], user_data=101)
    assert one(ring, missed).res == -errno.ENOENT
    assert nothing_is_left(ring)
