"""Looks, events and keyframes survive being written."""

from __future__ import annotations

from dataclasses import fields

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from uringlab.observe.event import KINDS, Opened
from uringlab.observe.log import Look
from uringlab.observe.recording.codec import (
    changed,
    event_from_plain,
    event_to_plain,
    look_entry,
    next_look,
    patched,
    ring_from_plain,
    ring_to_plain,
)
from uringlab.observe.snapshot import Acts


def through_a_file(plain):
    return msgpack.unpackb(msgpack.packb(plain), strict_map_key=False)


slots = st.lists(st.sampled_from([b"a" * 16, b"b" * 16, b"c" * 16]), min_size=1, max_size=40)


@given(slots, slots)
def test_what_differs_leads_from_the_old_bytes_to_the_new(old, new):
    old, new = b"".join(old), b"".join(new)
    assert patched(old, through_a_file(changed(old, new, 16))) == new


def test_only_the_slots_that_differ_are_written_and_neighbours_together():
    old = bytes(64 * 32)
    new = bytearray(old)
    for slot in (3, 4, 5, 17):
        new[slot * 64] = 1
    told = changed(old, bytes(new), 64)
    assert told[0::2] == [3 * 64, 17 * 64]
    assert [len(data) for data in told[1::2]] == [3 * 64, 64]
    assert changed(old, old, 64) == []


def test_a_queue_of_another_size_is_written_whole():
    assert changed(bytes(64), b"x" * 128, 64) == [-1, b"x" * 128]


words = st.integers(0, 2**32 - 1)
shots = st.fixed_dictionaries(
    {
        "time_ns": st.integers(0, 2**62),
        **dict.fromkeys(
            ("sq_head", "sq_tail", "sq_local", "sq_flags", "sq_dropped", "cq_head"), words
        ),
        "cq_tail": words,
        "cq_flags": words,
        "cq_overflow": words,
        "sqes": st.sampled_from([bytes(256), b"s" * 256]),
        "cqes": st.sampled_from([bytes(128), b"c" * 128]),
        "acts": st.tuples(*[st.integers(0, 2**62)] * 8).map(Acts._make),
    }
)


@given(one=shots, other=shots, since=st.integers(0, 2**62))
def test_the_next_look_is_the_one_that_was_written(empty, one, other, since):
    before, after = empty._replace(**one), empty._replace(**other, cqe_mixed=True)
    entry = through_a_file(look_entry(Look("r0", before, after, since, [])))
    assert next_look(before, entry) == (after, since)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_event_comes_back(kind):
    values = {"int": 7, "str": "r0", "bytes": b"\0\xff", "int | None": None}
    values["tuple[tuple[str, int | str], ...]"] = (("fd", 3), ("flags", "GETEVENTS"))
    event = KINDS[kind](*(values[one.type] for one in fields(KINDS[kind])))
    back = event_from_plain(through_a_file(event_to_plain(event)))
    assert back == event
    assert type(back) is KINDS[kind]


def test_a_whole_ring_comes_back(snapshot):
    opened = Opened("r0", 5, 5, 4, 8, 77, 6, 3)
    shot = snapshot(sq_tail=3, sqes=b"q" * 256, cqe_mixed=True, acts=Acts(1, 2, 3, 4, 5, 6, 7, 8))
    back, ring = ring_from_plain(through_a_file(ring_to_plain(opened, shot)))
    assert back == opened
    assert ring.snapshot == shot
    assert tuple(ring.facts) == (77, 6, 3)
