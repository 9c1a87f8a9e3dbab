"""Pipes, and what moves through them unseen."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

import pytest

from uringlab import Buffer, IoUring, OperandError, OwnedFd, SqeFlags, ops
from uringlab.core.abi import Opcode, PipeFlags, SpliceFlags
from uringlab.core.fd import ALLOC, FixedFd
from uringlab.core.fdroom import FdRoom


def examples():
    return [
        (
            ops.Splice(3, 4, 5, off_in=6),
            "SPLICE fd_in=3 fd_out=4 len=5 off_in=6 off_out=-1 splice_flags=0",
        ),
        (
            ops.Splice(FixedFd(3), FixedFd(4), 5),
            "SPLICE fd_in=#3 fd_out=#4 len=5 off_in=-1 off_out=-1 splice_flags=FD_IN_FIXED",
        ),
        (ops.Tee(3, 4, 5), "TEE fd_in=3 fd_out=4 len=5 splice_flags=0"),
        (ops.Pipe(FdRoom()), "PIPE fds=0x"),
    ]


@pytest.fixture
def file(tmp_path):
    (tmp_path / "file").write_bytes(b"0123456789")
    with OwnedFd(os.open(tmp_path / "file", os.O_RDWR)) as file:
        yield file


@pytest.fixture
def other():
    ends = os.pipe()
    with OwnedFd(ends[0]), OwnedFd(ends[1]):
        yield ends


# -- SPLICE ------------------------------------------------------------------------------


def test_splice_moves_bytes_from_a_pipe_into_a_file(run, pipe, file):
    os.write(pipe[1], b"abcdef")
    assert run(ops.Splice(pipe[0], file, 4, off_out=3)) == 4
    assert os.pread(file.number, 99, 0) == b"012abcd789"
    assert os.read(pipe[0], 9) == b"ef", "the rest is still in the pipe"


def test_splice_moves_bytes_from_a_file_into_a_pipe(run, pipe, file):
    assert run(ops.Splice(file, pipe[1], 3, off_in=7)) == 3
    assert os.read(pipe[0], 9) == b"789"
    assert run(ops.Splice(file, pipe[1], 2)) == 2
    assert run(ops.Splice(file, pipe[1], 2, splice_flags=SpliceFlags.MOVE)) == 2
    assert os.read(pipe[0], 9) == b"0123", "the file's own position moves"
    assert run(ops.Splice(file, pipe[1], 9, off_in=10)) == 0


def test_splice_from_pipe_to_pipe(run, pipe, other):
    os.write(pipe[1], b"through")
    assert run(ops.Splice(pipe[0], other[1], 99)) == 7
    assert os.read(other[0], 9) == b"through"


def test_splice_takes_registered_files_on_both_sides(run, table, pipe, file):
    table(4)
    assert run(ops.FilesUpdate(FdRoom([file.number, pipe[1]]), slot=2)) == 2
    assert run(ops.Splice(FixedFd(2), FixedFd(3), 4, off_in=0)) == 4
    assert run(ops.Splice(FixedFd(2), pipe[1], 1, off_in=9)) == 1
    assert run(ops.Splice(file, FixedFd(3), 1, off_in=8)) == 1
    assert os.read(pipe[0], 9) == b"012398"
    assert run(ops.Splice(FixedFd(0), pipe[1], 1)) == -errno.EBADF


def test_splice_says_what_is_wrong(run, pipe, file, tmp_path):
    (tmp_path / "second").touch()
    with OwnedFd(os.open(tmp_path / "second", os.O_WRONLY)) as second:
        assert run(ops.Splice(file, second, 4)) == -errno.EINVAL
    assert run(ops.Splice(pipe[0], file, 4, off_in=0)) == -errno.ESPIPE
    assert run(ops.Splice(999, pipe[1], 4)) == -errno.EBADF
    nonblock = SpliceFlags.NONBLOCK
    assert run(ops.Splice(pipe[0], file, 4, splice_flags=nonblock)) == -errno.EAGAIN
    assert run(ops.Splice(pipe[0], file, 4, splice_flags=64)) == -errno.EINVAL


def test_a_splice_that_moves_too_little_breaks_a_link(ring, pipe, file):
    os.write(pipe[1], b"abc")
    ring.sq().push(ops.Splice(pipe[0], file, 9, flags=SqeFlags.IO_LINK, user_data=1))
    ring.sq().push(ops.Nop(user_data=2))
    ring.submit_and_wait(2, timeout=5)
    assert sorted(cqe[:2] for cqe in ring.cq()) == [(1, 3), (2, -errno.ECANCELED)]


# -- TEE ---------------------------------------------------------------------------------


def test_tee_copies_and_leaves_the_bytes_where_they_are(run, table, pipe, other):
    os.write(pipe[1], b"twice")
    assert run(ops.Tee(pipe[0], other[1], 3)) == 3
    assert os.read(other[0], 9) == b"twi"
    table(1)
    assert run(ops.FilesUpdate(FdRoom([pipe[0]]))) == 1
    assert run(ops.Tee(FixedFd(0), other[1], 99)) == 5
    assert os.read(other[0], 9) == b"twice"
    assert os.read(pipe[0], 9) == b"twice"


def test_tee_needs_two_pipes(run, pipe, file):
    os.write(pipe[1], b"x")
    assert run(ops.Tee(pipe[0], file, 3)) == -errno.EINVAL
    assert run(ops.Tee(pipe[0], pipe[1], 3)) == -errno.EINVAL


# -- PIPE --------------------------------------------------------------------------------


def test_pipe_makes_a_pipe(run, requires):
    requires(opcode=Opcode.PIPE)
    op = ops.Pipe(FdRoom(), pipe_flags=PipeFlags.CLOEXEC | PipeFlags.NONBLOCK)
    assert run(op) == 0
    reader, writer = op.new_fds(0)
    with OwnedFd(reader), OwnedFd(writer):
        assert op.fds.fds == (reader, writer)
        os.write(writer, b"through")
        assert os.read(reader, 9) == b"through"
        assert not os.get_inheritable(reader)
        assert not os.get_blocking(writer)


def test_a_pipe_can_carry_packets(run, requires):
    requires(opcode=Opcode.PIPE)
    op = ops.Pipe(FdRoom(), pipe_flags=PipeFlags.DIRECT)
    assert run(op) == 0
    with OwnedFd(op.fds.fds[0]) as reader, OwnedFd(op.fds.fds[1]) as writer:
        assert fcntl.fcntl(writer.number, fcntl.F_GETFL) & os.O_DIRECT
        os.write(writer.number, b"one")
        os.write(writer.number, b"two")
        assert os.read(reader.number, 9) == b"one"


@pytest.mark.parametrize(("slot", "places"), [(2, (2, 3)), (FixedFd(0), (0, 1)), (ALLOC, (0, 1))])
def test_pipe_makes_two_registered_files(run, table, requires, slot, places):
    requires(opcode=Opcode.PIPE)
    table(4)
    op = ops.Pipe(FdRoom(), slot=slot)
    assert run(op) == 0
    assert op.fds.fds == places
    assert op.new_fds(0) == ()
    reader, writer = places
    buffer = Buffer(8)
    assert run(ops.Write(FixedFd(writer), b"through")) == 7
    assert run(ops.Read(FixedFd(reader), buffer)) == 7
    assert bytes(buffer) == b"through\0"


def test_pipe_says_what_is_wrong(run, table, requires):
    requires(opcode=Opcode.PIPE)
    assert run(ops.Pipe(FdRoom(), slot=0)) == -errno.ENXIO
    table(2)
    assert run(ops.Pipe(FdRoom(), slot=1)) == -errno.EINVAL
    assert run(ops.Pipe(FdRoom(), slot=0, pipe_flags=PipeFlags.CLOEXEC)) == -errno.EINVAL
    assert run(ops.Pipe(FdRoom(), pipe_flags=1)) == -errno.EINVAL
    assert run(ops.Pipe(FdRoom(), slot=ALLOC)) == 0
    assert run(ops.Pipe(FdRoom(), slot=ALLOC)) == -errno.ENFILE


def test_pipe_holds_its_room_until_the_end(ring, run_forgotten, table, requires):
    requires(opcode=Opcode.PIPE)
    table(4)
    for flags in (SqeFlags(0), SqeFlags.ASYNC):
        op = {"slot": ALLOC, "flags": flags}
        assert run_forgotten(lambda op=op: ops.Pipe(FdRoom(), **op), held=1) == 0


def test_a_pipe_that_nobody_took_is_closed_with_the_ring(requires):
    requires(opcode=Opcode.PIPE)
    # The fixture of every test here counts the fds.
    with IoUring(4) as ring:
        ring.sq().push(ops.Pipe(FdRoom()))
        ring.submit()


def is_open(fd):
    try:
        os.fstat(fd)
    except OSError:
        return False
    return True


@pytest.mark.parametrize("other", ["places", "fds", "update"])
def test_closing_a_ring_closes_no_fd_that_only_stands_where_a_pipe_was(requires, other):
    requires(opcode=Opcode.PIPE)
    # One room for two requests: what the second leaves there are the numbers of places, which
    # are also the numbers of fds, of stdin for instance.
    with Path(os.devnull).open("rb") as null:
        low, high = (fcntl.fcntl(null, fcntl.F_DUPFD_CLOEXEC, 100) for _ in range(2))
    assert high == low + 1
    room = FdRoom()
    ring = IoUring(8)
    ring.files.sparse(low + 2)
    ring.sq().push(ops.Pipe(room, user_data=1))
    ring.submit()
    pipe = room.fds
    try:
        if other == "places":
            ring.sq().push(ops.Pipe(room, slot=low, user_data=2))
        elif other == "fds":
            ring.sq().push(ops.Pipe(room, user_data=2))
        else:
            ring.files.alloc_range(low, 2)
            ring.sq().push(ops.FilesUpdate(room, slot=ALLOC, user_data=2))
        ring.submit()
        left = room.fds
        assert left != pipe
        ring.close()
        assert is_open(low)
        assert is_open(high)
        if other == "fds":
            assert not any(is_open(fd) for fd in left)
    finally:
        for fd in (low, high, *pipe):
            if is_open(fd):
                os.close(fd)


@pytest.mark.parametrize(
    "make",
    [
        lambda: ops.Splice("3", 4, 5),
        lambda: ops.Splice(3, "4", 5),
        lambda: ops.Splice(3, 4, -1),
        lambda: ops.Splice(3, 4, 2**32),
        lambda: ops.Splice(3, 4, 5, off_in=2**64),
        lambda: ops.Splice(3, 4, 5, splice_flags="MOVE"),
        lambda: ops.Tee(3, None, 5),
        lambda: ops.Tee(3, 4, "5"),
        lambda: ops.Pipe(FdRoom([-1])),
        lambda: ops.Pipe(Buffer(8)),
        lambda: ops.Pipe([1, 2]),
        lambda: ops.Pipe(FdRoom(), slot=-1),
        lambda: ops.Pipe(FdRoom(), pipe_flags="CLOEXEC"),
    ],
)
def test_what_does_not_fit_is_refused(make):
    with pytest.raises(OperandError):
        make()
