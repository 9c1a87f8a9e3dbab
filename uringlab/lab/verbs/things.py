"""Things to do I/O on, made at once, outside the ring: files, pipes, sockets, buffers."""

from __future__ import annotations

import errno
import os
import select
import socket
from typing import TYPE_CHECKING

from uringlab.core.buffers import Buffer
from uringlab.core.fd import OwnedFd
from uringlab.lab.errors import LineError
from uringlab.lab.names import BufferThing, ChildThing, FileThing, RequestThing, RingThing
from uringlab.lab.reply import note
from uringlab.lab.spec import CommandSpec, Param
from uringlab.lab.values import (
    Choice,
    Data,
    Duration,
    FileMode,
    Integer,
    NameOf,
    NewName,
    Path,
    Ref,
    Str,
    Text,
)
from uringlab.observe.request import State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from uringlab.lab.reply import Reply
    from uringlab.lab.session import Session
    from uringlab.lab.spec import Command

MAX_BUFFER = 1 << 30
_LIVE = (State.STAGED, State.PUBLISHED, State.IN_FLIGHT, State.POSTED)


def _file(session: Session, command: Command) -> Iterator[Reply]:
    name = command.get("name")
    session.claim(name, command.span_of("name"))
    typed = command.get("path")
    try:
        path = session.scratch.resolve(typed.text)
    except LineError as error:
        error.span = command.span_of("path")
        raise
    text: Text | None = command.get("text")
    data = text.data if text is not None else b""
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | (os.O_TRUNC if text is not None else 0)
    try:
        fd = OwnedFd(os.open(path, flags, command.get("mode", 0o644)))
    except OSError as error:
        raise LineError(
            f"cannot open {typed.text}: {error.strerror}", command.span_of("path")
        ) from error
    if data:
        os.pwrite(fd.number, data, 0)
    session.names[name] = FileThing(name, fd, typed.text)
    size = os.fstat(fd.number).st_size
    yield note(f"{name}: fd {fd.number}, {typed.text}, {size} bytes")


def _pipe(session: Session, command: Command) -> Iterator[Reply]:
    names = (command.get("read"), command.get("write"))
    if names[0] == names[1]:
        raise LineError("a pipe has two ends: give two names", command.span_of("write"))
    for name, place in zip(names, ("read", "write"), strict=True):
        session.claim(name, command.span_of(place))
    ends = os.pipe2(os.O_CLOEXEC)
    for name, fd, what in zip(names, ends, ("the end to read", "the end to write"), strict=True):
        session.names[name] = FileThing(name, OwnedFd(fd), f"pipe, {what}")
    yield note(f"{names[0]}: fd {ends[0]}, {names[1]}: fd {ends[1]}, a pipe")


def _sockets(session: Session, command: Command) -> Iterator[Reply]:
    names = (command.get("one"), command.get("other"))
    if names[0] == names[1]:
        raise LineError("a pair has two ends: give two names", command.span_of("other"))
    for name, place in zip(names, ("one", "other"), strict=True):
        session.claim(name, command.span_of(place))
    if command.get("type") == "tcp":
        ends = _tcp_pair()
    else:
        kind = socket.SOCK_DGRAM if command.get("type") == "dgram" else socket.SOCK_STREAM
        ends = socket.socketpair(socket.AF_UNIX, kind)
    for name, end, peer in zip(names, ends, reversed(names), strict=True):
        session.names[name] = FileThing(name, OwnedFd(end.detach()), f"socket, connected to {peer}")
    numbers = [session.file(name).fd.number for name in names]
    yield note(f"{names[0]}: fd {numbers[0]}, {names[1]}: fd {numbers[1]}, connected to each other")


