"""What sockets may do: this machine is all there is, unless `--allow-network` was said."""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING, Any

from uringlab.core.abi import SocketCommand
from uringlab.lab.errors import LineError

if TYPE_CHECKING:
    from uringlab.core.ops import Socket, UringCmd

INTERNET = frozenset({socket.AF_INET, socket.AF_INET6})
_FAMILIES = frozenset({*INTERNET, socket.AF_UNIX})
_TYPES = frozenset({socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET})
_PROTOCOLS = frozenset({0, socket.IPPROTO_TCP, socket.IPPROTO_UDP})
START = "start with --allow-network to allow it"

_HARMLESS: dict[int, frozenset[int]] = {
    socket.SOL_SOCKET: frozenset(
        {
            # REUSEADDR SNDBUF RCVBUF KEEPALIVE OOBINLINE PRIORITY LINGER REUSEPORT RCVLOWAT
            *(2, 7, 8, 9, 10, 12, 13, 15, 18),
            # RCVTIMEO SNDTIMEO TIMESTAMP TIMESTAMPNS TIMESTAMPING PEEK_OFF BUSY_POLL ZEROCOPY
            *(20, 21, 29, 35, 37, 42, 46, 60),
            # the same with times of 64 bits
            *(63, 64, 65, 66, 67),
        }
    ),
    socket.IPPROTO_TCP: frozenset(
        # NODELAY MAXSEG CORK KEEPIDLE KEEPINTVL KEEPCNT SYNCNT LINGER2 DEFER_ACCEPT QUICKACK
        # USER_TIMEOUT FASTOPEN NOTSENT_LOWAT
        {1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 18, 23, 25}
    ),
    socket.IPPROTO_UDP: frozenset({1, 103, 104}),  # CORK SEGMENT GRO
    socket.IPPROTO_IP: frozenset({1, 2}),  # TOS TTL
    socket.IPPROTO_IPV6: frozenset({16, 26, 67}),  # UNICAST_HOPS V6ONLY TCLASS
}
"""Options that cannot send anything another way: no routes, no groups, no devices, no names."""
_BRINGS_FDS = {
    (SocketCommand.GETSOCKOPT, 77): "SO_PEERPIDFD",
    (SocketCommand.SETSOCKOPT, 76): "SO_PASSPIDFD",
}


def check_host(host: str) -> None:
    """See that an address is of the loopback device.

    0.0.0.0 and :: are not: to bind to them is to be reached from everywhere.

    Raises:
        LineError: it is not.
    """
    address = ipaddress.ip_address(host)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    if (mapped or address).is_loopback and "%" not in host:
        return
    what = (
        "is every address of this machine, also those that others can reach"
        if address.is_unspecified
        else "is not only this machine"
    )
    raise LineError(f"{host} {what}: a lab stays at home (127.0.0.1, [::1]); {START}")


def check_found(address: Any) -> None:
    """The same for an address that a socket says it has.

    Raises:
        LineError: it is another than of the loopback device, or a path.
    """
    if isinstance(address, tuple):
        check_host(address[0])
    elif not isinstance(address, str) or address.startswith("\0"):
        raise LineError(f"{address!r} is an address that others can reach; {START}")


def check_socket(op: Socket) -> None:
    """See that a new socket is of a kind whose every way out is known here.

    Raises:
        LineError: it is not.
    """
    domain, kind = int(op.domain), int(op.type)
    if domain not in _FAMILIES or kind not in _TYPES or op.protocol not in _PROTOCOLS:
        raise LineError(
            "such a socket may reach beyond this machine, or change it: without --allow-network "
            "there are inet, inet6 and unix, of stream, dgram and seqpacket, with their usual "
            f"protocols; {START}"
        )
    if domain in INTERNET and kind == socket.SOCK_DGRAM and op.slot is not None:
        raise LineError(
            "a datagram socket that is only a registered file cannot be held to this machine: "
            f"make it without slot=; {START}"
        )


def check_command(op: UringCmd, *, network: bool) -> None:
    """See that a socket's option changes nothing but that socket.

    Raises:
        LineError: it may do more.
    """
    if op.optname is None:
        return
    level = socket.SOL_SOCKET if op.level is None else op.level
    fd = _BRINGS_FDS.get((SocketCommand(op.command), op.optname))
    if level == socket.SOL_SOCKET and fd is not None:
        raise LineError(f"{fd} brings an fd that nobody would own, and nobody could close")
    if network or op.command != SocketCommand.SETSOCKOPT:
        return
    if op.optname not in _HARMLESS.get(level, frozenset()):
        raise LineError(
            f"option {op.optname} of level {level} may lead packets elsewhere, or change more "
            f"than this socket; {START}"
        )


def keep_home(fd: int) -> None:
    """Let the kernel hold an internet socket to the loopback device, whatever it is bound to.

    A datagram socket that sends before it is bound is bound by the kernel, to every address.
    SO_BINDTODEVICE is for everybody since Linux 5.7; before, the checks of lines are all there is.
    """
    try:
        found = socket.socket(fileno=fd)
    except OSError:  # it is no socket
        return
    try:
        if found.family in INTERNET:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo\0")
    except PermissionError:
        return
    finally:
        found.detach()  # the fd is the session's


def listens_at_a_path(fd: int) -> bool:
    """Whether a LISTEN without a BIND gives it no address: it is no internet socket, or no socket.

    Of other families (which only others can have made) nobody knows.
    """
    try:
        found = socket.socket(fileno=fd)
    except OSError:
        return True
    try:
        return found.family == socket.AF_UNIX
    finally:
        found.detach()  # the fd is the session's
