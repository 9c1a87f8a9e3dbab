"""Which function of liburing prepares which opcode. `{name}` is an operand.

Only what liburing 2.3 has, of the year 2022: a program for it compiles with every later one.
What is younger is prepared by `io_uring_prep_rw` and the SQE's own fields.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from uringlab.core.abi import Opcode

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

O = Opcode  # noqa: E741 (a table of them)

_CALLS: Mapping[Opcode, str] = {
    O.NOP: "nop(sqe)",
    O.READV: "readv(sqe, {fd}, {bufs}, {count}, {off})",
    O.WRITEV: "writev(sqe, {fd}, {bufs}, {count}, {off})",
    O.FSYNC: "fsync(sqe, {fd}, {fsync_flags})",
    O.READ_FIXED: "read_fixed(sqe, {fd}, {buf}, {len}, {off}, {buf_index})",
    O.WRITE_FIXED: "write_fixed(sqe, {fd}, {buf}, {len}, {off}, {buf_index})",
    O.POLL_ADD: "poll_add(sqe, {fd}, {poll_events})",
    O.POLL_REMOVE: "poll_remove(sqe, {target})",
    O.SYNC_FILE_RANGE: "sync_file_range(sqe, {fd}, {len}, {off}, {sync_flags})",
    O.SENDMSG: "sendmsg(sqe, {fd}, {message}, {msg_flags})",
    O.RECVMSG: "recvmsg(sqe, {fd}, {message}, {msg_flags})",
    O.TIMEOUT: "timeout(sqe, {time}, {count}, {timeout_flags})",
    O.TIMEOUT_REMOVE: "timeout_remove(sqe, {target}, {timeout_flags})",
    O.ACCEPT: "accept(sqe, {fd}, {peer}, {peer_len}, {accept_flags})",
    O.ASYNC_CANCEL: "cancel64(sqe, {target}, {cancel_flags})",
    O.LINK_TIMEOUT: "link_timeout(sqe, {time}, {timeout_flags})",
    O.CONNECT: "connect(sqe, {fd}, {address}, {address_len})",
    O.FALLOCATE: "fallocate(sqe, {fd}, {mode}, {off}, {len})",
    O.OPENAT: "openat(sqe, {dir}, {path}, {open_flags}, {mode})",
    O.CLOSE: "close(sqe, {fd})",
    O.FILES_UPDATE: "files_update(sqe, {fds}, {fds_len}, {slot})",
    O.STATX: "statx(sqe, {dir}, {path}, {statx_flags}, {mask}, {room})",
    O.READ: "read(sqe, {fd}, {buf}, {len}, {off})",
    O.WRITE: "write(sqe, {fd}, {buf}, {len}, {off})",
    O.FADVISE: "fadvise(sqe, {fd}, {off}, {len}, {advice})",
    O.MADVISE: "madvise(sqe, {buf}, {len}, {advice})",
    O.SEND: "send(sqe, {fd}, {buf}, {len}, {msg_flags})",
    O.RECV: "recv(sqe, {fd}, {buf}, {len}, {msg_flags})",
    O.OPENAT2: "openat2(sqe, {dir}, {path}, {how})",
    O.EPOLL_CTL: "epoll_ctl(sqe, {fd}, {target}, {op}, {event})",
    O.SPLICE: "splice(sqe, {fd_in}, {off_in}, {fd_out}, {off_out}, {len}, {splice_flags})",
    O.PROVIDE_BUFFERS: "provide_buffers(sqe, {buf}, {size}, {count}, {group}, {bid})",
    O.REMOVE_BUFFERS: "remove_buffers(sqe, {count}, {group})",
    O.TEE: "tee(sqe, {fd_in}, {fd_out}, {len}, {splice_flags})",
    O.SHUTDOWN: "shutdown(sqe, {fd}, {how})",
    O.RENAMEAT: "renameat(sqe, {dir}, {path}, {new_dir}, {new_path}, {rename_flags})",
    O.UNLINKAT: "unlinkat(sqe, {dir}, {path}, {unlink_flags})",
    O.MKDIRAT: "mkdirat(sqe, {dir}, {path}, {mode})",
    O.SYMLINKAT: "symlinkat(sqe, {target}, {dir}, {path})",
    O.LINKAT: "linkat(sqe, {dir}, {path}, {new_dir}, {new_path}, {hardlink_flags})",
    O.MSG_RING: "msg_ring(sqe, {ring}, {res}, {data}, {msg_flags})",
    O.FSETXATTR: "fsetxattr(sqe, {fd}, {name}, {value}, {xattr_flags}, {len})",
    O.SETXATTR: "setxattr(sqe, {name}, {value}, {path}, {xattr_flags}, {len})",
    O.FGETXATTR: "fgetxattr(sqe, {fd}, {name}, {buf}, {len})",
    O.GETXATTR: "getxattr(sqe, {name}, {buf}, {path}, {len})",
    O.SOCKET: "socket(sqe, {domain}, {type}, {protocol}, 0)",
    O.SEND_ZC: "send_zc(sqe, {fd}, {buf}, {len}, {msg_flags}, 0)",
    O.SENDMSG_ZC: "sendmsg_zc(sqe, {fd}, {message}, {msg_flags})",
}
_WITH: Mapping[tuple[Opcode, str], str] = {
    (O.READV, "rw_flags"): "readv2(sqe, {fd}, {bufs}, {count}, {off}, {rw_flags})",
    (O.WRITEV, "rw_flags"): "writev2(sqe, {fd}, {bufs}, {count}, {off}, {rw_flags})",
    (O.POLL_ADD, "multishot"): "poll_multishot(sqe, {fd}, {poll_events})",
    (O.TIMEOUT_REMOVE, "time"): "timeout_update(sqe, {time}, {target}, {timeout_flags})",
    (O.ACCEPT, "multishot"): "multishot_accept(sqe, {fd}, {peer}, {peer_len}, {accept_flags})",
    (O.RECV, "multishot"): "recv_multishot(sqe, {fd}, {buf}, {len}, {msg_flags})",
    (O.RECVMSG, "multishot"): "recvmsg_multishot(sqe, {fd}, {message}, {msg_flags})",
    (O.CLOSE, "slot"): "close_direct(sqe, {place})",
}
"""What goes by another name, if an operand is given."""


def prep_call(opcode: Opcode, given: Collection[str]) -> str | None:
    """The call for an opcode with those operands; None: liburing 2.3 has none."""
    for (of, name), text in _WITH.items():
        if of == opcode and name in given:
            return f"io_uring_prep_{text};"
    text = _CALLS.get(opcode, "")
    return f"io_uring_prep_{text};" if text else None


_FLAG_FIELDS: Mapping[Opcode, str] = {
    O.POLL_REMOVE: "poll32_events",
    O.TIMEOUT: "timeout_flags",
    O.TIMEOUT_REMOVE: "timeout_flags",
    O.ASYNC_CANCEL: "cancel_flags",
    O.SEND: "msg_flags",
    O.RECV: "msg_flags",
    O.MSG_RING: "msg_ring_flags",
    O.SPLICE: "splice_flags",
    O.TEE: "splice_flags",
}


def field_of(opcode: Opcode, word: str, *, group: bool = False) -> str:
    """The field of `struct io_uring_sqe` that is that word."""
    if word == "op_flags":
        return _FLAG_FIELDS.get(opcode, "rw_flags")
    return "buf_group" if group else word
