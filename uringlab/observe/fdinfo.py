"""What the kernel itself says of a ring: `/proc/PID/fdinfo/FD`.

Best effort, by the kernel's own word (io_uring/fdinfo.c): it takes the ring's lock if that is free
at once. If not, kernels since 6.16 leave everything out that is about the ring. Older ones leave
out the poll thread and most of the lists, and do not say so. What there is depends on the kernel,
too: 5.10 and 5.15 have SqThread, UserFiles, UserBufs and PollList, but no heads and no tails.

Never shown: setup flags, pending timeouts, provided buffers, what workers (io-wq) do; the SQEs of a
ring with NO_SQARRAY.
"""

from __future__ import annotations

import os
import platform
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from uringlab.core.abi import Opcode

if TYPE_CHECKING:
    from collections.abc import Callable

RING_FIELDS = ("SqMask", "SqThread", "UserFiles")
"""One of them stands in every answer that was given with the lock."""
RING = "[io_uring]"
"""How the link in /proc of a ring's fd ends."""
Entry = TypeVar("Entry")
_LOCKS_THE_WHOLE_PAGE = (6, 16)
"""Since this kernel a page is written with the ring's lock, or has nothing about the ring."""
_LINE = re.compile(r"([A-Za-z][A-Za-z_ ]*):[ \t]*(.*)", re.DOTALL)
_NUMBER = re.compile(r"-?(?:0x[0-9a-fA-F]{1,16}|[0-9]{1,20})")
_POLL = re.compile(r" *op=([0-9]{1,3}), task_works=([0-9]{1,9})")
_OVERFLOWN = re.compile(
    r" *user_data=([0-9]{1,20}), res=(-?[0-9]{1,10}), flags=([0-9a-fA-F]{1,8})(?:,.*)?"
)
_ENTRY = re.compile(r" *([0-9]{1,10}): ?(.*)", re.DOTALL)
_BUFFER = re.compile(r"0x([0-9a-fA-F]{1,16})/([0-9]{1,20})")
_EMPTY = ("<none>", "", "0xffffffffffffffff/1")
"""How a place is written that has nothing in it. The last is a buffer's, 5.13 to 6.12."""


