"""The kernel's structures: what io_uring_register(2), io_uring_enter(2) and SQEs point to.

Reserved bytes have no name and are zero. A test compares sizes and offsets with a C compiler's.
"""

from __future__ import annotations

import os

from uringlab.core.abi.layout import Layout

# ---- arguments of io_uring_register(2)

FILES_UPDATE = Layout("io_uring_files_update", "5.5", "FILES_UPDATE", "<I4xQ", "offset fds")
RSRC_REGISTER = Layout(
    "io_uring_rsrc_register", "5.13", "FILES2, BUFFERS2", "<II8xQQ", "nr flags data tags"
)
RSRC_UPDATE = Layout("io_uring_rsrc_update", "5.13", "RING_FDS", "<I4xQ", "offset data")
RSRC_UPDATE2 = Layout(
    "io_uring_rsrc_update2",
    "5.13",
    "FILES_UPDATE2, BUFFERS_UPDATE",
    "<I4xQQI4x",
    "offset data tags nr",
)
PROBE = Layout(
    "io_uring_probe", "5.6", "PROBE: then ops_len of PROBE_OP", "<BB14x", "last_op ops_len"
)
PROBE_OP = Layout("io_uring_probe_op", "5.6", "one opcode of PROBE", "<BxH4x", "op flags")
RESTRICTION = Layout(
    "io_uring_restriction",
    "5.10",
    "RESTRICTIONS; the second is register_op, sqe_op or sqe_flags",
    "<HB13x",
    "opcode sqe_op",
)
TASK_RESTRICTION = Layout(
    "io_uring_task_restriction",
    "7.0",
    "RESTRICTIONS of a task: then nr_res of RESTRICTION",
    "<HH12x",
    "flags nr_res",
)
CLOCK_REGISTER = Layout("io_uring_clock_register", "6.12", "CLOCK", "<I12x", "clockid")
CLONE_BUFFERS = Layout(
    "io_uring_clone_buffers",
    "6.12",
    "CLONE_BUFFERS; the offsets and nr from 6.13",
    "<IIIII12x",
    "src_fd flags src_off dst_off nr",
)
BUF = Layout("io_uring_buf", "5.19", "one buffer of a buffer ring", "<QIH2x", "addr len bid")
BUF_RING_TAIL = 14
"""Where a buffer ring's tail (16 bits) lies: in the reserved bytes of its first BUF."""
BUF_REG = Layout(
    "io_uring_buf_reg",
    "5.19",
    "PBUF_RING, UNREGISTER_PBUF_RING",
    "<QIHH24x",
    "ring_addr ring_entries bgid flags",
)
BUF_STATUS = Layout(
    "io_uring_buf_status", "6.8", "PBUF_STATUS: the kernel answers head", "<II32x", "buf_group head"
)
NAPI = Layout(
    "io_uring_napi",
    "6.9",
    "NAPI, UNREGISTER_NAPI; opcode and op_param from 6.13",
    "<IBB2xI4x",
    "busy_poll_to prefer_busy_poll opcode op_param",
)
REGION_DESC = Layout(
    "io_uring_region_desc",
    "6.13",
    "a region of memory",
    "<QQIIQ32x",
    "user_addr size flags id mmap_offset",
)
MEM_REGION_REG = Layout(
    "io_uring_mem_region_reg", "6.13", "MEM_REGION", "<QQ16x", "region_uptr flags"
)
SYNC_CANCEL_REG = Layout(
    "io_uring_sync_cancel_reg",
    "6.0",
    "SYNC_CANCEL; a timeout of -1, -1 is for ever; opcode from 6.6",
    "<QiIqqB31x",
    "addr fd flags timeout.tv_sec timeout.tv_nsec opcode",
)
FILE_INDEX_RANGE = Layout(
    "io_uring_file_index_range", "6.0", "FILE_ALLOC_RANGE", "<II8x", "off len"
)
QUERY_HDR = Layout(
    "io_uring_query_hdr",
    "6.18",
    "QUERY: one question of a chain",
    "<QQIIi12x",
    "next_entry query_data query_op size result",
)
QUERY_OPCODE = Layout(
    "io_uring_query_opcode",
    "6.18",
    "the answer to QueryOp.OPCODES; nr_query_opcodes from 6.19",
    "<IIQQQQI4x",
    "nr_request_opcodes nr_register_opcodes feature_flags ring_setup_flags enter_flags "
    "sqe_flags nr_query_opcodes",
)
QUERY_ZCRX = Layout(
    "io_uring_query_zcrx",
    "6.19",
    "the answer to QueryOp.ZCRX",
    "<QQIIII8x",
    "register_flags area_flags nr_ctrl_opcodes features rq_hdr_size rq_hdr_alignment",
)
QUERY_SCQ = Layout(
    "io_uring_query_scq", "6.19", "the answer to QueryOp.SCQ", "<QQ", "hdr_size hdr_alignment"
)
ZCRX_AREA_REG = Layout(
    "io_uring_zcrx_area_reg",
    "6.15",
    "the memory of a ZCRX_IFQ",
    "<QQQII16x",
    "addr len rq_area_token flags dmabuf_fd",
)
ZCRX_IFQ_REG = Layout(
    "io_uring_zcrx_ifq_reg",
    "6.15",
    "ZCRX_IFQ",
    "<IIIIQQIII20xII24x",
    "if_idx if_rxq rq_entries flags area_ptr region_ptr offsets.head offsets.tail offsets.rqes "
    "zcrx_id rx_buf_len",
)
ZCRX_RQE = Layout("io_uring_zcrx_rqe", "6.15", "a buffer given back", "<QI4x", "off len")
ZCRX_CQE = Layout("io_uring_zcrx_cqe", "6.15", "the second half of a RECV_ZC's CQE", "<Q8x", "off")

