"""`explain r1`: where it is, what it waits for, what its result means for its opcode, what next."""

from __future__ import annotations

import pytest

from uringlab.lab import Session
from uringlab.lab.errors import LineError
from uringlab.lab.explain.lines import MOST, WIDE
from uringlab.lab.explain.request import STATES
from uringlab.lab.parser import parse_line
from uringlab.observe.request import State


@pytest.fixture
def session():
    with Session() as made:
        made.run('file f notes.txt text="hello"; pipe rd wr; sockets a b; listener l; buf b0 64')
        yield made


def life(session: Session, name: str) -> str:
    """Its explanation, which is always in form; as one line, for looking for words in it."""
    said = session(f"explain {name}")
    lines = said.splitlines()
    assert 2 <= len(lines) <= MOST, said
    assert all(len(line) <= WIDE for line in lines), said
    return " ".join(said.split())


def test_every_state_has_its_sentence():
    assert set(STATES) == set(State)


def test_it_says_where_the_request_is_and_what_comes_next(session):
    session.run("read rd 5 -> r")
    for line, told in (
        ("", "Next: publish"),
        ("publish", "Next: enter"),
        ("enter", "Its CQE will come"),
        ('feed wr "x"; wait 1', "Next: reap"),
        ("reap", "It is over"),
    ):
        session.run(line)
        assert told in life(session, "r")


def test_a_read_of_a_pipe_waits_for_the_pipe_by_a_poll(session):
    session.run("read rd 5 -> r; submit")
    said = life(session, "r")
    assert "waits until rd has something to read" in said
    assert "A poll is armed (PollList)" in said


def test_what_is_behind_a_link_has_not_begun(session):
    session.run("read rd 5 flags=io_link -> first; nop -> second; submit")
    said = life(session, "second")
    assert "has not begun: first, linked before it, has not completed" in said
    assert "starts when first succeeds" in said


def test_a_short_read_is_told_with_what_it_breaks(session):
    session.run('read rd 5 flags=io_link -> first; nop -> second; submit; feed wr "hel"; reap')
    assert "3 of 5 bytes: that is what was there" in life(session, "first")
    assert "breaks the chain" in life(session, "first")
    assert "first READ, linked before it, did not succeed" in life(session, "second")


def test_what_drains_waits_for_those_before_it(session):
    session.run("read rd 5 -> slow; nop flags=io_drain -> d; submit")
    assert "has not begun: it drains, and slow has not completed" in life(session, "d")


def test_a_link_timeout_guards_and_says_what_it_did(session):
    session.run("read rd 5 flags=io_link -> r; link_timeout 1m -> t; submit")
    assert "It guards r" in life(session, "t")
    session.run('feed wr "hello"; wait 2; reap')
    said = life(session, "t")
    assert "for this one the ordinary end" in said
    assert "Next: nothing" in said


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("do read f 64 buf=b0 -> r", "5 of 64 bytes: the file ends there, it has 5 bytes"),
        ("do read f 5 buf=b0 -> r", "5 bytes, as many as were asked for"),
        (
            "do read f 5 buf=b0 off=100 -> r",
            "res=0: the end of the file: it has 5 bytes, and off is 100",
        ),
        ("do read f 0 buf=b0 -> r", "res=0: no bytes were asked for"),
        ("drop wr; do read rd 5 -> r", "res=0: nobody has the other end open for writing"),
        ("drop a; do recv b 5 -> r", "res=0: the other side will send no more"),
        ('do write f "hello" -> r', "5 bytes were written, all of them"),
        ('do send a "hello" -> r', "5 bytes were sent, all of them"),
        ("do openat o.txt open_flags=rdwr|creat -> r", "the new fd, here called r"),
        ("do socket inet stream -> r", "the new fd, here called r"),
        ("do poll_add wr poll_events=out -> r", "res=4: the events OUT are there"),
        ("do timeout 1ms -> r", "that is the ordinary end, not a failure"),
        ("do nop inject=7 -> r", "res=7: what was asked for by INJECT_RESULT"),
        ("do read 999 4 -> r", "EBADF: bad file descriptor: the fd is not open"),
        ("do async_cancel 99 -> r", "no request that matches is in flight"),
        ("do nop -> r", "res=0"),
    ],
)
def test_a_result_is_told_in_the_words_of_its_opcode(session, line, told):
    session.run(line)
    said = life(session, "r")
    assert told in said
    assert "Next: " in said


