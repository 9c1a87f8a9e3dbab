"""A real ring beside a plain model of one: whatever is done, in whatever order, they agree.

The model knows both indices of each queue, links (what a failure cancels, what a silent one
silences), cancels, what waits in the kernel when the completion queue is full, and which
blocks are alive, one by one.

The suite runs a few thousand steps. FUZZ_EXAMPLES=5000 runs as many examples as it says.
"""

from __future__ import annotations

import errno
import os
from collections import Counter
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from uringlab import (
    Buffer,
    CqeBatch,
    EnterFlags,
    IoUring,
    Params,
    SetupFlags,
    SqeFlags,
    StaleSlot,
    SubmissionQueueFull,
    ops,
)
from uringlab.core.abi import SqRingFlags
from uringlab.core.buffers import memory_stats
from uringlab.observe.source import OwnSource

FUZZ = int(os.environ.get("FUZZ_EXAMPLES", "0"))
ETERNITY = 5.0
LINKS = SqeFlags.IO_LINK | SqeFlags.IO_HARDLINK
SILENT = SqeFlags.CQE_SKIP_SUCCESS

SETUPS = [
    SetupFlags(0),
    SetupFlags.SINGLE_ISSUER | SetupFlags.DEFER_TASKRUN,
    SetupFlags.NO_SQARRAY | SetupFlags.CQE32,
    SetupFlags.SQE128,
    SetupFlags.NO_MMAP,
]
# Few values, so that they meet; and the ends of the range.
USER_DATA = st.one_of(st.integers(0, 3), st.sampled_from([2**32, 2**63, 2**64 - 1]))
FLAGS = st.sampled_from(
    [
        SqeFlags(0),
        SqeFlags(0),
        SqeFlags.IO_LINK,
        SqeFlags.IO_HARDLINK,
        SqeFlags.ASYNC,
        SILENT,
        SILENT | SqeFlags.IO_LINK,
        SILENT | SqeFlags.IO_HARDLINK,
    ]
)
RESULTS = st.sampled_from([0, 0, 0, 7, -errno.EIO])


@dataclass
class Request:
    """One SQE, from the SQ's head to the local tail.

    Attributes:
        res: what it completes with, if it is its turn; None: it waits until it is cancelled.
        target: a cancel's.
    """

    user_data: int
    flags: SqeFlags
    res: int | None = 0
    held: int = 0
    lent: int = 0
    target: int | None = None

    @property
    def silent(self):
        return SILENT in self.flags


