"""The pane of the three truths: its rows, and the pane in the lab."""

from driving import lab, run, type_line, until

from uringlab.observe.fdinfo import parse
from uringlab.observe.source import Facts
from uringlab.observe.truths import BUSY, Local, compare
from uringlab.tui.draw.rows import plain, width_of
from uringlab.tui.draw.truths import truths_rows

from test_draw import snapshot  # isort: skip

PAGE = (
    "SqMask:\t0x7\nSqHead:\t1\nSqTail:\t2\nCachedSqHead:\t1\nCqMask:\t0xf\nCqHead:\t0\n"
    "CqTail:\t0\nCachedCqTail:\t0\nSqThread:\t-1\nSqThreadCpu:\t-1\nUserFiles:\t0\n"
    "UserBufs:\t0\nPollList:\nCqOverflowList:\n"
)


def made(page=PAGE, unknown=""):
    shot = snapshot(head=1, tail=2, local=4)
    return compare("r0", Facts(1, 5, 0), (shot, shot), parse(page), Local(0, 0, 0), unknown)


def text(truths, width=60, height=30):
    return "\n".join(plain(row) for row in truths_rows(truths, width, height))


def test_a_row_has_the_three_next_to_each_other():
    tail = text(made()).splitlines()[1].split()
    assert tail == ["SQ", "tail", "4", "2", "2"]
    assert "≠ local SQ tail 4, shared 2: 2 staged" in text(made())


def test_what_is_unknown_is_a_question_mark_and_says_why():
    shown = text(made("pos:\t0\n", BUSY))
    assert shown.splitlines()[1].split()[-1] == "?"
    assert "? unknown: the kernel was busy" in shown


def test_the_longest_words_do_not_run_into_each_other():
    shot = snapshot(head=2**32 - 2, tail=2**32 - 1, local=2**32 - 1)
    told = parse(PAGE.replace("SqTail:\t2", f"SqTail:\t{2**32 - 1}"))
    found = compare("r0", Facts(1, 5, 0), (shot, shot), told, Local(0, 0, 0))
    assert text(found).splitlines()[1].split() == ["SQ", "tail", *["4294967295"] * 3]


def test_agreement_is_claimed_only_of_those_who_said_something():
    shot = snapshot()
    old = parse("SqThread:\t-1\nSqThreadCpu:\t-1\nUserFiles:\t0\nUserBufs:\t0\nPollList:\n")
    shown = text(compare("r0", Facts(1, 5, 0), (shot, shot), old, Local(0, 0, 0)), 80)
    assert "? unknown: this kernel does not show it" in shown
    assert "= as far as the kernel says something, the three agree" in shown
    busy = text(compare("r0", Facts(1, 5, 0), (shot, shot), None, Local(0, 0, 0), BUSY), 80)
    assert "= the library and the shared memory agree" in busy


def test_the_differences_stay_when_there_is_no_room_for_the_table():
    shown = text(made(), 60, 4)
    assert "2 staged" in shown
    assert "published" in shown
    assert len(shown.splitlines()) <= 4


def test_no_row_is_wider_than_the_pane():
    for width in (20, 47, 60, 120):
        assert all(width_of(row) <= width for row in truths_rows(made(), width, 40))


def test_f4_asks_the_kernel_and_shows_what_it_says():
    async def scene():
        async with lab() as (app, pilot):
            assert not app._truths.display
            await pilot.press("f4")
            await until(pilot, lambda: "the three agree" in app._truths.text(), "asked")
            assert not app._events.display
            await type_line(pilot, "nop")
            await until(pilot, lambda: "1 staged" in app._truths.text(), "the difference")
            await pilot.press("f8")
            await until(pilot, lambda: "this moment is over" in app._truths.text(), "looking back")
            await pilot.press("escape")
            await until(pilot, lambda: "1 staged" in app._truths.text(), "live again")
            await pilot.press("f4")
            await until(pilot, lambda: app._events.display, "the events")
            assert not app._truths.display

    run(scene)


def test_f4_on_a_small_screen_shows_the_truths_alone():
    async def scene():
        async with lab((80, 24)) as (app, pilot):
            await pilot.press("f4")
            await until(pilot, lambda: app._truths.display, "the truths")
            assert not app._transcript.display
            await pilot.press("f6")
            assert not app._truths.display
            await type_line(pilot, "ring close r0")
            await pilot.press("f6", "f6", "f6")
            await until(pilot, lambda: "no ring" in app._truths.text(), "no ring")

    run(scene)
