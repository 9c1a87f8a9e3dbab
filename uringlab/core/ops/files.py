"""Files: open and close them, as fds and as registered files."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from uringlab.core import abi
from uringlab.core.abi import InstallFlags, Opcode, ResolveFlags
from uringlab.core.errors import OperandError
from uringlab.core.fd import AnyFd, AnySlot, FixedFd, OwnedFd
from uringlab.core.fdroom import FdRoom
from uringlab.core.ops.declare import Op, operand, option
from uringlab.core.ops.kinds import (
    Bits,
    ClosedFile,
    DirFd,
    FirstSlot,
    InStructure,
    Mode,
    OpenBits,
    PathName,
    RegisteredFile,
    Room,
    Slot,
)
from uringlab.core.ops.kinds.texts import lend

if TYPE_CHECKING:
    from collections.abc import Callable

    from uringlab.core.ops.kinds import Draft

_OPEN_ERRNOS = {
    "EACCES": "the file may not be opened like that by these credentials",
    "EEXIST": "CREAT and EXCL were asked for, and it is there already",
    "EISDIR": "it is a directory, and those are not opened for writing",
    "ELOOP": "too many symbolic links, or one where none may be followed",
    "EMFILE": "this process has as many fds as RLIMIT_NOFILE allows",
    "ENFILE": "slot=ALLOC: no place in the table of registered files is free",
    "ENOENT": "there is no such file, and CREAT was not asked for",
    "ENOTDIR": "a part of the path is no directory, or `dir` is none",
    "ENXIO": "slot: there is no table of registered files; or nobody reads that FIFO",
    "EINVAL": "the flags make no sense together, or CLOEXEC with a slot, or no such slot",
}
_CREATING = os.O_CREAT | (os.O_TMPFILE & ~os.O_DIRECTORY)
_SLOT_DOC = "make it a registered file, in this place or (ALLOC) a free one: no fd"


class Openat(
    Op,
    opcode=Opcode.OPENAT,
    usage=("path",),
    result="the new fd; with slot: 0, or with slot=ALLOC the place that was picked",
    example="openat notes.txt open_flags=RDWR|CREAT -> r1",
    c="io_uring_prep_openat(sqe, {dir}, {path}, {open_flags}, {mode});",
    man="io_uring_prep_openat(3)",
    errnos=_OPEN_ERRNOS,
):
    """Open a file; `res` is its fd. The path is copied at submission.

    The fd is yours to close: see `OwnedFd`. With `slot` there is no fd, and the ring owns the
    file until CLOSE, FILES_UPDATE or the ring's end; slots are of 5.15, ALLOC of 5.19.
    """

    path: str | bytes | os.PathLike[str] = operand("addr", PathName(), "the file's path")
    open_flags: int = option("op_flags", OpenBits(), "open(2)'s O_*", default=os.O_RDONLY)
    mode: int = option("len", Mode(), "permissions of a file that is made", default=0o644)
    dir: AnyFd = option(
        "fd", DirFd(), "the directory a relative path starts from", default=abi.AT_FDCWD
    )
    slot: AnySlot | None = option("file_index", Slot(), _SLOT_DOC, default=None)


class Openat2(
    Op,
    opcode=Opcode.OPENAT2,
    usage=("path",),
    result="the new fd; with slot: 0, or with slot=ALLOC the place that was picked",
    example="openat2 notes.txt resolve=BENEATH slot=alloc -> r1",
    c="struct open_how how = {{ .flags = {open_flags}, .mode = {mode}, .resolve = {resolve} }}; "
    "io_uring_prep_openat2(sqe, {dir}, {path}, &how);",
    man="io_uring_prep_openat2(3)",
    errnos=_OPEN_ERRNOS
    | {
        "E2BIG": "this kernel does not know all fields of open_how",
        "EAGAIN": "CACHED: it is not all in the caches; or the path changed underneath",
        "EINVAL": "a flag that is not known (OPENAT ignores those), a mode without CREAT, BENEATH "
        "with IN_ROOT, CLOEXEC with a slot, or no such slot",
        "EXDEV": "the path leaves the directory (BENEATH, IN_ROOT) or the mount (NO_XDEV)",
    },
    constants={"len": abi.OPEN_HOW.size},
):
    """Open a file, with rules about the path: openat2(2). Path and rules are copied at submission.

    Owning is as for `Openat`.
    """

    path: str | bytes | os.PathLike[str] = operand("addr", PathName(), "the file's path")
    open_flags: int = option("off", InStructure(OpenBits()), "open(2)'s O_*", default=os.O_RDONLY)
    mode: int | None = option(
        "off", InStructure(Mode()), "permissions of a file that is made (0644)", default=None
    )
    resolve: ResolveFlags = option(
        "off", InStructure(Bits(ResolveFlags)), "RESOLVE_*", default=ResolveFlags(0)
    )
    dir: AnyFd = option(
        "fd", DirFd(), "the directory a relative path starts from", default=abi.AT_FDCWD
    )
    slot: AnySlot | None = option("file_index", Slot(), _SLOT_DOC, default=None)

    def finish(self, draft: Draft) -> None:
        """The three lie in a `struct open_how`, which the kernel copies with the SQE."""
        mode = self.mode
        if mode is None:  # the kernel refuses a mode where nothing is made
            mode = 0o644 if self.open_flags & _CREATING else 0
        if min(self.open_flags, mode, self.resolve) < 0:
            raise OperandError("open_flags, mode and resolve are from 0 up")
        how = abi.OPEN_HOW.pack(flags=self.open_flags, mode=mode, resolve=int(self.resolve))
        lend(draft, "off", how)


class Close(
    Op,
    opcode=Opcode.CLOSE,
    usage=("fd",),
    result="0",
    example="close f -> r1",
    c="io_uring_prep_close(sqe, {fd});",
    man="io_uring_prep_close(3)",
    errnos={
        "EBADF": "no such fd is open: perhaps it was closed before; or that place is empty; or "
        "it is a ring, which can only be closed by close(2)",
        "EINVAL": "there is no such place in the table of registered files",
        "ENXIO": "there is no table of registered files",
    },
):
    """Close an fd, or empty a place of the table of registered files.

    A `FixedFd`, or `slot=`, is such a place (5.15). An `OwnedFd` stops owning its fd once this
    op is staged: the kernel closes it.
    """

    fd: AnyFd | None = operand("fd", ClosedFile(), "what to close", default=None)
    slot: int | FixedFd | None = option(
        "file_index", Slot(), "or the registered file to let go of", default=None
    )

    def finish(self, draft: Draft) -> None:
        """One of the two."""
        if (self.fd is None) == (self.slot is None):
            raise OperandError("close takes an fd or a slot")
        if self.slot is not None and not isinstance(self.slot, (int, FixedFd)):
            raise OperandError("close takes the slot by its number")

    def claim(self) -> Callable[[], None]:
        """Two closers of one number would close somebody else's file."""
        if not isinstance(self.fd, OwnedFd) or not self.fd.owned:
            return super().claim()
        self.fd.give_up()
        return self.fd.take_back


