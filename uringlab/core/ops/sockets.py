"""Sockets: made, bound, listening, connected, accepted, shut down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from uringlab.core.abi import (
    AcceptFlags,
    AcceptSocketFlags,
    AddressFamily,
    Opcode,
    ShutdownHow,
    SocketType,
)
from uringlab.core.address import PeerAddress
from uringlab.core.fd import AnyFd, AnySlot
from uringlab.core.ops.declare import Op, operand, option
from uringlab.core.ops.kinds import (
    AddressRoom,
    Bits,
    Choice,
    Domain,
    File,
    Number,
    Signed,
    Slot,
    SocketAddress,
    Switch,
)

if TYPE_CHECKING:
    from collections.abc import Callable

Address = tuple[str, int] | tuple[str, int, int, int] | str | bytes
"""What `pack_address` takes."""

NOT_A_SOCKET = {
    "EBADF": "the fd is not open, or nothing is in that place of the registered files",
    "ENOTSOCK": "it is no socket",
}
SLOT_ERRNOS = {
    "ENFILE": "slot=ALLOC: every place among the registered files is taken, or there is no table "
    "of them (also: too many files are open on this machine)",
    "ENXIO": "slot=: no table of files is registered",
    "EINVAL": "slot=: the table of files has no such place",
    "EMFILE": "this process has too many files open: see ulimit -n",
}
_SLOT = "a place among the registered files, or ALLOC, in place of an fd"
_NO_FLAGS = AcceptSocketFlags(0)
_TYPE = 0xF


@dataclass(frozen=True)
class _TypeOf(Choice):
    """The type of a socket: flags may lie in the same word."""

    def show(self, words: dict[str, int], word: str) -> str:
        """By name."""
        return super().show({word: words[word] & _TYPE}, word)


@dataclass(frozen=True)
class _FlagsOf(Bits):
    """Flags beside the type of a socket."""

    def show(self, words: dict[str, int], word: str) -> str:
        """By name."""
        return super().show({word: words[word] & ~_TYPE}, word)


class Socket(
    Op,
    opcode=Opcode.SOCKET,
    usage=("domain", "type"),
    result="the new fd; with slot=ALLOC its place among the registered files, with a place 0",
    example="socket inet stream -> r1",
    c="io_uring_prep_socket(sqe, {domain}, {type} | {socket_flags}, {protocol}, 0);",
    man="io_uring_prep_socket(3), io_uring_prep_socket_direct(3)",
    errnos=SLOT_ERRNOS
    | {
        "EAFNOSUPPORT": "this kernel does not know that family",
        "EPROTONOSUPPORT": "the family has no such protocol, or no such type",
        "ESOCKTNOSUPPORT": "the family has no such type",
        "EACCES": "these credentials may make no such socket (RAW needs CAP_NET_RAW)",
        "EPERM": "these credentials may make no such socket (RAW needs CAP_NET_RAW)",
        "EINVAL": "flags that it does not know; CLOEXEC with slot=: a place has no such flag; or "
        "the table of files has no such place",
        "ENOBUFS": "the kernel has no memory for it",
    },
):
    """Make a socket, as socket(2).

    Without `slot`, `res` is an fd of this process, which is yours to close.
    """

    domain: AddressFamily | int = operand("fd", Domain(), "UNIX, INET, INET6, …")
    type: SocketType | int = operand("off", _TypeOf(SocketType), "STREAM, DGRAM, …")
    protocol: int = option("len", Number(), "0: the usual one of that type", default=0)
    socket_flags: AcceptSocketFlags = option(
        "off", _FlagsOf(AcceptSocketFlags), "NONBLOCK, CLOEXEC", default=_NO_FLAGS
    )
    slot: AnySlot | None = option("file_index", Slot(), _SLOT, default=None)


class Bind(
    Op,
    opcode=Opcode.BIND,
    usage=("fd", "address"),
    result="0",
    example="bind s 127.0.0.1:0 -> r1",
    c="io_uring_prep_bind(sqe, {fd}, (struct sockaddr *){address}, addrlen);",
    man="io_uring_prep_bind(3)",
    errnos=NOT_A_SOCKET
    | {
        "EADDRINUSE": "somebody has that address already, or every port of the host is taken",
        "EADDRNOTAVAIL": "that address is not of this machine",
        "EACCES": "the port is below 1024, or the directory of the path may not be written",
        "EINVAL": "the socket has an address already, or this one is of another family",
        "EAFNOSUPPORT": "the address is of another family than the socket",
        "ENOENT": "there is no such directory",
        "EFAULT": "the kernel could not read the address",
    },
):
    """Give a socket its own address, as bind(2). Port 0: the kernel picks one.

    The address is copied at submission.
    """

    fd: AnyFd = operand("fd", File(), "the socket")
    address: Address = operand(
        "addr", SocketAddress(), 'its address: ("127.0.0.1", 0), or the path of a unix socket'
    )


class Listen(
    Op,
    opcode=Opcode.LISTEN,
    usage=("fd",),
    result="0",
    example="listen l -> r1",
    c="io_uring_prep_listen(sqe, {fd}, {backlog});",
    man="io_uring_prep_listen(3)",
    errnos=NOT_A_SOCKET
    | {
        "EOPNOTSUPP": "this type of socket cannot listen: it has no connections",
        "EINVAL": "the socket is connected, or (unix) it has no address yet",
        "EADDRINUSE": "somebody listens there already",
    },
):
    """Let others connect to a socket, as listen(2). Without an address it gets one of its own."""

    fd: AnyFd = operand("fd", File(), "the socket")
    backlog: int = option("len", Signed(), "how many may wait to be accepted", default=128)


class Accept(
    Op,
    opcode=Opcode.ACCEPT,
    usage=("fd",),
    result="the new fd; with slot=ALLOC its place among the registered files, with a place 0",
    example="accept l -> r1",
    c="io_uring_prep_accept(sqe, {fd}, {peer}, &addrlen, {accept_flags});",
    man="io_uring_prep_accept(3), io_uring_prep_accept_direct(3), "
    "io_uring_prep_multishot_accept(3)",
    errnos=NOT_A_SOCKET
    | SLOT_ERRNOS
    | {
        "EAGAIN": "nobody has connected, and dont_wait was asked for, or the socket is NONBLOCK",
        "EINVAL": "the socket does not listen; CLOEXEC with slot=; multishot with a place: that "
        "needs ALLOC; or the table of files has no such place",
        "EOPNOTSUPP": "this type of socket has no connections",
        "ECONNABORTED": "whoever connected was gone again",
        "ECANCELED": "it was cancelled while it waited, or the request it was linked to failed",
        "EFAULT": "the kernel could not write the address",
    },
):
    """Accept a connection, as accept4(2); with `multishot` one after the other.

    Without `slot`, each `res` is an fd of this process, which is yours to close. A multishot one
    goes on for as long as its CQEs have MORE. Room for the address is held until the final CQE;
    a multishot one writes each address over the one before.
    """

    fd: AnyFd = operand("fd", File(), "the socket that listens")
    peer: PeerAddress | None = option(
        "addr", AddressRoom(), "where to put the address of whoever connected", default=None
    )
    accept_flags: AcceptSocketFlags = option(
        "op_flags",
        Bits(AcceptSocketFlags),
        "NONBLOCK, CLOEXEC: the new socket's",
        default=_NO_FLAGS,
    )
    slot: AnySlot | None = option("file_index", Slot(), _SLOT, default=None)
    multishot: bool = option(
        "ioprio", Switch(AcceptFlags.MULTISHOT), "accept again and again (5.19)", default=False
    )
    dont_wait: bool = option(
        "ioprio", Switch(AcceptFlags.DONTWAIT), "EAGAIN rather than wait (6.10)", default=False
    )
    poll_first: bool = option(
        "ioprio",
        Switch(AcceptFlags.POLL_FIRST),
        "wait for a connection first, and only then try (6.10)",
        default=False,
    )

    def claim(self) -> Callable[[], None]:
        """The kernel left the last address's length in the room: offer all of it again."""
        if self.peer is not None:
            self.peer.reset()
        return super().claim()


