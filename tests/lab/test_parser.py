"""A line into commands; what is wrong with it, and where."""

import pytest

from uringlab.lab.errors import LineError
from uringlab.lab.operands import can_be_typed
from uringlab.lab.parser import parse_line
from uringlab.lab.values import Ref, Text
from uringlab.lab.verbs import standard_table

TABLE = standard_table()


def parse(line):
    return parse_line(line, TABLE)


def one(line):
    (command,) = parse(line)
    return command


def wrong(line):
    with pytest.raises(LineError) as caught:
        parse(line)
    error = caught.value
    return error, line[error.span.start : error.span.end]


def test_an_empty_line_and_a_comment_are_no_commands():
    assert parse("") == []
    assert parse("  \t ") == []
    assert parse("# nop") == []
    assert parse(";;  ; # nop") == []


def test_semicolons_separate_commands_and_each_keeps_its_own_text():
    found = parse("nop;; publish ; enter # go")
    assert [command.spec.name for command in found] == ["nop", "publish", "enter"]
    assert [command.text for command in found] == ["nop", "publish", "enter"]


def test_operands_by_place_and_by_name_mean_the_same():
    by_place = one("read f 5 buf=b0 -> r1")
    by_name = one("read buf=b0 len=5 fd=f -> r1")
    assert by_place.values == by_name.values == {"fd": Ref("f"), "len": 5, "buf": Ref("b0")}
    assert by_place.into == by_name.into == "r1"


def test_a_name_before_the_sign_takes_the_place_from_the_words():
    assert one("read fd=f 5").values == {"fd": Ref("f"), "len": 5}


@pytest.mark.parametrize(
    "line",
    [
        "storm read f 5 count=9 time=2s buf=b0",
        "storm count=9 time=2s read f 5 buf=b0",
        "storm count=9 read f time=2s 5 buf=b0",
        "storm read time = 2s fd=f buf=b0 5 count=9",
    ],
)
def test_what_wraps_an_operation_takes_its_own_operands_before_it_or_behind_it(line):
    command = one(line)
    assert command.values == {"count": 9, "time": 2_000_000_000}
    assert command.inner.values == {"fd": Ref("f"), "len": 5, "buf": Ref("b0")}
    assert line[command.span_of("count").start : command.span_of("count").end] == "count=9"


def test_an_operand_of_both_is_the_inner_ones_behind_it():
    command = one("storm count=9 timeout 1s count=3 batch=2")
    assert command.values == {"count": 9, "batch": 2}
    assert command.inner.values == {"time": 1_000_000_000, "count": 3}
    assert one("storm timeout 1s count=3").values == {}


@pytest.mark.parametrize(
    ("line", "message", "where"),
    [
        ("storm count=3 nop count=4", "count is given twice", "count"),
        ("storm nop count=x", "expected a number", "x"),
        ("storm nop count=", "needs a value", "count="),
        ("storm nop count>5", "is for expect", ">"),
        ("storm nop bacth=3", 'nop has no operand "bacth"', "bacth"),
        ("storm count=3", "storm needs a command", "storm count=3"),
        ("storm publish", "takes an operation", "publish"),
        ("storm do nop", "takes an operation", "do nop"),
        ("storm nop -> r1", "leave -> out", "nop -> r1"),
        ("storm xyzzy count=3", 'no command "xyzzy"', "xyzzy"),
    ],
)
def test_what_is_wrong_in_a_storm_is_said_where_it_stands(line, message, where):
    error, spot = wrong(line)
    assert message in error.message
    assert spot == where


def test_spaces_around_the_sign_do_no_harm():
    assert one("read f 5 off = 7").values["off"] == 7


def test_an_alias_is_its_command():
    assert one("cancel r1").spec.name == "async_cancel"
    assert one("poll rd").spec.name == "poll_add"
    assert one("exit").spec.name == "quit"


def test_two_words_make_one_verb():
    command = one("ring new r0 entries=4")
    assert command.spec.name == "ring new"
    assert command.values == {"name": "r0", "entries": 4}


def test_do_and_repeat_wrap_a_whole_command_with_its_name():
    command = one('do write f "x" -> w')
    assert command.spec.name == "do"
    assert command.inner.spec.name == "write"
    assert command.inner.values["buf"] == Text("x")
    assert command.inner.into == "w"
    repeated = one("repeat 3 do nop")
    assert repeated.values == {"times": 3}
    assert repeated.inner.inner.spec.name == "nop"


