/*
 * Rings of provided buffers.
 *
 * You write entries and move the tail; the kernel takes them, and keeps its
 * head to itself. An entry is an address that the kernel will write to, so the
 * queue is never shown to Python, and an entry is made here from a block and a
 * place in it, and from nothing else. The blocks themselves are kept by
 * ul_keep() for as long as the ring of buffers is registered.
 *
 * The queue's memory is ours, and pinned by the kernel; or (MMAP) the kernel's,
 * and mapped: such a mapping would keep the whole io_uring alive, so it belongs
 * to the ring and goes with it.
 */
#define _GNU_SOURCE
#include "uringlab.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct buf {
    uint64_t addr;
    uint32_t len;
    uint16_t bid;
    uint16_t tail; /* of the first one only: the queue's tail lies over it */
};

struct buf_reg {
    uint64_t ring_addr;
    uint32_t ring_entries;
    uint16_t bgid;
    uint16_t flags;
    uint64_t resv[3];
};

enum { MOST_BUFFERS = 1 << 16 };

/* An id whose place in the table is taken, or -ENOMEM. */
static int64_t take_place(ul_ring *ring) {
    uint32_t id = 0;
    while (id < ring->n_bufrings && ring->bufrings[id].used)
        id++;
    if (id == ring->n_bufrings) {
        uint32_t more = ring->n_bufrings ? 2 * ring->n_bufrings : 4;
        struct bufring *all = realloc(ring->bufrings, more * sizeof *all);
        if (!all)
            return -ENOMEM;
        memset(all + ring->n_bufrings, 0, (more - ring->n_bufrings) * sizeof *all);
        ring->bufrings = all;
        ring->n_bufrings = more;
    }
    ring->bufrings[id] = (struct bufring){.used = true};
    return id;
}

/* Called with no lock held. On success *made has the queue. */
static int64_t register_queue(ul_ring *ring, const struct buf_reg *reg, struct bufring *made) {
    struct buf_reg arg = *reg;
    ul_mem *mem = NULL;
    if (!(reg->flags & PBUF_RING_MMAP)) {
        mem = ul_mem_new(reg->ring_entries * sizeof(struct buf), 1);
        made->queue = mem ? calloc(1, sizeof *made->queue) : NULL;
        if (!made->queue) {
            if (mem)
                ul_mem_unref(mem);
            return -ENOMEM;
        }
        made->queue->mem = mem;
        arg.ring_addr = (uint64_t)(uintptr_t)ul_mem_base(mem);
    }
    int64_t answer = ring_register(ring, REGISTER_PBUF_RING, &arg, 1);
    if (answer < 0) {
        holds_drop(made->queue);
        return answer;
    }
    if (mem) {
        made->bufs = ul_mem_base(mem);
        return 0;
    }
    uint64_t offset = OFF_PBUF_RING | (uint64_t)reg->bgid << OFF_PBUF_SHIFT;
    answer = map_region(ring->fd, offset, reg->ring_entries * sizeof(struct buf), &made->map);
    made->bufs = (struct buf *)made->map.base;
    if (answer < 0) {
        struct buf_reg undo = {.bgid = reg->bgid};
        ring_register(ring, UNREGISTER_PBUF_RING, &undo, 1);
    }
    return answer;
}

int64_t ul_bufring_open(ul_ring *ring, uint32_t group, uint32_t entries, uint32_t flags) {
    if (entries > MOST_BUFFERS || group > UINT16_MAX || flags > UINT16_MAX)
        return -EINVAL;
    int64_t id = ring_lock(ring);
    if (id < 0)
        return id;
    id = take_place(ring);
    if (id < 0) {
        ring_unlock(ring);
        return id;
    }
    ring->entering++;
    ring_unlock(ring);
    struct buf_reg reg = {
        .ring_entries = entries, .bgid = (uint16_t)group, .flags = (uint16_t)flags};
    struct bufring made = {.used = true, .ready = true, .group = reg.bgid, .entries = entries};
    int64_t answer = register_queue(ring, &reg, &made);
    pthread_mutex_lock(&ring->lock);
    ring->entering--;
    ring->bufrings[id] = answer < 0 ? (struct bufring){0} : made;
    ring_unlock(ring);
    return answer < 0 ? answer : id;
}

