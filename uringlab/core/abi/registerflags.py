"""The flags and kinds in what `io_uring_register(2)` is given."""

from __future__ import annotations

from uringlab.core.abi.named import Flags, Named


class ProbeFlags(Flags, prefix="IO_URING_OP_", man="io_uring_register(2)"):
    """`io_uring_probe_op->flags`, the kernel's answer."""

    SUPPORTED = 1 << 0, "5.6", "this kernel has the opcode"


class RsrcFlags(Flags, prefix="IORING_RSRC_REGISTER_", man="io_uring_register(2)"):
    """`io_uring_rsrc_register->flags` of FILES2 and BUFFERS2."""

    SPARSE = 1 << 0, "5.19", "a table of empty slots"


class RestrictionKind(
    Named,
    prefix="IORING_RESTRICTION_",
    man="io_uring_register_restrictions(3), io_uring/register.c",
):
    """`io_uring_restriction->opcode`."""

    REGISTER_OP = 0, "5.10", "allow an opcode of io_uring_register"
    SQE_OP = 1, "5.10", "allow an opcode of requests"
    SQE_FLAGS_ALLOWED = 2, "5.10", "allow these SQE flags"
    SQE_FLAGS_REQUIRED = 3, "5.10", "every SQE must have these flags"


class RegisterBufRingFlags(Flags, prefix="IOU_PBUF_RING_", man="io_uring_register_buf_ring(3)"):
    """`io_uring_buf_reg->flags` of PBUF_RING."""

    MMAP = 1 << 0, "6.4", "the kernel brings the memory, to be mapped"
    INC = 1 << 1, "6.12", "a buffer is used up piece by piece"


class CloneBuffersFlags(Flags, prefix="IORING_REGISTER_", man="io_uring_clone_buffers(3)"):
    """`io_uring_clone_buffers->flags`."""

    SRC_REGISTERED = 1 << 0, "6.12", "src_fd is a registered ring index"
    DST_REPLACE = 1 << 1, "6.13", "replace what is there"


class RegionFlags(Flags, prefix="IORING_MEM_REGION_", man="io_uring_register_region(3)"):
    """`io_uring_region_desc->flags`."""

    TYPE_USER = 1 << 0, "6.13", "the application brings the memory"


class MemRegionFlags(Flags, prefix="IORING_MEM_REGION_", man="io_uring_register_region(3)"):
    """`io_uring_mem_region_reg->flags`."""

    REG_WAIT_ARG = 1 << 0, "6.13", "it holds the arguments of registered waits"


class IoWqKind(Named, prefix="IO_WQ_", man="io_uring_register_iowq_max_workers(3)"):
    """The two kinds of worker threads, in the order of IOWQ_MAX_WORKERS."""

    BOUND = 0, "5.15", "work that ends in bounded time: files, block devices"
    UNBOUND = 1, "5.15", "work that may never end: sockets, pipes"


class NapiOp(Named, prefix="IO_URING_NAPI_", man="io_uring_register_napi(3), io_uring/napi.c"):
    """`io_uring_napi->opcode`."""

    REGISTER_OP = 0, "6.13", "say how to busy-poll"
    STATIC_ADD_ID = 1, "6.13", "poll the NAPI id op_param"
    STATIC_DEL_ID = 2, "6.13", "do so no more"


class NapiMode(
    Named, prefix="IO_URING_NAPI_TRACKING_", man="io_uring_register_napi(3), io_uring/napi.c"
):
    """`io_uring_napi->op_param` of REGISTER_OP: which NAPI ids are polled."""

    DYNAMIC = 0, "6.13", "those of the sockets in use"
    STATIC = 1, "6.13", "those that were added"
    INACTIVE = 255, "6.13", "none (an answer only)"


class QueryOp(Named, prefix="IO_URING_QUERY_", man="io_uring_register_query(3)"):
    """`io_uring_query_hdr->query_op`: `linux/io_uring/query.h`."""

    OPCODES = 0, "6.18", "opcodes, features and flags"
    ZCRX = 1, "6.19", "zero-copy receive"
    SCQ = 2, "6.19", "the rings' header"


class ZcrxAreaFlags(
    Flags, prefix="IORING_ZCRX_AREA_", man="io_uring_register_ifq(3), io_uring/zcrx.c"
):
    """`io_uring_zcrx_area_reg->flags`."""

    DMABUF = 1 << 0, "6.16", "the memory is a dma-buf"


class ZcrxRegisterFlags(Flags, prefix="ZCRX_REG_", man="io_uring_register_ifq(3), io_uring/zcrx.c"):
    """`io_uring_zcrx_ifq_reg->flags`."""

    IMPORT = 1 << 0, "6.19", "share the one that another ring has exported"


class ZcrxControl(Named, prefix="ZCRX_CTRL_", man="io_uring_register_zcrx_ctrl(3)"):
    """`zcrx_ctrl->op` of ZCRX_CTRL."""

    FLUSH_RQ = 0, "6.19", "take back the buffers in the refill queue"
    EXPORT = 1, "6.19", "make an fd that another ring can import"