@pytest.mark.parametrize(
    ("line", "under", "told", "hint"),
    [
        ("raed f 5", "raed", 'no command "raed". Did you mean "read"?', "help read"),
        ("xyzzy", "xyzzy", 'no command "xyzzy".', "help"),
        ("ring", "ring", '"ring" needs a second word', "ring close"),
        ("ring nwe a", "nwe", 'Did you mean "ring new"?', "help ring"),
        ("nop; raed", "raed", "no command", "help read"),
        ("do raed f 5", "raed", "no command", "help read"),
        ("read", "read", "read needs FD (what to read from)", "read f 5 buf=b0 -> r1"),
        ("nop; read f", "read f", "read needs N", "read f 5 buf=b0 -> r1"),
        ("read f 5 6", "6", '"6" is one too many', "help read"),
        ("read f 5 bfu=b0", "bfu", 'Did you mean "buf"?', "help read"),
        ("read f 5 off", "off", "one too many", "help read"),
        ("read f 5 off=", "off=", "off= needs a value: a number", ""),
        ("read f 5 off=;nop", "off=", "off= needs a value", ""),
        ("read f 5 off=1 off=2", "off", "off is given twice", ""),
        ("read f 5 len=6", "len", "len is given twice", ""),
        ("read f 5 off<6", "<", '"<" is for expect; here it is off=…', ""),
        ("read f 5 off!=6", "!=", '"!=" is for expect', ""),
        ("read = 5", "=", '"=" needs a name before it', ""),
        ("= 5", "=", 'no command "="', "help"),
        ("read f five", "five", 'expected a number, not "five"', ""),
        ("nop ->", "->", "after -> comes one name", ""),
        ("nop -> a b", "b", "after -> comes one name", ""),
        ("nop -> 5", "5", "a name (letters, digits, _)", ""),
        ("publish -> p", "->", "publish makes no request", ""),
        ("do", "do", "do needs a command: do OPERATION", ""),
        ("do publish", "publish", "do takes an operation (nop, read, write, …)", ""),
        ("repeat 3", "repeat 3", "repeat needs a command", ""),
        ("repeat 3 nop -> a", "nop -> a", "leave -> out", ""),
        ("timeout 5", "5", "a time with its unit", ""),
        ('"nop"', '"nop"', "no command", None),
    ],
)
def test_what_is_wrong_is_pointed_at_with_what_to_try(line, under, told, hint):
    error, marked = wrong(line)
    assert marked == under
    assert told in error.message
    if hint is not None:
        assert error.hint == hint


def test_the_caret_stands_under_the_word_and_the_place_before_the_line():
    error, _ = wrong("nop; raed f")
    assert error.pretty().splitlines()[:2] == ["nop; raed f", "     ^^^^"]
    error.place = "a.uring:3"
    assert error.pretty().splitlines()[:2] == [
        "a.uring:3: nop; raed f",
        "                ^^^^",
    ]
    assert error.short() == 'no command "raed". Did you mean "read"?   try: help read'


def test_every_hint_that_is_a_command_parses():
    for line in ("raed f 5", "xyzzy", "ring", "ring nwe", "read", "read f 5 6", "write f"):
        error, _ = wrong(line)
        assert parse(error.hint), line


@pytest.mark.parametrize("spec", list(TABLE), ids=[spec.name for spec in TABLE])
def test_every_command_has_a_summary_an_example_and_a_signature_that_begins_with_it(spec):
    assert spec.summary
    assert not spec.summary.endswith(".")
    assert spec.signature().startswith(spec.name)
    *first, command = parse(spec.example)
    assert command.spec is spec
    assert not first or spec.group == "registration" or "buf_ring" in spec.example


@pytest.mark.parametrize("spec", [spec for spec in TABLE if spec.op], ids=lambda spec: spec.name)
def test_every_operand_of_every_op_is_in_its_commands_help(spec):
    with_help = {one.name: one.doc for one in spec.params}
    for operand in filter(can_be_typed, spec.op.operands):
        assert with_help[operand.name] == operand.doc
    assert {"flags", "user_data"} <= set(with_help)
