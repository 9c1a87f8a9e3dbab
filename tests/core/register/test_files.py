from __future__ import annotations

import errno
import os
import resource

import pytest

from uringlab import ALLOC, Buffer, Fd, FixedFd, IoUring, OperandError, OwnedFd, ops
from uringlab.core.abi import RegisterOp
from uringlab.core.register.files import SKIP


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text"
    path.write_bytes(b"hello")
    return path


def opened(path):
    return OwnedFd(os.open(path, os.O_RDONLY))


def read(run, fd):
    buffer = Buffer(8)
    res = run(ops.Read(fd, buffer)).res
    return bytes(buffer)[:res] if res >= 0 else errno.errorcode[-res]


def test_a_file_is_read_through_its_place_after_its_fd_was_closed(ring, run, text):
    with opened(text) as fd:
        places = ring.files.register([fd, None])
    assert places == (FixedFd(0), FixedFd(1))
    assert (len(ring.files), repr(ring.files)) == (2, "<Files: 2 places>")
    assert read(run, places[0]) == b"hello"
    assert read(run, places[1]) == "EBADF"
    ring.files.unregister()
    assert len(ring.files) == 0
    assert read(run, places[0]) == "EBADF"


def test_whatever_has_an_fd_can_be_registered(ring, run, text):
    with text.open("rb") as file, opened(text) as owned:
        ring.files.register([file, owned, Fd(owned.number), owned.number])
    assert [read(run, ring.files[at]) for at in range(4)] == [b"hello"] * 4


def test_a_sparse_table_is_filled_by_update(ring, run, text, needs):
    needs(RegisterOp.FILES2)
    ring.files.sparse(4)
    with pytest.raises(IndexError, match="place 4 of a table of 4"):
        ring.files[4]
    with opened(text) as fd:
        assert ring.files.update(1, [fd, fd]) == 2
        assert ring.files.update(1, [None, SKIP]) == 2
    assert [read(run, ring.files[at]) for at in range(4)] == ["EBADF", "EBADF", b"hello", "EBADF"]


def test_an_update_stops_where_it_fails(ring, run, text):
    with opened(text) as fd:
        ring.files.register([fd, fd, fd])
        assert ring.files.update(0, [fd, 9999, fd]) == 1
        with pytest.raises(OSError, match="EBADF: one of the fds is not open"):
            ring.files.update(1, [9999])
    assert read(run, ring.files[1]) == "EBADF", "the place that failed is empty"
    assert read(run, ring.files[2]) == b"hello"


def test_a_tag_comes_back_when_the_file_was_let_go_of(ring, text, needs):
    needs(RegisterOp.FILES2)
    with opened(text) as fd:
        ring.files.register([fd, fd], tags=[71, 0])
        assert ring.files.update(0, [fd, fd], tags=[72, 73]) == 2
    assert list(ring.cq(1, timeout=5)) == [(71, 0, 0)]
    ring.files.unregister()
    assert sorted(ring.cq(2, timeout=5)) == [(72, 0, 0), (73, 0, 0)]


def test_a_tag_waits_for_the_request_that_uses_the_file(ring, pipe, needs):
    needs(RegisterOp.FILES2)
    ring.files.register([pipe[0]], tags=[9])
    ring.sq().push(ops.Read(ring.files[0], Buffer(8), user_data=1))
    ring.submit()
    ring.files.unregister()
    assert not ring.cq()
    os.write(pipe[1], b"x")
    assert list(ring.cq(2, timeout=5)) == [(1, 1, 0), (9, 0, 0)]


def test_a_tag_that_is_somebodys_user_data_frees_nothing_early(ring, pipe, blocks, needs):
    needs(RegisterOp.FILES2)
    ring.sq().push(ops.Read(pipe[0], Buffer(8), user_data=5))
    ring.submit()
    with OwnedFd(os.eventfd(0)) as fd:
        ring.files.register([fd], tags=[5])
    ring.files.unregister()
    assert list(ring.cq(1, timeout=5)) == [(5, 0, 0)]
    assert blocks() == 1, "the read is still under way"


def test_alloc_picks_from_the_range_alone(ring, run, text, needs):
    needs(RegisterOp.FILE_ALLOC_RANGE)
    ring.files.sparse(8)
    ring.files.alloc_range(5, 2)
    opens = [run(ops.Openat(text, slot=ALLOC)).res for _ in range(3)]
    assert opens == [5, 6, -errno.ENFILE]
    assert read(run, ring.files[6]) == b"hello"
    with pytest.raises(OSError, match="EINVAL: the table has no such places"):
        ring.files.alloc_range(5, 4)
    with pytest.raises(OSError, match="EOVERFLOW"):
        ring.files.alloc_range(2**32 - 1, 2)


def test_refusals_say_what_they_mean(ring, text):
    with pytest.raises(OSError, match="ENXIO: the ring has no table"):
        ring.files.update(0, [None])
    with pytest.raises(OSError, match="EBADF: .* a ring's"):
        ring.files.register([ring.fd])
    with pytest.raises(OSError, match="EINVAL: no fds at all"):
        ring.files.register([])
    ring.files.sparse(2)
    for again in (lambda: ring.files.sparse(2), lambda: ring.files.register([None])):
        with pytest.raises(OSError, match="EBUSY: the ring has a table of files already"):
            again()
    with pytest.raises(OSError, match="EINVAL: .*more than the table has places for"):
        ring.files.update(1, [None, None])
    with pytest.raises(OSError, match="EINVAL: .*a tag without a file"):
        ring.files.update(0, [None], tags=[1])
    assert len(ring.files) == 2


def test_more_places_than_files_may_be_open_is_emfile(ring):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
    try:
        with pytest.raises(OSError, match="EMFILE: more places than RLIMIT_NOFILE"):
            ring.files.sparse(65)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("wrong", ["f", FixedFd(1), -3, 2**31, 1.5])
def test_what_is_no_file_is_refused_before_the_kernel_is_asked(ring, wrong):
    with pytest.raises(OperandError, match="a place takes an open file or None"):
        ring.files.register([wrong])


def test_tags_are_numbers_one_for_each_place(ring):
    with pytest.raises(OperandError, match="1 tags for 2 places"):
        ring.files.register([None, None], tags=[1])
    with pytest.raises(OperandError, match="tag -1 is no number"):
        ring.files.register([None], tags=[-1])
    with pytest.raises(OperandError, match="places"):
        ring.files.sparse(-1)


def test_closing_lets_go_of_the_files(pipe):
    with IoUring(2) as ring:
        ring.files.register([pipe[1]])
        os.close(pipe[1])
    assert os.read(pipe[0], 1) == b"", "the last writer is gone"
