"""The counting: each of the forty has its file, and each file ran on the kinds it claims."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

HERE = Path(__file__).parent
FORTY = (
    "nop",
    "nop-flags",
    "nop-all-sizes",
    "sq-full",
    "sq-space_left",
    "cq-ready",
    "cq-peek-batch",
    "cq-size",
    "cq-full",
    "cq-overflow",
    "submit-and-wait",
    "drop-submit",
    "io_uring_setup",
    "io_uring_enter",
    "io_uring_register",
    "probe",
    "ring-query",
    "link",
    "link-timeout",
    "link_drain",
    "skip-cqe",
    "timeout",
    "timeout-new",
    "min-timeout",
    "io-cancel",
    "cancel-fd-userdata",
    "sync-cancel",
    "poll-cancel",
    "poll-mshot-overflow",
    "file-register",
    "fixed-reuse",
    "open-direct-pick",
    "register-restrictions",
    "personality",
    "single-issuer",
    "defer-taskrun",
    "sqpoll-sleep",
    "eventfd-disable",
    "buf-ring",
    "recv-multishot",
)


def file_of(name):
    return HERE / f"test_{name.replace('-', '_')}.py"


def test_there_are_forty():
    assert len(set(FORTY)) == 40


@pytest.mark.parametrize("name", FORTY)
def test_each_has_a_file_that_names_it(name):
    doc = ast.get_docstring(ast.parse(file_of(name).read_text()))
    assert f"`{name}`" in doc


@pytest.mark.parametrize("name", FORTY)
def test_its_file_ran_on_every_kind_that_it_claims(name, census):
    file = file_of(name).name
    if census.left_out or file not in census.claims:
        pytest.skip("only some of the tests were asked for")
    assert census.claims[file]
    missing = census.claims[file] - census.lacking - census.ran[file]
    why = census.skipped[file]
    if missing and missing <= why.keys():
        pytest.skip(why[missing.pop()])  # all of its tests were, and by that name
    assert not missing
