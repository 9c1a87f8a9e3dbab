/*
 * The submission queue: you write, the kernel reads.
 *
 * Two tails. The *local* tail (sq_local) counts the slots that are filled and
 * lives in our memory; the *shared* tail is the word the kernel looks at. They
 * are apart so that a batch of SQEs becomes visible with a single store, and so
 * that nothing half-written is ever visible: push() fills a whole slot and
 * moves the local tail, publish() store-releases the shared one.
 */
#include "track.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint8_t *slot_at(ul_ring *ring, uint32_t index) {
    return ring->sqes + (size_t)(index & ring->sq_mask) * ring->sqe_size;
}

/* Acquire: the kernel's reads of the slots before its head are over, so we may
 * write into them again. */
static uint32_t space(ul_ring *ring) {
    return ring->sq_entries - (ring->sq_local - load_acquire(ring->sq_head));
}

static int add_hold(struct hold **list, ul_mem *mem) {
    struct hold *hold = malloc(sizeof *hold);
    if (!hold)
        return -ENOMEM;
    ul_mem_ref(mem);
    hold->mem = mem;
    hold->next = *list;
    *list = hold;
    return 0;
}

/* A list of holds on n blocks, or -ENOMEM and none. */
static int hold_all(struct hold **list, ul_mem *const *mems, uint32_t n) {
    *list = NULL;
    for (uint32_t i = 0; i < n; i++) {
        if (add_hold(list, mems[i])) {
            holds_drop(*list);
            *list = NULL;
            return -ENOMEM;
        }
    }
    return 0;
}

/* Give the slot its blocks: those held until the final CQE, and those lent. */
static int hold_for(ul_ring *ring, uint32_t at, ul_mem *const *mems, const uint16_t *counts) {
    uint32_t held = counts[0], lent = counts[1];
    if (!(ring->params.features & FEAT_SUBMIT_STABLE)) { /* before 5.5: nothing is copied */
        held += lent;
        lent = 0;
    }
    int err = hold_all(&ring->slot_holds[at], mems, held);
    if (!err)
        err = hold_all(&ring->slot_lent[at], mems + held, lent);
    ring->lending |= lent != 0;
    return err;
}

static void clear_slot(ul_ring *ring, uint32_t at) {
    holds_drop(ring->slot_holds[at]);
    holds_drop(ring->slot_lent[at]);
    ring->slot_holds[at] = ring->slot_lent[at] = NULL;
}

/* Afterwards lent_from is the head that was swept up to: the real one may be further. */
void sq_sweep(ul_ring *ring) {
    uint32_t head = load_acquire(ring->sq_head);
    if (head - ring->lent_from > ring->sq_entries) /* somebody else moves the tail */
        ring->lent_from = head - ring->sq_entries;
    if (!ring->lending)
        ring->lent_from = head;
    for (; ring->lent_from != head; ring->lent_from++) {
        uint32_t at = ring->lent_from & ring->sq_mask;
        if (ring->slot_lent[at]) {
            holds_drop(ring->slot_lent[at]);
            ring->slot_lent[at] = NULL;
        }
    }
    if (head == ring->sq_local) /* nothing is staged or published: nobody lends */
        ring->lending = false;
}

/* Free slots that have been swept. By one look at the head: the kernel may move it on
 * meanwhile, and a slot that was not swept must not be given blocks of another SQE. */
static uint32_t swept_space(ul_ring *ring) {
    sq_sweep(ring);
    return ring->sq_entries - (ring->sq_local - ring->lent_from);
}

static void write_slot(ul_ring *ring, uint32_t index, const uint8_t *sqe, uint32_t size) {
    uint8_t *slot = slot_at(ring, index);
    if (size == sizeof(struct sqe)) /* a size the compiler knows */
        memcpy(slot, sqe, sizeof(struct sqe));
    else
        memcpy(slot, sqe, size);
    if (size != ring->sqe_size)
        memset(slot + size, 0, ring->sqe_size - size);
}

/* It may change the ring's own table of registered files. (What is no opcode that
 * this library knows may do anything.) */
