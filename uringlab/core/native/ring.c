/*
 * One ring: set up, mapped, wired, looked at, unmapped.
 */
#define _GNU_SOURCE
#include "uringlab.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* ---- fork ----------------------------------------------------------------- */

/*
 * A page that the kernel zeroes in a child (MADV_WIPEONFORK, 4.14): it tells a
 * fork from any clone, however it was made, with one load. Rings are not
 * inherited: two processes moving one tail is how entries get lost, so the
 * mappings are MADV_DONTFORK, and every call here looks at this page first.
 * A child that opens rings of its own gets a page of its own.
 *
 * The fds are closed in the child: there, a MSG_RING could still reach the
 * parent's ring, where no count would know of it; and a ring lives, with all
 * that it holds, until its last fd is closed.
 */
static pthread_mutex_t process_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t strangers_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t fork_once = PTHREAD_ONCE_INIT;
static uint32_t *alive_page;
static ul_ring *rings; /* every ring with an fd */

/* Both locks are free in the child, and no fd is half-closed. */
static void before_fork(void) {
    pthread_mutex_lock(&process_lock);
    pthread_mutex_lock(&strangers_lock);
}

static void after_fork(void) {
    pthread_mutex_unlock(&strangers_lock);
    pthread_mutex_unlock(&process_lock);
}

static void after_fork_in_child(void) {
    for (ul_ring *ring = rings; ring; ring = ring->next_ring) {
        close(ring->fd);
        ring->fd = -1;
    }
    rings = NULL;
    after_fork();
}

static void watch_forks(void) {
    pthread_atfork(before_fork, after_fork, after_fork_in_child);
}

/* With process_lock held. */
static const uint32_t *this_process(void) {
    if (!alive_page || !__atomic_load_n(alive_page, __ATOMIC_RELAXED)) {
        size_t size = (size_t)sysconf(_SC_PAGESIZE);
        void *page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        alive_page = page == MAP_FAILED ? NULL : page;
        if (alive_page && madvise(page, size, MADV_WIPEONFORK) != 0) {
            munmap(page, size);
            alive_page = NULL;
        }
        if (alive_page)
            __atomic_store_n(alive_page, 1, __ATOMIC_RELAXED);
    }
    return alive_page;
}

static bool inherited(const ul_ring *ring) {
    return __atomic_load_n(ring->alive, __ATOMIC_RELAXED) == 0;
}

/* ---- strangers ---------------------------------------------------------------- */

/*
 * A MSG_RING can reach any ring whose fd this process has, with any user_data:
 * from now on that user_data proves nothing in any of them. The sender holds
 * its own ring's lock, so it only writes the name down; each ring reads the
 * list before it next counts a completion.
 */
enum { STRANGERS = 4096 };
static uint64_t strangers[STRANGERS];
static uint32_t n_strangers; /* STRANGERS + 1: too many to name */
static bool sent_files;      /* a MSG_RING may have put a file into some ring's table */

bool rings_sent_files(void) {
    return __atomic_load_n(&sent_files, __ATOMIC_ACQUIRE);
}

void rings_taint(const struct sqe *msg_ring) {
    uint64_t user_data = msg_ring->off;
    if (msg_ring->addr != 0) /* not MSG_DATA */
        __atomic_store_n(&sent_files, true, __ATOMIC_RELEASE);
    pthread_mutex_lock(&strangers_lock);
    uint32_t n = n_strangers, i = 0;
    while (i < n && i < STRANGERS && strangers[i] != user_data)
        i++;
    if (i == n && n < STRANGERS)
        strangers[n] = user_data;
    if (i == n && n <= STRANGERS)
        __atomic_store_n(&n_strangers, n + 1, __ATOMIC_RELEASE);
    pthread_mutex_unlock(&strangers_lock);
}

int rings_catch_up(struct tracker *tracker) {
    uint32_t n = __atomic_load_n(&n_strangers, __ATOMIC_ACQUIRE);
    if (n > STRANGERS && !tracker->all_tainted)
        tracker_taint_all(tracker);
    for (; tracker->strangers < n && n <= STRANGERS; tracker->strangers++) {
        int err = tracker_taint(tracker, strangers[tracker->strangers]);
        if (err)
            return err;
    }
    return 0;
}

/* ---- the lock ----------------------------------------------------------------- */

int ring_lock(ul_ring *ring) {
    if (inherited(ring))
        return UL_E_FORKED;
    pthread_mutex_lock(&ring->lock);
    if (ring->closing || !ring->wired) {
        pthread_mutex_unlock(&ring->lock);
        return UL_E_CLOSED;
    }
    return 0;
}

