/*
 * A storm: turn after turn of a ring in C, without Python and without its GIL.
 *
 * A turn is: push a batch, publish, enter and wait for all of it, take the CQEs.
 * Nothing is done here that ul_turn() does not do: every request holds its memory on
 * its own account, the lock is let go of in io_uring_enter(), and whoever looks at the
 * ring meanwhile finds it as it is. A storm may end anywhere (it is told to stop, a
 * signal comes, the process exits): what is under way then is counted as ever, and the
 * ring's close waits for it.
 *
 * Each request has a user_data of its own, out of a range that is far wider than the
 * queues. It is used again, but not while a CQE that has it might still be in the queue:
 * so an observer that missed most of the storm can still tell whose each CQE is.
 *
 * A CQE that is none of the storm's stays where it is, and ends the storm.
 */
#include "track.h"

#include <errno.h>
#include <string.h>

enum { NEXT = 0, NOTIF = 1u << 3 };

/* One thread writes these words, and any other may read them at any time. */
#define SET(word, value) __atomic_store_n(&(word), (value), __ATOMIC_RELAXED)

static uint64_t earlier(uint64_t one, uint64_t other) {
    return other && other < one ? other : one;
}

static bool told_to_stop(const struct ul_storm *storm) {
    return __atomic_load_n(&storm->stop, __ATOMIC_ACQUIRE);
}

/* That the time is over is no error, nor is a signal: what it was about is for Python to see. */
static int64_t come_back(int64_t answer) {
    if (answer == -EINTR)
        return UL_STORM_GOES_ON;
    return answer >= 0 || answer == -ETIME ? NEXT : answer;
}

/* Submit what is published, and wait. */
static int64_t wait_until(ul_ring *ring, const struct ul_storm *storm, uint32_t wait_nr,
                          uint64_t until, uint64_t now) {
    struct ul_wait wait = {.timeout_ns = until > now ? (int64_t)(until - now) : 0,
                           .sigmask = storm->sigmask,
                           .has_sigmask = storm->has_sigmask};
    return come_back(submit_locked(ring, wait_nr, 0, &wait, false));
}

/* ---- before the first turn ----------------------------------------------------- */

static bool names_are_free(const ul_ring *ring, const struct ul_storm *storm) {
    for (uint64_t i = 0; i < storm->names; i++)
        if (track_find(&ring->tracker, storm->user_data + i)->outstanding)
            return false;
    return true;
}

/* The submission queue is the storm's alone: what somebody else has put there would go
 * with its first turn. */
static int64_t begin(ul_ring *ring, struct ul_storm *storm, uint64_t now) {
    if (storm->started_ns)
        return NEXT;
    if (storm->batch->size != 16 || storm->batch->capacity < storm->ops.n || storm->ops.n == 0 ||
        storm->ops.size < sizeof(struct sqe) || (storm->names & (storm->names - 1)) ||
        storm->names < ring->cq_entries + 2 * (uint64_t)storm->ops.n)
        return -EINVAL;
    if (storm->ops.n > ring->sq_entries)
        return UL_E_FULL;
    if (ring->sq_local != load_acquire(ring->sq_head))
        return UL_E_STAGED;
    if (!names_are_free(ring, storm))
        return -EEXIST;
    SET(storm->next_ns, now);
    SET(storm->started_ns, now);
    return NEXT;
}

/* ---- a turn ---------------------------------------------------------------------- */

static int64_t push(ul_ring *ring, struct ul_storm *storm) {
    struct ul_ops ops = storm->ops;
    if (storm->count && storm->count - storm->pushed < ops.n)
        ops.n = (uint32_t)(storm->count - storm->pushed);
    for (uint32_t i = 0; i < ops.n; i++) {
        struct sqe *sqe = (struct sqe *)(storm->sqes + (size_t)i * ops.size);
        sqe->user_data = storm->user_data + ((storm->pushed + i) & (storm->names - 1));
    }
    int64_t answer = sq_push_locked(ring, &ops);
    if (answer == UL_E_FULL && (ring->params.flags & SETUP_SQPOLL)) {
        /* The poll thread posts CQEs before it moves the head past their SQEs. */
        answer = enter_unlocked(ring, 0, 0, ENTER_SQ_WAIT, NULL);
        return answer < 0 && answer != -EINTR ? answer : NEXT;
    }
    if (answer < 0)
        return answer;
    SET(storm->pushed, storm->pushed + ops.n);
    SET(storm->under_way, ops.n);
    return NEXT;
}