static bool changes_files(const struct sqe *sqe) {
    const uint64_t into_slots = 1ull << OP_ACCEPT | 1ull << OP_OPENAT | 1ull << OP_CLOSE |
                                1ull << OP_OPENAT2 | 1ull << OP_SOCKET | 1ull << OP_PIPE;
    if (sqe->opcode == OP_FILES_UPDATE || sqe->opcode > OP_LAST)
        return true;
    return sqe->file_index != 0 && sqe->opcode < 64 && (into_slots >> sqe->opcode & 1);
}

/* Something is to be done about it before the kernel sees it: see sq_publish_locked(). */
static bool is_odd(const struct sqe *sqe) {
    return sqe->opcode == OP_MSG_RING || sqe->opcode == OP_POLL_REMOVE || changes_files(sqe);
}

int64_t sq_push_locked(ul_ring *ring, const struct ul_ops *ops) {
    if (ops->size > ring->sqe_size || ops->size < sizeof(struct sqe))
        return -EINVAL;
    if (swept_space(ring) < ops->n)
        return UL_E_FULL;
    uint32_t first = ring->sq_local;
    ul_mem *const *mems = ops->mems;
    for (uint32_t i = 0; i < ops->n; i++) {
        uint32_t at = (first + i) & ring->sq_mask;
        if (ops->counts) {
            const uint16_t *counts = ops->counts + 2 * (size_t)i;
            if (hold_for(ring, at, mems, counts) != 0) {
                for (uint32_t j = 0; j <= i; j++)
                    clear_slot(ring, (first + j) & ring->sq_mask);
                return -ENOMEM;
            }
            mems += counts[0] + counts[1];
        }
        const uint8_t *sqe = (const uint8_t *)ops->sqes + (size_t)i * ops->size;
        write_slot(ring, first + i, sqe, ops->size);
        ring->slot_taken[at] = WHOLE;
        ring->odd |= is_odd((const struct sqe *)sqe);
        track_fetch(&ring->tracker, ((const struct sqe *)sqe)->user_data);
    }
    /* All or nothing, and only now: until the local tail moves they are not there. */
    ring->sq_local = first + ops->n;
    ring->epoch++;
    act(ring, &ring->staged);
    return first;
}

int64_t ul_sq_push(ul_ring *ring, const struct ul_ops *ops) {
    int64_t answer = ring_lock(ring);
    if (answer < 0)
        return answer;
    answer = sq_push_locked(ring, ops);
    ring_unlock(ring);
    return answer;
}

int64_t ul_sq_take(ul_ring *ring) {
    int64_t answer = ring_lock(ring);
    if (answer < 0)
        return answer;
    if (swept_space(ring) == 0) {
        answer = UL_E_FULL;
    } else {
        uint32_t index = ring->sq_local;
        /* A slot that is taken and forgotten must do no harm when the tail
         * passes it: a NOP, and silent where the kernel knows the flag. */
        struct sqe nop = {.opcode = OP_NOP, .fd = -1};
        if (ring->params.features & FEAT_CQE_SKIP)
            nop.flags = SQE_CQE_SKIP_SUCCESS;
        uint8_t *slot = slot_at(ring, index);
        memset(slot, 0, ring->sqe_size);
        memcpy(slot, &nop, sizeof nop);
        ring->slot_holds[index & ring->sq_mask] = NULL;
        ring->slot_taken[index & ring->sq_mask] = RAW;
        ring->odd = true;
        ring->sq_local = index + 1;
        ring->epoch++;
        act(ring, &ring->staged);
        answer = index;
    }
    ring_unlock(ring);
    return answer;
}

/* Still ours: taken, and between the shared and the local tail. */
static bool is_ours(ul_ring *ring, uint32_t index) {
    return ring->sq_local - 1 - index < sq_staged(ring) &&
           ring->slot_taken[index & ring->sq_mask] != WHOLE;
}

