"""The lab as a learner meets it: typed at, on the real ring, and looked at."""

import ctypes
import mmap
import threading
from pathlib import Path

import pytest
from driving import lab, run, settled, type_keys, type_line, until
from textual.binding import Binding
from textual.geometry import Region

from uringlab import ops
from uringlab.core.native import lib
from uringlab.tui.app import LabApp
from uringlab.tui.widgets.picture import Picture


def sq(app):
    return app._sq.text()


def cq(app):
    return app._cq.text()


def said(app):
    return "\n".join(text for text, _ in app._transcript.transcript)


def test_a_read_goes_every_step_of_the_way_and_the_screen_shows_each():
    async def scene():
        async with lab() as (app, pilot):
            await type_keys(pilot, 'file f notes.txt text="hello"')
            await type_keys(pilot, "buf b 64")
            await type_keys(pilot, "read f 64 buf=b -> r1")
            assert "■READ" in sq(app)
            assert "head 0→0 tail 0→0 local 1→1" in sq(app)
            await type_keys(pilot, "publish")
            assert "▶READ" in sq(app)
            assert "head 0→0 tail 1→1 local 1→1" in sq(app)
            assert "tail 0→0" in cq(app)
            await type_keys(pilot, "enter")
            assert "✓READ" in sq(app)
            assert "head 1→1 tail 1→1" in sq(app)
            assert "●r1" in cq(app)
            assert "head 0→0  tail 1→1" in cq(app)
            assert " 5 " in cq(app)
            await type_keys(pilot, "reap")
            assert "✓r1" in cq(app)
            assert "head 1→1  tail 1→1" in cq(app)
            assert "res 5" in app._requests.text()
            assert "✓seen" in app._requests.text()
            events = app._events.text()
            for line in (
                "▸ you    SQE slot 0: r1 READ",
                "▸ you    SQ tail  0 → 1",
                "▸ you    io_uring_enter(",
                "◂ kernel SQ head  0 → 1",
                "◂ kernel CQE slot 0: r1 res=5",
                "▸ you    CQ head  0 → 1",
            ):
                assert line in events

    run(scene)


def test_a_ring_moved_behind_the_sessions_back_is_followed():
    async def scene():
        async with lab() as (app, pilot):
            await type_line(pilot, "nop -> r1")
            await type_line(pilot, "publish")
            ring = app.bench.session.current.ring
            assert lib.ul_sys_enter(ring.fd.number, 1, 0, 0) == 1
            await until(pilot, lambda: "head 1→1 tail 1→1" in sq(app), "SQ head")
            await until(pilot, lambda: "●r1" in cq(app), "CQE")
            assert "◂ kernel SQ head  0 → 1" in app._events.text()
            assert "io_uring_enter" not in app._events.text()

    run(scene)


def test_a_tail_stored_by_somebody_elses_mapping_is_followed():
    async def scene():
        async with lab() as (app, pilot):
            ring = app.bench.session.current.ring
            size = ring.memory.sq.size
            with (
                mmap.mmap(ring.fd.number, size) as words,
                mmap.mmap(ring.fd.number, 512, offset=0x10000000) as sqes,
            ):
                sqes[:64] = ops.Nop(user_data=77).sqe
                ctypes.c_uint32.from_buffer(words, ring.params.sq_off["tail"]).value = 1
            await until(pilot, lambda: "tail 1→1" in sq(app), "SQ tail")
            assert "▸ you    SQ tail  0 → 1" in app._events.text()
            assert lib.ul_sys_enter(ring.fd.number, 1, 0, 0) == 1
            await until(pilot, lambda: "●77" in cq(app), "the CQE of a stranger")

    run(scene)


def test_a_wait_blocks_nothing_and_escape_gives_it_up():
    async def scene():
        async with lab() as (app, pilot):
            await type_line(pilot, "pipe rd wr")
            await type_line(pilot, "read rd 5 -> p")
            await type_line(pilot, "submit")
            app.run_line("wait 1")
            await until(pilot, lambda: "waits for 1 CQE" in app._hint.text(), "the waiting")
            await pilot.press("n", "o", "p")
            assert app._prompt.value == "nop"
            await until(pilot, lambda: "in flight 1" in app._top.text(), "in flight")
            await pilot.press("escape")
            await settled(pilot)
            assert "gave up waiting; still in flight: p" in said(app)
            app._prompt.value = ""
            await type_line(pilot, 'feed wr "hello"')
            await until(pilot, lambda: "●p" in cq(app), "the completion that came after all")
            await type_line(pilot, "do nop -> n")
            assert "n  res=0" in said(app)

    run(scene)