def _tcp_pair() -> tuple[socket.socket, socket.socket]:
    """Two sockets of this machine, connected to each other, and to nobody who came between."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        one = socket.create_connection(door.getsockname())
        while True:
            other, peer = door.accept()
            if peer == one.getsockname():
                return one, other
            other.close()


def _listener(session: Session, command: Command) -> Iterator[Reply]:
    name = command.get("name")
    session.claim(name, command.span_of("name"))
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as listening:
        try:
            listening.bind(("127.0.0.1", command.get("port", 0)))
        except OSError as error:
            raise LineError(f"cannot bind: {error.strerror}", command.span_of("port")) from error
        listening.listen()
        port = listening.getsockname()[1]
        fd = OwnedFd(listening.detach())
    session.guard.is_bound(fd)
    session.names[name] = FileThing(name, fd, f"socket, listening at 127.0.0.1:{port}")
    session.taken.number(port)
    yield note(f"{name}: fd {fd.number}, listening at 127.0.0.1:{port}")


def _epoll(session: Session, command: Command) -> Iterator[Reply]:
    name = command.get("name")
    session.claim(name, command.span_of("name"))
    with select.epoll() as made:
        fd = OwnedFd(os.dup(made.fileno()))
    session.names[name] = FileThing(name, fd, "an epoll set")
    yield note(f"{name}: fd {fd.number}, an epoll set with nothing in it")


def _child(session: Session, command: Command) -> Iterator[Reply]:
    name = command.get("name")
    session.claim(name, command.span_of("name"))
    seconds = command.get("time", 0) / 1_000_000_000
    status = command.get("status", 0)
    script = f"sleep {seconds:.3f}; exit {status}"
    pid = os.posix_spawn("/bin/sh", ["sh", "-c", script], {"PATH": "/usr/bin:/bin"})
    session.names[name] = ChildThing(name, pid)
    yield note(
        f"{name}: pid {pid}, ends after {seconds:g} s with status {command.get('status', 0)}"
    )


def _buf(session: Session, command: Command) -> Iterator[Reply]:
    name = command.get("name")
    session.claim(name, command.span_of("name"))
    text: Text | None = command.get("text")
    data = text.data if text is not None else b""
    size = command.get("size", len(data))
    if len(data) > size:
        raise LineError(
            f"the text has {len(data)} bytes, the buffer {size}", command.span_of("text")
        )
    if size == 0:
        raise LineError('how large? buf b0 4k, or buf b0 text="…"', command.span, "buf b0 4k")
    try:
        buffer = Buffer(size)
    except MemoryError as error:
        raise LineError(str(error), command.span_of("size")) from error
    buffer.view[: len(data)] = data
    thing = session.new_buffer(name, buffer)
    yield note(f"{name}: {thing.text()}")


def _feed(session: Session, command: Command) -> Iterator[Reply]:
    try:
        thing = session.file(command.get("to").name)
    except LineError as error:
        error.span = error.span or command.span_of("to")
        raise
    if not thing.fd.owned:
        raise LineError(f"{thing.name} is closed, or being closed", command.span_of("to"))
    what = command.get("data")
    data = what.data if isinstance(what, Text) else _bytes_of(session, what)
    try:
        # Only as much as fits: a write that blocks would block the learner, not the ring.
        written = _write_some(thing.fd.number, data)
    except OSError as error:
        meaning = {
            errno.EAGAIN: "it is full: nobody reads the other end",
            errno.EBADF: "it is not open for writing",
            errno.EPIPE: "nobody reads the other end any more",
        }
        why = meaning.get(error.errno or 0, error.strerror or "")
        raise LineError(f"cannot feed {thing.name}: {why}", command.span_of("to")) from error
    session.taken.number(written)
    some = f"{written} bytes" if written == len(data) else f"{written} of {len(data)} bytes"
    yield note(f"fed {some} to {thing.name} with a plain write(2), outside the ring")


def _write_some(fd: int, data: bytes | memoryview) -> int:
    was_blocking = os.get_blocking(fd)
    os.set_blocking(fd, False)
    try:
        return os.write(fd, data)
    finally:
        os.set_blocking(fd, was_blocking)


def _bytes_of(session: Session, ref: Ref) -> memoryview:
    thing = session.find(ref.name, "buffer")
    if not isinstance(thing, BufferThing) or not isinstance(thing.buffer, Buffer):
        raise LineError(f"{ref.name} has no bytes to write: nothing is mapped there")
    return thing.buffer.view


def _drop(session: Session, command: Command) -> Iterator[Reply]:
    name = command.get("name").name
    thing = session.find(name)
    if name == "bad":
        raise LineError("the bad page stays", command.span_of("name"))
    match thing:
        case RingThing():
            raise LineError(f"{name} is a ring", command.span, f"ring close {name}")
        case FileThing():
            session.guard.check_fd(thing.fd)
            session.taken.number(int(thing.fd.owned and thing.leads_here()))
            thing.close()
            yield note(f"{name} is closed, and the name is free")
        case RequestThing() if thing.request.state in _LIVE:
            raise LineError(
                f"{name} is {thing.request.state}: a request keeps its name until it is seen",
                command.span_of("name"),
            )
        case RequestThing():
            if thing.file is not None:
                session.guard.check_fd(thing.file.fd)
                session.taken.number(int(thing.file.fd.owned and thing.file.leads_here()))
                thing.file.close()
            yield note(f"the name {name} is free")
        case ChildThing():
            thing.end()
            yield note(f"{name} has ended, and the name is free")
        case BufferThing():
            yield note(f"the name {name} is free; the memory goes when no request needs it")
    del session.names[name]


SPECS = (
    CommandSpec(
        "file",
        "make or open a file in the session's directory",
        _file,
        'file g todo.txt text="hello"',
        "things to do I/O on",
        (
            Param("name", NewName(), "what to call it", required=True, positional=True),
            Param(
                "path",
                Path(),
                "where, below the session's directory",
                required=True,
                positional=True,
            ),
            Param("text", Str(), "what to put into it"),
            Param("mode", FileMode(), "permissions, if it is made", default="0644"),
        ),
        c="int fd = open(PATH, O_RDWR | O_CREAT, 0644);",
    ),
    CommandSpec(
        "pipe",
        "make a pipe: an end to read and an end to write",
        _pipe,
        "pipe in out",
        "things to do I/O on",
        (
            Param("read", NewName(), "the end to read from", required=True, positional=True),
            Param("write", NewName(), "the end to write to", required=True, positional=True),
        ),
        c="int fds[2]; pipe(fds);",
    ),
    CommandSpec(
        "sockets",
        "make two sockets that are connected to each other",
        _sockets,
        "sockets left right",
        "things to do I/O on",
        (
            Param("one", NewName(), "one end", required=True, positional=True),
            Param("other", NewName(), "the other", required=True, positional=True),
            Param(
                "type",
                Choice(
                    "TYPE",
                    {
                        "stream": "a stream of bytes, AF_UNIX",
                        "dgram": "messages, AF_UNIX",
                        "tcp": "TCP, through 127.0.0.1",
                    },
                ),
                "what goes through",
                default="stream",
            ),
        ),
        c="int fds[2]; socketpair(AF_UNIX, SOCK_STREAM, 0, fds);",
    ),
    CommandSpec(
        "listener",
        "make a TCP socket that listens on this machine",
        _listener,
        "listener door",
        "things to do I/O on",
        (
            Param("name", NewName(), "what to call it", required=True, positional=True),
            Param("port", Integer(0, 2**16 - 1), "which; 0: any that is free", default="0"),
        ),
        c="int fd = socket(AF_INET, SOCK_STREAM, 0); bind(fd, …); listen(fd, 128);",
        more="It listens at 127.0.0.1 only. `show names` says which port it has got.",
    ),
    CommandSpec(
        "epoll",
        "make an epoll set",
        _epoll,
        "epoll set",
        "things to do I/O on",
        (Param("name", NewName(), "what to call it", required=True, positional=True),),
        c="int fd = epoll_create1(EPOLL_CLOEXEC);",
    ),
    CommandSpec(
        "child",
        "start a child process that ends after a while",
        _child,
        "child kid time=10ms status=3",
        "things to do I/O on",
        (
            Param("name", NewName(), "what to call it", required=True, positional=True),
            Param("time", Duration(), "how long it lives", default="0s"),
            Param("status", Integer(0, 255), "what it ends with", default="0"),
        ),
        c='pid_t pid = fork(); if (pid == 0) execl("/bin/sh", "sh", "-c", "exit 0", NULL);',
        more="For WAITID. It is ended with the session, if it has not ended by itself.",
    ),
    CommandSpec(
        "buf",
        "make a buffer",
        _buf,
        "buf big 4k",
        "things to do I/O on",
        (
            Param("name", NewName(), "what to call it", required=True, positional=True),
            Param("size", Integer(1, MAX_BUFFER), "bytes: 64, 4k, 1M", positional=True),
            Param("text", Str(), "what to put into it"),
        ),
        c="char buf[SIZE];",
        more="A buffer lives as long as its name or any request that uses it. `bad` is a page "
        "where nothing is, for seeing EFAULT.",
    ),
    CommandSpec(
        "feed",
        "a plain write(2) from outside, to make something ready",
        _feed,
        'feed wr "hello"',
        "things to do I/O on",
        (
            Param(
                "to",
                NameOf("file", "FD"),
                "a pipe's end, or a file",
                required=True,
                positional=True,
            ),
            Param("data", Data(), "what to write", required=True, positional=True),
        ),
        c="write(fd, DATA, LEN);",
    ),
    CommandSpec(
        "drop",
        "close a file, or free a name",
        _drop,
        "drop f",
        "things to do I/O on",
        (Param("name", NameOf("", "NAME"), "what to drop", required=True, positional=True),),
    ),
)
