"""Reading and writing: one buffer, several, or whichever the kernel picks."""

from __future__ import annotations

import errno
import os

import pytest

from uringlab import Buffer, CqeFlags, OperandError, OwnedFd, SqeFlags, ops
from uringlab.core import abi
from uringlab.core.abi import Opcode, RwFlags
from uringlab.core.buffers import BadPage, memory_stats

SHIFT = abi.CQE_BUFFER_SHIFT


def examples():
    buffer = Buffer(16)
    return [
        (
            ops.Read(4, buffer, len=7, off=-1, flags=SqeFlags.IO_LINK),
            f"READ fd=4 buf={buffer.address:#x} len=7 off=-1 rw_flags=0 group=none ioprio=0 "
            "flags=IO_LINK",
        ),
        (ops.Read(4, group=7), "READ fd=4 buf=0x0 len=0 off=0 rw_flags=0 group=7"),
        (
            ops.Write(4, buffer, off=5, rw_flags=RwFlags.DSYNC),
            f"WRITE fd=4 buf={buffer.address:#x} len=16 off=5 rw_flags=DSYNC",
        ),
        (ops.Readv(4, [buffer, buffer]), "READV fd=4 bufs=2 at 0x"),
        (ops.Writev(4, [b"a"], off=3), "WRITEV fd=4 bufs=1 at 0x"),
        (ops.ReadMultishot(4, 7), "READ_MULTISHOT fd=4 group=7 off=-1"),
    ]


@pytest.fixture
def file(tmp_path):
    (tmp_path / "file").write_bytes(b"0123456789")
    with OwnedFd(os.open(tmp_path / "file", os.O_RDWR)) as file:
        yield file


def whole(file):
    return os.pread(file.number, 99, 0)


# -- READ and WRITE ----------------------------------------------------------------------


def test_read_fills_the_buffer_from_the_offset(run, file):
    buffer = Buffer(8)
    assert run(ops.Read(file, buffer, len=4, off=3)) == 4
    assert bytes(buffer) == b"3456\0\0\0\0"
    assert run(ops.Read(file, buffer)) == 8
    assert run(ops.Read(file, buffer, off=10)) == 0
    os.lseek(file.number, 9, os.SEEK_SET)
    assert run(ops.Read(file, buffer, off=-1)) == 1
    assert buffer.view[0] == ord("9")


def test_read_into_a_part_leaves_the_rest_alone(run, file):
    buffer = Buffer.of(b"........")
    assert run(ops.Read(file, buffer.part(2, 3))) == 3
    assert bytes(buffer) == b"..012..."


def test_write_puts_the_bytes_at_the_offset(run, file):
    assert run(ops.Write(file, b"abc", off=2)) == 3
    assert run(ops.Write(file, Buffer.of(b"xyz"), len=1, off=7)) == 1
    assert run(ops.Write(file, Buffer.of(b"xyz").part(1), off=8)) == 2
    assert whole(file) == b"01abc56xyz"


def test_a_buffer_can_be_any_size_and_the_kernel_fills_all_of_it(run):
    size = 3 * 4096 + 17
    with OwnedFd(os.open("/dev/zero", os.O_RDONLY)) as zero:
        buffer = Buffer.of(b"\xff" * size)
        assert run(ops.Read(zero, buffer)) == size
    assert bytes(buffer) == bytes(size)


def test_the_bad_page_is_efault(run, pipe):
    assert run(ops.Write(pipe[1], BadPage())) == -errno.EFAULT
    os.write(pipe[1], b"x")
    assert run(ops.Read(pipe[0], BadPage())) == -errno.EFAULT
    assert "bad page" in repr(BadPage())


def test_an_fd_that_is_not_open_that_way_is_ebadf(run, pipe):
    assert run(ops.Read(999, Buffer(1))) == -errno.EBADF
    assert run(ops.Write(999, b"x")) == -errno.EBADF
    assert run(ops.Read(pipe[1], Buffer(1))) == -errno.EBADF
    assert run(ops.Write(pipe[0], b"x")) == -errno.EBADF