def test_a_storm_is_watched_while_it_goes_on_and_escape_ends_it():
    async def scene():
        async with lab() as (app, pilot):
            app.run_line("storm nop")
            await until(pilot, lambda: "⧗ storm: " in app._hint.text(), "how far it is")
            hint, slots = app._hint.text(), sq(app)
            await until(pilot, lambda: app._hint.text() != hint, "how much further it is")
            await until(pilot, lambda: sq(app) != slots, "the slots")
            await until(pilot, lambda: "not seen" in app._events.text(), "what was missed")
            await pilot.press("escape")
            await settled(pilot)
            assert "gave up the storm" in said(app)
            assert "in flight 0" in app._top.text()
            await type_line(pilot, "do nop -> n")
            assert "n  res=0" in said(app)

    run(scene)


def test_ctrl_c_gives_up_a_wait_and_never_quits():
    async def scene():
        async with lab() as (app, pilot):
            app.run_line("wait 1")
            await until(pilot, lambda: "waits for 1 CQE" in app._hint.text(), "the waiting")
            await pilot.press("ctrl+c")
            await settled(pilot)
            assert "gave up waiting" in said(app)
            await pilot.press("ctrl+c")
            await pilot.pause(0.05)
            assert app.is_running

    run(scene)


BAD_LINES = {
    "raed f 100": 'no command "raed". Did you mean "read"?',
    "read": "read needs FD",
    "read nosuch 5": 'no file is called "nosuch"',
    "read f 5 offf=3": 'has no operand "offf". Did you mean "off"?',
    "ring new x entries=0": "the kernel wants 1 to 32768",
    "ring new x entries=40000": "the kernel wants 1 to 32768",
    "repeat 9 nop": "the submission queue is full",
    "close 1": "belongs to this program",
    "file g ../../etc/passwd": "leads out of the session's directory",
    'nop "': "this string does not end",
}


@pytest.mark.parametrize("line", BAD_LINES)
def test_a_bad_line_is_told_in_one_sentence_and_harms_nothing(line):
    async def scene():
        async with lab() as (app, pilot):
            await type_line(pilot, 'file f notes.txt text="hello"')
            await type_line(pilot, line)
            told = said(app)
            assert BAD_LINES[line] in told.replace("\n", " ")
            assert "Traceback" not in told
            await type_line(pilot, "submit; reap; do nop -> fine")
            assert "fine  res=0" in said(app)

    run(scene)


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (132, 40), (200, 60), (300, 100)])
def test_every_size_shows_both_queues_and_the_prompt(size):
    async def scene():
        async with lab(size) as (app, pilot):
            await type_line(pilot, "nop -> r1")
            screen = Region(0, 0, *size)
            for pane in (app._top, app._sq, app._cq, app._transcript, app._hint, app._prompt):
                assert pane.region.height > 0, pane
                assert screen.contains_region(pane.region), pane
            assert "■" in sq(app)
            assert "local 1→1" in sq(app)
            shown = [pane for pane in app._panes if pane.region.height]
            assert len(shown) == (1 if size[0] < 100 or size[1] < 30 else 3)
            assert all(screen.contains_region(pane.region) for pane in shown)

    run(scene)


def test_the_arrangement_follows_a_resize_while_it_runs():
    async def scene():
        async with lab((200, 60)) as (app, pilot):

            def shown():
                return [pane.id for pane in app._panes if pane.region.height]

            await pilot.resize_terminal(80, 24)
            await until(pilot, lambda: shown() == ["session"], "one pane")
            await pilot.press("f6")
            await until(pilot, lambda: shown() == ["events"], "the next pane")
            await pilot.resize_terminal(132, 40)
            await until(pilot, lambda: len(shown()) == 3, "all panes")

    run(scene)


def test_every_binding_is_in_the_footer_or_on_the_help_page():
    async def scene():
        async with lab() as (app, pilot):
            page = app.help_text()
            for one in LabApp.BINDINGS:
                assert isinstance(one, Binding)
                assert one.description in page
            await pilot.press("f1")
            await pilot.pause(0.1)
            assert len(app.screen_stack) == 2
            await pilot.press("escape")
            await pilot.pause(0.1)
            assert len(app.screen_stack) == 1

    run(scene)


