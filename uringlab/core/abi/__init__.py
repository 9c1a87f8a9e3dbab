"""The kernel's numbers, under the kernel's names.

Sources: `include/uapi/linux/io_uring.h` and `io_uring/query.h`, Linux 6.18 and what came later,
and the headers of the system calls that io_uring has operations for. Each constant says the
kernel whose io_uring first took it (`since`) and what it means (`doc`), in one line, for
`explain`; `kernel_name` is its whole name in C.

What a ring itself needs is loaded at once, the rest when it is first asked for: enums are slow
to make, and `import uringlab` is to be quick.

The C floor has its own copy of the few it needs; a test compares the two.
"""

from importlib import import_module

from uringlab.core.abi.cqe import (
    CQE_BUFFER_SHIFT,
    CQE_F_TSTAMP_HW,
    NOTIF_USAGE_ZC_COPIED,
    TIMESTAMP_HW_SHIFT,
    TIMESTAMP_TYPE_SHIFT,
    ZCRX_AREA_SHIFT,
    CqeFlags,
)
from uringlab.core.abi.enter import EnterFlags, RegWaitFlags
from uringlab.core.abi.layout import CQE_BYTES, SQE_BYTES, SQE_FORMAT, SQE_WORDS, Layout
from uringlab.core.abi.named import Flags, Named
from uringlab.core.abi.opcode import Opcode
from uringlab.core.abi.queue import (
    OFF_CQ_RING,
    OFF_MMAP_MASK,
    OFF_PBUF_RING,
    OFF_PBUF_SHIFT,
    OFF_SQ_RING,
    OFF_SQES,
    CqRingFlags,
    SqRingFlags,
)
from uringlab.core.abi.register import (
    MAX_BUF_RING_ENTRIES,
    MAX_FIXED_BUFFER_BYTES,
    MAX_FIXED_BUFFERS,
    MAX_FIXED_FILES,
    MAX_IOVECS,
    MAX_PERSONALITY,
    MAX_PROVIDED_BUFFERS,
    MAX_REGISTERED_RINGS,
    REGISTER_FILES_SKIP,
    USE_REGISTERED_RING,
    RegisterOp,
)
from uringlab.core.abi.setup import MAX_CQ_ENTRIES, MAX_ENTRIES, Features, SetupFlags
from uringlab.core.abi.sqe import AT_FDCWD, FILE_INDEX_ALLOC, RwAttributes, SqeFlags

TYPE_CHECKING = False
if TYPE_CHECKING:
    from uringlab.core.abi.fileflags import (
        Fadvice,
        FallocateMode,
        FsyncFlags,
        LinkFlags,
        PipeFlags,
        RenameFlags,
        ResolveFlags,
        RwFlags,
        SpliceFlags,
        StatxFlags,
        StatxMask,
        SyncRangeFlags,
        UnlinkFlags,
        XattrFlags,
    )
    from uringlab.core.abi.netflags import (
        AcceptFlags,
        AcceptSocketFlags,
        AddressFamily,
        EpollEvents,
        EpollOp,
        MsgFlags,
        RecvSendFlags,
        ShutdownHow,
        SocketType,
    )
    from uringlab.core.abi.opflags import (
        BlockCommand,
        CancelFlags,
        InstallFlags,
        MsgRingCommand,
        MsgRingFlags,
        NopFlags,
        PollEvents,
        PollFlags,
        SocketCommand,
        TimeoutFlags,
        UringCmdFlags,
    )
    from uringlab.core.abi.registerflags import (
        CloneBuffersFlags,
        IoWqKind,
        MemRegionFlags,
        NapiMode,
        NapiOp,
        ProbeFlags,
        QueryOp,
        RegionFlags,
        RegisterBufRingFlags,
        RestrictionKind,
        RsrcFlags,
        ZcrxAreaFlags,
        ZcrxControl,
        ZcrxRegisterFlags,
    )
    from uringlab.core.abi.structures import (
        ATTR_PI,
        BUF,
        BUF_REG,
        BUF_RING_TAIL,
        BUF_STATUS,
        CLOCK_REGISTER,
        CLONE_BUFFERS,
        EPOLL_EVENT,
        FILE_INDEX_RANGE,
        FILES_UPDATE,
        FUTEX_WAITV,
        GETEVENTS_ARG,
        IOVEC,
        MEM_REGION_REG,
        MSGHDR,
        NAPI,
        OPEN_HOW,
        PROBE,
        PROBE_OP,
        QUERY_HDR,
        QUERY_OPCODE,
        QUERY_SCQ,
        QUERY_ZCRX,
        RECVMSG_OUT,
        REG_WAIT,
        REGION_DESC,
        RESTRICTION,
        RSRC_REGISTER,
        RSRC_UPDATE,
        RSRC_UPDATE2,
        SYNC_CANCEL_REG,
        TASK_RESTRICTION,
        TIMESPEC,
        ZCRX_AREA_REG,
        ZCRX_CQE,
        ZCRX_IFQ_REG,
        ZCRX_RQE,
    )
    from uringlab.core.abi.taskflags import (
        FUTEX_BITSET_MATCH_ANY,
        FUTEX_WAITV_MAX,
        Futex2Flags,
        Madvice,
        WaitIdType,
        WaitOptions,
    )

