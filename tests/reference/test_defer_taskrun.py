"""The behaviours of liburing's test `defer-taskrun`: completions come when they are asked for."""

from __future__ import annotations

import errno
import gc
import os
import select
import socket
import threading

import pytest
from ring_kinds import PATIENCE, flush, reap, sq_flags, submit

from uringlab import Buffer, EnterFlags, SetupFlags, SqeFlags, SqRingFlags, ops

pytestmark = pytest.mark.only_on("DEFER_TASKRUN", why="on others completions come by themselves")


@pytest.fixture
def eventfds():
    """Two eventfds: for the ring to signal, and for a request to wait for."""
    both = [os.eventfd(0, os.EFD_NONBLOCK) for _ in range(2)]
    yield both
    for fd in both:
        os.close(fd)


def readable(fd, patience=0.0):
    return bool(select.select([fd], [], [], patience)[0])


def test_an_eventfd_says_that_there_is_work_before_there_is_a_completion(ring, eventfds):
    signalled, awaited = eventfds
    ring.eventfd.register(signalled)
    submit(ring, ops.PollAdd(awaited, user_data=1))
    assert not readable(signalled)
    submit(ring, ops.Nop(user_data=2))
    assert readable(signalled)
    assert [cqe.user_data for cqe in ring.cq()] == [2]
    os.eventfd_read(signalled)
    os.eventfd_write(awaited, 1)
    assert readable(signalled, PATIENCE)
    assert len(ring.cq()) == 0
    flush(ring)
    assert [cqe.user_data for cqe in ring.cq()] == [1]


def test_whose_thread_has_ended_the_ring_is_of_no_use_but_can_be_closed(make_ring, eventfds):
    ring = make_ring(flags=SetupFlags.R_DISABLED)
    awaited = eventfds[0]
    assert ring.try_enter(0, 0, EnterFlags.GETEVENTS) == -errno.EBADFD

    def start_and_read():
        ring.enable()
        submit(ring, ops.PollAdd(awaited, user_data=1))

    thread = threading.Thread(target=start_and_read)
    thread.start()
    thread.join()
    assert ring.try_enter(0, 0, EnterFlags.GETEVENTS) == -errno.EEXIST
    os.eventfd_write(awaited, 1)
    with pytest.raises(OSError, match="EEXIST"):
        ring.cq(1, timeout=PATIENCE)


def test_a_program_can_be_replaced_while_a_read_of_its_goes_on(ring_kind, run_python, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(bytes(1 << 20))
    done = run_python(f"""
import os, sys
from uringlab import Buffer, IoUring, Params, ops
ring = IoUring(8, Params(flags={int(ring_kind.flags)}))
try:
    fd = os.open({str(path)!r}, os.O_RDONLY | os.O_DIRECT)
except OSError:
    fd = os.open({str(path)!r}, os.O_RDONLY)
ring.sq().push(ops.Read(fd, Buffer(1 << 20)))
ring.submit()
os.execv(sys.executable, [sys.executable, "-S", "-c", "print('it is over')"])
""")
    assert (done.stdout, done.returncode) == ("it is over\n", 0), done.stderr


def test_a_flag_tells_that_there_is_work_and_submitting_does_it(make_ring, eventfds):
    ring = make_ring(flags=SetupFlags.TASKRUN_FLAG)
    awaited = eventfds[0]
    submit(ring, ops.PollAdd(awaited, user_data=1))
    assert SqRingFlags.TASKRUN not in sq_flags(ring)
    os.eventfd_write(awaited, 1)
    assert len(ring.cq()) == 0
    assert SqRingFlags.TASKRUN in sq_flags(ring)
    assert ring.submit() == 0
    assert [cqe.user_data for cqe in ring.cq()] == [1]
    assert SqRingFlags.TASKRUN not in sq_flags(ring)


def test_closing_does_the_work_that_is_left(make_ring):
    ring = make_ring(flags=SetupFlags.TASKRUN_FLAG)
    buffer = Buffer(1)
    one_end, other_end = socket.socketpair()
    with one_end, other_end:
        submit(ring, ops.Recv(one_end.fileno(), buffer, user_data=1))
        other_end.send(b"X")
        assert len(ring.cq()) == 0
        ring.close()
        # It was received or it was cancelled, but never both, and never lost.
        assert bytes(buffer) == b"X" or one_end.recv(1) == b"X"


def test_what_a_drain_puts_off_keeps_its_memory(ring):
    one_end, other_end = socket.socketpair()
    with one_end, other_end:
        ring.sq().push(
            ops.Writev(
                other_end.fileno(),
                [bytes([at]) for at in range(128)],
                user_data=1,
                flags=SqeFlags.IO_DRAIN,
            )
        )
        gc.collect()
        submit(ring)
        gc.collect()
        [cqe] = reap(ring)
        assert cqe.res == 128
        assert one_end.recv(200) == bytes(range(128))


def test_nothing_comes_by_itself(ring, pipe):
    submit(ring, ops.PollAdd(pipe[0], user_data=1))
    os.write(pipe[1], b"x")
    for _ in range(3):
        assert len(ring.cq()) == 0
        os.getppid()  # not even on the way out of another system call
    flush(ring)
    assert [cqe.user_data for cqe in ring.cq()] == [1]
