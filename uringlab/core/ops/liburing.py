"""Every io_uring_prep_* helper of liburing, and how it is said here.

The names are liburing's (2.14); each expression is one that runs, with the names of `stand_ins()`
for what a program would have. `docs/reference/liburing.md` is made from this table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

PREP: Mapping[str, str] = {
    "accept": "ops.Accept(fd, peer=peer)",
    "accept_direct": "ops.Accept(fd, slot=3)",
    "bind": 'ops.Bind(fd, ("127.0.0.1", 0))',
    "cancel": "ops.AsyncCancel(user_data)",
    "cancel64": "ops.AsyncCancel(user_data)",
    "cancel_fd": "ops.AsyncCancel(fd=fd)",
    "close": "ops.Close(fd)",
    "close_direct": "ops.Close(slot=3)",
    "cmd_discard": "ops.UringCmd(fd, abi.BlockCommand.DISCARD, start=0, size=4096)",
    "cmd_getsockname": "ops.UringCmd(fd, abi.SocketCommand.GETSOCKNAME, peer=peer)",
    "cmd_sock": "ops.UringCmd(fd, abi.SocketCommand.SETSOCKOPT, level=1, optname=9, value=1)",
    "connect": 'ops.Connect(fd, ("127.0.0.1", 8080))',
    "epoll_ctl": "ops.EpollCtl(epoll, abi.EpollOp.ADD, fd, events=abi.EpollEvents.IN)",
    "epoll_wait": "ops.EpollWait(epoll, EpollRoom(8))",
    "fadvise": "ops.Fadvise(fd, abi.Fadvice.WILLNEED, off=0, len=4096)",
    "fadvise64": "ops.Fadvise(fd, abi.Fadvice.WILLNEED, off=0, len=2**33)",
    "fallocate": "ops.Fallocate(fd, 4096, off=0, mode=abi.FallocateMode.KEEP_SIZE)",
    "fgetxattr": 'ops.Fgetxattr(fd, "user.colour", buf)',
    "files_update": "ops.FilesUpdate(FdRoom([fd, -1]), slot=3)",
    "fixed_fd_install": "ops.FixedFdInstall(FixedFd(3))",
    "fsetxattr": 'ops.Fsetxattr(fd, "user.colour", b"blue")',
    "fsync": "ops.Fsync(fd, fsync_flags=abi.FsyncFlags.DATASYNC)",
    "ftruncate": "ops.Ftruncate(fd, 100)",
    "futex_wait": "ops.FutexWait(buf, 0)",
    "futex_waitv": "ops.FutexWaitv([buf.part(0, 4), buf.part(4, 4)])",
    "futex_wake": "ops.FutexWake(buf, val=1)",
    "getxattr": 'ops.Getxattr("notes.txt", "user.colour", buf)',
    "link": 'ops.Linkat("notes.txt", "twin.txt")',
    "link_timeout": "ops.LinkTimeout(20_000_000)",
    "linkat": 'ops.Linkat("notes.txt", "twin.txt", dir=fd, new_dir=fd)',
    "listen": "ops.Listen(fd, backlog=16)",
    "madvise": "ops.Madvise(buf, abi.Madvice.WILLNEED)",
    "madvise64": "ops.Madvise(buf.part(0, 4096), abi.Madvice.WILLNEED)",
    "mkdir": 'ops.Mkdirat("drawer", mode=0o755)',
    "mkdirat": 'ops.Mkdirat("drawer", mode=0o755, dir=fd)',
    "msg_ring": "ops.MsgRing(other.fd, res=7, data=9)",
    "msg_ring_cqe_flags": "ops.MsgRing(other.fd, res=7, data=9, cqe_flags=0x10)",
    "msg_ring_fd": "ops.MsgRing(other.fd, file=FixedFd(3), slot=5)",
    "msg_ring_fd_alloc": "ops.MsgRing(other.fd, file=FixedFd(3), slot=ALLOC)",
    "multishot_accept": "ops.Accept(fd, multishot=True)",
    "multishot_accept_direct": "ops.Accept(fd, multishot=True, slot=ALLOC)",
    "nop": "ops.Nop()",
    "nop128": "ops.Nop128()",
    "open": 'ops.Openat("notes.txt", open_flags=os.O_RDWR)',
    "open_direct": 'ops.Openat("notes.txt", open_flags=os.O_RDWR, slot=3)',
    "openat": 'ops.Openat("notes.txt", open_flags=os.O_RDWR, dir=fd)',
    "openat2": 'ops.Openat2("notes.txt", resolve=abi.ResolveFlags.BENEATH, dir=fd)',
    "openat2_direct": 'ops.Openat2("notes.txt", dir=fd, slot=ALLOC)',
    "openat_direct": 'ops.Openat("notes.txt", dir=fd, slot=ALLOC)',
    "pipe": "ops.Pipe(FdRoom())",
    "pipe_direct": "ops.Pipe(FdRoom(), slot=ALLOC)",
    "poll_add": "ops.PollAdd(fd, poll_events=abi.PollEvents.IN)",
    "poll_multishot": "ops.PollAdd(fd, multishot=True)",
    "poll_remove": "ops.PollRemove(user_data)",
    "poll_update": "ops.PollRemove(user_data, poll_events=abi.PollEvents.OUT, new_user_data=9)",
    "provide_buffers": "ops.ProvideBuffers(buf, 7, count=4)",
    "read": "ops.Read(fd, buf, len=100, off=0)",
    "read_fixed": "ops.ReadFixed(fd, buf, buf_index=0)",
    "read_multishot": "ops.ReadMultishot(fd, 7)",
    "readv": "ops.Readv(fd, [buf, buf])",
    "readv2": "ops.Readv(fd, [buf, buf], rw_flags=abi.RwFlags.NOWAIT)",
    "readv_fixed": "ops.ReadvFixed(fd, [buf.part(0, 8), buf.part(8, 8)], buf_index=0)",
    "recv": "ops.Recv(fd, buf)",
    "recv_multishot": "ops.Recv(fd, group=7, multishot=True)",
    "recvmsg": "ops.Recvmsg(fd, [buf])",
    "recvmsg_multishot": "ops.Recvmsg(fd, group=7, multishot=True)",
    "remove_buffers": "ops.RemoveBuffers(7, 4)",
    "rename": 'ops.Renameat("old", "new")',
    "renameat": 'ops.Renameat("old", "new", dir=fd, new_dir=fd)',
    "rw": "slot = ring.sq().slot(); slot.write(opcode=abi.Opcode.NOP)",
    "send": 'ops.Send(fd, b"hello")',
    "send_bundle": "ops.Send(fd, group=7, bundle=True)",
    "send_set_addr": 'ops.Send(fd, b"hello", to=("127.0.0.1", 8080))',
    "send_zc": 'ops.SendZc(fd, b"hello")',
    "send_zc_fixed": "ops.SendZc(fd, buf, buf_index=0)",
    "sendmsg": 'ops.Sendmsg(fd, [b"hello", b"world"])',
    "sendmsg_zc": 'ops.SendmsgZc(fd, [b"hello", b"world"])',
    "sendmsg_zc_fixed": "ops.SendmsgZc(fd, [buf], buf_index=0)",
    "sendto": 'ops.Send(fd, b"hello", to=("127.0.0.1", 8080))',
    "setxattr": 'ops.Setxattr("notes.txt", "user.colour", b"blue")',
    "shutdown": "ops.Shutdown(fd, how=abi.ShutdownHow.WR)",
    "socket": "ops.Socket(abi.AddressFamily.INET, abi.SocketType.STREAM)",
    "socket_direct": "ops.Socket(abi.AddressFamily.INET, abi.SocketType.STREAM, slot=3)",
    "socket_direct_alloc": "ops.Socket(abi.AddressFamily.INET, abi.SocketType.STREAM, slot=ALLOC)",
    "splice": "ops.Splice(fd, fd, 4096, off_in=0)",
    "statx": 'ops.Statx("notes.txt", Statx())',
    "symlink": 'ops.Symlinkat("notes.txt", "shortcut")',
    "symlinkat": 'ops.Symlinkat("notes.txt", "shortcut", dir=fd)',
    "sync_file_range": "ops.SyncFileRange(fd, off=0, len=4096)",
    "tee": "ops.Tee(fd, fd, 4096)",
    "timeout": "ops.Timeout(20_000_000, count=1)",
    "timeout_remove": "ops.TimeoutRemove(user_data)",
    "timeout_update": "ops.TimeoutRemove(user_data, time=50_000_000)",
    "unlink": 'ops.Unlinkat("notes.txt")',
    "unlinkat": 'ops.Unlinkat("drawer", unlink_flags=abi.UnlinkFlags.REMOVEDIR, dir=fd)',
    "uring_cmd": "ops.UringCmd(fd, abi.SocketCommand.SIOCINQ)",
    "uring_cmd128": "ops.UringCmd128(fd, abi.SocketCommand.SIOCINQ)",
    "waitid": "ops.Waitid(pid, info=ChildInfo())",
    "write": 'ops.Write(fd, b"hello", off=0)',
    "write_fixed": "ops.WriteFixed(fd, buf, buf_index=0)",
    "writev": 'ops.Writev(fd, [b"hello", b"world"])',
    "writev2": 'ops.Writev(fd, [b"hello"], rw_flags=abi.RwFlags.DSYNC)',
    "writev_fixed": "ops.WritevFixed(fd, [buf.part(0, 8), buf.part(8, 8)], buf_index=0)",
}
"""Name after `io_uring_prep_` → a Python expression."""

LEFT_OUT: Mapping[str, str] = {
    "cmd_zone_reset_all": "it empties a whole disk: no place for it in a laboratory",
}
"""Helpers that are not said here, and why."""


def stand_ins() -> dict[str, Any]:
    """What the expressions of `PREP` name, for whoever wants to run them."""
    import os  # noqa: PLC0415 (only who runs them needs all this)

    from uringlab.core import abi, ops  # noqa: PLC0415
    from uringlab.core.address import PeerAddress  # noqa: PLC0415
    from uringlab.core.buffers import Buffer  # noqa: PLC0415
    from uringlab.core.childinfo import ChildInfo  # noqa: PLC0415
    from uringlab.core.epollroom import EpollRoom  # noqa: PLC0415
    from uringlab.core.fd import ALLOC, FixedFd, IoUringFd  # noqa: PLC0415
    from uringlab.core.fdroom import FdRoom  # noqa: PLC0415
    from uringlab.core.statx import Statx  # noqa: PLC0415

    class Other:
        fd = IoUringFd(9)

    return {
        "ALLOC": ALLOC,
        "ChildInfo": ChildInfo,
        "EpollRoom": EpollRoom,
        "FdRoom": FdRoom,
        "FixedFd": FixedFd,
        "Statx": Statx,
        "abi": abi,
        "buf": Buffer(4096),
        "epoll": 8,
        "fd": 7,
        "ops": ops,
        "os": os,
        "other": Other,
        "peer": PeerAddress(),
        "pid": 1,
        "user_data": 1,
    }
