"""The toolbar's text: it fits, and what matters most is cut last."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uringlab.lab import Session
from uringlab.repl.toolbar import toolbar


@pytest.fixture(scope="module")
def session():
    with Session() as made:
        made.run("pipe rd wr; read rd 5; nop; submit; nop")
        yield made


def text_of(session, typed, width):
    return "".join(text for _, text, *_ in toolbar(session, typed, width))


def marked(session, typed, width=200):
    found = toolbar(session, typed, width)
    return [text for style, text, *_ in found if style == "class:hint.operand"]


@pytest.mark.parametrize(
    ("width", "text"),
    [
        (200, " r0  sq 1/8  cq 1/16  in flight 1  Tab completes · Ctrl-R searches · help · Ctrl-D"),
        (40, " r0  sq 1/8  cq 1/16  in flight 1 "),
        (32, " sq 1/8  cq 1/16  in flight 1 "),
        (24, " sq 1/8 cq 1/16 fl 1 "),
        (18, " sq 1/8 cq 1/16 "),
    ],
)
def test_a_narrow_one_has_the_figures(session, width, text):
    assert text_of(session, "", width).startswith(text)


@pytest.mark.parametrize(
    ("typed", "operand"),
    [
        ("read ", ["FD"]),
        ("read rd", ["FD"]),
        ("read rd ", ["N"]),
        ("read rd 5 ", []),
        ("read rd 5 off=", ["[off=0]"]),
        ("do read rd 5 off=", ["[off=0]"]),
        ("repeat ", ["N"]),
        ("feed wr ", ["DATA"]),
        ('feed wr "hel', ["DATA"]),
        ("nop -> ", []),
        ("nop", []),
    ],
)
def test_the_operand_the_cursor_is_in_is_marked(session, typed, operand):
    assert marked(session, typed) == operand


def test_what_that_operand_is_stays_when_the_others_are_cut(session):
    shown = text_of(session, "read rd 5 rw_flags=", 100)
    assert "read … [rw_flags=FLAGS] …   preadv2(2)" in shown


def test_after_a_name_and_its_sign_the_choices_are_told(session):
    assert "fixed_file|io_drain|io_link" in text_of(session, "nop flags=", 200)


@given(
    st.sampled_from(["", "read rd 5 off=", "nop flags=async|", 'feed wr "h', "raed", "ring", "→"]),
    st.integers(1, 150),
)
def test_it_is_never_wider_than_the_terminal(session, typed, width):
    assert len(text_of(session, typed, width)) <= width