static void tally_failure(struct ul_storm *storm, int32_t res) {
    SET(storm->failed, storm->failed + 1);
    for (int i = 0; i < UL_STORM_ERRORS; i++) {
        struct ul_storm_error *error = &storm->errors[i];
        if (error->count == 0)
            SET(error->res, res);
        if (error->res == res) {
            SET(error->count, error->count + 1);
            return;
        }
    }
    /* One kind more than there is room for: it is in `failed` alone. */
}

static void tally(struct ul_storm *storm, int32_t res) {
    if (res < 0) {
        tally_failure(storm, res);
        return;
    }
    if (storm->succeeded == 0 || res < storm->smallest)
        SET(storm->smallest, res);
    if (storm->succeeded == 0 || res > storm->largest)
        SET(storm->largest, res);
    SET(storm->sum, storm->sum + (uint64_t)res);
    SET(storm->succeeded, storm->succeeded + 1);
}

/* Take what is the storm's, up to the first CQE that is not. Returns how many. */
static int64_t take(ul_ring *ring, struct ul_storm *storm) {
    struct ul_batch batch = *storm->batch;
    batch.capacity = cq_ready_of(ring, storm->user_data, storm->names, batch.capacity);
    if (batch.capacity == 0)
        return 0;
    int64_t answer = cq_fill_locked(ring, &batch);
    uint32_t over = 0;
    for (uint32_t i = 0; i < batch.count; i++) {
        struct {
            uint64_t user_data;
            int32_t res;
            uint32_t flags;
        } cqe;
        memcpy(&cqe, batch.cqes + (size_t)i * sizeof cqe, sizeof cqe);
        if (!(cqe.flags & NOTIF)) /* a zero-copy send has two CQEs, and one result */
            tally(storm, cqe.res);
        over += !(cqe.flags & CQE_F_MORE);
    }
    SET(storm->under_way, storm->under_way - over);
    SET(storm->done, storm->done + over);
    return answer;
}

/* Everything that was pushed has its result. Is there another turn to make, and when? */
static int64_t between_turns(ul_ring *ring, struct ul_storm *storm, uint64_t until, uint64_t now) {
    if (told_to_stop(storm))
        return UL_STORM_STOPPED;
    if (storm->count && storm->pushed == storm->count)
        return UL_STORM_ALL;
    if (storm->end_ns && now >= storm->end_ns && storm->pushed) /* one turn in any case */
        return UL_STORM_TIME;
    if (now < storm->next_ns)
        return wait_until(ring, storm, 1, earlier(until, storm->next_ns), now);
    if (storm->period_ns) { /* a turn that comes too late is not made up for by a burst */
        uint64_t next = storm->next_ns + storm->period_ns;
        SET(storm->next_ns, next > now ? next : now + storm->period_ns);
    }
    return push(ring, storm);
}

/* NEXT, or what ul_storm() answers. */
static int64_t turn(ul_ring *ring, struct ul_storm *storm, uint64_t until) {
    uint64_t now = now_ns();
    int64_t answer = NEXT, taken = 0;
    until = earlier(until, storm->end_ns);
    if (!storm->under_way) {
        answer = between_turns(ring, storm, until, now);
        if (storm->under_way) { /* most are done when they are submitted: nothing to wait for */
            answer = come_back(submit_locked(ring, 0, 0, NULL, false));
            taken = take(ring, storm);
        }
    } else if (told_to_stop(storm)) {
        return UL_STORM_STOPPED;
    } else {
        answer = wait_until(ring, storm, storm->under_way, until, now);
        taken = take(ring, storm);
    }
    if (taken < 0)
        return taken;
    if (answer > 0 || (answer < 0 && taken == 0)) /* else it came to something: ask again */
        return answer;
    if (cq_is_strange(ring, storm->user_data, storm->names))
        return UL_STORM_STRANGER;
    if (storm->under_way && storm->end_ns && now_ns() >= storm->end_ns)
        return UL_STORM_TIME;
    return NEXT;
}

int64_t ul_storm(ul_ring *ring, struct ul_storm *storm, uint64_t slice_ns) {
    uint64_t until = now_ns() + slice_ns;
    int64_t answer = ring_lock(ring);
    if (answer < 0)
        return answer;
    answer = begin(ring, storm, until - slice_ns);
    while (answer == NEXT) {
        answer = turn(ring, storm, until);
        SET(storm->latest_ns, now_ns());
        if (answer == NEXT && storm->latest_ns >= until)
            answer = UL_STORM_GOES_ON;
    }
    ring_unlock(ring);
    return answer;
}
