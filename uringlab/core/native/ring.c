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
static uint32_t messages; /* of MSG_RING that may be on their way: see strangers */

/* Both locks are free in the child, and no fd is half-closed. */
static void before_fork(void) {
    pthread_mutex_lock(&process_lock);
    pthread_mutex_lock(&strangers_lock);
}

static void after_fork(void) {
    pthread_mutex_unlock(&strangers_lock);
    pthread_mutex_unlock(&process_lock);
}

static void forget_left_behind(int owner);

static void after_fork_in_child(void) {
    for (ul_ring *ring = rings; ring; ring = ring->next_ring) {
        if (ring->fd >= 0)
            close(ring->fd);
        ring->fd = -1;
        ring->open = false;
    }
    rings = NULL;
    messages = 0; /* they are the parent's, and go to its rings */
    forget_left_behind(0);
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
 *
 * How many may be on their way is counted, too. While none is, a ring that is
 * opened need not know of those before, and no file comes into any table.
 */
enum { STRANGERS = 4096 };
static uint64_t strangers[STRANGERS];
static uint32_t n_strangers; /* STRANGERS + 1: too many to name */
static uint32_t skipped;     /* how many the newest ring need not know of */
static bool sent_files;      /* a MSG_RING may have put a file into some ring's table */

bool rings_send_files(void) {
    return __atomic_load_n(&sent_files, __ATOMIC_ACQUIRE) &&
           __atomic_load_n(&messages, __ATOMIC_ACQUIRE);
}

void rings_messages_over(uint32_t n) {
    __atomic_sub_fetch(&messages, n, __ATOMIC_ACQ_REL);
}

void ul_message_over(void) {
    rings_messages_over(1);
}

/* A new ring: those before it cannot reach it. If it is the only one, they are forgotten. */
static void skip_strangers(ul_ring *ring) {
    pthread_mutex_lock(&process_lock);
    pthread_mutex_lock(&strangers_lock);
    if (!messages) {
        if (rings == ring && !ring->next_ring)
            n_strangers = 0;
        if (n_strangers <= STRANGERS)
            ring->tracker.strangers = skipped = n_strangers;
    }
    pthread_mutex_unlock(&strangers_lock);
    pthread_mutex_unlock(&process_lock);
}

void rings_taint(const struct sqe *msg_ring) {
    ul_taint_all_rings(msg_ring->off, msg_ring->addr != 0); /* 0: MSG_DATA */
}

void ul_taint_all_rings(uint64_t user_data, int sends_file) {
    if (sends_file)
        __atomic_store_n(&sent_files, true, __ATOMIC_RELEASE);
    pthread_mutex_lock(&strangers_lock);
    __atomic_add_fetch(&messages, 1, __ATOMIC_ACQ_REL);
    uint32_t n = n_strangers, i = skipped; /* some ring does not know of those before */
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

/* ---- memory that we bring (NO_MMAP) ------------------------------------------------- */

enum { HUGE_PAGE = 2 << 20, RINGS_HEADER = 1024, MOST_ENTRIES = 65536 };

static size_t page_up(size_t size) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return (size + page - 1) / page * page;
}

static uint64_t power_of_two(uint64_t n) {
    uint64_t up = 1;
    while (up < n && up < MOST_ENTRIES)
        up *= 2;
    return up;
}

/*
 * Room for both queues, before the kernel has said how large they are: never less
 * than it wants. In the order that it maps them: the rings, then the SQEs. Before
 * 6.10 more than a page of either must lie in a huge page.
 */
static int bring_memory(struct io_uring_params *p, uint32_t entries, int huge,
                        struct region *own, size_t *in_huge) {
    uint64_t sq = power_of_two(entries);
    uint64_t cq = p->flags & SETUP_CQSIZE ? power_of_two(p->cq_entries) : 2 * sq;
    size_t rings = page_up(RINGS_HEADER + cq * (p->flags & SETUP_CQE32 ? 32 : 16) + sq * 4);
    size_t sqes = page_up(sq * (p->flags & SETUP_SQE128 ? 128 : 64));
    size_t size = rings + sqes;
    void *base = MAP_FAILED;
    *in_huge = 0;
    if (huge) {
        size_t rounded = (size + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
        base = mmap(NULL, rounded, PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS | MAP_HUGETLB | MAP_POPULATE, -1, 0);
        if (base != MAP_FAILED)
            *in_huge = size = rounded;
    }
    if (base == MAP_FAILED)
        base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED)
        return -ENOMEM;
    madvise(base, size, MADV_DONTFORK);
    *own = (struct region){.base = base, .size = size};
    p->cq_off.user_addr = (uint64_t)(uintptr_t)base;
    p->sq_off.user_addr = (uint64_t)(uintptr_t)base + rings;
    return 0;
}

/* Where in it the kernel put what. */
static void lay_out(ul_ring *ring) {
    struct region *own = &ring->own;
    size_t rings = (size_t)(ring->params.sq_off.user_addr - ring->params.cq_off.user_addr);
    ring->regions[UL_REGION_SQ] = ring->regions[UL_REGION_CQ] =
        (struct region){.base = own->base, .size = rings, .shared = true};
    ring->regions[UL_REGION_SQES] =
        (struct region){.base = own->base + rings, .size = own->size - rings, .shared = true};
}

/* ---- setup ------------------------------------------------------------------------- */

struct rsrc_update {
    uint32_t offset;
    uint32_t resv;
    uint64_t data;
};

static int64_t forget_index(ul_ring *ring) {
    struct rsrc_update one = {.offset = (uint32_t)ring->index};
    int64_t answer =
        ring->fd >= 0
            ? ul_sys_register(ring->fd, UNREGISTER_RING_FDS, &one, 1)
            : ul_sys_register(ring->index, UNREGISTER_RING_FDS | REGISTER_USE_REGISTERED_RING,
                              &one, 1);
    if (answer >= 0)
        ring->index = -1;
    return answer;
}

/*
 * A ring that another thread closes leaves its index behind, in the table of the
 * thread that registered it: nobody else can take it out, and it keeps the ring and a
 * place of 16. So that thread does it, when it next has to do with the table.
 */
struct left {
    struct left *next;
    int owner, index;
};
static struct left *left_behind; /* with process_lock held */

static void leave_behind(const ul_ring *ring) {
    struct left *left = malloc(sizeof *left);
    if (!left)
        return;
    *left = (struct left){left_behind, ring->index_owner, ring->index};
    left_behind = left;
}

/* A thread's table goes with the thread, and a parent's is not the child's. 0: of all. */
static void forget_left_behind(int owner) {
    for (struct left **link = &left_behind, *left; (left = *link);) {
        if (!owner || left->owner == owner) {
            *link = left->next;
            free(left);
        } else {
            link = &left->next;
        }
    }
}

static void clear_up(void) {
    int owner = this_thread();
    for (struct left *left = left_behind; left; left = left->next) {
        struct rsrc_update one = {.offset = (uint32_t)left->index};
        if (left->owner == owner)
            ul_sys_register(left->index, UNREGISTER_RING_FDS | REGISTER_USE_REGISTERED_RING, &one,
                            1);
    }
    forget_left_behind(owner);
}

void ring_thread_ends(int thread) {
    pthread_mutex_lock(&process_lock);
    forget_left_behind(thread);
    pthread_mutex_unlock(&process_lock);
}

static int64_t set_up(ul_ring *ring, uint32_t entries, struct io_uring_params *params, int huge) {
    if (params->flags & SETUP_NO_MMAP) {
        int err = bring_memory(params, entries, huge, &ring->own, &ring->huge);
        if (err)
            return err;
    }
    clear_up();
    int64_t fd = ul_sys_setup(entries, params);
    if (fd < 0)
        return fd;
    bool by_index = params->flags & SETUP_REGISTERED_FD_ONLY;
    ring->fd = by_index ? -1 : (int)fd;
    ring->index = by_index ? (int)fd : -1;
    ring->index_owner = this_thread();
    if (params->flags & ~SETUP_UNDERSTOOD) { /* the kernel can, we cannot */
        if (by_index)
            forget_index(ring);
        else
            close(ring->fd);
        return -EOPNOTSUPP;
    }
    ring->open = true;
    ring->params = *params;
    ring->next_ring = rings;
    rings = ring;
    if (params->flags & SETUP_NO_MMAP)
        lay_out(ring);
    return 0;
}

int ul_ring_open(uint32_t entries, struct io_uring_params *params, int huge, ul_ring **out) {
    ul_ring *ring = calloc(1, sizeof *ring);
    if (!ring)
        return -ENOMEM;
    ring->fd = ring->index = -1;
    pthread_mutex_init(&ring->lock, NULL);
    pthread_once(&fork_once, watch_forks);
    pthread_mutex_lock(&process_lock);
    ring->alive = this_process();
    int64_t err = ring->alive ? set_up(ring, entries, params, huge) : -ENOMEM;
    pthread_mutex_unlock(&process_lock);
    if (err < 0) {
        if (ring->own.base)
            munmap(ring->own.base, ring->own.size);
        pthread_mutex_destroy(&ring->lock);
        free(ring);
        return (int)err;
    }
    *out = ring;
    return 0;
}

int map_region(int fd, uint64_t offset, size_t size, struct region *out) {
    /* In one step, as far as a fork can see: a child's mapping would keep the ring alive. */
    pthread_mutex_lock(&process_lock);
    void *base =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, (off_t)offset);
    int err = base == MAP_FAILED ? -errno : 0;
    if (!err)
        madvise(base, size, MADV_DONTFORK);
    pthread_mutex_unlock(&process_lock);
    if (err)
        return err;
    *out = (struct region){.base = base, .size = size};
    return 0;
}

