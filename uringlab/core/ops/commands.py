"""URING_CMD: what a file's own driver can do. Here: commands of sockets and of block devices."""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from uringlab.core.abi import SQE_BYTES, BlockCommand, Opcode, SocketCommand
from uringlab.core.address import PeerAddress
from uringlab.core.buffers import Memory
from uringlab.core.errors import OperandError
from uringlab.core.fd import AnyFd
from uringlab.core.ops.declare import Op, operand, option
from uringlab.core.ops.kinds import AddressRoom, Block, Choice, File, Kind, Number

if TYPE_CHECKING:
    from collections.abc import Callable

    from uringlab.core.ops.kinds import Draft

_U64 = 2**64 - 1
_U32 = 2**32 - 1
_KNOWN = (*SocketCommand, *BlockCommand)
_OPTIONS = frozenset({SocketCommand.GETSOCKOPT, SocketCommand.SETSOCKOPT})
_NAMES = frozenset({SocketCommand.GETSOCKNAME})
_DISCARD = frozenset({BlockCommand.DISCARD})

_IP_OWN_OPTIONS = 64
"""At level IP, options from here on belong to packet filters."""
_WITH_ADDRESSES: dict[int, frozenset[int]] = {
    # SO_ATTACH_FILTER (to read it counts in instructions, not bytes), SO_ATTACH_REUSEPORT_CBPF
    socket.SOL_SOCKET: frozenset({26, 51}),
    socket.IPPROTO_IP: frozenset(),
    socket.IPPROTO_IPV6: frozenset({64, 65}),  # IP6T_SO_SET_REPLACE, …: packet filters
    socket.IPPROTO_TCP: frozenset({35}),  # TCP_ZEROCOPY_RECEIVE
    socket.IPPROTO_UDP: frozenset(),
}
"""Levels whose options are plain values, and those of their options that are not."""


def check_option(level: int, optname: int) -> None:
    """See that an option's value has no addresses in it: nobody would hold what they lead to.

    Raises:
        OperandError: it has, or nobody has looked.
    """
    found = _WITH_ADDRESSES.get(level)
    filters = level == socket.IPPROTO_IP and optname >= _IP_OWN_OPTIONS
    if found is None or optname in found or filters:
        raise OperandError(
            f"option {optname} of level {level}: its value may have addresses in it, which "
            "no request could hold"
        )


def _if(words: dict[str, int], commands: frozenset[Any], text: str) -> str:
    """What a word says, where the command looks at it."""
    return text if words["off"] & _U32 in commands else "none"


@dataclass(frozen=True)
class _CommandOf(Choice):
    """The command: its number means something to that kind of file only."""

    def put(self, draft: Draft, word: str, value: Any, name: str) -> None:
        """Take one that is known: others could have addresses in words that nobody holds."""
        if not isinstance(value, int) or value not in _KNOWN:
            known = ", ".join(str(one.name) for one in _KNOWN)
            raise OperandError(f"{name} is one of {known}, not {value!r}")
        draft.put(word, value, name)

    def show(self, words: dict[str, int], word: str) -> str:
        """By name."""
        number = words[word] & _U32
        return next((str(one.name) for one in _KNOWN if one == number), hex(number))


@dataclass(frozen=True)
class _Half(Kind):
    """Half of a word: the level, or the name, of a socket's option."""

    shift: int

    def put(self, draft: Draft, word: str, value: Any, name: str) -> None:
        """Take a number of 32 bits."""
        if not isinstance(value, int) or not 0 <= value < 2**31:
            raise OperandError(f"{name} takes the number of one, not {value!r}")
        draft.words[word] |= value << self.shift

    def show(self, words: dict[str, int], word: str) -> str:
        """As a number."""
        return _if(words, _OPTIONS, str(words[word] >> self.shift & _U32))


@dataclass(frozen=True)
class _Value(Block):
    """An option's value: memory, or to set it, a number of 32 bits."""

    def put(self, draft: Draft, word: str, value: Any, name: str) -> None:
        """Take memory, bytes or a number."""
        if isinstance(value, int):
            try:
                value = struct.pack("=i", value)
            except struct.error as why:
                raise OperandError(f"{name}={value} does not fit: it has 32 bits") from why
        super().put(draft, word, value, name)

    def show(self, words: dict[str, int], word: str) -> str:
        """As an address."""
        return _if(words, _OPTIONS, super().show(words, word))


@dataclass(frozen=True)
class _Name(AddressRoom):
    """Room for a socket's address."""

    def show(self, words: dict[str, int], word: str) -> str:
        """As an address in memory."""
        return _if(words, _NAMES, super().show(words, word))


@dataclass(frozen=True)
class _Side(Number):
    """Whose address."""

    def show(self, words: dict[str, int], word: str) -> str:
        """As a number."""
        return _if(words, _NAMES, super().show(words, word))


@dataclass(frozen=True)
class _Place(Kind):
    """A number of bytes, on a block device."""

    def put(self, draft: Draft, word: str, value: Any, name: str) -> None:
        """Take a number of 64 bits."""
        if not isinstance(value, int) or not 0 <= value <= _U64:
            raise OperandError(f"{name} takes bytes from 0 up, not {value!r}")
        draft.words[word] = value

    def show(self, words: dict[str, int], word: str) -> str:
        """As a number."""
        return _if(words, _DISCARD, str(words[word]))


