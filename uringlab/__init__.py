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

__version__ = "0.1.0"

__all__ = [
    "ALLOC",
    "Buffer",
    "Cq",
    "Cqe",
    "Cqe32",
    "CqeBatch",
    "CqeFlags",
    "EnterFlags",
    "Fd",
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
    "SubmissionQueueFull",
    "Unavailable",
    "Wait",
    "abi",
    "ops",
]
