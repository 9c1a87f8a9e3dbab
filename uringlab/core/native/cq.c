/*
 * The completion queue: the kernel writes, you read.
 *
 * CQEs are copied out before the head passes them. Once the head is stored the
 * kernel may overwrite them, so a pointer into the queue would be a trap; a
 * copy of 16 bytes is none.
 */
#include "track.h"

#include <errno.h>
#include <string.h>

static uint8_t *cqe_at(const ul_ring *ring, uint32_t index) {
    return ring->cqes + (size_t)(index & ring->cq_mask) * ring->cqe_size;
}

/*
 * Copy the CQE at an index out. Returns how many slots it fills: under CQE_MIXED
 * one of 32 bytes fills two of 16. In any other ring F_32 and F_SKIP mean
 * nothing, and a MSG_RING (FLAGS_PASS) may set them. It may set both: that is one
 * of 32 bytes for the kernel, and a filler of two slots for us.
 */
static uint32_t copy_cqe(const ul_ring *ring, uint32_t index, struct ul_cqe *out) {
    const uint8_t *cqe = cqe_at(ring, index), *rest = NULL;
    bool two = (ring->params.flags & SETUP_CQE_MIXED);
    memcpy(out, cqe, 16);
    two = two && (out->flags & CQE_F_32);
    if (ring->cqe_size == 32)
        rest = cqe + 16;
    else if (two)
        rest = cqe_at(ring, index + 1);
    if (rest)
        memcpy(out->extra, rest, sizeof out->extra);
    else
        out->extra[0] = out->extra[1] = 0;
    return two ? 2 : 1;
}

/* It keeps a CQE of 32 bytes from lying across the end, and answers nothing. */
static bool is_filler(const ul_ring *ring, const struct ul_cqe *cqe) {
    return (ring->params.flags & SETUP_CQE_MIXED) && (cqe->flags & CQE_F_SKIP);
}

/*
 * A kernel's mistake (io_cqe_cache_refill(), 6.18), which must not make us count a
 * completion twice. It puts a filler into the last slot, finds no room for the
 * CQE of 32 bytes, and keeps that one for later; but it remembers the last slot
 * as free. The next small CQE goes there, over the filler, and the tail moves by
 * one more: past slot 0, where nobody has written. What is in there is the CQE
 * of a lap ago, or of now if the head has not passed it.
 *
 * So slot 0 is marked when its CQE is taken: where the mark is met again, nobody
 * has written. (It is one slot, so F_32 goes, and a mark of its own says that it was
 * there.) The small CQE is lost if the filler had been passed already, and
 * what its request holds stays held until the ring is closed.
 */
static void mark_taken(ul_ring *ring, uint32_t index) {
    if (!(ring->params.flags & SETUP_CQE_MIXED) || (index & ring->cq_mask) != 0)
        return;
    uint32_t *flags = (uint32_t *)(cqe_at(ring, index) + 12);
    if (*flags & CQE_F_32)
        *flags = (*flags & ~CQE_F_32) | CQE_WAS_LARGE;
    *flags |= CQE_TAKEN;
}

void cq_forget_lap(ul_ring *ring) {
    uint32_t head = load_relaxed(ring->cq_head), tail = load_acquire(ring->cq_tail);
    if (tail != 0 && ((0u - head) & ring->cq_mask) >= tail - head)
        mark_taken(ring, 0); /* it is not one of those that are ready */
}

/* Signed: whatever the words say, nobody runs past the end. */
static bool before(uint32_t at, uint32_t end) {
    return (int32_t)(end - at) > 0;
}

/* Acquire: the CQEs before the kernel's tail are whole. */
static uint32_t ready(const ul_ring *ring) {
    return load_acquire(ring->cq_tail) - load_relaxed(ring->cq_head);
}

/* The index behind those that can be looked at: a queue has no more than its slots. */
static uint32_t end_of_look(const ul_ring *ring) {
    uint32_t slots = ready(ring);
    return load_relaxed(ring->cq_head) + (slots < ring->cq_entries ? slots : ring->cq_entries);
}

static int64_t peek(ul_ring *ring, struct ul_cqe *out, uint32_t max) {
    uint32_t at = load_relaxed(ring->cq_head), end = end_of_look(ring), n = 0;
    while (before(at, end) && n < max) {
        at += copy_cqe(ring, at, &out[n]);
        n += !is_filler(ring, &out[n]);
    }
    if ((int32_t)(at - ring->cq_peeked) > 0)
        ring->cq_peeked = at;
    return n;
}

/*
 * What take() does where nothing is out of the ordinary: CQEs of 16 bytes into room
 * for such, no fillers, nobody closing.
 */
static uint32_t take_plain(ul_ring *ring, uint8_t *out, uint32_t max) {
    uint32_t head = load_relaxed(ring->cq_head), n = ready(ring);
    if (!before(head, head + n))
        return 0;
    if (n > max)
        n = max;
    for (uint32_t i = 0; i < n; i++, out += 16) {
        struct {
            uint64_t user_data;
            uint32_t res, flags;
        } cqe;
        memcpy(&cqe, cqe_at(ring, head + i), sizeof cqe);
        uint64_t later;
        memcpy(&later, cqe_at(ring, head + i + 6), sizeof later);
        track_fetch(&ring->tracker, later);
        memcpy(out, &cqe, sizeof cqe);
        if (!(cqe.flags & CQE_F_MORE))
            tracker_final(&ring->tracker, cqe.user_data);
    }
    return n;
}

