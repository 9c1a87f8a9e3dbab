"""Every kind of event, made to happen on the kernel, and found: once, with the right actor."""

import contextlib
import mmap
import os
import struct

import pytest

from uringlab import IoUring, OwnedFd, Params, ops
from uringlab.core import abi
from uringlab.core.abi import SetupFlags
from uringlab.core.native import lib
from uringlab.observe.event import KINDS, Actor
from uringlab.observe.log import EventLog
from uringlab.observe.observer import Observer
from uringlab.observe.source import OwnSource

YOU, KERNEL = Actor.YOU, Actor.KERNEL


class Scene:
    """A ring of 4 SQEs and 8 CQEs, and who watches it."""

    def __init__(self, flags=0):
        self.ring = IoUring(4, Params(flags=flags))
        self.log = EventLog()
        self.observer = Observer(OwnSource("ring", self.ring), self.log)

    def look(self):
        self.observer.look()
        return self

    def nops(self, count):
        for _ in range(count):
            self.ring.sq().push(ops.Nop())
        self.ring.submit()

    @contextlib.contextmanager
    def words(self):
        """The words of the rings, as somebody else would map them."""
        with mmap.mmap(
            self.ring.fd.number, self.ring.memory.sq.size, offset=abi.OFF_SQ_RING
        ) as words:
            yield words

    def store(self, words, name, value):
        at = self.ring.params.sq_off[name]
        words[at : at + 4] = struct.pack("I", value)


def opened(scene):
    """It was watched from the beginning."""


def closed(scene):
    scene.ring.close()


def resized(scene):
    scene.ring.resize(8)


def staged(scene):
    scene.ring.sq().push(ops.Nop())


def rewritten(scene):
    slot = scene.ring.sq().slot()
    scene.look()
    slot.write(user_data=5)


def published(scene):
    scene.ring.sq().push(ops.Nop())
    scene.look()
    scene.ring.sq().publish()


def taken_back(scene):
    """The kernel has not looked: a library may take its tail back. Ours never does."""
    with scene.words() as words:
        scene.store(words, "tail", 1)
        scene.look()
        scene.store(words, "tail", 0)
        scene.look()


def consumed(scene):
    published(scene)
    scene.look()
    scene.ring.enter(1)


def posted(scene):
    reader, writer = os.pipe()
    with OwnedFd(reader) as end:
        scene.ring.sq().push(ops.PollAdd(end))
        scene.ring.submit()
        scene.look()
        os.close(writer)
        scene.ring.cq(1)


def seen(scene):
    posted(scene)
    scene.look()
    scene.ring.cq().drain()


def sq_flags(scene):
    for _ in range(3):
        scene.nops(4)


def cq_flags(scene):
    with OwnedFd(os.eventfd(0)) as event:
        scene.ring.eventfd.register(event)
        scene.look()
        scene.ring.eventfd.enabled = False


def counter(scene):
    """An index that is no slot: the kernel drops it, and counts it."""
    with scene.words() as words:
        scene.store(words, "array", 77)
        scene.store(words, "tail", 1)
        lib.ul_sys_enter(scene.ring.fd.number, 1, 0, 0)


def missed(scene):
    for _ in range(3):
        scene.nops(4)
        scene.ring.cq().drain()


def system_call(scene):
    scene.ring.sq().push(ops.Nop())
    scene.ring.sq().publish()
    scene.look()
    scene.ring.enter(1)
    scene.observer.note_call("io_uring_enter", (), 1, scene.ring.last_enter.ended_ns)


# What makes it happen, who does it, what is told of it, and how often.
SCENES = {
    "opened": (opened, YOU, "ring ring: 4 SQEs, 8 CQEs", 1),
    "closed": (closed, YOU, "ring ring closed", 1),
    "resized": (resized, YOU, "SQEs 4 → 8", 1),
    "staged": (staged, YOU, "SQE slot 0: user_data=0 NOP", 1),
    "rewritten": (rewritten, YOU, "SQE slot 0 rewritten: NOP", 1),
    "published": (published, YOU, "SQ tail  0 → 1", 1),
    "taken_back": (taken_back, YOU, "SQ tail  1 → 0", 1),
    "consumed": (consumed, KERNEL, "SQ head  0 → 1", 1),
    "posted": (posted, KERNEL, "CQE slot 0: user_data=0 res=16", 1),
    "seen": (seen, YOU, "CQ head  0 → 1", 1),
    "sq_flags": (sq_flags, KERNEL, "CQ_OVERFLOW", 1),
    "cq_flags": (cq_flags, YOU, "EVENTFD_DISABLED", 1),
    "counter": (counter, KERNEL, "SQ dropped", 1),
    "missed": (missed, KERNEL, "4", 2),  # SQEs, and CQEs
    "syscall": (system_call, YOU, "io_uring_enter() = 1", 1),
}


def test_every_kind_has_a_scene():
    assert set(SCENES) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_found_once_with_the_right_actor(kind, requires):
    happen, actor, text, times = SCENES[kind]
    flags = 0
    if kind == "resized":
        flags = SetupFlags.DEFER_TASKRUN | SetupFlags.SINGLE_ISSUER
        requires(setup_flag=flags)
    scene = Scene(flags)
    try:
        happen(scene)
        for _ in range(3):  # what was found is not found again
            scene.look()
        found = [one for one in scene.log.since(0) if one.kind == kind]
        assert len(found) == times
        for one in found:
            assert one.actor == actor
            assert type(one) is KINDS[kind]
            assert one.since_ns <= one.time_ns
        assert text in found[-1].text()
    finally:
        scene.ring.close()
