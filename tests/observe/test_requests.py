"""A folder of lives, put away and taken out again: nothing is different."""

import msgpack
from hypothesis import given, settings
from hypothesis import strategies as st

from uringlab import ops
from uringlab.core.abi import SqeFlags
from uringlab.observe.event import (
    Closed,
    Consumed,
    Opened,
    Posted,
    Published,
    Rewritten,
    Seen,
    SqFlagsChanged,
    Staged,
    TakenBack,
)
from uringlab.observe.requests import DUMPED, Requests

RINGS = st.sampled_from(["r0", "r1"])
SMALL = st.integers(0, 12)
FLAGS = st.sampled_from(
    [0, SqeFlags.IO_LINK, SqeFlags.IO_HARDLINK, SqeFlags.IO_DRAIN, SqeFlags.CQE_SKIP_SUCCESS]
)


@st.composite
def events(draw):
    """Anything that could be told, sensible or not: what others do to a ring need not be."""
    time = draw(st.integers(1, 10**6))
    head = (draw(RINGS), time, time - draw(st.integers(0, 1)))
    index, user_data = draw(SMALL), draw(st.integers(0, 4))
    kind = draw(
        st.sampled_from(
            [
                *(Staged, Staged, Posted, Posted, Published, Consumed, Consumed, Seen),
                *(TakenBack, Rewritten, SqFlagsChanged, Opened, Closed),
            ]
        )
    )
    if kind in (Staged, Rewritten):
        sqe = ops.Nop(user_data=user_data, flags=draw(FLAGS)).sqe
        return kind(*head, index, index & 3, sqe)
    if kind is Posted:
        more = draw(st.sampled_from([0, 2, 8]))
        cqe = user_data.to_bytes(8, "little") + bytes(4) + more.to_bytes(4, "little")
        return Posted(*head, index, index & 7, cqe)
    if kind is Opened:
        return Opened(*head, 4, 8, 1, 5, 0)
    if kind is Closed:
        return Closed(*head)
    return kind(*head, index, draw(SMALL))


def stored(requests):
    """As a recording has it."""
    return msgpack.unpackb(msgpack.packb(requests.dump()), strict_map_key=False)


@given(before=st.lists(events(), max_size=60), after=st.lists(events(), max_size=40))
@settings(deadline=None)
def test_what_was_put_away_goes_on_as_if_it_had_not_been(before, after):
    one = Requests(keep=50)
    one.take(before)
    other = Requests.load(stored(one))
    assert stored(other) == stored(one)
    for requests in (one, other):
        requests.take(after)
    assert stored(other) == stored(one)
    for ring in ("r0", "r1"):
        assert other.in_flight(ring) == one.in_flight(ring)
        names = [life.to_json() for life in one.newest(ring, 20)]
        assert [life.to_json() for life in other.newest(ring, 20)] == names


def test_of_what_is_over_only_the_newest_are_put_away():
    requests = Requests()
    for index in range(1_000):
        when = ("r0", index + 1, index + 1)
        requests.take(
            [
                Staged(*when, index, 0, ops.Nop(user_data=index).sqe),
                Consumed(*when, index, index + 1),
                Posted(*when, index, 0, index.to_bytes(8, "little") + bytes(8)),
                Seen(*when, index, index + 1),
            ]
        )
    loaded = Requests.load(stored(requests))
    assert len(loaded) == DUMPED
    assert loaded.count == requests.count == 1_000
    assert [one.user_data for one in loaded][-1] == 999
