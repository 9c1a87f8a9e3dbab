/*
 * Which requests may the kernel still answer, and what do they hold?
 *
 * A CQE names its request by user_data and nothing else, and the user picks
 * the user_data: several requests may share one. So requests are counted by
 * user_data from publish on, each *final* CQE (without F_MORE: that covers
 * multishot, and the NOTIF that ends a zero-copy send) counts one down, and
 * what they hold is released only when the count is zero. Sharing a user_data
 * makes a release later, never earlier.
 *
 * Some completions would make the count lie, and taint a user_data:
 *  - a request with CQE_SKIP_SUCCESS may end without a CQE, or with one (and if
 *    it fails at the head of a link, the rest of the link ends without CQEs,
 *    flag or no flag: those are then counted for ever, which is safe);
 *  - MSG_RING puts a CQE with a user_data of the sender's choice into a ring;
 *  - POLL_REMOVE can give a request that is in flight another user_data;
 *  - a resource tag is a user_data that comes back when a registered file or
 *    buffer is let go of.
 * What a tainted user_data holds is kept until the ring is closed. A stranger's CQE
 * with a user_data that no request has counts for nothing.
 *
 * Memory that is registered (buffers, buffer rings, regions) is held by the ring,
 * and once it is registered no more, until no request is under way: one that has
 * begun goes on with what it found. What PROVIDE_BUFFERS gave is the kernel's for
 * as long as the ring is open.
 */
#include "track.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void resize(struct tracker *tracker, uint32_t size, struct track *slots) {
    tracker->slots = slots;
    tracker->size = size;
    tracker->shift = 66 - (uint32_t)__builtin_ctz(size);
    tracker->filled = 0;
}

int tracker_init(struct tracker *tracker, uint32_t entries) {
    uint32_t size = 64;
    while (size < entries * 2 && size < (1u << 16))
        size *= 2;
    resize(tracker, size, calloc(size, sizeof *tracker->slots));
    return tracker->slots ? 0 : -ENOMEM;
}

/* Room for `more` new user_data, so that publishing cannot fail half-way. */
int tracker_reserve(struct tracker *tracker, uint32_t more) {
    if ((uint64_t)tracker->filled + more <= tracker->size / 2)
        return 0;
    struct tracker old = *tracker;
    uint32_t living = 0;
    for (uint32_t i = 0; i < old.size; i++)
        living += old.slots[i].outstanding || old.slots[i].tainted;
    uint32_t size = old.size;
    while ((uint64_t)living + more > size / 4)
        size *= 2;
    struct track *slots = calloc(size, sizeof *slots);
    if (!slots)
        return -ENOMEM;
    resize(tracker, size, slots);
    for (uint32_t i = 0; i < old.size; i++)
        if (old.slots[i].outstanding || old.slots[i].tainted)
            *track_find_or_add(tracker, old.slots[i].user_data) = old.slots[i];
    free(old.slots);
    return 0;
}

/* In front: `holds` is what one request has, the list may be very long. */
static void add(struct hold **list, struct hold *holds) {
    if (!holds)
        return;
    struct hold *last = holds;
    while (last->next)
        last = last->next;
    last->next = *list;
    *list = holds;
}

/* Once each, however often a buffer is handed back: see PROVIDE_BUFFERS. */
static void provide(struct tracker *tracker, struct hold *holds) {
    while (holds) {
        struct hold *next = holds->next, *known = tracker->provided;
        while (known && known->mem != holds->mem)
            known = known->next;
        holds->next = NULL;
        if (known)
            holds_drop(holds);
        else
            add(&tracker->provided, holds);
        holds = next;
    }
}

/* Its result is an fd of this process (and not of the ring's table). */
static bool makes_fd(const struct sqe *sqe) {
    switch (sqe->opcode) {
    case OP_ACCEPT:
    case OP_OPENAT:
    case OP_OPENAT2:
    case OP_SOCKET:
    case OP_PIPE:
        return sqe->file_index == 0;
    case OP_FIXED_FD_INSTALL:
        return true;
    default:
        return false;
    }
}

static void note_maker(struct track *slot, const struct sqe *sqe) {
    bool makes = makes_fd(sqe), pipe = makes && sqe->opcode == OP_PIPE;
    if (slot->outstanding == 0)
        slot->mixed = false;
    else /* of two PIPEs of one name: whose fds are where is nobody's guess */
        slot->mixed |= makes != slot->maker || pipe || slot->pipe;
    slot->maker = makes;
    slot->pipe = pipe ? (const int32_t *)(uintptr_t)sqe->addr : NULL;
}

/*
 * Close what a PIPE left in its room, if that is a pipe still. It is memory that
 * other requests may write to: another PIPE, or one that leaves the numbers of
 * registered files there, which may be anybody's fds.
 */
