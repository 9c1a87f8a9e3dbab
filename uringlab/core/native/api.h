/*
 * Everything Python may call, once: the C files include this text, and cffi
 * reads the same text as its cdef. So: declarations only, no preprocessor.
 *
 * The io_uring structures are the project's own copy of the kernel's uapi
 * (include/uapi/linux/io_uring.h, Linux 6.18). Distribution headers are years
 * behind the kernels they run on.
 *
 * Return values are the kernel's convention: >= 0 is an answer, < 0 is -errno.
 * Six answers are ours and lie far outside the errno range.
 */

enum {
    UL_E_CLOSED = -10001,  /* the ring is closed (or closing) */
    UL_E_FORKED = -10002,  /* this process is a fork()ed child: the ring is the parent's */
    UL_E_FULL = -10003,    /* no free SQE slot */
    UL_E_BUSY = -10004,    /* another thread is inside io_uring_enter() on this ring */
    UL_E_LOOSE = -10005,   /* a raw slot was written since ul_sq_vouch() */
    UL_E_STAGED = -10006   /* SQEs are staged: publish them first */
};

/* ---- the kernel's own structures ------------------------------------- */

struct io_sqring_offsets {
    uint32_t head;
    uint32_t tail;
    uint32_t ring_mask;
    uint32_t ring_entries;
    uint32_t flags;
    uint32_t dropped;
    uint32_t array;
    uint32_t resv1;
    uint64_t user_addr;
};

struct io_cqring_offsets {
    uint32_t head;
    uint32_t tail;
    uint32_t ring_mask;
    uint32_t ring_entries;
    uint32_t overflow;
    uint32_t cqes;
    uint32_t flags;
    uint32_t resv1;
    uint64_t user_addr;
};

struct io_uring_params {
    uint32_t sq_entries;
    uint32_t cq_entries;
    uint32_t flags;
    uint32_t sq_thread_cpu;
    uint32_t sq_thread_idle;
    uint32_t features;
    uint32_t wq_fd;
    uint32_t resv[3];
    struct io_sqring_offsets sq_off;
    struct io_cqring_offsets cq_off;
};

/* ---- memory.c: memory the kernel may touch ---------------------------- */

typedef struct ul_mem ul_mem;

struct ul_mem_stats {
    uint64_t live;         /* blocks that exist now */
    uint64_t live_bytes;
    uint64_t retired;      /* references given up for good: see ul_ring_close() */
};

/* A zeroed block with one reference, the caller's. `guarded`: whole pages with
 * an unmapped page behind them; else a small block for what the kernel only
 * reads (paths, timespecs). NULL when there is no memory. */
ul_mem *ul_mem_new(size_t size, int guarded);
void ul_mem_ref(ul_mem *mem);
void ul_mem_unref(ul_mem *mem);
void *ul_mem_base(ul_mem *mem);
size_t ul_mem_size(ul_mem *mem);
void ul_mem_get_stats(struct ul_mem_stats *out);
/* In a quarantine build (make quarantine) nothing is freed: it is filled with a
 * pattern and kept. Returns how many bytes of it have changed since: each one
 * is a write into freed memory. -ENOSYS in any other build. */
int64_t ul_quarantine_check(void);
/* The address of a page that is reserved and can never be read or written. */
uint64_t ul_bad_address(void);

/* ---- ring.c: one ring, one owner -------------------------------------- */

typedef struct ul_ring ul_ring;

enum { UL_REGION_SQ = 0, UL_REGION_CQ = 1, UL_REGION_SQES = 2, UL_REGIONS = 3 };

/* io_uring_setup(2). On success *out owns the fd. With NO_MMAP the queues'
 * memory is brought along, in huge pages if `huge` and there are any. */
int ul_ring_open(uint32_t entries, struct io_uring_params *params, int huge, ul_ring **out);
/* mmap(2) of one of the ring's regions at the kernel's magic offset. Nothing
 * with NO_MMAP: the memory is there already. */
int ul_ring_map(ul_ring *ring, int region, uint64_t offset, size_t size);
/* Check every offset the kernel gave against the mappings; wire the queues. */
int ul_ring_wire(ul_ring *ring);
/* Cancel, wait at most patience_ns, unmap, close. Returns how many references
 * to memory had to be given up because the kernel might still use them. */
