"""The time line's rows."""

from hypothesis import given
from hypothesis import strategies as st

from uringlab.tui.draw.rows import plain, width_of
from uringlab.tui.draw.timeline import Line, moment_at, place_of, timeline_rows

LINE = Line(0, 812, 3044, 12_345_678_000, 60_000_000_000, "4 events a second", playing=False)


def text(line, width=110):
    return [plain(row).rstrip() for row in timeline_rows(line, width)]


def test_it_says_where_we_stand_in_events_and_in_time():
    first, _, third = text(LINE)
    assert first.startswith("Ⅱ paused")
    assert "event 812 of 3,044 · 12.346 s of 60.000 s · 4 events a second" in first
    assert "the beginning" in third


def test_it_says_who_made_the_event_that_led_here_and_what_had_been_typed():
    made = Line(
        0, 1, 2, 0, 0, "x", playing=True, actor="kernel", text="SQ head 0 → 1", typed="enter"
    )
    first, _, third = text(made)
    assert first.startswith("▶ playing")
    assert third == "◂ kernel SQ head 0 → 1    typed: enter"


def test_looking_back_from_a_session_says_that_the_ring_runs_on():
    live = Line(
        0, 5, 30, 0, 0, "x", playing=False, live_events=23, ago_ns=12_300_000_000, actor="you"
    )
    first = text(live)[0]
    assert "looking back  12.3 s ago; the ring runs on: 23 new · event 5 of 30" in first


def test_skipped_time_is_told():
    assert (
        "⏩ 12.000 s of nothing"
        in text(Line(0, 5, 30, 0, 0, "x", playing=True, skipped_ns=12_000_000_000))[0]
    )


@given(
    first=st.integers(0, 1000),
    length=st.integers(0, 10**7),
    share=st.floats(0, 1),
    width=st.integers(1, 200),
)
def test_a_click_on_the_knob_stays_within_a_column_of_it(first, length, share, width):
    number = first + round(length * share)
    line = Line(first, number, first + length, 0, 0, "x", playing=False)
    rows = timeline_rows(line, width)
    assert all(width_of(row) <= width for row in rows)
    assert plain(rows[1]).count("●") == 1
    column = place_of(line, width)
    assert 0 <= column < width
    there = moment_at(line, column, width)
    assert first <= there <= first + length
    assert abs(there - number) <= length / max(1, width - 1) + 1
