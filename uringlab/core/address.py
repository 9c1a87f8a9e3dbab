"""Addresses of sockets: as Python has them, and as the kernel does (`struct sockaddr`)."""

from __future__ import annotations

import socket
import struct
from typing import Any

from uringlab.core.buffers import Small
from uringlab.core.errors import OperandError

_MAX_UNIX_PATH = 107
_FAMILY_BYTES = 2


def pack_address(value: Any, name: str) -> bytes:
    """A `struct sockaddr` of what Python's sockets take: `("127.0.0.1", 80)`, a path, bytes.

    Args:
        value: (host, port) with a numeric IPv4 or IPv6 host (then also flow info and scope id),
            a str for a unix path (a leading zero byte: the abstract namespace; "": for BIND, the
            kernel picks an abstract one), or the bytes of a whole sockaddr.
        name: the operand, for errors.

    Raises:
        OperandError: it is none of these. Names are not looked up: that would block.
    """
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        path = value.encode(errors="surrogateescape")
        if len(path) > _MAX_UNIX_PATH:
            raise OperandError(f"{name}: a unix path has {_MAX_UNIX_PATH} bytes at most")
        if b"\0" in path[1:] and not path.startswith(b"\0"):
            raise OperandError(f"{name}: a unix path cannot contain a zero byte")
        end = b"" if not path or path.startswith(b"\0") else b"\0"
        return struct.pack("<H", socket.AF_UNIX) + path + end
    try:
        host, port, *more = value
        number = struct.pack(">H", port)
        if ":" in host:
            flow, scope = (*more, 0, 0)[:2]
            return (
                struct.pack("<H", socket.AF_INET6)
                + number
                + struct.pack(">I", flow)
                + socket.inet_pton(socket.AF_INET6, host)
                + struct.pack("<I", scope)
            )
        return struct.pack("<H", socket.AF_INET) + number + socket.inet_aton(host) + bytes(8)
    except (TypeError, ValueError, OSError, struct.error) as why:
        raise OperandError(
            f'{name} takes ("127.0.0.1", 80), a unix path or a sockaddr, not {value!r}'
        ) from why


def unpack_address(data: bytes) -> Any:
    """What `pack_address` takes, from the bytes of a sockaddr; None if there are none."""
    if len(data) < _FAMILY_BYTES:
        return None
    family = int.from_bytes(data[:2], "little")
    if family == socket.AF_UNSPEC:
        return None
    if family == socket.AF_INET and len(data) >= _bytes(family):
        return socket.inet_ntoa(data[4:8]), int.from_bytes(data[2:4], "big")
    if family == socket.AF_INET6 and len(data) >= _bytes(family):
        host = socket.inet_ntop(socket.AF_INET6, data[8:24])
        flow, scope = int.from_bytes(data[4:8], "big"), int.from_bytes(data[24:28], "little")
        return host, int.from_bytes(data[2:4], "big"), flow, scope
    if family == socket.AF_UNIX:
        path = data[2:]
        return (path if path.startswith(b"\0") else path.split(b"\0")[0]).decode(
            errors="surrogateescape"
        )
    return data


def _bytes(family: int) -> int:
    """The size of a sockaddr of that family."""
    return {socket.AF_INET: 16, socket.AF_INET6: 28}.get(socket.AddressFamily(family), 0)


class PeerAddress:
    """Where the kernel puts the address of whoever connected. Read it once the CQE is there.

    Two counted blocks, which each request that names them holds until its final CQE: room for any
    address (`struct sockaddr_storage`), and for its length, which the kernel reads and writes.
    The kernel never writes more than the room has, whatever the length says.
    """

    __slots__ = ("length", "room")

    SIZE = 128

    def __init__(self) -> None:
        """Room, and nothing in it yet."""
        self.room = Small(bytes(self.SIZE))
        self.length = Small(self.SIZE.to_bytes(4, "little"))

    def reset(self) -> None:
        """Offer all of the room again: the kernel leaves the last address's length there."""
        self.length.view[:] = self.SIZE.to_bytes(4, "little")

    @property
    def address(self) -> Any:
        """As Python's sockets have it; None where the kernel gave none."""
        size = int.from_bytes(bytes(self.length.view), "little")
        return unpack_address(bytes(self.room.view[: min(size, self.SIZE)]))

    def __repr__(self) -> str:
        """The address."""
        return f"<PeerAddress {self.address!r}>"
