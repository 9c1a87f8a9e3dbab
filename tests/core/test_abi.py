"""The same numbers are written down in several places: here they are compared."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import pytest

import uringlab.core.native
from uringlab import IoUring, ops
from uringlab.core import abi
from uringlab.core.native import ffi
from uringlab.core.probe import supported_opcodes

HEADER = Path(uringlab.core.native.__file__).with_name("uringlab.h")
# A define of the header: its prefix, and the enum that has the same name without it.
ENUMS = {
    "SETUP_": abi.SetupFlags,
    "FEAT_": abi.Features,
    "SQE_": abi.SqeFlags,
    "CQE_F_": abi.CqeFlags,
    "SQ_": abi.SqRingFlags,
    "ENTER_": abi.EnterFlags,
    "OP_": abi.Opcode,
    "CANCEL_": abi.CancelFlags,
    "POLL_": abi.PollFlags,
}
ONLY_IN_C = {"REGISTER_FILES", "REGISTER_FILES_UPDATE", "REGISTER_SYNC_CANCEL"}


def defines():
    for name, text in re.findall(r"^#define (\w+) (.+)$", HEADER.read_text(), re.MULTILINE):
        value = re.sub(r"(\d)u\b", r"\1", text)
        if name != "SETUP_UNDERSTOOD":
            yield name, eval(value, {})  # noqa: S307 (our own header)


@pytest.mark.parametrize(("name", "value"), list(defines()), ids=str)
def test_the_c_floor_and_the_enums_agree(name, value):
    if name in ONLY_IN_C:
        return
    prefix = max((p for p in ENUMS if name.startswith(p)), key=len)
    assert ENUMS[prefix][name.removeprefix(prefix)] == value


def test_the_header_was_really_read():
    assert len(list(defines())) > 20


def test_the_setup_flags_that_are_understood_are_those_before_the_queues_changed_shape():
    [text] = re.findall(r"SETUP_UNDERSTOOD (.+)$", HEADER.read_text(), re.MULTILINE)
    understood = eval(re.sub(r"(\w)u\b", r"\1", text), {})  # noqa: S307 (our own header)
    beyond = {flag.name for flag in abi.SetupFlags if not understood & flag}
    assert beyond == {"NO_MMAP", "REGISTERED_FD_ONLY", "CQE_MIXED", "SQE_MIXED", "SQ_REWIND"}
    assert sum(flag for flag in abi.SetupFlags if understood & flag) == understood


def test_every_opcode_this_kernel_has_has_a_name():
    with IoUring(1) as ring:
        supported = supported_opcodes(ring)
    known = set(abi.Opcode)
    assert not {number for number in supported if number not in known}


def test_every_opcode_that_is_declared_is_one_this_kernel_has():
    with IoUring(1) as ring:
        assert set(ops.BY_OPCODE) <= supported_opcodes(ring)


def test_opcodes_are_numbered_without_a_gap():
    assert [opcode.value for opcode in abi.Opcode] == list(range(len(abi.Opcode)))


def test_the_structures_have_the_kernels_sizes():
    assert struct.calcsize(abi.SQE_FORMAT) == abi.SQE_BYTES == 64
    assert len(abi.SQE_WORDS) == len(abi.SQE_FORMAT) - 1
    assert ffi.sizeof("struct io_uring_params") == 120
    assert ffi.sizeof("struct ul_cqe") == 32


@pytest.mark.parametrize(
    "enum",
    [
        one
        for one in vars(abi).values()
        if isinstance(one, type) and issubclass(one, (abi.Named, abi.Flags)) and list(one)
    ],
)
def test_every_constant_says_since_when_and_what(enum):
    for one in enum:
        assert re.fullmatch(r"\d+\.\d+", one.since), one
        assert one.doc, one
        assert "\n" not in one.doc
