"""A real ring beside a plain model of one: whatever is done, in whatever order, they agree.

The suite runs a few hundred steps. FUZZ_EXAMPLES=5000 runs as many examples as it says.
"""

from __future__ import annotations

import os
from collections import Counter

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
    IoUring,
    Params,
    SetupFlags,
    SqeFlags,
    StaleSlot,
    SubmissionQueueFull,
    ops,
)
from uringlab.core.buffers import memory_stats
from uringlab.observe.source import OwnSource

FUZZ = int(os.environ.get("FUZZ_EXAMPLES", "0"))
ETERNITY = 5.0

SETUPS = [
    SetupFlags(0),
    SetupFlags.SINGLE_ISSUER | SetupFlags.DEFER_TASKRUN,
    SetupFlags.NO_SQARRAY | SetupFlags.CQE32,
    SetupFlags.SQE128,
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
        SqeFlags.CQE_SKIP_SUCCESS,
        SqeFlags.CQE_SKIP_SUCCESS | SqeFlags.IO_LINK,
    ]
)


class RingModel(RuleBasedStateMachine):
    """NOPs and writes to /dev/null: all succeed, so what must come is known."""

    def __init__(self):
        super().__init__()
        self.ring = None
        self.null = os.open("/dev/null", os.O_WRONLY)

    @initialize(
        entries=st.sampled_from([1, 2, 4, 8]), flags=st.sampled_from(SETUPS), cq=st.booleans()
    )
    def open_ring(self, entries, flags, cq):
        self.blocks = memory_stats()[0]
        self.ring = IoUring(entries, Params(flags=flags, cq_entries=entries if cq else 0))
        self.source = OwnSource("ring", self.ring)
        self.entries = entries
        self.cq_entries = self.ring.params.cq_entries
        self.head = self.tail = self.local = 0
        self.cq_head = 0
        self.queue = []  # (user_data, silent, blocks) from the SQ head to the local tail
        self.slots = []  # raw slots that are not published
        self.owed = Counter()  # CQEs that have to come, by user_data
        self.held = Counter()  # blocks by user_data, until its last CQE is let go of
        self.any_silent = False
        self.out = Counter()  # requests that are published and not let go of

    # -- the steps -----------------------------------------------------------------------

    def stage(self, push, entry):
        if self.local - self.head == self.entries:
            with pytest.raises(SubmissionQueueFull):
                push()
            return None
        made = push()
        self.queue.append(entry)
        self.local += 1
        return made

    @rule(user_data=USER_DATA, flags=FLAGS)
    def push_nop(self, user_data, flags):
        silent = SqeFlags.CQE_SKIP_SUCCESS in flags
        op = ops.Nop(user_data=user_data, flags=flags)
        index = self.stage(lambda: self.ring.sq().push(op), (user_data, silent, 0))
        assert index in {None, self.local - 1}

    @rule(user_data=USER_DATA, flags=FLAGS)
    def push_write(self, user_data, flags):
        silent = SqeFlags.CQE_SKIP_SUCCESS in flags
        op = ops.Write(self.null, b"held", user_data=user_data, flags=flags)
        self.stage(lambda: self.ring.sq().push(op), (user_data, silent, 1))

    @rule()
    def take_slot(self):
        slot = self.stage(self.ring.sq().slot, (0, True, 0))
        if slot is not None:
            self.slots.append((slot, len(self.queue) - 1 + self.head))

    @precondition(lambda self: self.ring and self.slots)
    @rule(user_data=USER_DATA, pick=st.integers(0, 99), loud=st.booleans())
    def write_slot(self, user_data, pick, loud):
        slot, index = self.slots[pick % len(self.slots)]
        flags = SqeFlags(0) if loud else SqeFlags.CQE_SKIP_SUCCESS
        if index < self.tail:
            with pytest.raises(StaleSlot):
                slot.write(user_data=user_data, flags=flags)
            return
        slot.write(user_data=user_data, flags=flags)
        self.queue[index - self.head] = (user_data, not loud, 0)

    @rule()
    def publish(self):
        assert self.ring.sq().publish() == self.local - self.tail
        self.note_published()

    def note_published(self):
        for user_data, silent, blocks in self.queue[self.tail - self.head :]:
            self.any_silent |= silent
            if not silent:
                self.out[user_data] += 1
                self.held[user_data] += blocks
        self.tail = self.local

    def consume(self, count):
        for user_data, silent, _ in self.queue[:count]:
            if not silent:
                self.owed[user_data] += 1
        del self.queue[:count]
        self.head += count

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
    def wait_for_all(self):
        """What is owed comes, as far as it fits."""
        want = min(sum(self.owed.values()), self.cq_entries)
        cq = self.ring.cq(want, timeout=ETERNITY)
        assert cq.ready() == want

    @rule(count=st.integers(0, 20))
    def peek(self, count):
        seen = self.ring.cq().peek(count)
        assert seen == self.ring.cq().peek(len(seen))
        assert not Counter(cqe.user_data for cqe in seen) - self.owed

    @rule(count=st.integers(0, 20))
    def drain(self, count):
        self.note_seen(self.ring.cq().drain(count))

    @rule(count=st.integers(0, 20))
    def advance(self, count):
        cq = self.ring.cq()
        ready = cq.ready()
        if count > ready and ready == min(sum(self.owed.values()), self.cq_entries):
            with pytest.raises(ValueError, match="cannot advance"):
                cq.advance(count)
            return
        count = min(count, ready)
        seen = cq.peek(count)
        cq.advance(count)
        self.note_seen(seen)

    def note_seen(self, cqes):
        for cqe in cqes:
            assert self.owed[cqe.user_data] > 0, "nobody asked for it, or it came twice"
            assert cqe.res in {0, 4}
            self.owed[cqe.user_data] -= 1
            self.out[cqe.user_data] -= 1
            if self.out[cqe.user_data] == 0:
                self.held[cqe.user_data] = 0
        self.cq_head += len(cqes)

    # -- what always holds ------------------------------------------------------------------

    @invariant()
    def the_words_agree(self):
        if self.ring is None:
            return
        shot = self.source.sample()
        assert (shot.sq_head, shot.sq_tail, shot.sq_local) == (self.head, self.tail, self.local)
        assert shot.cq_head == self.cq_head
        assert shot.ready <= min(sum(self.owed.values()), self.cq_entries)
        assert shot.free == len(self.ring.sq()) == self.entries - (self.local - self.head)
        staged = [shot.sqe(self.tail + at).user_data for at in range(shot.staged)]
        assert staged == [user_data for user_data, _, _ in self.queue[self.tail - self.head :]]
        assert shot.sq_dropped == shot.cq_overflow == 0

    @invariant()
    def what_the_kernel_may_use_is_held_and_nothing_else(self):
        if self.ring is None:
            return
        staged = self.queue[self.tail - self.head :]
        needed = sum(blocks for _, _, blocks in staged) + self.held.total()
        alive = memory_stats()[0] - self.blocks
        # What a silent request held, and what shares its user_data, stays until the end.
        assert alive >= needed if self.any_silent else alive == needed

    def teardown(self):
        if self.ring is not None:
            started_with = self.blocks
            self.ring.close()
            alive, _, given_up = memory_stats()
            assert alive == started_with
            assert given_up == 0
        os.close(self.null)


RingModel.TestCase.settings = settings(
    max_examples=FUZZ or 150,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestRingModel = RingModel.TestCase
