"""The signature as it is typed: which operand the cursor is in, and what fits into a width."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uringlab.lab.parser import parse_line
from uringlab.lab.signature import signature_at
from uringlab.lab.verbs import standard_table

TABLE = standard_table()
EXAMPLES = [spec.example for spec in TABLE]


def told(typed, room=1000):
    """All of it, as one text."""
    found = signature_at(typed, TABLE)
    return "".join(found.fitted(room)) if found is not None else ""


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_whole_verb_has_a_told(example):
    spec = parse_line(example, TABLE)[0].spec
    assert told(f"{spec.name} ").startswith(spec.name)


@pytest.mark.parametrize(
    ("typed", "around"),
    [
        ("read f ", ("read FD ", "N", " [buf=NAME]")),
        ("read f 5", ("read FD ", "N", " [buf=NAME]")),
        ("read f 5 ", ("read", "", " FD N")),
        ("read len=5 ", ("read ", "FD", " N")),
        ("read f 5 buf=b", ("read FD N ", "[buf=NAME]", " [off=0]")),
        ('write f "ab', ("write FD ", "DATA", " [len=N]")),
        ("repeat 3 do read ", ("read ", "FD", " N")),
        ("repeat ", ("repeat ", "N", " COMMAND")),
    ],
)
def test_the_operand_the_cursor_is_in_is_known(typed, around):
    found = signature_at(typed, TABLE)
    assert found is not None
    for shown, wanted in zip(found.fitted(1000), around, strict=True):
        assert shown.startswith(wanted) if wanted else not shown


def test_after_a_name_and_its_sign_the_choices_are_told():
    assert "on|off" in told("nop task_work=")
    assert "fixed_file|io_drain" in told("nop flags=")


def test_a_wrapped_command_has_its_own_signature_once_it_is_known():
    assert told("do ").startswith("do OPERATION")
    assert told("repeat 3 do rea").startswith("do OPERATION")
    assert told("do read ").startswith("read FD")
    assert told("storm count=5 ").startswith("storm [count=0]")
    assert told("storm nop ").startswith("nop [")
    assert (
        told("storm nop time=")
        == "storm [count=0] [time=TIME] [batch=N] [rate=N] OPERATION   end after that long"
    )
    assert told("storm timeout 1s count=").startswith("timeout TIME [count=0]")


def test_nothing_typed_and_nothing_known_have_none():
    assert not told("")
    assert not told("raed f")
    assert not told("nop # read ")


@pytest.mark.parametrize(
    ("room", "text"),
    [
        (60, "read … [off=0] …   where in the file; -1: its own position …"),
        (30, "read … [off=0] …   where in t…"),
        (12, "read … [off…"),
        (1, "…"),
        (0, ""),
    ],
)
def test_of_what_is_too_long_the_operand_and_what_it_is_stay_longest(room, text):
    assert told("read f 5 off=", room) == text


@given(
    st.sampled_from(EXAMPLES),
    st.integers(0, 60),
    st.text(alphabet='rf0=|"-> ;#.$\\', max_size=6),
    st.integers(0, 200),
)
def test_whatever_is_typed_it_fits(example, cut, end, room):
    assert len(told(example[:cut] + end, room)) <= room