def test_the_lab_goes_on_under_the_help_page():
    async def scene():
        async with lab() as (app, pilot):
            await type_line(pilot, "nop -> r1")
            await type_line(pilot, "publish")
            await pilot.press("f1")
            await pilot.pause(0.1)
            ring = app.bench.session.current.ring
            assert lib.ul_sys_enter(ring.fd.number, 1, 0, 0) == 1
            await until(pilot, lambda: "●r1" in cq(app), "the CQE, under the page")

    run(scene)


def test_the_palette_offers_every_command():
    async def scene():
        async with lab() as (app, _pilot):
            titles = [one.title for one in app.get_system_commands(app.screen)]
            for spec in app.bench.session.table:
                assert spec.name in titles

    run(scene)


def test_tab_completes_and_arrows_bring_earlier_lines_back():
    async def scene():
        async with lab() as (app, pilot):
            await type_line(pilot, "nop -> first")
            await pilot.press("p", "u", "tab")
            assert app._prompt.value == "publish "
            await pilot.press("escape")
            await pilot.press("r", "e", "tab", "tab")
            await pilot.pause(0.05)
            assert app._prompt.value.startswith("re")
            assert app._prompt.value in app.bench.session.table.names()
            assert "read into" in app._candidates.text()
            await pilot.press("escape", "escape")
            assert app._prompt.value == ""
            await pilot.press("up")
            assert app._prompt.value == "nop -> first"
            await pilot.press("down")
            assert app._prompt.value == ""

    run(scene)


def test_the_signature_of_what_is_typed_stands_above_the_prompt():
    async def scene():
        async with lab() as (app, pilot):
            await pilot.press(*"read", "space")
            await until(pilot, lambda: "read FD N" in app._hint.text(), "the signature")
            await until(pilot, lambda: "what to read from" in app._hint.text(), "its operand")

    run(scene)


def test_step_mode_stops_before_each_boundary():
    async def scene():
        async with lab() as (app, pilot):
            await pilot.press("d", "o", "space", "n", "o", "p", "f5")
            await until(pilot, lambda: "next: publish" in app._hint.text(), "the first stop")
            assert "■NOP" in sq(app)
            await pilot.press("f5")
            await until(pilot, lambda: "next: enter" in app._hint.text(), "the second stop")
            assert "▶NOP" in sq(app)
            await pilot.press("f5")
            await until(pilot, lambda: "next: reap" in app._hint.text(), "the third stop")
            assert "●r1" in cq(app)
            await pilot.press("f5")
            await settled(pilot)
            assert "✓r1" in cq(app)

    run(scene)


def test_only_the_lines_that_changed_are_drawn_anew():
    async def scene():
        async with lab() as (app, pilot):
            await pilot.pause(1.2)
            drawn = []
            real = Picture.refresh

            def spy(self, *regions, **options):
                drawn.extend((self.id, region.height) for region in regions)
                if not regions:
                    drawn.append((self.id, self.size.height))
                return real(self, *regions, **options)

            Picture.refresh = spy
            try:
                await pilot.pause(0.3)
                assert drawn == []
                app.bench.line("nop", lambda _reply: None).result()
                await until(pilot, lambda: "■NOP" in sq(app), "the slot")
                lines = sum(height for pane, height in drawn if pane == "sq")
            finally:
                Picture.refresh = real
            assert 0 < lines < app._sq.size.height

    run(scene)


def test_a_huge_ring_can_be_watched():
    async def scene():
        async with lab((80, 24)) as (app, pilot):
            await type_line(pilot, "ring new big entries=32768")
            await type_line(pilot, "do nop")
            assert "SQ 32768" in app._top.text()
            assert "✓" in sq(app)

    run(scene)


def test_both_themes_can_be_had():
    async def scene():
        async with lab() as (app, pilot):
            await type_line(pilot, "nop")
            for name in ("uringlab-light", "uringlab-dark"):
                app.theme = name
                await pilot.pause(0.1)
                assert "■NOP" in sq(app)

    run(scene)


