"""The behaviours of liburing's test `io_uring_enter`: what io_uring_enter(2) does and refuses."""

from __future__ import annotations

import errno
import mmap
import os
import struct

import pytest
from ring_kinds import reap, results, submit, until

from uringlab import Buffer, EnterFlags, ops
from uringlab.core.abi import OFF_SQ_RING
from uringlab.core.native import ffi, lib

BLOCK = 4096
ENTRIES = 64


def test_flags_that_nobody_knows_are_refused(ring):
    assert ring.try_enter(1, 0, 2**32 - 1) == -errno.EINVAL
    with pytest.raises(OSError, match="EINVAL: the arguments make no sense"):
        ring.enter(1, 0, 2**32 - 1)


def test_an_fd_that_is_not_open_is_refused(ring_kind):
    assert lib.ul_sys_enter(-1, 0, 0, 0) == -errno.EBADF


def test_a_file_that_is_no_ring_is_refused(ring_kind, pipe):
    assert lib.ul_sys_enter(pipe[0], 0, 0, 0) == -errno.EOPNOTSUPP


def test_with_nothing_to_do_it_answers_0(ring):
    assert ring.enter(0) == 0
    assert ring.enter(0, 0, EnterFlags.GETEVENTS) == 0


def test_it_comes_back_when_as_many_are_there_as_it_waits_for(make_ring, tmp_path):
    ring = make_ring(ENTRIES)
    path = tmp_path / "blocks"
    path.write_bytes(os.urandom(ENTRIES * BLOCK))
    buffers = [Buffer(BLOCK) for _ in range(ENTRIES)]
    with path.open("rb") as file:
        fd = file.fileno()
        reads = [
            ops.Read(fd, buffer, off=at * BLOCK, user_data=at) for at, buffer in enumerate(buffers)
        ]
        assert submit(ring, *reads) == ENTRIES
        assert ring.enter(0, ENTRIES, EnterFlags.GETEVENTS) == 0
        assert ring.cq().ready() == ENTRIES
    assert results(reap(ring, ENTRIES)) == dict.fromkeys(range(ENTRIES), BLOCK)
    assert b"".join(bytes(one) for one in buffers) == path.read_bytes()


@pytest.fixture
def bare_ring(ring_kind):
    """A ring that the library knows nothing of: (fd, parameters, the queue's memory)."""
    params = ffi.new("struct io_uring_params *", {"flags": int(ring_kind.flags)})
    fd = lib.ul_sys_setup(4, params)
    assert fd >= 0
    size = params.sq_off.array + 4 * params.sq_entries
    with mmap.mmap(fd, size, offset=OFF_SQ_RING) as memory:
        yield fd, params, memory
    os.close(fd)


@pytest.mark.not_on(NO_SQARRAY="it has no array of indices")
def test_an_index_that_is_no_slots_is_counted_as_dropped(bare_ring):
    fd, params, memory = bare_ring

    def word(at):
        return struct.unpack_from("<I", memory, at)[0]

    assert word(params.sq_off.dropped) == 0
    struct.pack_into("<I", memory, params.sq_off.array, params.sq_entries + 1)
    struct.pack_into("<I", memory, params.sq_off.tail, 1)
    assert lib.ul_sys_enter(fd, 1, 0, EnterFlags.SQ_WAKEUP) >= 0
    until(lambda: word(params.sq_off.dropped) == 1)
    assert word(params.cq_off.tail) == 0


def test_the_last_call_is_remembered_as_it_was_asked_and_answered(ring):
    ring.enter(0, 0, EnterFlags.GETEVENTS)
    last = ring.last_enter
    assert (last.to_submit, last.min_complete, last.flags, last.result) == (0, 0, 1, 0)
    assert last.started_ns <= last.ended_ns