int ul_ring_map(ul_ring *ring, int region, uint64_t offset, size_t size) {
    if (region < 0 || region >= UL_REGIONS || ring->wired)
        return -EINVAL;
    if (ring->own.base)
        return size <= ring->regions[region].size ? 0 : -EPROTO;
    if (ring->regions[region].base)
        return -EINVAL;
    return map_region(ring->fd, offset, size, &ring->regions[region]);
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

/* Check every offset the kernel gave against the mappings; point at the words. */
static int wire(ul_ring *ring) {
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
    cq_forget_lap(ring);

    if (!(p->flags & SETUP_NO_SQARRAY)) {
        ring->sq_array = words_at(sq, p->sq_off.array, ring->sq_entries);
        if (!ring->sq_array)
            return -EPROTO;
        /* The array lets slots be submitted in any order. We never do: slot i
         * stays at place i, written once, as under NO_SQARRAY. */
        for (uint32_t i = 0; i < ring->sq_entries; i++)
            ring->sq_array[i] = i;
    }
    return 0;
}

int ul_ring_wire(ul_ring *ring) {
    int err = wire(ring);
    if (err)
        return err;
    ring->slot_holds = calloc(ring->sq_entries, sizeof *ring->slot_holds);
    ring->slot_lent = calloc(ring->sq_entries, sizeof *ring->slot_lent);
    ring->slot_taken = calloc(ring->sq_entries, sizeof *ring->slot_taken);
    if (!ring->slot_holds || !ring->slot_lent || !ring->slot_taken ||
        tracker_init(&ring->tracker, ring->sq_entries) != 0)
        return -ENOMEM;
    skip_strangers(ring);
    ring->sq_local = load_relaxed(ring->sq_tail);
    ring->lent_from = load_relaxed(ring->sq_head);
    ring->cq_peeked = load_relaxed(ring->cq_head);
    ring->wired = true;
    return 0;
}

int ul_ring_fd(ul_ring *ring) {
    return ring->fd;
}

int ul_ring_index(ul_ring *ring) {
    return ring->index;
}

int ul_test_features(ul_ring *ring, uint32_t features) {
    int answer = ring_lock(ring);
    if (answer < 0)
        return answer;
    ring->params.features &= features;
    ring_unlock(ring);
    return 0;
}

size_t ul_ring_huge(ul_ring *ring) {
    return ring->huge;
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

/* ---- the index ----------------------------------------------------------------------- */

int64_t ul_ring_index_register(ul_ring *ring) {
    int64_t answer = ring_lock(ring);
    if (answer < 0)
        return answer;
    /* offset -1: any free place; the kernel writes which. */
    struct rsrc_update one = {.offset = UINT32_MAX, .data = (uint64_t)ring->fd};
    pthread_mutex_lock(&process_lock);
    clear_up();
    pthread_mutex_unlock(&process_lock);
    if (ring->index >= 0)
        answer = -EEXIST;
    else
        answer = ul_sys_register(ring->fd, REGISTER_RING_FDS, &one, 1);
    if (answer == 1) {
        ring->index_owner = this_thread();
        ring->index = (int)one.offset;
        answer = ring->index;
    }
    ring_unlock(ring);
    return answer;
}

int64_t ul_ring_index_unregister(ul_ring *ring) {
    int64_t answer = ring_lock(ring);
    if (answer < 0)
        return answer;
    if (ring->index < 0)
        answer = -ENXIO;
    else if (ring->fd < 0)
        answer = -EPERM; /* its only door */
    else if (ring->index_owner != this_thread())
        answer = -ESRCH;
    else
        answer = forget_index(ring);
    ring_unlock(ring);
    return answer;
}

/* The kernel's SMP_CACHE_BYTES, where it is known. */
#if defined(__x86_64__) || defined(__i386__) || defined(__aarch64__) || defined(__riscv)
enum { CACHE_LINE = 64 };
#else
enum { CACHE_LINE = 0 };
#endif

/* ---- another size ----------------------------------------------------------------------- */

static void unmap(ul_ring *ring) {
    for (int i = 0; i < UL_REGIONS; i++) {
        if (ring->regions[i].base && !ring->regions[i].shared)
            munmap(ring->regions[i].base, ring->regions[i].size);
        ring->regions[i] = (struct region){0};
    }
    if (ring->own.base)
        munmap(ring->own.base, ring->own.size);
    ring->own = (struct region){0};
}

/* What the slots hold moves with them: an index keeps its value, not its slot. */
static void move_slots(ul_ring *ring, struct hold **holds, struct hold **lent, uint8_t *taken,
                       uint32_t old_mask) {
    for (uint32_t i = load_relaxed(ring->sq_head); i != ring->sq_local; i++) {
        holds[i & ring->sq_mask] = ring->slot_holds[i & old_mask];
        lent[i & ring->sq_mask] = ring->slot_lent[i & old_mask];
        taken[i & ring->sq_mask] = ring->slot_taken[i & old_mask];
    }
    free(ring->slot_holds);
    free(ring->slot_lent);
    free(ring->slot_taken);
    ring->slot_holds = holds;
    ring->slot_lent = lent;
    ring->slot_taken = taken;
}

static uint32_t cache_line_up(uint32_t offset) {
    return (offset + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
}

/*
 * Where the SQ's array is after a resize. The kernel says it at setup, and not here
 * (6.13 to 6.18 at the least leave the field alone): behind the CQEs, at the next
 * cache line (rings_size in io_uring.c). With CQE32 there is a gap before it, since
 * there the header is counted twice, or was: as wide as the one that setup told of.
 */
static uint32_t array_offset(const ul_ring *ring, const struct io_uring_params *p) {
    if (p->sq_off.array || (ring->params.flags & SETUP_NO_SQARRAY))
        return p->sq_off.array;
    const struct io_uring_params *old = &ring->params;
    uint32_t gap = old->sq_off.array -
                   cache_line_up(old->cq_off.cqes + old->cq_entries * ring->cqe_size);
    return cache_line_up(p->cq_off.cqes + p->cq_entries * ring->cqe_size) + gap;
}

/*
 * What the kernel gets wrong, or did (io_register_resize_rings in register.c): it
 * moves entries of 64 and 16 bytes only, and none where the head is before the wrap
 * at 2^32 and the tail after it. What would then be in the queues is old, or zeros:
 * requests whose memory is gone, and completions that nobody made.
 */
static bool may_be_moved(const ul_ring *ring) {
    uint32_t sq_head = load_acquire(ring->sq_head), sq_tail = load_relaxed(ring->sq_tail);
    uint32_t cq_head = load_relaxed(ring->cq_head), cq_tail = load_acquire(ring->cq_tail);
    if (sq_head != sq_tail && (ring->sqe_size != 64 || sq_tail < sq_head))
        return false;
    bool wide = ring->cqe_size != 16 || (ring->params.flags & SETUP_CQE_MIXED);
    return cq_head == cq_tail || (!wide && cq_head < cq_tail);
}

/* The kernel has moved the entries into new memory: map it, and leave the old. */
static int remap(ul_ring *ring, struct io_uring_params *p, struct region *own) {
    unmap(ring);
    p->sq_off.array = array_offset(ring, p);
    ring->params.sq_entries = p->sq_entries;
    ring->params.cq_entries = p->cq_entries;
    ring->params.sq_off = p->sq_off;
    ring->params.cq_off = p->cq_off;
    if (own->base) {
        ring->own = *own;
        lay_out(ring);
        return wire(ring);
    }
    size_t rings = p->cq_off.cqes + (size_t)p->cq_entries * ring->cqe_size;
    size_t array = ring->params.sq_off.array + (size_t)p->sq_entries * sizeof(uint32_t);
    if (!(ring->params.flags & SETUP_NO_SQARRAY) && array > rings)
        rings = array;
    int err = map_region(ring->fd, 0, rings, &ring->regions[UL_REGION_SQ]);
    if (!err)
        err = map_region(ring->fd, OFF_SQES, (size_t)p->sq_entries * ring->sqe_size,
                         &ring->regions[UL_REGION_SQES]);
    return err ? err : wire(ring);
}

static int64_t resize(ul_ring *ring, struct io_uring_params *p) {
    uint64_t most = power_of_two(p->sq_entries);
    struct hold **holds = calloc(most, sizeof *holds), **lent = calloc(most, sizeof *lent);
    uint8_t *taken = calloc(most, sizeof *taken);
    struct region own = {0};
    size_t huge = 0;
    int64_t answer = holds && lent && taken ? 0 : -ENOMEM;
    if (!answer && ring->own.base) {
        p->flags |= ring->params.flags & (SETUP_SQE128 | SETUP_CQE32);
        answer = bring_memory(p, p->sq_entries, ring->huge != 0, &own, &huge);
        p->flags &= ~(SETUP_SQE128 | SETUP_CQE32); /* these stay as they are, like NO_MMAP */
    }
    if (!answer)
        answer = ring_register(ring, REGISTER_RESIZE_RINGS, p, 1);
    if (answer < 0) {
        free(holds);
        free(lent);
        free(taken);
        if (own.base)
            munmap(own.base, own.size);
        return answer;
    }
    uint32_t old_mask = ring->sq_mask;
    int err = remap(ring, p, &own);
    ring->huge = huge;
    if (err) { /* the old memory is dead, and the new cannot be had: only closing is left */
        ring->sq_mask = old_mask;
        ring->sq_entries = old_mask + 1;
        ring->sq_tail = NULL;
        free(holds);
        free(lent);
        free(taken);
        ring->wired = false;
        return err;
    }
    move_slots(ring, holds, lent, taken, old_mask);
    ring->epoch++;
    return answer;
}

int64_t ul_ring_resize(ul_ring *ring, struct io_uring_params *params) {
    int64_t answer = ring_lock(ring);
    if (answer < 0)
        return answer;
    sq_sweep(ring);
    if (ring->entering)
        answer = UL_E_BUSY;
    else if (sq_staged(ring) || ring->sq_local != load_relaxed(ring->sq_tail))
        answer = UL_E_STAGED;
    else if (!CACHE_LINE && !(ring->params.flags & SETUP_NO_SQARRAY))
        answer = -EOPNOTSUPP;
    else if (!may_be_moved(ring))
        answer = -EAGAIN;
    else
        answer = resize(ring, params);
    ring_unlock(ring);
    return answer;
}

/* ---- memory that is registered ----------------------------------------------------------- */

int64_t ul_keep(ul_ring *ring, ul_mem *mem) {
    struct hold *hold = calloc(1, sizeof *hold);
    if (!hold)
        return -ENOMEM;
    int64_t answer = ring_lock(ring);
    if (answer < 0) {
        free(hold);
        return answer;
    }
    uint32_t token = ring->free_kept;
    while (token < ring->n_kept && ring->kept[token])
        token++;
    if (token == ring->n_kept) {
        uint32_t more = ring->n_kept ? 2 * ring->n_kept : 16;
        struct hold **kept = realloc(ring->kept, more * sizeof *kept);
        if (!kept) {
            ring_unlock(ring);
            free(hold);
            return -ENOMEM;
        }
        memset(kept + ring->n_kept, 0, (more - ring->n_kept) * sizeof *kept);
        ring->kept = kept;
        ring->n_kept = more;
    }
    ul_mem_ref(mem);
    hold->mem = mem;
    ring->kept[token] = hold;
    ring->free_kept = token + 1;
    ring_unlock(ring);
    return token;
}

int ul_unkeep(ul_ring *ring, uint32_t token) {
    int answer = ring_lock(ring);
    if (answer < 0)
        return answer;
    if (token >= ring->n_kept || !ring->kept[token]) {
        answer = -EINVAL;
    } else {
        struct hold *hold = ring->kept[token];
        ring->kept[token] = NULL;
        if (token < ring->free_kept)
            ring->free_kept = token;
        tracker_unkeep(&ring->tracker, hold);
    }
    ring_unlock(ring);
    return answer;
}

int64_t ul_keep_same(ul_ring *ring, ul_ring *source, uint32_t token) {
    int64_t answer = ring_lock(source);
    if (answer < 0)
        return answer;
    ul_mem *mem = NULL;
    if (token < source->n_kept && source->kept[token]) {
        mem = source->kept[token]->mem;
        ul_mem_ref(mem);
    }
    ring_unlock(source); /* never two locks at once: the two may be one ring */
    if (!mem)
        return -EINVAL;
    answer = ul_keep(ring, mem);
    ul_mem_unref(mem);
    return answer;
}

void kept_end(ul_ring *ring, bool safe, int64_t *retired) {
    for (uint32_t i = 0; i < ring->n_kept; i++) {
        if (safe)
            holds_drop(ring->kept[i]);
        else
            *retired += holds_retire(ring->kept[i]);
    }
    free(ring->kept);
    ring->kept = NULL;
    ring->n_kept = 0;
}

int ul_taint(ul_ring *ring, uint64_t user_data) {
    int answer = ring_lock(ring);
    if (answer < 0)
        return answer;
    answer = tracker_taint(&ring->tracker, user_data);
    ring_unlock(ring);
    return answer;
}

/* ---- the end ---------------------------------------------------------------------- */

/* In one step, as far as a fork can see: see after_fork_in_child(). */
static void close_fd(ul_ring *ring) {
    pthread_mutex_lock(&process_lock);
    ul_ring **link = &rings;
    while (*link && *link != ring)
        link = &(*link)->next_ring;
    if (*link)
        *link = ring->next_ring;
    if (ring->index >= 0 && ring->index_owner == this_thread())
        forget_index(ring); /* it would keep the ring for as long as the thread lives */
    else if (ring->index >= 0)
        leave_behind(ring);
    if (ring->fd >= 0)
        close(ring->fd);
    ring->fd = -1;
    ring->open = false;
    pthread_mutex_unlock(&process_lock);
}

/*
 * A poll thread that nobody could stop may still be about to read what was
 * published. Where the shared tail cannot be read any more, all counts as that.
 */
static void keep_what_is_lent(ul_ring *ring) {
    uint32_t published =
        ring->sq_tail ? load_relaxed(ring->sq_tail) - ring->lent_from : ring->sq_entries;
    for (uint32_t i = 0; i < published && i < ring->sq_entries; i++) {
        uint32_t at = (ring->lent_from + i) & ring->sq_mask;
        tracker_keep_until_close(&ring->tracker, ring->slot_lent[at]);
        ring->slot_lent[at] = NULL;
    }
}

int64_t ul_ring_close(ul_ring *ring, int64_t patience_ns) {
    if (inherited(ring)) /* all of it is the parent's */
        return 0;
    pthread_mutex_lock(&ring->lock);
    if (ring->closing || !ring->open) {
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
        ring->wired = false;
    } else if (ring->tracker.slots) { /* a resize went wrong: nothing can be counted any more */
        quiet = false;
    }
    if (!quiet) {
        witness = witness_plant(ring);
        keep_what_is_lent(ring);
    }
    unmap(ring);
    bufrings_unmap(ring);
    close_fd(ring);
    if (witness >= 0) {
        pthread_mutex_unlock(&ring->lock); /* whoever looks meanwhile finds it closing */
        quiet = witness_gone(witness, deadline);
        pthread_mutex_lock(&ring->lock);
    }
    /* Slots that were never published: the kernel has not seen them. */
    for (uint32_t i = 0; ring->slot_holds && ring->slot_lent && i <= ring->sq_mask; i++) {
        holds_drop(ring->slot_holds[i]);
        holds_drop(ring->slot_lent[i]);
    }
    free(ring->slot_holds);
    free(ring->slot_lent);
    free(ring->slot_taken);
    ring->slot_holds = ring->slot_lent = NULL;
    ring->slot_taken = NULL;
    int64_t retired = tracker_end(&ring->tracker, quiet);
    kept_end(ring, quiet, &retired);
    bufrings_end(ring, quiet, &retired);
    pthread_mutex_unlock(&ring->lock);
    return retired;
}

enum { LAST_PATIENCE_NS = 1000000000 };

void ul_ring_free(ul_ring *ring) {
    if (ul_ring_close(ring, LAST_PATIENCE_NS) == UL_E_BUSY)
        return; /* a thread is inside: then the handle is leaked, and not freed under it */
    if (!inherited(ring)) /* a child's copy of the lock may be held by nobody */
        pthread_mutex_destroy(&ring->lock);
    free(ring);
}
