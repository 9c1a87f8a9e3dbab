"""What any SQE can say, whatever its opcode."""

from __future__ import annotations

from uringlab.core.abi.named import Flags


class SqeFlags(Flags, prefix="IOSQE_", man="io_uring_enter(2)"):
    """`sqe->flags`: IOSQE_*."""

    FIXED_FILE = 1 << 0, "5.1", "fd is an index into the table of registered files"
    IO_DRAIN = 1 << 1, "5.2", "start only when every earlier request has completed"
    IO_LINK = 1 << 2, "5.3", "the next SQE starts only when this one has succeeded"
    IO_HARDLINK = 1 << 3, "5.5", "the next SQE starts when this one has ended, however it ended"
    ASYNC = 1 << 4, "5.6", "do not try inline: give it to a worker thread at once"
    BUFFER_SELECT = 1 << 5, "5.7", "the kernel picks a buffer from the group buf_group"
    CQE_SKIP_SUCCESS = 1 << 6, "5.17", "no CQE if it succeeds"


class RwAttributes(Flags, prefix="IORING_RW_ATTR_FLAG_", man="include/uapi/linux/io_uring.h"):
    """`sqe->attr_type_mask`: what attr_ptr points to."""

    PI = 1 << 0, "6.14", "protection information: struct io_uring_attr_pi"


FILE_INDEX_ALLOC = 0xFFFF_FFFF
"""`sqe->file_index`: let the kernel pick the slot of the registered files; res is its index."""
AT_FDCWD = -100
"""In the place of a directory's fd: the current directory."""
