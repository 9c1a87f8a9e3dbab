"""What io_uring in particular means by an errno, by where it is met.

Sources: io_uring_enter(2), io_uring_setup(2), io_uring_register(2), errno(3), and the kernel's
io_uring/. What one opcode means by it stands in that opcode's declaration.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from uringlab.core.errors import errno_name

if TYPE_CHECKING:
    from collections.abc import Mapping

_STREAMS = (
    "Of System V's STREAMS or a network long gone: Linux has the number, and nothing that "
    "io_uring can do returns it."
)
_LIBRARY = "Of loading shared libraries: the C library's own; no request returns it."
_BORROWED = (
    "Of a few drivers that borrow an old number for their own purposes; io_uring has no use for it."
)

IN_IO_URING: dict[str, str] = {
    # -- what io_uring itself says
    "EACCES": "The operation was forbidden: by a file's permissions, or by a restriction that was "
    "registered on the ring.",
    "EAGAIN": "It could not be done without blocking. A plain request never sees this for a file "
    "that can be polled: io_uring waits for it.",
    "EALREADY": "The request to cancel was found, but is running already and cannot be stopped.",
    "EBADF": "The fd is not open, or not open for this. The SQE is taken all the same: this is "
    "in the CQE.",
    "EBADFD": "The file or ring is in no state for this: a ring that is still disabled "
    "(R_DISABLED), or a fd that is no ring's where one is wanted.",
    "EBADR": "A CQE was lost: the kernel had no memory to keep it in when the queue was full. It "
    "is said once, and no request is named.",
    "EBUSY": "It is in use, or there is one already.",
    "ECANCELED": "It was cancelled: by ASYNC_CANCEL, by a link timeout, or because the request it "
    "was linked to did not succeed completely (a short read breaks a chain, too).",
    "EEXIST": "There is one already.",
    "EFAULT": "An address in the SQE leads to memory that is not mapped, or not writable.",
    "EINTR": "A signal came, or the request was cancelled while a worker ran it.",
    "EINVAL": "The kernel does not know the opcode or a flag, or they do not go together.",
    "EIO": "The device reported an error.",
    "EMFILE": "This process has too many files open: see ulimit -n.",
    "ENFILE": "The table of registered files is full (direct descriptors), or the system's is.",
    "ENOBUFS": "The group of provided buffers is empty; a multishot request ends with it. Give "
    "some back, and ask again.",
    "ENOENT": "There is no such file; for a cancel: no request in flight matches.",
    "ENOMEM": "No memory for it, or more pinned than RLIMIT_MEMLOCK allows: see ulimit -l.",
    "ENOSYS": "The kernel has no io_uring, or a seccomp filter hides it.",
    "ENXIO": "There is no such ring, file slot or device.",
    "EOPNOTSUPP": "This kind of file cannot do that; or IO_DRAIN on a ring that has seen "
    "CQE_SKIP_SUCCESS.",
    "EOVERFLOW": "A number is too large for its place; or no CQE could be put into the other ring "
    "(MSG_RING).",
    "EOWNERDEAD": "The task that has to do it is gone: the ring's owner (MSG_RING), or its poll "
    "thread.",
    "EPERM": "io_uring, or this operation, is not allowed for this user or container.",
    "EPIPE": "Nobody reads the other end any more.",
    "ESRCH": "There is no such task: the one whose table or workers were meant has none, or ended.",
    "ETIME": "The time is over. For TIMEOUT this is the ordinary end; a wait with a timeout "
    "ends with it, too.",
    "E2BIG": "There is more of it than the kernel takes, or a structure of a later version has "
    "something in it that this kernel does not know.",
    "EDEADLK": "It would wait for itself: a lock that is held by who asks for it.",
    # -- files
    "EDQUOT": "The user's quota on that file system is used up.",
    "EFBIG": "The file would be larger than its file system or RLIMIT_FSIZE allows.",
    "EILSEQ": "A name or text is not of the encoding that the file system wants.",
    "EISDIR": "It is a directory, and this is for files.",
    "ELOOP": "Too many symbolic links, or one where none may be followed.",
    "EMLINK": "The file has as many links as its file system allows.",
    "ENAMETOOLONG": "A name is longer than 255 bytes, or a path than 4095.",
    "ENODATA": "There is no such extended attribute.",
    "ENOLCK": "No lock could be had: a file system over the network, mostly.",
    "ENOSPC": "The device is full; for epoll: the user's watches are used up.",
    "ENOTBLK": "It is no block device.",
    "ENOTDIR": "A part of the path is no directory.",
    "ENOTEMPTY": "The directory is not empty.",
    "ENOTTY": "The file's driver does not know that command (ioctl, URING_CMD).",
    "ERANGE": "The room given is too small, or a number out of range.",
    "EROFS": "The file system is mounted read-only.",
    "ESPIPE": "A pipe or socket has no position: no offset, no range.",
    "ESTALE": "The server no longer knows the file that is open (NFS and the like).",
    "ETXTBSY": "The file is a program that is being run.",
    "EUCLEAN": "The file system found itself damaged.",
    "EXDEV": "It would cross from one file system to another, or leave the directory (RESOLVE_*).",
    "EBADMSG": "What was read is damaged: a checksum does not match.",
    # -- sockets
    "EADDRINUSE": "That address and port are taken.",
    "EADDRNOTAVAIL": "This machine has no such address, or no port is left.",
    "EAFNOSUPPORT": "The socket is of another family than the address.",
    "ECONNABORTED": "The other side was gone before the connection was accepted.",
    "ECONNREFUSED": "Nobody listens there.",
    "ECONNRESET": "The other side broke the connection off.",
    "EDESTADDRREQ": "The socket is not connected, and no address was given.",
    "EHOSTDOWN": "The host does not answer.",
    "EHOSTUNREACH": "There is no way to that host.",
    "EINPROGRESS": "The connection is being made: the socket does not block.",
    "EISCONN": "The socket is connected already.",
    "EMSGSIZE": "The message is too large to be sent in one piece.",
    "ENETDOWN": "The network interface is down.",
    "ENETRESET": "The network broke the connection off.",
    "ENETUNREACH": "There is no way to that network.",
    "ENOPROTOOPT": "There is no such socket option.",
    "ENOTCONN": "The socket is not connected.",
    "ENOTSOCK": "The fd is no socket.",
    "EPFNOSUPPORT": "The kernel has no such family of protocols.",
    "EPROTO": "The other side broke the protocol's rules.",
    "EPROTONOSUPPORT": "The family has no such protocol.",
    "EPROTOTYPE": "The socket's type and protocol do not go together.",
    "ESHUTDOWN": "The socket or device was shut down.",
    "ESOCKTNOSUPPORT": "The family has no such type of socket.",
    "ETIMEDOUT": "The other side did not answer in time. Not the end of a TIMEOUT: that is ETIME.",
    "ETOOMANYREFS": "Too many fds are under way in messages.",
    # -- processes, memory, devices
    "ECHILD": "There is no such child, or it has been waited for already.",
    "ENODEV": "The file's kind, or the device, cannot do this, or it is gone.",
    "ENOEXEC": "It is no program that the kernel can run.",
    "ENOMEDIUM": "There is no disk in the drive.",
    "EMEDIUMTYPE": "It is the wrong kind of disk for that.",
    "EREMOTEIO": "The device at the other end of a bus or cable reported an error.",
    "ERFKILL": "The radio is switched off.",
    "ENOTRECOVERABLE": "A lock's owner died, and its state cannot be repaired.",
    "EKEYEXPIRED": "The key (of an encrypted file or a network file system) has expired.",
    "EKEYREJECTED": "The key was refused.",
    "EKEYREVOKED": "The key was withdrawn.",
    "ENOKEY": "The key for it is not there: an encrypted directory that is locked, for one.",
    "EDOM": "A number is outside of what is defined.",
    "ENOMSG": "There is no message of that type.",
    "EIDRM": "What was waited on (a queue, a set of semaphores) was removed.",
    "EUSERS": "Too many users of it.",
    "EREMOTE": "The thing is on another machine.",
    "ENOLINK": "The connection to another machine is cut.",
    "ECOMM": "Sending failed on the way.",
    "ENOPKG": "The kernel was built without what this needs.",
    "ENOTUNIQ": "The name is not the only one on the network.",
    "EREMCHG": "The address at the other end has changed.",
    "ENONET": "The machine is not on the network.",
    "EISNAM": "It is a file of a kind that has a name only (XENIX).",
    "ERESTART": "Of the kernel: the call is to be made again; where it is seen, a signal came.",
    # -- old numbers
    **dict.fromkeys(
        ("EADV", "ENOSR", "ENOSTR", "ESTRPIPE", "ESRMNT", "EMULTIHOP", "EDOTDOT", "ENOANO"),
        _STREAMS,
    ),
    **dict.fromkeys(("ELIBACC", "ELIBBAD", "ELIBSCN", "ELIBMAX", "ELIBEXEC"), _LIBRARY),
    **dict.fromkeys(
        ("ECHRNG", "EL2NSYNC", "EL3HLT", "EL3RST", "ELNRNG", "EUNATCH", "ENOCSI", "EL2HLT"),
        _BORROWED,
    ),
    **dict.fromkeys(
        ("EBADE", "EXFULL", "EBADRQC", "EBADSLT", "EBFONT", "ENOTNAM", "ENAVAIL"), _BORROWED
    ),
    # -- internal to the kernel, and seen in CQEs only
    "ERESTARTSYS": "The kernel's own word for a signal that came while it waited. No system call "
    "returns it, but a CQE may have it: the request was cancelled in a worker. Take it as EINTR.",
    "ERESTARTNOINTR": "The kernel's own word for: do it again at once. No system call returns it; "
    "in "
    "a CQE take it as EINTR.",
    "ERESTARTNOHAND": "The kernel's own word for: do it again if no handler ran. No system call "
    "returns it; in a CQE take it as EINTR.",
    "ERESTART_RESTARTBLOCK": "The kernel's own word for a wait that goes on with what time is "
    "left. "
    "No system call returns it; in a CQE take it as EINTR.",
}
"""In a CQE, or in general. A sentence or two, for every errno there is."""

FROM_ENTER: dict[str, str] = {
    "EAGAIN": "the kernel has no memory for a request now: reap, and enter again",
    "EBADF": "there is no such fd",
    "EBADFD": "the ring is disabled: it was made with R_DISABLED",
    "EBADR": "a CQE was lost for want of memory; said once",
    "EBUSY": "the completion queue is overflown: reap, then go on",
    "EEXIST": "the ring has a single issuer, and this is not its thread",
    "EFAULT": "the argument (timeout, signal mask) is not in memory",
    "EINTR": "a signal came while it waited; what was submitted stays submitted",
    "EINVAL": "unknown flags, or arguments that clash",
    "ENXIO": "the ring is being torn down",
    "EOPNOTSUPP": "the fd is no ring's",
    "EOWNERDEAD": "the poll thread is dead (SQPOLL)",
    "ETIME": "the time that the wait was given is over",
}
"""What io_uring_enter(2) itself means by it: a clause."""

FROM_SETUP: dict[str, str] = {
    "EAGAIN": "the poll thread could not be started: see ulimit -u",
    "EBADF": "ATTACH_WQ: wq_fd is not open",
    "EBUSY": "REGISTERED_FD_ONLY: the thread's 16 places are taken",
    "EFAULT": "the parameters, or the memory of NO_MMAP, are not there",
    "EINVAL": "flags or a size",
    "EMFILE": "too many files open: see ulimit -n",
    "ENFILE": "the system has too many files open",
    "ENOMEM": "the rings would exceed RLIMIT_MEMLOCK: see ulimit -l",
    "ENOSYS": "no io_uring in this kernel, or a seccomp filter",
    "ENXIO": "ATTACH_WQ: wq_fd is not open",
    "EPERM": "kernel.io_uring_disabled, a seccomp filter, or SQPOLL before 5.11 without root",
}
"""What io_uring_setup(2) means by it."""

FROM_REGISTER: dict[str, str] = {
    "EACCES": "a restriction of the ring forbids the call",
    "EBADF": "the fd, or one of those to register, is not open",
    "EBADFD": "the ring is not disabled, and this call wants that; or the reverse",
    "EBUSY": "there is one already: unregister it, or update it",
    "EEXIST": "the group is taken, or the ring has a single issuer and this is not it",
    "EFAULT": "arg, or the memory to pin, is not there",
    "EINTR": "a signal came while it waited",
    "EINVAL": "unknown, or wrong arguments",
    "EMFILE": "more files than RLIMIT_NOFILE allows",
    "ENOENT": "there is nothing like that registered, or in flight",
    "ENOMEM": "no memory, or more pinned than RLIMIT_MEMLOCK allows",
    "ENXIO": "nothing is registered, or the ring is being torn down",
    "EOPNOTSUPP": "the fd is no ring's, or the kernel was built without it",
    "EOVERFLOW": "what is in the queues does not fit, or a range ends past all numbers",
    "EOWNERDEAD": "the task that the other ring belongs to has ended",
    "EPERM": "the index is the ring's only door (REGISTERED_FD_ONLY)",
    "ESRCH": "another thread registered it",
    "ETIME": "SYNC_CANCEL: what was found has not ended in time",
}
"""What io_uring_register(2) means by it."""


def meaning(number: int, table: Mapping[str, str]) -> str | None:
    """What a table says about an errno, by whichever of its names (EOPNOTSUPP is ENOTSUP, too)."""
    names = [name for name, value in vars(errno).items() if value == abs(number)]
    return next((table[name] for name in [*names, errno_name(number)] if name in table), None)


def clause_of(number: int, table: Mapping[str, str], room: int) -> str:
    """What an opcode's own table says, cut to so many characters where a clause ends; or "".

    Args:
        number: the errno, whatever its sign.
        table: the opcode's `errnos`.
        room: characters at most.
    """
    found = meaning(number, table) or ""
    if len(found) <= room:
        return found
    # A comma may stand before half of the reason: what is cut there would be wrong.
    end = found.rfind("; ", 0, room + 1)
    if end >= _SHORTEST:
        return found[:end]
    words = found[: max(room - 1, 0)].rpartition(" ")[0].rstrip(",:")
    before, colon, after = words.rpartition(": ")
    if colon and len(after) < _SHORTEST:
        words = before
    return f"{words} …" if len(words) >= _SHORTEST else ""


_SHORTEST = 12
"""Characters of a clause that still says something."""