_OPCODES = frozenset(Opcode)


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

    @property
    def name(self) -> str:
        """What the opcode is called."""
        return Opcode(self.op).name if self.op in _OPCODES else f"op {self.op}"


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
        partial: perhaps the lock was taken, and some is left out: a kernel before 6.16 does not
            tell. Then an empty PollList, and no poll thread, prove nothing.
        words: SqMask, SqHead, SqTail, CachedSqHead, CqMask, CqHead, CqTail, CachedCqTail, SQEs,
            CQEs, SqThread, SqThreadCpu, SqTotalTime and SqWorkTime (microseconds of CPU time, 6.9),
            UserFiles, UserBufs: what there is of them.
        files: place → what the registered file there is. A place that is not there is empty; how
            many there are is UserFiles.
        buffers: place → (address, bytes) of the registered buffer there.
        polls: the PollList.
        overflow: the CqOverflowList.
        napi: what busy polling is set to: `disabled`, or `enabled` and how.
        rest: lines that nobody here understands: a newer kernel says more.
    """

    busy: bool
    partial: bool
    words: dict[str, int]
    files: dict[int, str] | None = None
    buffers: dict[int, tuple[int, int]] | None = None
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
_INDICES = frozenset({"SqHead", "SqTail", "CachedSqHead", "CqHead", "CqTail", "CachedCqTail"})
_OF_EVERY_FILE = frozenset({"pos", "flags", "mnt_id", "ino", "lock"})
_LISTS = frozenset(
    {"SQEs", "CQEs", "UserFiles", "UserBufs", "PollList", "CqOverflowList", "Personalities"}
)
_NAPI = re.compile(r"NAPI|napi[_ ].*")


@dataclass
class _Page:
    """A page that is being read."""

    words: dict[str, int] = field(default_factory=dict)
    lists: dict[str, list[str]] = field(default_factory=dict)
    napi: list[str] = field(default_factory=list)
    rest: list[str] = field(default_factory=list)


def parse(text: str, *, whole: bool = False) -> FdInfo:
    """Read a page of any kernel since 5.10. Nothing in it is an error.

    Args:
        text: the page. Only a line feed ends a line: what else there is, is a file's name.
        whole: it is of a kernel (6.16) that writes all about a ring, or nothing.
    """
    page = _Page()
    inside = ""
    for line in text.split("\n"):
        if not line:
            continue  # after each CQE of 32 bytes
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
        else:
            page.rest.append(line)
    words = page.words
    if "SqMask" not in words:
        # 5.16 and 5.17 write slots there, and call them heads and tails.
        for name in sorted(_INDICES & words.keys()):
            page.rest.append(f"{name}: slot {words.pop(name)}")
    busy = not any(one in words for one in RING_FIELDS)
    # What is written with the lock only: one of it proves that all is there.
    locked = whole or words.get("SqThread", -1) > 0
    locked = locked or any(page.lists.get(one) for one in ("UserFiles", "UserBufs"))
    return FdInfo(
        busy=busy,
        partial=not locked and not busy,
        words=words,
        files=_table(page, "UserFiles", str, locked=locked),
        buffers=_table(page, "UserBufs", _buffer, locked=locked),
        polls=_list(page, "PollList", _poll),
        overflow=_list(page, "CqOverflowList", _overflown),
        napi=", ".join(page.napi) or None,
        rest=tuple(page.rest),
    )


def _head(page: _Page, name: str, value: str, line: str) -> None:
    """A line that begins at the margin."""
    if name in _LISTS:
        page.lists[name] = []
    if name in _WORDS and (number := _number(value)) is not None:
        page.words[name] = number
    elif _NAPI.fullmatch(name):
        how = name.removeprefix("napi_").removeprefix("napi ").replace("_", " ")
        unit = " ns" if name.endswith("_dt") else ""
        page.napi.append(value if name == "NAPI" else f"{how} {value}{unit}")
    elif name not in _LISTS and name not in _OF_EVERY_FILE:
        page.rest.append(line)


def _number(text: str) -> int | None:
    if not _NUMBER.fullmatch(text):
        return None
    return int(text, 16) if "x" in text else int(text)


def _table(
    page: _Page, name: str, of: Callable[[str], Entry | None], *, locked: bool
) -> dict[int, Entry] | None:
    """The places of a table in which there is something; None if they are not told.

    Since 6.13 no line is written for a place without a file.
    """
    lines, count = page.lists.get(name), page.words.get(name)
    if lines is None or count is None or (count and not locked):
        return None
    places = {}
    for line in lines:
        match = _ENTRY.fullmatch(line)
        if match is not None and match.group(2).strip() in _EMPTY:
            continue
        entry = of(match.group(2)) if match is not None else None
        if match is None or entry is None or int(match.group(1)) >= count:
            page.rest.append(line)
        else:
            places[int(match.group(1))] = entry
    return places


def _buffer(text: str) -> tuple[int, int] | None:
    match = _BUFFER.fullmatch(text)
    return None if match is None else (int(match.group(1), 16), int(match.group(2)))


def _list(page: _Page, name: str, of: Callable[[str], Entry | None]) -> tuple[Entry, ...] | None:
    lines = page.lists.get(name)
    if lines is None:
        return None
    found = []
    for line in lines:
        entry = of(line)
        if entry is None:
            page.rest.append(line)
        else:
            found.append(entry)
    return tuple(found)


def _poll(line: str) -> Poll | None:
    match = _POLL.fullmatch(line)
    return None if match is None else Poll(int(match.group(1)), match.group(2).strip("0") != "")


def _overflown(line: str) -> Overflown | None:
    match = _OVERFLOWN.fullmatch(line)
    if match is None:
        return None
    # The flags are printed in hexadecimal, without 0x.
    return Overflown(int(match.group(1)), int(match.group(2)), int(match.group(3), 16))


def _locks_the_whole_page(release: str) -> bool:
    """Whether a kernel, as `uname -r` calls it, writes all about a ring or nothing."""
    match = re.match(r"([0-9]+)\.([0-9]+)", release)
    if match is None:
        return False
    return (int(match.group(1)), int(match.group(2))) >= _LOCKS_THE_WHOLE_PAGE


_WHOLE = _locks_the_whole_page(platform.release())


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
        # Bytes: reading text would make line ends of the "\r" in a file's name.
        raw = Path(f"/proc/{who}/fdinfo/{fd}").read_bytes()
        info = parse(raw.decode(errors="replace"), whole=_WHOLE)
        link = Path(f"/proc/{who}/fd/{fd}").readlink() if info.busy else Path(RING)
    except FileNotFoundError as error:
        raise Unreadable(f"fd {fd} is not open any more") from error
    except OSError as error:
        raise Unreadable(f"/proc does not show it: {error.strerror}") from error
    if not link.name.endswith(RING):
        raise Unreadable(f"fd {fd} is another file by now")
    return info