_ERRNOS = {
    "EBADF": "the fd is not open, or nothing is in that place of the registered files",
    "EOPNOTSUPP": "this file has no such command: it is no socket and no block device, or (before "
    "6.19, for some) a unix socket; GETSOCKOPT: only level SOL_SOCKET",
    "EINVAL": "an option of another size; TX_TIMESTAMP: the ring has no CQEs of 32 bytes; DISCARD: "
    "not whole blocks of the device; or this kernel does not know the command",
    "ENOPROTOOPT": "there is no such option",
    "EFAULT": "the kernel could not reach the value",
    "EPERM": "these credentials may not set that option; DISCARD: the device may not be written",
    "EACCES": "these credentials may not set that option",
    "EBADFD": "DISCARD: the fd is not open for writing",
    "ENOTCONN": "GETSOCKNAME: the socket has no other side",
    "ECANCELED": "it was cancelled while it waited",
}
_RESULT = (
    "SIOCINQ, SIOCOUTQ: bytes; GETSOCKOPT: the value's size; TX_TIMESTAMP: which packet, with "
    "MORE; else 0"
)


class UringCmd(
    Op,
    opcode=Opcode.URING_CMD,
    usage=("fd", "command"),
    result=_RESULT,
    example="uring_cmd a getsockopt optname=3 value=b0 -> r1",
    c="io_uring_prep_cmd_sock(sqe, {command}, {fd}, {level}, {optname}, {value}, optlen);",
    man="io_uring_prep_cmd_sock(3), io_uring_prep_cmd_discard(3)",
    errnos=_ERRNOS,
):
    """Let a file's own driver do something: the commands of sockets, and DISCARD of block devices.

    - SIOCINQ, SIOCOUTQ: how many bytes wait to be read, to be sent.
    - GETSOCKOPT, SETSOCKOPT: `level`, `optname`, `value`. The value's memory is held until the
      final CQE. Options whose value has addresses in it are refused.
    - TX_TIMESTAMP: when was it sent? Multishot: a CQE of 32 bytes for each packet, with the time
      (seconds, nanoseconds) in its second half; SO_TIMESTAMPING says which are wanted (6.17).
    - GETSOCKNAME: the socket's address, into `peer`; with `of_peer` the other side's (6.19).
    - DISCARD: `size` bytes of a block device from `start` on are gone for good (6.12).

    Other drivers' commands are not here: what their bytes point to nobody could hold.
    """

    fd: AnyFd = operand("fd", File(), "the socket, or the block device")
    command: SocketCommand | BlockCommand | int = operand(
        "off", _CommandOf(SocketCommand), "what to do"
    )
    level: int | None = option(
        "addr", _Half(0), "the option's level (default: SOL_SOCKET)", default=None
    )
    optname: int | None = option("addr", _Half(32), "the option: SO_*", default=None)
    value: Memory | bytes | int | None = option(
        "addr3",
        _Value(kernel_writes=False, length="file_index"),
        "GETSOCKOPT: where the kernel writes it; SETSOCKOPT: the value",
        default=None,
    )
    peer: PeerAddress | None = option(
        "addr", _Name(length="addr3"), "GETSOCKNAME: where to put the address", default=None
    )
    of_peer: int | None = option(
        "file_index", _Side(low=0, high=1), "GETSOCKNAME: 1: of the other side", default=None
    )
    start: int | None = option("addr", _Place(), "DISCARD: the first byte", default=None)
    size: int | None = option("addr3", _Place(), "DISCARD: how many bytes", default=None)

    def finish(self, draft: Draft) -> None:
        """Each command has operands of its own; the words are the same."""
        needed, allowed = _OPERANDS.get(self.command, ((), ()))
        for name in ("level", "optname", "value", "peer", "of_peer", "start", "size"):
            given = getattr(self, name) is not None
            if (name in needed and not given) or (given and name not in (*needed, *allowed)):
                text = _CommandOf(SocketCommand).show(draft.words, "off")
                if given:
                    raise OperandError(f"{text} takes no {name}")
                doc = next(one.doc for one in self.operands if one.name == name)
                raise OperandError(f"{text} needs {name}= ({doc.removeprefix(f'{text}: ')})")
        if self.command in _OPTIONS and self.optname is not None:
            level = socket.SOL_SOCKET if self.level is None else self.level
            check_option(level, self.optname)
            if self.level is None:
                draft.words["addr"] |= level
            if self.command == SocketCommand.GETSOCKOPT and isinstance(
                self.value, (int, bytes, bytearray, memoryview)
            ):
                raise OperandError(f"value takes a Buffer to write to, not {self.value!r}")

    def claim(self) -> Callable[[], None]:
        """The kernel left the last address's length in the room: offer all of it again."""
        if self.peer is not None:
            self.peer.reset()
        return super().claim()


_OPERANDS: dict[int, tuple[tuple[str, ...], tuple[str, ...]]] = {
    SocketCommand.GETSOCKOPT: (("optname", "value"), ("level",)),
    SocketCommand.SETSOCKOPT: (("optname", "value"), ("level",)),
    SocketCommand.GETSOCKNAME: (("peer",), ("of_peer",)),
    BlockCommand.DISCARD: (("start", "size"), ()),
}
"""What each command must be given, and what it may be."""


class UringCmd128(
    UringCmd,
    opcode=Opcode.URING_CMD128,
    usage=("fd", "command"),
    result=_RESULT,
    example="uring_cmd128 a siocinq -> r1",
    c="io_uring_prep_uring_cmd128(sqe, {command}, {fd});",
    man="io_uring_prep_uring_cmd128(3)",
    errnos=_ERRNOS,
):
    """The same in an SQE of 128 bytes: for a ring with SQE128 or SQE_MIXED. Since 6.19.

    None of these commands needs the second half; it is all zeros.
    """

    def finish(self, draft: Draft) -> None:
        """The second half is all zeros."""
        super().finish(draft)
        draft.tail = bytes(SQE_BYTES)
