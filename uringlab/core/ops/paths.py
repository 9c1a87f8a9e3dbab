"""Files by their paths: ask, rename, remove, make directories and links.

All paths are copied when the SQE is consumed. A directory that they start from is an open fd:
the kernel takes no registered file here.

On Linux 6.18 a failure of these breaks no link, and is silent with CQE_SKIP_SUCCESS: the kernel
does not count it as one (io_uring/fs.c, io_uring/statx.c).
"""

from __future__ import annotations

import os

from uringlab.core import abi
from uringlab.core.abi import (
    LinkFlags,
    Opcode,
    RenameFlags,
    StatxFlags,
    StatxMask,
    UnlinkFlags,
)
from uringlab.core.fd import AnyFd
from uringlab.core.ops.declare import Op, operand, option
from uringlab.core.ops.kinds import Bits, DirFd, LinkTarget, Mode, PathName, Room
from uringlab.core.statx import Statx as StatxRoom

AnyPath = str | bytes | os.PathLike[str]

_DIR = "the directory a relative path starts from"
_ERRNOS = {
    "EACCES": "a directory on the way may not be searched, or written to",
    "EBADF": "the directory's fd is not open",
    "ELOOP": "too many symbolic links",
    "ENAMETOOLONG": "the path, or a part of it, is too long",
    "ENOENT": "there is no such file, or the path is empty",
    "ENOTDIR": "a part of the path is no directory, or the fd is none",
}
_CHANGES = _ERRNOS | {
    "EDQUOT": "the user's share of the device is used up",
    "ENOSPC": "the device is full",
    "EPERM": "the file system, or the file's attributes, forbid it",
    "EROFS": "the file system is read-only",
}


class Statx(
    Op,
    opcode=Opcode.STATX,
    usage=("path",),
    result="0; what was asked for is in the room",
    example="statx notes.txt -> r1",
    c="io_uring_prep_statx(sqe, {dir}, {path}, {statx_flags}, {mask}, {room});",
    man="io_uring_prep_statx(3)",
    errnos=_ERRNOS
    | {
        "EFAULT": "the path or the room is at no good address",
        "EINVAL": "flags or a mask that this kernel does not know",
    },
):
    """Ask about a file: statx(2). The room is held until the final CQE.

    `room` is a `uringlab.Statx()`; read it once the CQE is there.
    """

    path: AnyPath = operand("addr", PathName(), "the file's path; with EMPTY_PATH, dir itself")
    room: StatxRoom = operand("off", Room(StatxRoom), "where the kernel puts the answer")
    mask: StatxMask = option(
        "len", Bits(StatxMask), "STATX_*: what to ask for", default=StatxMask.BASIC_STATS
    )
    statx_flags: StatxFlags = option(
        "op_flags", Bits(StatxFlags), "AT_*: about links, and how fresh", default=StatxFlags(0)
    )
    dir: AnyFd = option("fd", DirFd(), _DIR, default=abi.AT_FDCWD)


class Renameat(
    Op,
    opcode=Opcode.RENAMEAT,
    usage=("path", "new_path"),
    result="0",
    example="renameat notes.txt new.txt -> r1",
    c="io_uring_prep_renameat(sqe, {dir}, {path}, {new_dir}, {new_path}, {rename_flags});",
    man="io_uring_prep_renameat(3)",
    errnos=_CHANGES
    | {
        "EBUSY": "a directory is in use: the root of a mount, or somebody's current one",
        "EEXIST": "NOREPLACE, and something has the new name",
        "EINVAL": "a directory would become its own child; or flags that do not go together, or "
        "that the file system does not know",
        "EISDIR": "the new name is a directory's, and the old one is not",
        "ENOTEMPTY": "the new name is a directory's that has something in it",
        "EXDEV": "the two are on different mounts: copy, and remove",
    },
):
    """Rename a file, and replace what has the new name: renameat2(2)."""

    path: AnyPath = operand("addr", PathName(), "what it is called")
    new_path: AnyPath = operand("off", PathName(), "what it shall be called")
    rename_flags: RenameFlags = option(
        "op_flags", Bits(RenameFlags), "RENAME_*", default=RenameFlags(0)
    )
    dir: AnyFd = option("fd", DirFd(), _DIR, default=abi.AT_FDCWD)
    new_dir: AnyFd = option("len", DirFd(), "the same, for new_path", default=abi.AT_FDCWD)