void ring_unlock(ul_ring *ring) {
    pthread_mutex_unlock(&ring->lock);
}

/* ---- setup ---------------------------------------------------------------------- */

int ul_ring_open(uint32_t entries, struct io_uring_params *params, ul_ring **out) {
    ul_ring *ring = calloc(1, sizeof *ring);
    if (!ring)
        return -ENOMEM;
    pthread_mutex_init(&ring->lock, NULL);
    pthread_once(&fork_once, watch_forks);
    pthread_mutex_lock(&process_lock);
    ring->alive = this_process();
    int64_t fd = ring->alive ? ul_sys_setup(entries, params) : -ENOMEM;
    if (fd >= 0 && (params->flags & ~SETUP_UNDERSTOOD)) {
        close((int)fd);
        fd = -EOPNOTSUPP;
    }
    if (fd >= 0) {
        ring->fd = (int)fd;
        ring->next_ring = rings;
        rings = ring;
    }
    pthread_mutex_unlock(&process_lock);
    if (fd < 0) {
        pthread_mutex_destroy(&ring->lock);
        free(ring);
        return (int)fd;
    }
    ring->params = *params;
    *out = ring;
    return 0;
}

int ul_ring_map(ul_ring *ring, int region, uint64_t offset, size_t size) {
    if (region < 0 || region >= UL_REGIONS || ring->regions[region].base || ring->wired)
        return -EINVAL;
    void *base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring->fd,
                      (off_t)offset);
    if (base == MAP_FAILED)
        return -errno;
    madvise(base, size, MADV_DONTFORK);
    ring->regions[region] = (struct region){.base = base, .size = size};
    return 0;
}

/* The words at `offset`, or NULL if they do not lie in the region, aligned. */
static uint32_t *words_at(const struct region *region, uint32_t offset, size_t count) {
    if (offset % sizeof(uint32_t) || offset > region->size ||
        count > (region->size - offset) / sizeof(uint32_t))
        return NULL;
    return (uint32_t *)(region->base + offset);
}

static uint32_t is_power_of_two(uint32_t n) {
    return n && !(n & (n - 1));
}

int ul_ring_wire(ul_ring *ring) {
    struct io_uring_params *p = &ring->params;
    struct region *sq = &ring->regions[UL_REGION_SQ];
    struct region *cq = &ring->regions[UL_REGION_CQ];
    struct region *sqes = &ring->regions[UL_REGION_SQES];
    if (!cq->base)
        *cq = (struct region){.base = sq->base, .size = sq->size, .shared = true};
    if (!sq->base || !sqes->base)
        return -EINVAL;

    ring->sq_head = words_at(sq, p->sq_off.head, 1);
    ring->sq_tail = words_at(sq, p->sq_off.tail, 1);
    ring->sq_flags = words_at(sq, p->sq_off.flags, 1);
    ring->sq_dropped = words_at(sq, p->sq_off.dropped, 1);
    uint32_t *sq_mask = words_at(sq, p->sq_off.ring_mask, 1);
    uint32_t *sq_entries = words_at(sq, p->sq_off.ring_entries, 1);
    ring->cq_head = words_at(cq, p->cq_off.head, 1);
    ring->cq_tail = words_at(cq, p->cq_off.tail, 1);
    ring->cq_overflow = words_at(cq, p->cq_off.overflow, 1);
    /* cq_off.flags came in 5.8; before, the field is 0. */
    ring->cq_flags = p->cq_off.flags ? words_at(cq, p->cq_off.flags, 1) : NULL;
    uint32_t *cq_mask = words_at(cq, p->cq_off.ring_mask, 1);
    uint32_t *cq_entries = words_at(cq, p->cq_off.ring_entries, 1);
    if (!ring->sq_head || !ring->sq_tail || !ring->sq_flags || !ring->sq_dropped || !sq_mask ||
        !sq_entries || !ring->cq_head || !ring->cq_tail || !ring->cq_overflow || !cq_mask ||
        !cq_entries)
        return -EPROTO;

    ring->sq_entries = *sq_entries;
    ring->sq_mask = *sq_mask;
    ring->cq_entries = *cq_entries;
    ring->cq_mask = *cq_mask;
    ring->sqe_size = p->flags & SETUP_SQE128 ? 128 : 64;
    ring->cqe_size = p->flags & SETUP_CQE32 ? 32 : 16;
    if (!is_power_of_two(ring->sq_entries) || ring->sq_mask != ring->sq_entries - 1 ||
        !is_power_of_two(ring->cq_entries) || ring->cq_mask != ring->cq_entries - 1 ||
        (size_t)ring->sq_entries * ring->sqe_size > sqes->size ||
        p->cq_off.cqes > cq->size ||
        (size_t)ring->cq_entries * ring->cqe_size > cq->size - p->cq_off.cqes)
        return -EPROTO;
    ring->sqes = sqes->base;
    ring->cqes = cq->base + p->cq_off.cqes;

    if (!(p->flags & SETUP_NO_SQARRAY)) {
        ring->sq_array = words_at(sq, p->sq_off.array, ring->sq_entries);
        if (!ring->sq_array)
            return -EPROTO;
        /* The array lets slots be submitted in any order. We never do: slot i
         * stays at place i, written once, as under NO_SQARRAY. */
        for (uint32_t i = 0; i < ring->sq_entries; i++)
            ring->sq_array[i] = i;
    }
    ring->slot_holds = calloc(ring->sq_entries, sizeof *ring->slot_holds);
    ring->slot_taken = calloc(ring->sq_entries, sizeof *ring->slot_taken);
    if (!ring->slot_holds || !ring->slot_taken ||
        tracker_init(&ring->tracker, ring->sq_entries) != 0)
        return -ENOMEM;
    ring->sq_local = load_relaxed(ring->sq_tail);
    ring->wired = true;
    return 0;
}

