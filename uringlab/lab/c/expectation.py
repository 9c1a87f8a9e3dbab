"""`expect` in C: an assertion, where the program knows what is asked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from uringlab.core.abi import CqeFlags
from uringlab.lab.c.literal import number, string
from uringlab.lab.c.writer import MOST_NAMED
from uringlab.lab.errors import LineError
from uringlab.lab.expectation import parse
from uringlab.lab.values import to_errno, to_int

if TYPE_CHECKING:
    from collections.abc import Mapping

    from uringlab.lab.c.writer import Writer
    from uringlab.lab.condition import Condition
    from uringlab.lab.spec import Command
    from uringlab.lab.steps_taken import Step

_SIGNS = {"=": "==", "!=": "!=", "<": "<", ">": ">", "<=": "<=", ">=": ">="}
_RANGE = re.compile(r"(.+)\.\.(.+)")
_RING: Mapping[str, str] = {
    "sq.head": "*{0}.sq.khead",
    "sq.tail": "*{0}.sq.ktail",
    "sq.local": "{0}.sq.sqe_tail",
    "sq.staged": "{0}.sq.sqe_tail - *{0}.sq.ktail",
    "sq.pending": "*{0}.sq.ktail - *{0}.sq.khead",
    "sq.entries": "{0}.sq.ring_entries",
    "sq.dropped": "*{0}.sq.kdropped",
    "cq.head": "*{0}.cq.khead",
    "cq.tail": "*{0}.cq.ktail",
    "cq.ready": "io_uring_cq_ready(&{0})",
    "cq.entries": "{0}.cq.ring_entries",
    "cq.overflow": "*{0}.cq.koverflow",
}
_REQUEST = ("res", "flags", "cqes")


def expect(writer: Writer, command: Command, step: Step) -> None:
    """Say an expectation; one about what a program cannot know becomes a comment."""
    if step.error:
        writer.note("It did not hold.")
        return
    try:
        wanted = parse(command)
    except LineError:
        return
    tests = [_test(writer, wanted.subject, one, step) for one in wanted.conditions]
    known = [one for one in tests if one]
    if wanted.within_ns and known and wanted.conditions[0].path == "cq.ready":
        count = to_int(wanted.conditions[0].wanted)
        ring = writer.ring(wanted.subject or step.ring)
        if count is not None:
            writer.say(f"{writer.call('until_ready')}(&{ring}, {count});")
    elif wanted.within_ns:
        known = []
    if not known or len(known) < len(tests) or wanted.call or wanted.order:
        writer.say("/* Only the session can look at all of that. */")
    for one in known:
        writer.say(f"{writer.call('expect')}({one}, {string(command.text.encode())});")


def _test(writer: Writer, subject: str, one: Condition, step: Step) -> str:
    """A condition in C; "" where there is no way to say it."""
    look = _look(writer, subject, one, step)
    if not look:
        return ""
    found = _RANGE.fullmatch(one.wanted)
    if found is not None and one.sign == "=":
        low, high = _value(found[1]), _value(found[2])
        return f"{look} >= {low} && {look} <= {high}" if low and high else ""
    value = _value(one.wanted, is_flags=one.path == "flags")
    return f"{look} {_SIGNS[one.sign]} {value}" if value and one.sign in _SIGNS else ""


def _look(writer: Writer, subject: str, one: Condition, step: Step) -> str:
    request = writer.request(subject) if subject else None
    if request is not None and one.path in _REQUEST:
        found, user_data = request
        if found.count > MOST_NAMED:
            return ""
        writer.keeps_results = True
        ring = writer.ring(found.ring)
        return f"{writer.call('result_of')}(&{ring}, {user_data}).{one.path}"
    name = subject or step.ring
    if one.path in _RING and name in writer.rings:
        text = _RING[one.path].format(writer.ring(name))
        return f"(int)({text})"
    return ""


def _value(text: str, *, is_flags: bool = False) -> str:
    """A number in C: a number, an errno; "" for anything else."""
    if is_flags:
        names = {str(flag.name).lower(): int(flag) for flag in CqeFlags}
        parts = [part.lower().removeprefix("f_") for part in text.split("|")]
        if all(part in names for part in parts):
            return number(sum(names[part] for part in set(parts)))
    value = to_int(text)
    if value is None:
        value = to_errno(text)
    return "" if value is None else number(value)
