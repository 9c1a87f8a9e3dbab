"""A program that is being written: its main function, and what main needs around it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from uringlab.core.abi import SetupFlags
from uringlab.lab.c.literal import comment, number
from uringlab.lab.c.naming import Names, request_name, ring_name

if TYPE_CHECKING:
    from uringlab.core.ops.declare import Op
    from uringlab.lab.c.registering import Pool
    from uringlab.lab.steps_taken import Opened, Staged, Step

MOST_NAMED = 64
"""Requests of one loop that are listed one by one, each with its result."""


@dataclass
class Line:
    """A line of main; if it declares a variable, which."""

    text: str
    declares: str = ""
    is_comment: bool = False


@dataclass
class Request:
    """A request that was staged, or several of one loop.

    Attributes:
        constant: its user_data, by name.
        multishot: whether each of its CQEs may bring an fd.
        room: the array that the kernel puts its fds into; "": they are in the CQE.
        count: how many requests these are, with numbers that count on.
    """

    name: str
    ring: str
    user_data: int
    constant: str
    op: type[Op] | None = None
    multishot: bool = False
    room: str = ""
    count: int = 1


@dataclass
class FdUsed:
    """A variable for what a request opens.

    Attributes:
        user_data: the request's, in C.
        last: the highest place that is used, where it is an array.
    """

    ring: str
    user_data: str
    multishot: bool
    last: int


@dataclass
class BufferOf:
    """A buffer in C: its variable, and its size in bytes."""

    variable: str
    size: int


@dataclass
class Writer:
    """The program so far.

    Attributes:
        directory: the session's own, which the program's own stands for.
        depth: how many blocks deep the next line stands.
        loop: the variable that counts, inside a loop.
        times: how often that loop runs.
        ready: CQEs that are in each ring's queue for sure.
        keeps_results: whether the program must remember how requests ended.
        sqpoll: whether a ring has a poll thread.
        pools: rings of provided buffers, by ring and group.
        reaped: requests whose fds are known, because their CQEs were looked at.
    """

    directory: str
    names: Names = field(default_factory=Names)
    lines: list[Line] = field(default_factory=list)
    helpers: set[str] = field(default_factory=lambda: {"new_directory"})
    rings: dict[str, int] = field(default_factory=dict)
    rings_ever: list[str] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    constants: dict[str, int] = field(default_factory=dict)
    buffers: dict[str, BufferOf] = field(default_factory=dict)
    children: set[str] = field(default_factory=set)
    ports: dict[int, str] = field(default_factory=dict)
    fds_used: dict[str, FdUsed] = field(default_factory=dict)
    reaped: set[str] = field(default_factory=set)
    depth: int = 1
    loop: str = ""
    times: int = 1
    hoisted: list[Line] | None = None
    ready: dict[str, int] = field(default_factory=dict)
    keeps_results: bool = False
    sqpoll: bool = False
    pools: dict[tuple[str, int], Pool] = field(default_factory=dict)

    # -- lines -------------------------------------------------------------------------

    def say(self, text: str) -> None:
        """A line of main."""
        self.lines.append(Line("\t" * self.depth + text))

    def note(self, text: str) -> None:
        """A comment."""
        self.lines.append(Line("\t" * self.depth + f"/* {comment(text)} */", is_comment=True))

    def gap(self) -> None:
        """An empty line."""
        if self.lines and self.lines[-1].text:
            self.lines.append(Line(""))

    def declare(self, name: str, text: str) -> None:
        """A line that declares a variable, for as long as main runs: before any loop."""
        line = Line(f"\t{text}", declares=name)
        (self.lines if self.hoisted is None else self.hoisted).append(line)

    def before(self, text: str) -> None:
        """A line that stands before any loop."""
        (self.lines if self.hoisted is None else self.hoisted).append(Line(f"\t{text}"))

    def call(self, helper: str) -> str:
        """The name of a function that the program has then."""
        self.helpers.add(helper)
        return helper

    def checked(self, call: str, what: str) -> str:
        """A system call that must not fail."""
        return f'{self.call("check")}({call}, "{what}")'

    # -- rings -------------------------------------------------------------------------

    def ring(self, name: str) -> str:
        """A ring's variable."""
        return ring_name(name)

    def opened(self, opened: Opened) -> None:
        """A ring has that name from now on."""
        if opened.name not in self.rings_ever:
            self.rings_ever.append(opened.name)
        self.rings[opened.name] = opened.flags
        self.sqpoll = self.sqpoll or bool(opened.flags & SetupFlags.SQPOLL)

    # -- requests ----------------------------------------------------------------------

    def stage(self, staged: Staged, op: type[Op] | None, *, multishot: bool) -> Request:
        """The constant for one request, or for the first of several."""
        count = staged.count if staged.step else 1
        wanted = request_name(staged.name)
        constant, again = wanted, 1
        while self.constants.get(constant, staged.user_data) != staged.user_data:
            again += 1
            constant = f"{wanted}_{again}"
        self.constants[constant] = staged.user_data
        request = Request(
            staged.name,
            staged.ring,
            staged.user_data,
            constant,
            op,
            multishot,
            count=count,
        )
        self.requests.append(request)
        return request

    def request(self, name: str) -> tuple[Request, str] | None:
        """The request of that name, and the expression for its user_data."""
        for one in reversed(self.requests):
            if one.name == name:
                return one, one.constant
            if one.count > 1 and re.fullmatch("r[0-9]+", name):
                place = int(name[1:]) - one.user_data
                if 0 < place < one.count:
                    return one, f"{one.constant} + {place}"
        return None

    # -- files -------------------------------------------------------------------------

    def fd(self, name: str) -> str:
        """The variable of an open file: one that main made, or one that a request brought."""
        variable = self.names.of(name)
        if variable is not None:
            return variable
        found, place = self.request(name), 0
        if found is None and re.fullmatch(r".+_[0-9]+", name):
            stem, _, tail = name.rpartition("_")
            found, place = self.request(stem), int(tail) - 1
        if found is None:
            return number(-1)
        one, user_data = found
        if one.room:
            return f"{one.room}[{place}]"
        offset = int(user_data.rpartition("+")[2]) if "+" in user_data else 0
        stem = one.constant.removeprefix("REQ_").lower() + (f"_{offset}" if offset else "")
        used = self.fds_used.setdefault(
            f"{stem}_fd", FdUsed(one.ring, user_data, one.multishot, place)
        )
        used.last = max(used.last, place)
        return f"{stem}_fd[{place}]" if one.multishot else f"{stem}_fd"

    def brought_by_request(self, name: str) -> Request | None:
        """The request whose CQE brings that file; None: main has made it."""
        if self.names.of(name) is not None:
            return None
        found = self.request(name) or self.request(name.rpartition("_")[0])
        return None if found is None or found[0].room else found[0]

    # -- memory ------------------------------------------------------------------------

    def buffer(self, name: str) -> BufferOf:
        """A buffer of the session's."""
        if name == "bad" and name not in self.buffers:
            variable = self.names.declare("bad")
            self.declare(variable, f"char *{variable} = {self.call('bad_page')}();")
            self.buffers[name] = BufferOf(variable, 4096)
        return self.buffers.get(name, BufferOf("NULL", 0))

    def new_buffer(self, name: str, size: int, copies: int = 1) -> BufferOf:
        """Declare one; in a loop, one for each time around."""
        variable = self.names.declare(name)
        total = number(size) if copies == 1 else f"{copies} * {number(size)}"
        self.declare(variable, f"char *{variable} = {self.call('buffer')}({total});")
        self.buffers[name] = BufferOf(variable, size)
        return self.buffers[name]

    def path(self, text: str) -> str:
        """A path as it is in the program: relative to its own directory."""
        for own in (f"{self.directory}/",):
            if text.startswith(own):
                return text.removeprefix(own)
        return "." if text == self.directory else text


def in_error(step: Step) -> bool:
    """Whether the step could not be done at all, and has left nothing."""
    return bool(step.error) and not step.staged
