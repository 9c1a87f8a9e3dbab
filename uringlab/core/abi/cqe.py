"""What a CQE says."""

from __future__ import annotations

from uringlab.core.abi.named import Flags


class CqeFlags(Flags, prefix="IORING_CQE_F_", man="io_uring_enter(2)"):
    """`cqe->flags`: IORING_CQE_F_*."""

    BUFFER = 1 << 0, "5.7", "the upper 16 bits are the id of the buffer that was picked"
    MORE = 1 << 1, "5.13", "this request will post more CQEs"
    SOCK_NONEMPTY = 1 << 2, "5.19", "the socket has more to read"
    NOTIF = 1 << 3, "6.0", "a zero-copy send has let go of its buffer"
    BUF_MORE = 1 << 4, "6.12", "the buffer is only partly used, and stays in use"
    SKIP = 1 << 5, "6.18", "a filler at the queue's end: ignore it"
    F_32 = 1 << 15, "6.18", "this CQE is 32 bytes long", "IORING_CQE_F_32"


CQE_BUFFER_SHIFT = 16
"""The id of the buffer that was picked lies above this bit of `cqe->flags`."""
NOTIF_USAGE_ZC_COPIED = 1 << 31
"""In `cqe->res` of a NOTIF, if SEND_ZC_REPORT_USAGE was asked: the bytes were copied after all."""
TIMESTAMP_HW_SHIFT = 16
TIMESTAMP_TYPE_SHIFT = TIMESTAMP_HW_SHIFT + 1
"""The type of a TX_TIMESTAMP lies above this bit of `cqe->flags` (6.17)."""
CQE_F_TSTAMP_HW = 1 << TIMESTAMP_HW_SHIFT
"""In `cqe->flags` of a TX_TIMESTAMP: the card's clock, not the kernel's."""
ZCRX_AREA_SHIFT = 48
"""The id of the area lies above this bit of the offset that RECV_ZC gives (6.15)."""
