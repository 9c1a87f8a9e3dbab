/*
 * The completion queue: the kernel writes, you read.
 *
 * CQEs are copied out before the head passes them. Once the head is stored the
 * kernel may overwrite them, so a pointer into the queue would be a trap; a
 * copy of 16 bytes is none.
 */
#include "uringlab.h"

#include <errno.h>
#include <string.h>

/* Bytes of a slot. Under CQE_MIXED a CQE of 32 bytes lies in two of 16. */
static const uint8_t *cqe_at(const ul_ring *ring, uint32_t index) {
    return ring->cqes + (size_t)(index & ring->cq_mask) * ring->cqe_size;
}

static void copy_cqe(const ul_ring *ring, uint32_t index, struct ul_cqe *out) {
    const uint8_t *cqe = cqe_at(ring, index);
    memcpy(out, cqe, 16);
    if (ring->cqe_size == 32 || (out->flags & CQE_F_32))
        memcpy(out->extra, cqe + 16, sizeof out->extra);
    else
        out->extra[0] = out->extra[1] = 0;
}

static uint32_t slots_of(const ul_ring *ring, const struct ul_cqe *cqe) {
    return ring->cqe_size == 16 && (cqe->flags & CQE_F_32) ? 2 : 1;
}

/* Acquire: the CQEs before the kernel's tail are whole. */
static uint32_t ready(const ul_ring *ring) {
    return load_acquire(ring->cq_tail) - load_relaxed(ring->cq_head);
}

static int64_t peek(ul_ring *ring, struct ul_cqe *out, uint32_t max) {
    uint32_t at = load_relaxed(ring->cq_head), end = at + ready(ring), n = 0;
    while (at != end && n < max) {
        copy_cqe(ring, at, &out[n]);
        at += slots_of(ring, &out[n]);
        n += !(out[n].flags & CQE_F_SKIP);
    }
    if ((int32_t)(at - ring->cq_peeked) > 0)
        ring->cq_peeked = at;
    return n;
}

/*
 * Copy up to max CQEs out (unless `out` is NULL), let go of what their requests
 * held, and move the head past them.
 */
static int64_t take(ul_ring *ring, uint8_t *out, uint32_t max, uint32_t size) {
    uint32_t at = load_relaxed(ring->cq_head), end = at + ready(ring), n = 0;
    int err = rings_catch_up(&ring->tracker);
    if (err)
        return err;
    while (at != end && n < max) {
        struct ul_cqe cqe;
        copy_cqe(ring, at, &cqe);
        if (!(cqe.flags & CQE_F_SKIP)) {
            if (ring->closing && (int32_t)(at - ring->cq_peeked) >= 0)
                tracker_orphan(&ring->tracker, &cqe);
            if (!(cqe.flags & CQE_F_MORE))
                tracker_final(&ring->tracker, cqe.user_data);
            if (out)
                memcpy(out + (size_t)n * size, &cqe, size);
            n++;
        }
        at += slots_of(ring, &cqe);
    }
    /* Release: our reads of these CQEs are over before the kernel may write
     * over them. */
    store_release(ring->cq_head, at);
    return n;
}

/* How many CQEs, not slots, are ready: `most` at the most. */
static uint32_t count(const ul_ring *ring, uint32_t most) {
    uint32_t at = load_relaxed(ring->cq_head), end = at + ready(ring), n = 0;
    while (at != end && n < most) {
        struct ul_cqe cqe;
        copy_cqe(ring, at, &cqe);
        at += slots_of(ring, &cqe);
        n += !(cqe.flags & CQE_F_SKIP);
    }
    return n;
}

int64_t cq_advance_locked(ul_ring *ring, uint32_t n) {
    if (n > (ring->params.flags & SETUP_CQE_MIXED ? count(ring, n) : ready(ring)))
        return -ERANGE;
    return take(ring, NULL, n, 0);
}

void cq_let_go_of_all(ul_ring *ring) {
    take(ring, NULL, UINT32_MAX, 0);
}

int ul_cq_size(ul_ring *ring) {
    return ring->cqe_size == 32 || (ring->params.flags & SETUP_CQE_MIXED) ? 32 : 16;
}

int64_t ul_cq_ready(ul_ring *ring) {
    int64_t answer = ring_lock(ring);
    if (answer < 0)
        return answer;
    answer = ready(ring);
    ring_unlock(ring);
    return answer;
}

int64_t ul_cq_peek(ul_ring *ring, struct ul_cqe *out, uint32_t max) {
    int64_t answer = ring_lock(ring);
    if (answer < 0)
        return answer;
    answer = peek(ring, out, max);
    ring_unlock(ring);
    return answer;
}

int64_t ul_cq_advance(ul_ring *ring, uint32_t n) {
    int64_t answer = ring_lock(ring);
    if (answer < 0)
        return answer;
    answer = cq_advance_locked(ring, n);
    ring_unlock(ring);
    return answer;
}

int64_t cq_drain_locked(ul_ring *ring, void *out, uint32_t max, uint32_t size) {
    return size == 16 || size == sizeof(struct ul_cqe) ? take(ring, out, max, size) : -EINVAL;
}

int64_t ul_cq_drain(ul_ring *ring, void *out, uint32_t max, uint32_t size) {
    int64_t answer = ring_lock(ring);
    if (answer < 0)
        return answer;
    answer = cq_drain_locked(ring, out, max, size);
    ring_unlock(ring);
    return answer;
}