class Unlinkat(
    Op,
    opcode=Opcode.UNLINKAT,
    usage=("path",),
    result="0",
    example="unlinkat notes.txt -> r1",
    c="io_uring_prep_unlinkat(sqe, {dir}, {path}, {unlink_flags});",
    man="io_uring_prep_unlinkat(3)",
    errnos=_CHANGES
    | {
        "EBUSY": "it is in use: the root of a mount",
        "EINVAL": "other flags than REMOVEDIR, or the path ends in a dot",
        "EISDIR": "it is a directory: unlink_flags=REMOVEDIR",
        "ENOTDIR": "REMOVEDIR, and it is no directory; or a part of the path is none",
        "ENOTEMPTY": "the directory has something in it",
    },
):
    """Remove a name; the file goes with its last name and its last fd. Or an empty directory."""

    path: AnyPath = operand("addr", PathName(), "what to remove")
    unlink_flags: UnlinkFlags = option(
        "op_flags", Bits(UnlinkFlags), "REMOVEDIR: a directory, as rmdir(2)", default=UnlinkFlags(0)
    )
    dir: AnyFd = option("fd", DirFd(), _DIR, default=abi.AT_FDCWD)


class Mkdirat(
    Op,
    opcode=Opcode.MKDIRAT,
    usage=("path",),
    result="0",
    example="mkdirat drawer -> r1",
    c="io_uring_prep_mkdirat(sqe, {dir}, {path}, {mode});",
    man="io_uring_prep_mkdirat(3)",
    errnos=_CHANGES
    | {"EEXIST": "something has that name", "EMLINK": "the directory it is in has too many"},
):
    """Make a directory."""

    path: AnyPath = operand("addr", PathName(), "its path")
    mode: int = option("len", Mode(), "its permissions, less the umask", default=0o755)
    dir: AnyFd = option("fd", DirFd(), _DIR, default=abi.AT_FDCWD)


class Symlinkat(
    Op,
    opcode=Opcode.SYMLINKAT,
    usage=("target", "path"),
    result="0",
    example="symlinkat notes.txt shortcut -> r1",
    c="io_uring_prep_symlinkat(sqe, {target}, {dir}, {path});",
    man="io_uring_prep_symlinkat(3)",
    errnos=_CHANGES | {"EEXIST": "something has that name", "ENOENT": "a path is empty"},
):
    """Make a symbolic link. What it points to need not be there."""

    target: AnyPath = operand("addr", LinkTarget(), "what it points to: any text")
    path: AnyPath = operand("off", PathName(), "the link's own path")
    dir: AnyFd = option("fd", DirFd(), _DIR, default=abi.AT_FDCWD)


class Linkat(
    Op,
    opcode=Opcode.LINKAT,
    usage=("path", "new_path"),
    result="0",
    example="linkat notes.txt twin.txt -> r1",
    c="io_uring_prep_linkat(sqe, {dir}, {path}, {new_dir}, {new_path}, {hardlink_flags});",
    man="io_uring_prep_linkat(3)",
    errnos=_CHANGES
    | {
        "EEXIST": "something has the new name",
        "EINVAL": "flags that linkat(2) does not know",
        "EMLINK": "the file has too many names",
        "EPERM": "it is a directory, or somebody else's file (fs.protected_hardlinks), or the file "
        "system has no hard links",
        "EXDEV": "the two are on different mounts",
    },
):
    """Give a file one more name: a hard link."""

    path: AnyPath = operand("addr", PathName(), "the file; with EMPTY_PATH, dir itself")
    new_path: AnyPath = operand("off", PathName(), "its new name")
    hardlink_flags: LinkFlags = option(
        "op_flags", Bits(LinkFlags), "AT_*: about symbolic links", default=LinkFlags(0)
    )
    dir: AnyFd = option("fd", DirFd(), _DIR, default=abi.AT_FDCWD)
    new_dir: AnyFd = option("len", DirFd(), "the same, for new_path", default=abi.AT_FDCWD)
