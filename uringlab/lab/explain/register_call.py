"""A call of io_uring_register(2): what it takes, and what it is answered with."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from uringlab.core.abi import RegisterOp
from uringlab.lab.explain.here import here
from uringlab.lab.explain.lines import sentence, told

if TYPE_CHECKING:
    from uringlab.lab.names import RingThing


class Call(NamedTuple):
    """What the line in core/abi does not say.

    Attributes:
        page: the man page; where there is none the kernel's file.
        note: what it takes, what it wants first, and how it fails.
    """

    page: str
    note: str


_FILES = "io_uring_register_files(3), io_uring_registered_files(7)"
_BUFFERS = "io_uring_register_buffers(3), io_uring_registered_buffers(7)"

CALLS: dict[str, Call] = {
    "BUFFERS": Call(
        _BUFFERS,
        "arg is an array of iovecs. Their pages stay in memory, and count to RLIMIT_MEMLOCK, until "
        "they are unregistered. At most 1 GiB each. EBUSY: there is a table already.",
    ),
    "UNREGISTER_BUFFERS": Call(
        "io_uring_unregister_buffers(3)",
        "Requests that use one keep it until they end. ENXIO: there is no table.",
    ),
    "FILES": Call(
        _FILES,
        "arg is an array of fds, -1 for a place that stays empty. The ring holds the files open, "
        "whatever happens to the fds. IOSQE_FIXED_FILE then names them by their place.",
    ),
    "UNREGISTER_FILES": Call(
        "io_uring_unregister_files(3)",
        "Requests that use one keep it until they end. ENXIO: there is no table.",
    ),
    "EVENTFD": Call(
        "io_uring_register_eventfd(3), eventfd(2)",
        "So an epoll loop can wait for completions. One for a ring; EBUSY: it has one.",
    ),
    "UNREGISTER_EVENTFD": Call("io_uring_unregister_eventfd(3)", "ENXIO: the ring has none."),
    "FILES_UPDATE": Call(
        "io_uring_register_files_update(3)",
        "arg is a struct io_uring_files_update: from which place on, and the fds; -1 empties a "
        "place, FILES_SKIP leaves it. The answer is how many were changed.",
    ),
    "EVENTFD_ASYNC": Call(
        "io_uring_register_eventfd_async(3)",
        "What completes while it is submitted is known to whoever submitted: no signal for that.",
    ),
    "PROBE": Call(
        "io_uring_register_probe(3)",
        "arg is a struct io_uring_probe, which the kernel fills in: an entry for each opcode, with "
        "IO_URING_OP_SUPPORTED or not. `show kernel` and completion are made from it.",
    ),
    "PERSONALITY": Call(
        "io_uring_register_personality(3)",
        "The answer is the id: sqe->personality then runs a request with these credentials, "
        "whoever submits it.",
    ),
    "UNREGISTER_PERSONALITY": Call(
        "io_uring_unregister_personality(3)", "nr_args is the id. EINVAL: there is no such id."
    ),
    "RESTRICTIONS": Call(
        "io_uring_register_restrictions(3)",
        "Once, and only while the ring is disabled: EBADFD else. All that is not allowed then is "
        "forbidden, for as long as the ring lives.",
    ),
    "ENABLE_RINGS": Call(
        "io_uring_enable_rings(3)",
        "From then on SQEs are taken, and restrictions hold. EBADFD: it is not disabled.",
    ),
    "FILES2": Call(
        "io_uring_register_files_tags(3), io_uring_register_files_sparse(3)",
        "arg is a struct io_uring_rsrc_register. With a tag, a CQE with that user_data comes when "
        "a file is out of the table and out of use.",
    ),
    "FILES_UPDATE2": Call(
        "io_uring_register_files_update_tag(3)",
        "arg is a struct io_uring_rsrc_update2. The old file's tag comes as a CQE when nothing "
        "uses it any more.",
    ),
    "BUFFERS2": Call(
        "io_uring_register_buffers_tags(3), io_uring_register_buffers_sparse(3)",
        "arg is a struct io_uring_rsrc_register. With a tag, a CQE with that user_data comes when "
        "a buffer is out of the table and out of use: its memory is yours again.",
    ),
    "BUFFERS_UPDATE": Call(
        "io_uring_register_buffers_update_tag(3)",
        "arg is a struct io_uring_rsrc_update2. The old buffer is let go of when nothing uses it.",
    ),
    "IOWQ_AFF": Call(
        "io_uring_register_iowq_aff(3)",
        "arg is a cpu_set_t, nr_args its bytes. For the workers of the thread that calls.",
    ),
    "UNREGISTER_IOWQ_AFF": Call("io_uring_unregister_iowq_aff(3)", "It takes no argument."),
    "IOWQ_MAX_WORKERS": Call(
        "io_uring_register_iowq_max_workers(3)",
        "arg is two numbers: bound work (files) and unbound work (sockets, pipes); 0 changes "
        "nothing. The kernel writes there what they were.",
    ),
    "RING_FDS": Call(
        "io_uring_register_ring_fd(3)",
        "16 places for each thread. Enter with IORING_ENTER_REGISTERED_RING and the index: no fd "
        "is looked up any more.",
    ),
    "UNREGISTER_RING_FDS": Call("io_uring_unregister_ring_fd(3)", "By the same thread."),
    "PBUF_RING": Call(
        "io_uring_register_buf_ring(3), io_uring_provided_buffers(7)",
        "arg is a struct io_uring_buf_reg: memory, a power of two of entries, and the group. You "
        "add buffers by moving its tail; no call is needed for that. EEXIST: the group is taken.",
    ),
    "UNREGISTER_PBUF_RING": Call(
        "io_uring_unregister_buf_ring(3)", "bgid says which. ENOENT: there is no such group."
    ),
    "SYNC_CANCEL": Call(
        "io_uring_register_sync_cancel(3)",
        "As ASYNC_CANCEL, without an SQE, and it waits: when it returns 0 none is left. ENOENT: "
        "there was none. ETIME: some have not ended in time.",
    ),
    "FILE_ALLOC_RANGE": Call(
        "io_uring_register_file_alloc_range(3)",
        "arg is a struct io_uring_file_index_range. Places outside of it are left to those who "
        "name one.",
    ),
    "PBUF_STATUS": Call(
        "io_uring_register(2)",
        "arg is a struct io_uring_buf_status; the kernel writes the head of that group's ring.",
    ),
    "NAPI": Call(
        "io_uring_register_napi(3)",
        "Waiting in io_uring_enter then polls the network card for so many microseconds before it "
        "sleeps: later interrupts, a busy CPU.",
    ),
    "UNREGISTER_NAPI": Call("io_uring_unregister_napi(3)", "The kernel writes what it was."),
    "CLOCK": Call(
        "io_uring_register_clock(3)",
        "CLOCK_MONOTONIC, which it is at first, or CLOCK_BOOTTIME, which counts suspension, too. "
        "Of timeouts of waits; TIMEOUT requests name their own.",
    ),
    "CLONE_BUFFERS": Call(
        "io_uring_clone_buffers(3)",
        "Pinning is the costly part, and is not done again. Both rings must be of one user and of "
        "one memory. EBUSY: there is a table, and DST_REPLACE was not said.",
    ),
    "SEND_MSG_RING": Call(
        "io_uring_register_sync_msg(3)",
        "The fd is -1, arg is an SQE of MSG_RING. So a program without a ring can wake one that "
        "waits.",
    ),
    "ZCRX_IFQ": Call(
        "io_uring_register_ifq(3)",
        "Needs a card that splits headers from data, CAP_NET_ADMIN, and a ring with DEFER_TASKRUN "
        "and CQE32 or CQE_MIXED.",
    ),
    "RESIZE_RINGS": Call(
        "io_uring_resize_rings(3)",
        "arg is a struct io_uring_params. What is in the queues goes along; EOVERFLOW if it does "
        "not fit. All mappings have to be made anew: the old ones stand still.",
    ),
    "MEM_REGION": Call(
        "io_uring_register_region(3)",
        "arg is a struct io_uring_mem_region_reg. One for a ring; EBUSY: it has one.",
    ),
    "QUERY": Call(
        "io_uring_register_query(3)",
        "arg is a chain of struct io_uring_query_hdr. It needs no ring: the fd may be -1.",
    ),
    "ZCRX_CTRL": Call(
        "io_uring_register_zcrx_ctrl(3)", "arg is a struct zcrx_ctrl: ZCRX_CTRL_* says what."
    ),
    "BPF_FILTER": Call(
        "io_uring_register_bpf_filter(3)",
        "Looks at each request of an opcode as it is prepared, and allows it or not: finer than "
        "RESTRICTIONS.",
    ),
}
"""By the name in `RegisterOp`."""


def explain_register_call(member: RegisterOp, ring: RingThing | None) -> str:
    """One call."""
    call = CALLS[member.name]
    return told(
        f"{member.kernel_name} = {int(member)}: {member.doc}",
        call.note,
        f"A call of io_uring_register. Since Linux {member.since}; {call.page}.",
        f"{sentence(here(member, ring))} The verb: {verb(member)}.",
    )


def verb(member: RegisterOp) -> str:
    """The command that makes the call: files2 and the like are options of the one without 2."""
    first, _, rest = member.kernel_name.removeprefix("IORING_").lower().partition("_")
    return f"{first} {rest.removesuffix('2')}"
