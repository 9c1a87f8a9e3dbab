"""`explain sqe N`, `explain cqe N`: the slot's fields in words, and whose the slot is now."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uringlab.lab import Session
from uringlab.lab.explain.lines import MOST, WIDE


@pytest.fixture
def session():
    with Session() as made:
        made.run('file f notes.txt text="hello"; buf b0 64')
        yield made


def slot(session: Session, what: str) -> str:
    said = session(f"explain {what}")
    lines = said.splitlines()
    assert 2 <= len(lines) <= MOST, said
    assert all(len(line) <= WIDE for line in lines), said
    return " ".join(said.split())


def test_a_slot_of_the_sq_says_whose_it_is_at_each_step(session):
    assert "nothing was written there yet" in slot(session, "sqe 0")
    session.run("read f 5 buf=b0 flags=async -> r1")
    said = slot(session, "sqe 0")
    assert "Staged: the slot is yours" in said
    session.run("publish")
    assert "Published: the slot is the kernel's" in slot(session, "sqe 0")
    session.run("enter")
    assert "Consumed: the kernel has its copy, and the slot is yours again" in slot(
        session, "sqe 0"
    )


def test_the_fields_of_an_sqe_are_words(session):
    session.run("read f 5 buf=b0 off=2 flags=async -> r1")
    said = slot(session, "sqe 0")
    for told in ("opcode 22: READ", "ASYNC (do not try inline", ", f;", "off 2", "len 5"):
        assert told in said
    assert "user_data 1: r1, and back in its CQE" in said


def test_a_slot_of_the_cq_says_whose_it_is_at_each_step(session):
    session.run("ring new r0")
    assert "no CQE was posted there yet" in slot(session, "cqe 0")
    session.run("read f 64 buf=b0 -> r1; submit; wait 1")
    said = slot(session, "cqe 0")
    assert "Posted, and not seen: it is yours to read" in said
    assert "res 5: 5 of 64 bytes: the file ends there" in said
    session.run("reap")
    assert "Seen: the head is past it" in slot(session, "cqe 0")


def test_the_flags_of_a_cqe_are_words(session):
    session.run("pipe rd wr; poll_add rd multishot=on -> p; submit")
    session.run('feed wr "x"; wait 1')
    assert "flags 0x2: MORE (this request will post more CQEs)" in slot(session, "cqe 0")


def test_after_a_lap_the_slot_has_the_newest(session):
    for _ in range(11):
        session.run("do nop")
    assert "user_data 9:" in slot(session, "sqe 0")
    session.run("nop -> last")
    assert "last, NOP" in slot(session, "sqe 3")
    assert "Staged" in slot(session, "sqe 3")


def test_a_strangers_cqe_is_told_by_its_user_data(session):
    session.run("ring new r0; ring new other; msg_ring r0 res=7 data=4711; submit")
    session.run("ring use r0")
    assert "user_data=4711" in slot(session, "cqe 0")


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.sampled_from(["nop", "do nop", "publish", "enter", "reap", "submit"]), max_size=25)
)
def test_whatever_was_done_each_slot_is_somebodys(lines):
    with Session() as session:
        session.run("ring new r0 entries=4")
        for line in lines:
            if line == "nop" and session.ring().observer.look().free == 0:
                continue
            if line == "do nop" and session.ring().observer.look().free == 0:
                session.run("submit")
            session.run(line)
        shot = session.ring().observer.look()
        staged = published = 0
        for number in range(shot.sq_entries):
            said = slot(session, f"sqe {number}")
            staged += "Staged" in said
            published += "Published" in said
        ready = sum("Posted" in slot(session, f"cqe {n}") for n in range(shot.cq_entries))
        assert (staged, published, ready) == (shot.staged, shot.pending, shot.ready)
