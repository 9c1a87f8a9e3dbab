"""Completion in context: what is offered fits, and what was taken can be typed on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uringlab.lab import LineError, Session
from uringlab.lab.complete import complete, signature
from uringlab.lab.examples import SETUP
from uringlab.lab.parser import parse_line
from uringlab.lab.verbs import standard_table

TABLE = standard_table()
EXAMPLES = [spec.example for spec in TABLE]


@pytest.fixture(scope="module")
def session():
    with Session() as made:
        made.run("; ".join(SETUP))
        made.run("do openat notes.txt -> opened; ring new r5")
        yield made


FILES = {"f", "rd", "wr", "a", "b", "l", "e", "s", "opened"}


def offered(session, typed):
    return {one.text for one in complete(typed, session)}


@pytest.mark.parametrize(
    ("typed", "exactly"),
    [
        ("read ", FILES),
        ("read r", {"rd"}),
        ("close ", FILES | {"fd=", "slot=", "flags=", "personality=", "user_data="}),
        ("feed ", FILES),
        ("read f 5 buf=", {"b0", "b1", "bad"}),
        ("write f ", {"b0", "b1", "bad"}),
        ("ring ", {"new", "use", "close"}),
        ("ring u", {"use"}),
        ("ring use ", {"r0", "r5"}),
        ("nop -> ", set()),
        ("nop flags=io_link|as", {"io_link|async"}),
        ("nop flags=io_link|io_d", {"io_link|io_drain"}),
        ("expect r1 re", {"res="}),
        ("expect cq.re", {"cq.ready="}),
        ("help pub", {"publish"}),
        ("show sq", set()),
        ('file g x text="re', set()),
        ("nop # re", set()),
        ("xyzzy ", set()),
        ("do pub", set()),
        ("repeat 3 pub", {"publish"}),
        ("repeat 3 do nop", {"nop128"}),
        ("nop; publ", {"publish"}),
        ("do read f 5 bu", {"buf="}),
        ("connect s ", {"a", "b", "l", "s", "127.0.0.1:8080", "[::1]:8080", "unix:door"}),
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
                assert "needs" in told or "is missing" in told or "does not end" in told, (
                    taken,
                    told,
                )


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_whole_verb_has_a_signature(example):
    spec = parse_line(example, TABLE)[0].spec
    assert signature(f"{spec.name} ", TABLE).startswith(spec.name)


def test_a_wrapped_command_has_its_own_signature_once_it_is_known():
    assert signature("do ", TABLE).startswith("do OPERATION")
    assert signature("repeat 3 do rea", TABLE).startswith("do OPERATION")
    assert signature("do read ", TABLE).startswith("read FD")


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
    assert isinstance(signature(typed, TABLE), str)
