"""A change of memory says who did what: checked on hand-made looks, and on a model that walks."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uringlab import CqeFlags, ops
from uringlab.observe.diff import diff
from uringlab.observe.event import (
    Actor,
    Consumed,
    CounterChanged,
    CqFlagsChanged,
    Missed,
    Posted,
    Published,
    Rewritten,
    Seen,
    SqFlagsChanged,
    Staged,
    TakenBack,
)
from uringlab.observe.snapshot import U32, RingSnapshot

W = ("ring", 0, 0)


def sqe(number):
    return ops.Nop(user_data=number).sqe


def cqe(number):
    return number.to_bytes(8, "little") + bytes(8)


def test_nothing_moved_is_no_event(snapshot):
    assert diff("ring", snapshot(), snapshot(time_ns=9)) == []


def test_each_word_has_an_event_with_its_writer(snapshot):
    before = snapshot(time_ns=1)
    for words, event, actor in [
        ({"sq_tail": 1, "sq_local": 1}, Published("ring", 2, 1, 0, 1), Actor.YOU),
        ({"sq_head": 1}, Consumed("ring", 2, 1, 0, 1), Actor.KERNEL),
        ({"cq_tail": 1}, Posted("ring", 2, 1, 0, 0, bytes(16)), Actor.KERNEL),
        ({"cq_head": 1}, Seen("ring", 2, 1, 0, 1), Actor.YOU),
        ({"sq_flags": 3}, SqFlagsChanged("ring", 2, 1, 0, 3), Actor.KERNEL),
        ({"cq_flags": 1}, CqFlagsChanged("ring", 2, 1, 0, 1), Actor.YOU),
        ({"sq_dropped": 1}, CounterChanged("ring", 2, 1, "SQ dropped", 0, 1), Actor.KERNEL),
        ({"cq_overflow": 2}, CounterChanged("ring", 2, 1, "CQ overflow", 0, 2), Actor.KERNEL),
        ({"sq_local": 1}, Staged("ring", 2, 1, 0, 0, bytes(64)), Actor.YOU),
    ]:
        got = diff("ring", before, snapshot(time_ns=2, **words))
        assert got[-1] == event
        assert got[-1].actor is actor


def test_a_whole_life_between_two_looks_is_told_in_order(snapshot):
    after = snapshot(sq_local=1, sq_tail=1, sq_head=1, cq_tail=1, cq_head=1)
    kinds = [type(event) for event in diff("ring", snapshot(), after)]
    assert kinds == [Staged, Published, Consumed, Posted, Seen]


def test_a_tail_that_moves_back_takes_back(snapshot):
    before = snapshot(sq_local=3, sq_tail=3)
    after = snapshot(sq_local=1, sq_tail=1)
    assert diff("ring", before, after) == [TakenBack(*W, 3, 1)]


def test_a_slot_that_is_written_again_is_told_before_it_is_published(snapshot):
    before = snapshot(sq_local=2, sqes=sqe(1) + sqe(2) + bytes(128))
    again = sqe(1) + sqe(9) + bytes(128)
    rewritten = Rewritten(*W, 1, 1, sqe(9))
    assert diff("ring", before, snapshot(sq_local=2, sqes=again)) == [rewritten]
    published = snapshot(sq_local=2, sq_tail=2, sqes=again)
    assert diff("ring", before, published) == [rewritten, Published(*W, 0, 2)]


def test_a_slot_that_is_written_again_past_the_queues_end_is_told(snapshot):
    words = {"sq_head": 3, "sq_tail": 3, "sq_local": 5}
    before = snapshot(**words, sqes=sqe(2) + bytes(128) + sqe(1))
    after = snapshot(**words, sqes=sqe(9) + bytes(128) + sqe(1))
    assert diff("ring", before, after) == [Rewritten(*W, 4, 0, sqe(9))]


def test_a_slot_that_was_taken_anew_is_not_a_slot_that_was_rewritten(snapshot):
    before = snapshot(sq_local=1, sqes=sqe(1) + bytes(192))
    after = snapshot(sq_head=4, sq_tail=4, sq_local=5, sqes=sqe(5) + bytes(192))
    assert not [event for event in diff("ring", before, after) if isinstance(event, Rewritten)]


@pytest.mark.timeout(5)
def test_a_tail_that_somebody_else_moved_past_the_local_one_costs_nothing(snapshot):
    before = snapshot(sq_tail=1, sq_local=0)
    after = snapshot(sq_tail=2, sq_local=0, sqes=b"\1" * 256)
    assert Published(*W, 1, 2) in diff("ring", before, after)


def test_in_a_mixed_queue_what_is_posted_is_a_cqe_whatever_its_size(snapshot):
    large = cqe(1)[:12] + int(CqeFlags.F_32).to_bytes(4, "little")
    filler = bytes(12) + int(CqeFlags.SKIP).to_bytes(4, "little")
    before = snapshot(cqe_mixed=True, cq_head=6, cq_tail=6)
    cqes = large + cqe(99) + cqe(2) + bytes(3 * 16) + cqe(3) + filler
    after = snapshot(cqe_mixed=True, cq_head=6, cq_tail=11, cqes=cqes)
    assert diff("ring", before, after) == [
        Posted(*W, 6, 6, cqe(3)),
        Posted(*W, 8, 0, large + cqe(99), 2),
        Posted(*W, 10, 2, cqe(2)),
    ]
    assert diff("ring", before, after)[1].text().endswith("CQ tail → 10")


def test_in_a_mixed_queue_that_lapped_cqes_are_told_from_slot_0_on(snapshot):
    """Where one begins before that nobody knows."""
    before = snapshot(cqe_mixed=True)
    after = snapshot(cqe_mixed=True, cq_tail=19, cqes=cqe(1) + cqe(2) + cqe(3) + b"\xff" * (5 * 16))
    assert diff("ring", before, after) == [
        Missed(*W, "CQ slot", 16),
        Posted(*W, 16, 0, cqe(1)),
        Posted(*W, 17, 1, cqe(2)),
        Posted(*W, 18, 2, cqe(3)),
    ]


# -- a model that walks -------------------------------------------------------------------


class Model:
    """A ring as the rules say it is: it knows what it did, and what can be seen of it."""

    def __init__(self, sq_entries, cq_entries, start):
        self.sq_entries, self.cq_entries = sq_entries, cq_entries
        self.sqes, self.cqes = bytearray(64 * sq_entries), bytearray(16 * cq_entries)
        self.head = self.tail = self.local = self.cq_head = self.cq_tail = start
        self.time = self.number = 0

    def step(self, step, count):
        for _ in range(count):
            getattr(self, step)()

    def stage(self):
        if self.local - self.head < self.sq_entries:
            self.number += 1
            at = self.local % self.sq_entries * 64
            self.sqes[at : at + 64] = sqe(self.number)
            self.local += 1

    def publish(self):
        self.tail = self.local

    def consume(self):
        self.head += self.head < self.tail

    def post(self):
        if self.cq_tail - self.cq_head < self.cq_entries:
            self.number += 1
            at = self.cq_tail % self.cq_entries * 16
            self.cqes[at : at + 16] = cqe(self.number)
            self.cq_tail += 1

    def see(self):
        self.cq_head += self.cq_head < self.cq_tail

    def turn(self):
        """The whole way, so that a long walk laps the queues."""
        for step in ("stage", "publish", "consume", "post", "see"):
            getattr(self, step)()

    def look(self):
        self.time += 1
        words = {
            "sq_head": self.head & U32,
            "sq_tail": self.tail & U32,
            "sq_local": self.local & U32,
            "cq_head": self.cq_head & U32,
            "cq_tail": self.cq_tail & U32,
        }
        return RingSnapshot(
            time_ns=self.time,
            sq_flags=0,
            sq_dropped=0,
            sq_entries=self.sq_entries,
            cq_flags=0,
            cq_overflow=0,
            cq_entries=self.cq_entries,
            sqe_size=64,
            cqe_size=16,
            sqes=bytes(self.sqes),
            cqes=bytes(self.cqes),
            **words,
        )


WALK = st.lists(
    st.lists(
        st.tuples(
            st.sampled_from(["stage", "publish", "consume", "post", "see", "turn"]),
            st.integers(1, 12),
        ),
        max_size=6,
    ),
    max_size=12,
)


@settings(max_examples=300, deadline=None)
@given(
    sq_bits=st.integers(0, 3),
    cq_bits=st.integers(0, 3),
    start=st.one_of(st.just(0), st.integers(2**32 - 40, 2**32 - 1)),
    walk=WALK,
)
def test_a_random_walk_is_told_step_by_step_and_what_was_missed_is_counted(
    sq_bits, cq_bits, start, walk
):
    model = Model(1 << sq_bits, 1 << cq_bits, start)
    before = model.look()
    for steps in walk:
        old = (model.local, model.tail, model.head, model.cq_tail, model.cq_head)
        for step, count in steps:
            model.step(step, count)
        after = model.look()
        when = ("ring", after.time_ns, before.time_ns)
        expected = []
        staged, posted = model.local - old[0], model.cq_tail - old[3]
        if staged > model.sq_entries:
            expected.append(Missed(*when, "SQE", staged - model.sq_entries))
        for index in range(max(old[0], model.local - model.sq_entries), model.local):
            slot = index % model.sq_entries
            data = after.sqes[64 * slot : 64 * slot + 64]
            expected.append(Staged(*when, index & U32, slot, data))
        if model.tail != old[1]:
            expected.append(Published(*when, old[1] & U32, model.tail & U32))
        if model.head != old[2]:
            expected.append(Consumed(*when, old[2] & U32, model.head & U32))
        if posted > model.cq_entries:
            expected.append(Missed(*when, "CQE", posted - model.cq_entries))
        for index in range(max(old[3], model.cq_tail - model.cq_entries), model.cq_tail):
            slot = index % model.cq_entries
            data = after.cqes[16 * slot : 16 * slot + 16]
            expected.append(Posted(*when, index & U32, slot, data))
        if model.cq_head != old[4]:
            expected.append(Seen(*when, old[4] & U32, model.cq_head & U32))
        assert diff("ring", before, after) == expected
        before = after


@settings(max_examples=200, deadline=None)
@given(walk=WALK, start=st.integers(2**32 - 40, 2**32 + 40))
def test_looking_after_every_step_misses_nothing(walk, start):
    model = Model(4, 4, start)
    before = model.look()
    numbers = []
    for steps in walk:
        for step, count in steps:
            for _ in range(count):
                model.step(step, 1)
                after = model.look()
                for event in diff("ring", before, after):
                    assert not isinstance(event, Missed)
                    if isinstance(event, Staged | Posted):
                        numbers.append(event.decoded().user_data)
                before = after
    assert sorted(numbers) == list(range(1, model.number + 1))
