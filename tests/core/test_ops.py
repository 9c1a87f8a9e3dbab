"""Every opcode on the kernel, with the effect it had; and what is refused before it gets there."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

import pytest

from uringlab import Buffer, CqeFlags, IoUring, OperandError, OwnedFd, SqeFlags, ops
from uringlab.core import abi
from uringlab.core.abi import CancelFlags, FsyncFlags, PollEvents, PollFlags, TimeoutFlags
from uringlab.core.buffers import BadPage

MS = 1_000_000


@pytest.fixture
def ring():
    with IoUring(8) as ring:
        yield ring


def run(ring, op):
    ring.sq().push(op)
    ring.submit_and_wait(1, timeout=5)
    [cqe] = list(ring.cq())
    assert cqe.user_data == op.user_data
    assert cqe.final
    return cqe.res


# -- the kernel does it ------------------------------------------------------------------


def test_nop_completes_with_zero(ring):
    assert run(ring, ops.Nop(user_data=2**64 - 1)) == 0


def test_openat_makes_the_file_with_its_mode_and_answers_with_the_fd(ring, tmp_path):
    path = tmp_path / "made"
    old = os.umask(0)
    try:
        op = ops.Openat(path, open_flags=os.O_CREAT | os.O_WRONLY, mode=0o640, user_data=1)
        with OwnedFd(run(ring, op)) as file:
            assert Path(f"/proc/self/fd/{file.number}").readlink() == path
    finally:
        os.umask(old)
    assert path.stat().st_mode & 0o777 == 0o640


def test_openat_starts_from_the_directory_it_is_given(ring, tmp_path):
    (tmp_path / "here").write_bytes(b"x")
    directory = os.open(tmp_path, os.O_RDONLY)
    with OwnedFd(directory), OwnedFd(run(ring, ops.Openat(b"here", dir=directory))) as file:
        assert os.read(file.number, 9) == b"x"


def test_openat_of_what_is_not_there_is_enoent(ring, tmp_path):
    assert run(ring, ops.Openat(tmp_path / "nowhere")) == -errno.ENOENT


def test_the_path_outlives_the_op_that_named_it(ring, tmp_path, collect):
    (tmp_path / "file").touch()
    ring.sq().push(ops.Openat(tmp_path / "file"))
    collect()
    ring.submit_and_wait(1)
    [cqe] = list(ring.cq())
    assert cqe.res >= 0
    os.close(cqe.res)


def test_close_closes(ring):
    number = os.open("/dev/null", os.O_RDONLY)
    assert run(ring, ops.Close(number)) == 0
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(number)
    assert run(ring, ops.Close(number)) == -errno.EBADF


def test_read_fills_the_buffer_from_the_offset(ring, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    buffer = Buffer(8)
    with OwnedFd(os.open(path, os.O_RDONLY)) as file:
        assert run(ring, ops.Read(file, buffer, len=4, off=3)) == 4
        assert bytes(buffer) == b"3456\0\0\0\0"
        assert run(ring, ops.Read(file, buffer)) == 8
        assert run(ring, ops.Read(file, buffer, off=10)) == 0
        os.lseek(file.number, 9, os.SEEK_SET)
        assert run(ring, ops.Read(file, buffer, off=-1)) == 1
        assert buffer.view[0] == ord("9")


def test_write_puts_the_bytes_at_the_offset(ring, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"..........")
    with OwnedFd(os.open(path, os.O_WRONLY)) as file:
        assert run(ring, ops.Write(file, b"abc", off=2)) == 3
        assert run(ring, ops.Write(file, Buffer.of(b"xyz"), len=1, off=7)) == 1
    assert path.read_bytes() == b"..abc..x.."


def test_a_buffer_can_be_any_size_and_the_kernel_fills_all_of_it(ring):
    size = 3 * 4096 + 17
    with OwnedFd(os.open("/dev/zero", os.O_RDONLY)) as zero:
        buffer = Buffer.of(b"\xff" * size)
        assert run(ring, ops.Read(zero, buffer)) == size
    assert bytes(buffer) == bytes(size)


@pytest.mark.parametrize("flags", [FsyncFlags(0), FsyncFlags.DATASYNC])
def test_fsync_flushes_a_file_and_refuses_a_pipe(ring, tmp_path, pipe, flags):
    with OwnedFd(os.open(tmp_path / "file", os.O_CREAT | os.O_WRONLY)) as file:
        assert run(ring, ops.Fsync(file, fsync_flags=flags)) == 0
    assert run(ring, ops.Fsync(pipe[1])) == -errno.EINVAL


def test_a_timeout_that_runs_out_is_etime(ring):
    started = time.monotonic()
    assert run(ring, ops.Timeout(20 * MS)) == -errno.ETIME
    assert 0.018 < time.monotonic() - started < 2


def test_a_timeout_with_a_count_ends_when_so_many_completions_came(ring):
    ring.sq().push(ops.Timeout(10_000 * MS, count=2, user_data=1))
    ring.submit()
    for number in (2, 3):
        ring.sq().push(ops.Nop(user_data=number))
    ring.submit_and_wait(3, timeout=5)
    assert sorted(cqe[:2] for cqe in ring.cq()) == [(1, 0), (2, 0), (3, 0)]


def test_a_multishot_timeout_fires_again_and_again(ring):
    op = ops.Timeout(MS, count=3, timeout_flags=TimeoutFlags.MULTISHOT, user_data=1)
    ring.sq().push(op)
    ring.submit()
    cqes = [next(iter(ring.cq(1, timeout=5))) for _ in range(3)]
    assert [cqe.res for cqe in cqes] == [-errno.ETIME] * 3
    assert [cqe.final for cqe in cqes] == [False, False, True]


def test_poll_add_completes_once_when_the_fd_is_ready(ring, pipe):
    ring.sq().push(ops.PollAdd(pipe[0], user_data=5))
    ring.submit()
    assert not ring.cq()
    os.write(pipe[1], b"x")
    [cqe] = list(ring.cq(1, timeout=5))
    assert cqe.res == PollEvents.IN
    assert cqe.final
    assert run(ring, ops.PollAdd(pipe[1], poll_events=PollEvents.OUT)) == PollEvents.OUT


def test_poll_add_multi_goes_on_until_it_is_cancelled(ring, pipe):
    ring.sq().push(ops.PollAdd(pipe[0], poll_flags=PollFlags.ADD_MULTI, user_data=5))
    ring.submit()
    for _ in range(3):
        os.write(pipe[1], b"x")
        [cqe] = list(ring.cq(1, timeout=5))
        assert cqe == (5, PollEvents.IN, CqeFlags.MORE)
        os.read(pipe[0], 1)
    ring.sq().push(ops.AsyncCancel(5, user_data=6))
    ring.submit_and_wait(2)
    assert sorted(ring.cq()) == [(5, -errno.ECANCELED, 0), (6, 0, 0)]


def test_async_cancel_ends_what_it_names_and_says_so(ring, pipe):
    ring.sq().push(ops.Read(pipe[0], Buffer(8), user_data=1))
    ring.submit()
    ring.sq().push(ops.AsyncCancel(1, user_data=2))
    ring.submit_and_wait(2, timeout=5)
    assert sorted(cqe[:2] for cqe in ring.cq()) == [(1, -errno.ECANCELED), (2, 0)]
    assert run(ring, ops.AsyncCancel(1)) == -errno.ENOENT


def test_async_cancel_of_all_answers_with_their_number(ring, pipe):
    for _ in range(3):
        ring.sq().push(ops.PollAdd(pipe[0], user_data=1))
    ring.submit()
    ring.sq().push(ops.AsyncCancel(1, cancel_flags=CancelFlags.ALL, user_data=2))
    ring.submit_and_wait(4, timeout=5)
    assert sorted(cqe[:2] for cqe in ring.cq()) == [(1, -errno.ECANCELED)] * 3 + [(2, 3)]


def test_a_link_runs_in_order_and_breaks_at_the_first_failure(ring, tmp_path):
    with OwnedFd(os.open(tmp_path / "f", os.O_CREAT | os.O_RDWR)) as file:
        link = SqeFlags.IO_LINK
        buffer = Buffer(5)
        ring.sq().push(ops.Write(file, b"hello", flags=link, user_data=1))
        ring.sq().push(ops.Fsync(file, flags=link, user_data=2))
        ring.sq().push(ops.Read(file, buffer, user_data=3))
        ring.submit_and_wait(3, timeout=5)
        assert [cqe[:2] for cqe in ring.cq()] == [(1, 5), (2, 0), (3, 5)]
        assert bytes(buffer) == b"hello"
        ring.sq().push(ops.Read(999, buffer, flags=link, user_data=1))
        ring.sq().push(ops.Write(file, b"never", user_data=2))
        ring.submit_and_wait(2, timeout=5)
        assert [cqe[:2] for cqe in ring.cq()] == [(1, -errno.EBADF), (2, -errno.ECANCELED)]
    assert (tmp_path / "f").read_bytes() == b"hello"


@pytest.mark.parametrize("make", [ops.Close, ops.Fsync, ops.PollAdd])
def test_an_fd_that_is_not_open_is_ebadf_in_the_cqe(ring, make):
    assert run(ring, make(999)) == -errno.EBADF
    assert run(ring, ops.Read(999, Buffer(1))) == -errno.EBADF
    assert run(ring, ops.Write(999, b"x")) == -errno.EBADF


def test_the_bad_page_is_efault(ring, pipe):
    assert run(ring, ops.Write(pipe[1], BadPage())) == -errno.EFAULT
    os.write(pipe[1], b"x")
    assert run(ring, ops.Read(pipe[0], BadPage())) == -errno.EFAULT
    assert "bad page" in repr(BadPage())


# -- encoding ----------------------------------------------------------------------------


def examples(buffer):
    return [
        (ops.Nop(user_data=3), "NOP"),
        (ops.Openat("x"), "OPENAT"),
        (ops.Close(4), "CLOSE fd=4"),
        (
            ops.Read(4, buffer, len=7, off=-1, flags=SqeFlags.IO_LINK),
            f"READ fd=4 buf={buffer.address:#x} len=7 off=-1 flags=IO_LINK",
        ),
        (ops.Write(4, buffer, off=5), f"WRITE fd=4 buf={buffer.address:#x} len=16 off=5"),
        (ops.Fsync(4, fsync_flags=FsyncFlags.DATASYNC), "FSYNC fd=4 fsync_flags=DATASYNC"),
        (ops.Timeout(5 * MS, count=2), "TIMEOUT"),
        (
            ops.PollAdd(4, poll_events=PollEvents.IN | PollEvents.OUT),
            "POLL_ADD fd=4 poll_events=IN|OUT poll_flags=0",
        ),
        (ops.AsyncCancel(2**40), f"ASYNC_CANCEL target={2**40:#x} cancel_flags=0"),
    ]


def test_every_declared_op_has_an_example_here():
    assert {type(op) for op, _ in examples(Buffer(16))} == set(ops.BY_OPCODE.values())


@pytest.mark.parametrize("at", range(len(ops.BY_OPCODE)))
def test_what_is_encoded_is_decoded_again(at):
    op, text = examples(Buffer(16))[at]
    decoded = ops.decode(op.sqe)
    assert str(decoded).startswith(text)
    assert decoded.op is type(op)
    assert decoded.user_data == op.user_data
    assert len(op.sqe) == abi.SQE_BYTES
    words = [name for name, _ in decoded.operands]
    assert words == [operand.name for operand in type(op).operands]


def test_an_sqe_of_anybody_can_be_decoded():
    assert ops.decode(bytes([200]) + bytes(63)).name == "OP 200"
    readv = ops.decode(bytes([1]) + bytes(63))
    assert (readv.name, readv.op) == ("READV", None)
    assert str(readv) == "READV fd=0 off=0 addr=0 len=0"
    assert str(ops.decode(ops.Openat("x", open_flags=os.O_RDWR | os.O_CREAT).sqe)).startswith(
        "OPENAT path=0x"
    )


def test_an_op_is_a_value_and_can_be_pushed_often(ring):
    op = ops.Nop(user_data=7)
    assert op == ops.Nop(user_data=7)
    for _ in range(3):
        ring.sq().push(op)
    ring.submit_and_wait(3)
    assert [cqe.user_data for cqe in ring.cq()] == [7, 7, 7]
    with pytest.raises(AttributeError):
        op.user_data = 8


# -- refused before anything is written --------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda: ops.Read(3, Buffer(8), len=9),
        lambda: ops.Write(3, b"abc", len=4),
        lambda: ops.Read(3, Buffer(8), len=-1),
        lambda: ops.Read(3, Buffer(8), off=2**64),
        lambda: ops.Read(3, Buffer(8), off=-(2**63) - 1),
        lambda: ops.Read(2**31, Buffer(8)),
        lambda: ops.Read(3, b"bytes cannot be read into"),
        lambda: ops.Read("3", Buffer(8)),
        lambda: ops.Read(3, 0x1000),
        lambda: ops.Write(3, 0x1000),
        lambda: ops.Write(3, "text"),
        lambda: ops.Nop(user_data=2**64),
        lambda: ops.Nop(flags=256),
        lambda: ops.Openat("a\0b"),
        lambda: ops.Openat(3),
        lambda: ops.Openat("a", open_flags="RDWR"),
        lambda: ops.Openat("a", mode=-1),
        lambda: ops.Timeout(-1),
        lambda: ops.Timeout(2**63),
        lambda: ops.Timeout(1.5),
        lambda: ops.Timeout(1, count="2"),
        lambda: ops.PollAdd(3, poll_events="IN"),
        lambda: ops.AsyncCancel(-(2**63) - 1),
        lambda: ops.Fsync(None),
    ],
)
def test_an_operand_that_does_not_fit_is_refused_and_leaves_nothing(ring, make):
    # The fixture that every test here has sees whether memory was left.
    with pytest.raises(OperandError):
        ring.sq().push(make())
    assert len(ring.sq()) == 8
