"""Completion in context: what is offered fits, and what was taken can be typed on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uringlab.lab import LineError, Session
from uringlab.lab.complete import complete
from uringlab.lab.examples import SETUP
from uringlab.lab.parser import parse_line
from uringlab.lab.verbs import standard_table

TABLE = standard_table()
EXAMPLES = [spec.example for spec in TABLE]


@pytest.fixture(scope="module")
def session():
    with Session() as made:
        made.run("; ".join(SETUP))
        made.run("do openat notes.txt -> opened; do mkdirat d")
        made.run(
            'file deep d/deep.txt text="x"; file odd "d/a b.txt" text="x"; drop deep; drop odd'
        )
        made.run("ring new r5; ring use r0; read rd 5 buf=b0 -> late; submit; ring use r5")
        yield made


FILES = {"f", "rd", "wr", "a", "b", "l", "e", "s", "opened"}


def offered(session, typed):
    return {one.text for one in complete(typed, session)}


@pytest.mark.parametrize(
    ("typed", "exactly"),
    [
        ("read ", FILES),
        ("read r", {"rd"}),
        ("close ", FILES | {"slot=", "flags=", "personality=", "user_data="}),
        ("feed ", FILES),
        ("read f 5 buf=", {"b0", "b1", "bad"}),
        ("write f ", {"b0", "b1", "bad"}),
        ("ring ", {"new", "use", "close"}),
        ("ring u", {"use"}),
        ("ring use ", {"r0", "r5"}),
        ("nop -> ", set()),
        ("nop flags=io_link|as", {"io_link|async"}),
        ("nop flags=li", {"link"}),
        ("nop flags=LINK|IOSQE_IO_", {"LINK|iosqe_io_drain", "LINK|iosqe_io_hardlink"}),
        ("nop flags=iosqe_io_link|io_l", set()),
        ("nop flags=io_link|io_d", {"io_link|io_drain"}),
        ("expect r1 re", {"res="}),
        ("expect cq.re", {"cq.ready="}),
        ("help pub", {"publish"}),
        ("show sq", {"sqe"}),
        ('file g x text="re', set()),
        ("nop # re", set()),
        ("xyzzy ", set()),
        ("do pub", set()),
        ("repeat 3 pub", {"publish"}),
        ("repeat 3 do nop", {"nop128"}),
        ("nop; publ", {"publish"}),
        ("do read f 5 bu", {"buf="}),
        ("storm count=", set()),
        ("storm rea", {"read", "readv", "read_multishot", "read_fixed", "readv_fixed"}),
        ("storm count=5 ba", {"batch="}),
        ("storm cou", {"count="}),
        ("storm count=5 cou", set()),
        ("storm count=5 nop ti", {"time="}),
        ("storm nop count=5 ba", {"batch="}),
        ("storm nop count=5 cou", set()),
        ("storm timeout 1s cou", {"count="}),
        ("repeat 3 nop ti", set()),
        ("connect s ", {"a", "b", "l", "s", "127.0.0.1:8080", "[::1]:8080", "unix:door"}),
        ("read F", {"f"}),
        (
            "poll_add rd flags=io_link|async|",
            {
                f"io_link|async|{one}"
                for one in ("fixed_file", "io_drain", "io_hardlink", "buffer_select")
            }
            | {"io_link|async|cqe_skip_success"},
        ),
        ("writev f b0,", {"b0,b1", "b0,bad"}),
        ("files_update f,r", {"f,rd"}),
        ("ring new q ", {"entries=", "cq=", "flags=", "wq=", "idle="}),
        ("ring new ", set()),
        ("statx ", {"notes.txt", "more.uring", "d/"}),
        ("statx d/", {"d/deep.txt"}),
        ("statx ../", set()),
        ("statx /et", set()),
        ("openat nosuch/", set()),
        ("record ", {"stop"}),
        ("c ", set()),
        ("do sq", {"sqe"}),
        ("ring use f", set()),
        ("show r1 x", set()),
        ("help ring ", {"new", "use", "close"}),
        ("help read ", set()),
        ("cancel r", {"r1", "r4"}),
        ("waitid ch", {"child"}),
        ("msg_ring ", {"r0", "r5"}),
        ('write f "x"', set()),
        ("nop ->", set()),
        ("read f 5 -> r", set()),
        ("repeat ", set()),
        ("expect within ", {"100ms", "1s"}),
        ("expect call io_uring_s", {"io_uring_setup"}),
        ("expect call io_uring_setup r", {"res="}),
        ("expect b0 ", {"text=", "size="}),
        ("expect f ", {"open=", "size=", "text="}),
        ("expect child ", set()),
        ("expect within 1s r1 st", {"state="}),
        ("expect r1 state=s", {"staged", "seen", "silent"}),
        ("expect r1 op=nop", {"NOP", "NOP128"}),
        ("expect r1 flags=buf", {"buffer", "buf_more"}),
        ("expect r1 af", {"after"}),
        ("expect r1 after r", {"r1", "r4"}),
        ("expect r1 after r2 ", set()),
        ("expect cq.ready=1 sq.p", {"sq.pending="}),
        ("expect setup.flags=sqp", {"sqpoll"}),
    ],
)
def test_exactly_what_fits_is_offered(session, typed, exactly):
    assert offered(session, typed) == exactly


def test_what_is_given_is_not_offered_again(session):
    assert "off=" in offered(session, "read f 5 buf=b0 ")
    assert "buf=" not in offered(session, "read f 5 buf=b0 ")
    assert "len=" not in offered(session, "read f 5 ")


def test_explain_offers_constants_and_show_offers_names(session):
    assert {"READ", "IOSQE_IO_LINK"} <= offered(session, "explain ")
    assert {"sq", "cq", "names", "f", "b0", "r0"} <= offered(session, "show ")


@pytest.mark.parametrize("example", EXAMPLES)
def test_what_is_offered_still_parses_where_it_is_complete(session, example):
    """Take each candidate at each place; where only a value is missing, that is all it says."""
    for end in range(len(example) + 1):
        typed = example[:end]
        for one in complete(typed, session):
            taken = typed[: one.start] + one.text
            try:
                parse_line(taken, TABLE)
            except LineError as error:
                told = error.message
                assert any(words in told for words in STILL_TO_COME), (taken, told)


STILL_TO_COME = (
    *("needs", "is missing", "does not end", "expect what?", "a condition is NAME=VALUE"),
    *("within what time?", "the order of which requests?"),
)


def order(session, typed):
    return [one.text for one in complete(typed, session)]


def test_the_likeliest_comes_first(session):
    assert order(session, "read f 5 buf=")[-1] == "bad"
    assert order(session, "cancel ")[0] == "late"  # it is in flight
    assert order(session, "read ")[0] == "f"
    assert order(session, "close ")[-4:] == ["slot=", "flags=", "personality=", "user_data="]
    assert order(session, "show ")[:3] == ["sq", "cq", "ring"]


def test_a_required_operand_comes_before_any_that_may_be_left_out(session):
    assert not {one for one in offered(session, "write f ") if one.endswith("=")}
    assert "off=" in offered(session, "write f b0 ")


def test_registered_files_are_offered_while_there_are_some(session):
    ring = session.ring().ring
    assert "fixed:0" not in offered(session, "read ")
    ring.files.sparse(2)
    try:
        assert {"fixed:0", "fixed:1"} <= offered(session, "read ")
        assert offered(session, "read F") == {"f", "fixed:0", "fixed:1"}
        assert "fixed:0" not in offered(session, "feed ")
    finally:
        ring.files.unregister()


def test_errnos_are_offered_after_a_sign_of_either_kind(session):
    assert "-EBADF" in offered(session, "expect r1 res=-EB")
    assert "-EBADF" in offered(session, "explain -EB")
    assert "EBADF" in offered(session, "explain EB")


def test_a_word_that_goes_on_is_not_whole(session):
    whole = {one.text: one.whole for one in complete("statx ", session)}
    assert whole == {"d/": False, "notes.txt": True, "more.uring": True}
    assert not complete("read f 5 buf", session)[0].whole


def test_what_it_means_is_one_short_line(session):
    for typed in ("", "do ", "explain ", "nop ", "read f 5 ", "show ", "nop flags=", "expect "):
        for one in complete(typed, session):
            assert "\n" not in one.meta
            assert len(one.meta) <= 72


@given(st.text(max_size=60))
def test_completion_survives_anything(session, typed):
    complete(typed, session)


@given(
    st.sampled_from(EXAMPLES),
    st.integers(0, 60),
    st.text(alphabet='rf0=|"-> ;#.$\\', max_size=6),
)
def test_completion_survives_any_beginning_with_any_end(session, example, cut, end):
    typed = example[:cut] + end
    for one in complete(typed, session):
        assert 0 <= one.start <= len(typed)
        assert one.text.lower().startswith(typed[one.start :].lower())
