"""A recording is sampled like a ring that lives."""

import pytest

from uringlab.lab.session import Session
from uringlab.observe.event import SystemCall
from uringlab.observe.log import EventLog
from uringlab.observe.observer import Observer
from uringlab.observe.recording.recorder import Recorder
from uringlab.observe.recording.recording import Recording
from uringlab.observe.recording.source import RecordedSource
from uringlab.observe.recording.store import Store


@pytest.fixture
def past(tmp_path):
    with Session() as session:
        store = Store.create(tmp_path / "a.uringrec")
        recorder = Recorder(store, session.log, session.requests)
        session.run("do nop; read 999 4; publish; enter; reap; ring close r0")
        recorder.close()
        store.close()
    with Recording.open(tmp_path / "a.uringrec") as recording:
        yield recording


def test_whoever_watches_a_recording_sees_the_events_that_were_seen(past):
    source = RecordedSource("r0", past, 2)
    log = EventLog()
    observer = Observer(source, log)
    while source.number < past.count:
        source.number += 1
        observer.look()
    told = [one for one in past.events(1, past.count) if not isinstance(one, SystemCall)]
    # System calls are told beside the looks: memory does not show them.
    assert [one.text() for one in log.since(0)] == [one.text() for one in told]
    assert not observer.open


def test_a_ring_that_was_not_there_cannot_be_sampled(past):
    with pytest.raises(LookupError, match="no ring r9 after 2 events"):
        RecordedSource("r9", past, 2)
    assert RecordedSource("r0", past, 2).facts == past.moment(2).rings["r0"].facts
