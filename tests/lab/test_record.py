"""`record FILE` and `record stop`, at the prompt."""

import pytest

from uringlab.lab.complete import complete
from uringlab.lab.errors import LineError
from uringlab.lab.session import Session
from uringlab.observe.recording.recording import Recording


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def session(tmp_path):
    with Session((tmp_path,)) as session:
        yield session


def events(path):
    with Recording.open(path) as recording:
        assert recording.complete
        return [event.text() for event in recording.events(0, recording.count)]


def notes(path):
    with Recording.open(path) as recording:
        return [(one.kind, one.text) for one in recording.notes(0, recording.count + 1)]


def test_a_name_alone_is_where_the_program_was_started(session, tmp_path):
    session("record a.uringrec; do nop")
    said = session("record stop")
    assert f"{tmp_path / 'a.uringrec'}: " in said
    assert f"uringlab replay {tmp_path / 'a.uringrec'}" in said
    assert "SQ head  0 → 1   consumed" in events(tmp_path / "a.uringrec")


def test_it_begins_with_how_everything_is(session, tmp_path):
    session("nop -> early; record a.uringrec; submit; reap; record stop")
    with Recording.open(tmp_path / "a.uringrec") as recording:
        first = recording.moment(0)
        assert first.rings["r0"].snapshot.staged == 1
        [one] = first.requests
        assert one.name == "early"
        last = recording.moment(recording.count)
        assert [one.state for one in last.requests] == ["seen"]
        assert last.current == "r0"


def test_strings_and_answers_are_in_it_only_if_asked_for(session, tmp_path):
    for name, more in (("without", ""), ("with", " payload=on")):
        session(f"record {name}.uringrec{more}")
        session(f'file {name}_f {name}.txt text="secret"')
        session(f"do read {name}_f 6")
        session("record stop")
    assert not any("secret" in text for _, text in notes(tmp_path / "without.uringrec"))
    assert {kind for kind, _ in notes(tmp_path / "without.uringrec")} == {"line"}
    whole = notes(tmp_path / "with.uringrec")
    assert any(kind == "line" and 'text="secret"' in text for kind, text in whole)
    assert any(kind == "data" and "secret" in text for kind, text in whole)


def test_one_at_a_time(session):
    session("record a.uringrec")
    with pytest.raises(LineError, match="is being recorded already") as found:
        session("record b.uringrec")
    assert found.value.hint == "record stop"
    session("record stop")
    assert session("record stop") == "nothing is being recorded"
    with pytest.raises(LineError, match="exists already"):
        session("record a.uringrec")


def test_a_place_outside_of_what_is_allowed_is_refused(session):
    with pytest.raises(LineError, match="leads out of the session's directory"):
        session("record /var/tmp/a.uringrec")


def test_a_reset_does_not_end_it(session, tmp_path):
    session("record a.uringrec; do nop -> one; reset; do nop -> two; record stop")
    with Recording.open(tmp_path / "a.uringrec") as recording:
        assert recording.find_request("one") < recording.find_request("two")
        assert recording.moment(recording.count).rings["r0"].snapshot.cq_tail == 1
        texts = [event.text() for event in recording.events(0, recording.count)]
        assert texts.count("ring r0 closed") == 1


def test_the_end_of_the_session_completes_it(tmp_path):
    with Session((tmp_path,)) as session:
        session("record a.uringrec; do nop")
    assert events(tmp_path / "a.uringrec")[-1] == "ring r0 closed"


def test_stop_is_offered(session):
    assert "stop" in [one.text for one in complete("record ", session)]


def test_what_was_typed_and_is_no_text_does_not_end_a_recording(session, tmp_path):
    session("record a.uringrec payload=on")
    session("do nop # \udcff")  # the byte 0xff, as the command line brings it
    with pytest.raises(LineError, match="half a character"):
        session("do nop # \ud800")  # as a program may say it
    session("record stop")
    said = [text for kind, text in notes(tmp_path / "a.uringrec") if kind == "line"]
    assert said[:2] == ["do nop # \udcff", "do nop # \ufffd"]
