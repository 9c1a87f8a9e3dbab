"""What there is to say of a constant besides the one line that stands beside it in core/abi.

Sources: io_uring_setup(2), io_uring_enter(2), io_uring_register(2) and the pages of section 3 and
7 that come with liburing; the kernel's io_uring/ where those are silent.
"""

from __future__ import annotations

NOTES: dict[str, str] = {
    # -- params->flags
    "IORING_SETUP_IOPOLL": "No interrupt tells that the device is done: io_uring_enter with "
    "GETEVENTS polls it. Only reads, writes and drivers' commands go; most other opcodes are "
    "refused with EINVAL, files that cannot be polled with EOPNOTSUPP.",
    "IORING_SETUP_SQPOLL": "Publishing is enough while the thread is awake. After sq_thread_idle "
    "(1 s unless it was given) without work it sleeps and sets NEED_WAKEUP; then it has to be "
    "entered with SQ_WAKEUP. It takes a CPU while it is awake.",
    "IORING_SETUP_SQ_AFF": "Only beside SQPOLL; EINVAL for a CPU that this task may not use.",
    "IORING_SETUP_CQSIZE": "Rounded up to a power of two, and never below the SQ's. A larger CQ "
    "puts CQ_OVERFLOW off.",
    "IORING_SETUP_CLAMP": "The limits are 32768 SQEs and 65536 CQEs; without it more is EINVAL.",
    "IORING_SETUP_ATTACH_WQ": "If both rings are SQPOLL rings, they share the poll thread as well. "
    "EINVAL if wq_fd is no ring's.",
    "IORING_SETUP_R_DISABLED": "io_uring_enter answers EBADFD until IORING_REGISTER_ENABLE_RINGS. "
    "Restrictions can be registered only until then.",
    "IORING_SETUP_SUBMIT_ALL": "Without it, an SQE that is refused as it is read ends the "
    "submission: it gets its CQE, and those behind it stay in the queue for the next enter.",
    "IORING_SETUP_COOP_TASKRUN": "Completions that need the task then come at its next entry into "
    "the kernel, whatever call that is. Whoever only peeks should have TASKRUN_FLAG, too.",
    "IORING_SETUP_TASKRUN_FLAG": "Only beside COOP_TASKRUN or DEFER_TASKRUN. The bit says that an "
    "enter with GETEVENTS would bring completions.",
    "IORING_SETUP_SQE128": "For the commands of drivers (URING_CMD) that need 80 bytes of room "
    "where a plain SQE has 16. Every slot is of that size.",
    "IORING_SETUP_CQE32": "Every slot is of that size, and its second half has what a driver's "
    "command, RECV_ZC or a timestamp brings besides res.",
    "IORING_SETUP_SINGLE_ISSUER": "That task is the one that made the ring; of a ring with "
    "R_DISABLED, the one that enabled it. The kernel can leave out locking for it.",
    "IORING_SETUP_DEFER_TASKRUN": "Only beside SINGLE_ISSUER. What completes later becomes a CQE "
    "only when that task enters with GETEVENTS: peeking at the queue alone sees nothing new.",
    "IORING_SETUP_NO_MMAP": "cq_off.user_addr and sq_off.user_addr say where the memory is. There "
    "is nothing to mmap then, and nothing in /proc/PID/maps that shows it is a ring.",
    "IORING_SETUP_REGISTERED_FD_ONLY": "Only beside NO_MMAP. Calls then need REGISTERED_RING and "
    "the index that io_uring_setup returned; no other task can use it.",
    "IORING_SETUP_NO_SQARRAY": "Without it, an array in between says which slot is next, so that "
    "they can be published in another order. Nearly nobody does; liburing sets this flag.",
    "IORING_SETUP_HYBRID_IOPOLL": "Only beside IOPOLL. The kernel learns how long a request takes, "
    "and sleeps for about half of it before it polls: less CPU, a little later.",
    "IORING_SETUP_CQE_MIXED": "A CQE with F_32 takes two slots; where only one is left before the "
    "queue's end, a filler with SKIP goes there. Not beside CQE32.",
    "IORING_SETUP_SQE_MIXED": "NOP128 and URING_CMD128 take two slots. Not beside SQE128.",
    "IORING_SETUP_SQ_REWIND": "Head and tail are not used: enter's to_submit says how many. Only "
    "beside NO_SQARRAY, and not with SQPOLL.",
    # -- params->features
    "IORING_FEAT_SINGLE_MMAP": "So one mmap(2) at IORING_OFF_SQ_RING covers SQ and CQ; the SQEs "
    "have a mapping of their own all the same.",
    "IORING_FEAT_NODROP": "They wait in a list, the SQ flag CQ_OVERFLOW is set, and enter with "
    "GETEVENTS moves them over when there is room. cq_overflow counts only what was lost.",
    "IORING_FEAT_SUBMIT_STABLE": "Paths, iovecs, times and addresses may go once the SQE is "
    "consumed. The buffers that are read from or written to may not: they go with the CQE.",
    "IORING_FEAT_RW_CUR_POS": "As read(2) and write(2), and it is moved. Two of them in flight at "
    "once race for it.",
    "IORING_FEAT_CUR_PERSONALITY": "Before, it was whoever made the ring. An SQE's personality "
    "names others that were registered.",
    "IORING_FEAT_FAST_POLL": "A read of an empty pipe or socket arms a poll, and is tried again "
    "when that fires. Before, each such request held a worker thread.",
    "IORING_FEAT_POLL_32BITS": "So EPOLLEXCLUSIVE can be asked for in POLL_ADD.",
    "IORING_FEAT_SQPOLL_NONFIXED": "Before 5.11 only registered files would do, and SQPOLL was for "
    "root.",
    "IORING_FEAT_EXT_ARG": "So a wait needs no TIMEOUT request to be limited in time, and a thread "
    "can wait without touching the SQ.",
    "IORING_FEAT_NATIVE_WORKERS": "They have the process's credentials, files and memory by "
    "nature, "
    "show up in /proc/PID/task as iou-wrk, and count as its threads.",
    "IORING_FEAT_RSRC_TAGS": "A tag comes back as the user_data of a CQE once nothing uses the "
    "file "
    "or buffer any more that it was given to.",
    "IORING_FEAT_CQE_SKIP": "A request that has it and succeeds leaves no trace in the CQ.",
    "IORING_FEAT_LINKED_FILE": "So an fd that the first of a chain opens (into a slot of "
    "registered "
    "files) can be used by the next. Before, all fds were looked up at submission.",
    "IORING_FEAT_REG_REG_RING": "With USE_REGISTERED_RING beside the opcode: so the ring's fd can "
    "be closed altogether.",
    "IORING_FEAT_RECVSEND_BUNDLE": "With IORING_RECVSEND_BUNDLE: one CQE for several buffers, the "
    "first of which it names.",
    "IORING_FEAT_MIN_TIMEOUT": "Within min_wait_usec the wait wants all that it asked for; after "
    "that, whatever has come is enough.",
    "IORING_FEAT_RW_ATTR": "attr_ptr and attr_type_mask of READ and WRITE: protection information "
    "for devices that check it.",
    "IORING_FEAT_NO_IOWAIT": "With IORING_ENTER_NO_IOWAIT: tools then count the CPU as idle, and "
    "frequency scaling does not raise the clock for it.",
    # -- io_uring_enter's flags
    "IORING_ENTER_GETEVENTS": "Without it min_complete is not looked at. With min_complete=0 it "
    "does "
    "not wait, but runs task work and moves over what overflew.",
    "IORING_ENTER_SQ_WAKEUP": "Needed when the SQ flag NEED_WAKEUP is set: looked at after the "
    "tail "
    "was stored, with a full barrier in between, or the wake-up is lost.",
    "IORING_ENTER_SQ_WAIT": "The poll thread empties the queue at its own pace: this waits until a "
    "slot is free.",
    "IORING_ENTER_EXT_ARG": "The last argument is then a struct io_uring_getevents_arg, and argsz "
    "its size. A timeout that is over is ETIME, and what was submitted stays submitted.",
    "IORING_ENTER_REGISTERED_RING": "Saves looking up the fd, and its reference counting, in every "
    "call. Registered by IORING_REGISTER_RING_FDS, and that thread's own.",
    "IORING_ENTER_ABS_TIMER": "By CLOCK_MONOTONIC, or whatever IORING_REGISTER_CLOCK chose.",
    "IORING_ENTER_EXT_ARG_REG": "The argument is the offset of a struct io_uring_reg_wait in what "
    "IORING_REGISTER_MEM_REGION shared: nothing has to be copied.",
    "IORING_ENTER_NO_IOWAIT": "Only says how the time is booked; what is waited for is the same.",
    "IORING_REG_WAIT_TS": "Without it the wait has no end in time, whatever the field says.",
    # -- sqe->flags
    "IOSQE_FIXED_FILE": "No fd is looked up, and its reference not counted, for each request. "
    "Register files first; EBADF for a place with nothing in it.",
    "IOSQE_IO_DRAIN": "And what comes behind it starts only when it has completed. The whole ring "
    "stands still for that: links and user_data are mostly better.",
    "IOSQE_IO_LINK": "Any end but full success breaks the chain, a short read or write, too: the "
    "rest get -ECANCELED. A chain ends where a submission ends.",
    "IOSQE_IO_HARDLINK": "The same chain, not broken by results. It does end where the SQE itself "
    "is "
    "refused, and where a submission ends.",
    "IOSQE_ASYNC": "For what is known to block. It costs a thread's wake-up; without it the kernel "
    "tries at once, then polls, and takes a worker only as a last resort.",
    "IOSQE_BUFFER_SELECT": "It picks when there are bytes, so nothing is bound while it waits. "
    "Which "
    "one it was: the upper 16 bits of the CQE's flags. ENOBUFS when the group is empty.",
    "IOSQE_CQE_SKIP_SUCCESS": "A failure does post one. So nothing tells when a success has "
    "ended, unless something is linked behind it.",
    "IORING_RW_ATTR_FLAG_PI": "A struct io_uring_attr_pi with a buffer of its own goes with the "
    "data "
    "to or from a block device that checks it; others refuse it.",
    # -- cqe->flags
    "IORING_CQE_F_BUFFER": "cqe->flags >> 16 is its number in the group. It is yours until you "
    "give "
    "it back to the group.",
    "IORING_CQE_F_MORE": "user_data stays in use. The CQE without it is the last, and tells why it "
    "ended: ask again if you want more.",
    "IORING_CQE_F_SOCK_NONEMPTY": "So another RECV would not wait. No promise, only a hint.",
    "IORING_CQE_F_NOTIF": "The second CQE of SEND_ZC, by the same user_data: only now may the "
    "bytes "
    "be changed. The first one, with MORE, had the result.",
    "IORING_CQE_F_BUF_MORE": "Of a buffer ring with IOU_PBUF_RING_INC: the next bytes go behind "
    "these, in the same buffer. Give it back when a CQE comes without the flag.",
    "IORING_CQE_F_SKIP": "Of a ring with CQE_MIXED: a large CQE does not wrap around the queue's "
    "end. The head is moved over it, and nothing else is done with it.",
    "IORING_CQE_F_32": "Of a ring with CQE_MIXED: it fills two slots, and the head moves by two.",
    # -- the rings' own words
    "IORING_SQ_NEED_WAKEUP": "Look at it after each publish on an SQPOLL ring: while it is set, "
    "nobody sees the new tail. `submit` does so.",
    "IORING_SQ_CQ_OVERFLOW": "No CQE is lost (NODROP), but they wait until somebody enters. "
    "`reap`, then `enter flags=getevents`.",
    "IORING_SQ_TASKRUN": "Only on rings with IORING_SETUP_TASKRUN_FLAG. Some requests are done but "
    "for posting their CQE, and that wants the task.",
    "IORING_CQ_EVENTFD_DISABLED": "The eventfd stays registered: clear the bit, and it is "
    "signalled "
    "again.",
    # -- timeouts, polls, cancelling
    "IORING_TIMEOUT_ABS": "By CLOCK_MONOTONIC unless BOOTTIME or REALTIME is given. One that is "
    "past "
    "already ends at once.",
    "IORING_TIMEOUT_UPDATE": "Then addr names the timeout, and addr2 points to the new time. "
    "liburing: "
    "io_uring_prep_timeout_update.",
    "IORING_TIMEOUT_BOOTTIME": "It goes on while the machine sleeps. Not beside REALTIME.",
    "IORING_TIMEOUT_REALTIME": "It jumps when somebody sets the clock. Not beside BOOTTIME.",
    "IORING_LINK_TIMEOUT_UPDATE": "Beside TIMEOUT_UPDATE: addr names the LINK_TIMEOUT.",
    "IORING_TIMEOUT_ETIME_SUCCESS": "res is -ETIME all the same, but a chain is not broken by it.",
    "IORING_TIMEOUT_MULTISHOT": "Each time is a CQE with -ETIME and MORE. Not beside ABS.",
    "IORING_TIMEOUT_IMMEDIATE_ARG": "Then no struct has to be copied from memory.",
    "IORING_POLL_ADD_MULTI": "A CQE with MORE for each time; edge-triggered unless ADD_LEVEL.",
    "IORING_POLL_UPDATE_EVENTS": "addr names the poll, poll32_events is the new mask.",
    "IORING_POLL_UPDATE_USER_DATA": "addr names the poll, off is the new user_data: its CQEs come "
    "under that from then on.",
    "IORING_POLL_ADD_LEVEL": "It fires as long as the condition holds, not only when it begins to. "
    "In the headers since 6.0; kernels up to 6.18 refuse it with EINVAL all the same.",
    "IORING_ASYNC_CANCEL_ALL": "res is how many there were; 0 is none then, and no ENOENT.",
    "IORING_ASYNC_CANCEL_FD": "Whatever is in flight on that file, by whatever number it was "
    "named.",
    "IORING_ASYNC_CANCEL_ANY": "With ALL: whatever is in flight on the ring. It takes no other "
    "key.",
    "IORING_ASYNC_CANCEL_FD_FIXED": "Beside FD. The file is what counts, not how a request named "
    "it.",
    "IORING_ASYNC_CANCEL_USERDATA": "Without FD, ANY and OP it is what counts anyway.",
    "IORING_ASYNC_CANCEL_OP": "len is the opcode. Alone, or beside FD and USERDATA.",
    # -- sockets
    "IORING_RECVSEND_POLL_FIRST": "Saves a first attempt in vain, where it is known that nothing "
    "is "
    "there yet. Else the kernel tries at once.",
    "IORING_RECV_MULTISHOT": "Needs BUFFER_SELECT. Each message is a CQE with MORE; it ends with "
    "an "
    "error, with ENOBUFS for one, or with 0 when the other side is done.",
    "IORING_RECVSEND_FIXED_BUF": "Of SEND_ZC and SENDMSG_ZC: the memory is pinned already. EFAULT "
    "where the bytes do not lie in that buffer.",
    "IORING_SEND_ZC_REPORT_USAGE": "NOTIF_USAGE_ZC_COPIED in the NOTIF's res: it did not help. "
    "Over "
    "loopback the bytes are always copied.",
    "IORING_RECVSEND_BUNDLE": "Needs BUFFER_SELECT. res is the bytes in all; the CQE names the "
    "first "
    "buffer, and those behind it in the ring follow.",
    "IORING_SEND_VECTORIZED": "So SEND and SEND_ZC take several pieces, without a msghdr.",
    "IORING_ACCEPT_MULTISHOT": "Each connection is a CQE with MORE, its fd in res. An error ends "
    "it.",
    "IORING_ACCEPT_DONTWAIT": "As if the listener had O_NONBLOCK, for this request only.",
    "IORING_ACCEPT_POLL_FIRST": "Saves a first attempt where nobody is known to wait.",
    # -- messages between rings, installed fds, NOPs
    "IORING_MSG_DATA": "A CQE appears in the other ring, by this user_data and res; the sender's "
    "own "
    "CQE says 0. EOVERFLOW when it cannot be posted there.",
    "IORING_MSG_SEND_FD": "A file of this ring's table goes into the other ring's: addr3 says "
    "which, "
    "file_index where. FILE_INDEX_ALLOC lets the kernel pick the place.",
    "IORING_MSG_RING_CQE_SKIP": "Only the sender then learns that it was done.",
    "IORING_MSG_RING_FLAGS_PASS": "Else they are 0.",
    "IORING_FIXED_FD_NO_CLOEXEC": "Without it the fd has O_CLOEXEC, as a sane default.",
    "IORING_NOP_INJECT_RESULT": "To see what a program does with a result, or what a chain does.",
    "IORING_NOP_FILE": "EBADF if there is none: what looking up costs can be measured by it.",
    "IORING_NOP_FIXED_FILE": "Beside FILE.",
    "IORING_NOP_FIXED_BUFFER": "EFAULT if there is none.",
    "IORING_NOP_TW": "Not at once, but as what waited would: see it come with GETEVENTS only on a "
    "DEFER_TASKRUN ring.",
    "IORING_NOP_CQE32": "On rings with CQE32 or CQE_MIXED; else it is EINVAL.",
    "IORING_URING_CMD_FIXED": "For drivers that move bytes (NVMe passthrough): the memory is "
    "pinned "
    "already.",
    "IORING_URING_CMD_MULTISHOT": "Needs BUFFER_SELECT, and a driver that knows how.",
    "SPLICE_F_FD_IN_FIXED": "IOSQE_FIXED_FILE speaks of the other one, the fd written to.",
    # -- what is registered
    "IORING_RSRC_REGISTER_SPARSE": "Filled later, by an update, or by requests that open files "
    "straight into it.",
    "IOU_PBUF_RING_MMAP": "At offset IORING_OFF_PBUF_RING | bgid << 16 of the ring's fd; ring_addr "
    "is 0 then.",
    "IOU_PBUF_RING_INC": "Several small messages then share one large buffer: BUF_MORE in a CQE "
    "says "
    "that it stays in use.",
    "IORING_REGISTER_SRC_REGISTERED": "Of CLONE_BUFFERS.",
    "IORING_REGISTER_DST_REPLACE": "Of CLONE_BUFFERS. Without it a table that is there is EBUSY.",
    "IORING_MEM_REGION_TYPE_USER": "user_addr says where; without it the kernel brings it, and it "
    "is "
    "mapped at mmap_offset.",
    "IORING_MEM_REGION_REG_WAIT_ARG": "For IORING_ENTER_EXT_ARG_REG. Only on a ring that is still "
    "disabled (R_DISABLED).",
    "IORING_RESTRICTION_REGISTER_OP": "All that are not allowed are EACCES from io_uring_register.",
    "IORING_RESTRICTION_SQE_OP": "All that are not allowed are -EACCES in the CQE.",
    "IORING_RESTRICTION_SQE_FLAGS_ALLOWED": "Any other is -EACCES in the CQE.",
    "IORING_RESTRICTION_SQE_FLAGS_REQUIRED": "FIXED_FILE for one: so that only registered files "
    "can "
    "be touched.",
    "IO_WQ_BOUND": "At first the smaller of the SQ's entries and four times the CPUs.",
    "IO_WQ_UNBOUND": "At first RLIMIT_NPROC. Such work mostly waits by poll, and needs no thread.",
    "IO_URING_OP_SUPPORTED": "Without it the opcode's number is known, but this kernel was built "
    "without the thing.",
    # -- futexes
    "FUTEX2_SIZE_U32": "The kernel has numbers for 8, 16 and 64 bits, too, and takes none of them.",
    "FUTEX2_PRIVATE": "The kernel need not look up which file or memory the page belongs to. Waker "
    "and waiter must both say it.",
}
"""By the kernel's name: what else is worth knowing. One or two sentences."""
