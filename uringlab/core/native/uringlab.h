/* What the C files share among themselves. Python sees only api.h. */
#ifndef URINGLAB_H
#define URINGLAB_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "api.h"

/* ---- uapi numbers the C needs (include/uapi/linux/io_uring.h) ---------- */

/* The setup flags whose queues this library can read. The kernel may know more:
 * SQE_MIXED and SQ_REWIND change what lies where. */
#define SETUP_UNDERSTOOD 0x7ffffu
#define SETUP_IOPOLL (1u << 0)
#define SETUP_SQPOLL (1u << 1)
#define SETUP_CQSIZE (1u << 3)
#define SETUP_CLAMP (1u << 4)
#define SETUP_R_DISABLED (1u << 6)
#define SETUP_SQE128 (1u << 10)
#define SETUP_CQE32 (1u << 11)
#define SETUP_NO_MMAP (1u << 14)
#define SETUP_REGISTERED_FD_ONLY (1u << 15)
#define SETUP_NO_SQARRAY (1u << 16)
#define SETUP_CQE_MIXED (1u << 18)

#define FEAT_SUBMIT_STABLE (1u << 2)

#define FEAT_EXT_ARG (1u << 8)
#define FEAT_CQE_SKIP (1u << 11)
#define FEAT_MIN_TIMEOUT (1u << 15)

#define SQE_CQE_SKIP_SUCCESS (1u << 6)

#define CQE_F_MORE (1u << 1)
#define CQE_F_SKIP (1u << 5)
#define CQE_F_32 (1u << 15)
/* Our own marks on a CQE that was taken (mixed queues), and on one that was large: see cq.c. */
enum { CQE_TAKEN = CQE_F_SKIP | 1u << 14, CQE_WAS_LARGE = 1u << 13 };

#define SQ_NEED_WAKEUP (1u << 0)
#define SQ_CQ_OVERFLOW (1u << 1)
#define SQ_TASKRUN (1u << 2)

#define ENTER_GETEVENTS (1u << 0)
#define ENTER_SQ_WAKEUP (1u << 1)
#define ENTER_SQ_WAIT (1u << 2)
#define ENTER_EXT_ARG (1u << 3)
#define ENTER_REGISTERED_RING (1u << 4)
#define ENTER_ABS_TIMER (1u << 5)
#define ENTER_EXT_ARG_REG (1u << 6)

#define REGISTER_FILES 2u
#define REGISTER_FILES_UPDATE 6u
#define REGISTER_RING_FDS 20u
#define UNREGISTER_RING_FDS 21u
#define REGISTER_PBUF_RING 22u
#define UNREGISTER_PBUF_RING 23u
#define REGISTER_SYNC_CANCEL 24u
#define REGISTER_RESIZE_RINGS 33u
#define REGISTER_USE_REGISTERED_RING (1u << 31)
#define CANCEL_ALL (1u << 0)
#define CANCEL_ANY (1u << 2)
#define POLL_UPDATE_USER_DATA (1u << 2)

#define OFF_SQES 0x10000000u
#define OFF_PBUF_RING 0x80000000u
#define OFF_PBUF_SHIFT 16
#define PBUF_RING_MMAP (1u << 0)

#define OP_NOP 0
#define OP_POLL_REMOVE 7
#define OP_ACCEPT 13
#define OP_ASYNC_CANCEL 14
#define OP_OPENAT 18
#define OP_CLOSE 19
#define OP_FILES_UPDATE 20
#define OP_OPENAT2 28
#define OP_PROVIDE_BUFFERS 31
#define OP_MSG_RING 40
#define OP_SOCKET 45
#define OP_FIXED_FD_INSTALL 54
#define OP_PIPE 62
/* The last one that this library knows: URING_CMD128. */
enum { OP_LAST = 64 };

/* struct io_uring_sqe, the words this library itself needs. 64 bytes. */
struct sqe {
    uint8_t opcode;
    uint8_t flags;
    uint16_t ioprio;
    int32_t fd;
    uint64_t off;
    uint64_t addr;
    uint32_t len;
    uint32_t op_flags;
    uint64_t user_data;
    uint16_t buf_index;
    uint16_t personality;
    uint32_t file_index;
    uint64_t addr3;
    uint64_t pad2;
};

/* ---- the ring ----------------------------------------------------------- */

struct hold {
    struct hold *next;
    ul_mem *mem;
};

