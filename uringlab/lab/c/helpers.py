"""The functions that a printed program is made of. It has those that it calls, and no others."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Helper:
    """A function of the program.

    Attributes:
        text: in C, with the comment above it.
        needs: other helpers that it calls.
    """

    text: str
    needs: tuple[str, ...] = ()


CHECK = Helper(
    """\
/* System calls say -1 and errno. */
static int check(long result, const char *what)
{
	if (result < 0) {
		perror(what);
		exit(1);
	}
	return (int)result;
}"""
)

CHECK_URING = Helper(
    """\
/* liburing says -errno, and leaves errno alone. */
static int check_uring(int result, const char *what)
{
	if (result < 0) {
		fprintf(stderr, "%s: %s\\n", what, strerror(-result));
		exit(1);
	}
	return result;
}"""
)

TELL = Helper(
    """\
/* For what the kernel may refuse, as it did in the session: a wait whose time is over, and more. */
static void tell(int result, const char *what)
{
	if (result < 0)
		fprintf(stderr, "%s: %s\\n", what, strerror(-result));
}"""
)

NEW_DIRECTORY = Helper(
    """\
/* Files are made in a directory of their own. It stays: look at it, and remove it yourself. */
static void new_directory(void)
{
	char path[] = "/tmp/session-XXXXXX";

	if (!mkdtemp(path) || chdir(path) < 0) {
		perror(path);
		exit(1);
	}
	fprintf(stderr, "in %s\\n", path);
}"""
)

BUFFER = Helper(
    """\
/* Memory that begins with a page, all zeros. It lives as long as the program, and so longer than
 * any request: the kernel may write into a buffer until the request's last CQE is there. */
static void *buffer(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	return memory;
}"""
)

BAD_PAGE = Helper(
    """\
/* An address where nothing may be read or written: EFAULT. */
static void *bad_page(void)
{
	void *memory = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	return memory;
}"""
)

GET_SQE = Helper(
    """\
/* A free slot of the submission queue. Only the local tail moves: the kernel sees nothing yet. */
static struct io_uring_sqe *get_sqe(struct io_uring *ring)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(ring);

	if (!sqe && ring->flags & IORING_SETUP_SQPOLL) {
		/* The poll thread has published SQEs to take yet. */
		io_uring_sqring_wait(ring);
		sqe = io_uring_get_sqe(ring);
	}
	if (!sqe) {
		fprintf(stderr, "the submission queue is full\\n");
		exit(1);
	}
	return sqe;
}"""
)

PUBLISH = Helper(
    """\
/* What io_uring_submit() does before it enters: store the local tail into the shared one, so that
 * the kernel can see the SQEs. The store has release order: the SQEs are there before the tail.
 * liburing has no function for this step alone; these are the words of its own. */
static void publish(struct io_uring *ring)
{
	struct io_uring_sq *sq = &ring->sq;

	sq->sqe_head = sq->sqe_tail;
	io_uring_smp_store_release(sq->ktail, sq->sqe_tail);
}"""
)

PENDING = Helper(
    """\
/* SQEs that are published, and that the kernel has not consumed. */
static unsigned pending(struct io_uring *ring)
{
	return *ring->sq.ktail - io_uring_smp_load_acquire(ring->sq.khead);
}"""
)

UNTIL_READY = Helper(
    """\
/* Typing takes time, and a program takes none: what the session found ready is waited for here. */
static void until_ready(struct io_uring *ring, unsigned count)
{
	struct io_uring_cqe *cqe;

	if (io_uring_cq_ready(ring) < count)
		check_uring(io_uring_wait_cqe_nr(ring, &cqe, count), "io_uring_wait_cqe_nr");
}""",
    ("check_uring",),
)

SHOW = Helper(
    """\
/* A CQE: whose, how it ended, and its flags. */
static void show(const struct io_uring *ring, const struct io_uring_cqe *cqe)
{
	const struct request *one = request_of(ring, cqe->user_data);

	if (!one)
		printf("user_data=%llu", (unsigned long long)cqe->user_data);
	else if (one->count > 1)
		printf("r%llu", (unsigned long long)cqe->user_data);
	else
		printf("%s", one->name);
	printf(" res=%d flags=0x%x\\n", cqe->res, cqe->flags);
}""",
    ("request_of",),
)

REQUEST_OF = Helper(
    """\
static struct request *request_of(const struct io_uring *ring, __u64 user_data)
{
	/* The newest first: a number may have been given again. */
	for (size_t i = sizeof requests / sizeof *requests; i-- > 0;)
		if (requests[i].ring == ring && user_data - requests[i].user_data < requests[i].count)
			return &requests[i];
	return NULL;
}"""
)

PEEK = Helper(
    """\
/* Look at the CQEs that are ready. They stay where they are. */
static void peek(struct io_uring *ring, unsigned most)
{
	struct io_uring_cqe *cqe;
	unsigned head, count = 0;

	io_uring_for_each_cqe(ring, head, cqe) {
		if (count++ == most)
			break;
		show(ring, cqe);
	}
}""",
    ("show",),
)

REAP = Helper(
    """\
/* Take the CQEs that are ready: copy what they say, then move the head past them. */
static void reap(struct io_uring *ring, unsigned most)
{
	struct io_uring_cqe *cqe;
	unsigned head, count = 0;

	io_uring_for_each_cqe(ring, head, cqe) {
		if (count == most)
			break;
		show(ring, cqe);
@KEEP@		count++;
	}
	io_uring_cq_advance(ring, count);
}""",
    ("show",),
)

POSTED = Helper(
    """\
