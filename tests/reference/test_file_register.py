"""The behaviours of liburing's test `file-register`: the table of registered files."""

from __future__ import annotations

import errno
import os
import socket

import pytest
from ring_kinds import LONG, one, reap, results, submit

from uringlab import ALLOC, Buffer, FixedFd, SqeFlags, ops
from uringlab.core.fdroom import FdRoom
from uringlab.core.register.files import SKIP

BLOCK = 4096
NOT_OPEN = 2**30


@pytest.fixture
def file(tmp_path):
    with (tmp_path / "file").open("w+b") as file:
        yield file.fileno()


@pytest.fixture
def other(tmp_path):
    with (tmp_path / "other").open("w+b") as file:
        yield file.fileno()


def inode(ring, place):
    """The inode of the file in a place, 0 if there is none: seen through an fd of its own."""
    cqe = one(ring, ops.FixedFdInstall(FixedFd(place), user_data=1))
    if cqe.res == -errno.EBADF:
        return 0
    assert cqe.res >= 0
    found = os.fstat(cqe.res).st_ino
    os.close(cqe.res)
    return found


def inode_of(fd):
    return os.fstat(fd).st_ino


def can_be_written_and_read(ring, place):
    data = os.urandom(BLOCK)
    back = Buffer(BLOCK)
    written = one(ring, ops.Write(FixedFd(place), data, user_data=1)).res
    read = one(ring, ops.Read(FixedFd(place), back, user_data=2)).res
    return (written, read, bytes(back)) == (BLOCK, BLOCK, data)


# -- making and changing it --------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 100, 768])
def test_a_table_is_made_and_given_up(ring, file, count):
    places = ring.files.register([file] * count)
    assert places == tuple(FixedFd(place) for place in range(count))
    assert can_be_written_and_read(ring, count - 1)
    ring.files.unregister()
    assert one(ring, ops.Write(FixedFd(0), b"x")).res == -errno.EBADF


def test_one_file_that_is_not_open_and_there_is_no_table(ring, file):
    with pytest.raises(OSError, match="EBADF: one of the fds is not open"):
        ring.files.register([file] * 10 + [NOT_OPEN] * 90)
    with pytest.raises(OSError, match="ENXIO"):
        ring.files.unregister()


def test_places_can_be_empty(ring, file):
    ring.files.register([file] * 100 + [None] * 100)
    assert inode(ring, 99) == inode_of(file)
    assert inode(ring, 100) == 0
    ring.files.unregister()


@pytest.mark.parametrize(
    ("full", "empty", "start", "count"),
    [(100, 100, 100, 2), (100, 0, 90, 10), (0, 10, 0, 1), (100, 0, 0, 100)],
    ids=["added", "replaced", "the first", "all replaced"],
)
def test_files_are_put_into_places(ring, file, other, full, empty, start, count):
    ring.files.register([file] * full + [None] * empty)
    assert ring.files.update(start, [other] * count) == count
    assert inode(ring, start) == inode(ring, start + count - 1) == inode_of(other)
    if start:
        assert inode(ring, start - 1) == inode_of(file)
    ring.files.unregister()


@pytest.mark.parametrize(("start", "count"), [(50, 10), (0, 100)], ids=["some", "all"])
def test_files_are_taken_out_of_places(ring, file, start, count):
    ring.files.register([file] * 100)
    assert ring.files.update(start, [None] * count) == count
    assert inode(ring, start) == inode(ring, start + count - 1) == 0
    if start:
        assert inode(ring, start - 1) == inode_of(file)
    ring.files.unregister()


@pytest.mark.parametrize("grows", [True, False], ids=["grows", "shrinks"])
def test_place_by_place_up_to_its_end_and_not_beyond(ring, file, grows):
    ring.files.register([None if grows else file] * 50)
    for place in range(50):
        assert ring.files.update(place, [file if grows else None]) == 1
    with pytest.raises(OSError, match="EINVAL"):
        ring.files.update(50, [file if grows else None])
    assert bool(inode(ring, 49)) == grows
    ring.files.unregister()


@pytest.mark.parametrize("filled", [True, False])
def test_many_updates_of_one_place_each(ring, file, filled):
    ring.files.register([None if filled else file] * 256)
    assert all(ring.files.update(at, [file if filled else None]) == 1 for at in range(256))
    ring.files.unregister()