_LATER = {
    "fileflags": (
        "Fadvice FallocateMode FsyncFlags LinkFlags PipeFlags RenameFlags "
        "ResolveFlags RwFlags SpliceFlags StatxFlags StatxMask SyncRangeFlags UnlinkFlags "
        "XattrFlags"
    ),
    "netflags": (
        "AcceptFlags AcceptSocketFlags AddressFamily EpollEvents EpollOp MsgFlags "
        "RecvSendFlags ShutdownHow SocketType"
    ),
    "opflags": (
        "BlockCommand CancelFlags InstallFlags MsgRingCommand MsgRingFlags NopFlags "
        "PollEvents PollFlags SocketCommand TimeoutFlags UringCmdFlags"
    ),
    "registerflags": (
        "CloneBuffersFlags IoWqKind MemRegionFlags NapiMode NapiOp ProbeFlags QueryOp "
        "RegionFlags RegisterBufRingFlags RestrictionKind RsrcFlags ZcrxAreaFlags "
        "ZcrxControl ZcrxRegisterFlags"
    ),
    "structures": (
        "ATTR_PI BUF BUF_REG BUF_RING_TAIL BUF_STATUS CLOCK_REGISTER CLONE_BUFFERS "
        "EPOLL_EVENT FILES_UPDATE FILE_INDEX_RANGE FUTEX_WAITV GETEVENTS_ARG IOVEC "
        "MEM_REGION_REG MSGHDR NAPI OPEN_HOW PROBE PROBE_OP QUERY_HDR QUERY_OPCODE "
        "QUERY_SCQ QUERY_ZCRX RECVMSG_OUT REGION_DESC REG_WAIT RESTRICTION RSRC_REGISTER "
        "RSRC_UPDATE RSRC_UPDATE2 SYNC_CANCEL_REG TASK_RESTRICTION TIMESPEC ZCRX_AREA_REG "
        "ZCRX_CQE ZCRX_IFQ_REG ZCRX_RQE"
    ),
    "taskflags": (
        "FUTEX_BITSET_MATCH_ANY FUTEX_WAITV_MAX Futex2Flags Madvice WaitIdType WaitOptions"
    ),
}
_HOME = {name: module for module, names in _LATER.items() for name in names.split()}