def test_leaving_closes_every_ring_and_every_thread():
    before = {path.name for path in Path("/proc/self/fd").iterdir()}
    threads = threading.active_count()

    async def scene():
        async with lab() as (app, pilot):
            await type_line(pilot, "pipe rd wr; read rd 5; submit; ring new other entries=4")
            await pilot.press("ctrl+q")
            await pilot.pause(0.1)
            assert app.return_code == 0

    run(scene)
    assert threading.active_count() == threads
    # The listing itself has an fd that is gone by now; asyncio's are closed with its loop.
    assert len({path.name for path in Path("/proc/self/fd").iterdir()} - before) <= 1
    assert "io_uring" not in Path("/proc/self/maps").read_text()


def test_quit_leaves_too():
    async def scene():
        async with lab() as (app, pilot):
            app.run_line("quit")
            await until(pilot, lambda: app.return_code is not None, "the end")
            assert app.return_code == 0

    run(scene)


def test_a_lesson_is_played_from_the_prompt():
    async def scene():
        async with lab() as (app, pilot):
            await type_line(pilot, "learn 3")
            await until(pilot, lambda: app._lesson_pane.region.height > 0, "the lesson pane")
            assert "Lesson 3" in str(app._lesson_pane.border_title)
            goals = app._lesson_pane.query_one("#goals")
            assert "☐" in goals.text()
            for line in app.course.step.solution:
                await type_line(pilot, line.text)
            await until(pilot, lambda: "☐" not in goals.text(), "every goal")
            assert "☑" in goals.text()
            await until(pilot, lambda: "solved" in app._hint.text(), "solved")
            await type_line(pilot, "next")
            await until(
                pilot, lambda: "step 2" in str(app._lesson_pane.border_title), "the next step"
            )

    run(scene)


def test_f3_lists_the_lessons_and_enter_begins_one():
    async def scene():
        async with lab() as (app, pilot):
            await pilot.press("f3")
            await pilot.pause(0.1)
            assert len(app.screen_stack) == 2
            await pilot.press("enter")
            await until(pilot, lambda: app.course.lesson is not None, "the lesson")
            assert app.course.lesson.number == 1

    run(scene)


def test_any_earlier_moment_can_be_looked_at_while_the_ring_runs_on():
    async def scene():
        async with lab() as (app, pilot):
            await type_line(pilot, "nop -> r1")
            await type_line(pilot, "publish")
            await type_line(pilot, "enter")
            assert "✓NOP" in sq(app)
            await pilot.press("f8")
            await until(pilot, lambda: app.looking_back, "looking back")
            await until(pilot, lambda: "looking back" in app._timeline.text(), "the time line")
            for _ in range(3):  # the CQE, the SQ head, the call
                await pilot.press("left")
            await until(pilot, lambda: "▶NOP" in sq(app), "published, not taken")
            assert "head 0→0 tail 1→1" in sq(app)
            assert "ready" in cq(app)
            assert "●" not in cq(app).split("head")[0]
            # Meanwhile the ring runs on: somebody else reaps.
            ring = app.bench.session.current.ring
            app.bench.call(lambda: list(ring.cq().drain())).result()
            await until(pilot, lambda: "the ring runs on: 1 new" in app._timeline.text(), "news")
            assert "▶NOP" in sq(app)
            await pilot.press("escape")
            await until(pilot, lambda: "✓r1" in cq(app), "live again")
            assert not app.looking_back
            assert app._prompt.has_focus

    run(scene)


def test_a_line_that_is_typed_while_looking_back_is_seen_live():
    async def scene():
        async with lab() as (app, pilot):
            await type_line(pilot, "do nop")
            await pilot.press("f8", "home")
            await until(pilot, lambda: app.looking_back, "looking back")
            app._prompt.focus()  # or a click on it
            await type_line(pilot, "nop -> now")
            assert not app.looking_back
            assert "now" in app._requests.text()

    run(scene)


def test_a_step_on_from_the_newest_moment_is_live_again():
    async def scene():
        async with lab() as (app, pilot):
            await type_line(pilot, "do nop")
            await pilot.press("f8", "left", "left")
            await pilot.pause(0.1)
            assert app.looking_back
            await pilot.press("end")
            await until(pilot, lambda: not app.looking_back, "live")
            await pilot.press("f8")
            await until(pilot, lambda: app.looking_back, "looking back")
            await pilot.press("right")
            await until(pilot, lambda: not app.looking_back, "live")
            await pilot.press("f8", "f8")
            assert not app.looking_back

    run(scene)