class Connect(
    Op,
    opcode=Opcode.CONNECT,
    usage=("fd", "address"),
    result="0",
    example="connect s 127.0.0.1:8080 -> r1",
    c="io_uring_prep_connect(sqe, {fd}, (struct sockaddr *){address}, addrlen);",
    man="io_uring_prep_connect(3)",
    errnos=NOT_A_SOCKET
    | {
        "ECONNREFUSED": "nobody listens there",
        "EINPROGRESS": "the socket is NONBLOCK, and connecting goes on: poll for OUT",
        "EALREADY": "it is connecting already",
        "EISCONN": "it is connected already",
        "ETIMEDOUT": "nobody answered",
        "ENETUNREACH": "no way leads there",
        "EHOSTUNREACH": "no way leads there",
        "EADDRNOTAVAIL": "every port of its own is taken",
        "ENOENT": "there is no socket at that path",
        "EPROTOTYPE": "the socket at that path is of another type",
        "EAFNOSUPPORT": "the address is of another family than the socket",
        "EINVAL": "the address is too short for its family",
        "EFAULT": "the kernel could not read the address",
        "ECANCELED": "it was cancelled while it waited, or the request it was linked to failed",
    },
):
    """Connect a socket, as connect(2). The address is copied at submission."""

    fd: AnyFd = operand("fd", File(), "the socket")
    address: Address = operand(
        "addr", SocketAddress(), 'to whom: ("127.0.0.1", 80), or the path of a unix socket'
    )


class Shutdown(
    Op,
    opcode=Opcode.SHUTDOWN,
    usage=("fd",),
    result="0",
    example="shutdown a how=wr -> r1",
    c="io_uring_prep_shutdown(sqe, {fd}, {how});",
    man="io_uring_prep_shutdown(3)",
    errnos=NOT_A_SOCKET
    | {
        "ENOTCONN": "the socket is not connected",
        "EINVAL": "there is no such side",
    },
):
    """End one side of a connection, or both, as shutdown(2). The fd stays open."""

    fd: AnyFd = operand("fd", File(), "the socket")
    how: ShutdownHow | int = option(
        "len", Choice(ShutdownHow), "which side: RD, WR, RDWR", default=ShutdownHow.RDWR
    )
