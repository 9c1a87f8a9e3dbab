"""What is made outside the ring, in C: files, pipes, sockets, buffers, children."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uringlab.lab.c.literal import comment, number, string
from uringlab.lab.values import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from uringlab.lab.c.writer import Writer
    from uringlab.lab.spec import Command
    from uringlab.lab.steps_taken import Step

    Say = Callable[[Writer, Command, Step], None]


def _file(writer: Writer, command: Command, step: Step) -> None:
    name = writer.names.declare(command.get("name"))
    path = string(writer.path(command.get("path").text).encode(errors="surrogateescape"))
    text: Text | None = command.get("text")
    flags = "O_RDWR | O_CREAT | O_CLOEXEC" + (" | O_TRUNC" if text is not None else "")
    mode = command.get("mode", 0o644)
    call = writer.checked(f"open({path}, {flags}, 0{mode:o})", "open")
    writer.declare(name, f"int {name} = {call};")
    if text is not None and text.data:
        data = string(text.data)
        writer.say(writer.checked(f"pwrite({name}, {data}, {len(text.data)}, 0)", "pwrite") + ";")


def _pair(writer: Writer, names: tuple[str, str], call: str, what: str) -> None:
    ends = writer.names.fresh(f"{names[0]}_{names[1]}")
    writer.declare(ends, f"int {ends}[2];")
    writer.say(writer.checked(call.format(ends), what) + ";")
    for place, name in enumerate(names):
        variable = writer.names.declare(name)
        writer.declare(variable, f"int {variable} = {ends}[{place}];")


def _pipe(writer: Writer, command: Command, step: Step) -> None:
    names = (command.get("read"), command.get("write"))
    _pair(writer, names, "pipe2({}, O_CLOEXEC)", "pipe2")


def _sockets(writer: Writer, command: Command, step: Step) -> None:
    names = (command.get("one"), command.get("other"))
    if command.get("type") == "tcp":
        _pair(writer, names, f"{writer.call('tcp_pair')}({{}})", "tcp_pair")
        return
    kind = "SOCK_DGRAM" if command.get("type") == "dgram" else "SOCK_STREAM"
    _pair(writer, names, f"socketpair(AF_UNIX, {kind} | SOCK_CLOEXEC, 0, {{}})", "socketpair")


def _listener(writer: Writer, command: Command, step: Step) -> None:
    name = command.get("name")
    variable = writer.names.declare(name)
    call = f"{writer.call('listener')}({command.get('port', 0)})"
    writer.declare(variable, f"int {variable} = {call};")
    if step.number > 0:
        writer.ports[step.number] = name


def _epoll(writer: Writer, command: Command, step: Step) -> None:
    variable = writer.names.declare(command.get("name"))
    call = writer.checked("epoll_create1(EPOLL_CLOEXEC)", "epoll_create1")
    writer.declare(variable, f"int {variable} = {call};")


def _child(writer: Writer, command: Command, step: Step) -> None:
    variable = writer.names.declare(command.get("name"))
    writer.children.add(command.get("name"))
    time, status = number(command.get("time", 0)), command.get("status", 0)
    writer.declare(variable, f"pid_t {variable} = {writer.call('child')}({time}, {status});")


def _buf(writer: Writer, command: Command, step: Step) -> None:
    text: Text | None = command.get("text")
    data = text.data if text is not None else b""
    made = writer.new_buffer(command.get("name"), command.get("size", len(data)))
    if data:
        writer.say(f"memcpy({made.variable}, {string(data)}, {len(data)});")


def _feed(writer: Writer, command: Command, step: Step) -> None:
    to = writer.fd(command.get("to").name)
    what = command.get("data")
    data = string(what.data) if isinstance(what, Text) else writer.buffer(what.name).variable
    writer.say(writer.checked(f"write({to}, {data}, {max(0, step.number)})", "write") + ";")


def _drop(writer: Writer, command: Command, step: Step) -> None:
    name = command.get("name").name
    if name in writer.buffers:
        writer.say("/* The memory stays: a request may still need it. */")
    elif name in writer.children:
        variable = writer.fd(name)
        writer.say(f"kill({variable}, SIGKILL);")
        writer.say(f"waitpid({variable}, NULL, 0);")
        writer.children.discard(name)
    elif step.number > 0:
        writer.say(f"close({writer.fd(name)});")
    else:
        writer.say(f"/* There is nothing to close: {comment(name)} is only a name, or closed. */")


def _sleep(writer: Writer, command: Command, step: Step) -> None:
    writer.say(f"{writer.call('sleep_for')}({number(command.get('time'))});")


THINGS: Mapping[str, Say] = {
    "file": _file,
    "pipe": _pipe,
    "sockets": _sockets,
    "listener": _listener,
    "epoll": _epoll,
    "child": _child,
    "buf": _buf,
    "feed": _feed,
    "drop": _drop,
    "sleep": _sleep,
}
"""By verb."""
