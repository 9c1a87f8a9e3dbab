/*
 * Looking at a ring. Nothing here writes, and nothing here enters the kernel.
 */
#include "uringlab.h"

#include <errno.h>
#include <string.h>

static void read_words(const ul_ring *ring, struct ul_words *out) {
    memset(out, 0, sizeof *out);
    /* CQ tail before SQ head: a completion we see must belong to a request
     * whose consumption we see too, and the kernel moves the head first. */
    out->cq_tail = load_acquire(ring->cq_tail);
    out->sq_head = load_acquire(ring->sq_head);
    out->sq_tail = load_acquire(ring->sq_tail);
    out->cq_head = load_acquire(ring->cq_head);
    out->sq_flags = load_relaxed(ring->sq_flags);
    out->sq_dropped = load_relaxed(ring->sq_dropped);
    out->cq_overflow = load_relaxed(ring->cq_overflow);
    out->cq_flags = ring->cq_flags ? load_relaxed(ring->cq_flags) : 0;
    /* Our local tail means nothing once somebody else moved the shared one. */
    out->sq_local = out->sq_tail + sq_staged(ring);
    out->sq_entries = ring->sq_entries;
    out->cq_entries = ring->cq_entries;
    out->sqe_size = ring->sqe_size;
    out->cqe_size = ring->cqe_size;
    out->epoch = ring->epoch;
    out->outstanding = ring->tracker.outstanding;
    out->staged = ring->staged;
    out->written = ring->written;
    out->published = ring->published;
    out->seen = ring->seen;
    out->time_ns = now_ns();
}

int ul_ring_watch(ul_ring *ring) {
    int answer = ring_lock(ring);
    if (answer < 0)
        return answer;
    ring->watched = true;
    ring_unlock(ring);
    return 0;
}

int ul_ring_words(ul_ring *ring, struct ul_words *out) {
    int answer = ring_lock(ring);
    if (answer < 0)
        return answer;
    read_words(ring, out);
    ring_unlock(ring);
    return 0;
}

int ul_ring_sample(ul_ring *ring, struct ul_words *out, void *sqes, size_t sqes_size, void *cqes,
                   size_t cqes_size) {
    int answer = ring_lock(ring);
    if (answer < 0)
        return answer;
    if (sqes_size != (size_t)ring->sq_entries * ring->sqe_size ||
        cqes_size != (size_t)ring->cq_entries * ring->cqe_size) {
        answer = -ERANGE;
    } else {
        read_words(ring, out);
        memcpy(sqes, ring->sqes, sqes_size);
        /* CQEs before cq_tail are whole and stay: the kernel writes only past
         * its tail. Those behind may be half-written, and are not shown. */
        memcpy(cqes, ring->cqes, cqes_size);
    }
    ring_unlock(ring);
    return answer;
}
