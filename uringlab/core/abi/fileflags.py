"""The flags of what io_uring does with files and paths; most are those of the system calls."""

from __future__ import annotations

import os

from uringlab.core.abi.named import Flags, Named


class FsyncFlags(Flags, prefix="IORING_FSYNC_", man="io_uring_prep_fsync(3)"):
    """`sqe->fsync_flags`."""

    DATASYNC = 1 << 0, "5.1", "as fdatasync(2): leave out what reading does not need"


class RwFlags(Flags, prefix="RWF_", man="readv(2)"):
    """`sqe->rw_flags`: preadv2(2), pwritev2(2)."""

    HIPRI = 1 << 0, "5.1", "poll for the completion (on IOPOLL rings it is always set)"
    DSYNC = 1 << 1, "5.1", "written to the device when it completes, as by O_DSYNC"
    SYNC = 1 << 2, "5.1", "that and all metadata, as by O_SYNC"
    NOWAIT = 1 << 3, "5.1", "EAGAIN rather than wait"
    APPEND = 1 << 4, "5.1", "write at the end, as by O_APPEND"
    NOAPPEND = 1 << 5, "6.9", "do not, in spite of O_APPEND"
    ATOMIC = 1 << 6, "6.11", "all of it or nothing, even if power fails"
    DONTCACHE = 1 << 7, "6.14", "drop it from the page cache afterwards"
    NOSIGNAL = 1 << 8, "6.18", "no SIGPIPE"


class SpliceFlags(Flags, prefix="SPLICE_F_", man="splice(2)"):
    """`sqe->splice_flags`: splice(2), tee(2)."""

    MOVE = 1 << 0, "5.7", "move pages rather than copy (only a hint)"
    NONBLOCK = 1 << 1, "5.7", "do not block on the pipe"
    MORE = 1 << 2, "5.7", "more will follow"
    FD_IN_FIXED = 1 << 31, "5.7", "splice_fd_in is an index of the registered files"


class SyncRangeFlags(Flags, prefix="SYNC_FILE_RANGE_", man="sync_file_range(2)"):
    """`sqe->sync_range_flags`: sync_file_range(2)."""

    WAIT_BEFORE = 1 << 0, "5.2", "wait for write-back that is under way, first"
    WRITE = 1 << 1, "5.2", "start write-back of what is dirty"
    WAIT_AFTER = 1 << 2, "5.2", "wait for it, afterwards"


class RenameFlags(Flags, prefix="RENAME_", man="rename(2)"):
    """`sqe->rename_flags`: renameat2(2)."""

    NOREPLACE = 1 << 0, "5.11", "EEXIST rather than replace what has the new name"
    EXCHANGE = 1 << 1, "5.11", "swap the two"
    WHITEOUT = 1 << 2, "5.11", "leave a whiteout behind (overlay file systems)"


class UnlinkFlags(Flags, prefix="AT_", man="unlink(2)"):
    """`sqe->unlink_flags`: unlinkat(2)."""

    REMOVEDIR = 0x200, "5.11", "remove an empty directory, as rmdir(2)"


class LinkFlags(Flags, prefix="AT_", man="link(2)"):
    """`sqe->hardlink_flags`: linkat(2)."""

    SYMLINK_FOLLOW = 0x400, "5.15", "link what a symbolic link points to"
    EMPTY_PATH = 0x1000, "5.15", "an empty path means the fd itself"


class StatxFlags(Flags, prefix="AT_", man="statx(2)"):
    """`sqe->statx_flags`: statx(2)."""

    SYMLINK_NOFOLLOW = 0x100, "5.6", "about the link, not what it points to"
    NO_AUTOMOUNT = 0x800, "5.6", "do not mount what would be mounted on access"
    EMPTY_PATH = 0x1000, "5.6", "an empty path means the fd itself"
    FORCE_SYNC = 0x2000, "5.6", "ask the server of a network file system", "AT_STATX_FORCE_SYNC"
    DONT_SYNC = 0x4000, "5.6", "what is cached will do", "AT_STATX_DONT_SYNC"


