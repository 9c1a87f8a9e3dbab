"""The same numbers are written down in several places: here they are compared."""

from __future__ import annotations

import os
import re
import struct
from enum import Enum
from importlib import import_module
from pathlib import Path

import pytest

import uringlab.core.native
from uringlab import IoUring, ops
from uringlab.core import abi
from uringlab.core.native import ffi
from uringlab.core.probe import supported_opcodes

HEADER = Path(uringlab.core.native.__file__).with_name("uringlab.h")
ENUMS = [
    one
    for one in (getattr(abi, name) for name in abi.__all__)
    if isinstance(one, type) and issubclass(one, Enum) and len(one.__members__)
]
# By their whole names; beside the enums, the constants that the C floor has as well.
NUMBERS = {one.kernel_name: int(one) for enum in ENUMS for one in enum} | {
    "IORING_REGISTER_USE_REGISTERED_RING": abi.USE_REGISTERED_RING,
    "IORING_FILE_INDEX_ALLOC": abi.FILE_INDEX_ALLOC,
    "IORING_OFF_SQ_RING": abi.OFF_SQ_RING,
    "IORING_OFF_CQ_RING": abi.OFF_CQ_RING,
    "IORING_OFF_SQES": abi.OFF_SQES,
    "IORING_OFF_PBUF_RING": abi.OFF_PBUF_RING,
    "IORING_OFF_PBUF_SHIFT": abi.OFF_PBUF_SHIFT,
}
# Where the C floor's names are shorter in another way than by IORING_.
PREFIXES = {
    "SQE_": "IOSQE_",
    "CANCEL_": "IORING_ASYNC_CANCEL_",
    "PBUF_RING_": "IOU_PBUF_RING_",
}
# Names that are two of one kind's on purpose: none is, so far.
TWINS: dict[type[Enum], set[str]] = {}


def version(text):
    """`6.18.1-rc2` as (6, 18)."""
    return tuple(int(part) for part in re.findall(r"\d+", text)[:2])


def defines():
    """The numbers of the C floor's own header."""
    for name, text in re.findall(r"^#define (\w+) (.+)$", HEADER.read_text(), re.MULTILINE):
        value = re.sub(r"([0-9a-f])u(ll)?\b", r"\1", text)
        if name != "SETUP_UNDERSTOOD":
            yield name, eval(value, {})  # noqa: S307 (our own header)


@pytest.mark.parametrize(("name", "value"), list(defines()), ids=str)
def test_the_c_floor_and_the_enums_agree(name, value):
    short = next((one for one in PREFIXES if name.startswith(one)), "")
    assert NUMBERS[PREFIXES.get(short, "IORING_") + name.removeprefix(short)] == value


def test_the_header_was_really_read():
    assert len(list(defines())) > 20


def test_the_setup_flags_that_are_not_understood_are_those_that_change_the_queues():
    [text] = re.findall(r"SETUP_UNDERSTOOD (.+)$", HEADER.read_text(), re.MULTILINE)
    understood = eval(re.sub(r"(\w)u\b", r"\1", text), {})  # noqa: S307 (our own header)
    beyond = {flag.name for flag in abi.SetupFlags if not understood & flag}
    assert beyond == {"SQE_MIXED", "SQ_REWIND"}
    assert sum(flag for flag in abi.SetupFlags if understood & flag) == understood


def test_every_opcode_this_kernel_has_has_a_name():
    with IoUring(1) as ring:
        supported = supported_opcodes(ring)
    known = set(abi.Opcode)
    assert not {number for number in supported if number not in known}


def test_every_operation_is_one_this_kernel_has_or_is_too_old_for():
    running = version(os.uname().release)
    with IoUring(1) as ring:
        lacking = set(ops.BY_OPCODE) - supported_opcodes(ring)
    assert {one for one in lacking if version(abi.Opcode(one).since) <= running} == set()


# io_uring's own: its numbers are given out one after the other. The headers of this machine may
# be too old to have the last ones.
OWN = [enum for enum in ENUMS if enum.prefix.startswith(("IO", "SOCKET_URING_", "ZCRX_"))]
FAR_OFF = {"IORING_CQE_F_32", "IO_URING_NAPI_TRACKING_INACTIVE"}


