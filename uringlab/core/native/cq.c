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

static const uint8_t *cqe_at(const ul_ring *ring, uint32_t index) {
    return ring->cqes + (size_t)(index & ring->cq_mask) * ring->cqe_size;
}

static void copy_cqe(const ul_ring *ring, uint32_t index, struct ul_cqe *out) {
    const uint8_t *cqe = cqe_at(ring, index);
    out->extra[0] = out->extra[1] = 0;
    memcpy(out, cqe, ring->cqe_size < sizeof *out ? ring->cqe_size : sizeof *out);
}

/* Acquire: the CQEs before the kernel's tail are whole. */
static uint32_t ready(const ul_ring *ring) {
    return load_acquire(ring->cq_tail) - load_relaxed(ring->cq_head);
}

int64_t cq_peek_locked(ul_ring *ring, struct ul_cqe *out, uint32_t max) {
    uint32_t head = load_relaxed(ring->cq_head);
    uint32_t n = ready(ring);
    if (n > max)
        n = max;
    for (uint32_t i = 0; i < n; i++)
        copy_cqe(ring, head + i, &out[i]);
    return n;
}

int64_t cq_advance_locked(ul_ring *ring, uint32_t n) {
    uint32_t head = load_relaxed(ring->cq_head);
    if (n > ready(ring))
        return -ERANGE;
    int err = rings_catch_up(&ring->tracker);
    if (err)
        return err;
    for (uint32_t i = 0; i < n; i++) {
        struct ul_cqe cqe;
        copy_cqe(ring, head + i, &cqe);
        if (!(cqe.flags & (CQE_F_MORE | CQE_F_SKIP)))
            tracker_final(&ring->tracker, cqe.user_data);
    }
    /* Release: our reads of these CQEs are over before the kernel may write
     * over them. */
    store_release(ring->cq_head, head + n);
    return n;
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
    answer = cq_peek_locked(ring, out, max);
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

int64_t ul_cq_drain(ul_ring *ring, struct ul_cqe *out, uint32_t max) {
    int64_t answer = ring_lock(ring);
    if (answer < 0)
        return answer;
    answer = cq_peek_locked(ring, out, max);
    if (answer > 0)
        answer = cq_advance_locked(ring, (uint32_t)answer);
    ring_unlock(ring);
    return answer;
}
