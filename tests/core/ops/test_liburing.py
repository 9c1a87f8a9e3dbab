"""Every helper of liburing has its place here: the table names them, and what it says runs."""

import ast
import re
from pathlib import Path

import pytest

from uringlab import IoUring, abi, ops
from uringlab.core.ops.liburing import LEFT_OUT, PREP, stand_ins

HEADER = Path("/usr/include/liburing.h")


@pytest.mark.parametrize("name", [name for name in PREP if name != "rw"])
def test_what_the_table_says_makes_an_op_whose_page_it_is(name):
    op = eval(PREP[name], stand_ins())  # noqa: S307 (our own table)
    assert isinstance(op, ops.Op)
    assert len(op.sqe) in {64, 128}
    [call] = [node for node in ast.walk(ast.parse(PREP[name])) if is_op(node)]
    assert call.func.attr == type(op).__name__


def is_op(node):
    return isinstance(node, ast.Call) and ast.unparse(node.func).startswith("ops.")


def test_the_raw_form_fills_a_slot_by_hand():
    with IoUring(2) as ring:
        exec(PREP["rw"], {"ring": ring, "abi": abi})  # noqa: S102 (our own table)
        assert ring.submit() == 1


def test_every_op_is_said_by_some_helper_or_newer_than_them():
    said = {re.search(r"ops\.(\w+)\(", text)[1] for name, text in PREP.items() if name != "rw"}
    assert {op.__name__ for op in ops.BY_OPCODE.values()} - said == {"RecvZc"}


def test_no_helper_of_the_installed_liburing_is_forgotten():
    if not HEADER.exists():
        pytest.skip("needs liburing.h")
    names = set(re.findall(r"\bio_uring_prep_(\w+)\(", HEADER.read_text()))
    assert names - PREP.keys() - LEFT_OUT.keys() == set()
    assert not PREP.keys() & LEFT_OUT.keys()
