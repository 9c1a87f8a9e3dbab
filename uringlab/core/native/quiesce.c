/*
 * Before a ring is closed: end every request, and be sure of it.
 *
 * close(2) of a ring returns at once; the kernel cancels what is in flight
 * afterwards, from a worker, and may write into buffers until that is done. So
 * the order is: take back what it has not seen, cancel the rest, wait for the
 * last final CQE, and only then let the memory go. Where counting CQEs proves
 * nothing, a witness in the ring does, by ending with it. If it cannot be proven
 * that all have ended, their memory is never freed.
 */
#define _GNU_SOURCE
#include "track.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Closing's own requests. Their CQEs are counted like any other. */
static const uint64_t CLOSING = 0x636c6f73696e6721ull; /* "closing!" */

enum { SLICE_NS = 20000000 };

struct sync_cancel {
    uint64_t addr;
    int32_t fd;
    uint32_t flags;
    int64_t tv_sec;
    int64_t tv_nsec;
    uint8_t opcode;
    uint8_t pad[7];
    uint64_t pad2[3];
};

static const struct sqe *sqe_at(const ul_ring *ring, uint32_t index) {
    return (const struct sqe *)(ring->sqes + (size_t)(index & ring->sq_mask) * ring->sqe_size);
}

static int64_t enter(ul_ring *ring, uint32_t to_submit, uint32_t min_complete, int64_t timeout_ns) {
    struct ul_wait wait = {.timeout_ns = timeout_ns};
    return enter_unlocked(ring, to_submit, min_complete, ENTER_GETEVENTS, &wait);
}

static bool may_go_on(int64_t answer) {
    return answer >= 0 || answer == -ETIME || answer == -EINTR || answer == -EBUSY ||
           answer == -EAGAIN;
}

/* Without a poll thread the kernel reads the queue only inside our own enter:
 * what it has not consumed is still ours, and the tail may go back. */
static void take_back(ul_ring *ring) {
    uint32_t head = load_acquire(ring->sq_head);
    uint32_t tail = load_relaxed(ring->sq_tail);
    uint32_t pending = tail - head, staged = sq_staged(ring);
    sq_sweep(ring);
    for (uint32_t i = 0; pending <= ring->sq_entries && i < pending; i++)
        tracker_forget(&ring->tracker, sqe_at(ring, head + i));
    for (uint32_t i = 0; i < staged; i++) {
        uint32_t at = (tail + i) & ring->sq_mask;
        holds_drop(ring->slot_holds[at]);
        ring->slot_holds[at] = NULL;
    }
    for (uint32_t at = 0; at < ring->sq_entries; at++) { /* nothing will be consumed any more */
        holds_drop(ring->slot_lent[at]);
        ring->slot_lent[at] = NULL;
    }
    store_release(ring->sq_tail, head);
    ring->sq_local = head;
}

/* A poll thread may be reading right now: let it finish what was published. */
static bool let_thread_finish(ul_ring *ring, uint64_t deadline) {
    while (load_acquire(ring->sq_head) != load_relaxed(ring->sq_tail)) {
        if (now_ns() > deadline)
            return false;
        struct ul_wait wait = {.timeout_ns = SLICE_NS};
        if (!may_go_on(enter_unlocked(ring, 0, 1, ENTER_SQ_WAKEUP | ENTER_GETEVENTS, &wait)))
            return false;
        cq_let_go_of_all(ring);
    }
    return true;
}

static bool stage(ul_ring *ring, const struct sqe *sqe) {
    if (ring->sq_local - load_acquire(ring->sq_head) >= ring->sq_entries)
        return false;
    uint8_t *slot = ring->sqes + (size_t)(ring->sq_local & ring->sq_mask) * ring->sqe_size;
    memset(slot, 0, ring->sqe_size);
    memcpy(slot, sqe, sizeof *sqe);
    ring->slot_holds[ring->sq_local & ring->sq_mask] = NULL;
    ring->slot_taken[ring->sq_local & ring->sq_mask] = WHOLE;
    ring->odd = true;
    ring->sq_local++;
    return true;
}

static bool submit_staged(ul_ring *ring) {
    int64_t n = sq_publish_locked(ring);
    if (n <= 0)
        return n == 0;
    if (ring->params.flags & SETUP_SQPOLL) {
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        return enter_unlocked(ring, 0, 0, ENTER_SQ_WAKEUP, NULL) >= 0;
    }
    return enter(ring, (uint32_t)n, 0, SLICE_NS) >= 0;
}

/* Before 6.0: one ASYNC_CANCEL for each user_data that is still out. */
static void cancel_by_sqe(ul_ring *ring) {
    uint64_t *wanted = calloc(ring->sq_entries, sizeof *wanted);
    uint32_t n = 0;
    for (uint32_t i = 0; wanted && i < ring->tracker.size && n < ring->sq_entries; i++) {
        const struct track *slot = &ring->tracker.slots[i];
        if (slot->used && slot->outstanding && slot->user_data != CLOSING)
            wanted[n++] = slot->user_data;
    }
    for (uint32_t i = 0; i < n; i++) {
        struct sqe cancel = {
            .opcode = OP_ASYNC_CANCEL, .fd = -1, .addr = wanted[i], .user_data = CLOSING};
        if (!stage(ring, &cancel))
            break;
    }
    free(wanted);
    submit_staged(ring);
}

