"""What a session's names stand for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from uringlab.core.abi import Opcode

if TYPE_CHECKING:
    from uringlab.core.buffers import BadPage, Buffer
    from uringlab.core.fd import OwnedFd
    from uringlab.core.ring import IoUring
    from uringlab.observe.observer import Observer
    from uringlab.observe.request import Request

FD_MAKERS = frozenset({Opcode.OPENAT})
"""Opcodes whose result is a new fd: the request's name then stands for that fd."""


@dataclass
class FileThing:
    """An open file. `made_by` is the request whose result it is, "" if the session opened it."""

    name: str
    fd: OwnedFd
    what: str

    kind = "file"

    def text(self) -> str:
        """For `show names`."""
        state = "" if self.fd.owned else " (being closed, or closed)"
        return f"fd {self.fd.number}  {self.what}{state}"


@dataclass
class BufferThing:
    """A buffer, or the bad page."""

    name: str
    buffer: Buffer | BadPage

    kind = "buffer"

    def text(self) -> str:
        """For `show names`."""
        return f"{len(self.buffer)} bytes at {self.buffer.address:#x}"


@dataclass
class RingThing:
    """A ring, and who watches it."""

    name: str
    ring: IoUring
    observer: Observer

    kind = "ring"

    def text(self) -> str:
        """For `show names`."""
        params = self.ring.params
        return f"fd {self.ring.fd.number}  SQ {params.sq_entries}  CQ {params.cq_entries}"


@dataclass
class RequestThing:
    """A request that was staged here.

    Attributes:
        fd: the fd that it opened, once it completed.
        buffers: names of what it reads or writes.
        closes: the file it is to close.
    """

    name: str
    request: Request
    fd: OwnedFd | None = None
    buffers: tuple[str, ...] = ()
    closes: FileThing | None = None
    settled: bool = field(default=False)

    kind = "request"

    @property
    def opened(self) -> bool:
        """Whether the name stands for an fd, too."""
        return self.fd is not None

    def text(self) -> str:
        """For `show names`."""
        return f"{self.request.decoded().name}  {self.request.state}"


Thing = FileThing | BufferThing | RingThing | RequestThing