# ---- arguments of io_uring_enter(2)

GETEVENTS_ARG = Layout(
    "io_uring_getevents_arg",
    "5.11",
    "EXT_ARG; min_wait_usec from 6.12",
    "<QIIQ",
    "sigmask sigmask_sz min_wait_usec ts",
)
REG_WAIT = Layout(
    "io_uring_reg_wait",
    "6.13",
    "EXT_ARG_REG: one registered wait",
    "<qqIIQI28x",
    "ts.tv_sec ts.tv_nsec min_wait_usec flags sigmask sigmask_sz",
)
TIMESPEC = Layout("__kernel_timespec", "5.1", "a time", "<qq", "tv_sec tv_nsec")

# ---- what an SQE points to

IOVEC = Layout("iovec", "5.1", "a piece of memory", "<QQ", "iov_base iov_len")
MSGHDR = Layout(
    "msghdr",
    "5.3",
    "SENDMSG, RECVMSG and the like",
    "<QI4xQQQQI4x",
    "msg_name msg_namelen msg_iov msg_iovlen msg_control msg_controllen msg_flags",
)
RECVMSG_OUT = Layout(
    "io_uring_recvmsg_out",
    "6.0",
    "what a multishot RECVMSG puts before name, control data and payload",
    "<IIII",
    "namelen controllen payloadlen flags",
)
OPEN_HOW = Layout("open_how", "5.6", "OPENAT2", "<QQQ", "flags mode resolve")
EPOLL_EVENT = Layout(
    "epoll_event",
    "5.6",
    "EPOLL_CTL, EPOLL_WAIT",
    # Packed on x86-64 only, where 32-bit programs had it so.
    "<IQ" if os.uname().machine == "x86_64" else "<I4xQ",
    "events data",
)
FUTEX_WAITV = Layout("futex_waitv", "6.7", "FUTEX_WAITV", "<QQI4x", "val uaddr flags")
ATTR_PI = Layout(
    "io_uring_attr_pi",
    "6.14",
    "RwAttributes.PI",
    "<HHIQQ8x",
    "flags app_tag len addr seed",
)