/* False: this thread may not, and nobody else will (SINGLE_ISSUER). */
static bool cancel_all(ul_ring *ring) {
    struct sync_cancel all = {.fd = -1, .flags = CANCEL_ALL | CANCEL_ANY, .tv_nsec = SLICE_NS};
    int64_t answer = ring_register(ring, REGISTER_SYNC_CANCEL, &all, 1);
    if (answer == -EEXIST)
        return false;
    if (answer < 0 && answer != -ENOENT && answer != -ETIME && answer != -EALREADY)
        cancel_by_sqe(ring);
    return true;
}

/* Wait until every counted request has had its final CQE. */
static bool count_down(ul_ring *ring, uint64_t deadline) {
    cq_let_go_of_all(ring);
    while (ring->tracker.outstanding) {
        if (!cancel_all(ring))
            return false;
        cq_let_go_of_all(ring);
        if (!ring->tracker.outstanding)
            break;
        if (now_ns() > deadline || !may_go_on(enter(ring, 0, 1, SLICE_NS)))
            return false;
        cq_let_go_of_all(ring);
    }
    return !ring->tracker.unsure; /* a MSG_RING may have come while we counted */
}

static bool holds_anything(const ul_ring *ring) {
    const struct tracker *tracker = &ring->tracker;
    for (uint32_t i = 0; i < ring->n_kept; i++)
        if (ring->kept[i])
            return true;
    return tracker->until_close || tracker->until_idle || tracker->provided;
}

/* Counting proves nothing here. But what ends now still says which fds it made. */
static void hear_the_last(ul_ring *ring) {
    cq_let_go_of_all(ring);
    if (ring->tracker.outstanding && cancel_all(ring)) {
        enter(ring, 0, 0, 0); /* brings what has overflown, and what was deferred */
        cq_let_go_of_all(ring);
    }
}

bool ring_quiesce(ul_ring *ring, uint64_t deadline) {
    bool strangers_known = rings_catch_up(&ring->tracker) == 0;
    if ((ring->params.flags & SETUP_SQPOLL) && !let_thread_finish(ring, deadline))
        return false;
    take_back(ring); /* under SQPOLL: only what was staged is left */
    if (!ring->tracker.unsure && strangers_known)
        return count_down(ring, deadline);
    hear_the_last(ring);
    /* Nothing is held: nothing to prove. Else counting does not prove it. (A
     * NOP with IO_DRAIN would, but not beside CQE_SKIP_SUCCESS: EOPNOTSUPP.) */
    return strangers_known && ring->tracker.outstanding == 0 && !holds_anything(ring);
}

/* ---- the witness ---------------------------------------------------------------- */

/*
 * The kernel frees a ring when its last request has ended, and not before: each
 * request counts as a reference (io_ring_exit_work in io_uring.c waits for
 * them). Only then does it let go of the registered files. So one end of a pipe
 * is registered, our own copy of it is closed, then the ring is; when the other
 * end hangs up, every request has ended, with or without a CQE. It is slow (it
 * takes an RCU grace period, some ten ms) and needs nothing but patience.
 *
 * What would let the witness go earlier: a request that changes the table of
 * registered files (files_touched). What keeps it for longer than the requests:
 * other fds and mappings of the ring, an observer's for instance. Then nothing
 * is proven, and nothing is freed.
 */
struct files_update {
    uint32_t offset;
    uint32_t resv;
    uint64_t fds;
};

/* The end to watch, or -1: this ring takes no witness. */
int witness_plant(ul_ring *ring) {
    int ends[2];
    if (ring->files_touched || rings_send_files() || pipe2(ends, O_CLOEXEC) != 0)
        return -1;
    int32_t fd = ends[1];
    int64_t planted = ring_register(ring, REGISTER_FILES, &fd, 1);
    if (planted == -EBUSY) { /* there is a table: in the place of its first file */
        struct files_update first = {.fds = (uint64_t)(uintptr_t)&fd};
        planted = ring_register(ring, REGISTER_FILES_UPDATE, &first, 1) - 1;
    }
    close(ends[1]);
    if (planted == 0)
        return ends[0];
    close(ends[0]);
    return -1;
}

bool witness_gone(int witness, uint64_t deadline) {
    struct pollfd end = {.fd = witness};
    for (;;) {
        uint64_t now = now_ns();
        int left_ms = now < deadline ? (int)((deadline - now) / 1000000u % INT32_MAX) : 0;
        int n = poll(&end, 1, left_ms);
        if (n < 0 && errno == EINTR)
            continue;
        close(witness);
        return n == 1 && (end.revents & POLLHUP);
    }
}
