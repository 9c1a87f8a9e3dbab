"""uringlab: see io_uring move.

>>> from uringlab import IoUring, ops
>>> with IoUring(sq_entries=8) as ring:
...     index = ring.sq().push(ops.Nop(user_data=7))
...     taken = ring.submit_and_wait(wait_nr=1)
...     [cqe.user_data for cqe in ring.cq()]
[7]

This module is the ring (`uringlab.core`). What watches it, the command language, the lessons
and the screens are separate packages, loaded when they are asked for.
"""

from importlib import import_module

from uringlab.core import abi, ops
from uringlab.core.abi import (
    CqeFlags,
    EnterFlags,
    Features,
    Opcode,
    SetupFlags,
    SqeFlags,
    SqRingFlags,
)
from uringlab.core.batch import CqeBatch
from uringlab.core.buffers import Buffer
from uringlab.core.cq import Cq, Cqe, Cqe32
from uringlab.core.errors import (
    LooseAddress,
    NotSupported,
    OperandError,
    RingBusy,
    RingClosed,
    RingError,
    RingForked,
    SqesStaged,
    StaleSlot,
    SubmissionQueueFull,
    Unavailable,
)
from uringlab.core.fd import ALLOC, Fd, FixedFd, IoUringFd, OwnedFd
from uringlab.core.ops.prepared import Prepared
from uringlab.core.params import Params
from uringlab.core.ring import IoUring
from uringlab.core.sq import Sq, SqeSlot
from uringlab.core.wait import Wait

TYPE_CHECKING = False
if TYPE_CHECKING:
    from uringlab.core.address import PeerAddress
    from uringlab.core.childinfo import ChildInfo
    from uringlab.core.epollroom import EpollRoom
    from uringlab.core.fdroom import FdRoom
    from uringlab.core.register.buffer_ring import BufferRing, buffer_of
    from uringlab.core.register.message import send_msg_ring
    from uringlab.core.register.query import query
    from uringlab.core.register.region import WaitRegion
    from uringlab.core.statx import Statx
    from uringlab.core.storm import Storm

__version__ = "0.1.0"

_LATER = {
    "BufferRing": "register.buffer_ring",
    "ChildInfo": "childinfo",
    "EpollRoom": "epollroom",
    "FdRoom": "fdroom",
    "PeerAddress": "address",
    "Statx": "statx",
    "Storm": "storm",
    "WaitRegion": "register.region",
    "buffer_of": "register.buffer_ring",
    "query": "register.query",
    "send_msg_ring": "register.message",
}
"""What not every program needs: loaded when it is first asked for."""


def __getattr__(name: str) -> object:
    """Load the module that has the name."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.core.{_LATER[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """Every name, loaded or not."""
    return sorted(globals().keys() | _LATER.keys())


__all__ = [
    "ALLOC",
    "Buffer",
    "BufferRing",
    "ChildInfo",
    "Cq",
    "Cqe",
    "Cqe32",
    "CqeBatch",
    "CqeFlags",
    "EnterFlags",
    "EpollRoom",
    "Fd",
    "FdRoom",
    "Features",
    "FixedFd",
    "IoUring",
    "IoUringFd",
    "LooseAddress",
    "NotSupported",
    "Opcode",
    "OperandError",
    "OwnedFd",
    "Params",
    "PeerAddress",
    "Prepared",
    "RingBusy",
    "RingClosed",
    "RingError",
    "RingForked",
    "SetupFlags",
    "Sq",
    "SqRingFlags",
    "SqeFlags",
    "SqeSlot",
    "SqesStaged",
    "StaleSlot",
    "Statx",
    "Storm",
    "SubmissionQueueFull",
    "Unavailable",
    "Wait",
    "WaitRegion",
    "abi",
    "buffer_of",
    "ops",
    "query",
    "send_msg_ring",
]
