from __future__ import annotations

import pytest

from uringlab.course.words import UNTAUGHT, commands_in, known_word, plain, words_of
from uringlab.lab.verbs import standard_table

TABLE = standard_table()
LESSONS = {"check", "hint", "learn", "next", "solution"}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("nop", ["nop"]),
        ("do nop -> r1", ["do", "nop"]),
        ("repeat 3 do nop", ["repeat", "do", "nop"]),
        ("ring new r0 entries=8 flags=clamp|no_sqarray", ["ring new", "CLAMP", "NO_SQARRAY"]),
        ("nop flags=IOSQE_IO_LINK; publish", ["nop", "IOSQE_IO_LINK", "publish"]),
        ("nop flags=0x4", ["nop"]),
        ("expect sq.tail=1", ["expect"]),
    ],
)
def test_the_words_of_a_line_are_its_verbs_operations_and_flags(line, words):
    assert words_of(line, TABLE) == words


def test_a_flag_is_the_same_word_with_and_without_its_prefix():
    assert plain("IOSQE_IO_LINK") == plain("io_link") == plain("LINK") == "link"
    assert plain("IORING_SETUP_CLAMP") == plain("clamp")


@pytest.mark.parametrize(
    "word", ["ring new", "nop", "NOP", "IORING_OP_NOP", "CLAMP", "IOSQE_IO_LINK"]
)
def test_verbs_opcodes_and_flags_can_be_taught(word):
    assert known_word(word, TABLE)


@pytest.mark.parametrize("word", ["", "ring", "nup", "CLAMB"])
def test_other_words_cannot(word):
    assert not known_word(word, TABLE)


def test_what_needs_no_teaching_exists():
    assert all(TABLE.find(word) for word in UNTAUGHT - LESSONS)


def test_code_in_a_hint_is_a_command_if_it_begins_with_a_verb_and_goes_on():
    prose = (
        "Type `nop -> r1`, not `the head`, then `publish` or `ring new`; `read(2)`, `ring new a`"
    )
    assert list(commands_in(prose, TABLE)) == ["nop -> r1", "ring new a"]
