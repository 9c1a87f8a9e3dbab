"""What the kernel itself says of a ring: `/proc/PID/fdinfo/FD`.

Best effort, by the kernel's own word (io_uring/fdinfo.c): it takes the ring's lock if that is free
at once. If not, 6.18 leaves everything out that is about the ring, and older kernels most of the
lists. What there is depends on the kernel, too: 5.10 and 5.15 have SqThread, UserFiles, UserBufs
and PollList, but no heads and no tails.

Never shown: setup flags, pending timeouts, provided buffers, what workers (io-wq) do; the SQEs of a
ring with NO_SQARRAY.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

RING_FIELDS = ("SqMask", "SqThread", "UserFiles")
"""One of them stands in every answer that was given with the lock."""
RING = "[io_uring]"
"""How the link in /proc of a ring's fd ends."""
Entry = TypeVar("Entry")
_LINE = re.compile(r"([A-Za-z]+):[ \t]*(.*)")
_NUMBER = re.compile(r"-?(?:0x[0-9a-fA-F]+|\d+)")
_PAIR = re.compile(r"(\w+)=(-?\w+)")
_ENTRY = re.compile(r"\s*(\d+): ?(.*)")


class Unreadable(Exception):
    """There is no such page. The message says why."""


class Poll(NamedTuple):
    """A request in the PollList: one that waits for its file to be ready, or can be cancelled.

    Attributes:
        op: its opcode.
        task_works: whether work for its task is pending.
    """

    op: int
    task_works: bool


class Overflown(NamedTuple):
    """A CQE that waits in the kernel, because the CQ was full."""

    user_data: int
    res: int
    flags: int


@dataclass(frozen=True)
class FdInfo:
    """A page, as far as it could be read. What is None it does not say.

    Attributes:
        busy: the ring's lock was taken: nothing about the ring is said. Ask again.
        words: SqMask, SqHead, SqTail, CachedSqHead, CqMask, CqHead, CqTail, CachedCqTail, SQEs,
            CQEs, SqThread, SqThreadCpu, SqTotalTime, SqWorkTime, UserFiles, UserBufs: what there
            is of them.
        files: what each registered file is, None for an empty place.
        buffers: (address, bytes) of each registered buffer, None for an empty place.
        polls: the PollList.
        overflow: the CqOverflowList.
        napi: what busy polling is set to.
        rest: lines that nobody here understands: a newer kernel says more.
    """

    busy: bool
    words: dict[str, int]
    files: tuple[str | None, ...] | None = None
    buffers: tuple[tuple[int, int] | None, ...] | None = None
    polls: tuple[Poll, ...] | None = None
    overflow: tuple[Overflown, ...] | None = None
    napi: str | None = None
    rest: tuple[str, ...] = ()


_WORDS = frozenset(
    {
        *("SqMask", "SqHead", "SqTail", "CachedSqHead", "CqMask", "CqHead", "CqTail"),
        *("CachedCqTail", "SQEs", "CQEs", "SqThread", "SqThreadCpu", "SqTotalTime", "SqWorkTime"),
        *("UserFiles", "UserBufs"),
    }
)
_OF_EVERY_FILE = frozenset({"pos", "flags", "mnt", "ino", "lock"})
_LISTS = frozenset(
    {"SQEs", "CQEs", "UserFiles", "UserBufs", "PollList", "CqOverflowList", "Personalities"}
)
_SETTINGS = frozenset({"NAPI", "napi_busy_poll_dt", "napi_prefer_busy_poll"})


@dataclass
class _Page:
    """A page that is being read."""

    words: dict[str, int] = field(default_factory=dict)
    lists: dict[str, list[str]] = field(default_factory=dict)
    napi: str | None = None
    rest: list[str] = field(default_factory=list)


def parse(text: str) -> FdInfo:
    """Read a page of any kernel since 5.10. Nothing in it is an error."""
    page = _Page()
    inside = ""
    for line in text.splitlines():
        if line[:1] in (" ", "\t"):
            # An entry of the list above it; a line of an unknown list belongs to that.
            if inside in page.lists:
                page.lists[inside].append(line)
            elif line.strip():
                page.rest.append(line)
            continue
        match = _LINE.match(line)
        inside = match.group(1) if match is not None else ""
        if match is not None:
            _head(page, inside, match.group(2).strip(), line)
        elif line.strip() and not line.startswith("mnt_id"):
            page.rest.append(line)
    polls = page.lists.get("PollList")
    overflow = page.lists.get("CqOverflowList")
    files, buffers = page.lists.get("UserFiles"), page.lists.get("UserBufs")
    return FdInfo(
        busy=not any(one in page.words for one in RING_FIELDS),
        words=page.words,
        files=_table(files, page.words.get("UserFiles"), _file),
        buffers=_table(buffers, page.words.get("UserBufs"), _buffer),
        polls=None if polls is None else tuple(map(_poll, polls)),
        overflow=None if overflow is None else tuple(map(_overflown, overflow)),
        napi=page.napi,
        rest=tuple(page.rest),
    )


def _head(page: _Page, name: str, value: str, line: str) -> None:
    """A line that begins at the margin."""
    if name in _LISTS:
        page.lists[name] = []
    if name in _WORDS and _NUMBER.fullmatch(value):
        page.words[name] = int(value, 0)
    elif name in _SETTINGS:
        page.napi = value if page.napi is None else page.napi
    elif name not in _LISTS and name not in _OF_EVERY_FILE:
        page.rest.append(line)


def _table(
    lines: list[str] | None, count: int | None, of: Callable[[str], Entry]
) -> tuple[Entry, ...] | None:
    """The entries of a table; None if it has entries and they are not told."""
    if lines is None or count is None:
        return None
    entries = [match for line in lines if (match := _ENTRY.match(line))]
    return tuple(of(one.group(2)) for one in entries) if len(entries) == count else None


def _file(text: str) -> str | None:
    return None if text.strip() in ("<none>", "") else text.strip()


def _buffer(text: str) -> tuple[int, int] | None:
    address, _, size = text.partition("/")
    if not (_NUMBER.fullmatch(address) and size.isdecimal()):
        return None
    return int(address, 0), int(size)


def _pairs(line: str) -> dict[str, str]:
    return dict(_PAIR.findall(line))


def _poll(line: str) -> Poll:
    found = _pairs(line)
    return Poll(int(found.get("op", "-1")), found.get("task_works", "0") != "0")


def _overflown(line: str) -> Overflown:
    found = _pairs(line)
    # The flags are printed in hexadecimal, without 0x.
    return Overflown(
        int(found.get("user_data", "0")),
        int(found.get("res", "0")),
        int(found.get("flags", "0"), 16),
    )


def read(pid: int, fd: int) -> FdInfo:
    """Ask the kernel. It costs some microseconds, and milliseconds with thousands of entries.

    Args:
        pid: whose fd it is.
        fd: its number there.

    Raises:
        Unreadable: there is no such fd, or it may not be looked at.
    """
    if fd < 0:
        raise Unreadable(
            "the ring has no fd in its process: only its place in a table of the kernel"
        )
    who = "self" if pid == os.getpid() else str(pid)
    try:
        info = parse(Path(f"/proc/{who}/fdinfo/{fd}").read_text(errors="replace"))
        link = Path(f"/proc/{who}/fd/{fd}").readlink() if info.busy else Path(RING)
    except FileNotFoundError as error:
        raise Unreadable(f"fd {fd} is not open any more") from error
    except OSError as error:
        raise Unreadable(f"/proc does not show it: {error.strerror}") from error
    if not link.name.endswith(RING):
        raise Unreadable(f"fd {fd} is another file by now")
    return info
