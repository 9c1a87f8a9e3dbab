"""Going anywhere in a recording of a real session."""

import pytest

from uringlab.lab.session import Session
from uringlab.observe.event import Posted, Staged
from uringlab.observe.recording.recording import Recording
from uringlab.observe.request import State


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recorded")
    path = folder / "a.uringrec"
    with Session((folder,)) as session:
        session(f"record {path}")
        session('file f notes.txt text="secret"')
        session("read f 6 -> first; submit; reap")
        for _ in range(400):
            session("do nop")
        session("read 999 4 -> oops; submit; reap")
        session("ring new second entries=2; nop user_data=7777; submit")
        session("ring use r0; do nop; ring close second")
    return path


@pytest.fixture
def recording(path):
    with Recording.open(path) as recording:
        yield recording


def test_a_moment_has_the_rings_the_lives_and_what_led_there(recording):
    number = recording.find_request("first")
    moment = recording.moment(number)
    assert isinstance(moment.events[-1], Staged)
    assert moment.rings["r0"].snapshot.staged == 1
    [one] = moment.requests
    assert (one.name, one.state) == ("first", State.STAGED)
    assert moment.current == "r0"
    assert moment.time_ns == moment.events[-1].time_ns
    assert [note.text for note in moment.notes if note.kind == "line"][-1].startswith("read f 6")


def test_the_same_moment_is_the_same_from_wherever_one_comes(recording):
    numbers = [3, recording.count, 700, 701, 700, 0, 1500, 1499]
    shots = {}
    for number in numbers:
        moment = recording.moment(number)
        assert moment.number == number
        found = (dict(moment.rings), moment.requests.dump(), list(moment.events))
        assert shots.setdefault(number, found) == found


def test_numbers_beyond_the_ends_are_the_ends(recording):
    assert recording.moment(-5).number == 0
    assert recording.moment(10**9).number == recording.count
    assert recording.moment(0).rings == {}


def test_failures_are_found_forwards_and_back(recording):
    events = list(recording.events(0, recording.count))
    failed = [
        at + 1
        for at, event in enumerate(events)
        if isinstance(event, Posted) and event.decoded().res < 0
    ]
    assert failed
    assert recording.next_error(0) == failed[0]
    assert recording.next_error(failed[0]) == (failed[1] if len(failed) > 1 else None)
    assert recording.next_error(recording.count, backwards=True) == failed[-1]
    assert recording.next_error(failed[0], backwards=True) is None


def test_a_request_is_found_by_name_and_by_user_data(recording):
    for text, user_data in (
        ("oops", None),
        ("user_data=7777", 7777),
        ("7777", 7777),
        ("0x1e61", 7777),
    ):
        number = recording.find_request(text)
        event = recording.moment(number).events[-1]
        assert isinstance(event, Staged)
        if user_data is not None:
            assert event.decoded().user_data == user_data
    assert recording.find_request("r9") == recording.find_request("9")
    assert recording.find_request("nobody") is None
    assert recording.find_request(str(2**70)) is None
    # From behind it: the first of all.
    assert recording.find_request("first", recording.count) == recording.find_request("first")


def test_a_time_is_a_number_of_events(recording):
    events = list(recording.events(0, recording.count))
    assert recording.at_time(recording.first_ns - 1) == 0
    assert recording.at_time(recording.last_ns) == recording.count
    middle = events[900].time_ns
    number = recording.at_time(middle)
    assert events[number - 1].time_ns <= middle
    assert number == recording.count or events[number].time_ns > middle


def test_a_ring_that_was_closed_is_there_before_and_not_after(recording):
    at_end = recording.moment(recording.count)
    assert "second" not in at_end.rings
    number = recording.find_request("7777")
    moment = recording.moment(number)
    assert list(moment.rings) == ["r0", "second"]
    assert moment.current == "second"


def test_what_lines_say_in_their_strings_is_not_in_it(recording, path):
    lines = [note.text for note in recording.notes(0, recording.count + 1)]
    assert 'file f notes.txt text="…"' in lines
    assert not any("secret" in line for line in lines)
    assert all(note.kind == "line" for note in recording.notes(0, recording.count + 1))


def test_events_can_be_had_in_parts(recording):
    whole = list(recording.events(0, recording.count))
    assert len(whole) == recording.count
    parts = [
        event
        for start in range(0, recording.count, 97)
        for event in recording.events(start, start + 97)
    ]
    assert parts == whole
