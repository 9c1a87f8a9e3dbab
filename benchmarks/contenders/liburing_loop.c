/*
 * The yardstick: C with liburing, as a C program would use it.
 *
 *   liburing_loop FILE FLAGS
 *
 * Obeys the lines of its standard input, as protocol.py does:
 *
 *   round nop|read BATCH BATCHES   ->   CPU_NS WALL_NS CQES SUM_OF_RES SUM_OF_USER_DATA
 *
 * Exit status 3: the kernel does not know the ring's FLAGS.
 */
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_BATCH = 1024, READ_BYTES = 4096, FILE_BLOCKS = 256, NO_SUCH_FLAGS = 3 };

static struct io_uring *rings[2][MAX_BATCH + 1]; /* by work and batch; opened when first used */
static char *buffers;                            /* one of READ_BYTES for each slot */
static int file;

static uint64_t now_ns(clockid_t clock) {
    struct timespec ts;
    clock_gettime(clock, &ts);
    return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void die(const char *what, int err) {
    fprintf(stderr, "liburing_loop: %s: %s\n", what, strerror(err));
    exit(err == EINVAL ? NO_SUCH_FLAGS : 1);
}

static struct io_uring *ring_for(int reads, unsigned batch, unsigned flags) {
    if (!rings[reads][batch]) {
        struct io_uring *ring = calloc(1, sizeof *ring);
        if (!ring)
            die("calloc", ENOMEM);
        int err = io_uring_queue_init(batch, ring, flags);
        if (err < 0)
            die("io_uring_queue_init", -err);
        rings[reads][batch] = ring;
    }
    return rings[reads][batch];
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: liburing_loop FILE FLAGS\n");
        return 2;
    }
    unsigned flags = (unsigned)strtoul(argv[2], NULL, 0);
    file = open(argv[1], O_RDONLY | O_CLOEXEC);
    if (file < 0)
        die(argv[1], errno);
    if (posix_memalign((void **)&buffers, READ_BYTES, (size_t)MAX_BATCH * READ_BYTES))
        die("posix_memalign", ENOMEM);
    memset(buffers, 0, (size_t)MAX_BATCH * READ_BYTES);

    char work[8];
    unsigned batch, batches;
    while (scanf(" round %7s %u %u", work, &batch, &batches) == 3) {
        int reads = strcmp(work, "read") == 0;
        if (batch == 0 || batch > MAX_BATCH)
            die("batch", ERANGE);
        struct io_uring *ring = ring_for(reads, batch, flags);
        uint64_t cqes = 0, sum_user_data = 0;
        int64_t sum_res = 0;
        uint64_t wall = now_ns(CLOCK_MONOTONIC), cpu = now_ns(CLOCK_PROCESS_CPUTIME_ID);
        for (unsigned n = 0; n < batches; n++) {
            for (unsigned i = 0; i < batch; i++) {
                struct io_uring_sqe *sqe = io_uring_get_sqe(ring);
                if (reads)
                    io_uring_prep_read(sqe, file, buffers + (size_t)i * READ_BYTES, READ_BYTES,
                                       (uint64_t)(i % FILE_BLOCKS) * READ_BYTES);
                else
                    io_uring_prep_nop(sqe);
                sqe->user_data = i + 1;
            }
            int answer = io_uring_submit_and_wait(ring, batch);
            if (answer < 0)
                die("io_uring_submit_and_wait", -answer);
            unsigned head, seen = 0;
            struct io_uring_cqe *cqe;
            io_uring_for_each_cqe(ring, head, cqe) {
                sum_res += cqe->res;
                sum_user_data += cqe->user_data;
                seen++;
            }
            io_uring_cq_advance(ring, seen);
            cqes += seen;
        }
        cpu = now_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu;
        wall = now_ns(CLOCK_MONOTONIC) - wall;
        printf("%llu %llu %llu %lld %llu\n", (unsigned long long)cpu, (unsigned long long)wall,
               (unsigned long long)cqes, (long long)sum_res, (unsigned long long)sum_user_data);
        fflush(stdout);
    }
    return 0;
}
