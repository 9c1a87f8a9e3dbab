"""What a name of the session stands for, and what to do with it."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from uringlab.core.buffers import BadPage
from uringlab.lab.explain.lines import Answer, counted
from uringlab.lab.explain.request import explain_request
from uringlab.lab.names import BufferThing, ChildThing, FileThing, RequestThing, RingThing

if TYPE_CHECKING:
    from uringlab.lab.names import Thing
    from uringlab.lab.session import Session


def explain_thing(session: Session, thing: Thing) -> Answer:
    """A request's life; of anything else two lines."""
    match thing:
        case RequestThing():
            return explain_request(session, thing)
        case RingThing():
            return Answer("ring", thing.name, _ring(session, thing))
        case BufferThing():
            return Answer("buffer", thing.name, _buffer(thing))
        case ChildThing():
            return Answer(
                "child",
                thing.name,
                counted(
                    f"{thing.name} is a child process, {thing.text()}: it waits to be waited for",
                    f"Try: waitid {thing.name}. It is ended with the session.",
                ),
            )
        case FileThing():
            return Answer("file", thing.name, _file(session, thing))


def explain_place(ring: RingThing, place: int) -> Answer:
    """`fixed:3`: a place in the ring's table of registered files, which must be there."""
    inside = ring.registered.files[place]
    what = f"{inside} is in it" if inside else "nothing is in it that has a name here"
    return Answer(
        "registered file",
        f"fixed:{place}",
        counted(
            f"fixed:{place} is place {place} of the registered files of {ring.name}: {what}",
            f"It goes where an fd goes, and its SQE has FIXED_FILE: read fixed:{place} 64. "
            "Try: show registered.",
        ),
    )


def _ring(session: Session, thing: RingThing) -> str:
    shot = thing.observer.look()
    used = "the one in use" if session.current is thing else f"not in use: ring use {thing.name}"
    flying = session.requests.in_flight(thing.name)
    return counted(
        f"{thing.name} is a ring ({used}): SQ {shot.sq_entries} slots, CQ {shot.cq_entries} slots",
        f"{shot.staged} staged, {shot.pending} pending, {flying} in flight, {shot.ready} ready. "
        "Try: show ring, show sq, show memory.",
    )


def _buffer(thing: BufferThing) -> str:
    name = thing.name
    if isinstance(thing.buffer, BadPage):
        return counted(
            f"{name} is a page that is guaranteed not to be mapped, for seeing EFAULT",
            f"Try: do read f 4 buf={name}.",
        )
    return counted(
        f"{name} is a buffer: {thing.text()}, which the kernel reads or writes for requests",
        f"A request that names it holds it until its last CQE. Try: read f 4 buf={name}, "
        f"show {name}.",
    )


def _file(session: Session, thing: FileThing) -> str:
    name = thing.name
    head = f"{name} is {_kind(thing)}: {thing.text()}"
    return counted(head, f"{_use(thing)} Try: show {name}, drop {name}.")


def _kind(thing: FileThing) -> str:
    mode = thing.opened.st_mode if thing.opened is not None else 0
    if stat.S_ISREG(mode):
        return "a file"
    if stat.S_ISFIFO(mode):
        return "an end of a pipe"
    if stat.S_ISSOCK(mode):
        return "a socket"
    if stat.S_ISDIR(mode):
        return "a directory"
    return "an open file"


def _use(thing: FileThing) -> str:
    name = thing.name
    mode = thing.opened.st_mode if thing.opened is not None else 0
    if stat.S_ISREG(mode):
        return f'It goes where an fd goes: read {name} 64, write {name} "text".'
    if stat.S_ISFIFO(mode) and "write" in thing.what:
        return f'It goes where an fd goes: write {name} "text"; from outside: feed {name} "text".'
    if stat.S_ISFIFO(mode):
        return f"It goes where an fd goes: read {name} 64, poll_add {name} in."
    if stat.S_ISSOCK(mode) and "listen" in thing.what:
        return f"It goes where an fd goes: accept {name}."
    if "epoll" in thing.what:
        return f"It goes where an epoll set goes: epoll_wait {name}."
    if "eventfd" in thing.what:
        return f"It goes where an fd goes: read {name} 8 takes its count."
    if stat.S_ISSOCK(mode):
        return f'It goes where an fd goes: send {name} "text", recv {name} 64.'
    return "It goes where an fd goes."
