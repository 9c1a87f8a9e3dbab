"""Personalities: credentials that a request can run with."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

from uringlab.core import abi
from uringlab.core.abi import RegisterOp
from uringlab.core.errors import OperandError
from uringlab.core.native import ffi
from uringlab.core.register.call import register

if TYPE_CHECKING:
    from uringlab.core.native._native import CData

MEANINGS = {
    errno.EBUSY: "all ids are taken",
    errno.EINVAL: "the ring has no personality with that id",
}
"""What errnos mean when personalities are registered. Source: register.c."""


class Personalities:
    """The ring's personalities: `ring.personalities`.

    The kernel keeps the credentials (user, groups, capabilities) of the thread that registers
    them. A request with `personality=id` runs with them, whoever submits it: another thread,
    or the same one after it has given its rights away. Those that are left go with the ring.
    """

    __slots__ = ("_handle",)

    def __init__(self, handle: CData) -> None:
        """Made by `IoUring.personalities`."""
        self._handle = handle

    def register(self) -> int:
        """Keep this thread's credentials. IORING_REGISTER_PERSONALITY, 5.6.

        Returns:
            Their id, 1 or more: what an op's `personality=` takes.

        Raises:
            OSError: EBUSY, ENOMEM.
        """
        return register(self._handle, RegisterOp.PERSONALITY, meanings=MEANINGS)

    def unregister(self, personality: int) -> None:
        """Forget them. IORING_UNREGISTER_PERSONALITY, 5.6.

        Requests that have begun keep them; one that names the id later gets EINVAL.

        Raises:
            OSError: EINVAL: there is no such id.
        """
        if not 0 <= personality <= abi.MAX_PERSONALITY:
            raise OperandError(f"{personality} is no id of a personality")
        op = RegisterOp.UNREGISTER_PERSONALITY
        register(self._handle, op, ffi.NULL, personality, MEANINGS)
