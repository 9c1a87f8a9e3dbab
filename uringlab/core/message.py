"""Messages: `struct msghdr` and all that it points to, as SENDMSG and RECVMSG take it."""

from __future__ import annotations

import array
import socket
import struct
from typing import TYPE_CHECKING, Any, NamedTuple

from uringlab.core import abi
from uringlab.core.address import unpack_address
from uringlab.core.buffers import Small
from uringlab.core.errors import OperandError

if TYPE_CHECKING:
    from uringlab.core.native._native import CData

NAME_ROOM = 128
"""Bytes of `struct sockaddr_storage`: the kernel writes no address that is longer."""
MAX_CONTROL = 1 << 16
_CMSG = struct.Struct("@Nii")


class Control(NamedTuple):
    """One piece of control data, as `socket.sendmsg` and `recvmsg` have it. Source: cmsg(3).

    Attributes:
        level: such as `socket.SOL_SOCKET`.
        type: such as `socket.SCM_RIGHTS`.
        data: its bytes.
    """

    level: int
    type: int
    data: bytes


def _aligned(size: int) -> int:
    return (size + 7) & ~7


def pack_control(value: Any, name: str) -> bytes:
    """The bytes of several pieces of control data.

    Args:
        value: (level, type, bytes) of each.
        name: the operand, for errors.

    Raises:
        OperandError: it is no such thing.
    """
    packed = b""
    try:
        for level, kind, data in value:
            size = _CMSG.size + len(data)
            packed += (_CMSG.pack(size, level, kind) + bytes(data)).ljust(_aligned(size), b"\0")
    except (TypeError, ValueError, struct.error) as why:
        raise OperandError(
            f"{name} takes control data: (level, type, bytes) of each, not {value!r}"
        ) from why
    return packed


def unpack_control(data: bytes) -> list[Control]:
    """The pieces of control data in `data`; what is cut off at its end is left out."""
    found = []
    at = 0
    while at + _CMSG.size <= len(data):
        size, level, kind = _CMSG.unpack_from(data, at)
        if not _CMSG.size <= size <= len(data) - at:
            break
        found.append(Control(level, kind, data[at + _CMSG.size : at + size]))
        at += _aligned(size)
    return found


def received_fds(control: list[Control]) -> tuple[int, ...]:
    """The fds that came with a message (SCM_RIGHTS): yours to close."""
    fds = array.array("i")
    for one in control:
        if (one.level, one.type) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            fds.frombytes(one.data[: len(one.data) // fds.itemsize * fds.itemsize])
    return tuple(fds)


class Message:
    """A `struct msghdr`, its iovecs, name and control data, side by side in one counted block.

    Nothing that is Python's can write to it: there are addresses in it. The buffers that the
    iovecs name are held by whoever made them.
    """

    __slots__ = ("_at_control", "_at_name", "_block", "_control", "_name", "_vectors")

    def __init__(self, vectors: bytes, name: bytes, control: bytes) -> None:
        """A message to be sent.

        Args:
            vectors: an array of `struct iovec`.
            name: a sockaddr; b"" for none.
            control: control data; b"" for none.
        """
        self._vectors = len(vectors) // abi.IOVEC.size
        self._name = len(name)
        self._control = len(control)
        self._at_name = abi.MSGHDR.size + len(vectors)
        self._at_control = self._at_name + _aligned(len(name))
        head = bytes(abi.MSGHDR.size) + vectors
        self._block = Small(head + name.ljust(_aligned(len(name)), b"\0") + control)
        self._write_header()

    def _write_header(self) -> None:
        base = self._block.address
        self._block.view[: abi.MSGHDR.size] = abi.MSGHDR.pack(
            msg_name=base + self._at_name if self._name else 0,
            msg_namelen=self._name,
            msg_iov=base + abi.MSGHDR.size if self._vectors else 0,
            msg_iovlen=self._vectors,
            msg_control=base + self._at_control if self._control else 0,
            msg_controllen=self._control,
        )

    @property
    def mem(self) -> CData:
        """The block, for whatever has to hold it."""
        return self._block.mem

    @property
    def address(self) -> int:
        """Where the msghdr lies."""
        return self._block.address


class Received(Message):
    """A message to be received: the kernel writes the name, the control data and their sizes.

    Read it once the CQE is there. With a multishot RECVMSG nothing is written here: see
    `Recvmsg.unpack`.
    """

    __slots__ = ()

    def __init__(self, vectors: bytes, name: int, control: int) -> None:
        """Room for a message.

        Args:
            vectors: an array of `struct iovec`.
            name: bytes of room for the sender's address. The block has `NAME_ROOM` in any case:
                the kernel leaves the whole address's length there, and may find it there again.
            control: bytes of room for control data.
        """
        super().__init__(vectors, bytes(NAME_ROOM), bytes(control))
        self._name = name
        self._write_header()

    def reset(self) -> None:
        """Offer all of the room again: the kernel leaves there how much it used."""
        self._write_header()

    def _header(self) -> dict[str, int]:
        return abi.MSGHDR.unpack(self._block.view)

    @property
    def peer(self) -> Any:
        """Who sent it, as Python's sockets have it; None where the kernel gave no address."""
        size = min(self._header()["msg_namelen"], self._name)
        return unpack_address(bytes(self._block.view[self._at_name : self._at_name + size]))

    @property
    def control(self) -> list[Control]:
        """The control data that came with it. Fds among it are yours to close."""
        size = min(self._header()["msg_controllen"], self._control)
        return unpack_control(bytes(self._block.view[self._at_control :][:size]))

    @property
    def flags(self) -> abi.MsgFlags:
        """MSG_TRUNC, MSG_CTRUNC, MSG_EOR, …: how it came."""
        return abi.MsgFlags(self._header()["msg_flags"])


class Datagram(NamedTuple):
    """One message of a multishot RECVMSG, taken apart. Source: io_uring_prep_recvmsg(3).

    Attributes:
        peer: who sent it; None where there was no room for the address or none came.
        control: the control data. Fds among it are yours to close.
        payload: the bytes, as many as there was room for.
        size: how many there were.
        flags: MSG_TRUNC if some are missing, …
    """

    peer: Any
    control: list[Control]
    payload: bytes
    size: int
    flags: abi.MsgFlags


def unpack_datagram(data: bytes | memoryview, name: int, control: int) -> Datagram:
    """Take a provided buffer apart that a multishot RECVMSG filled.

    Args:
        data: the buffer's first `res` bytes.
        name: bytes of room for the address, as the request had it.
        control: bytes of room for control data, as the request had it.

    Raises:
        ValueError: there are fewer bytes than the three take.
    """
    data = bytes(data)
    at_control = abi.RECVMSG_OUT.size + name
    at_payload = at_control + control
    if len(data) < at_payload:
        raise ValueError(f"{len(data)} bytes are too few: {at_payload} come before the payload")
    out = abi.RECVMSG_OUT.unpack(data)
    return Datagram(
        unpack_address(data[abi.RECVMSG_OUT.size :][: min(out["namelen"], name)]),
        unpack_control(data[at_control:][: min(out["controllen"], control)]),
        data[at_payload:],
        out["payloadlen"],
        abi.MsgFlags(out["flags"]),
    )