struct region {
    uint8_t *base;
    size_t size;
    bool shared; /* part of another one: of the SQ's (FEAT_SINGLE_MMAP), of our own (NO_MMAP) */
};

/* A ring of provided buffers. See bufring.c. */
struct buf;
struct bufring {
    struct buf *bufs;
    struct hold *queue; /* its memory, if that is ours … */
    struct region map;  /* … or else the mapping of the kernel's */
    uint32_t entries;
    uint16_t group;
    bool used, ready;
};

/* Requests the kernel may still answer, counted by user_data. See track.c. */
struct track {
    uint64_t user_data;
    struct hold *holds;
    const int32_t *pipe;   /* the only one outstanding is a PIPE: where its fds go */
    uint32_t outstanding;
    bool used;
    bool tainted;
    bool maker;            /* those outstanding make an fd each … */
    bool mixed;            /* … or some do and some do not */
};

struct tracker {
    struct track *slots;
    uint32_t size; /* a power of two */
    uint32_t shift; /* 66 less its logarithm: see track_at() */
    uint32_t filled;
    uint64_t outstanding; /* the sum over all slots */
    bool unsure;          /* a tainted user_data is in use: counting proves nothing */
    struct hold *until_close;
    struct hold *until_idle; /* nothing names it any more, but a request may use it */
    struct hold *provided;   /* what PROVIDE_BUFFERS gave: the kernel's until the end */
    bool all_tainted;     /* too many strangers to name */
    uint32_t strangers;   /* how many of MSG_RING's user_data are taken in */
    uint32_t messages;    /* of our own MSG_RINGs: how many may be on their way */
};

/* How an SQE came into its slot: pushed in one piece, taken and written by hand
 * since it was last checked, or checked. */
enum { WHOLE = 0, RAW = 1, VOUCHED = 2 };

struct ul_ring {
    ul_ring *next_ring; /* all rings of this process: see ring.c */
    /* Guards everything below. Never held across a system call that may
     * block. All the memory the words point into is the kernel's; who may
     * write which word is said beside it. */
    pthread_mutex_t lock;
    const uint32_t *alive; /* not 0 in the process that opened it: see ring.c */
    int fd;        /* -1 with REGISTERED_FD_ONLY */
    int index;     /* among the registered rings of index_owner; -1: none */
    int index_owner; /* a thread: the table belongs to it */
    bool open, wired, closing;
    bool files_touched; /* a request may change the table of registered files */
    uint32_t entering; /* threads inside io_uring_enter() now */
    struct io_uring_params params;
    struct region regions[UL_REGIONS];
    struct region own; /* NO_MMAP: the memory that we brought */
    size_t huge;       /* bytes of it in huge pages */

    uint32_t *sq_head;    /* the kernel's */
    uint32_t *sq_tail;    /* ours */
    uint32_t *sq_flags;   /* the kernel's */
    uint32_t *sq_dropped; /* the kernel's */
    uint32_t *sq_array;   /* ours; filled once with 0, 1, 2, ...; NULL under NO_SQARRAY */
    uint8_t *sqes;        /* ours from publish to publish; the kernel's in between */
    uint32_t sq_mask, sq_entries, sqe_size;
    uint32_t sq_local; /* the local tail: no memory the kernel can see */
    struct hold **slot_holds; /* what each slot that is not published holds until its final CQE */
    struct hold **slot_lent;  /* and until it is consumed */
    uint32_t lent_from;       /* SQEs before this one have lent nothing any more */
    bool lending;             /* some slot may lend something */
    uint8_t *slot_taken;      /* not WHOLE: a raw slot, may be poked until published */
    bool odd;                 /* something that is staged wants a look before it is published */

    uint32_t *cq_head;     /* ours */
    uint32_t *cq_tail;     /* the kernel's */
    uint32_t *cq_flags;    /* ours; absent before 5.8 */
    uint32_t *cq_overflow; /* the kernel's */
    uint8_t *cqes;         /* the kernel's */
    uint32_t cq_mask, cq_entries, cqe_size;
    uint32_t cq_peeked; /* CQEs before this one were shown to somebody */

    struct hold **kept; /* what is registered, by token */
    uint32_t n_kept, free_kept;
    struct bufring *bufrings;
    uint32_t n_bufrings;
    struct tracker tracker;
    struct ul_enter last;
    uint64_t epoch;
    bool watched; /* the times of the acts are worth a look at the clock */
    struct ul_act staged, written, published, seen;
};

