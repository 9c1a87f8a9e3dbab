"""Epoll sets: change them, and take events from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uringlab.core.abi import EPOLL_EVENT, EpollEvents, EpollOp, Opcode
from uringlab.core.epollroom import EpollRoom
from uringlab.core.fd import AnyFd
from uringlab.core.ops.declare import Op, operand, option
from uringlab.core.ops.kinds import Bits, Choice, DirFd, File, InStructure, Number, Room
from uringlab.core.ops.kinds.texts import lend

if TYPE_CHECKING:
    from uringlab.core.ops.kinds import Draft


class EpollCtl(
    Op,
    opcode=Opcode.EPOLL_CTL,
    usage=("fd", "op", "target"),
    result="0",
    example="epoll_ctl e add rd -> r1",
    c="io_uring_prep_epoll_ctl(sqe, {fd}, {target}, {op}, &(struct epoll_event){events, data});",
    man="io_uring_prep_epoll_ctl(3)",
    errnos={
        "EBADF": "one of the fds is not open",
        "EEXIST": "ADD: it is in the set already",
        "ENOENT": "MOD, DEL: it is not in the set",
        "EINVAL": "the first is no epoll set, or both are the same one, or there is no such op",
        "EPERM": "this file cannot be polled (a plain file, a directory)",
        "ELOOP": "epoll sets would watch each other in a circle",
        "ENOSPC": "this user watches too many files: /proc/sys/fs/epoll/max_user_watches",
        "EFAULT": "the kernel could not read the event",
    },
):
    """Change what an epoll set watches, as epoll_ctl(2). The event is copied at submission.

    Both are open fds: registered files do not go here.
    """

    fd: AnyFd = operand("fd", DirFd(), "the epoll set")
    op: EpollOp | int = operand("len", Choice(EpollOp), "ADD, MOD, DEL")
    target: AnyFd = operand("off", DirFd(), "what to watch")
    events: EpollEvents = option(
        "addr", InStructure(Bits(EpollEvents)), "what for: EPOLL*", default=EpollEvents.IN
    )
    data: int | None = option(
        "addr",
        InStructure(Number()),
        "64 bits that come with its events (default: the fd)",
        default=None,
    )

    def finish(self, draft: Draft) -> None:
        """Pack the event. The data is the fd's number where nothing else was said, as is usual."""
        data = draft.words["off"] if self.data is None else self.data
        lend(draft, "addr", EPOLL_EVENT.pack(events=int(self.events), data=data % 2**64))


class EpollWait(
    Op,
    opcode=Opcode.EPOLL_WAIT,
    usage=("fd",),
    result="how many events there are",
    example="epoll_wait e -> r1",
    c="io_uring_prep_epoll_wait(sqe, {fd}, {events}, maxevents, 0);",
    man="io_uring_prep_epoll_wait(3)",
    errnos={
        "EBADF": "the fd is not open",
        "EINVAL": "it is no epoll set",
        "EFAULT": "the kernel could not write the events",
        "ECANCELED": "it was cancelled while it waited, or the request it was linked to failed",
    },
):
    """Take the events of an epoll set, and wait until there is one. The room is held till then.

    There is no timeout: link a LINK_TIMEOUT to it.
    """

    fd: AnyFd = operand("fd", File(), "the epoll set")
    events: EpollRoom = operand("addr", Room(EpollRoom, count="len"), "room for the events")