/*
 * Copy up to max CQEs out (unless `out` is NULL), let go of what their requests
 * held, and move the head past them, and past the fillers that come next.
 */
static int64_t take(ul_ring *ring, uint8_t *out, uint32_t max, uint32_t size) {
    uint32_t at = load_relaxed(ring->cq_head), end = at + ready(ring), n = 0;
    int err = rings_catch_up(&ring->tracker);
    if (err)
        return err;
    if (out && size == 16 && ring->cqe_size == 16 && !ring->closing &&
        !(ring->params.flags & SETUP_CQE_MIXED)) {
        n = take_plain(ring, out, max);
        at += n;
        end = at;
    }
    while (before(at, end)) {
        struct ul_cqe cqe;
        uint32_t slots = copy_cqe(ring, at, &cqe);
        bool filler = is_filler(ring, &cqe);
        if (n == max && !filler)
            break;
        if (!filler) {
            if (ring->closing && (int32_t)(at - ring->cq_peeked) >= 0)
                tracker_orphan(&ring->tracker, &cqe);
            if (!(cqe.flags & CQE_F_MORE))
                tracker_final(&ring->tracker, cqe.user_data);
            if (out)
                memcpy(out + (size_t)n * size, &cqe, size);
            n++;
        }
        mark_taken(ring, at);
        at += slots;
    }
    if (before(end, at)) /* a large one, and no second half: the head stays behind the tail */
        at = end;
    /* Release: our reads of these CQEs are over before the kernel may write
     * over them. */
    if (at != load_relaxed(ring->cq_head))
        act(ring, &ring->seen);
    store_release(ring->cq_head, at);
    if (before(ring->cq_peeked, at)) /* never far behind: half the numbers on it would be ahead */
        ring->cq_peeked = at;
    return n;
}

/* How many CQEs are ready. Under CQE_MIXED that is fewer than slots. */
static uint32_t count(const ul_ring *ring) {
    if (!(ring->params.flags & SETUP_CQE_MIXED))
        return ready(ring);
    uint32_t at = load_relaxed(ring->cq_head), end = end_of_look(ring), n = 0;
    while (before(at, end)) {
        struct ul_cqe cqe;
        at += copy_cqe(ring, at, &cqe);
        n += !is_filler(ring, &cqe);
    }
    return n;
}

uint32_t cq_ready_of(const ul_ring *ring, uint64_t first, uint64_t names, uint32_t max) {
    uint32_t at = load_relaxed(ring->cq_head), end = end_of_look(ring), n = 0;
    while (before(at, end) && n < max) {
        struct ul_cqe cqe;
        at += copy_cqe(ring, at, &cqe);
        if (is_filler(ring, &cqe))
            continue;
        if (cqe.user_data - first >= names)
            break;
        n++;
    }
    return n;
}

bool cq_is_strange(const ul_ring *ring, uint64_t first, uint64_t names) {
    uint32_t at = load_relaxed(ring->cq_head), end = end_of_look(ring);
    while (before(at, end)) {
        struct ul_cqe cqe;
        at += copy_cqe(ring, at, &cqe);
        if (!is_filler(ring, &cqe))
            return cqe.user_data - first >= names;
    }
    return false;
}

int64_t cq_advance_locked(ul_ring *ring, uint32_t n) {
    if (n > count(ring))
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
    answer = count(ring);
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

static int64_t drain(ul_ring *ring, void *out, uint32_t max, uint32_t size) {
    return size == 16 || size == sizeof(struct ul_cqe) ? take(ring, out, max, size) : -EINVAL;
}

int64_t cq_fill_locked(ul_ring *ring, struct ul_batch *batch) {
    int64_t answer = drain(ring, batch->cqes, batch->capacity, batch->size);
    batch->count = answer < 0 ? 0 : (uint32_t)answer;
    return answer;
}

int64_t ul_cq_fill(ul_ring *ring, struct ul_batch *batch) {
    batch->count = 0;
    int64_t answer = ring_lock(ring);
    if (answer < 0)
        return answer;
    answer = cq_fill_locked(ring, batch);
    ring_unlock(ring);
    return answer;
}

int64_t ul_cq_drain(ul_ring *ring, void *out, uint32_t max, uint32_t size) {
    int64_t answer = ring_lock(ring);
    if (answer < 0)
        return answer;
    answer = drain(ring, out, max, size);
    ring_unlock(ring);
    return answer;
}

int ul_cq_set_flags(ul_ring *ring, uint32_t flags) {
    int answer = ring_lock(ring);
    if (answer < 0)
        return answer;
    if (ring->cq_flags)
        store_release(ring->cq_flags, flags);
    else
        answer = -EOPNOTSUPP; /* before 5.8 there is no such word */
    ring_unlock(ring);
    return answer;
}