/* ---- words in shared memory --------------------------------------------- */

static inline uint32_t load_acquire(const uint32_t *word) {
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}
static inline uint32_t load_relaxed(const uint32_t *word) {
    return __atomic_load_n(word, __ATOMIC_RELAXED);
}
static inline void store_release(uint32_t *word, uint32_t value) {
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

/* SQEs between the shared and the local tail. If somebody else moved the shared
 * tail past ours, none of them can be. */
static inline uint32_t sq_staged(const ul_ring *ring) {
    uint32_t staged = ring->sq_local - load_relaxed(ring->sq_tail);
    return staged <= ring->sq_entries ? staged : 0;
}

/* ---- between the files ---------------------------------------------------- */

/* 0 and the lock held, or an UL_E_* answer and no lock. */
int ring_lock(ul_ring *ring);
void ring_unlock(ul_ring *ring);
uint64_t now_ns(void);

/* This library has just done it. */
static inline void act(const ul_ring *ring, struct ul_act *act) {
    act->count++;
    if (ring->watched)
        act->time_ns = now_ns();
}

int64_t sq_push_locked(ul_ring *ring, const struct ul_ops *ops);
int64_t sq_publish_locked(ul_ring *ring);
/* Let go of what was lent to SQEs that the kernel has consumed. */
void sq_sweep(ul_ring *ring);
/* The queue lies in other memory now: nothing is known of the slots' lap before. */
void cq_forget_lap(ul_ring *ring);
int64_t cq_advance_locked(ul_ring *ring, uint32_t n);
void cq_let_go_of_all(ul_ring *ring);
int64_t cq_fill_locked(ul_ring *ring, struct ul_batch *batch);
/* How many are ready whose user_data is one of `names` from `first` on, before one that is
 * not; and whether the first one that is ready is not. */
uint32_t cq_ready_of(const ul_ring *ring, uint64_t first, uint64_t names, uint32_t max);
bool cq_is_strange(const ul_ring *ring, uint64_t first, uint64_t names);
int64_t ring_register(ul_ring *ring, uint32_t opcode, void *arg, uint32_t nr_args);
/* A number of this thread's own. Never used again, as a thread id is. */
int this_thread(void);
void ring_thread_ends(int thread);
/* mmap(2) of the kernel's memory behind a ring's fd, which no child inherits. */
int map_region(int fd, uint64_t offset, size_t size, struct region *out);
void kept_end(ul_ring *ring, bool safe, int64_t *retired);
void bufrings_unmap(ul_ring *ring);
void bufrings_end(ul_ring *ring, bool safe, int64_t *retired);
int64_t enter_unlocked(ul_ring *ring, uint32_t to_submit, uint32_t min_complete, uint32_t flags,
                       const struct ul_wait *wait);
/* ul_submit() under the lock. `timed`: note when the call began and ended. */
int64_t submit_locked(ul_ring *ring, uint32_t wait_nr, uint32_t flags, const struct ul_wait *wait,
                      bool timed);

int tracker_init(struct tracker *tracker, uint32_t entries);
int tracker_reserve(struct tracker *tracker, uint32_t more);
void tracker_forget(struct tracker *tracker, const struct sqe *sqe);
/* The ring is closing, and nobody will see this CQE: close the fd that it brings. */
void tracker_orphan(struct tracker *tracker, const struct ul_cqe *cqe);
void tracker_unkeep(struct tracker *tracker, struct hold *hold);
void tracker_keep_until_close(struct tracker *tracker, struct hold *holds);
int tracker_taint(struct tracker *tracker, uint64_t user_data);
/* Let everything go: free it where that is safe, give it up where not. */
void tracker_taint_all(struct tracker *tracker);
int64_t tracker_end(struct tracker *tracker, bool safe);
void holds_drop(struct hold *holds);
int64_t holds_retire(struct hold *holds);
void rings_taint(const struct sqe *msg_ring);
bool rings_send_files(void);
void rings_messages_over(uint32_t n);
int rings_catch_up(struct tracker *tracker);
/* True: every request has ended, all memory may go. */
bool ring_quiesce(ul_ring *ring, uint64_t deadline);
/* A second way to know it: put a witness into the ring, close the ring, wait. */
int witness_plant(ul_ring *ring);
bool witness_gone(int witness, uint64_t deadline);
void mem_note_retired(void);

#endif
