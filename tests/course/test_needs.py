from __future__ import annotations

import pytest

from uringlab.core.abi import Features, Opcode, SetupFlags
from uringlab.course import needs


@pytest.mark.parametrize(
    "need",
    [
        *("NOP", "IORING_OP_READ", "SINGLE_MMAP", "IORING_FEAT_NODROP", "SQPOLL"),
        *("IORING_SETUP_CLAMP", "DEFER_TASKRUN", "sq_off.tail=4", "cq_off.cqes=64"),
    ],
)
def test_opcodes_features_flags_and_places_of_words_can_be_needed(need):
    assert needs.known_need(need)


@pytest.mark.parametrize(
    "need", ["", "NAP", "nop", "IORING_OP_CLAMP", "IORING_X_NOP", "sq_off.tail"]
)
def test_nothing_else_can(need):
    assert not needs.known_need(need)


def test_no_name_means_two_things():
    names = [one.name for kind in (Opcode, Features, SetupFlags) for one in kind]
    assert len(names) == len(set(names))


def test_a_kernel_that_has_everything_misses_nothing():
    assert needs.missing(("NOP", "SINGLE_MMAP", "CLAMP", "CQSIZE")) == ""


@pytest.fixture
def poor(monkeypatch):
    """A kernel that knows one opcode, no feature and no flag."""

    class Params:
        features = Features(0)
        sq_off = {"tail": 64}  # noqa: RUF012 - a stand-in
        cq_off = {"cqes": 320}  # noqa: RUF012 - a stand-in

    monkeypatch.setattr(needs, "kernel_opcodes", lambda: frozenset({int(Opcode.NOP)}))
    monkeypatch.setattr(needs, "_params", Params)
    monkeypatch.setattr(needs, "setup_flags", lambda: SetupFlags(0))


@pytest.mark.parametrize(
    ("need", "why"),
    [
        ("READ", "this kernel has no READ (it came with Linux 5.6)"),
        ("NODROP", "this kernel has no IORING_FEAT_NODROP (Linux 5.5)"),
        ("CLAMP", "io_uring_setup refuses CLAMP (it came with Linux 5.6)"),
        ("sq_off.tail=4", "this kernel has sq_off.tail at 64, not at 4"),
        ("sq_off.tial=4", "this kernel has no sq_off.tial"),
        ("cq_off.cqes=64", "this kernel has cq_off.cqes at 320, not at 64"),
        ("WHAT", "nothing is called WHAT"),
    ],
)
def test_what_is_missing_is_said_with_the_version_that_brought_it(poor, need, why):
    assert needs.missing(("NOP",)) == ""
    assert needs.missing(("NOP", need)) == why
