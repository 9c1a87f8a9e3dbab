from __future__ import annotations

import time

import pytest

from uringlab.course.lesson import Line
from uringlab.course.play import blunder, play, prepare, unmet
from uringlab.lab import LineError


def script(*lines: str) -> tuple[Line, ...]:
    return tuple(
        Line(n, text.split("#")[0], "# refused" in text) for n, text in enumerate(lines, 1)
    )


def test_the_lines_are_run(session):
    play(session, script("ring new r0", "nop", "publish"))
    assert unmet(session, script("expect sq.tail=1")) == ""


def test_a_line_that_fails_ends_the_script_and_is_named(session):
    with pytest.raises(LineError) as caught:
        play(session, script("ring new r0", "ring new r0", "nop"))
    assert caught.value.place == "line 2"
    assert unmet(session, script("expect sq.staged=0")) == ""


def test_a_line_that_is_to_be_refused_must_be(session):
    play(session, script("ring new r0", "ring new r0  # refused", "nop"))
    with pytest.raises(LineError, match="was to be refused"):
        play(session, script("nop  # refused"))


def test_a_mistake_goes_on_after_a_line_that_fails(session):
    blunder(session, script("ring new r0", "ring new r0", "nop"))
    assert unmet(session, script("expect sq.staged=1")) == ""


def test_a_step_begins_with_what_the_earlier_ones_left(session, good, parse):
    lesson = parse(good)
    session.run("ring new other")
    prepare(session, lesson, 1)
    assert "other" not in session.names
    assert unmet(session, script("expect sq.local=1 sq.tail=0", "expect r1 state=staged")) == ""


def test_what_does_not_hold_is_said_in_one_line(session):
    play(session, script("ring new r0", "nop"))
    why = unmet(session, script("expect sq.staged=1", "expect sq.tail=3"))
    assert why == "expected sq.tail=3, but it is 0, as it was when the ring was set up"


def test_what_does_not_exist_does_not_hold_and_is_not_an_error(session):
    play(session, script("ring new r0"))
    assert 'nothing is called "r1"' in unmet(session, script("expect r1 res=0"))


def test_to_look_makes_no_ring(session):
    assert unmet(session, script("expect sq.tail=0")) == "there is no ring yet"
    assert session.rings() == []
    assert session.log.count == 0
    assert "no call of" in unmet(session, script("expect call io_uring_enter"))


def test_to_look_changes_nothing(session):
    play(session, script("ring new r0", "repeat 3 nop", "publish", "enter 2"))
    session.look()
    before = session.ring().observer.snapshot, session.log.count, list(session.names)
    for line in (
        "expect sq.tail=9",
        "expect r1 state=posted",
        "expect cq.ready=2",
        "expect memory.4=3",
    ):
        unmet(session, script(line))
    assert (session.ring().observer.snapshot, session.log.count, list(session.names)) == before


def test_to_look_does_not_wait_unless_it_is_told_to_be_patient(session):
    play(session, script("ring new r0"))
    start = time.monotonic()
    assert unmet(session, script("expect within 5s sq.tail=1"))
    assert time.monotonic() - start < 1
    start = time.monotonic()
    assert unmet(session, script("expect within 50ms sq.tail=1"), patient=True)
    assert time.monotonic() - start >= 0.05


def test_only_calls_since_then_count(session):
    play(session, script("ring new r0", "enter 5"))
    check = script("expect call io_uring_enter to_submit=5")
    assert unmet(session, check) == ""
    since = session.log.count
    assert unmet(session, check, since) != ""
    play(session, script("enter 5"))
    assert unmet(session, check, since) == ""