def __getattr__(name: str) -> object:
    """Load the module that has the name."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = vars(import_module(f"{__name__}.{_HOME[name]}"))
    # All of its names become this module's, so that this is asked once only.
    globals().update((one, found[one]) for one in _LATER[_HOME[name]].split())
    return found[name]


def __dir__() -> list[str]:
    """Every name, loaded or not."""
    return sorted(globals().keys() | _HOME.keys())


__all__ = [
    "ATTR_PI",
    "AT_FDCWD",
    "BUF",
    "BUF_REG",
    "BUF_RING_TAIL",
    "BUF_STATUS",
    "CLOCK_REGISTER",
    "CLONE_BUFFERS",
    "CQE_BUFFER_SHIFT",
    "CQE_BYTES",
    "CQE_F_TSTAMP_HW",
    "EPOLL_EVENT",
    "FILES_UPDATE",
    "FILE_INDEX_ALLOC",
    "FILE_INDEX_RANGE",
    "FUTEX_BITSET_MATCH_ANY",
    "FUTEX_WAITV",
    "FUTEX_WAITV_MAX",
    "GETEVENTS_ARG",
    "IOVEC",
    "MAX_BUF_RING_ENTRIES",
    "MAX_CQ_ENTRIES",
    "MAX_ENTRIES",
    "MAX_FIXED_BUFFERS",
    "MAX_FIXED_BUFFER_BYTES",
    "MAX_FIXED_FILES",
    "MAX_IOVECS",
    "MAX_PERSONALITY",
    "MAX_PROVIDED_BUFFERS",
    "MAX_REGISTERED_RINGS",
    "MEM_REGION_REG",
    "MSGHDR",
    "NAPI",
    "NOTIF_USAGE_ZC_COPIED",
    "OFF_CQ_RING",
    "OFF_MMAP_MASK",
    "OFF_PBUF_RING",
    "OFF_PBUF_SHIFT",
    "OFF_SQES",
    "OFF_SQ_RING",
    "OPEN_HOW",
    "PROBE",
    "PROBE_OP",
    "QUERY_HDR",
    "QUERY_OPCODE",
    "QUERY_SCQ",
    "QUERY_ZCRX",
    "RECVMSG_OUT",
    "REGION_DESC",
    "REGISTER_FILES_SKIP",
    "REG_WAIT",
    "RESTRICTION",
    "RSRC_REGISTER",
    "RSRC_UPDATE",
    "RSRC_UPDATE2",
    "SQE_BYTES",
    "SQE_FORMAT",
    "SQE_WORDS",
    "SYNC_CANCEL_REG",
    "TASK_RESTRICTION",
    "TIMESPEC",
    "TIMESTAMP_HW_SHIFT",
    "TIMESTAMP_TYPE_SHIFT",
    "USE_REGISTERED_RING",
    "ZCRX_AREA_REG",
    "ZCRX_AREA_SHIFT",
    "ZCRX_CQE",
    "ZCRX_IFQ_REG",
    "ZCRX_RQE",
    "AcceptFlags",
    "AcceptSocketFlags",
    "AddressFamily",
    "BlockCommand",
    "CancelFlags",
    "CloneBuffersFlags",
    "CqRingFlags",
    "CqeFlags",
    "EnterFlags",
    "EpollEvents",
    "EpollOp",
    "Fadvice",
    "FallocateMode",
    "Features",
    "Flags",
    "FsyncFlags",
    "Futex2Flags",
    "InstallFlags",
    "IoWqKind",
    "Layout",
    "LinkFlags",
    "Madvice",
    "MemRegionFlags",
    "MsgFlags",
    "MsgRingCommand",
    "MsgRingFlags",
    "Named",
    "NapiMode",
    "NapiOp",
    "NopFlags",
    "Opcode",
    "PipeFlags",
    "PollEvents",
    "PollFlags",
    "ProbeFlags",
    "QueryOp",
    "RecvSendFlags",
    "RegWaitFlags",
    "RegionFlags",
    "RegisterBufRingFlags",
    "RegisterOp",
    "RenameFlags",
    "ResolveFlags",
    "RestrictionKind",
    "RsrcFlags",
    "RwAttributes",
    "RwFlags",
    "SetupFlags",
    "ShutdownHow",
    "SocketCommand",
    "SocketType",
    "SpliceFlags",
    "SqRingFlags",
    "SqeFlags",
    "StatxFlags",
    "StatxMask",
    "SyncRangeFlags",
    "TimeoutFlags",
    "UnlinkFlags",
    "UringCmdFlags",
    "WaitIdType",
    "WaitOptions",
    "XattrFlags",
    "ZcrxAreaFlags",
    "ZcrxControl",
    "ZcrxRegisterFlags",
]
