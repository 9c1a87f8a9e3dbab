"""EPOLL_CTL and EPOLL_WAIT."""

from __future__ import annotations

import errno
import os
import select

import pytest

from uringlab import OperandError, ops
from uringlab.core.abi import EpollEvents, EpollOp, Opcode
from uringlab.core.buffers import memory_stats
from uringlab.core.epollroom import EpollRoom
from uringlab.core.fd import FixedFd

ADD, MOD, DEL = EpollOp.ADD, EpollOp.MOD, EpollOp.DEL


def examples():
    return [
        (ops.EpollCtl(3, ADD, 4), "EPOLL_CTL fd=3 op=ADD target=4 events=0x"),
        (ops.EpollWait(3, EpollRoom(2)), "EPOLL_WAIT fd=3 events=0x"),
    ]


@pytest.fixture
def epoll():
    with select.epoll() as made:
        yield made


def test_epoll_ctl_changes_what_the_set_watches(run, run_forgotten, epoll, pipe):
    def make():
        return ops.EpollCtl(epoll.fileno(), ADD, pipe[1], events=EpollEvents.OUT)

    assert run_forgotten(make, held=0) == 0
    # The data is the fd where nothing else was said, which is what Python's epoll expects.
    assert epoll.poll(0) == [(pipe[1], EpollEvents.OUT)]
    assert run(make()) == -errno.EEXIST
    assert run(ops.EpollCtl(epoll.fileno(), MOD, pipe[1], events=EpollEvents.IN)) == 0
    assert epoll.poll(0) == []
    assert run(ops.EpollCtl(epoll.fileno(), DEL, pipe[1])) == 0
    assert run(ops.EpollCtl(epoll.fileno(), MOD, pipe[1])) == -errno.ENOENT


def test_epoll_ctl_says_what_cannot_be_watched(run, epoll, pipe, tmp_path):
    assert run(ops.EpollCtl(epoll.fileno(), ADD, epoll.fileno())) == -errno.EINVAL
    assert run(ops.EpollCtl(pipe[0], ADD, pipe[1])) == -errno.EINVAL
    assert run(ops.EpollCtl(epoll.fileno(), ADD, 999)) == -errno.EBADF
    with (tmp_path / "file").open("w") as file:
        assert run(ops.EpollCtl(epoll.fileno(), ADD, file.fileno())) == -errno.EPERM


def test_epoll_wait_takes_the_events_that_are_there(requires, run, epoll, pipe):
    requires(opcode=Opcode.EPOLL_WAIT)
    assert run(ops.EpollCtl(epoll.fileno(), ADD, pipe[0], data=2**64 - 1)) == 0
    assert run(ops.EpollCtl(epoll.fileno(), ADD, pipe[1], events=EpollEvents.OUT)) == 0
    os.write(pipe[1], b"x")
    room = EpollRoom(4)
    assert run(ops.EpollWait(epoll.fileno(), room)) == 2
    assert sorted(room.events(2)) == [
        (EpollEvents.IN, 2**64 - 1),
        (EpollEvents.OUT, pipe[1]),
    ]
    assert len(room.events(99)) == 4
    assert repr(room) == "<EpollRoom for 4 events>"
    assert run(ops.EpollWait(epoll.fileno(), EpollRoom(1))) == 1
    assert run(ops.EpollWait(pipe[0], room)) == -errno.EINVAL


def test_epoll_wait_waits_and_holds_its_room(requires, ring, epoll, pipe, collect):
    requires(opcode=Opcode.EPOLL_WAIT)
    epoll.register(pipe[0], EpollEvents.IN)
    before = memory_stats()[0]
    ring.sq().push(ops.EpollWait(epoll.fileno(), EpollRoom(2)))
    ring.submit()
    collect()
    assert not ring.cq()
    assert memory_stats()[0] == before + 1
    os.write(pipe[1], b"x")
    assert [cqe.res for cqe in ring.cq(1, timeout=5)] == [1]
    assert memory_stats()[0] == before


def test_epoll_wait_takes_a_registered_file(requires, ring, run, epoll, pipe):
    requires(opcode=Opcode.EPOLL_WAIT)
    epoll.register(pipe[1], EpollEvents.OUT)
    ring.files.register([epoll])
    assert run(ops.EpollWait(FixedFd(0), EpollRoom(2))) == 1


@pytest.mark.parametrize("size", [0, -1, 2**30])
def test_a_room_has_a_size(size):
    with pytest.raises(ValueError, match="room for"):
        EpollRoom(size)


@pytest.mark.parametrize(
    "make",
    [
        lambda: ops.EpollCtl(FixedFd(0), ADD, 3),
        lambda: ops.EpollCtl(3, "ADD", 3),
        lambda: ops.EpollCtl(3, ADD, FixedFd(0)),
        lambda: ops.EpollCtl(3, ADD, 3, events="IN"),
        lambda: ops.EpollCtl(3, ADD, 3, data=2**64),
        lambda: ops.EpollWait(3, 8),
        lambda: ops.EpollWait(None, EpollRoom()),
    ],
)
def test_what_does_not_fit_is_refused(make):
    with pytest.raises(OperandError):
        make()
