"""The behaviours of liburing's test `fixed-reuse`: a place that gets another file, in a chain."""

from __future__ import annotations

import errno

import pytest
from ring_kinds import one, run

from uringlab import Buffer, FixedFd, SqeFlags, ops

LINK = SqeFlags.IO_LINK
BLOCK = 4096


@pytest.fixture
def paths(tmp_path):
    paths = [tmp_path / "first", tmp_path / "second"]
    for path, pattern in zip(paths, (b"\xaa", b"\x55"), strict=True):
        path.write_bytes(pattern * BLOCK)
    return paths


@pytest.mark.parametrize("how", [SqeFlags(0), SqeFlags.ASYNC], ids=["", "ASYNC"])
def test_what_follows_the_open_in_a_chain_gets_the_new_file(ring, paths, how):
    ring.files.register([None] * 8)
    assert one(ring, ops.Openat(paths[0], slot=0, user_data=1)).res == 0
    buffer = Buffer(BLOCK)
    found = run(
        ring,
        ops.Openat(paths[1], slot=0, user_data=2, flags=LINK | how),
        ops.Read(FixedFd(0), buffer, user_data=3, flags=LINK | how),
        ops.Close(slot=0, user_data=4, flags=how),
    )
    assert [cqe[:2] for cqe in found] == [(2, 0), (3, BLOCK), (4, 0)]
    assert bytes(buffer) == b"\x55" * BLOCK


def test_after_the_chain_the_place_is_empty(ring, paths):
    ring.files.sparse(8)
    found = run(
        ring,
        ops.Openat(paths[0], slot=3, user_data=1, flags=LINK),
        ops.Close(slot=3, user_data=2),
    )
    assert [cqe.res for cqe in found] == [0, 0]
    assert one(ring, ops.Read(FixedFd(3), Buffer(1), user_data=3)).res == -errno.EBADF
    assert one(ring, ops.Close(slot=3, user_data=4)).res == -errno.EBADF