@pytest.mark.parametrize("enum", OWN)
def test_the_numbers_of_io_urings_own_kinds_have_no_gap(enum):
    numbers = [one.value for one in enum if one.kernel_name not in FAR_OFF]
    bits = issubclass(enum, abi.Flags)
    assert numbers == [1 << at if bits else at for at in range(len(numbers))]
    assert numbers


def test_most_kinds_are_io_urings_own():
    assert len(OWN) > 35


def test_the_structures_have_the_kernels_sizes():
    assert struct.calcsize(abi.SQE_FORMAT) == abi.SQE_BYTES == 64
    assert len(abi.SQE_WORDS) == len(abi.SQE_FORMAT) - 1
    assert ffi.sizeof("struct io_uring_params") == 120
    assert ffi.sizeof("struct ul_cqe") == 32


def test_all_kinds_of_constants_are_looked_at():
    assert len(ENUMS) > 50
    assert sum(len(enum.__members__) for enum in ENUMS) > 400
    assert len(NUMBERS) > 395, "two of them have the same whole name"


@pytest.mark.parametrize("enum", ENUMS)
def test_every_constant_says_since_when_and_what(enum):
    assert enum.__doc__
    assert enum.prefix
    for one in enum.__members__.values():
        assert re.fullmatch(r"[5-9]\.\d+", one.since), one
        assert one.doc, one
        assert "\n" not in one.doc
        assert re.fullmatch(r"[A-Z][A-Z0-9_]+[A-Z0-9]", one.kernel_name), one


@pytest.mark.parametrize("enum", ENUMS)
def test_no_two_names_of_a_kind_share_a_number(enum):
    numbers = {name: one.value for name, one in enum.__members__.items()}
    shared = {name for name, one in numbers.items() if list(numbers.values()).count(one) > 1}
    assert shared == TWINS.get(enum, set())


@pytest.mark.parametrize("enum", [enum for enum in ENUMS if issubclass(enum, abi.Flags)])
def test_a_flag_is_one_bit_and_a_sum_of_flags_is_made_of_them(enum):
    single = [one for one in enum.__members__.values() if one.bit_count() == 1]
    assert single == list(enum)
    for one in enum.__members__.values():
        assert one.value == sum(bit for bit in single if bit & one)


def test_a_sum_of_flags_can_be_taken_apart_again():
    both = abi.SqeFlags.IO_LINK | abi.SqeFlags.ASYNC
    assert [one.kernel_name for one in both] == ["IOSQE_IO_LINK", "IOSQE_ASYNC"]


def test_numbers_that_differ_between_architectures_are_this_ones():
    assert abi.PipeFlags.DIRECT == os.O_DIRECT
    assert abi.AcceptSocketFlags.CLOEXEC == os.O_CLOEXEC


MODULES = sorted(one.stem for one in Path(abi.__file__).parent.glob("[a-z]*.py"))


def test_every_public_name_of_every_module_is_passed_on():
    found = {}
    for module in (import_module(f"{abi.__name__}.{one}") for one in MODULES):
        for name, one in vars(module).items():
            ours = not isinstance(one, type) or one.__module__ == module.__name__
            if re.match(r"[A-Z]", name) and name != "TYPE_CHECKING" and ours:
                found.setdefault(name, module.__name__)
    assert sorted(abi.__all__) == sorted(found)
    for name, home in found.items():
        assert getattr(abi, name) is getattr(import_module(home), name)
        assert name in dir(abi)


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'NoSuchFlags'"):
        abi.NoSuchFlags  # noqa: B018


def test_what_a_ring_does_not_need_is_not_loaded_with_it(run_python):
    # On their own, without the operations, which need most of them.
    done = run_python(
        """
import sys, types
package = types.ModuleType("uringlab")
package.__path__ = [PATH]
sys.modules["uringlab"] = package
core = types.ModuleType("uringlab.core")
core.__path__ = [PATH + "/core"]
sys.modules["uringlab.core"] = core
from uringlab.core import abi
print(*sorted(name.rpartition(".")[2] for name in sys.modules if ".abi." in name))
abi.RwFlags
print(*sorted(name.rpartition(".")[2] for name in sys.modules if ".abi." in name))
""".replace("PATH", repr(str(Path(uringlab.__file__).parent)))
    )
    assert done.returncode == 0, done.stderr
    before, after = (set(line.split()) for line in done.stdout.splitlines())
    assert before == {
        "named", "opcode", "setup", "queue", "enter", "sqe", "cqe", "register", "layout",
    }  # fmt: skip
    assert after - before == {"fileflags"}
