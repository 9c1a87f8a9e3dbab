"""Extended attributes: names with values that a file carries about. See xattr(7).

On Linux 6.18 a failure of these breaks no link, and is silent with CQE_SKIP_SUCCESS: the kernel
does not count it as one (io_uring/xattr.c).
"""

from __future__ import annotations

from uringlab.core.abi import Opcode, XattrFlags
from uringlab.core.buffers import Memory
from uringlab.core.fd import AnyFd
from uringlab.core.ops.declare import Op, operand, option
from uringlab.core.ops.kinds import Bits, Block, File, Name, Number, PathName
from uringlab.core.ops.paths import AnyPath

_NAME = "the attribute's name, as in user.colour"
_ERRNOS = {
    "EACCES": "these credentials may not see or change it",
    "ENODATA": "the file has no such attribute",
    "EOPNOTSUPP": "the file system has no such attributes, or they are switched off",
    "EPERM": "this kind of file, or this name, is not for these credentials (user.* is only for "
    "regular files and directories)",
    "ERANGE": "the name is empty or too long, or the value does not fit into the buffer",
}
_BY_FD = _ERRNOS | {"EBADF": "the fd is not open, or only as O_PATH"}
_BY_PATH = _ERRNOS | {
    "ELOOP": "too many symbolic links",
    "ENOENT": "there is no such file",
    "ENOTDIR": "a part of the path is no directory",
}
_SETS = {
    "E2BIG": "the value has more than 64 KiB",
    "EEXIST": "CREATE, and it is there already",
    "EINVAL": "flags that setxattr(2) does not know",
    "ENODATA": "REPLACE, and it is not there yet",
    "ENOSPC": "the file system has no room for it",
    "EROFS": "the file system is read-only",
}


class Fsetxattr(
    Op,
    opcode=Opcode.FSETXATTR,
    usage=("fd", "name", "value"),
    result="0",
    example='fsetxattr f user.colour "blue" -> r1',
    c="io_uring_prep_fsetxattr(sqe, {fd}, {name}, {value}, {xattr_flags}, {len});",
    man="io_uring_prep_fsetxattr(3)",
    errnos=_BY_FD | _SETS,
):
    """Set an extended attribute of an open file. Its name is copied at submission."""

    fd: AnyFd = operand("fd", File(), "the file")
    name: str | bytes = operand("addr", Name(), _NAME)
    value: Memory | bytes = operand("off", Block(kernel_writes=False), "its value")
    len: int | None = option("len", Number(), "how many bytes of the value", default=None)
    xattr_flags: XattrFlags = option(
        "op_flags",
        Bits(XattrFlags),
        "XATTR_*: only if it is there, or is not",
        default=XattrFlags(0),
    )


class Setxattr(
    Op,
    opcode=Opcode.SETXATTR,
    usage=("path", "name", "value"),
    result="0",
    example='setxattr notes.txt user.colour "blue" -> r1',
    c="io_uring_prep_setxattr(sqe, {name}, {value}, {path}, {xattr_flags}, {len});",
    man="io_uring_prep_setxattr(3)",
    errnos=_BY_PATH | _SETS,
):
    """Set an extended attribute of a file. Its name and the path are copied at submission.

    A relative path starts from the current directory; a symbolic link is followed.
    """

    path: AnyPath = operand("addr3", PathName(), "the file's path")
    name: str | bytes = operand("addr", Name(), _NAME)
    value: Memory | bytes = operand("off", Block(kernel_writes=False), "its value")
    len: int | None = option("len", Number(), "how many bytes of the value", default=None)
    xattr_flags: XattrFlags = option(
        "op_flags",
        Bits(XattrFlags),
        "XATTR_*: only if it is there, or is not",
        default=XattrFlags(0),
    )


class Fgetxattr(
    Op,
    opcode=Opcode.FGETXATTR,
    usage=("fd", "name"),
    result="bytes of the value",
    example="fgetxattr f user.colour buf=b0 -> r1",
    c="io_uring_prep_fgetxattr(sqe, {fd}, {name}, {buf}, {len});",
    man="io_uring_prep_fgetxattr(3)",
    errnos=_BY_FD,
):
    """Read an extended attribute of an open file. The buffer is held until the final CQE.

    With len=0 nothing is written, and `res` is how long the value is.
    """

    fd: AnyFd = operand("fd", File(), "the file")
    name: str | bytes = operand("addr", Name(), _NAME)
    buf: Memory = operand("off", Block(kernel_writes=True), "where the kernel writes the value")
    len: int | None = option("len", Number(), "how many bytes at most", default=None)


class Getxattr(
    Op,
    opcode=Opcode.GETXATTR,
    usage=("path", "name"),
    result="bytes of the value",
    example="getxattr notes.txt user.colour buf=b0 -> r1",
    c="io_uring_prep_getxattr(sqe, {name}, {buf}, {path}, {len});",
    man="io_uring_prep_getxattr(3)",
    errnos=_BY_PATH,
):
    """Read an extended attribute of a file. The buffer is held until the final CQE.

    With len=0 nothing is written, and `res` is how long the value is. A relative path starts
    from the current directory; a symbolic link is followed.
    """

    path: AnyPath = operand("addr3", PathName(), "the file's path")
    name: str | bytes = operand("addr", Name(), _NAME)
    buf: Memory = operand("off", Block(kernel_writes=True), "where the kernel writes the value")
    len: int | None = option("len", Number(), "how many bytes at most", default=None)