int64_t ul_ring_close(ul_ring *ring, int64_t patience_ns);
/* ul_ring_close() if need be, then the handle itself. */
void ul_ring_free(ul_ring *ring);
/* The fd; -1 where there is none (REGISTERED_FD_ONLY). */
int ul_ring_fd(ul_ring *ring);
/* The index among the registered rings of the thread that registered it; -1: none. */
int ul_ring_index(ul_ring *ring);
/* For tests: from now on be as on a kernel whose features were only these. */
int ul_test_features(ul_ring *ring, uint32_t features);
/* How many of the queues' bytes lie in huge pages. */
size_t ul_ring_huge(ul_ring *ring);
/* IORING_REGISTER_RING_FDS and back, for the calling thread. */
int64_t ul_ring_index_register(ul_ring *ring);
int64_t ul_ring_index_unregister(ul_ring *ring);
/* IORING_REGISTER_RESIZE_RINGS, and the new mappings. params: in and out.
 * UL_E_STAGED while SQEs are staged, UL_E_BUSY while a thread is inside. */
int64_t ul_ring_resize(ul_ring *ring, struct io_uring_params *params);
/* Hold a block for as long as something registered names it. Returns a token. */
int64_t ul_keep(ul_ring *ring, ul_mem *mem);
/* The same block that another ring keeps (CLONE_BUFFERS). Returns a token of this one. */
int64_t ul_keep_same(ul_ring *ring, ul_ring *source, uint32_t token);
/* The kernel was told to forget it: let go as soon as no request is under way. */
int ul_unkeep(ul_ring *ring, uint32_t token);
/* CQEs with this user_data may come that answer no request (resource tags). */
int ul_taint(ul_ring *ring, uint64_t user_data);
/* The same in every ring of this process: IORING_REGISTER_SEND_MSG_RING. */
void ul_taint_all_rings(uint64_t user_data, int sends_file);
/* It has arrived, or never will: once for each ul_taint_all_rings(). */
void ul_message_over(void);
/* len bytes of a mapped region, bounds-checked: -ERANGE outside it. */
int ul_ring_read(ul_ring *ring, int region, size_t offset, void *out, size_t len);

/* ---- sq.c ------------------------------------------------------------- */

/* SQEs that are ready to be copied into slots, and the blocks they point to. */
struct ul_ops {
    uint32_t n;
    uint32_t size;          /* bytes of each SQE: 64 or 128 */
    const void *sqes;
    ul_mem *const *mems;    /* all blocks, SQE by SQE */
    const uint16_t *counts; /* two an SQE: blocks held until its final CQE, then
                             * blocks lent until it is consumed. NULL: no blocks */
};

/* Copy all of them into the slots at the local tail, or none: UL_E_FULL. Each
 * slot takes a reference on its blocks. Returns the first one's index (not masked). */
int64_t ul_sq_push(ul_ring *ring, const struct ul_ops *ops);
/* Take a slot as it is: it is made a silent NOP first. */
int64_t ul_sq_take(ul_ring *ring);
/* Write into a slot that was taken and is not published yet, else -ESTALE. */
int ul_sq_poke(ul_ring *ring, uint32_t index, uint32_t offset, const void *bytes, uint32_t len);
/* Let a slot that is not published hold one more block. */
int ul_sq_hold(ul_ring *ring, uint32_t index, ul_mem *mem);
/* Somebody has checked these bytes of a raw slot. Until then, and again after
 * each poke, publishing is refused: UL_E_LOOSE. */
int ul_sq_vouch(ul_ring *ring, uint32_t index, const void *bytes, uint32_t len);
/* Local tail -> shared tail, store-release. Returns how many became visible. */
int64_t ul_sq_publish(ul_ring *ring);
/* Free slots: entries - (local tail - head). */
int64_t ul_sq_space(ul_ring *ring);

/* ---- cq.c ------------------------------------------------------------- */

struct ul_cqe {
    uint64_t user_data;
    int32_t res;
    uint32_t flags;
    uint64_t extra[2];     /* CQE32's second half, else zero */
};

/* How many CQEs are ready: tail - head; under CQE_MIXED they are counted one by
 * one, for one of 32 bytes takes two slots, and a filler is none. */
int64_t ul_cq_ready(ul_ring *ring);
/* Copy up to max CQEs, the oldest first; the head stays where it is. Fillers
 * (CQE_F_SKIP) are passed over. */
int64_t ul_cq_peek(ul_ring *ring, struct ul_cqe *out, uint32_t max);
/* Let go of n CQEs: what their requests held is released, then the head is
 * store-released. -ERANGE when fewer are ready. */
int64_t ul_cq_advance(ul_ring *ring, uint32_t n);
/* peek + advance in one: copy up to max CQEs of `size` bytes each (16, or 32
 * with the second half), and move the head past them. */
