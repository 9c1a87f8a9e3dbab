"""What an operand can be: how each kind of value gets into an SQE, and out again.

A kind knows two things: how to put a Python value into an SQE's word (and what memory the
request must then hold), and how to read the word back for a person, from anybody's SQE.
"""

from uringlab.core.ops.kinds.bits import OPEN_FLAGS, Bits, Choice, OpenBits, Switch
from uringlab.core.ops.kinds.draft import Draft, Kind
from uringlab.core.ops.kinds.fds import (
    ClosedFile,
    DirFd,
    Domain,
    File,
    FirstSlot,
    InFile,
    RegisteredFile,
    RingFile,
    Slot,
)
from uringlab.core.ops.kinds.inmessage import AddressInMessage, InMessage
from uringlab.core.ops.kinds.memory import (
    AddressRoom,
    Block,
    BufferIndex,
    Group,
    Iovecs,
    Room,
    SocketAddress,
)
from uringlab.core.ops.kinds.numbers import Child, Length, Mode, Number, Offset, Signed, UserData
from uringlab.core.ops.kinds.texts import (
    InStructure,
    LinkTarget,
    Name,
    PathName,
    Structure,
    TimeSpan,
)

__all__ = [
    "OPEN_FLAGS",
    "AddressInMessage",
    "AddressRoom",
    "Bits",
    "Block",
    "BufferIndex",
    "Child",
    "Choice",
    "ClosedFile",
    "DirFd",
    "Domain",
    "Draft",
    "File",
    "FirstSlot",
    "Group",
    "InFile",
    "InMessage",
    "InStructure",
    "Iovecs",
    "Kind",
    "Length",
    "LinkTarget",
    "Mode",
    "Name",
    "Number",
    "Offset",
    "OpenBits",
    "PathName",
    "RegisteredFile",
    "RingFile",
    "Room",
    "Signed",
    "Slot",
    "SocketAddress",
    "Structure",
    "Switch",
    "TimeSpan",
    "UserData",
]
