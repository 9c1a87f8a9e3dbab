"""What a session's names stand for."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from uringlab.lab.registered import Registered
from uringlab.observe.request import State

if TYPE_CHECKING:
    from uringlab.core.buffers import BadPage, Buffer
    from uringlab.core.fd import OwnedFd
    from uringlab.core.ops.declare import Op
    from uringlab.core.ring import IoUring
    from uringlab.observe.observer import Observer
    from uringlab.observe.request import Request


@dataclass
class FileThing:
    """An open file, and what its fd led to when it was opened."""

    name: str
    fd: OwnedFd
    what: str
    opened: os.stat_result | None = field(init=False)

    kind = "file"

    def __post_init__(self) -> None:
        """Remember the file: the number may be another's one day."""
        self.opened = _stat(self.fd.number)

    def leads_here(self) -> bool:
        """Whether the number is open, and still that file."""
        now = _stat(self.fd.number)
        return now is not None and self.opened is not None and os.path.samestat(now, self.opened)

    def close(self) -> None:
        """Close it, if that is still our duty, and the number not closed behind our back."""
        if self.leads_here():
            self.fd.close()
        else:
            self.fd.give_up()

    def text(self) -> str:
        """For `show names`."""
        state = "" if self.fd.owned else " (being closed, or closed)"
        return f"fd {self.fd.number}  {self.what}{state}"


def _stat(fd: int) -> os.stat_result | None:
    try:
        return os.fstat(fd)
    except OSError:
        return None


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
class ChildThing:
    """A child process that the session started."""

    name: str
    pid: int

    kind = "child"

    def text(self) -> str:
        """For `show names`."""
        return f"pid {self.pid}"

    def end(self) -> None:
        """End it, and reap it if nobody has."""
        try:
            ended, _ = os.waitpid(self.pid, os.WNOHANG)
            if not ended:
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
        except ChildProcessError:
            return  # a WAITID has reaped it


@dataclass
class RingThing:
    """A ring, who watches it, and what was registered with it."""

    name: str
    ring: IoUring
    observer: Observer
    registered: Registered = field(default_factory=Registered)

    kind = "ring"

    def text(self) -> str:
        """For `show names`."""
        params = self.ring.params
        return f"{self.ring.fd}  SQ {params.sq_entries}  CQ {params.cq_entries}"


@dataclass(slots=True)
class RequestThing:
    """A request that was staged here.

    Attributes:
        file: what it opened, once it completed.
        buffers: names of what it reads or writes.
        closes: the file it is to close.
        told: how many of its CQEs have been looked at for new fds.
    """

    name: str
    request: Request
    op: Op
    file: FileThing | None = None
    buffers: tuple[str, ...] = ()
    closes: FileThing | None = None
    settled: bool = field(default=False)
    told: int = field(default=0)

    kind = "request"

    @property
    def has_file(self) -> bool:
        """Whether the name stands for an fd, too."""
        return self.file is not None

    @property
    def done(self) -> bool:
        """Whether nothing more is to come of it: its name may be given to something else."""
        over = self.settled or self.request.state in (State.SILENT, State.TAKEN_BACK)
        over = over and self.request.state is not State.POSTED  # its CQE is to be told by its name
        return over and not (self.file is not None and self.file.fd.owned)

    @property
    def awaits(self) -> bool:
        """Whether a CQE with its user_data can be its own: not once its last one was taken."""
        return self.request.seen is None

    def text(self) -> str:
        """For `show names`."""
        file = f"  {self.file.text()}" if self.file is not None else ""
        return f"{self.request.decoded().name}  {self.request.state}{file}"


Thing = FileThing | BufferThing | ChildThing | RingThing | RequestThing