def test_a_place_far_out_in_a_large_table_is_as_good_as_any(ring, file):
    ring.files.sparse(8192)
    assert ring.files.update(7193, [file]) == 1
    assert can_be_written_and_read(ring, 7193)
    ring.files.unregister()


def test_an_update_can_skip_a_place(ring, file, other):
    ring.files.register([file] * 100)
    assert ring.files.update(90, [SKIP]) == 1
    assert can_be_written_and_read(ring, 90)
    assert ring.files.update(89, [other, SKIP, None]) == 3
    assert [inode(ring, at) for at in (89, 90, 91)] == [inode_of(other), inode_of(file), 0]
    ring.files.unregister()


# -- who holds the files ------------------------------------------------------------------------


def test_the_table_holds_them_though_their_fds_are_closed(ring, pipe):
    ring.files.register(pipe)
    for fd in pipe:
        os.close(fd)
    assert one(ring, ops.Write(FixedFd(1), b"hello", user_data=1)).res == 5
    back = Buffer(5)
    assert one(ring, ops.Read(FixedFd(0), back, user_data=2)).res == 5
    assert bytes(back) == b"hello"


def test_files_may_be_taken_out_while_a_request_is_to_use_them(ring, pipe):
    ring.files.register(pipe)
    for fd in pipe:
        os.close(fd)
    submit(
        ring,
        ops.Timeout(LONG, user_data=1, flags=SqeFlags.IO_HARDLINK),
        ops.Write(FixedFd(1), bytes(128), user_data=2),
    )
    assert ring.files.update(0, [None]) == 1
    assert ring.files.update(1, [None]) == 1
    submit(ring, ops.TimeoutRemove(1, time=0, user_data=3))
    found = results(reap(ring, 3))
    assert (found[1], found[3]) == (-errno.ETIME, 0)
    # It depends on the kernel whether the file was looked up at first, or when its time came.
    assert found[2] in (-errno.EBADF, -errno.EPIPE)


def test_a_table_may_be_given_up_while_a_request_has_its_file(ring, pipe):
    ring.files.register(pipe)
    back = Buffer(1)
    submit(ring, ops.Read(FixedFd(0), back, user_data=1))
    os.write(pipe[1], b"x")
    ring.files.unregister()
    assert results(reap(ring)) == {1: 1}
    assert bytes(back) == b"x"


def test_sockets_and_pipes_go_into_one_table(ring, pipe):
    one_end, other_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with one_end, other_end:
        ring.files.register([pipe[0], one_end] * 16)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(one_end.fileno())
    ring.files.unregister()


def test_a_table_that_could_not_be_made_holds_nothing(ring, pipe):
    reader, writer = pipe
    with pytest.raises(OSError, match="EBADF"):
        ring.files.register([reader, writer, None, ring.fd.number, None])
    os.close(writer)
    assert os.read(reader, 10) == b""


# -- the kernel picks places --------------------------------------------------------------------


@pytest.fixture
def put(ring, file):
    """`put()`: the place that the kernel picks for one more file, or -errno."""
    ring.files.sparse(10)

    def put():
        room = FdRoom([file])
        res = one(ring, ops.FilesUpdate(room, slot=ALLOC, user_data=1)).res
        return room.fds[0] if res == 1 else res

    return put


def test_it_picks_from_the_range_until_that_is_full(ring, put):
    ring.files.alloc_range(7, 2)
    assert sorted((put(), put())) == [7, 8]
    assert put() == -errno.ENFILE
    ring.files.alloc_range(0, 1)
    assert put() == 0
    assert put() == -errno.ENFILE


@pytest.mark.parametrize(
    ("start", "count", "name"), [(8, 3, "EINVAL"), (10, 1, "EINVAL"), (7, 2**32 - 2, "EOVERFLOW")]
)
def test_a_range_must_lie_in_the_table(ring, put, start, count, name):
    with pytest.raises(OSError, match=name):
        ring.files.alloc_range(start, count)
    assert put() in range(10)


def test_from_a_range_of_none_nothing_can_be_picked(ring, put):
    ring.files.alloc_range(7, 0)
    assert put() == -errno.ENFILE
