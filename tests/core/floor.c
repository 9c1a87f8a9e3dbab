/*
 * The C floor's own queues over memory that the test plays the kernel in: its indices begin
 * where the test wants, and the head moves when the test wants. For test_wrap.py, which
 * compiles this with the floor's sources (sq.c is in here, so that its looks at the head can be
 * counted). A real ring begins at 0, and nobody else can move its heads.
 */
#include "uringlab.h"

#include <stdlib.h>
#include <string.h>

static uint32_t *watched;
static uint32_t ahead;

/* The kernel moves its head on right after this look at it. */
static uint32_t look(const uint32_t *word) {
    uint32_t seen = __atomic_load_n(word, __ATOMIC_ACQUIRE);
    if (word == watched) {
        *watched += ahead;
        ahead = 0;
    }
    return seen;
}

#define load_acquire(word) look(word)
#include "sq.c"
#undef load_acquire

static const uint32_t alive = 1;

struct floor {
    ul_ring ring;
    uint32_t sq_head, sq_tail, cq_head, cq_tail, flags, dropped, overflow;
    uint8_t sqes[64 * 64];
    uint8_t cqes[128 * 16];
};

ul_ring *floor_new(uint32_t entries, uint32_t start) {
    struct floor *floor = calloc(1, sizeof *floor);
    if (!floor)
        abort();
    ul_ring *ring = &floor->ring;
    pthread_mutex_init(&ring->lock, NULL);
    ring->alive = &alive;
    ring->fd = ring->index = -1;
    ring->wired = ring->open = true;
    ring->params.features = FEAT_SUBMIT_STABLE | FEAT_CQE_SKIP;
    floor->sq_head = floor->sq_tail = floor->cq_head = floor->cq_tail = start;
    ring->sq_head = &floor->sq_head;
    ring->sq_tail = &floor->sq_tail;
    ring->sq_flags = &floor->flags;
    ring->sq_dropped = &floor->dropped;
    ring->cq_head = &floor->cq_head;
    ring->cq_tail = &floor->cq_tail;
    ring->cq_overflow = &floor->overflow;
    ring->sqes = floor->sqes;
    ring->cqes = floor->cqes;
    ring->sq_entries = entries;
    ring->sq_mask = entries - 1;
    ring->cq_entries = 2 * entries;
    ring->cq_mask = 2 * entries - 1;
    ring->sqe_size = 64;
    ring->cqe_size = 16;
    ring->sq_local = ring->lent_from = ring->cq_peeked = start;
    ring->slot_holds = calloc(entries, sizeof *ring->slot_holds);
    ring->slot_lent = calloc(entries, sizeof *ring->slot_lent);
    ring->slot_taken = calloc(entries, sizeof *ring->slot_taken);
    if (!ring->slot_holds || !ring->slot_lent || !ring->slot_taken ||
        tracker_init(&ring->tracker, entries) != 0)
        abort();
    return ring;
}

/* What the kernel does: consume SQEs, now or right after the next look at its head … */
void floor_consume(ul_ring *ring, uint32_t n, int later) {
    watched = ring->sq_head;
    ahead = later ? n : 0;
    *ring->sq_head += later ? 0 : n;
}

/* … and post a CQE. */
void floor_post(ul_ring *ring, uint64_t user_data, int32_t res) {
    uint8_t *cqe = ring->cqes + (size_t)(*ring->cq_tail & ring->cq_mask) * 16;
    memcpy(cqe, &user_data, sizeof user_data);
    memcpy(cqe + 8, &res, sizeof res);
    memset(cqe + 12, 0, 4);
    ++*ring->cq_tail;
}

void floor_free(ul_ring *ring) {
    int64_t retired = 0;
    for (uint32_t i = 0; i <= ring->sq_mask; i++) {
        holds_drop(ring->slot_holds[i]);
        holds_drop(ring->slot_lent[i]);
    }
    free(ring->slot_holds);
    free(ring->slot_lent);
    free(ring->slot_taken);
    kept_end(ring, true, &retired);
    tracker_end(&ring->tracker, true);
    free((struct floor *)ring);
}