def test_an_accept_waits_for_somebody_and_brings_an_fd(session):
    session.run("accept l -> c; submit")
    assert "waits for somebody to connect" in life(session, "c")
    session.run("do connect s l -> k") if "s" in session.names else None
    session.run("do async_cancel c -> k")
    assert "cancelled by k ASYNC_CANCEL" in life(session, "c").replace("Cancelled", "cancelled")
    assert "it was found and cancelled" in life(session, "k")


def test_a_connection_is_an_fd_with_a_name(session):
    session.run("accept l -> c; do socket inet stream -> s; do connect s l; reap")
    assert "the new fd of the new connection, here called c" in life(session, "c")


def test_a_timeout_that_was_met_by_completions_says_so(session):
    session.run("timeout 1m count=1 -> t; submit; do nop; reap")
    assert "so many completions came before the time was over" in life(session, "t")


def test_what_is_silent_says_that_nothing_will_come(session):
    session.run("nop flags=cqe_skip_success -> q; submit")
    assert "no CQE comes unless it fails" in life(session, "q")


def test_a_multishot_says_that_more_will_come(session):
    session.run('poll_add rd multishot=on -> p; submit; feed wr "x"; reap')
    said = life(session, "p")
    assert "MORE: other CQEs follow" in said
    assert "cancel p to end it" in said


def test_a_life_on_a_ring_that_is_closed_is_told_too(session):
    session.run("ring new r1; read rd 5 -> r; submit; ring close r1")
    assert "r: " in life(session, "r")


def test_looking_at_a_life_changes_nothing(session):
    session.run("read rd 5 -> r; submit; nop -> s")
    before, count = session.ring().observer.look(), session.log.count
    session.run("explain r; explain s; explain sqe 0; explain cqe 0")
    assert session.ring().observer.look().same_ring_state(before)
    assert session.log.count == count


def test_other_names_say_what_they_are_and_what_to_do(session):
    session.run("child kid; epoll e; do openat o.txt open_flags=rdwr|creat -> o")
    for name, told in (
        ("f", "f is a file"),
        ("rd", "rd is an end of a pipe"),
        ("wr", 'feed wr "text"'),
        ("a", "a is a socket"),
        ("l", "accept l"),
        ("b0", "b0 is a buffer"),
        ("bad", "guaranteed not to be mapped"),
        ("kid", "kid is a child process"),
        ("r0", "r0 is a ring (the one in use)"),
        ("e", "epoll_wait e"),
        ("o", "use o where an fd goes"),
    ):
        said = life(session, name)
        assert told in said, said


def test_a_registered_file_is_known_by_the_name_it_had(session):
    session.run("register files f,rd; do read fixed:0 64 -> r; read fixed:1 5 -> w; submit")
    assert "5 of 64 bytes: the file ends there" in life(session, "r")
    assert "fixed:1 (rd) has something to read" in life(session, "w")
    assert "a place of the registered files, rd" in " ".join(session("explain sqe 1").split())
    assert "place 0 of the registered files of r0: f is in it" in life(session, "fixed:0")
    with pytest.raises(LineError, match="r0 has places 0 to 1"):
        session.run("explain fixed:7")


def test_what_is_told_to_be_tried_parses(session):
    session.run("child kid; nop")
    for name in ("f", "rd", "wr", "a", "l", "b0", "bad", "kid", "r0"):
        tried = life(session, name).rsplit("Try: ", 1)[1].split(". ")[0].rstrip(".")
        for line in tried.split(", "):
            assert parse_line(line, session.table), line
