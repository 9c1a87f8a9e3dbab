"""Nothing in the ABI without its explanation: every class, every member, every number."""

from __future__ import annotations

import ast
import errno
import re
from pathlib import Path

import pytest

from uringlab.core import abi
from uringlab.core.abi import Flags, Named, Opcode, RegisterOp
from uringlab.lab import Session
from uringlab.lab.errnos import FROM_ENTER, FROM_REGISTER, FROM_SETUP, IN_IO_URING
from uringlab.lab.explain.anything import options
from uringlab.lab.explain.constants import classes, explain_constant, names, where
from uringlab.lab.explain.failure import explain_errno, numbers
from uringlab.lab.explain.lines import MOST, WIDE
from uringlab.lab.explain.notes import NOTES
from uringlab.lab.explain.numbers import NUMBERS, explain_number, explain_structure, structures
from uringlab.lab.explain.register_call import CALLS, verb
from uringlab.lab.explain.words import WORDS, every_name, explain_word, plain
from uringlab.lab.parser import parse_line

ABI = Path(abi.__file__).parent
WHOLE = names().whole
SOURCE = re.compile(r"\w+\([2-8]\)|[\w/.-]+\.(?:[ch]|rst)\b")
"""A man page, or a file of the kernel's."""
SINCE = re.compile(r"Since Linux [5-9]\.[0-9]+")


@pytest.fixture(scope="module")
def session():
    with Session() as made:
        made.run("nop -> r1")
        yield made


def in_form(text: str) -> None:
    lines = text.splitlines()
    assert 2 <= len(lines) <= MOST, text
    assert all(len(line) <= WIDE for line in lines), text
    assert all(line.startswith("  ") for line in lines[1:]), text
    assert not text.rstrip().endswith("…") or "OPCODE" in text, text


def declared() -> set[tuple[str, str]]:
    """(class, member) of every constant, read from the sources and not from the running classes."""
    found = set()
    for file in ABI.glob("*.py"):
        for one in ast.parse(file.read_text()).body:
            bases = {getattr(base, "id", "") for base in getattr(one, "bases", ())}
            if isinstance(one, ast.ClassDef) and bases & {"Flags", "Named"}:
                found |= {
                    (one.name, target.id)
                    for line in one.body
                    if isinstance(line, ast.Assign)
                    for target in line.targets
                    if isinstance(target, ast.Name)
                }
    return found


def test_the_walk_finds_every_class_and_every_member_that_the_sources_declare():
    walked = {(kind.__name__, name) for kind in classes() for name in kind.__members__}
    assert walked == declared()
    assert len(walked) > 400


def test_every_member_of_every_class_answers_to_its_whole_name():
    for kind in classes():
        for member in kind.__members__.values():
            assert member in WHOLE[member.kernel_name.upper()]


@pytest.mark.parametrize("name", sorted(WHOLE))
def test_every_constant_has_an_explanation_in_any_case(session, name):
    said = session(f"explain {name}")
    in_form(said)
    assert SINCE.search(said), said
    assert SOURCE.search(said), said
    assert "his kernel" in said
    assert session(f"explain {name.lower()}") == said


@pytest.mark.parametrize("kind", classes(), ids=lambda kind: kind.__name__)
def test_no_explanation_only_repeats_the_name(kind):
    assert SOURCE.search(kind.man), kind
    for member in kind.__members__.values():
        said = set(re.findall(r"[a-z0-9]+", member.doc.lower()))
        name = set(re.findall(r"[a-z0-9]+", member.kernel_name.lower()))
        assert len(said - name) >= 1, member
        assert len(member.doc) >= 4, member
        assert where(member), member


def test_what_the_kernel_has_of_its_own_has_more_than_one_line_of_meaning():
    own = ("params", "sqe->flags", "cqe->flags", "io_uring_enter")
    for kind in classes():
        if not str(kind.__doc__).replace("`", "").startswith(own) or kind is Opcode:
            continue
        for member in kind.__members__.values():
            assert member.kernel_name in NOTES, member


def test_no_note_is_about_a_constant_that_is_not_there():
    assert {name.upper() for name in NOTES} <= set(WHOLE)
    assert set(CALLS) == set(RegisterOp.__members__)


def test_every_register_call_names_a_verb_that_is_there(session):
    for call in RegisterOp:
        assert session.table.find(verb(call)) is not None, call


def test_every_opcode_says_what_it_takes_and_what_its_result_is(session):
    for opcode in Opcode:
        said = session(f"explain {opcode.name}")
        assert f"IORING_OP_{opcode.name} = {int(opcode)}" in said
        assert "res: " in said


def test_every_plain_number_and_every_structure_has_one():
    plain_numbers = {
        name
        for name in abi.__all__
        if isinstance(getattr(abi, name), int) and not isinstance(getattr(abi, name), Flags | Named)
    }
    assert set(NUMBERS) == plain_numbers
    for name in NUMBERS:
        in_form(explain_number(name))
        assert SINCE.search(explain_number(name))
        assert SOURCE.search(explain_number(name))
    for layout in structures().values():
        said = explain_structure(layout)
        in_form(said)
        assert SINCE.search(said)
        assert SOURCE.search(said)
        assert all(f"{field} at " in " ".join(said.split()) for field in layout.fields)


@pytest.mark.parametrize("number", sorted(set(numbers().values())))
def test_every_errno_has_an_answer_in_io_uring(session, number):
    found = explain_errno(number)
    in_form(found.text)
    assert found.text.startswith(f"-{number}  ")
    assert session(f"explain -{number}") == found.text


def test_every_name_of_an_errno_is_one_and_every_table_speaks_of_errnos():
    for name in errno.errorcode.values():
        assert name in numbers()
    for table in (IN_IO_URING, FROM_ENTER, FROM_REGISTER, FROM_SETUP):
        assert set(table) <= set(numbers())
        assert all(table.values())


@pytest.mark.parametrize("name", WORDS)
def test_every_word_is_explained_and_says_where_it_is_told_at_length(session, name):
    said = explain_word(name, also=("IORING_FIRST", "IORING_SECOND", "IORING_THIRD", "")).text
    in_form(said)
    assert SOURCE.search(said)
    assert session(f"explain {name}").startswith(f"{name}: ")
    assert session(f"explain {plain(name).replace(' ', '-')}").startswith(f"{name}: ")


def test_no_two_words_share_a_name():
    taken: dict[str, str] = {}
    for name, one in WORDS.items():
        for other in (name, *one.others):
            known = taken.setdefault(plain(other), name)
            assert known == name or plain(other) in map(plain, WORDS), other
    assert set(taken) == set(every_name())


def test_the_lines_that_explanations_quote_parse(session):
    quoted = [
        line
        for text in [*(one.more for one in WORDS.values()), *NOTES.values()]
        for line in re.findall(r"`([^`]+)`", text)
    ]
    assert len(quoted) > 30
    for line in quoted:
        if line not in ("r1", "register"):
            assert parse_line(line, session.table), line


def test_what_completion_offers_is_explained(session):
    for name in options():
        if name not in ("sqe", "cqe"):
            in_form(session(f"explain {name}"))


def test_a_shared_name_of_the_kernels_tells_both_places():
    said = explain_constant(WHOLE["AT_EMPTY_PATH"], None).text
    assert "linkat(2)" in said
    assert "statx(2)" in said
