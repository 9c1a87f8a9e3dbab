"""Busy-polling the network card while waiting for completions."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, NamedTuple

from uringlab.core import abi
from uringlab.core.abi import RegisterOp
from uringlab.core.errors import OperandError
from uringlab.core.register.call import block, register

if TYPE_CHECKING:
    from uringlab.core.abi import NapiMode
    from uringlab.core.native._native import CData

MEANINGS = {
    errno.EEXIST: "that NAPI id is polled already, or the ring has a single issuer and this is "
    "not its thread",
    errno.EINVAL: "no such mode, an id where ids are found by themselves, or a ring with IOPOLL",
    errno.ENOENT: "that NAPI id is not polled",
    errno.EOPNOTSUPP: "this kernel was built without CONFIG_NET_RX_BUSY_POLL",
}
"""What errnos mean here. Source: io_uring_register_napi(3), napi.c."""

_U32 = 2**32 - 1


class BusyPoll(NamedTuple):
    """How the ring busy-polls.

    Attributes:
        microseconds: how long, before it goes to sleep; 0: not at all.
        prefer: prefer this to the card's interrupts (as SO_PREFER_BUSY_POLL).
        mode: which NAPI ids: `abi.NapiMode`. Before 6.13 always 0, DYNAMIC.
    """

    microseconds: int
    prefer: bool
    mode: int


class Napi:
    """The ring's busy-polling: `ring.napi`."""

    __slots__ = ("_handle",)

    def __init__(self, handle: CData) -> None:
        """Made by `IoUring.napi`."""
        self._handle = handle

    def register(
        self, microseconds: int, *, prefer: bool = False, mode: NapiMode | int | None = None
    ) -> BusyPoll:
        """Poll before sleeping. IORING_REGISTER_NAPI, 6.9; the mode from 6.13.

        Args:
            microseconds: how long.
            prefer: see `BusyPoll`.
            mode: DYNAMIC (the default): the NAPI ids of the sockets in use; STATIC: those that
                `add` names.

        Returns:
            What it was.

        Raises:
            OSError: EINVAL, EOPNOTSUPP: see `MEANINGS`.
        """
        _check(microseconds)
        return self._call(
            busy_poll_to=microseconds,
            prefer_busy_poll=int(prefer),
            opcode=int(abi.NapiOp.REGISTER_OP),
            op_param=int(abi.NapiMode.DYNAMIC if mode is None else mode),
        )

    def add(self, napi_id: int) -> None:
        """Poll this NAPI id (SO_INCOMING_NAPI_ID tells a socket's), in the mode STATIC. 6.13.

        Raises:
            OSError: EEXIST, EINVAL, EOPNOTSUPP: see `MEANINGS`.
        """
        _check(napi_id)
        self._call(opcode=int(abi.NapiOp.STATIC_ADD_ID), op_param=napi_id)

    def remove(self, napi_id: int) -> None:
        """Poll it no more. 6.13.

        Raises:
            OSError: EINVAL, ENOENT, EOPNOTSUPP: see `MEANINGS`.
        """
        _check(napi_id)
        self._call(opcode=int(abi.NapiOp.STATIC_DEL_ID), op_param=napi_id)

    def unregister(self) -> BusyPoll:
        """Poll no more. IORING_UNREGISTER_NAPI, 6.9. Returns what it was.

        Raises:
            OSError: EOPNOTSUPP: see `MEANINGS`.
        """
        arg = block(abi.NAPI.pack())
        register(self._handle, RegisterOp.UNREGISTER_NAPI, arg, 1, MEANINGS)
        return _read(arg)

    def _call(self, **fields: int) -> BusyPoll:
        arg = block(abi.NAPI.pack(**fields))
        register(self._handle, RegisterOp.NAPI, arg, 1, MEANINGS)
        return _read(arg)


def _check(value: int) -> None:
    if not 0 <= value <= _U32:
        raise OperandError(f"{value} does not fit 32 bits")


def _read(arg: CData) -> BusyPoll:
    fields = abi.NAPI.unpack(bytes(arg))
    return BusyPoll(fields["busy_poll_to"], bool(fields["prefer_busy_poll"]), fields["op_param"])
