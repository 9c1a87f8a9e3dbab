"""What is declared, and what the running kernel says that it knows."""

from __future__ import annotations

import errno
import mmap
import os

import pytest

from uringlab import IoUring
from uringlab.core import abi
from uringlab.core.native import ffi, lib

RUNNING = tuple(int(part) for part in os.uname().release.split("-")[0].split(".")[:2])


def has_come(member):
    """Whether this kernel is new enough for it, by its version: as a cross-check only."""
    return tuple(int(part) for part in member.since.split(".")) <= RUNNING


@pytest.fixture(scope="module")
def query():
    """The answer to REGISTER_QUERY, which needs no ring."""
    layout = abi.QUERY_OPCODE
    data = ffi.new("uint8_t[]", layout.size)
    address = int(ffi.cast("uintptr_t", data))
    header = abi.QUERY_HDR.pack(query_data=address, query_op=abi.QueryOp.OPCODES, size=layout.size)
    asked = ffi.new("uint8_t[]", header)
    answer = lib.ul_sys_register(-1, abi.RegisterOp.QUERY, asked, 0)
    if answer < 0:
        assert answer in {-errno.EINVAL, -errno.EBADF}
        pytest.skip("needs REGISTER_QUERY")
    assert abi.QUERY_HDR.unpack(ffi.buffer(asked))["result"] == 0
    return layout.unpack(ffi.buffer(data))


@pytest.mark.parametrize(
    ("word", "enum"), [("nr_request_opcodes", abi.Opcode), ("nr_register_opcodes", abi.RegisterOp)]
)
def test_the_opcodes_are_those_that_the_kernel_counts(query, word, enum):
    assert query[word] <= len(enum), "this kernel has some that have no name here"
    assert [one for one in enum if one < query[word]] == [one for one in enum if has_come(one)]


@pytest.mark.parametrize(
    ("word", "enum"),
    [
        ("feature_flags", abi.Features),
        ("ring_setup_flags", abi.SetupFlags),
        ("enter_flags", abi.EnterFlags),
        ("sqe_flags", abi.SqeFlags),
    ],
)
def test_the_flags_are_those_that_the_kernel_tells(query, word, enum):
    assert not query[word] & ~sum(enum), "this kernel has some that have no name here"
    assert [one for one in enum if one & query[word]] == [one for one in enum if has_come(one)]


def test_a_ring_says_the_same_features_as_the_query(query):
    with IoUring(1) as ring:
        assert ring.params.features == query["feature_flags"]


def test_an_unknown_register_opcode_is_told_from_a_known_one():
    no_ring = 1 << 20
    answers = {one: lib.ul_sys_register(no_ring, one, ffi.NULL, 0) for one in range(256)}
    known = {one for one, answer in answers.items() if answer == -errno.EBADF}
    assert set(answers.values()) <= {-errno.EBADF, -errno.EINVAL}
    assert known == set(range(len(known)))
    assert known <= set(abi.RegisterOp), "this kernel has some that have no name here"


def test_the_limits_of_registering_are_the_kernels():
    with IoUring(1) as ring:

        def register(opcode, data, count):
            return lib.ul_register(ring.handle, opcode, ffi.from_buffer(bytearray(data)), count)

        def table(count):
            return abi.RSRC_REGISTER.pack(nr=count, flags=abi.RsrcFlags.SPARSE)

        size = abi.RSRC_REGISTER.size
        too_many = table(abi.MAX_FIXED_BUFFERS + 1)
        assert register(abi.RegisterOp.BUFFERS2, too_many, size) == -errno.EINVAL
        assert register(abi.RegisterOp.BUFFERS2, table(abi.MAX_FIXED_BUFFERS), size) == 0
        too_many = table(abi.MAX_FIXED_FILES + 1)
        assert register(abi.RegisterOp.FILES2, too_many, size) == -errno.EMFILE

        def buffers(entries):
            flags = abi.RegisterBufRingFlags.MMAP
            return abi.BUF_REG.pack(ring_entries=entries, bgid=1, flags=flags)

        too_many = buffers(2 * abi.MAX_BUF_RING_ENTRIES)
        assert register(abi.RegisterOp.PBUF_RING, too_many, 1) == -errno.EINVAL
        assert register(abi.RegisterOp.PBUF_RING, buffers(abi.MAX_BUF_RING_ENTRIES), 1) == 0
        fd = ring.fd.number
        past = abi.RSRC_UPDATE.pack(offset=abi.MAX_REGISTERED_RINGS, data=fd)
        assert register(abi.RegisterOp.RING_FDS, past, 1) == -errno.EINVAL
        last = abi.RSRC_UPDATE.pack(offset=abi.MAX_REGISTERED_RINGS - 1, data=fd)
        assert register(abi.RegisterOp.RING_FDS, last, 1) == 1
        let_go = abi.RSRC_UPDATE.pack(offset=abi.MAX_REGISTERED_RINGS - 1)
        assert register(abi.RegisterOp.UNREGISTER_RING_FDS, let_go, 1) == 1


def test_a_buffer_ring_is_mapped_where_its_offset_says():
    with IoUring(1) as ring:
        group = 3
        entries = 64
        asked = abi.BUF_REG.pack(
            ring_entries=entries, bgid=group, flags=abi.RegisterBufRingFlags.MMAP
        )
        data = ffi.from_buffer(bytearray(asked))
        if lib.ul_register(ring.handle, abi.RegisterOp.PBUF_RING, data, 1) == -errno.EINVAL:
            pytest.skip("needs buffer rings that the kernel brings the memory of")
        offset = abi.OFF_PBUF_RING | group << abi.OFF_PBUF_SHIFT
        assert offset & abi.OFF_MMAP_MASK == abi.OFF_PBUF_RING
        with mmap.mmap(ring.fd.number, entries * abi.BUF.size, offset=offset) as mapped:
            assert mapped[:] == bytes(len(mapped))
        with pytest.raises(OSError, match="Invalid argument|Cannot allocate"):
            mmap.mmap(ring.fd.number, entries * abi.BUF.size, offset=offset + (1 << 16))