/* The lock held and *out set, or an answer and no lock. */
static int find(ul_ring *ring, uint32_t id, struct bufring **out) {
    int answer = ring_lock(ring);
    if (answer < 0)
        return answer;
    if (id >= ring->n_bufrings || !ring->bufrings[id].ready) {
        ring_unlock(ring);
        return -ENOENT;
    }
    *out = &ring->bufrings[id];
    return 0;
}

int64_t ul_bufring_close(ul_ring *ring, uint32_t id) {
    struct bufring *found;
    int64_t answer = find(ring, id, &found);
    if (answer < 0)
        return answer;
    struct buf_reg reg = {.bgid = found->group};
    found->ready = false;
    ring->entering++;
    ring_unlock(ring);
    answer = ring_register(ring, UNREGISTER_PBUF_RING, &reg, 1);
    pthread_mutex_lock(&ring->lock);
    ring->entering--;
    found = &ring->bufrings[id]; /* the table may have moved */
    if (answer < 0) {
        found->ready = true;
    } else {
        if (found->map.base)
            munmap(found->map.base, found->map.size);
        if (found->queue)
            tracker_unkeep(&ring->tracker, found->queue);
        *found = (struct bufring){0};
    }
    ring_unlock(ring);
    return answer;
}

int ul_bufring_put(ul_ring *ring, uint32_t id, uint32_t ahead, ul_mem *data, size_t start,
                   uint32_t len, uint32_t bid) {
    size_t size = ul_mem_size(data);
    if (start > size || len > size - start || bid > UINT16_MAX)
        return -ERANGE;
    struct bufring *found;
    int answer = find(ring, id, &found);
    if (answer < 0)
        return answer;
    uint16_t tail = __atomic_load_n(&found->bufs[0].tail, __ATOMIC_RELAXED);
    struct buf *buf = &found->bufs[(tail + ahead) & (found->entries - 1)];
    /* Word by word: the first entry has the tail in it. */
    buf->addr = (uint64_t)(uintptr_t)ul_mem_base(data) + start;
    buf->len = len;
    buf->bid = (uint16_t)bid;
    ring_unlock(ring);
    return 0;
}

int64_t ul_bufring_advance(ul_ring *ring, uint32_t id, uint32_t n) {
    struct bufring *found;
    int64_t answer = find(ring, id, &found);
    if (answer < 0)
        return answer;
    uint16_t tail = __atomic_load_n(&found->bufs[0].tail, __ATOMIC_RELAXED);
    tail = (uint16_t)(tail + n);
    /* Release: the kernel loads the tail with acquire, and then reads the
     * entries before it: they must be written by then. */
    __atomic_store_n(&found->bufs[0].tail, tail, __ATOMIC_RELEASE);
    ring_unlock(ring);
    return tail;
}

/* No request and no call of ours can come any more: the mappings may go. */
void bufrings_unmap(ul_ring *ring) {
    for (uint32_t id = 0; id < ring->n_bufrings; id++) {
        struct region *map = &ring->bufrings[id].map;
        if (map->base)
            munmap(map->base, map->size);
        *map = (struct region){0};
        ring->bufrings[id].ready = false;
    }
}

void bufrings_end(ul_ring *ring, bool safe, int64_t *retired) {
    for (uint32_t id = 0; id < ring->n_bufrings; id++) {
        if (safe)
            holds_drop(ring->bufrings[id].queue);
        else
            *retired += holds_retire(ring->bufrings[id].queue);
    }
    free(ring->bufrings);
    ring->bufrings = NULL;
    ring->n_bufrings = 0;
}