int ul_ring_fd(ul_ring *ring) {
    return ring->fd;
}

int ul_ring_read(ul_ring *ring, int region, size_t offset, void *out, size_t len) {
    if (region < 0 || region >= UL_REGIONS)
        return -EINVAL;
    int answer = ring_lock(ring);
    if (answer < 0)
        return answer;
    const struct region *from = &ring->regions[region];
    if (offset > from->size || len > from->size - offset)
        answer = -ERANGE;
    else if (len == sizeof(uint32_t) && offset % sizeof(uint32_t) == 0) {
        uint32_t word = load_acquire((const uint32_t *)(from->base + offset));
        memcpy(out, &word, sizeof word);
    } else
        memcpy(out, from->base + offset, len);
    ring_unlock(ring);
    return answer;
}

/* ---- the end ---------------------------------------------------------------------- */

static void unmap(ul_ring *ring) {
    for (int i = 0; i < UL_REGIONS; i++) {
        if (ring->regions[i].base && !ring->regions[i].shared)
            munmap(ring->regions[i].base, ring->regions[i].size);
        ring->regions[i] = (struct region){0};
    }
}

/* In one step, as far as a fork can see: see after_fork_in_child(). */
static void close_fd(ul_ring *ring) {
    pthread_mutex_lock(&process_lock);
    ul_ring **link = &rings;
    while (*link && *link != ring)
        link = &(*link)->next_ring;
    if (*link)
        *link = ring->next_ring;
    close(ring->fd);
    ring->fd = -1;
    pthread_mutex_unlock(&process_lock);
}

int64_t ul_ring_close(ul_ring *ring, int64_t patience_ns) {
    if (inherited(ring)) /* all of it is the parent's */
        return 0;
    pthread_mutex_lock(&ring->lock);
    if (ring->closing || ring->fd < 0) {
        pthread_mutex_unlock(&ring->lock);
        return 0;
    }
    if (ring->entering) {
        pthread_mutex_unlock(&ring->lock);
        return UL_E_BUSY;
    }
    ring->closing = true;
    uint64_t deadline = now_ns() + (uint64_t)(patience_ns > 0 ? patience_ns : 0);
    bool quiet = true;
    int witness = -1;
    if (ring->wired) {
        quiet = ring_quiesce(ring, deadline);
        if (!quiet)
            witness = witness_plant(ring);
        ring->wired = false;
    }
    unmap(ring);
    close_fd(ring);
    if (witness >= 0) {
        pthread_mutex_unlock(&ring->lock); /* whoever looks meanwhile finds it closing */
        quiet = witness_gone(witness, deadline);
        pthread_mutex_lock(&ring->lock);
    }
    /* Slots that were never published: the kernel has not seen them. */
    for (uint32_t i = 0; ring->slot_holds && i < ring->sq_entries; i++)
        holds_drop(ring->slot_holds[i]);
    free(ring->slot_holds);
    free(ring->slot_taken);
    ring->slot_holds = NULL;
    ring->slot_taken = NULL;
    int64_t retired = tracker_end(&ring->tracker, quiet);
    pthread_mutex_unlock(&ring->lock);
    return retired;
}

enum { LAST_PATIENCE_NS = 1000000000 };

void ul_ring_free(ul_ring *ring) {
    ul_ring_close(ring, LAST_PATIENCE_NS);
    if (!inherited(ring)) /* a child's copy of the lock may be held by nobody */
        pthread_mutex_destroy(&ring->lock);
    free(ring);
}