int64_t ul_cq_drain(ul_ring *ring, void *out, uint32_t max, uint32_t size);

/* Room for CQEs, which the kernel never sees. room.c makes it. */
struct ul_batch {
    uint8_t *cqes;
    uint32_t capacity;     /* CQEs at most */
    uint32_t size;         /* bytes of each: 16 or 32 */
    uint32_t count;        /* CQEs in it now */
};

/* ul_cq_drain() into a batch, in place of what was in it. */
int64_t ul_cq_fill(ul_ring *ring, struct ul_batch *batch);
/* Bytes of a CQE whole: 16, or 32 with CQE32 and CQE_MIXED. */
int ul_cq_size(ul_ring *ring);

/* Store the CQ's flags word, which is yours: CQ_EVENTFD_DISABLED. */
int ul_cq_set_flags(ul_ring *ring, uint32_t flags);

/* ---- bufring.c: rings of provided buffers ------------------------------ */

/* IORING_REGISTER_PBUF_RING, with memory of our own or (MMAP) the kernel's.
 * Returns an id. Python never sees the queue: its entries are addresses. */
int64_t ul_bufring_open(ul_ring *ring, uint32_t group, uint32_t entries, uint32_t flags);
/* IORING_UNREGISTER_PBUF_RING. */
int64_t ul_bufring_close(ul_ring *ring, uint32_t id);
/* Write the entry `ahead` places past the tail: the kernel does not see it yet.
 * The block must be kept (ul_keep). -ERANGE if the bytes do not lie in it. */
int ul_bufring_put(ul_ring *ring, uint32_t id, uint32_t ahead, ul_mem *data, size_t start,
                   uint32_t len, uint32_t bid);
/* The tail moves past n entries, store-release. Returns it; n = 0 only tells it. */
int64_t ul_bufring_advance(ul_ring *ring, uint32_t id, uint32_t n);

/* ---- enter.c ---------------------------------------------------------- */

struct ul_wait {
    int64_t timeout_ns;     /* < 0: for ever */
    uint64_t sigmask;       /* signals blocked while inside, 1 << (signo - 1) */
    uint32_t has_sigmask;
    uint32_t absolute;      /* timeout_ns is a point of the ring's clock (6.12) */
    uint32_t min_wait_usec; /* after that long any CQE will do (6.12) */
    uint32_t registered;    /* instead of all that: a struct in the registered region … */
    uint64_t offset;        /* … at this byte (6.13) */
};

/* What the last io_uring_enter() on this ring was asked, and answered. It is
 * written in C before Python gets to run a signal handler, so a
 * KeyboardInterrupt on the way out loses nothing. */
struct ul_enter {
    uint64_t serial;       /* counts the calls */
    uint32_t to_submit;
    uint32_t min_complete;
    uint32_t flags;
    int32_t result;
    uint64_t started_ns;   /* CLOCK_MONOTONIC */
    uint64_t ended_ns;
};

int64_t ul_enter(ul_ring *ring, uint32_t to_submit, uint32_t min_complete, uint32_t flags,
                 const struct ul_wait *wait);
/* publish + enter by the rules of liburing's submit: SQPOLL is woken only when
 * it sleeps; GETEVENTS is added when there is something only it can bring. */
int64_t ul_submit(ul_ring *ring, uint32_t wait_nr, uint32_t flags, const struct ul_wait *wait);
/* ul_submit(), then ul_cq_fill(), whatever the first answered. Returns that if
 * it was an error, else the CQEs taken. batch->count tells them in any case. */
int64_t ul_submit_drain(ul_ring *ring, struct ul_batch *batch, uint32_t wait_nr, uint32_t flags,
                        const struct ul_wait *wait);
/* ul_sq_push(), ul_submit() and ul_cq_fill() with one taking of the lock: a whole
 * turn of the wheel. What was pushed stays pushed if the rest fails. */
int64_t ul_turn(ul_ring *ring, const struct ul_ops *ops, struct ul_batch *batch, uint32_t wait_nr,
                uint32_t flags);
int ul_last_enter(ul_ring *ring, struct ul_enter *out);
int64_t ul_register(ul_ring *ring, uint32_t opcode, void *arg, uint32_t nr_args);

/* ---- storm.c: turn after turn ------------------------------------------- */

enum { UL_STORM_ERRORS = 8 };

