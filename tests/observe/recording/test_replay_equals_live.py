"""Ten thousand random operations: what is replayed is what was seen, byte for byte."""

import contextlib
import random
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from uringlab.lab.errors import LineError
from uringlab.lab.session import Session
from uringlab.observe.event import Closed
from uringlab.observe.recording.recording import Recording

EXAMPLES, OPERATIONS = 10, 1_000

# Each as often as it stands here: what moves the ring on is wanted most.
LINES = (
    *("nop", "nop", "nop", "read f 8", "read 999 4", 'write f "x"', "nop", "read f 4"),
    *(
        "nop flags=io_link",
        "nop flags=io_hardlink",
        "nop flags=io_drain",
        "read 999 1 flags=io_link",
    ),
    *("nop flags=cqe_skip_success", "timeout 1ms", "timeout 60s", "link_timeout 1ms"),
    *("poll_add rd", "nop user_data=7", "timeout 60s user_data=7", "async_cancel user_data=7"),
    *("async_cancel r1", "poll_remove r1", 'feed wr "x"', "read rd 1"),
    *("publish", "submit", "submit", "submit", "enter", "enter flags=getevents"),
    *("reap", "reap", "reap 1", "peek", "show requests", "repeat 3 nop", "repeat 20 nop"),
    *("ring use r0", "ring use other", "ring new other entries=2", "ring close other"),
    *("ring new wide entries=4 flags=sqe128|cqe32", "ring close wide", "ring use wide"),
    "ring new r0 entries=8",
)


class Seen:
    """Told by the log, as a recorder is: how each ring was after every event."""

    def __init__(self, log):
        self.after = [{}]
        self.events = []
        log.watch(self, lambda: None)

    def look(self, look):
        for event in look.events:
            self.events.append(event)
            self.after.append({**self.after[-1], look.ring: look.after})

    def act(self, event):
        self.events.append(event)
        rings = dict(self.after[-1])
        if isinstance(event, Closed):
            rings.pop(event.ring, None)
        self.after.append(rings)


@given(seed=st.integers(0, 2**32))
@settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None
)
def test_every_moment_is_as_it_was_seen(seed):
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "random.uringrec"
        with Session() as session:
            seen = Seen(session.log)
            session.recorders.record(path, session.log, session.requests, payload=False)
            for line in ('file f a.txt text="hello"', "pipe rd wr"):
                session(line)
            lives = {}
            for number in range(OPERATIONS):
                with contextlib.suppress(LineError):
                    session(chance.choice(LINES))
                if number % 50 == 0:
                    lives[session.log.count] = session.requests.dump()
            session("record stop")
        with Recording.open(path) as recording:
            # What came after `record stop` is not in it.
            count = recording.count
            assert 100 < count <= len(seen.events)
            assert list(recording.events(0, count)) == seen.events[:count]
            for number in (*range(count + 1), *chance.choices(range(count + 1), k=50)):
                moment = recording.moment(number)
                assert {name: at.snapshot for name, at in moment.rings.items()} == seen.after[
                    number
                ], number
                if number in lives:
                    assert moment.requests.dump() == lives.pop(number)
            assert not lives