def test_rw_flags_are_those_of_pwritev2(run, file, pipe):
    assert run(ops.Write(file, b"end", off=0, rw_flags=RwFlags.APPEND)) == 3
    assert whole(file) == b"0123456789end"
    assert run(ops.Write(file, b"!", rw_flags=RwFlags.DSYNC)) == 1
    assert run(ops.Read(pipe[0], Buffer(1), rw_flags=RwFlags.NOWAIT)) == -errno.EAGAIN
    assert run(ops.Read(file, Buffer(1), rw_flags=1 << 30)) in {-errno.EOPNOTSUPP, -errno.EINVAL}


def test_a_priority_is_checked_by_the_kernel(run, file):
    best_effort = 2 << 13
    assert run(ops.Read(file, Buffer(1), ioprio=best_effort | 3)) == 1
    assert run(ops.Write(file, b"x", ioprio=best_effort)) == 1
    assert run(ops.Read(file, Buffer(1), ioprio=7 << 13)) == -errno.EINVAL


def test_read_holds_its_buffer_while_it_waits_and_until_its_cqe_is_taken(ring, pipe, collect):
    before = memory_stats()[0]
    ring.sq().push(ops.Read(pipe[0], Buffer(8)))
    ring.sq().push(ops.Readv(pipe[0], [Buffer(2), Buffer(2)]))
    ring.submit()
    collect()
    assert memory_stats()[0] - before == 3
    os.write(pipe[1], b"0123456789ab")
    assert sorted(cqe.res for cqe in ring.cq(2, timeout=5)) == [4, 8]
    assert memory_stats()[0] == before


@pytest.mark.parametrize("flags", [SqeFlags(0), SqeFlags.ASYNC])
def test_write_needs_nobody_to_keep_its_bytes(run_forgotten, file, flags):
    assert run_forgotten(lambda: ops.Write(file, b"abc", flags=flags), held=1) == 3
    bufs = [b"xy", b"z"]
    assert run_forgotten(lambda: ops.Writev(file, bufs, off=5, flags=flags), held=2) == 3
    assert whole(file) == b"abc34xyz89"


# -- READV and WRITEV --------------------------------------------------------------------


def test_readv_fills_one_buffer_after_the_other(run, file):
    one, two = Buffer(3), Buffer(4)
    assert run(ops.Readv(file, [one, two.part(1)], off=2)) == 6
    assert (bytes(one), bytes(two)) == (b"234", b"\x00567")
    assert run(ops.Readv(file, [one], off=10)) == 0


def test_writev_takes_one_buffer_after_the_other(run, file):
    assert run(ops.Writev(file, [b"ab", Buffer.of(b"c"), Buffer.of(b"xyz").part(0, 1)])) == 4
    assert whole(file) == b"abcx456789"
    assert run(ops.Writev(file, [b"!"], rw_flags=RwFlags.APPEND)) == 1
    assert whole(file) == b"abcx456789!"


def test_as_many_buffers_as_there_can_be(run, run_forgotten, file):
    many = [b"x"] * abi.MAX_IOVECS
    assert run(ops.Writev(file, many)) == abi.MAX_IOVECS
    assert os.fstat(file.number).st_size == abi.MAX_IOVECS
    assert run_forgotten(lambda: ops.Writev(file, [b"y"] * 100), held=100) == 100


def test_one_bad_page_among_several_ends_it_there(run, pipe):
    os.write(pipe[1], b"0123")
    good = Buffer(2)
    assert run(ops.Readv(pipe[0], [BadPage(), good])) == -errno.EFAULT
    assert run(ops.Writev(pipe[1], [BadPage()])) == -errno.EFAULT


def test_no_buffers_are_nothing(run, file):
    assert run(ops.Readv(file, [])) == 0
    assert run(ops.Writev(file, [])) == 0


def test_readv_waits_for_the_pipe_with_its_iovecs_gone(ring, pipe, collect):
    one, two = Buffer(2), Buffer(2)
    ring.sq().push(ops.Readv(pipe[0], [one, two]))
    ring.submit()
    collect()
    churn = [Buffer.of(b"\xff" * 64) for _ in range(64)]
    os.write(pipe[1], b"abcd")
    assert [cqe.res for cqe in ring.cq(1, timeout=5)] == [4]
    assert (bytes(one), bytes(two)) == (b"ab", b"cd")
    assert all(bytes(other) == b"\xff" * 64 for other in churn)


# -- provided buffers --------------------------------------------------------------------