class StatxMask(Flags, prefix="STATX_", man="statx(2)"):
    """`sqe->len` of STATX: what is wanted; `stx_mask`: what was there."""

    TYPE = 0x1, "5.6", "the kind of file"
    MODE = 0x2, "5.6", "the permission bits"
    NLINK = 0x4, "5.6", "the number of hard links"
    UID = 0x8, "5.6", "the owner"
    GID = 0x10, "5.6", "the group"
    ATIME = 0x20, "5.6", "the last access"
    MTIME = 0x40, "5.6", "the last write"
    CTIME = 0x80, "5.6", "the last change of the inode"
    INO = 0x100, "5.6", "the inode's number"
    SIZE = 0x200, "5.6", "the size in bytes"
    BLOCKS = 0x400, "5.6", "the room taken, in 512 bytes"
    BASIC_STATS = 0x7FF, "5.6", "all of these: what stat(2) tells"
    BTIME = 0x800, "5.6", "when it was made"
    MNT_ID = 0x1000, "5.8", "the mount's number"
    DIOALIGN = 0x2000, "6.1", "how O_DIRECT must be aligned"
    MNT_ID_UNIQUE = 0x4000, "6.8", "the mount's number, never used again"
    SUBVOL = 0x8000, "6.10", "the subvolume"
    WRITE_ATOMIC = 0x10000, "6.11", "how large an ATOMIC write can be"
    DIO_READ_ALIGN = 0x20000, "6.14", "how O_DIRECT reads must be aligned"


class XattrFlags(Flags, prefix="XATTR_", man="setxattr(2)"):
    """`sqe->xattr_flags`: setxattr(2)."""

    CREATE = 1 << 0, "5.19", "EEXIST if it is there already"
    REPLACE = 1 << 1, "5.19", "ENODATA if it is not there yet"


class FallocateMode(Flags, prefix="FALLOC_FL_", man="fallocate(2)"):
    """`sqe->len` of FALLOCATE: fallocate(2)'s mode; without any, room is reserved."""

    KEEP_SIZE = 0x01, "5.6", "the file's size stays"
    PUNCH_HOLE = 0x02, "5.6", "give the room back; it reads as zeros (needs KEEP_SIZE)"
    COLLAPSE_RANGE = 0x08, "5.6", "cut it out; what follows moves down"
    ZERO_RANGE = 0x10, "5.6", "make it zeros"
    INSERT_RANGE = 0x20, "5.6", "put a hole in; what follows moves up"
    UNSHARE_RANGE = 0x40, "5.6", "own copies of what is shared with other files"
    WRITE_ZEROES = 0x80, "6.17", "make it zeros, written to the device"


class Fadvice(Named, prefix="POSIX_FADV_", man="posix_fadvise(2)"):
    """`sqe->fadvise_advice` of FADVISE: posix_fadvise(2)."""

    NORMAL = 0, "5.6", "nothing special"
    RANDOM = 1, "5.6", "in no order: do not read ahead"
    SEQUENTIAL = 2, "5.6", "from start to end: read ahead more"
    WILLNEED = 3, "5.6", "soon: read it now"
    DONTNEED = 4, "5.6", "not soon: drop it from the page cache"
    NOREUSE = 5, "5.6", "once only"


class ResolveFlags(Flags, prefix="RESOLVE_", man="openat2(2)"):
    """`open_how->resolve`: openat2(2)."""

    NO_XDEV = 0x01, "5.6", "do not cross into another mount"
    NO_MAGICLINKS = 0x02, "5.6", "do not follow links such as /proc/PID/fd/N"
    NO_SYMLINKS = 0x04, "5.6", "do not follow any symbolic link"
    BENEATH = 0x08, "5.6", "never leave the directory"
    IN_ROOT = 0x10, "5.6", "the directory is the root"
    CACHED = 0x20, "5.12", "EAGAIN if it is not all in the caches"


class PipeFlags(Flags, prefix="O_", man="pipe(2)"):
    """`sqe->pipe_flags`: pipe2(2)."""

    CLOEXEC = os.O_CLOEXEC, "6.16", "execve(2) closes both fds"
    NONBLOCK = os.O_NONBLOCK, "6.16", "EAGAIN rather than wait"
    DIRECT = os.O_DIRECT, "6.16", "each write is a packet, and read as one"
