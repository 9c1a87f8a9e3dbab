"""A recording on the screen: made from a real session, walked with keys."""

import contextlib

import pytest
from driving import run, until

from uringlab.lab.session import Session
from uringlab.observe.recording.recording import Recording
from uringlab.tui.replay import ReplayApp

LINES = """
file f notes.txt text="hello"
buf b 64
read f 64 buf=b -> r1
publish
enter
reap
do nop
read 999 4 -> oops
submit
reap
ring new second entries=4
do nop -> other
"""


@pytest.fixture
def recorded(tmp_path):
    path = tmp_path / "a.uringrec"
    with Session((tmp_path,)) as session:
        session(f"record {path}")
        for line in LINES.strip().splitlines():
            session(line)
        session("record stop")
    return path


@contextlib.asynccontextmanager
async def replaying(path, size=(120, 40)):
    with Recording.open(path) as recording:
        app = ReplayApp(recording, path.name)
        async with app.run_test(size=size) as pilot:
            await pilot.pause(0.08)
            yield app, pilot


def number(app):
    return app._timeline.player.number


async def press(pilot, *keys):
    await pilot.press(*keys)
    await pilot.pause(0.08)


async def to_text(app, pilot, text):
    """Step forwards until the newest event says that."""
    for _ in range(200):
        if text in app._timeline.text():
            return
        before = number(app)
        await press(pilot, "right")
        assert number(app) == before + 1
    raise AssertionError(text)


def test_every_step_shows_what_one_event_moved(recorded):
    async def scene():
        async with replaying(recorded) as (app, pilot):
            assert "nothing yet" in app._events.text()
            assert "Try" not in app._requests.text()
            await to_text(app, pilot, "SQE slot 0: r1 READ")
            assert "■READ" in app._sq.text()
            assert "head 0→0 tail 0→0 local 1→1" in app._sq.text()
            await to_text(app, pilot, "SQ tail  0 → 1")
            assert "▶READ" in app._sq.text()
            assert app._shown.moved == {"SQ tail"}
            assert "typed: publish" in app._timeline.text()
            await press(pilot, "left")
            assert "■READ" in app._sq.text()
            assert "head 0→0 tail 0→0 local 1→1" in app._sq.text()
            await to_text(app, pilot, "CQE slot 0: r1 res=5")
            assert "●r1" in app._cq.text()
            assert app._shown.moved == {"CQ tail", "CQE 0"}

    run(scene)


def test_home_end_and_pages_go_far_and_nowhere_too_far(recorded):
    async def scene():
        async with replaying(recorded) as (app, pilot):
            count = app._timeline.player.history.count
            await press(pilot, "end")
            assert number(app) == count
            await press(pilot, "right")
            assert number(app) == count
            await press(pilot, "pageup")
            assert number(app) == count - 10
            await press(pilot, "home")
            assert number(app) == 0
            await press(pilot, "left")
            assert number(app) == 0
            await press(pilot, "pagedown")
            assert number(app) == 10

    run(scene)


def test_failures_are_jumped_to_and_their_end_is_said(recorded):
    async def scene():
        async with replaying(recorded) as (app, pilot):
            await press(pilot, "e")
            assert "oops res=-9 EBADF" in app._timeline.text()
            at = number(app)
            await press(pilot, "e")
            assert number(app) == at
            await press(pilot, "end", "E")
            assert number(app) == at

    run(scene)


def test_a_request_is_gone_to_by_name(recorded):
    async def scene():
        async with replaying(recorded) as (app, pilot):
            await press(pilot, "g")
            await pilot.press(*"oops", "enter")
            await until(pilot, lambda: "SQE slot 2: oops READ" in app._timeline.text())
            before = number(app)
            await press(pilot, "slash")
            await pilot.press(*"nobody", "enter")
            await pilot.pause(0.1)
            assert number(app) == before
            await press(pilot, "g", "escape")
            assert number(app) == before
            assert len(app.screen_stack) == 1

    run(scene)


def test_it_plays_by_itself_to_the_end_and_stops_there(recorded):
    async def scene():
        async with replaying(recorded) as (app, pilot):
            await press(pilot, *["plus"] * 9, "space")
            assert "100 times" in app._timeline.text()
            player = app._timeline.player
            await until(pilot, lambda: player.number == player.history.count, "the end")
            await until(pilot, lambda: not player.playing, "it stops")
            assert "paused" in app._timeline.text()

    run(scene)


def test_rings_are_told_apart_and_gone_through(recorded):
    async def scene():
        async with replaying(recorded) as (app, pilot):
            await press(pilot, "end")
            assert app._shown.ring == "second"
            assert "second: " in app._events.text()
            assert "r0: " in app._events.text()
            await press(pilot, "r")
            assert app._shown.ring == "r0"
            assert "✓READ" in app._sq.text()
            await press(pilot, "r")
            assert app._shown.ring == "second"

    run(scene)


def test_a_click_on_the_bar_goes_there(recorded):
    async def scene():
        async with replaying(recorded) as (app, pilot):
            await pilot.click(app._timeline, offset=(app._timeline.size.width // 2, 1))
            await pilot.pause(0.1)
            count = app._timeline.player.history.count
            assert abs(number(app) - count / 2) <= 2

    run(scene)


def test_every_key_is_in_the_help(recorded):
    async def scene():
        async with replaying(recorded, (80, 24)) as (app, pilot):
            text = app.help_text()
            for what in ("Play", "Step", "Back", "Error", "Go to", "Faster", "Ring", "Quit"):
                assert what in text
            await press(pilot, "f1")
            assert len(app.screen_stack) == 2
            await press(pilot, "escape")
            await press(pilot, "f6")
            assert app._current_pane == "requests"

    run(scene)


def test_a_recording_that_was_cut_off_says_so(recorded):
    import sqlite3

    with sqlite3.connect(recorded) as database:
        database.execute("DELETE FROM about WHERE name = 'closed'")
    database.close()

    async def scene():
        async with replaying(recorded) as (app, _pilot):
            assert any("not closed" in one.message for one in app._notifications)

    run(scene)


def test_a_damaged_stretch_is_told_and_the_rest_can_be_walked(recorded):
    import sqlite3

    with sqlite3.connect(recorded) as database:
        database.execute("UPDATE block SET entries = x'00' WHERE number = 1")
    database.close()

    async def scene():
        async with replaying(recorded) as (app, pilot):
            await press(pilot, "right")
            assert any("damaged" in one.message for one in app._notifications)
            await press(pilot, "f1")
            assert len(app.screen_stack) == 2

    run(scene)
