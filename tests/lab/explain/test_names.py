"""What may be typed after `explain`, and what is said of what cannot be explained."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from uringlab.lab import Session
from uringlab.lab.complete import complete
from uringlab.lab.errors import LineError, Span
from uringlab.lab.explain.anything import answer
from uringlab.lab.explain.lines import MOST


def open_fds() -> list[str]:
    return sorted(one.name for one in Path("/proc/self/fd").iterdir())


@pytest.fixture
def session():
    with Session() as made:
        yield made


@pytest.mark.parametrize(
    ("typed", "head"),
    [
        ("IOSQE_IO_LINK", "IOSQE_IO_LINK = 0x4"),
        ("io_link", "IOSQE_IO_LINK = 0x4"),
        ("nodrop", "IORING_FEAT_NODROP"),
        ("setup_sqpoll", "IORING_SETUP_SQPOLL"),
        ("ioring_recvsend_poll_first", "IORING_RECVSEND_POLL_FIRST"),
        ("Register_PBUF_Ring", "IORING_REGISTER_PBUF_RING = 22"),
        ("PBUF_RING_INC", "IOU_PBUF_RING_INC"),
        ("FUTEX2_PRIVATE", "FUTEX2_PRIVATE"),
        ("pollin", "POLLIN"),
        ("read", "IORING_OP_READ = 22"),
        ("op_read", "IORING_OP_READ = 22"),
        ("MAX_CQ_ENTRIES", "IORING_MAX_CQ_ENTRIES = 65536"),
        ("FILE_INDEX_ALLOC", "IORING_FILE_INDEX_ALLOC"),
        ("io_uring_buf_reg", "struct io_uring_buf_reg, 40 bytes"),
        ("getevents_arg", "struct io_uring_getevents_arg"),
        ("ebadf", "-9  EBADF"),
        ("-EBADF", "-9  EBADF"),
        ("enotsup", "-95  EOPNOTSUPP"),
        ("erestartsys", "-512  ERESTARTSYS"),
        ("-512", "-512  ERESTARTSYS"),
        ("task work", "task work: "),
        ("Task_Work", "task work: "),
        ("store-release", "store-release: "),
        ("submission queue entry", "SQE: "),
        ("in flight", "in flight: "),
        ("register pbuf_ring", "IORING_REGISTER_PBUF_RING = 22"),
        ("unregister files", "IORING_UNREGISTER_FILES = 3"),
        ("taskrun_flag", "IORING_SETUP_TASKRUN_FLAG"),
    ],
)
def test_many_spellings_lead_to_one_thing(session, typed, head):
    assert session(f"explain {typed}").startswith(head)


@pytest.mark.parametrize(
    ("typed", "each"),
    [
        ("FIXED_FILE", ("IOSQE_FIXED_FILE", "IORING_NOP_FIXED_FILE")),
        ("IN", ("POLLIN", "EPOLLIN")),
        ("MULTISHOT", ("IORING_ACCEPT_MULTISHOT", "IORING_TIMEOUT_MULTISHOT")),
        ("CLOEXEC", ("SOCK_CLOEXEC", "O_CLOEXEC")),
    ],
)
def test_a_short_name_that_several_have_says_which_there_are(session, typed, each):
    said = session(f"explain {typed}")
    assert "stands for" in said
    assert all(name in said for name in each)


def test_a_word_that_constants_are_called_like_names_them(session):
    said = session("explain multishot")
    assert said.startswith("multishot: one SQE, many CQEs")
    assert "IORING_ACCEPT_MULTISHOT" in said


def test_an_errno_of_an_opcode_is_asked_for_by_both(session):
    said = session("explain EBADF READ")
    assert said == session("explain read -9") == session("explain READ EBADF")
    assert "the fd is not open, or not open for reading" in said
    assert "io_uring_prep_read(3)" in said
    assert "nothing of its own" in session("explain ENOTBLK NOP")


def test_alone_it_says_what_can_be_explained(session):
    said = session("explain")
    assert 2 <= len(said.splitlines()) <= 6
    for kind in ("errno", "opcode", "flag", "register call", "word", "request", "sqe"):
        assert kind in said
    assert session.current is None


@pytest.mark.parametrize(
    ("word", "told", "hint"),
    [
        ("9", "an errno has a minus sign here", "explain -9"),
        ("-9999", "nothing to explain", "explain READ"),
        ("io_lnk", 'Did you mean "io_link"', "explain io_link"),
        ("tsk work", 'Did you mean "task work"', "explain task work"),
        ("buffer rng", 'Did you mean "buffer ring"', "explain buffer ring"),
        ("zz", "nothing to explain", "explain READ"),
        ("ring new", '"ring new" is a command', "help ring new"),
        ("sqe 99", "there are slots 0 to 7", "explain sqe 0"),
        ("cqe x", "there are slots 0 to 15", "explain cqe 0"),
    ],
)
def test_what_cannot_be_explained_has_a_hint(session, word, told, hint):
    with pytest.raises(LineError) as caught:
        session.run(f"explain {word}")
    assert told in caught.value.message
    assert caught.value.hint == hint


def test_a_name_of_the_session_goes_before_a_word(session):
    session.run("buf slot 64")
    assert session("explain slot").startswith("slot is a buffer")
    assert session("explain slots").startswith("slot: ")


def test_json_says_what_kind_of_thing_it_is(session):
    for typed, kind, name in (
        ("-9", "errno", "EBADF"),
        ("READ", "opcode", "IORING_OP_READ"),
        ("nodrop", "flag", "IORING_FEAT_NODROP"),
        ("PBUF_RING", "register call", "IORING_REGISTER_PBUF_RING"),
        ("task work", "word", "task work"),
    ):
        [reply] = session.run(f"explain {typed}")
        assert reply.json == {"type": "explain", "what": typed, "kind": kind, "name": name}


def test_completion_offers_names_with_what_they_mean_and_opens_nothing(session):
    before = open_fds()
    offered = {one.text: one.meta for one in complete("explain ", session)}
    assert {"READ", "IOSQE_IO_LINK", "IORING_REGISTER_PBUF_RING", "EBADF", "task-work"} <= set(
        offered
    )
    assert all(offered.values())
    assert open_fds() == before
    assert session.current is None


def test_explaining_leaves_no_fd_behind_and_makes_no_ring_in_the_session(session):
    session.run("explain READ; explain IORING_SETUP_SQPOLL; explain nodrop; explain QUERY")
    before = open_fds()
    session.run("explain READ; explain IORING_SETUP_SQPOLL; explain nodrop; explain QUERY")
    assert open_fds() == before
    assert session.current is None


WORDS = st.one_of(
    st.sampled_from(
        ["sqe", "cqe", "fixed:", "fixed:0", "-", "-9", "r1", "READ", "EBADF", "0", "-0"]
    ),
    st.text(min_size=1, max_size=12),
    st.integers(-(2**70), 2**70).map(str),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(WORDS, max_size=4))
def test_whatever_is_asked_for_is_answered_in_form_or_refused_with_a_hint(words):
    made = asked()
    try:
        said = answer(made, words, Span(0, 1)).text
    except LineError as refused:
        assert refused.message
        assert refused.hint
    else:
        assert 2 <= len(said.splitlines()) <= MOST


@cache
def asked() -> Session:
    """One session for all of them: nothing is changed in it."""
    made = Session()
    made.run("nop -> r1; submit")
    return made


@pytest.fixture(scope="module", autouse=True)
def _closed_at_the_end():
    yield
    if asked.cache_info().currsize:
        asked().close()
