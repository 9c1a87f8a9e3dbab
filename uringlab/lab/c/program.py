"""The whole program: what it includes, its functions, and a main that does what was done."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from uringlab.lab.c.helpers import HELPERS, with_needs
from uringlab.lab.c.literal import number
from uringlab.lab.c.steps import GO_ON, NOTHING, open_ring, say
from uringlab.lab.c.writer import MOST_NAMED, Line, Writer

if TYPE_CHECKING:
    from uringlab.lab.steps_taken import Step, StepsTaken

_INT = 2**31 - 1
_WIDE = 100
"""Columns."""
_INCLUDES = (
    ("arpa/inet.h", r"inet_pton|hton[sl]"),
    ("errno.h", r"\berrno\b"),
    ("fcntl.h", r"\bO_|AT_|open\(|SPLICE_F_|FALLOC_"),
    ("linux/openat2.h", r"open_how|RESOLVE_"),
    ("netinet/in.h", r"sockaddr_in|IPPROTO_"),
    ("poll.h", r"\bPOLL[A-Z]"),
    ("signal.h", r"SIGKILL|kill\("),
    ("stdbool.h", r"\bbool\b"),
    ("sys/eventfd.h", r"eventfd\(|EFD_"),
    ("sys/epoll.h", r"EPOLL|epoll_"),
    ("sys/mman.h", r"mmap|MADV_"),
    ("sys/prctl.h", r"prctl"),
    ("sys/socket.h", r"sockaddr|SOCK_|AF_|MSG_|SHUT_"),
    ("sys/stat.h", r"statx|STATX_"),
    ("sys/uio.h", r"iovec|RWF_"),
    ("sys/un.h", r"sockaddr_un"),
    ("sys/wait.h", r"waitpid|siginfo_t|\bW[A-Z]+\b|P_PID"),
    ("sys/xattr.h", r"XATTR_"),
    ("time.h", r"nanosleep"),
)
_ALWAYS = ("liburing.h", "stdio.h", "stdlib.h", "string.h", "unistd.h")


def program(taken: StepsTaken) -> str:
    """The steps of a session as a C program: compile it with -luring.

    Files lie in a directory of its own, and fds, ports and pids are those that it gets itself.
    It prints each CQE that it takes or looks at: `r1 res=5 flags=0x0`.
    """
    writer = Writer(taken.directory)
    for step in list(taken.steps):
        _say_step(writer, step)
    if taken.left_out:
        writer.gap()
        writer.note(
            f"The session went on: {taken.left_out} more commands, which are left out here."
        )
    for name in list(writer.rings):
        writer.gap()
        writer.say(f"io_uring_queue_exit(&{writer.ring(name)});")
    return _assemble(writer)


def _say_step(writer: Writer, step: Step) -> None:
    command = step.command
    if step.opened is None and command.spec.name in NOTHING:
        return
    writer.gap()
    writer.note(command.text or command.spec.name)
    if step.opened is not None:
        open_ring(writer, step.opened)
        if not step.ring or command.spec.name == "ring new":
            step = replace(step, ring=step.opened.name)
    if step.error and command.spec.name not in GO_ON and not step.staged:
        writer.note(f"It was refused: {step.error}")
        return
    if step.gave_up and not step.staged:
        writer.note("It was given up.")
        return
    say(writer, command, step)


# -- around main -------------------------------------------------------------------------


def _assemble(writer: Writer) -> str:
    body = _main(writer)
    if writer.fds_used:
        writer.helpers.add("take_fd")
    if writer.keeps_results:
        writer.helpers.add("keep")
    functions = [_helper(writer, name) for name in with_needs(writer.helpers)]
    parts = [
        *_constants(writer),
        *_rings(writer),
        *_fds(writer),
        *_requests(writer, functions),
        *functions,
        body,
    ]
    code = "\n\n".join(parts)
    return f"{_head(code)}\n\n{code}\n"


def _head(code: str) -> str:
    wanted = [name for name, pattern in _INCLUDES if re.search(pattern, code)]
    includes = "\n".join(f"#include <{name}>" for name in sorted([*wanted, *_ALWAYS]))
    return (
        "/*\n"
        " * What was done in a session of uringlab, in C with liburing 2.3 or later.\n"
        " *\n"
        " *\tcc -std=gnu11 -Wall -Wextra -o session session.c -luring\n"
        " *\n"
        " * Each line of the session stands above what it is in C. A line of the output is a CQE.\n"
        " */\n"
        "#define _GNU_SOURCE\n" + includes
    )


def _constants(writer: Writer) -> list[str]:
    if not writer.constants:
        return []
    small = {name: value for name, value in writer.constants.items() if value <= _INT}
    large = {name: value for name, value in writer.constants.items() if value > _INT}
    lines = ["/* The requests, by the number that comes back in their CQE's user_data. */"]
    if small:
        rows = "".join(f"\t{name} = {value},\n" for name, value in small.items())
        lines.append(f"enum {{\n{rows}}};")
    lines += [f"#define {name} {number(value)}" for name, value in large.items()]
    return ["\n".join(lines)]


def _rings(writer: Writer) -> list[str]:
    if not writer.rings_ever:
        return []
    names = ", ".join(writer.ring(name) for name in writer.rings_ever)
    everything = "\n\n/* Of CQEs: as many as there are. */\n#define ALL (~0U)"
    uses = {"peek", "reap", "run"} & writer.helpers
    return [f"static struct io_uring {names};" + (everything if uses else "")]


def _fds(writer: Writer) -> list[str]:
    if not writer.fds_used:
        return []
    lines = ["/* What requests open: the fds are in their CQEs. */"]
    for name, used in writer.fds_used.items():
        if used.multishot:
            rows = ", ".join("-1" for _ in range(used.last + 1))
            lines.append(f"static int {name}[{used.last + 1}] = {{ {rows} }};")
            lines.append(f"static unsigned {name}_count;")
        else:
            lines.append(f"static int {name} = -1;")
    return ["\n".join(lines)]


def _requests(writer: Writer, functions: list[str]) -> list[str]:
    if not any("requests[" in one for one in functions):
        return []
    rows = []
    for one in writer.requests:
        ring = writer.ring(one.ring)
        singly = one.count <= MOST_NAMED and writer.keeps_results
        for place in range(one.count if singly else 1):
            constant = f"{one.constant} + {place}" if place else one.constant
            name = f"r{one.user_data + place}" if place else one.name
            count = 1 if singly else one.count
            rows.append(
                f"\t{{ .ring = &{ring}, .user_data = {constant}, .count = {count}, "
                f'.name = "{name}" }},'
            )
    keeps = "\tint res;\n\tunsigned flags, cqes;\n" if writer.keeps_results else ""
    return [
        "/* Whose a CQE is: the ring, the first user_data and how many, the name. */\n"
        "static struct request {\n"
        "\tconst struct io_uring *ring;\n\t__u64 user_data, count;\n\tconst char *name;\n"
        f"{keeps}}} requests[] = {{\n" + "\n".join(dict.fromkeys(rows)) + "\n};"
    ]


def _helper(writer: Writer, name: str) -> str:
    text = HELPERS[name].text
    if name == "get_sqe" and not writer.sqpoll:
        start, end = text.index("\n\tif (!sqe && ring"), text.index("\tif (!sqe) {")
        text = text[:start] + "\n" + text[end:]
    keep = ""
    if writer.fds_used:
        keep += "\t\ttake_fd(ring, cqe);\n"
    if writer.keeps_results:
        keep += "\t\tkeep(ring, cqe);\n"
    return text.replace("@KEEP@", keep).replace("@FDS@", _taking(writer))


def _taking(writer: Writer) -> str:
    lines = []
    for name, used in writer.fds_used.items():
        ring = writer.ring(used.ring)
        lines.append(f"\tif (ring == &{ring} && cqe->user_data == {used.user_data}")
        if used.multishot:
            lines[-1] += f" && {name}_count <= {used.last})"
            lines.append(f"\t\t{name}[{name}_count++] = cqe->res;")
        else:
            lines[-1] += ")"
            lines.append(f"\t\t{name} = cqe->res;")
    return "\n".join(lines)


def _main(writer: Writer) -> str:
    lines = list(_with_uses(writer.lines))
    code = "\n".join(line.text for line in lines if not line.is_comment)
    variables = [
        text
        for text, pattern in (
            ("\tstruct io_uring_sqe *sqe;", r"\bsqe\b"),
            ("\tstruct io_uring_cqe *cqe;", r"\bcqe\b"),
        )
        if re.search(pattern, code)
    ]
    head = ["int main(void)", "{", *variables, *([""] if variables else [])]
    return "\n".join(
        [
            *head,
            "\tnew_directory();",
            *([""] if lines else []),
            *[broken(line.text) for line in lines],
            *([""] if lines else []),
            "\treturn 0;",
            "}",
        ]
    )


def broken(line: str) -> str:
    """A line of code that is not wider than a page: it is broken after a comma or a bar."""
    done = []
    rest = line
    while len(rest.expandtabs(8)) > _WIDE and not rest.lstrip().startswith("/*"):
        strings = [found.span() for found in re.finditer(r'"(?:[^"\\]|\\.)*"|/\*.*?\*/', rest)]
        room = _WIDE - (len(rest.expandtabs(8)) - len(rest))
        places = [
            found.end()
            for found in re.finditer(r", | \| ", rest)
            if found.end() <= room and not any(a < found.start() < b for a, b in strings)
        ]
        if not places:
            break
        done.append(rest[: places[-1]].rstrip())
        rest = "\t" * (len(line) - len(line.lstrip("\t")) + 2) + rest[places[-1] :]
    return "\n".join([*done, rest])


def _with_uses(lines: list[Line]) -> list[Line]:
    """A variable that nobody uses would be warned of: say that it is meant."""
    words: dict[str, int] = {}
    for line in lines:
        if not line.is_comment:
            code = re.sub(r'"(?:[^"\\]|\\.)*"|/\*.*?\*/', "", line.text)
            for word in re.findall(r"(?<!\.)(?<!->)(?<!struct )\b\w+", code):
                words[word] = words.get(word, 0) + 1
    found = []
    for line in lines:
        found.append(line)
        if line.declares and words[line.declares] == 1:
            found.append(Line(f"\t(void){line.declares}; /* nobody uses it */"))
    return found
