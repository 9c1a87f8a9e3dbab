"""Requests as values: one class an opcode, encoded when it is made.

>>> from uringlab import ops
>>> ops.Nop(user_data=7)
Nop(user_data=7, flags=<SqeFlags: 0>)
"""

from uringlab.core.ops.advice import Fadvise, Madvise
from uringlab.core.ops.declare import BY_OPCODE, DecodedSqe, Op, Operand, decode
from uringlab.core.ops.files import Close, FilesUpdate, FixedFdInstall, Openat, Openat2
from uringlab.core.ops.fixed import ReadFixed, ReadvFixed, WriteFixed, WritevFixed
from uringlab.core.ops.flush import Fsync, SyncFileRange
from uringlab.core.ops.nop import Nop
from uringlab.core.ops.paths import Linkat, Mkdirat, Renameat, Statx, Symlinkat, Unlinkat
from uringlab.core.ops.pipes import Pipe, Splice, Tee
from uringlab.core.ops.provided import ProvideBuffers, RemoveBuffers
from uringlab.core.ops.readwrite import Read, ReadMultishot, Readv, Write, Writev
from uringlab.core.ops.space import Fallocate, Ftruncate
from uringlab.core.ops.waiting import AsyncCancel, PollAdd, Timeout
from uringlab.core.ops.xattr import Fgetxattr, Fsetxattr, Getxattr, Setxattr

__all__ = [
    "BY_OPCODE",
    "AsyncCancel",
    "Close",
    "DecodedSqe",
    "Fadvise",
    "Fallocate",
    "Fgetxattr",
    "FilesUpdate",
    "FixedFdInstall",
    "Fsetxattr",
    "Fsync",
    "Ftruncate",
    "Getxattr",
    "Linkat",
    "Madvise",
    "Mkdirat",
    "Nop",
    "Op",
    "Openat",
    "Openat2",
    "Operand",
    "Pipe",
    "PollAdd",
    "ProvideBuffers",
    "Read",
    "ReadFixed",
    "ReadMultishot",
    "Readv",
    "ReadvFixed",
    "RemoveBuffers",
    "Renameat",
    "Setxattr",
    "Splice",
    "Statx",
    "Symlinkat",
    "SyncFileRange",
    "Tee",
    "Timeout",
    "Unlinkat",
    "Write",
    "WriteFixed",
    "Writev",
    "WritevFixed",
    "decode",
]
