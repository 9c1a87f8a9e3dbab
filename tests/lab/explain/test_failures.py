"""What a failed CQE says at once: a clause in the opcode's own words, in one short line."""

from __future__ import annotations

import pytest

from uringlab.core.ops.everything import BY_OPCODE
from uringlab.lab import Session
from uringlab.lab.errnos import clause_of, meaning
from uringlab.lab.explain.failure import numbers


@pytest.fixture
def session():
    with Session() as made:
        made.run('file f notes.txt text="hello"; pipe rd wr')
        yield made


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "do read 999 4 -> r1",
            "r1  res=-9 (EBADF: bad file descriptor): the fd is not open, or not open for reading",
        ),
        (
            "do timeout 1ms -> t",
            "t  res=-62 (ETIME: timer expired): the time is over: for a timeout that is the "
            "ordinary end …",
        ),
        (
            "do read f 4 buf=bad -> r",
            "r  res=-14 (EFAULT: bad address): the kernel could not write to that address",
        ),
        (
            "do async_cancel 4711 -> k",
            "k  res=-2 (ENOENT: no such file or directory): no request that matches is in flight …",
        ),
    ],
)
def test_the_line_of_a_failure_has_the_opcodes_own_clause(session, line, said):
    assert session(line) == said


def test_what_no_opcode_speaks_of_is_told_as_before(session):
    session.run("nop flags=cqe_skip_success; submit")
    said = session("do nop flags=io_drain -> d")
    assert said == "d  res=-95 (EOPNOTSUPP: operation not supported)"


def test_a_program_is_told_the_errno_and_the_whole_of_what_it_means(session):
    [cqe] = [one.json for one in session.run("do read 999 4 -> r1") if one.json.get("res")]
    assert cqe["errno"] == "EBADF"
    assert cqe["meaning"].startswith("the fd is not open, or not open for reading; or nothing")
    [cqe] = [one.json for one in session.run("do nop -> r1") if "res" in one.json]
    assert "errno" not in cqe
    assert "meaning" not in cqe


def test_no_clause_is_longer_than_its_room_and_none_is_cut_within_words():
    for op in BY_OPCODE.values():
        for name in op.errnos:
            number = numbers()[name]
            whole = meaning(number, op.errnos) or ""
            for room in (0, 20, 40, 60, 200):
                said = clause_of(number, op.errnos, room)
                assert len(said) <= room
                kept = said.removesuffix(" …")
                assert whole.startswith(kept)
                ends = " ,:" if kept != said else ";"
                assert said in ("", whole) or whole[len(kept)] in ends


def test_a_line_that_has_a_clause_is_less_than_a_hundred_columns(session):
    for line in (
        "do read 999 4 flags=async -> with_a_very_long_name_that_somebody_has_thought_of",
        "do connect 999 127.0.0.1:1 -> c",
        "do openat nowhere/at/all -> o",
        "do read_multishot f 7 -> m",
    ):
        assert all(len(one) < 100 for one in session(line).splitlines())