/* Whether the last CQE of a request is in the queue. */
static bool posted(struct io_uring *ring, __u64 user_data)
{
	struct io_uring_cqe *cqe;
	unsigned head;

	io_uring_for_each_cqe(ring, head, cqe)
		if (cqe->user_data == user_data && !(cqe->flags & IORING_CQE_F_MORE))
			return true;
	return false;
}"""
)

RUN = Helper(
    """\
/* The last three of the four steps of `do`: submit, wait for this request, take what is ready. */
static void run(struct io_uring *ring, __u64 user_data)
{
	check_uring(io_uring_submit(ring), "io_uring_submit");
	for (;;) {
		/* Counted first: a CQE that comes after that ends the wait. */
		unsigned ready = io_uring_cq_ready(ring);

		if (posted(ring, user_data))
			break;
		until_ready(ring, ready + 1);
	}
	reap(ring, ALL);
}""",
    ("check_uring", "posted", "until_ready", "reap"),
)

KEEP = Helper(
    """\
/* Remember how a request ended, for what is expected of it later. */
static void keep(const struct io_uring *ring, const struct io_uring_cqe *cqe)
{
	struct request *one = request_of(ring, cqe->user_data);

	if (one) {
		one->res = cqe->res;
		one->flags = cqe->flags;
		one->cqes++;
	}
}""",
    ("request_of",),
)

RES_OF = Helper(
    """\
/* What the newest CQE of a request says, be it taken or not. */
static struct request result_of(struct io_uring *ring, __u64 user_data)
{
	struct request *one = request_of(ring, user_data);
	struct request found = *one;
	struct io_uring_cqe *cqe;
	unsigned head, more = 0;

	io_uring_for_each_cqe(ring, head, cqe)
		if (cqe->user_data == user_data)
			found = (struct request){
				.res = cqe->res, .flags = cqe->flags, .cqes = one->cqes + ++more
			};
	return found;
}""",
    ("request_of",),
)

EXPECT = Helper(
    """\
/* An assertion that says what it asserts. */
static void expect(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "it does not hold: %s\\n", what);
	exit(1);
}"""
)

LISTENER = Helper(
    """\
/* A TCP socket that listens on this machine; port 0 is any that is free. */
static int listener(int port)
{
	struct sockaddr_in at = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = check(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");

	check(bind(fd, (struct sockaddr *)&at, sizeof at), "bind");
	check(listen(fd, 128), "listen");
	return fd;
}""",
    ("check",),
)

ADDRESS_OF = Helper(
    """\
/* Where a socket is: the kernel has picked its port. */
static socklen_t address_of(int fd, struct sockaddr_storage *address)
{
	socklen_t length = sizeof *address;

	check(getsockname(fd, (struct sockaddr *)address, &length), "getsockname");
	return length;
}""",
    ("check",),
)

TCP_PAIR = Helper(
    """\
/* Two TCP sockets of this machine, connected to each other. */
static int tcp_pair(int ends[2])
{
	struct sockaddr_storage at;
	int door = listener(0);
	socklen_t length = address_of(door, &at);

	ends[0] = check(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
	check(connect(ends[0], (struct sockaddr *)&at, length), "connect");
	ends[1] = check(accept4(door, NULL, NULL, SOCK_CLOEXEC), "accept4");
	return close(door);
}""",
    ("check", "listener", "address_of"),
)

SLEEP_FOR = Helper(
    """\
static void sleep_for(long long ns)
{
	struct timespec left = { .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}"""
)

CHILD = Helper(
    """\
/* A child process that ends after a while, or with this program. */
static pid_t child(long long ns, int status)
{
	pid_t pid = check(fork(), "fork");

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		sleep_for(ns);
		_exit(status);
	}
	return pid;
}""",
    ("check", "sleep_for"),
)

TAKE_FD = Helper(
    """\
/* The requests that open something have its fd in their CQE. */
static void take_fd(const struct io_uring *ring, const struct io_uring_cqe *cqe)
{
	if (cqe->res < 0)
		return;
@FDS@
}"""
)

LOOK_FOR_FDS = Helper(
    """\
/* A fd can be used as soon as its CQE is there, before anybody takes that. */
static void look_for_fds(struct io_uring *ring)
{
	struct io_uring_cqe *cqe;
	unsigned head;

	io_uring_for_each_cqe(ring, head, cqe)
		take_fd(ring, cqe);
}""",
    ("take_fd",),
)

HELPERS: dict[str, Helper] = {
    "check": CHECK,
    "check_uring": CHECK_URING,
    "tell": TELL,
    "new_directory": NEW_DIRECTORY,
    "buffer": BUFFER,
    "bad_page": BAD_PAGE,
    "sleep_for": SLEEP_FOR,
    "child": CHILD,
    "listener": LISTENER,
    "address_of": ADDRESS_OF,
    "tcp_pair": TCP_PAIR,
    "get_sqe": GET_SQE,
    "publish": PUBLISH,
    "pending": PENDING,
    "request_of": REQUEST_OF,
    "show": SHOW,
    "take_fd": TAKE_FD,
    "look_for_fds": LOOK_FOR_FDS,
    "keep": KEEP,
    "until_ready": UNTIL_READY,
    "peek": PEEK,
    "reap": REAP,
    "posted": POSTED,
    "run": RUN,
    "result_of": RES_OF,
    "expect": EXPECT,
}
"""By name, each after those that it calls."""


def with_needs(names: set[str]) -> list[str]:
    """These and those that they call, in an order that C takes."""
    wanted = set(names)
    for name in reversed(HELPERS):
        if name in wanted:
            wanted.update(HELPERS[name].needs)
    return [name for name in HELPERS if name in wanted]
