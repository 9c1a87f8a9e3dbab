/*
 * The part of track.c that runs for every SQE and every CQE: inline, for it is
 * most of what this library adds to the kernel's work.
 */
#ifndef URINGLAB_TRACK_H
#define URINGLAB_TRACK_H

#include "uringlab.h"

static inline uint32_t track_at(const struct tracker *tracker, uint64_t user_data) {
    /* Fibonacci hashing: the highest bits of the product lie evenly apart. But
     * four numbers that follow each other stay together, in two cache lines. */
    uint64_t four = user_data >> 2;
    return (uint32_t)((four * 0x9E3779B97F4A7C15ull) >> tracker->shift) << 2 | (user_data & 3);
}

/* It will be looked at soon. */
static inline void track_fetch(const struct tracker *tracker, uint64_t user_data) {
    __builtin_prefetch(&tracker->slots[track_at(tracker, user_data)], 1);
}

/* Where user_data is, or the free place where it would be. */
static inline struct track *track_find(const struct tracker *tracker, uint64_t user_data) {
    uint32_t at = track_at(tracker, user_data);
    while (tracker->slots[at].used && tracker->slots[at].user_data != user_data)
        at = (at + 1) & (tracker->size - 1);
    return &tracker->slots[at];
}

static inline struct track *track_find_or_add(struct tracker *tracker, uint64_t user_data) {
    struct track *slot = track_find(tracker, user_data);
    if (!slot->used) {
        slot->used = true;
        slot->user_data = user_data;
        tracker->filled++;
    }
    return slot;
}

/* For what is not simple: see track.c. */
void tracker_expect_special(struct tracker *tracker, struct track *slot, const struct sqe *sqe,
                            struct hold *holds);
void tracker_settle(struct tracker *tracker);

/* Makes an fd, hands memory over, or may end in silence. */
static inline bool track_special(const struct sqe *sqe) {
    const uint64_t opcodes = 1ull << OP_ACCEPT | 1ull << OP_OPENAT | 1ull << OP_OPENAT2 |
                             1ull << OP_SOCKET | 1ull << OP_PIPE | 1ull << OP_FIXED_FD_INSTALL |
                             1ull << OP_PROVIDE_BUFFERS;
    return sqe->opcode > 63 || (opcodes >> sqe->opcode & 1) ||
           (sqe->flags & SQE_CQE_SKIP_SUCCESS);
}

/* The kernel is about to see this SQE. Cannot fail after tracker_reserve(). */
static inline void tracker_expect(struct tracker *tracker, const struct sqe *sqe,
                                  struct hold *holds) {
    struct track *slot = track_find_or_add(tracker, sqe->user_data);
    if (slot->outstanding || slot->tainted || slot->holds || (holds && tracker->all_tainted) ||
        track_special(sqe)) {
        tracker_expect_special(tracker, slot, sqe, holds);
        return;
    }
    slot->maker = slot->mixed = false;
    slot->pipe = NULL;
    slot->outstanding = 1;
    slot->holds = holds;
    tracker->outstanding++;
}

/* This was the request's last CQE. */
static inline void tracker_final(struct tracker *tracker, uint64_t user_data) {
    struct track *slot = track_find(tracker, user_data);
    if (slot->outstanding == 0) /* never counted: a stranger's CQE */
        return;
    slot->outstanding--;
    tracker->outstanding--;
    if (tracker->until_idle || tracker->messages)
        tracker_settle(tracker);
    if (slot->outstanding == 0 && slot->holds) {
        holds_drop(slot->holds);
        slot->holds = NULL;
    }
}

#endif
