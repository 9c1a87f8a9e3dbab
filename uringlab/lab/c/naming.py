"""C's names for the session's names: none of them means something else in the program."""

from __future__ import annotations

import re

from uringlab.lab.c.helpers import HELPERS

_PLAIN = re.compile(r"r[0-9]+")
_OTHERS = re.compile(r"io_uring_.*|_.*|ring_.*|r[0-9]+|[A-Z0-9_]+|.*_fd(_count)?")
"""What liburing, macros, rings, and the fds and numbers of requests are called."""
_WORDS = (
    # the language
    "auto break case char const continue default do double else enum extern float for goto if "
    "inline int long register restrict return short signed sizeof static struct switch typedef "
    "union unsigned void volatile while asm typeof main "
    # macros, in lower case
    "unix linux i386 stdin stdout stderr errno assert bool true false offsetof alloca major minor "
    "makedev signbit isnan isinf signal_h environ noreturn thread_local alignas alignof complex "
    "static_assert st_atime st_mtime st_ctime sa_handler sa_sigaction sigev_value s6_addr "
    "si_pid si_uid si_status si_addr si_value si_band si_fd si_int si_ptr si_code si_errno "
    "h_addr h_errno sigmask strdupa strndupa va_list va_start va_end va_arg va_copy "
    "s_addr sun_path sin_port sin_addr fds_bits d_ino direct "
    # types that the program uses
    "size_t ssize_t pid_t off_t mode_t socklen_t siginfo_t sigset_t uintptr_t uint64_t uint32_t "
    "int64_t time_t id_t idtype_t "
    # what main has of its own
    "sqe cqe turn requests "
    # functions that it calls in main
    "open close read write pipe pipe2 socketpair socket bind listen connect accept getsockname "
    "epoll_create1 eventfd pwrite memcpy memset kill "
    " waitpid nanosleep fork printf fprintf strerror exit "
    "mmap htons htonl inet_addr inet_pton free malloc calloc fflush setvbuf ftruncate "
)
_TAKEN = frozenset([*_WORDS.split(), *HELPERS])


class Names:
    """Hands out names, each once.

    Raises:
        KeyError: `of` was asked for what nobody declared.
    """

    def __init__(self) -> None:
        """None is taken but those that mean something."""
        self._taken: set[str] = set()
        self._of: dict[str, str] = {}

    def fresh(self, wanted: str) -> str:
        """A name like that one, which nobody has."""
        name, count = wanted, 1
        if name in _TAKEN or _OTHERS.fullmatch(name):
            name = wanted = f"my_{wanted.strip('_')}_"
        while name in self._taken:
            count += 1
            name = f"{wanted}_{count}"
        self._taken.add(name)
        return name

    def declare(self, name: str) -> str:
        """The variable for what has that name from now on."""
        self._of[name] = self.fresh(name)
        return self._of[name]

    def of(self, name: str) -> str | None:
        """The variable for what has that name now."""
        return self._of.get(name)


def ring_name(name: str) -> str:
    """A ring is known everywhere in the program, so its name must be no function's of libc."""
    return name if _PLAIN.fullmatch(name) else f"ring_{name}"


def request_name(name: str) -> str:
    """A request's constant: in capitals, and no macro's name."""
    return name.upper() if _PLAIN.fullmatch(name) else f"REQ_{name.upper()}"
