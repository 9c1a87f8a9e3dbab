"""The steps in C: rings, publish, enter, submit, wait, peek, reap, do, repeat."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from uringlab.core.abi import EnterFlags, SetupFlags
from uringlab.lab.c.constant import flags
from uringlab.lab.c.expectation import expect
from uringlab.lab.c.literal import number
from uringlab.lab.c.registering import REGISTERING
from uringlab.lab.c.staging import stage
from uringlab.lab.c.things import THINGS
from uringlab.lab.c.writer import Line
from uringlab.lab.steps_taken import Staged

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from uringlab.lab.c.writer import Writer
    from uringlab.lab.spec import Command
    from uringlab.lab.steps_taken import Opened, Step

    Say = Callable[[Writer, Command, Step], None]

NS = 1_000_000_000
_LIBRARYS_OWN = SetupFlags.NO_MMAP | SetupFlags.NO_SQARRAY | SetupFlags.REGISTERED_FD_ONLY
"""Flags about who brings the memory, and where the array is: the library decides that."""


def open_ring(writer: Writer, opened: Opened) -> None:
    """`io_uring_setup`, and the mappings."""
    ring = writer.ring(opened.name)
    writer.opened(opened)
    wanted = opened.flags & ~int(_LIBRARYS_OWN)
    if opened.cq_entries:
        wanted |= SetupFlags.CQSIZE
    left_out = opened.flags & int(_LIBRARYS_OWN)
    if left_out:
        names = ", ".join(one.kernel_name for one in SetupFlags if left_out & one)
        writer.note(f"liburing itself decides about {names}.")
    call = writer.call("check_uring")
    what = '"io_uring_queue_init"'
    if wanted & ~int(SetupFlags.CQSIZE) == wanted and not opened.idle_ms:
        text = flags(SetupFlags, wanted)
        writer.say(
            f"{call}(io_uring_queue_init({number(opened.entries)}, &{ring}, {text}), {what});"
        )
        return
    params = writer.names.fresh("params")
    fields = [f".flags = {flags(SetupFlags, wanted)}"]
    fields += [f".cq_entries = {number(opened.cq_entries)}"] if opened.cq_entries else []
    fields += [f".sq_thread_idle = {opened.idle_ms}"] if opened.idle_ms else []
    writer.declare(params, f"struct io_uring_params {params} = {{ {', '.join(fields)} }};")
    writer.say(
        f"{call}(io_uring_queue_init_params({number(opened.entries)}, &{ring}, &{params}), {what});"
    )


def _use(writer: Writer, command: Command, step: Step) -> None:
    writer.say("/* What follows names this ring. */")


def _close(writer: Writer, command: Command, step: Step) -> None:
    name = command.get("name").name if command.get("name") is not None else step.ring
    writer.rings.pop(name, None)
    writer.say(f"io_uring_queue_exit(&{writer.ring(name)});")


def _told(writer: Writer, call: str, what: str, step: Step) -> None:
    """A call of liburing; where the session was refused, the program may be, too."""
    helper = writer.call("tell" if step.error else "check_uring")
    writer.say(f'{helper}({call}, "{what}");')


def _publish(writer: Writer, command: Command, step: Step) -> None:
    writer.say(f"{writer.call('publish')}(&{writer.ring(step.ring)});")


def _enter(writer: Writer, command: Command, step: Step) -> None:
    ring = writer.ring(step.ring)
    at_least = command.get("min_complete", 0)
    given = command.get("flags", int(EnterFlags.GETEVENTS) if at_least else 0)
    if command.get("to_submit") is None:
        to_submit = f"{writer.call('pending')}(&{ring})"
    else:
        to_submit = number(command.get("to_submit"))
    call = (
        f"io_uring_enter({ring}.ring_fd, {to_submit}, {number(at_least)}, "
        f"{flags(EnterFlags, given)}, NULL)"
    )
    _told(writer, call, "io_uring_enter", step)


def _submit(writer: Writer, command: Command, step: Step) -> None:
    _told(writer, f"io_uring_submit(&{writer.ring(step.ring)})", "io_uring_submit", step)


def _wait(writer: Writer, command: Command, step: Step) -> None:
    ring = writer.ring(step.ring)
    count, timeout = command.get("count", 1), command.get("timeout")
    over = step.number == 1
    short = 0 <= step.ready < count
    if short and timeout is None:
        # liburing would go on waiting where the kernel has ended the wait.
        writer.say("/* The kernel ends this wait before there are so many: a timeout is over. */")
        call = f"io_uring_enter({ring}.ring_fd, 0, {count}, IORING_ENTER_GETEVENTS, NULL)"
        _told(writer, call, "io_uring_enter", step)
        return
    if timeout is None:
        call = f"io_uring_wait_cqe_nr(&{ring}, &cqe, {number(count)})"
        _told(writer, call, "io_uring_wait_cqe_nr", step)
        return
    name = writer.names.fresh("patience")
    seconds, rest = divmod(timeout, NS)
    writer.declare(
        name,
        f"struct __kernel_timespec {name} = {{ .tv_sec = {number(seconds)}, .tv_nsec = {rest} }};",
    )
    call = f"io_uring_wait_cqes(&{ring}, &cqe, {number(count)}, &{name}, NULL)"
    if over or short:
        writer.say(f'{writer.call("tell")}({call}, "io_uring_wait_cqes");')
    else:
        _told(writer, call, "io_uring_wait_cqes", step)


def _until_ready(writer: Writer, step: Step) -> None:
    ring = writer.ring(step.ring)
    if step.taken > 0 and writer.ready.get(step.ring, 0) < step.taken:
        writer.say(f"{writer.call('until_ready')}(&{ring}, {step.taken});")


def _peek(writer: Writer, command: Command, step: Step) -> None:
    _until_ready(writer, step)
    most = command.get("count")
    text = "ALL" if most is None else number(most)
    writer.say(f"{writer.call('peek')}(&{writer.ring(step.ring)}, {text});")


def _reap(writer: Writer, command: Command, step: Step) -> None:
    _until_ready(writer, step)
    most = command.get("count")
    text = "ALL" if most is None else number(most)
    writer.say(f"{writer.call('reap')}(&{writer.ring(step.ring)}, {text});")


def _operation(writer: Writer, command: Command, step: Step) -> None:
    stage(writer, command, step)


def _do(writer: Writer, command: Command, step: Step) -> None:
    if command.inner is None:
        return
    request = stage(writer, command.inner, step)
    if request is None:
        return
    ring = writer.ring(request.ring)
    if step.gave_up or step.taken < 0:
        writer.say(f'{writer.call("tell")}(io_uring_submit(&{ring}), "io_uring_submit");')
        return
    user_data = request.constant
    if writer.loop and step.staged[0].step:
        user_data = f"{request.constant} + {writer.loop}"
    writer.say(f"{writer.call('run')}(&{ring}, {user_data});")
    if not writer.loop:
        writer.reaped.add(request.name)


def _innermost(command: Command) -> tuple[int, Command]:
    times = 1
    while command.spec.name == "repeat" and command.inner is not None:
        times *= command.get("times")
        command = command.inner
    return times, command


def _repeat(writer: Writer, command: Command, step: Step) -> None:
    times, inner = _innermost(command)
    known = inner.spec.name in SAID or inner.spec.name in REGISTERING
    if not known and inner.spec.op is None and not inner.spec.stages_raw:
        not_said(writer, inner)
        return
    if step.staged:
        times = sum(run.count for run in step.staged)
    elif step.error:
        done = re.search(r"\(after (\d+) of \d+\)", step.error)
        times = int(done[1]) if done is not None else 0
        writer.note(f"It failed: {step.error}")
        if times == 0:
            return
    if times == 1:
        say(writer, inner, step)
        return
    # What must outlive one turn of the loop is declared before it.
    writer.loop, writer.times, writer.depth = "turn", times, 2
    hoisted: list[Line] = []
    writer.hoisted = hoisted
    outside, writer.lines = writer.lines, []
    say(writer, inner, step)
    body, writer.lines = writer.lines, outside
    writer.hoisted = None
    writer.lines += hoisted
    i = writer.loop
    writer.depth = 1
    writer.say(f"for (unsigned {i} = 0; {i} < {times}; {i}++) {{")
    writer.lines += body
    writer.say("}")
    writer.loop, writer.times = "", 1


def _storm(writer: Writer, command: Command, step: Step) -> None:
    """As many as the session made of them, a turn at a time."""
    done, batch = step.number, step.ready
    if command.inner is None or done <= 0 or batch <= 0:
        not_said(writer, command)
        return
    ring = writer.ring(step.ring)
    body = _loop_body(writer, command.inner, replace(step, staged=[Staged(step.ring, "storm", 1)]))
    to_do, now = writer.names.fresh("to_do"), writer.names.fresh("now")
    writer.say(f"for (unsigned long {to_do} = {done}; {to_do} > 0;) {{")
    writer.depth = 2
    writer.say(f"const unsigned {now} = {to_do} < {batch} ? {to_do} : {batch};")
    writer.gap()
    writer.say(f"for (unsigned turn = 0; turn < {now}; turn++) {{")
    writer.lines += body
    writer.say("}")
    writer.say(
        f"{writer.call('check_uring')}(io_uring_submit_and_wait(&{ring}, {now}), "
        '"io_uring_submit_and_wait");'
    )
    writer.say(f"io_uring_cq_advance(&{ring}, {now});")
    writer.say(f"{to_do} -= {now};")
    writer.depth = 1
    writer.say("}")


def _loop_body(writer: Writer, inner: Command, step: Step) -> list[Line]:
    """The lines of one request of a storm; what must outlive them is declared before."""
    writer.loop, writer.depth = "turn", 3
    hoisted: list[Line] = []
    writer.hoisted = hoisted
    outside, writer.lines = writer.lines, []
    stage(writer, inner, step)
    body, writer.lines = writer.lines, outside
    writer.hoisted, writer.loop, writer.depth = None, "", 1
    writer.lines += hoisted
    return body


def _expect(writer: Writer, command: Command, step: Step) -> None:
    expect(writer, command, step)


def not_said(writer: Writer, command: Command) -> None:
    """A verb that this program has no words for."""
    more = f" It is: {command.spec.c}" if command.spec.c else ""
    writer.note(f"This program does not do that.{more}")


NOTHING = frozenset(
    {
        *("show", "explain", "diff", "help", "history", "rings", "source", "record"),
        *("record stop", "reset", "quit", "save", "c", "ring new"),
    }
)
"""Verbs that only look; and a ring that is opened is said before everything else of its line."""

SAID: Mapping[str, Say] = {
    **THINGS,
    "ring use": _use,
    "ring close": _close,
    "publish": _publish,
    "enter": _enter,
    "submit": _submit,
    "wait": _wait,
    "peek": _peek,
    "reap": _reap,
    "do": _do,
    "repeat": _repeat,
    "storm": _storm,
    "expect": _expect,
}
"""By verb; operations go by their op."""
GO_ON = frozenset({"enter", "submit", "wait", "publish", "repeat", "do", "storm"})
"""Verbs that are said even if the session was refused something: the kernel was asked."""


def say(writer: Writer, command: Command, step: Step) -> None:
    """Say a step in C."""
    name = command.spec.name
    if command.spec.op is not None or command.spec.stages_raw:
        _operation(writer, command, step)
    elif name in SAID:
        SAID[name](writer, command, step)
    elif name in REGISTERING and REGISTERING[name](writer, command, step):
        pass
    elif name not in NOTHING:
        not_said(writer, command)
    _remember(writer, command, step)


def _remember(writer: Writer, command: Command, step: Step) -> None:
    """How many CQEs are ready for sure."""
    name = command.spec.name
    if name == "wait" and step.ready > 0 and not step.error:
        writer.ready[step.ring] = min(step.ready, command.get("count", 1))
    elif name in ("reap", "do", "repeat", "enter", "submit"):
        writer.ready.pop(step.ring, None)