class FixedFdInstall(
    Op,
    opcode=Opcode.FIXED_FD_INSTALL,
    usage=("fd",),
    result="the new fd",
    example="fixed_fd_install fixed:0 -> r1",
    c="io_uring_prep_fixed_fd_install(sqe, {fd}, {install_flags});",
    man="io_uring_prep_fixed_fd_install(3)",
    errnos={
        "EBADF": "that place of the table is empty, or there is no table",
        "EMFILE": "this process has as many fds as RLIMIT_NOFILE allows",
        "EPERM": "it was asked for with a personality: fds are made with one's own credentials",
    },
):
    """Make an fd of a registered file, which stays registered. It is yours to close."""

    fd: int | FixedFd = operand("fd", RegisteredFile(), "the registered file")
    install_flags: InstallFlags = option(
        "op_flags",
        Bits(InstallFlags),
        "FIXED_FD_NO_CLOEXEC: execve(2) leaves it open",
        default=InstallFlags(0),
    )


class FilesUpdate(
    Op,
    opcode=Opcode.FILES_UPDATE,
    usage=("fds",),
    result="how many places were changed",
    example="files_update f,rd slot=alloc -> r1",
    c="io_uring_prep_files_update(sqe, {fds}, n, {slot});",
    man="io_uring_prep_files_update(3)",
    errnos={
        "EBADF": "one of the fds is not open, or is a ring",
        "EINVAL": "there are not that many places, or no fds were given",
        "ENFILE": "slot=ALLOC: no place is free",
        "ENXIO": "there is no table of registered files",
    },
):
    """Put fds into the table of registered files, as IORING_REGISTER_FILES_UPDATE does.

    In `fds`, -1 empties a place and `abi.REGISTER_FILES_SKIP` leaves it as it is. With slot=ALLOC
    (5.19) the kernel picks the places, and writes each one over its fd. The fds stay open: a
    registered file is a reference of the ring's own.
    """

    fds: FdRoom = operand("addr", Room(FdRoom, count="len"), "the fds")
    slot: AnySlot = option(
        "off", FirstSlot(), "the first place, or ALLOC for any that are free", default=0
    )