def test_read_takes_a_buffer_of_the_group_and_says_which(run, complete, pipe):
    room = Buffer(64)
    assert run(ops.ProvideBuffers(room, 7, count=4, bid=10)) == 0
    seen = []
    for text in (b"first", b"second and too long for one"):
        os.write(pipe[1], text)
        cqe = complete(ops.Read(pipe[0], group=7, len=16))
        assert cqe.flags & CqeFlags.BUFFER
        bid = cqe.flags >> SHIFT
        at = (bid - 10) * 16
        seen.append((bid, bytes(room.view[at : at + cqe.res])))
    assert {bid for bid, _ in seen} <= {10, 11, 12, 13}
    assert len({bid for bid, _ in seen}) == 2
    assert [text for _, text in seen] == [b"first", b"second and too l"]


def test_a_group_with_nothing_left_is_enobufs(run, file):
    assert run(ops.Read(file, group=9, len=4)) == -errno.ENOBUFS


def test_read_multishot_reads_again_and_again(ring, run, pipe, requires):
    requires(opcode=Opcode.READ_MULTISHOT)
    room = Buffer(24)
    assert run(ops.ProvideBuffers(room, 3, count=3)) == 0
    ring.sq().push(ops.ReadMultishot(pipe[0], 3, user_data=5))
    ring.submit()
    for text in (b"one", b"two", b"three"):
        os.write(pipe[1], text)
        [cqe] = list(ring.cq(1, timeout=5))
        assert cqe.user_data == 5
        assert not cqe.final
        at = (cqe.flags >> SHIFT) * 8
        assert bytes(room.view[at : at + cqe.res]) == text
    os.write(pipe[1], b"four")
    [cqe] = list(ring.cq(1, timeout=5))
    assert (cqe.res, cqe.final) == (-errno.ENOBUFS, True)


def test_read_multishot_ends_when_it_is_cancelled(ring, run, pipe, requires):
    requires(opcode=Opcode.READ_MULTISHOT)
    assert run(ops.ProvideBuffers(Buffer(8), 3)) == 0
    ring.sq().push(ops.ReadMultishot(pipe[0], 3, user_data=5))
    ring.sq().push(ops.AsyncCancel(5, user_data=6))
    ring.submit_and_wait(2, timeout=5)
    assert sorted(cqe[:2] for cqe in ring.cq()) == [(5, -errno.ECANCELED), (6, 0)]


def test_read_multishot_needs_a_file_that_can_be_polled(run, file, requires):
    requires(opcode=Opcode.READ_MULTISHOT)
    assert run(ops.ProvideBuffers(Buffer(8), 3)) == 0
    assert run(ops.ReadMultishot(file, 3)) == -errno.EBADFD


# -- refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda: ops.Read(3, Buffer(8), len=9),
        lambda: ops.Read(3, Buffer(8).part(4), len=5),
        lambda: ops.Read(3, Buffer(8), len=-1),
        lambda: ops.Read(3, Buffer(8), off=2**64),
        lambda: ops.Read(3, Buffer(8), off=-(2**63) - 1),
        lambda: ops.Read(3, b"bytes cannot be read into"),
        lambda: ops.Read(3),
        lambda: ops.Read(3, Buffer(8), group=1),
        lambda: ops.Read(3, group=2**16),
        lambda: ops.Read(3, group=-1),
        lambda: ops.Read(3, Buffer(8), rw_flags="NOWAIT"),
        lambda: ops.Read(3, Buffer(8), ioprio=2**16),
        lambda: ops.Write(3, b"abc", len=4),
        lambda: ops.Write(3, 0x1000),
        lambda: ops.Write(3, "text"),
        lambda: ops.Write(3, None),
        lambda: ops.Readv(3, Buffer(8)),
        lambda: ops.Readv(3, [b"bytes"]),
        lambda: ops.Readv(3, [0x1000]),
        lambda: ops.Readv(3, [Buffer(1)] * (abi.MAX_IOVECS + 1)),
        lambda: ops.Writev(3, b"bytes"),
        lambda: ops.Writev(3, "text"),
        lambda: ops.Writev(3, ["text"]),
        lambda: ops.Writev(3, None),
        lambda: ops.ReadMultishot(3, None),
        lambda: ops.ReadMultishot(3, 2**16),
    ],
)
def test_what_does_not_fit_is_refused(make):
    with pytest.raises(OperandError):
        make()
