"""The words of io_uring and of this program, each in a few lines.

Sources: io_uring(7), io_uring_setup(2), io_uring_enter(2), the pages of section 7 that come with
liburing, and the kernel's io_uring/.
"""

from __future__ import annotations

from typing import NamedTuple

from uringlab.lab.explain.lines import Answer, told


class Word(NamedTuple):
    """A word.

    Attributes:
        brief: one line: what completion shows, and the answer's first.
        more: the rest.
        page: where it is told at length.
        others: what else it is called.
    """

    brief: str
    more: str
    page: str
    others: tuple[str, ...] = ()


_RING = "io_uring(7)"
_ENTER = "io_uring_enter(2)"
_SETUP = "io_uring_setup(2)"
_ALSO = 3
"""Constants of the same name that are named, at most."""

WORDS: dict[str, Word] = {
    # -- the rings
    "ring": Word(
        "two queues in memory that you and the kernel share",
        "SQEs go in by the submission queue, CQEs come out of the completion queue. "
        "io_uring_setup makes it, and its fd stands for it. `ring new r1`, `show ring`.",
        _RING,
        ("io_uring", "rings"),
    ),
    "SQ": Word(
        "the submission queue: where you write what is to be done",
        "You fill slots and move its tail; the kernel copies them and moves its head. "
        "`show sq` has every slot.",
        _RING,
        ("submission queue",),
    ),
    "CQ": Word(
        "the completion queue: where the kernel writes what has been done",
        "The kernel fills slots and moves its tail; you read them and move its head. It has "
        "twice as many slots as the SQ, unless CQSIZE says else. `show cq`.",
        _RING,
        ("completion queue",),
    ),
    "SQE": Word(
        "submission queue entry: 64 bytes that say one operation",
        "opcode, flags, fd, off, addr, len, user_data and the opcode's own. The kernel copies it "
        "when it consumes it; the memory that addr leads to it does not. `explain sqe 0`.",
        _ENTER,
        ("submission queue entry",),
    ),
    "CQE": Word(
        "completion queue entry: 16 bytes that say how one operation ended",
        "user_data is the SQE's, res the result or a -errno, flags say what else there is. Most "
        "requests have one CQE; multishot ones and zero-copy sends have more. `explain cqe 0`.",
        _ENTER,
        ("completion queue entry",),
    ),
    "head": Word(
        "where a queue is read: it is moved by whoever takes entries out",
        "Of the SQ the kernel moves it, when it consumes; of the CQ you do, when you reap. It only "
        "grows, modulo 2³²; head & mask is the slot.",
        _RING,
    ),
    "tail": Word(
        "where a queue is written: it is moved by whoever puts entries in",
        "Of the SQ you move it, when you publish; of the CQ the kernel does, when it posts. "
        "tail - head is how many entries there are.",
        _RING,
    ),
    "local tail": Word(
        "a copy of the SQ's tail that only the library has",
        "Writing an SQE moves it; the kernel cannot see it. Publishing stores it into the shared "
        "tail: that makes many SQEs visible by one store. It is sqe_tail in liburing.",
        "io_uring_get_sqe(3)",
        ("sq_local", "sqe_tail"),
    ),
    "mask": Word(
        "entries - 1: an index & mask is its slot",
        "The sizes are powers of two, so no division is needed and nothing breaks when an index "
        "wraps at 2³².",
        _SETUP,
    ),
    "slot": Word(
        "a place in a queue's array, that is used again each lap",
        "An SQE's slot is free again once the kernel has consumed it, long before the request "
        "is done. A CQE's slot is the kernel's again once you have moved the head past it.",
        _RING,
        ("slots", "entry", "entries"),
    ),
    "SQ array": Word(
        "a level in between: which slot is the next one",
        "The kernel reads array[head & mask] and takes the SQE from there, so slots can be "
        "published in any order. With NO_SQARRAY slot i is position i.",
        _SETUP,
        ("sqarray",),
    ),
    # -- a request's life
    "request": Word(
        "one operation, from its SQE to its last CQE",
        "staged → published → consumed, in flight → posted → seen. `explain r1` says where one is, "
        "`show r1` when each step was.",
        _RING,
        ("requests", "life"),
    ),
    "staged": Word(
        "an SQE is written, and only the local tail has moved",
        "The kernel cannot see it; it may still be changed. Next: `publish`, or `submit`.",
        "io_uring_get_sqe(3)",
    ),
    "published": Word(
        "the shared SQ tail covers the SQE: the kernel can see it",
        "It looks when somebody enters (`enter`), or with SQPOLL by itself. Until then it waits.",
        "io_uring_submit(3)",
        ("publish",),
    ),
    "pending": Word(
        "published and not consumed: SQ tail - SQ head",
        "With an ordinary ring it is that way from `publish` to `enter`. What stays pending after "
        "an enter was behind an SQE that was refused: `enter` once more.",
        "io_uring_sq_ready(3)",
    ),
    "consumed": Word(
        "the kernel has copied the SQE and moved the SQ's head",
        "Its slot is free. So is what it copied with it: paths, times, iovecs. Buffers are not.",
        _ENTER,
    ),
    "in flight": Word(
        "consumed, and its last CQE is not posted yet",
        "Nothing in the shared memory shows it. It runs, waits by poll, for a time, in a worker or "
        "behind others. What it reads or writes must stay where it is. `show kernel`.",
        _ENTER,
        ("inflight",),
    ),
    "posted": Word(
        "the kernel has written the CQE and moved the CQ's tail",
        "It lies there until you take it, whether or not anybody waits. Next: `reap`.",
        _RING,
        ("ready", "completed", "completion"),
    ),
    "seen": Word(
        "you have moved the CQ's head past the CQE",
        "The slot is the kernel's again: copy what you need before. The request is over.",
        "io_uring_cqe_seen(3)",
        ("reaped",),
    ),
    "publish": Word(
        "to store the local tail into the shared one, with release order",
        "What was written into the slots before is visible to whoever sees the tail. With SQPOLL "
        "it is all there is to submitting. The verb is `publish`.",
        "io_uring_submit(3)",
        ("publishing", "flush"),
    ),
    "submit": Word(
        "publish, then enter",
        "The usual way: the SQEs become visible, and the kernel is called to take them. On SQPOLL "
        "rings it is called only to wake the poll thread.",
        "io_uring_submit(3)",
    ),
    "enter": Word(
        "io_uring_enter: the system call that consumes SQEs, waits for CQEs, or both",
        "It answers with how many SQEs it took, or -errno. A request that fails is no failure of "
        "the call: that comes in its CQE. The verb is `enter`.",
        _ENTER,
        ("io_uring_enter",),
    ),
    "reap": Word(
        "to take CQEs: copy them, then move the CQ's head",
        "Without a system call. `peek` looks and leaves the head where it is.",
        "io_uring_for_each_cqe(3)",
    ),
    "wait": Word(
        "to sleep in io_uring_enter until so many CQEs are there",
        "GETEVENTS and min_complete. It submits nothing by itself; a TIMEOUT that runs out ends "
        "it, "
        "too. Esc or Ctrl-C gives it up, and changes nothing.",
        "io_uring_wait_cqe(3)",
        ("waiting", "min_complete"),
    ),
    "stray": Word(
        "a CQE that answers no request of this session",
        "A message of another ring, the tag of something registered, or of an SQE that nobody saw "
        "being staged. `show requests` has them at the end, with a guess.",
        "io_uring_prep_msg_ring(3)",
    ),
    "silent": Word(
        "a request with CQE_SKIP_SUCCESS: no CQE comes unless it fails",
        "So nothing tells when it has ended. `show kernel` may, while it waits by a poll.",
        "io_uring_sqe_set_flags(3)",
    ),
    # -- order and memory
    "store-release": Word(
        "a store that everything written before it comes before, for all who see it",
        "So the SQE is there when the tail is seen that covers it. You do it with the SQ's tail "
        "and "
        "the CQ's head, the kernel with the other two.",
        _RING,
        ("release", "smp_store_release", "barrier", "memory barrier"),
    ),
    "acquire": Word(
        "a load that everything read after it comes after",
        "The other half of store-release: whoever sees the tail sees what it covers. You do it "
        "with "
        "the CQ's tail and the SQ's head.",
        _RING,
        ("load-acquire", "smp_load_acquire"),
    ),
    "overflow": Word(
        "more CQEs than the completion queue has room for",
        "With NODROP they wait in the kernel, and the SQ flag CQ_OVERFLOW is set: reap, then "
        "`enter flags=getevents`. cq_overflow counts only what was lost.",
        "io_uring_cq_has_overflow(3)",
        ("cq_overflow", "overflown"),
    ),
    "dropped": Word(
        "how many SQEs the kernel has thrown away",
        "The index in the SQ array led nowhere. With NO_SQARRAY it never happens.",
        _SETUP,
        ("sq_dropped",),
    ),
    "mapping": Word(
        "memory of the ring that mmap made visible to both sides",
        "One for the words and CQEs, one for the SQEs (IORING_OFF_SQ_RING, IORING_OFF_SQES). "
        "`show memory` has every word and who writes it.",
        _SETUP,
        ("mmap", "memory"),
    ),
    "user_data": Word(
        "64 bits of yours in the SQE that come back in the CQE",
        "The kernel never looks at them, but for finding what to cancel. They tell whose CQE it "
        "is: "
        "order does not. Here `r1` stands for its user_data.",
        "io_uring_sqe_set_data(3)",
        ("user data",),
    ),
    "res": Word(
        "the result in a CQE: what the system call would return, or a -errno",
        "Bytes, an fd, 0, events: `explain READ` says what it is for an opcode, `explain r1` what "
        "this one means.",
        _ENTER,
        ("result",),
    ),
    "opcode": Word(
        "the first byte of an SQE: which operation it is",
        "0 is NOP, so a slot of zeros is one, too. `explain READ` for one of them; completion "
        "offers those that this kernel has.",
        _ENTER,
        ("operation", "opcodes"),
    ),
    "fd": Word(
        "a number for an open file; with FIXED_FILE a place in the ring's own table",
        "What is closed while a request uses it stays open until that has ended.",
        "io_uring_registered_files(7)",
        ("file descriptor",),
    ),
    "operands": Word(
        "what an opcode takes, each in a word of the SQE",
        "`help read` names them; one word may mean different things to different opcodes "
        "(op_flags: rw_flags, msg_flags, timeout_flags, …).",
        _ENTER,
        ("op_flags", "off", "addr", "len", "ioprio", "buf_index", "personality"),
    ),
    # -- how the kernel gets it done
    "task work": Word(
        "work that the kernel leaves for the task that owns the request",
        "What has waited ends there: a poll fires, and the task posts the CQE on its next way into "
        "or out of the kernel; with DEFER_TASKRUN only in an enter with GETEVENTS.",
        _SETUP,
        ("taskwork", "task_work", "TASKRUN"),
    ),
    "io-wq": Word(
        "the kernel's pool of worker threads, for what cannot but block",
        "Threads of this process (iou-wrk-…), as many as IOWQ_MAX_WORKERS allows. IOSQE_ASYNC goes "
        "there at once; else a try inline and a poll come first.",
        "io_uring_register_iowq_max_workers(3)",
        ("iowq", "io_wq", "worker", "workers", "iou-wrk"),
    ),
    "inline": Word(
        "done at once, inside io_uring_enter",
        "What does not have to wait (a NOP, a read from the page cache) has its CQE before the "
        "call returns.",
        _ENTER,
    ),
    "poll": Word(
        "how a request waits for a pipe or socket: no thread, only a wait-queue entry",
        "A read that would block arms one, and is tried again when it fires (FAST_POLL). fdinfo's "
        "PollList has them: `show kernel`. POLL_ADD is the opcode that does only that.",
        "io_uring_prep_poll_add(3)",
        ("polling", "PollList", "armed", "fast poll"),
    ),
    "poll thread": Word(
        "a kernel thread (iou-sqp-…) that watches the SQ, so that nobody need enter",
        "`ring new r flags=sqpoll`. It sleeps after sq_thread_idle without work and sets "
        "NEED_WAKEUP. explain IORING_SETUP_SQPOLL.",
        "io_uring_sqpoll(7)",
        ("iou-sqp", "sq thread"),
    ),
    "fdinfo": Word(
        "/proc/PID/fdinfo/FD: what the kernel itself says of a ring",
        "Heads and tails, polls that are armed, CQEs that overflew, registered files and buffers. "
        "It is silent when the ring's lock is taken. `show kernel` reads it.",
        "io_uring/fdinfo.c",
        ("proc",),
    ),
    "three truths": Word(
        "the library's own copies, the shared words, and the kernel's view",
        "They disagree most of the time, and each difference means something: `show kernel`.",
        "io_uring/fdinfo.c",
        ("truths",),
    ),
    # -- ties
    "link": Word(
        "IOSQE_IO_LINK: the next SQE starts only when this one has succeeded in full",
        "A failure or a short read breaks the chain: the rest end with -ECANCELED. They must be "
        "submitted together. `read f 5 flags=link`.",
        "io_uring_linked_requests(7)",
        ("chain", "linked", "links"),
    ),
    "hardlink": Word(
        "IOSQE_IO_HARDLINK: the next SQE starts when this one has ended, however it ended",
        "For what has to be done in order in any case: a CLOSE after a READ.",
        "io_uring_linked_requests(7)",
        ("hard link",),
    ),
    "drain": Word(
        "IOSQE_IO_DRAIN: start when all before it have completed; what comes after waits for it",
        "A barrier for the whole ring. `nop flags=drain`.",
        "io_uring_sqe_set_flags(3)",
        ("barrier request",),
    ),
    "cancel": Word(
        "to end a request before its time: ASYNC_CANCEL, POLL_REMOVE, TIMEOUT_REMOVE",
        "It has a CQE of its own, and so has the cancelled one: -ECANCELED, mostly. What is "
        "running "
        "in a worker can only be interrupted. `cancel r1`.",
        "io_uring_cancelation(7)",
        ("cancelled", "canceled", "cancellation"),
    ),
    "timeout": Word(
        "a time as a request: TIMEOUT ends with -ETIME, which is its success",
        "LINK_TIMEOUT limits the request before it. A wait with a timeout (`wait 1 timeout=1s`) "
        "needs neither.",
        "io_uring_prep_timeout(3)",
        ("timeouts",),
    ),
    "multishot": Word(
        "one SQE, many CQEs: accept, recv, read, poll, timeout again and again",
        "Each CQE with MORE says that others follow; the one without it is the last. Those that "
        "bring bytes need provided buffers. Cancel it to end it.",
        "io_uring_multishot(7)",
        ("multi-shot",),
    ),
    "more": Word(
        "IORING_CQE_F_MORE: others will follow with the same user_data",
        "The request is still in flight. Without the flag it is over.",
        "io_uring_multishot(7)",
    ),
    "NOTIF": Word(
        "IORING_CQE_F_NOTIF: the second CQE of a zero-copy send",
        "The first has the result; this one says that the network is done with the bytes, and the "
        "buffer is yours again.",
        "io_uring_prep_send_zc(3)",
        ("notification", "zero-copy", "zerocopy", "zero copy"),
    ),
    # -- what is registered
    "registered": Word(
        "given to the ring once, and named by a number after that",
        "Files, buffers, rings, an eventfd, credentials: looking up, pinning and checking is done "
        "once and not for each request.",
        "io_uring_register(2)",
        ("registration", "register", "fixed"),
    ),
    "registered file": Word(
        "an open file in the ring's own table, named by its place there",
        "IOSQE_FIXED_FILE. It needs no fd: requests can open straight into the table. The ring "
        "keeps it open.",
        "io_uring_registered_files(7)",
        ("registered files", "fixed file", "fixed files", "direct descriptor"),
    ),
    "registered buffer": Word(
        "memory that the ring has pinned, named by its place in a table",
        "READ_FIXED and the like: no page is looked up for each request. It counts to "
        "RLIMIT_MEMLOCK.",
        "io_uring_registered_buffers(7)",
        ("registered buffers", "fixed buffer", "fixed buffers"),
    ),
    "provided buffers": Word(
        "a group of buffers from which the kernel picks one when bytes are there",
        "So nothing is bound while a thousand sockets wait. IOSQE_BUFFER_SELECT and a group in the "
        "SQE; the CQE's flags >> 16 say which. ENOBUFS: the group is empty.",
        "io_uring_provided_buffers(7)",
        ("provided buffer", "buffer group", "buffer select"),
    ),
    "buffer ring": Word(
        "provided buffers in a ring of their own: giving one back is moving its tail",
        "Registered once (PBUF_RING), with no request and no system call after that. "
        "PROVIDE_BUFFERS is the old way, by requests.",
        "io_uring_register_buf_ring(3)",
        ("buf ring", "pbuf", "pbuf ring", "provided buffer ring"),
    ),
    "bundle": Word(
        "one SEND or RECV over several provided buffers",
        "res is all of it; the CQE names the first buffer, the others follow it in the ring.",
        "io_uring_prep_send_bundle(3)",
    ),
    "personality": Word(
        "registered credentials: whose rights a request runs with",
        "PERSONALITY keeps those of the thread that calls it, under an id for sqe->personality.",
        "io_uring_register_personality(3)",
        ("credentials",),
    ),
    "restriction": Word(
        "what a ring may do and nothing else, said before it is enabled",
        "For handing a ring to code that is not trusted. What is forbidden is EACCES.",
        "io_uring_register_restrictions(3)",
        ("restrictions",),
    ),
    "tag": Word(
        "a user_data for a registered file or buffer, posted when it is out of use",
        "So one knows when the memory may go, without counting requests.",
        "io_uring_register_buffers_tags(3)",
        ("tags",),
    ),
    "eventfd": Word(
        "an fd that counts completions, for epoll loops",
        "EVENTFD signals it with every CQE, EVENTFD_ASYNC only where nobody can know yet.",
        "io_uring_register_eventfd(3)",
    ),
    "region": Word(
        "memory shared with the ring, for registered waits",
        "A wait's arguments lie there, and enter names them by their offset: EXT_ARG_REG.",
        "io_uring_register_region(3)",
    ),
    "NAPI": Word(
        "polling the network card instead of waiting for its interrupt",
        "explain IORING_REGISTER_NAPI.",
        "io_uring_register_napi(3)",
        ("busy-poll", "busy poll"),
    ),
    "errno": Word(
        "why it failed: a number with a name, negative in a CQE's res",
        "`explain -9`, `explain EBADF`; `explain EBADF READ` for what an opcode means by it.",
        "errno(3)",
        ("errnos", "error"),
    ),
}
"""By the word as it is written."""


def every_name() -> dict[str, str]:
    """Each word and each other name of it, in lower case with blanks between, and whose it is."""
    found: dict[str, str] = {}
    for name, one in WORDS.items():
        for other in (name, *one.others):
            found.setdefault(plain(other), name)
    return found | {plain(name): name for name in WORDS}


def plain(word: str) -> str:
    """In lower case, and `-` and `_` as blanks: task-work, task_work and Task work are one."""
    return " ".join(word.lower().replace("-", " ").replace("_", " ").split())


def explain_word(name: str, also: tuple[str, ...] = ()) -> Answer:
    """One of WORDS, and which constants are called the same."""
    one = WORDS[name]
    head = f"{name}: {one.brief}"
    more = ", …" if len(also) > _ALSO else ""
    others = f" Also: {', '.join(also[:_ALSO])}{more}." if also else ""
    return Answer("word", name, told(head, one.more, f"See {one.page}.{others}"))
