/*
 * io_uring_enter(2): the one door between the queues and the kernel.
 *
 * The lock is not held inside: a thread may wait here for ever while another
 * draws the ring. `entering` keeps the ring open under it meanwhile.
 */
#define _GNU_SOURCE
#include "uringlab.h"

#include <errno.h>
#include <linux/time_types.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef __NR_io_uring_setup
#define __NR_io_uring_setup 425
#define __NR_io_uring_enter 426
#define __NR_io_uring_register 427
#endif

struct getevents_arg {
    uint64_t sigmask;
    uint32_t sigmask_sz;
    uint32_t min_wait_usec;
    uint64_t ts;
};

enum { KERNEL_SIGSET_BYTES = 8, REG_WAIT_BYTES = 64 };

uint64_t now_ns(void) {
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static int64_t sys_enter(int fd, uint32_t to_submit, uint32_t min_complete, uint32_t flags,
                         const void *arg, size_t size) {
    long ret = syscall(__NR_io_uring_enter, fd, to_submit, min_complete, flags, arg, size);
    return ret < 0 ? -errno : ret;
}

static uint32_t cqes_ready(const ul_ring *ring) {
    return load_acquire(ring->cq_tail) - load_relaxed(ring->cq_head);
}

/* As the kernel does it: an error only where there is nothing else to tell. */
static int64_t unless(ul_ring *ring, int64_t submitted, int64_t err) {
    return submitted || cqes_ready(ring) ? submitted : err;
}

/* Sleep until the ring has a CQE (or for all the time), or a signal of `mask` comes. */
static int nap(struct pollfd *fd, uint64_t ns, const sigset_t *mask) {
    struct timespec left = {(time_t)(ns / 1000000000u), (long)(ns % 1000000000u)};
    return ppoll(fd, fd ? 1 : 0, &left, mask);
}

/* All signals are blocked but in nap(): none slips by between two of its steps. */
static int64_t poll_until(ul_ring *ring, int64_t submitted, uint32_t min_complete,
                          uint64_t deadline, const sigset_t *mask) {
    struct pollfd pfd = {.fd = ring->fd, .events = POLLIN};
    while (cqes_ready(ring) < min_complete) {
        uint64_t now = now_ns();
        if (now >= deadline)
            return unless(ring, submitted, -ETIME);
        int n = nap(&pfd, deadline - now, mask);
        if (n > 0) { /* it may have CQEs that only GETEVENTS brings */
            int64_t err = sys_enter(ring->fd, 0, 0, ENTER_GETEVENTS, NULL, 0);
            if (err < 0)
                return unless(ring, submitted, err);
            /* POLLIN says "some are ready", and we want more: look again soon. */
            if (cqes_ready(ring) < min_complete)
                n = nap(NULL, 1000000, mask);
        }
        if (n < 0)
            return unless(ring, submitted, -errno);
    }
    return submitted;
}

/* Before 5.11 the system call knows no timeout: wait on the ring's fd. */
static int64_t enter_after_poll(ul_ring *ring, uint32_t to_submit, uint32_t min_complete,
                                uint32_t flags, const struct ul_wait *wait) {
    int64_t submitted = sys_enter(ring->fd, to_submit, 0, flags & ~ENTER_GETEVENTS, NULL, 0);
    if (submitted < 0 || submitted < to_submit || !(flags & ENTER_GETEVENTS))
        return submitted;
    sigset_t all, before, mask;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    sigemptyset(&mask);
    for (int signo = 1; signo <= 64; signo++)
        if (wait->sigmask >> (signo - 1) & 1)
            sigaddset(&mask, signo);
    int64_t answer = poll_until(ring, submitted, min_complete,
                                now_ns() + (uint64_t)wait->timeout_ns,
                                wait->has_sigmask ? &mask : &before);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return answer;
}

static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static pthread_key_t key;

static void thread_ends(void *number) {
    ring_thread_ends((int)(intptr_t)number);
}

static void make_key(void) {
    pthread_key_create(&key, thread_ends);
}

int this_thread(void) {
    static int threads;
    static __thread int number;
    if (!number) {
        number = __atomic_add_fetch(&threads, 1, __ATOMIC_RELAXED);
        pthread_once(&key_once, make_key);
        pthread_setspecific(key, (void *)(intptr_t)number);
    }
    return number;
}

/*
 * The ring's fd; or its index, in the thread whose table that is of. In another
 * thread's table the same index may be another ring: a ring that has no fd
 * (REGISTERED_FD_ONLY) has no door there, and the kernel says EBADF.
 */
static int door(const ul_ring *ring, uint32_t *flags) {
    *flags &= ~ENTER_REGISTERED_RING; /* not the caller's to say: an fd is no index */
    if (ring->index < 0 || ring->index_owner != this_thread())
        return ring->fd;
    *flags |= ENTER_REGISTERED_RING;
    return ring->index;
}

static bool plain(const struct ul_wait *wait) {
    return !wait || (wait->timeout_ns < 0 && !wait->has_sigmask && !wait->min_wait_usec &&
                     !wait->registered);
}

static int64_t enter_by(int fd, ul_ring *ring, uint32_t to_submit, uint32_t min_complete,
                        uint32_t flags, const struct ul_wait *wait) {
    if (plain(wait))
        return sys_enter(fd, to_submit, min_complete, flags, NULL, 0);
    if (wait->registered)
        return sys_enter(fd, to_submit, min_complete, flags | ENTER_EXT_ARG | ENTER_EXT_ARG_REG,
                         (const void *)(uintptr_t)wait->offset, REG_WAIT_BYTES);
    if (wait->timeout_ns < 0 && !wait->min_wait_usec)
        return sys_enter(fd, to_submit, min_complete, flags, &wait->sigmask, KERNEL_SIGSET_BYTES);
    if (wait->min_wait_usec && !(ring->params.features & FEAT_MIN_TIMEOUT))
        return -EINVAL; /* the word was padding, and not always looked at */
    if (!(ring->params.features & FEAT_EXT_ARG))
        return wait->absolute ? -EINVAL
                              : enter_after_poll(ring, to_submit, min_complete, flags, wait);
    struct __kernel_timespec ts = {wait->timeout_ns / 1000000000, wait->timeout_ns % 1000000000};
    struct getevents_arg arg = {.min_wait_usec = wait->min_wait_usec};
    if (wait->timeout_ns >= 0)
        arg.ts = (uint64_t)(uintptr_t)&ts;
    if (wait->has_sigmask) {
        arg.sigmask = (uint64_t)(uintptr_t)&wait->sigmask;
        arg.sigmask_sz = KERNEL_SIGSET_BYTES;
    }
    if (wait->absolute)
        flags |= ENTER_ABS_TIMER;
    return sys_enter(fd, to_submit, min_complete, flags | ENTER_EXT_ARG, &arg, sizeof arg);
}

static int64_t enter_noted(ul_ring *ring, uint32_t to_submit, uint32_t min_complete,
                           uint32_t flags, const struct ul_wait *wait, bool timed) {
    struct ul_enter enter = {.to_submit = to_submit, .min_complete = min_complete, .flags = flags};
    int fd = door(ring, &flags);
    ring->entering++;
    ring_unlock(ring);
    if (timed)
        enter.started_ns = now_ns();
    int64_t answer = enter_by(fd, ring, to_submit, min_complete, flags, wait);
    if (timed)
        enter.ended_ns = now_ns();
    pthread_mutex_lock(&ring->lock);
    ring->entering--;
    sq_sweep(ring);
    enter.result = (int32_t)answer;
    enter.serial = ring->last.serial + 1;
    ring->last = enter;
    return answer;
}

/* Called with the lock held and with it held on return; let go inside. */
int64_t enter_unlocked(ul_ring *ring, uint32_t to_submit, uint32_t min_complete, uint32_t flags,
                       const struct ul_wait *wait) {
    return enter_noted(ring, to_submit, min_complete, flags, wait, true);
}

int64_t ul_enter(ul_ring *ring, uint32_t to_submit, uint32_t min_complete, uint32_t flags,
                 const struct ul_wait *wait) {
    int64_t answer = ring_lock(ring);
    if (answer < 0)
        return answer;
    answer = enter_unlocked(ring, to_submit, min_complete, flags, wait);
    ring_unlock(ring);
    return answer;
}

int64_t submit_locked(ul_ring *ring, uint32_t wait_nr, uint32_t flags, const struct ul_wait *wait,
                      bool timed) {
    int64_t answer = sq_publish_locked(ring);
    if (answer < 0)
        return answer;
    uint32_t published = (uint32_t)answer;
    uint32_t to_submit = load_relaxed(ring->sq_tail) - load_acquire(ring->sq_head);
    bool needed = to_submit > 0 || (flags & ENTER_GETEVENTS);
    if (ring->params.flags & SETUP_SQPOLL) {
        /*
         * The poll thread sleeps like this: set NEED_WAKEUP, full fence, look
         * at the tail once more, sleep. We do the mirror image: store the tail,
         * full fence, look at NEED_WAKEUP. A release store is not enough: the
         * CPU may let our later load of the flag pass the store of the tail,
         * both sides would miss the other's store, and the thread would sleep
         * on work that is there.
         */
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        needed = flags & (ENTER_GETEVENTS | ENTER_SQ_WAKEUP | ENTER_SQ_WAIT);
        if (to_submit && (load_relaxed(ring->sq_flags) & SQ_NEED_WAKEUP)) {
            flags |= ENTER_SQ_WAKEUP;
            needed = true;
        }
        to_submit = published; /* what the answer counts: the thread does the rest */
    }
    /* Only GETEVENTS reaps an IOPOLL ring (unless its poll thread does), flushes
     * an overflow, and runs task work that was deferred. */
    if (wait_nr || (ring->params.flags & (SETUP_IOPOLL | SETUP_SQPOLL)) == SETUP_IOPOLL ||
        (load_relaxed(ring->sq_flags) & (SQ_CQ_OVERFLOW | SQ_TASKRUN))) {
        flags |= ENTER_GETEVENTS;
        needed = true;
    }
    return needed ? enter_noted(ring, to_submit, wait_nr, flags, wait, timed) : to_submit;
}

int64_t ul_submit(ul_ring *ring, uint32_t wait_nr, uint32_t flags, const struct ul_wait *wait) {
    int64_t answer = ring_lock(ring);
    if (answer < 0)
        return answer;
    answer = submit_locked(ring, wait_nr, flags, wait, true);
    ring_unlock(ring);
    return answer;
}

int64_t ul_submit_drain(ul_ring *ring, struct ul_batch *batch, uint32_t wait_nr, uint32_t flags,
                        const struct ul_wait *wait) {
    batch->count = 0;
    int64_t answer = ring_lock(ring);
    if (answer < 0)
        return answer;
    answer = submit_locked(ring, wait_nr, flags, wait, true);
    int64_t taken = cq_fill_locked(ring, batch);
    ring_unlock(ring);
    return answer < 0 ? answer : taken;
}

int64_t ul_turn(ul_ring *ring, const struct ul_ops *ops, struct ul_batch *batch, uint32_t wait_nr,
                uint32_t flags) {
    batch->count = 0;
    int64_t answer = ring_lock(ring);
    if (answer < 0)
        return answer;
    answer = sq_push_locked(ring, ops);
    if (answer >= 0) {
        answer = submit_locked(ring, wait_nr, flags, NULL, false);
        int64_t taken = cq_fill_locked(ring, batch);
        answer = answer < 0 ? answer : taken;
    }
    ring_unlock(ring);
    return answer;
}

int ul_last_enter(ul_ring *ring, struct ul_enter *out) {
    int answer = ring_lock(ring);
    if (answer < 0)
        return answer;
    *out = ring->last;
    ring_unlock(ring);
    return 0;
}

/* io_uring_register(2) through the ring's own door. */
int64_t ring_register(ul_ring *ring, uint32_t opcode, void *arg, uint32_t nr_args) {
    uint32_t flags = 0;
    int fd = door(ring, &flags);
    if (flags && ring->fd >= 0) /* by index only from 6.3 on: the fd is as good */
        return ul_sys_register(ring->fd, opcode, arg, nr_args);
    if (fd < 0) /* -1 means something here: a call that is about no ring */
        return -EBADF;
    return ul_sys_register(fd, flags ? opcode | REGISTER_USE_REGISTERED_RING : opcode, arg,
                           nr_args);
}

int64_t ul_register(ul_ring *ring, uint32_t opcode, void *arg, uint32_t nr_args) {
    int64_t answer = ring_lock(ring);
    if (answer < 0)
        return answer;
    ring->entering++;
    ring_unlock(ring);
    answer = ring_register(ring, opcode, arg, nr_args);
    pthread_mutex_lock(&ring->lock);
    ring->entering--;
    ring_unlock(ring);
    return answer;
}

int64_t ul_sys_setup(uint32_t entries, struct io_uring_params *params) {
    long ret = syscall(__NR_io_uring_setup, entries, params);
    return ret < 0 ? -errno : ret;
}

int64_t ul_sys_enter(int fd, uint32_t to_submit, uint32_t min_complete, uint32_t flags) {
    return sys_enter(fd, to_submit, min_complete, flags, NULL, 0);
}

int64_t ul_sys_register(int fd, uint32_t opcode, void *arg, uint32_t nr_args) {
    long ret = syscall(__NR_io_uring_register, fd, opcode, arg, nr_args);
    return ret < 0 ? -errno : ret;
}
