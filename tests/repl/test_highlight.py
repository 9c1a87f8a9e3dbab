"""Colours while typing: what a word is, and what is not known, once it can be nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prompt_toolkit.document import Document

from uringlab.lab import Session
from uringlab.lab.examples import SETUP
from uringlab.repl.highlight import LabLexer, highlighted


@pytest.fixture(scope="module")
def session():
    with Session() as made:
        made.run("; ".join(SETUP))
        yield made


def styled(session, line, cursor=-1):
    """What each styled word is."""
    found = highlighted(line, session, cursor)
    return [(style.removeprefix("class:"), text) for style, text, *_ in found if style]


@pytest.mark.parametrize(
    ("line", "styles"),
    [
        ("nop", [("verb", "nop")]),
        ("ring new q", [("verb", "ring"), ("verb", "new")]),
        ("read f 4k", [("verb", "read"), ("name", "f"), ("number", "4k")]),
        ("read nosuch 5", [("verb", "read"), ("unknown", "nosuch"), ("number", "5")]),
        ("read f many", [("verb", "read"), ("name", "f"), ("unknown", "many")]),
        ("read fixed:1 5", [("verb", "read"), ("number", "5")]),
        ("writev f b0,b1", [("verb", "writev"), ("name", "f"), ("name", "b0,b1")]),
        ("register files f,-1", [("verb", "register"), ("verb", "files"), ("name", "f,-1")]),
        (
            "storm count=5 nop",
            [
                *[("verb", "storm"), ("key", "count"), ("sign", "="), ("number", "5")],
                ("verb", "nop"),
            ],
        ),
        (
            "storm nop count=5",
            [
                *[("verb", "storm"), ("verb", "nop"), ("key", "count"), ("sign", "=")],
                ("number", "5"),
            ],
        ),
        ("writev f b0,no", [("verb", "writev"), ("name", "f"), ("unknown", "b0,no")]),
        (
            'do feed wr "hello"',
            [("verb", "do"), ("verb", "feed"), ("name", "wr"), ("string", '"hello"')],
        ),
        (
            "nop flags=async -> x",
            [("verb", "nop"), ("key", "flags"), ("sign", "="), ("sign", "->")],
        ),
        ("nop flgs=async", [("verb", "nop"), ("unknown", "flgs"), ("sign", "=")]),
        (
            "expect f res=-EBADF # why",
            [
                ("verb", "expect"),
                ("name", "f"),
                ("key", "res"),
                ("sign", "="),
                ("number", "-EBADF"),
                ("comment", "# why"),
            ],
        ),
        (
            "file g x; read g 5 -> z; show z",
            [
                *[("verb", "file"), ("verb", "read"), ("name", "g"), ("number", "5")],
                *[("sign", "->"), ("verb", "show"), ("name", "z")],
            ],
        ),
        ("raed f; nop", [("unknown", "raed"), ("name", "f"), ("verb", "nop")]),
        ("ring wen", [("verb", "ring"), ("unknown", "wen")]),
        ('feed wr "hel', [("verb", "feed"), ("name", "wr"), ("string", '"hel')]),
        ("nop $!", [("verb", "nop"), ("unknown", "$"), ("unknown", "!")]),
        ("sleep 5 parsecs", [("verb", "sleep"), ("unknown", "5"), ("unknown", "parsecs")]),
    ],
)
def test_each_word_has_the_style_of_what_it_is(session, line, styles):
    found = styled(session, line)
    assert [one for one in found if one[1] != ";"] == [one for one in styles if one[1] != ";"]


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        *[("re", False), ("raed", True), ("ring n", False), ("ring x", True), ("zzz", True)],
        *[("read rd", False), ("read no", True), ("read f 5 of", False), ("read f 5 xx", True)],
        ("do rea", False),
    ],
)
def test_a_word_is_wrong_only_when_it_can_become_nothing_known(session, line, wrong):
    assert any(style == "unknown" for style, _ in styled(session, line, len(line))) is wrong


def test_lines_of_a_paste_are_coloured_each_by_itself(session):
    of_line = LabLexer(session).lex_document(Document("nop\nraed\nre", cursor_position=11))
    assert [[style for style, *_ in of_line(at)] for at in range(4)] == [
        ["class:verb"],
        ["class:unknown"],
        [""],
        [],
    ]


@given(st.text(alphabet='nop rea fixed:0=|",-> ;#.$\\\n12ms!x', max_size=40), st.integers(-1, 40))
def test_no_line_is_too_odd_and_nothing_of_it_is_lost(session, line, cursor):
    assert "".join(text for _, text, *_ in highlighted(line, session, cursor)) == line
