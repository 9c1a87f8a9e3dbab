"""The numbers of core/abi that are in no enum: limits, offsets, special values; and structures."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from uringlab.core import abi
from uringlab.core.abi import Layout
from uringlab.lab.explain.lines import told

if TYPE_CHECKING:
    from collections.abc import Mapping


class Number(NamedTuple):
    """What is to be said of a number.

    Attributes:
        kernel: its name in the kernel's sources; where it has none there, ours.
        since: the first kernel that has it.
        doc: what it means.
        page: the man page or the kernel's file.
    """

    kernel: str
    since: str
    doc: str
    page: str


_UAPI = "include/uapi/linux/io_uring.h"
_COUNTED = 1 << 20
"""The largest that is read better in decimal."""
_LIMIT = "More is EINVAL."

NUMBERS: dict[str, Number] = {
    "AT_FDCWD": Number(
        "AT_FDCWD",
        "5.6",
        "In the place of a directory's fd: paths start at the current directory.",
        "openat(2)",
    ),
    "CQE_BUFFER_SHIFT": Number(
        "IORING_CQE_BUFFER_SHIFT",
        "5.7",
        "With IORING_CQE_F_BUFFER: cqe->flags >> 16 is the number of the buffer that was picked.",
        "io_uring_provided_buffers(7)",
    ),
    "CQE_F_TSTAMP_HW": Number(
        "IORING_CQE_F_TSTAMP_HW",
        "6.17",
        "In the flags of a CQE of TX_TIMESTAMP: by the network card's clock, not the kernel's.",
        "io_uring_prep_cmd_sock(3)",
    ),
    "FILE_INDEX_ALLOC": Number(
        "IORING_FILE_INDEX_ALLOC",
        "5.19",
        "In sqe->file_index: the kernel picks a free place of the registered files, and res says "
        "which. ENFILE: none is free.",
        "io_uring_registered_files(7)",
    ),
    "FUTEX_BITSET_MATCH_ANY": Number(
        "FUTEX_BITSET_MATCH_ANY",
        "6.7",
        "In sqe->addr3 of FUTEX_WAIT and FUTEX_WAKE: every waiter. A waker wakes those whose mask "
        "has a bit in common with its own.",
        "futex(2), io_uring_prep_futex_wait(3)",
    ),
    "FUTEX_WAITV_MAX": Number(
        "FUTEX_WAITV_MAX", "6.7", f"The most futexes of one FUTEX_WAITV. {_LIMIT}", "futex(2)"
    ),
    "MAX_BUF_RING_ENTRIES": Number(
        "MAX_BUF_RING_ENTRIES",
        "5.19",
        f"The most entries of a ring of provided buffers; its number must be a power of two. "
        f"{_LIMIT}",
        "io_uring_register_buf_ring(3)",
    ),
    "MAX_CQ_ENTRIES": Number(
        "IORING_MAX_CQ_ENTRIES",
        "5.5",
        "The largest completion queue. More is EINVAL, or lowered to it with CLAMP.",
        "io_uring/io_uring.c",
    ),
    "MAX_ENTRIES": Number(
        "IORING_MAX_ENTRIES",
        "5.1",
        "The largest submission queue. More is EINVAL, or lowered to it with CLAMP.",
        "io_uring/io_uring.c",
    ),
    "MAX_FIXED_BUFFERS": Number(
        "IORING_MAX_REG_BUFFERS",
        "5.13",
        f"The most registered buffers of a ring. {_LIMIT}",
        "io_uring/rsrc.c",
    ),
    "MAX_FIXED_BUFFER_BYTES": Number(
        "MAX_FIXED_BUFFER_BYTES",
        "5.1",
        "The largest registered buffer: 1 GiB. More is EFAULT.",
        "io_uring_register(2)",
    ),
    "MAX_FIXED_FILES": Number(
        "IORING_MAX_FIXED_FILES",
        "5.1",
        "The most registered files of a ring; RLIMIT_NOFILE limits them, too. More is EMFILE.",
        "io_uring/rsrc.c",
    ),
    "MAX_IOVECS": Number(
        "UIO_MAXIOV", "5.1", f"The most iovecs of one request. {_LIMIT}", "readv(2)"
    ),
    "MAX_PERSONALITY": Number(
        "MAX_PERSONALITY",
        "5.6",
        "The largest id of registered credentials: sqe->personality has 16 bits, and 0 is none.",
        "io_uring/register.c",
    ),
    "MAX_PROVIDED_BUFFERS": Number(
        "MAX_BIDS_PER_BGID",
        "5.7",
        "The most buffers of a group: a CQE has 16 bits for the number. More is E2BIG.",
        "io_uring/kbuf.c",
    ),
    "MAX_REGISTERED_RINGS": Number(
        "IO_RINGFD_REG_MAX",
        "5.18",
        "The most rings that a thread can register with itself. More is EBUSY.",
        "io_uring/tctx.c",
    ),
    "NOTIF_USAGE_ZC_COPIED": Number(
        "IORING_NOTIF_USAGE_ZC_COPIED",
        "6.2",
        "In the res of a NOTIF, where SEND_ZC_REPORT_USAGE was asked for: the bytes were copied "
        "after all, so sending without copying has not helped.",
        "io_uring_prep_send_zc(3)",
    ),
    "OFF_CQ_RING": Number(
        "IORING_OFF_CQ_RING",
        "5.1",
        "Where to mmap the completion queue. With IORING_FEAT_SINGLE_MMAP it lies in the mapping "
        "of the submission queue, too.",
        "io_uring_setup(2)",
    ),
    "OFF_MMAP_MASK": Number(
        "IORING_OFF_MMAP_MASK",
        "5.19",
        "The bits of an mmap offset that say which memory of the ring is meant; the others say "
        "which of several.",
        _UAPI,
    ),
    "OFF_PBUF_RING": Number(
        "IORING_OFF_PBUF_RING",
        "6.4",
        "Where to mmap a ring of provided buffers that was made with IOU_PBUF_RING_MMAP: the group "
        "goes in from bit 16 on.",
        "io_uring_register_buf_ring(3)",
    ),
    "OFF_PBUF_SHIFT": Number(
        "IORING_OFF_PBUF_SHIFT",
        "6.4",
        "The group lies above this bit of the mmap offset of a ring of provided buffers.",
        _UAPI,
    ),
    "OFF_SQES": Number(
        "IORING_OFF_SQES", "5.1", "Where to mmap the array of SQEs.", "io_uring_setup(2)"
    ),
    "OFF_SQ_RING": Number(
        "IORING_OFF_SQ_RING",
        "5.1",
        "Where to mmap the submission queue's words; with IORING_FEAT_SINGLE_MMAP the completion "
        "queue's as well.",
        "io_uring_setup(2)",
    ),
    "REGISTER_FILES_SKIP": Number(
        "IORING_REGISTER_FILES_SKIP",
        "5.12",
        "In the place of an fd in FILES_UPDATE: leave that place of the table as it is.",
        "io_uring_register(2)",
    ),
    "SQE_BYTES": Number(
        "sizeof(struct io_uring_sqe)",
        "5.1",
        "The bytes of an SQE; with IORING_SETUP_SQE128 it has twice as many.",
        "io_uring_enter(2)",
    ),
    "CQE_BYTES": Number(
        "sizeof(struct io_uring_cqe)",
        "5.1",
        "The bytes of a CQE: user_data, res and flags; with IORING_SETUP_CQE32 twice as many.",
        "io_uring_enter(2)",
    ),
    "BUF_RING_TAIL": Number(
        "offsetof(struct io_uring_buf_ring, tail)",
        "5.19",
        "Where the tail of a ring of provided buffers lies: in the reserved bytes of its first "
        "entry. You move it.",
        "io_uring_register_buf_ring(3)",
    ),
    "TIMESTAMP_HW_SHIFT": Number(
        "IORING_TIMESTAMP_HW_SHIFT",
        "6.17",
        "The bit of a TX_TIMESTAMP's CQE flags that says whose clock it is.",
        "io_uring_prep_cmd_sock(3)",
    ),
    "TIMESTAMP_TYPE_SHIFT": Number(
        "IORING_TIMESTAMP_TYPE_SHIFT",
        "6.17",
        "The type of a TX_TIMESTAMP (scheduled, sent, acknowledged) lies above this bit.",
        "io_uring_prep_cmd_sock(3)",
    ),
    "USE_REGISTERED_RING": Number(
        "IORING_REGISTER_USE_REGISTERED_RING",
        "6.3",
        "Beside the opcode of io_uring_register: the fd is an index of registered rings.",
        "io_uring_register(2)",
    ),
    "ZCRX_AREA_SHIFT": Number(
        "IORING_ZCRX_AREA_SHIFT",
        "6.15",
        "The id of the area lies above this bit of the offset that a RECV_ZC's CQE brings.",
        "io_uring_register_ifq(3)",
    ),
}
"""By the name in core/abi. A test holds it to what is there."""


def structures() -> Mapping[str, Layout]:
    """Every structure of core/abi, by its name in C."""
    found = vars(import_module("uringlab.core.abi.structures")).values()
    return {one.c_name: one for one in found if isinstance(one, Layout)}


def explain_number(name: str) -> str:
    """One of NUMBERS."""
    one = NUMBERS[name]
    value = getattr(abi, name) if hasattr(abi, name) else _elsewhere(name)
    shown = str(value) if abs(value) <= _COUNTED else f"{value:#x}"
    return told(
        f"{one.kernel} = {shown}",
        one.doc,
        f"A number. Since Linux {one.since}; {one.page}.",
    )


def _elsewhere(name: str) -> int:
    """Of a module that core/abi does not hand on."""
    value: int = vars(import_module("uringlab.core.abi.structures"))[name]
    return value


def explain_structure(one: Layout) -> str:
    """A structure, and where its fields lie."""
    fields = ", ".join(f"{name} at {at}" for name, (at, _) in one.offsets().items())
    return told(
        f"struct {one.c_name}, {one.size} bytes: for {one.doc}",
        f"Fields: {fields}.",
        f"A structure. Since Linux {one.since}; {page_of(one)}.",
    )


def page_of(one: Layout) -> str:
    """Who says so."""
    return _PAGES.get(one.c_name, _UAPI)


_PAGES = {
    "__kernel_timespec": "include/uapi/linux/time_types.h",
    "iovec": "readv(2)",
    "msghdr": "sendmsg(2)",
    "open_how": "openat2(2)",
    "epoll_event": "epoll_ctl(2)",
    "futex_waitv": "include/uapi/linux/futex.h",
    "io_uring_query_hdr": "io_uring_register_query(3), include/uapi/linux/io_uring/query.h",
    "io_uring_query_opcode": "io_uring_register_query(3), include/uapi/linux/io_uring/query.h",
    "io_uring_query_zcrx": "io_uring_register_query(3), include/uapi/linux/io_uring/query.h",
    "io_uring_query_scq": "io_uring_register_query(3), include/uapi/linux/io_uring/query.h",
    "io_uring_recvmsg_out": "io_uring_recvmsg_out(3)",
    "io_uring_buf": "io_uring_register_buf_ring(3)",
    "io_uring_buf_reg": "io_uring_register_buf_ring(3)",
    "io_uring_reg_wait": "io_uring_register_wait_reg(3)",
}