/* What ul_storm() answers. */
enum {
    UL_STORM_GOES_ON = 1,  /* the slice is over, or a signal came: call it again */
    UL_STORM_ALL = 2,      /* as many as were wanted are done */
    UL_STORM_TIME = 3,     /* end_ns has come */
    UL_STORM_STOPPED = 4,  /* `stop` was set */
    UL_STORM_STRANGER = 5  /* a CQE that is not the storm's is at the head */
};

struct ul_storm_error {
    int32_t res;           /* -errno */
    uint64_t count;        /* 0: this place is free */
};

struct ul_storm {
    /* What is wanted. Nobody changes it once it has begun. */
    struct ul_ops ops;     /* of one turn; it writes the user_data into `sqes` each time */
    uint8_t *sqes;         /* the same memory as ops.sqes */
    struct ul_batch *batch; /* room for CQEs of 16 bytes, as many as ops.n */
    uint64_t user_data;    /* each request has one of its own, from here on … */
    uint64_t names;        /* … so many, a power of two: cq_entries + 2 * ops.n at least */
    uint64_t count;        /* requests; 0: until something else ends it */
    uint64_t end_ns;       /* CLOCK_MONOTONIC; 0: no such end */
    uint64_t period_ns;    /* a turn begins so long after the one before; 0: at once */
    uint64_t sigmask;      /* as in struct ul_wait */
    uint32_t has_sigmask;
    /* Any thread sets it. The storm ends with its turn, or with the wait that it is in if
     * a signal ends that. */
    uint32_t stop;
    /* How it goes: written by the storm's thread, read by any. */
    uint32_t under_way;    /* of the turn: pushed, and no final CQE yet */
    int32_t smallest;      /* res of those that did not fail */
    int32_t largest;
    uint64_t pushed;
    uint64_t done;         /* final CQEs taken */
    uint64_t succeeded;
    uint64_t failed;
    uint64_t sum;          /* of the res of those that did not fail */
    uint64_t started_ns;   /* CLOCK_MONOTONIC */
    uint64_t latest_ns;    /* the end of the latest turn */
    uint64_t next_ns;      /* period_ns: when the next turn begins */
    struct ul_storm_error errors[8]; /* the first UL_STORM_ERRORS different ones */
};

/* Make turns for about slice_ns: push all of `ops`, publish, enter, wait for their CQEs,
 * take them. Called again with the same struct it goes on where it was. UL_E_STAGED where
 * something else is staged or published when it begins, -EEXIST where a request under way
 * has one of its user_data. What was pushed stays pushed whatever it answers. */
int64_t ul_storm(ul_ring *ring, struct ul_storm *storm, uint64_t slice_ns);

/* ---- observe.c: look, never touch ------------------------------------- */

/* What this library itself did to a ring: how often, and when last (CLOCK_MONOTONIC; it is
 * taken only while somebody watches: see ul_ring_watch()). */
struct ul_act {
    uint64_t count;
    uint64_t time_ns;
};

struct ul_words {
    uint64_t time_ns;      /* CLOCK_MONOTONIC */
    uint64_t epoch;        /* grows with every SQE byte this library writes */
    uint64_t outstanding;  /* published requests whose final CQE we have not let go of */
    uint32_t sq_head;
    uint32_t sq_tail;
    uint32_t sq_local;
    uint32_t sq_flags;
    uint32_t sq_dropped;
    uint32_t sq_entries;
    uint32_t cq_head;
    uint32_t cq_tail;
    uint32_t cq_flags;
    uint32_t cq_overflow;
    uint32_t cq_entries;
    uint32_t sqe_size;
    uint32_t cqe_size;
    struct ul_act staged;    /* the local tail moved */
    struct ul_act written;   /* into a slot that was staged already */
    struct ul_act published; /* the SQ tail moved */
    struct ul_act seen;      /* the CQ head moved */
};

/* From now on the times of one's own acts are taken. */
int ul_ring_watch(ul_ring *ring);
int ul_ring_words(ul_ring *ring, struct ul_words *out);
/* The words and the raw bytes of both queues, one coherent look. */
int ul_ring_sample(ul_ring *ring, struct ul_words *out, void *sqes, size_t sqes_size, void *cqes,
                   size_t cqes_size);

/* ---- the bare system calls, for probing and for tests ------------------ */

int64_t ul_sys_setup(uint32_t entries, struct io_uring_params *params);
int64_t ul_sys_enter(int fd, uint32_t to_submit, uint32_t min_complete, uint32_t flags);
int64_t ul_sys_register(int fd, uint32_t opcode, void *arg, uint32_t nr_args);
