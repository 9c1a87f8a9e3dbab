"""Requests as values: one class an opcode, encoded when it is made.

>>> from uringlab import Buffer, ops
>>> op = ops.Read(3, Buffer(64), user_data=7)  # then ring.sq().push(op)

Each class is loaded when it is first asked for, so a program pays for those that it uses.
"""

from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from uringlab.core.ops.advice import Fadvise, Madvise
    from uringlab.core.ops.cancel import AsyncCancel
    from uringlab.core.ops.commands import UringCmd, UringCmd128
    from uringlab.core.ops.declare import DecodedSqe, Op, Operand, decode
    from uringlab.core.ops.epoll import EpollCtl, EpollWait
    from uringlab.core.ops.everything import BY_OPCODE
    from uringlab.core.ops.files import Close, FilesUpdate, FixedFdInstall, Openat, Openat2
    from uringlab.core.ops.fixed import ReadFixed, ReadvFixed, WriteFixed, WritevFixed
    from uringlab.core.ops.flush import Fsync, SyncFileRange
    from uringlab.core.ops.futex import FutexWait, FutexWaitv, FutexWake
    from uringlab.core.ops.messages import Recv, Recvmsg, Send, Sendmsg
    from uringlab.core.ops.nop import Nop, Nop128
    from uringlab.core.ops.paths import Linkat, Mkdirat, Renameat, Statx, Symlinkat, Unlinkat
    from uringlab.core.ops.pipes import Pipe, Splice, Tee
    from uringlab.core.ops.poll import PollAdd, PollRemove
    from uringlab.core.ops.processes import Waitid
    from uringlab.core.ops.provided import ProvideBuffers, RemoveBuffers
    from uringlab.core.ops.readwrite import Read, ReadMultishot, Readv, Write, Writev
    from uringlab.core.ops.rings import MsgRing
    from uringlab.core.ops.sockets import Accept, Bind, Connect, Listen, Shutdown, Socket
    from uringlab.core.ops.space import Fallocate, Ftruncate
    from uringlab.core.ops.timeouts import LinkTimeout, Timeout, TimeoutRemove
    from uringlab.core.ops.xattr import Fgetxattr, Fsetxattr, Getxattr, Setxattr
    from uringlab.core.ops.zerocopy import RecvZc, SendmsgZc, SendZc

MODULES = {
    "advice": "Fadvise Madvise",
    "cancel": "AsyncCancel",
    "commands": "UringCmd UringCmd128",
    "declare": "DecodedSqe Op Operand decode",
    "epoll": "EpollCtl EpollWait",
    "everything": "BY_OPCODE",
    "files": "Close FilesUpdate FixedFdInstall Openat Openat2",
    "fixed": "ReadFixed ReadvFixed WriteFixed WritevFixed",
    "flush": "Fsync SyncFileRange",
    "futex": "FutexWait FutexWaitv FutexWake",
    "messages": "Recv Recvmsg Send Sendmsg",
    "nop": "Nop Nop128",
    "paths": "Linkat Mkdirat Renameat Statx Symlinkat Unlinkat",
    "pipes": "Pipe Splice Tee",
    "poll": "PollAdd PollRemove",
    "processes": "Waitid",
    "provided": "ProvideBuffers RemoveBuffers",
    "readwrite": "Read ReadMultishot Readv Write Writev",
    "rings": "MsgRing",
    "sockets": "Accept Bind Connect Listen Shutdown Socket",
    "space": "Fallocate Ftruncate",
    "timeouts": "LinkTimeout Timeout TimeoutRemove",
    "xattr": "Fgetxattr Fsetxattr Getxattr Setxattr",
    "zerocopy": "RecvZc SendZc SendmsgZc",
}
_HOME = {name: module for module, names in MODULES.items() for name in names.split()}


def __getattr__(name: str) -> object:
    """Load the module that has the name."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """Every name, loaded or not."""
    return sorted(globals().keys() | _HOME.keys())


__all__ = [
    "BY_OPCODE",
    "Accept",
    "AsyncCancel",
    "Bind",
    "Close",
    "Connect",
    "DecodedSqe",
    "EpollCtl",
    "EpollWait",
    "Fadvise",
    "Fallocate",
    "Fgetxattr",
    "FilesUpdate",
    "FixedFdInstall",
    "Fsetxattr",
    "Fsync",
    "Ftruncate",
    "FutexWait",
    "FutexWaitv",
    "FutexWake",
    "Getxattr",
    "LinkTimeout",
    "Linkat",
    "Listen",
    "Madvise",
    "Mkdirat",
    "MsgRing",
    "Nop",
    "Nop128",
    "Op",
    "Openat",
    "Openat2",
    "Operand",
    "Pipe",
    "PollAdd",
    "PollRemove",
    "ProvideBuffers",
    "Read",
    "ReadFixed",
    "ReadMultishot",
    "Readv",
    "ReadvFixed",
    "Recv",
    "RecvZc",
    "Recvmsg",
    "RemoveBuffers",
    "Renameat",
    "Send",
    "SendZc",
    "Sendmsg",
    "SendmsgZc",
    "Setxattr",
    "Shutdown",
    "Socket",
    "Splice",
    "Statx",
    "Symlinkat",
    "SyncFileRange",
    "Tee",
    "Timeout",
    "TimeoutRemove",
    "Unlinkat",
    "UringCmd",
    "UringCmd128",
    "Waitid",
    "Write",
    "WriteFixed",
    "Writev",
    "WritevFixed",
    "decode",
]