int ul_sq_poke(ul_ring *ring, uint32_t index, uint32_t offset, const void *bytes, uint32_t len) {
    int answer = ring_lock(ring);
    if (answer < 0)
        return answer;
    if (!is_ours(ring, index)) {
        answer = -ESTALE;
    } else if (offset > ring->sqe_size || len > ring->sqe_size - offset) {
        answer = -ERANGE;
    } else {
        memcpy(slot_at(ring, index) + offset, bytes, len);
        ring->slot_taken[index & ring->sq_mask] = RAW;
        ring->epoch++;
        act(ring, &ring->written);
    }
    ring_unlock(ring);
    return answer;
}

int ul_sq_vouch(ul_ring *ring, uint32_t index, const void *bytes, uint32_t len) {
    int answer = ring_lock(ring);
    if (answer < 0)
        return answer;
    if (!is_ours(ring, index))
        answer = -ESTALE;
    else if (len > ring->sqe_size)
        answer = -ERANGE;
    else if (memcmp(slot_at(ring, index), bytes, len) != 0)
        answer = UL_E_LOOSE; /* another thread wrote to it since */
    else
        ring->slot_taken[index & ring->sq_mask] = VOUCHED;
    ring_unlock(ring);
    return answer;
}

int ul_sq_hold(ul_ring *ring, uint32_t index, ul_mem *mem) {
    int answer = ring_lock(ring);
    if (answer < 0)
        return answer;
    answer = is_ours(ring, index) ? add_hold(&ring->slot_holds[index & ring->sq_mask], mem) : -ESTALE;
    ring_unlock(ring);
    return answer;
}

int64_t sq_publish_locked(ul_ring *ring) {
    uint32_t tail = load_relaxed(ring->sq_tail); /* ours: nobody else stores it */
    uint32_t staged = ring->sq_local - tail;
    if (staged == 0)
        return 0;
    if (staged > ring->sq_entries)
        return -ESTALE; /* somebody else moved the shared tail past our local one */
    for (uint32_t i = tail; ring->odd && i != ring->sq_local; i++) {
        const struct sqe *sqe = (const struct sqe *)slot_at(ring, i);
        if (ring->slot_taken[i & ring->sq_mask] == RAW)
            return UL_E_LOOSE;
        if (sqe->opcode == OP_MSG_RING) {
            rings_taint(sqe);
            ring->tracker.messages++;
        }
        if (changes_files(sqe))
            ring->files_touched = true;
        if (sqe->opcode == OP_POLL_REMOVE && (sqe->len & POLL_UPDATE_USER_DATA)) {
            /* The poll may answer to the old name or to the new one. */
            int err = tracker_taint(&ring->tracker, sqe->addr);
            if (!err)
                err = tracker_taint(&ring->tracker, sqe->off);
            if (err)
                return err;
        }
    }
    int err = rings_catch_up(&ring->tracker);
    if (!err)
        err = tracker_reserve(&ring->tracker, staged);
    if (err)
        return err;
    for (uint32_t i = tail; i != ring->sq_local; i++) {
        uint32_t at = i & ring->sq_mask;
        tracker_expect(&ring->tracker, (const struct sqe *)slot_at(ring, i), ring->slot_holds[at]);
        ring->slot_holds[at] = NULL;
        ring->slot_taken[at] = WHOLE;
    }
    ring->odd = false;
    /* Release: every byte of the SQEs is visible before the tail that covers
     * them. Under SQPOLL the kernel reads the tail with an acquire at any
     * moment; without it, inside io_uring_enter(). */
    store_release(ring->sq_tail, ring->sq_local);
    ring->epoch++;
    act(ring, &ring->published);
    return staged;
}

int64_t ul_sq_publish(ul_ring *ring) {
    int64_t answer = ring_lock(ring);
    if (answer < 0)
        return answer;
    answer = sq_publish_locked(ring);
    ring_unlock(ring);
    return answer;
}

int64_t ul_sq_space(ul_ring *ring) {
    int64_t answer = ring_lock(ring);
    if (answer < 0)
        return answer;
    answer = space(ring);
    ring_unlock(ring);
    return answer;
}
