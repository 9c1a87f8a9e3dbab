"""The pictures, drawn from snapshots that never saw a ring."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uringlab import ops
from uringlab.observe.snapshot import RingSnapshot
from uringlab.tui.draw.cq import cq_cell, cq_rows, rest_of_large
from uringlab.tui.draw.queue import Cell, Pointer, queue_rows
from uringlab.tui.draw.rows import Role, clip, fit, plain, width_of, wrap
from uringlab.tui.draw.sq import sq_cell, sq_rows
from uringlab.tui.draw.top import top_row
from uringlab.tui.view import NOTHING, View


def snapshot(entries=8, head=0, tail=0, local=0, cq_head=0, cq_tail=0, cqes=b"", sqe=b""):
    sqe = sqe or ops.Nop(user_data=1).sqe
    return RingSnapshot(
        time_ns=1,
        sq_head=head,
        sq_tail=tail,
        sq_local=local,
        sq_flags=0,
        sq_dropped=0,
        sq_entries=entries,
        cq_head=cq_head,
        cq_tail=cq_tail,
        cq_flags=0,
        cq_overflow=0,
        cq_entries=entries * 2,
        sqe_size=64,
        cqe_size=16,
        sqes=sqe * entries,
        cqes=cqes.ljust(16 * entries * 2, b"\0"),
    )


def cqe(user_data, res, flags):
    return struct.pack("<QiI", user_data, res, flags)


def view(shot, moved=frozenset()):
    return View("r0", 7, shot, "", 1, 0, (), (), moved, {1: "r1"}, 1)


def text(rows):
    return "\n".join(plain(row).rstrip() for row in rows)


def test_each_state_of_an_sq_slot_has_a_glyph_of_its_own():
    shot = snapshot(head=2, tail=4, local=5)
    glyphs = [sq_cell(shot, slot, {}).glyph for slot in range(8)]
    assert glyphs == ["✓", "✓", "▶", "▶", "■", "·", "·", "·"]


def test_a_full_round_leaves_no_slot_empty():
    shot = snapshot(head=9, tail=11, local=12)
    glyphs = [sq_cell(shot, slot, {}).glyph for slot in range(8)]
    assert glyphs == ["✓", "▶", "▶", "■", "✓", "✓", "✓", "✓"]


def test_the_three_pointers_stand_under_their_slots():
    rows = sq_rows(view(snapshot(head=2, tail=4, local=5)), width=61, height=9)
    lines = [plain(row) for row in rows]
    numbers, head, tail, local = lines[0], lines[5], lines[6], lines[7]
    for slot, line, name in ((2, head, "▲ head"), (4, tail, "▲ tail"), (5, local, "▲ local")):
        left = numbers.index(f" {slot} ") - 3
        assert left <= line.index(name) <= left + 6, (name, line)


def test_the_figures_say_index_and_slot():
    assert "head 10→2 tail 12→4 local 13→5" in text(
        sq_rows(view(snapshot(head=10, tail=12, local=13)), width=61, height=9)
    )


def test_a_pointer_that_has_just_moved_is_drawn_as_moved():
    rows = sq_rows(view(snapshot(tail=1, local=1), frozenset({"SQ tail"})), width=61, height=9)
    marks = [(piece, role) for row in rows for piece, role in row if "tail" in piece]
    assert marks
    assert all(role is Role.MOVED for _, role in marks)


def test_a_failed_cqe_has_another_glyph_than_a_good_one():
    good = (5).to_bytes(8, "little") + (3).to_bytes(4, "little", signed=True) + bytes(4)
    bad = (6).to_bytes(8, "little") + (-9).to_bytes(4, "little", signed=True) + bytes(4)
    drawn = text(cq_rows(view(snapshot(cq_tail=2, cqes=good + bad)), width=61, height=9))
    assert "●5" in drawn
    assert "✗6" in drawn
    assert "BADF" in drawn


def test_a_seen_cqe_is_ticked_off():
    good = (5).to_bytes(8, "little") + bytes(8)
    drawn = text(cq_rows(view(snapshot(cq_head=1, cq_tail=1, cqes=good)), width=61, height=9))
    assert "✓5" in drawn
    assert "● 0 ready" in drawn


def test_the_second_half_of_a_large_cqe_is_no_cqe_of_its_own():
    large = cqe(1, 7, 1 << 15) + bytes(16)
    shot = snapshot(cq_tail=3, cqes=large + cqe(1, 8, 0))._replace(cqe_mixed=True)
    rest = rest_of_large(shot)
    assert [cq_cell(shot, slot, {}, rest).glyph for slot in range(4)] == ["●", "┄", "●", "·"]
    assert rest_of_large(snapshot(cq_tail=3)) == frozenset()


@settings(deadline=None, max_examples=300)
@given(
    power=st.integers(0, 15),
    width=st.integers(3, 300),
    height=st.integers(1, 60),
    pointers=st.lists(st.integers(0, 2**15), min_size=1, max_size=3),
)
def test_a_queue_of_any_size_stays_inside_any_pane(power, width, height, pointers):
    entries = 1 << power
    drawn = queue_rows(
        entries,
        lambda slot: Cell("▶", "READ_MULTISHOT", f"r{slot}"),
        [Pointer(f"p{at}", slot % entries, Role.YOU) for at, slot in enumerate(pointers)],
        width,
        height,
        pointers[0] % entries,
    )
    assert len(drawn) <= height
    assert all(width_of(row) <= width for row in drawn)


@pytest.mark.parametrize("follow", [0, 1000, 20_000, 32_767])
def test_a_huge_ring_is_a_window_on_the_slot_that_is_followed(follow):
    seen = []

    def cell(slot):
        seen.append(slot)
        return Cell("·")

    drawn = queue_rows(32_768, cell, [Pointer("tail", follow, Role.YOU)], 60, 9, follow)
    assert follow in seen
    assert len(seen) < 1000
    assert "t" in text(drawn)


@given(st.text(max_size=80), st.integers(0, 40))
def test_fit_gives_exactly_so_many_cells(words, width):
    assert width_of([(fit(words.replace("\n", " "), width), Role.PLAIN)]) == width or not width


@given(
    st.lists(st.tuples(st.text("ab漢", max_size=9), st.just(Role.PLAIN)), max_size=5),
    st.integers(0, 20),
)
def test_clip_never_gives_more_cells_than_there_are(row, width):
    assert width_of(clip(row, width)) <= width


@given(st.text("ab \t", max_size=200), st.integers(12, 40))
def test_wrapping_loses_no_word(words, width):
    wrapped = wrap(words.replace("\t", " "), width, "  ")
    assert "".join("".join(wrapped).split()) == "".join(words.split())
    assert all(len(line) <= width for line in wrapped)


def test_the_top_line_says_ring_sizes_kernel_and_what_is_out():
    line = plain(top_row(view(snapshot()), 100))
    for part in ("r0", "fd 7", "SQ 8", "CQ 16", "Linux", "in flight 0", "overflow 0"):
        assert part in line
    assert width_of(top_row(view(snapshot()), 40)) <= 40


def test_without_a_ring_the_picture_says_so():
    assert "no ring yet" in text(sq_rows(NOTHING, 40, 5))
    assert "no ring yet" in plain(top_row(NOTHING, 60))
