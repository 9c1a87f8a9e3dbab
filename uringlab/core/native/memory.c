/*
 * Memory the kernel may touch.
 *
 * The kernel reads and writes a request's memory after the system call that
 * submitted it returned, so such memory cannot belong to a Python object: it
 * belongs to a counted block in C. Python holds one reference; every request
 * that names the block holds another until its final CQE. Whoever lets go last
 * frees it; a garbage collector that runs early, an exception or a dropped
 * name therefore free nothing that is in flight.
 */
#define _GNU_SOURCE
#include "uringlab.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct ul_mem {
    uint8_t *base;
    size_t size;
    size_t mapped; /* bytes mmap()ed, the guard page included; 0: malloc()ed */
    uint32_t refs;
    ul_mem *next; /* in the quarantine */
};

static struct ul_mem_stats stats;

static size_t page_size(void) {
    return (size_t)sysconf(_SC_PAGESIZE);
}

static uint8_t *map_guarded(size_t size, size_t *mapped) {
    size_t page = page_size();
    size_t body = (size + page - 1) / page * page;
    if (size == 0)
        body = page;
    if (body < size || body + page < body)
        return NULL;
    /* The guard behind the block turns a length that lies into EFAULT. */
    uint8_t *base = mmap(NULL, body + page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED)
        return NULL;
    if (mprotect(base, body, PROT_READ | PROT_WRITE) != 0) {
        munmap(base, body + page);
        return NULL;
    }
    *mapped = body + page;
    return base;
}

ul_mem *ul_mem_new(size_t size, int guarded) {
    ul_mem *mem = calloc(1, sizeof *mem);
    if (!mem)
        return NULL;
    mem->size = size;
    mem->refs = 1;
    mem->base = guarded ? map_guarded(size, &mem->mapped) : calloc(1, size ? size : 1);
    if (!mem->base) {
        free(mem);
        return NULL;
    }
    __atomic_add_fetch(&stats.live, 1, __ATOMIC_RELAXED);
    __atomic_add_fetch(&stats.live_bytes, size, __ATOMIC_RELAXED);
    return mem;
}

static void give_back(ul_mem *mem) {
    if (mem->mapped)
        munmap(mem->base, mem->mapped);
    else
        free(mem->base);
    free(mem);
}

#ifdef URINGLAB_QUARANTINE

/*
 * AddressSanitizer cannot see what the kernel writes. So in this build nothing
 * is freed: a block that would be is filled with a pattern and kept, and any
 * byte of it that is something else later was written after its end. What the
 * kernel reads there too early is nonsense, which the tests see.
 *
 * The oldest are really freed, once they were looked at, when there are too many:
 * a process may have 65530 mappings, and each guarded block is two.
 */
enum { PATTERN = 0xdb, MOST_BLOCKS = 16384, MOST_BYTES = 512 << 20 };

static pthread_mutex_t quarantine_lock = PTHREAD_MUTEX_INITIALIZER;
static ul_mem *oldest, *newest;
static size_t n_blocks, n_bytes;
static int64_t changed_before; /* in those that were really freed */

static size_t whole(const ul_mem *mem) {
    return mem->mapped ? mem->mapped - page_size() : mem->size;
}

static int64_t changed_in(const ul_mem *mem) {
    int64_t changed = 0;
    for (size_t i = 0; i < whole(mem); i++)
        changed += mem->base[i] != PATTERN;
    if (changed)
        fprintf(stderr, "uringlab quarantine: %lld bytes of a freed block of %zu at %p changed\n",
                (long long)changed, mem->size, (void *)mem->base);
    return changed;
}

static void free_oldest(void) {
    ul_mem *mem = oldest;
    oldest = mem->next;
    newest = oldest ? newest : NULL;
    n_blocks--;
    n_bytes -= whole(mem);
    changed_before += changed_in(mem);
    give_back(mem);
}

static void lock_quarantine(void) {
    pthread_mutex_lock(&quarantine_lock);
}

static void unlock_quarantine(void) {
    pthread_mutex_unlock(&quarantine_lock);
}

__attribute__((constructor)) static void free_in_forked_children(void) {
    pthread_atfork(lock_quarantine, unlock_quarantine, unlock_quarantine);
}

static void discard(ul_mem *mem) {
    memset(mem->base, PATTERN, whole(mem));
    mem->next = NULL;
    lock_quarantine();
    if (newest)
        newest->next = mem;
    else
        oldest = mem;
    newest = mem;
    n_blocks++;
    n_bytes += whole(mem);
    while (n_blocks > MOST_BLOCKS || n_bytes > MOST_BYTES)
        free_oldest();
    unlock_quarantine();
}

/* And whoever holds it again, after its end, is told at once. */
static void must_be_alive(uint32_t refs) {
    if (refs == 0) {
        fprintf(stderr, "uringlab quarantine: a freed block is used again\n");
        abort();
    }
}

int64_t ul_quarantine_check(void) {
    lock_quarantine();
    int64_t changed = changed_before;
    for (ul_mem *mem = oldest; mem; mem = mem->next)
        changed += changed_in(mem);
    unlock_quarantine();
    return changed;
}

/* Whatever ran, and however it ended: one changed byte fails. */
__attribute__((destructor)) static void check_at_exit(void) {
    int64_t changed = ul_quarantine_check();
    if (changed) {
        fprintf(stderr, "uringlab quarantine: %lld bytes of freed memory were written\n",
                (long long)changed);
        fflush(NULL);
        _exit(86);
    }
}

#else

static void discard(ul_mem *mem) {
    give_back(mem);
}

static void must_be_alive(uint32_t refs) {
    (void)refs;
}

int64_t ul_quarantine_check(void) {
    return -ENOSYS;
}

#endif

void ul_mem_ref(ul_mem *mem) {
    must_be_alive(__atomic_fetch_add(&mem->refs, 1, __ATOMIC_RELAXED));
}

void ul_mem_unref(ul_mem *mem) {
    uint32_t refs = __atomic_fetch_sub(&mem->refs, 1, __ATOMIC_ACQ_REL);
    must_be_alive(refs);
    if (refs != 1)
        return;
    __atomic_sub_fetch(&stats.live, 1, __ATOMIC_RELAXED);
    __atomic_sub_fetch(&stats.live_bytes, mem->size, __ATOMIC_RELAXED);
    discard(mem);
}

void *ul_mem_base(ul_mem *mem) {
    return mem->base;
}

size_t ul_mem_size(ul_mem *mem) {
    return mem->size;
}

void ul_mem_get_stats(struct ul_mem_stats *out) {
    out->live = __atomic_load_n(&stats.live, __ATOMIC_RELAXED);
    out->live_bytes = __atomic_load_n(&stats.live_bytes, __ATOMIC_RELAXED);
    out->retired = __atomic_load_n(&stats.retired, __ATOMIC_RELAXED);
}

void mem_note_retired(void) {
    __atomic_add_fetch(&stats.retired, 1, __ATOMIC_RELAXED);
}

static pthread_once_t bad_once = PTHREAD_ONCE_INIT;
static void *bad_page;

static void reserve_bad_page(void) {
    void *page = mmap(NULL, page_size(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    /* Without a page of our own, address 0 serves: mmap_min_addr keeps it empty. */
    bad_page = page == MAP_FAILED ? NULL : page;
}

uint64_t ul_bad_address(void) {
    pthread_once(&bad_once, reserve_bad_page);
    return (uint64_t)(uintptr_t)bad_page;
}