static void close_pipe(const int32_t *room) {
    const int32_t fds[2] = {room[0], room[1]};
    struct stat ends[2];
    if (fstat(fds[0], &ends[0]) == 0 && fstat(fds[1], &ends[1]) == 0 &&
        S_ISFIFO(ends[0].st_mode) && ends[0].st_dev == ends[1].st_dev &&
        ends[0].st_ino == ends[1].st_ino && (fcntl(fds[0], F_GETFL) & O_ACCMODE) == O_RDONLY &&
        (fcntl(fds[1], F_GETFL) & O_ACCMODE) == O_WRONLY) {
        close(fds[0]);
        close(fds[1]);
    }
}

void tracker_orphan(struct tracker *tracker, const struct ul_cqe *cqe) {
    const struct track *slot = track_find(tracker, cqe->user_data);
    if (cqe->res < 0 || !slot->outstanding || !slot->maker || slot->mixed || slot->tainted ||
        tracker->all_tainted)
        return;
    if (!slot->pipe) {
        close(cqe->res);
    } else if (slot->holds) { /* it is still held: the kernel wrote its fds there */
        close_pipe(slot->pipe);
    }
}

void tracker_expect_special(struct tracker *tracker, struct track *slot, const struct sqe *sqe,
                            struct hold *holds) {
    if (sqe->opcode == OP_PROVIDE_BUFFERS) {
        provide(tracker, holds);
        holds = NULL;
    }
    if (sqe->flags & SQE_CQE_SKIP_SUCCESS) {
        slot->tainted = true;
        tracker->unsure = true;
        add(&tracker->until_close, slot->holds);
        slot->holds = NULL;
        add(&tracker->until_close, holds);
        return;
    }
    if (slot->tainted)
        tracker->unsure = true;
    note_maker(slot, sqe);
    slot->outstanding++;
    tracker->outstanding++;
    add(slot->tainted || tracker->all_tainted ? &tracker->until_close : &slot->holds, holds);
}

/* No request is under way: what is registered no more cannot be in use, and no
 * message of ours is on its way. */
void tracker_settle(struct tracker *tracker) {
    if (tracker->outstanding || tracker->unsure)
        return;
    holds_drop(tracker->until_idle);
    tracker->until_idle = NULL;
    if (tracker->messages)
        rings_messages_over(tracker->messages);
    tracker->messages = 0;
}

void tracker_keep_until_close(struct tracker *tracker, struct hold *holds) {
    add(&tracker->until_close, holds);
}

void tracker_unkeep(struct tracker *tracker, struct hold *hold) {
    hold->next = tracker->until_idle;
    tracker->until_idle = hold;
    tracker_settle(tracker);
}

/* A published SQE was taken back before the kernel consumed it. */
void tracker_forget(struct tracker *tracker, const struct sqe *sqe) {
    if (!(sqe->flags & SQE_CQE_SKIP_SUCCESS))
        tracker_final(tracker, sqe->user_data);
}

int tracker_taint(struct tracker *tracker, uint64_t user_data) {
    int err = tracker_reserve(tracker, 1);
    if (err)
        return err;
    struct track *slot = track_find_or_add(tracker, user_data);
    slot->tainted = true;
    tracker->unsure |= slot->outstanding != 0; /* else: once it is used */
    add(&tracker->until_close, slot->holds);
    slot->holds = NULL;
    return 0;
}

void tracker_taint_all(struct tracker *tracker) {
    tracker->all_tainted = true;
    tracker->unsure = true;
    for (uint32_t i = 0; i < tracker->size; i++) {
        add(&tracker->until_close, tracker->slots[i].holds);
        tracker->slots[i].holds = NULL;
    }
}

void holds_drop(struct hold *holds) {
    while (holds) {
        struct hold *next = holds->next;
        ul_mem_unref(holds->mem);
        free(holds);
        holds = next;
    }
}

/* The reference stays for ever: memory the kernel may still write to is never
 * given back, it is only forgotten, and counted. */
int64_t holds_retire(struct hold *holds) {
    int64_t n = 0;
    while (holds) {
        struct hold *next = holds->next;
        mem_note_retired();
        free(holds);
        holds = next;
        n++;
    }
    return n;
}

int64_t tracker_end(struct tracker *tracker, bool safe) {
    int64_t retired = 0;
    if (safe)
        rings_messages_over(tracker->messages);
    for (uint32_t i = 0; tracker->slots && i < tracker->size; i++) {
        if (safe)
            holds_drop(tracker->slots[i].holds);
        else
            retired += holds_retire(tracker->slots[i].holds);
    }
    struct hold **lists[] = {&tracker->until_close, &tracker->until_idle, &tracker->provided};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        if (safe)
            holds_drop(*lists[i]);
        else
            retired += holds_retire(*lists[i]);
        *lists[i] = NULL;
    }
    free(tracker->slots);
    tracker->slots = NULL;
    tracker->size = 0;
    return retired;
}
