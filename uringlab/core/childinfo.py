"""What WAITID says of a child process: room for it, and how to read it."""

from __future__ import annotations

import os
import signal
import struct
from typing import TYPE_CHECKING

from uringlab.core.buffers import Small

if TYPE_CHECKING:
    from uringlab.core.native._native import CData

_SIZE = 128
"""Bytes of a `siginfo_t`."""
_FIELDS = struct.Struct("@iii4xiIi")
_CAUSES = {
    os.CLD_EXITED: "exited",
    os.CLD_KILLED: "killed",
    os.CLD_DUMPED: "dumped core",
    os.CLD_TRAPPED: "trapped",
    os.CLD_STOPPED: "stopped",
    os.CLD_CONTINUED: "continued",
}


class ChildInfo:
    """A `siginfo_t` that the kernel fills in when a WAITID completes. Read it then.

    The memory is a counted block of its own: each request that names it holds it until its
    final CQE. Source: waitid(2).
    """

    __slots__ = ("_room",)

    def __init__(self) -> None:
        """Zeroes: no child yet."""
        self._room = Small(bytes(_SIZE))

    @property
    def mem(self) -> CData:
        """The block, for whatever has to hold it."""
        return self._room.mem

    @property
    def address(self) -> int:
        """Where the block lies."""
        return self._room.address

    def _fields(self) -> tuple[int, ...]:
        return _FIELDS.unpack_from(self._room.view)

    @property
    def pid(self) -> int:
        """The child; 0 where there was none to report (NOHANG)."""
        return self._fields()[3]

    @property
    def uid(self) -> int:
        """Whose it was."""
        return self._fields()[4]

    @property
    def code(self) -> int:
        """What happened to it: `os.CLD_EXITED`, `os.CLD_KILLED` and the like."""
        return self._fields()[2]

    @property
    def cause(self) -> str:
        """The same in a word; "" where there was no child to report."""
        return _CAUSES.get(self.code, str(self.code)) if self.pid else ""

    @property
    def status(self) -> int:
        """Its exit status, or the number of the signal: `code` says which."""
        return self._fields()[5]

    def __repr__(self) -> str:
        """`<ChildInfo pid 4711 exited, status 3>`."""
        if not self.pid:
            return "<ChildInfo: none>"
        if self.code == os.CLD_EXITED:
            return f"<ChildInfo pid {self.pid} {self.cause}, status {self.status}>"
        try:
            name = signal.Signals(self.status).name
        except ValueError:
            name = f"signal {self.status}"
        return f"<ChildInfo pid {self.pid} {self.cause}, {name}>"
