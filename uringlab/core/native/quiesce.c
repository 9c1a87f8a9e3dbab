/*
 * Before a ring is closed: end every request, and be sure of it.
 *
 * close(2) of a ring returns at once; the kernel cancels what is in flight
 * afterwards, from a worker, and may write into buffers until that is done. So
 * the order is: take back what it has not seen, cancel the rest, wait for the
 * last final CQE, and only then let the memory go. If it cannot be proven that
 * all have ended, the answer is "no", and their memory is never freed.
 */
#define _GNU_SOURCE
#include "uringlab.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

static void let_go_of_all(ul_ring *ring) {
    cq_advance_locked(ring, load_acquire(ring->cq_tail) - load_relaxed(ring->cq_head));
}

/* Without a poll thread the kernel reads the queue only inside our own enter:
 * what it has not consumed is still ours, and the tail may go back. */
static void take_back(ul_ring *ring) {
    uint32_t head = load_acquire(ring->sq_head);
    uint32_t tail = load_relaxed(ring->sq_tail);
    for (uint32_t i = head; i != tail; i++)
        tracker_forget(&ring->tracker, sqe_at(ring, i));
    for (uint32_t i = tail; i != ring->sq_local; i++) {
        uint32_t at = i & ring->sq_mask;
        holds_drop(ring->slot_holds[at]);
        ring->slot_holds[at] = NULL;
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
        enter_unlocked(ring, 0, 1, ENTER_SQ_WAKEUP | ENTER_GETEVENTS, &wait);
        let_go_of_all(ring);
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

static void cancel_all(ul_ring *ring) {
    struct sync_cancel all = {.fd = -1, .flags = CANCEL_ALL | CANCEL_ANY, .tv_nsec = SLICE_NS};
    int64_t answer = ul_sys_register(ring->fd, REGISTER_SYNC_CANCEL, &all, 1);
    if (answer < 0 && answer != -ENOENT && answer != -ETIME && answer != -EALREADY)
        cancel_by_sqe(ring);
}

/* Wait until every counted request has had its final CQE. */
static bool count_down(ul_ring *ring, uint64_t deadline) {
    let_go_of_all(ring);
    while (ring->tracker.outstanding) {
        cancel_all(ring);
        let_go_of_all(ring);
        if (!ring->tracker.outstanding)
            break;
        if (now_ns() > deadline)
            return false;
        int64_t answer = enter(ring, 0, 1, SLICE_NS);
        if (answer < 0 && answer != -ETIME && answer != -EINTR && answer != -EBUSY &&
            answer != -EAGAIN)
            return false; /* e.g. EEXIST: this is not the thread that may enter */
        let_go_of_all(ring);
    }
    return true;
}

/* Where counting proves nothing, a drained NOP does: it runs only when all
 * before it have ended, those included that end without a CQE. */
static bool drained(ul_ring *ring, uint64_t deadline) {
    struct sqe nop = {.opcode = OP_NOP, .flags = SQE_IO_DRAIN, .fd = -1, .user_data = CLOSING + 1};
    if (!stage(ring, &nop) || !submit_staged(ring))
        return false;
    for (;;) {
        struct ul_cqe cqe;
        while (cq_peek_locked(ring, &cqe, 1) == 1) {
            cq_advance_locked(ring, 1);
            if (cqe.user_data == CLOSING + 1)
                return cqe.res == 0;
        }
        if (now_ns() > deadline)
            return false;
        cancel_all(ring);
        int64_t answer = enter(ring, 0, 1, SLICE_NS);
        if (answer < 0 && answer != -ETIME && answer != -EINTR)
            return false;
    }
}

bool ring_quiesce(ul_ring *ring, int64_t patience_ns) {
    uint64_t deadline = now_ns() + (uint64_t)patience_ns;
    bool strangers_known = rings_catch_up(&ring->tracker) == 0;
    if (!(ring->params.flags & SETUP_SQPOLL))
        take_back(ring);
    else if (!let_thread_finish(ring, deadline))
        return false;
    else
        take_back(ring); /* only what was staged is left */
    if (!ring->tracker.unsure && strangers_known)
        return count_down(ring, deadline);
    if (!ring->tracker.until_close && ring->tracker.outstanding == 0)
        return true; /* nothing is held: nothing to prove */
    cancel_all(ring);
    let_go_of_all(ring);
    return drained(ring, deadline);
}