class RingModel(RuleBasedStateMachine):
    """All that is pushed has one right answer, so what must come is known."""

    def __init__(self):
        super().__init__()
        self.ring = None
        self.null = os.open("/dev/null", os.O_WRONLY)
        self.pipe = os.pipe()

    @initialize(
        entries=st.sampled_from([1, 2, 4, 8]), flags=st.sampled_from(SETUPS), cq=st.booleans()
    )
    def open_ring(self, entries, flags, cq):
        self.blocks = memory_stats()[0]
        self.ring = IoUring(entries, Params(flags=flags, cq_entries=entries if cq else 0))
        self.source = OwnSource("ring", self.ring)
        self.batch = CqeBatch(6)
        self.entries = entries
        self.cq_entries = self.ring.params.cq_entries
        self.head = self.tail = self.local = 0
        self.cq_head = 0
        self.queue = []  # Requests, from the SQ head to the local tail
        self.slots = []  # raw slots and their indices
        self.owed = Counter()  # CQEs that have to come: (user_data, res)
        self.waiting = Counter()  # reads that wait to be cancelled, by user_data
        self.out = Counter()  # requests that are published and not let go of, by user_data
        self.held = Counter()  # their blocks, until the last CQE of that user_data is let go of
        self.tainted = set()  # names of silent requests: they prove nothing any more
        self.for_ever = 0  # blocks that only closing lets go of
        self.reads = 0
        self.aimed, self.ended = set(), set()  # reads that a cancel names; that were seen to end

    # -- the steps -----------------------------------------------------------------------

    def stage(self, push, *requests):
        if self.local - self.head + len(requests) > self.entries:
            with pytest.raises(SubmissionQueueFull):
                push()
            return None
        made = push()
        self.queue += requests
        self.local += len(requests)
        return made

    def push(self, op, request):
        index = self.stage(lambda: self.ring.sq().push(op), request)
        assert index in {None, self.local - 1}

    @rule(user_data=USER_DATA, flags=FLAGS, res=RESULTS)
    def push_nop(self, user_data, flags, res):
        inject = res or None
        op = ops.Nop(user_data=user_data, flags=flags, inject=inject)
        self.push(op, Request(user_data, flags, res))

    @rule(user_data=USER_DATA, flags=FLAGS)
    def push_write(self, user_data, flags):
        op = ops.Write(self.null, b"held", user_data=user_data, flags=flags)
        self.push(op, Request(user_data, flags, 4, held=1))

    @rule(user_data=USER_DATA, flags=FLAGS)
    def push_openat(self, user_data, flags):
        op = ops.Openat("/no/such/file", user_data=user_data, flags=flags)
        self.push(op, Request(user_data, flags, -errno.ENOENT, lent=1))

    @rule(user_data=USER_DATA, flags=FLAGS, count=st.integers(0, 5))
    def push_all(self, user_data, flags, count):
        made = [
            ops.Write(self.null, b"all", user_data=user_data, flags=flags) for _ in range(count)
        ]
        requests = [Request(user_data, flags, 3, held=1) for _ in made]
        index = self.stage(lambda: self.ring.sq().push_all(made), *requests)
        made.clear()  # or its blocks would be alive for that
        assert index in {None, self.local - count}

    def behind_a_link(self):
        # Whether it has begun when a cancel looks for it, nobody can say.
        return self.queue and self.queue[-1].flags & LINKS

    @rule()
    def push_read(self):
        if self.behind_a_link():
            return
        self.reads += 1
        name = 1000 + self.reads
        op = ops.Read(self.pipe[0], Buffer(8), user_data=name)
        self.push(op, Request(name, SqeFlags(0), None, held=1))

    @rule(user_data=USER_DATA, back=st.integers(0, 3))
    def push_cancel(self, user_data, back):
        if self.behind_a_link():
            return
        target = 1000 + self.reads - back
        if target in self.aimed - self.ended:
            return  # the second of two finds it, or does not: it is ending
        self.aimed.add(target)
        op = ops.AsyncCancel(target, user_data=user_data)
        self.push(op, Request(user_data, SqeFlags(0), target=target))

    @rule()
    def take_slot(self):
        slot = self.stage(self.ring.sq().slot, Request(0, SILENT))
        if slot is not None:
            self.slots.append((slot, self.local - 1))

    @precondition(lambda self: self.ring and self.slots)
    @rule(user_data=USER_DATA, pick=st.integers(0, 99), loud=st.booleans())
    def write_slot(self, user_data, pick, loud):
        slot, index = self.slots[pick % len(self.slots)]
        flags = SqeFlags(0) if loud else SILENT
        if index < self.tail:
            with pytest.raises(StaleSlot):
                slot.write(user_data=user_data, flags=flags)
            return
        slot.write(user_data=user_data, flags=flags)
        self.queue[index - self.head] = Request(user_data, flags)

    @rule()
    def publish(self):
        assert self.ring.sq().publish() == self.local - self.tail
        self.note_published()

    def note_published(self):
        for one in self.queue[self.tail - self.head :]:
            if one.silent:
                self.tainted.add(one.user_data)
                self.for_ever += self.held.pop(one.user_data, 0) + one.held
                continue
            self.out[one.user_data] += 1
            if one.user_data in self.tainted:
                self.for_ever += one.held
            else:
                self.held[one.user_data] += one.held
        self.tail = self.local

    def consume(self, count):
        """Where the kernel stops consuming, it cuts a chain of links."""
        chain = []
        for one in self.queue[:count]:
            chain.append(one)
            if not one.flags & LINKS:
                self.run(chain)
                chain = []
        self.run(chain)
        del self.queue[:count]
        self.head += count

    def run(self, chain):
        for at, one in enumerate(chain):
            if one.target is not None:
                found = self.waiting.pop(one.target, 0)
                if found:
                    self.owed[one.target, -errno.ECANCELED] += 1
                one.res = 0 if found else -errno.ENOENT
            elif one.res is None:
                self.waiting[one.user_data] += 1
                continue
            failed = one.res < 0
            if failed or not one.silent:
                self.owed[one.user_data, one.res] += 1
            if failed and SqeFlags.IO_HARDLINK not in one.flags:
                if not one.silent:  # else the rest ends without a word
                    for rest in chain[at + 1 :]:
                        self.owed[rest.user_data, -errno.ECANCELED] += 1
                return

    @rule(count=st.integers(0, 10))
    def enter(self, count):
        count = min(count, self.tail - self.head)
        assert self.ring.enter(count) == count
        self.consume(count)

    @rule()
    def submit(self):
        count = self.local - self.head
        assert self.ring.submit() == count
        self.note_published()
        self.consume(count)

    @rule()
    def submit_and_drain(self):
        self.ring.submit_and_drain(self.batch)
        self.note_published()
        self.consume(self.local - self.head)
        self.note_seen(list(self.batch))

    @rule()
    def wait_for_all(self):
        """What is owed comes, as far as it fits."""
        want = min(self.owed.total(), self.cq_entries)
        cq = self.ring.cq(want, timeout=ETERNITY)
        assert cq.ready() == want

    @rule()
    def see_all(self):
        """What is owed comes, whatever had to wait in the kernel; and nothing else."""
        while self.owed.total():
            self.ring.enter(0, 1, EnterFlags.GETEVENTS, timeout=ETERNITY)
            self.note_seen(self.ring.cq().drain())
        self.ring.enter(0, 0, EnterFlags.GETEVENTS)
        assert not self.ring.cq()
        assert not self.source.sample().sq_flags & SqRingFlags.CQ_OVERFLOW

    @rule(count=st.integers(0, 20))
    def peek(self, count):
        seen = self.ring.cq().peek(count)
        assert seen == self.ring.cq().peek(len(seen))
        assert not Counter(cqe[:2] for cqe in seen) - self.owed

    @rule(count=st.integers(0, 20))
    def drain(self, count):
        self.note_seen(self.ring.cq().drain(count))

    @rule(count=st.integers(0, 20))
    def advance(self, count):
        cq = self.ring.cq()
        ready = cq.ready()
        if count > ready and ready == min(self.owed.total(), self.cq_entries):
            with pytest.raises(ValueError, match="cannot advance"):
                cq.advance(count)
            return
        count = min(count, ready)
        seen = cq.peek(count)
        cq.advance(count)
        self.note_seen(seen)

    def note_seen(self, cqes):
        for cqe in cqes:
            assert self.owed[cqe[:2]] > 0, "nobody asked for it, or it came twice"
            self.owed[cqe[:2]] -= 1
            self.ended.add(cqe.user_data)
            if self.out[cqe.user_data]:
                self.out[cqe.user_data] -= 1
                if self.out[cqe.user_data] == 0:
                    self.held.pop(cqe.user_data, None)
        self.cq_head += len(cqes)

    # -- what always holds ------------------------------------------------------------------

    @invariant()
    def the_words_agree(self):
        if self.ring is None:
            return
        shot = self.source.sample()
        assert (shot.sq_head, shot.sq_tail, shot.sq_local) == (self.head, self.tail, self.local)
        assert shot.cq_head == self.cq_head
        assert shot.ready <= min(self.owed.total(), self.cq_entries)
        if shot.sq_flags & SqRingFlags.CQ_OVERFLOW:
            assert self.owed.total() > shot.ready
        assert shot.free == len(self.ring.sq()) == self.entries - (self.local - self.head)
        staged = [shot.sqe(self.tail + at).user_data for at in range(shot.staged)]
        assert staged == [one.user_data for one in self.queue[self.tail - self.head :]]
        assert shot.sq_dropped == shot.cq_overflow == 0

    @invariant()
    def what_the_kernel_may_use_is_held_and_nothing_else(self):
        if self.ring is None:
            return
        staged = self.queue[self.tail - self.head :]
        needed = sum(one.held for one in staged) + sum(one.lent for one in self.queue)
        needed += self.held.total() + self.for_ever
        assert memory_stats()[0] - self.blocks == needed

    def teardown(self):
        if self.ring is not None:
            started_with = self.blocks
            self.ring.close()
            alive, _, given_up = memory_stats()
            assert alive == started_with
            assert given_up == 0
        os.close(self.null)
        for end in self.pipe:
            os.close(end)


RingModel.TestCase.settings = settings(
    max_examples=FUZZ or 300,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestRingModel = RingModel.TestCase
