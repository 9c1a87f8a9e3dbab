"""A line into tokens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from uringlab.lab.errors import LineError, Span
from uringlab.lab.lexer import T, tokens


def texts(line):
    return [(token.type, token.text) for token in tokens(line)]


def test_words_strings_signs_arrows_and_ends_are_told_apart():
    assert texts('read f buf=b0 "a b" -> r1; nop') == [
        (T.WORD, "read"),
        (T.WORD, "f"),
        (T.WORD, "buf"),
        (T.SIGN, "="),
        (T.WORD, "b0"),
        (T.STRING, "a b"),
        (T.ARROW, "->"),
        (T.WORD, "r1"),
        (T.END, ";"),
        (T.WORD, "nop"),
    ]


@pytest.mark.parametrize("sign", ["=", "!=", "<", "<=", ">", ">="])
def test_every_comparison_is_one_sign(sign):
    assert texts(f"a{sign}1") == [(T.WORD, "a"), (T.SIGN, sign), (T.WORD, "1")]


def test_a_minus_belongs_to_the_word_and_an_arrow_does_not():
    assert texts("res=-9") == [(T.WORD, "res"), (T.SIGN, "="), (T.WORD, "-9")]
    assert texts("nop->r1") == [(T.WORD, "nop"), (T.ARROW, "->"), (T.WORD, "r1")]


def test_a_comment_ends_with_its_line_and_a_string_may_have_a_hash_in_it():
    assert texts('nop # read f ; "\nnop') == [(T.WORD, "nop"), (T.WORD, "nop")]
    assert texts('"a # b"') == [(T.STRING, "a # b")]
    assert texts("# nothing") == []


def test_a_semicolon_in_a_string_ends_nothing():
    assert texts('"a;b"') == [(T.STRING, "a;b")]


def test_escapes_mean_what_they_mean_in_c():
    assert texts(r'"\n\t\r\0\\\"\x41"') == [(T.STRING, '\n\t\r\0\\"A')]


@pytest.mark.parametrize(
    ("line", "span", "told"),
    [
        ('a "bc', (2, 5), "does not end"),
        ('a "b\\', (4, 5), "no escape"),
        ('a "b\\q"', (4, 6), r'no escape "\q"'),
        ('a "\\x4"', (3, 5), "no escape"),
        ("a ! b", (2, 3), '"!" means nothing here'),
    ],
)
def test_what_is_no_token_is_pointed_at(line, span, told):
    with pytest.raises(LineError) as caught:
        tokens(line)
    assert (caught.value.span.start, caught.value.span.end) == span
    assert told in caught.value.message


@given(st.text(alphabet='ab09 ;#"\\=<>!-|.\n\té', max_size=40))
def test_the_span_of_a_token_is_where_it_stands(line):
    try:
        found = tokens(line)
    except LineError as error:
        assert 0 <= error.span.start < error.span.end <= len(line)
        return
    at = 0
    for token in found:
        assert at <= token.span.start < token.span.end <= len(line)
        if token.type is not T.STRING:
            assert line[token.span.start : token.span.end] == token.text
        at = token.span.end


def test_half_a_character_is_refused_where_it_stands_and_a_byte_is_not():
    with pytest.raises(LineError, match="half a character") as caught:
        tokens("file f n\ud800")
    assert caught.value.span == Span(8, 9)
    assert tokens('nop "\udcff"')[1].text == "\udcff"
