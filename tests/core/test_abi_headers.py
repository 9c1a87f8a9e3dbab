"""The constants and the structures, as a C compiler sees them in this machine's headers.

These headers may be older than the kernel: what they lack is not compared here. To compare with
newer ones, put them first: `CPATH=/somewhere/include pytest tests/core/test_abi_headers.py`.
"""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
from enum import Enum

import pytest

from uringlab.core import abi

HEADERS = """
#define _GNU_SOURCE
#include <stddef.h>
#include <stdio.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/futex.h>
#include <linux/openat2.h>
#include <linux/stat.h>
#include <linux/time_types.h>
#include <linux/io_uring.h>
#if __has_include(<linux/io_uring/query.h>)
#include <linux/io_uring/query.h>
#endif
"""
CC = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
ENUMS = [
    one
    for one in (getattr(abi, name) for name in abi.__all__)
    if isinstance(one, type) and issubclass(one, Enum) and len(one.__members__)
]
CONSTANTS = {
    "AT_FDCWD": abi.AT_FDCWD,
    "FUTEX_BITSET_MATCH_ANY": abi.FUTEX_BITSET_MATCH_ANY,
    "FUTEX_WAITV_MAX": abi.FUTEX_WAITV_MAX,
    "IORING_CQE_BUFFER_SHIFT": abi.CQE_BUFFER_SHIFT,
    "IORING_CQE_F_TSTAMP_HW": abi.CQE_F_TSTAMP_HW,
    "IORING_FILE_INDEX_ALLOC": abi.FILE_INDEX_ALLOC,
    "IORING_NOTIF_USAGE_ZC_COPIED": abi.NOTIF_USAGE_ZC_COPIED,
    "IORING_OFF_CQ_RING": abi.OFF_CQ_RING,
    "IORING_OFF_MMAP_MASK": abi.OFF_MMAP_MASK,
    "IORING_OFF_PBUF_RING": abi.OFF_PBUF_RING,
    "IORING_OFF_PBUF_SHIFT": abi.OFF_PBUF_SHIFT,
    "IORING_OFF_SQES": abi.OFF_SQES,
    "IORING_OFF_SQ_RING": abi.OFF_SQ_RING,
    "IORING_REGISTER_FILES_SKIP": abi.REGISTER_FILES_SKIP,
    "IORING_REGISTER_USE_REGISTERED_RING": abi.USE_REGISTERED_RING,
    "IORING_TIMESTAMP_HW_SHIFT": abi.TIMESTAMP_HW_SHIFT,
    "IORING_TIMESTAMP_TYPE_SHIFT": abi.TIMESTAMP_TYPE_SHIFT,
    "IORING_ZCRX_AREA_SHIFT": abi.ZCRX_AREA_SHIFT,
    "UIO_MAXIOV": abi.MAX_IOVECS,
}
NUMBERS = CONSTANTS | {
    one.kernel_name: one.value for enum in ENUMS for one in enum.__members__.values()
}
LAYOUTS = {
    one.c_name: one
    for one in (getattr(abi, name) for name in abi.__all__)
    if isinstance(one, abi.Layout)
}
SIZES = {
    "__kernel_timespec": 16,
    "epoll_event": abi.EPOLL_EVENT.size,  # packed on x86-64 only: left to the compiler
    "futex_waitv": 24,
    "io_uring_attr_pi": 32,
    "io_uring_buf": 16,
    "io_uring_buf_reg": 40,
    "io_uring_buf_status": 40,
    "io_uring_clock_register": 16,
    "io_uring_clone_buffers": 32,
    "io_uring_file_index_range": 16,
    "io_uring_files_update": 16,
    "io_uring_getevents_arg": 24,
    "io_uring_mem_region_reg": 32,
    "io_uring_napi": 16,
    "io_uring_probe": 16,
    "io_uring_probe_op": 8,
    "io_uring_query_hdr": 40,
    "io_uring_query_opcode": 48,
    "io_uring_query_scq": 16,
    "io_uring_query_zcrx": 40,
    "io_uring_recvmsg_out": 16,
    "io_uring_reg_wait": 64,
    "io_uring_region_desc": 64,
    "io_uring_restriction": 16,
    "io_uring_rsrc_register": 32,
    "io_uring_rsrc_update": 16,
    "io_uring_rsrc_update2": 32,
    "io_uring_sync_cancel_reg": 64,
    "io_uring_task_restriction": 16,
    "io_uring_zcrx_area_reg": 48,
    "io_uring_zcrx_cqe": 16,
    "io_uring_zcrx_ifq_reg": 96,
    "io_uring_zcrx_rqe": 16,
    "iovec": 16,
    "msghdr": 56,
    "open_how": 24,
}
"""As the uapi headers of 7.0 have them, in bytes."""
GREW = {"io_uring_query_opcode": {40}}
"""Sizes that older headers have as well."""
SQE_NAMES = {"op_flags": "rw_flags", "pad2": "__pad2"}


def compiler(*args, given):
    done = subprocess.run(
        [CC, *args], input=given, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def ask(tmp_path_factory):
    """Have C expressions, by a name for each, evaluated to numbers."""
    where = tmp_path_factory.mktemp("c")

    def run(expressions):
        lines = [
            f'printf("%s %lld\\n", "{name}", (long long)({text}));'
            for name, text in expressions.items()
        ]
        program = f"{HEADERS}\nint main(void) {{\n" + "\n".join(lines) + "\nreturn 0; }\n"
        compiler("-x", "c", "-w", "-o", str(where / "ask"), "-", given=program)
        answer = subprocess.run([where / "ask"], capture_output=True, text=True, check=True)
        pairs = (line.split() for line in answer.stdout.splitlines())
        return {name: int(value) for name, value in pairs}

    return run


@pytest.fixture(scope="module")
def text():
    """The headers' text, and the names of their macros."""
    if CC is None:
        pytest.skip("needs a C compiler")
    macros = compiler("-E", "-dM", "-x", "c", "-", given=HEADERS)
    declared = compiler("-E", "-P", "-x", "c", "-", given=HEADERS)
    return declared, set(re.findall(r"^#define (\w+)", macros, re.MULTILINE))


def body(text, name):
    """What is between the braces of a struct, or nothing."""
    found = re.search(rf"\bstruct {name}\s*{{", text)
    if not found:
        return ""
    depth, at = 1, found.end()
    while depth:
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        at += 1
    return text[found.end() : at]


def test_the_numbers_are_those_of_the_headers(ask, text):
    declared, macros = text
    words = set(re.findall(r"\w+", declared)) | macros
    known = {name: name for name in NUMBERS if name in words}
    assert len(known) > 280, sorted(NUMBERS.keys() - known)
    answers = ask(known)
    assert {name: NUMBERS[name] & 0xFFFF_FFFF for name in known} == {
        name: value & 0xFFFF_FFFF for name, value in answers.items()
    }


def test_the_structures_lie_as_in_the_headers(ask, text):
    declared, _ = text
    wanted, sizes, expressions = {}, {}, {}
    for name, layout in LAYOUTS.items():
        inside = body(declared, name)
        if not inside:
            continue
        sizes[name] = layout.size
        expressions[name] = f"sizeof(struct {name})"
        for field, (offset, size) in layout.offsets().items():
            if re.search(rf"\b{field.partition('.')[0]}\b", inside):
                at, wide = f"{name}.{field}@", f"{name}.{field}#"
                wanted |= {at: offset, wide: size}
                expressions[at] = f"offsetof(struct {name}, {field})"
                expressions[wide] = f"sizeof(((struct {name} *)0)->{field})"
    assert len(sizes) > 15, sizes
    assert len(wanted) > 100
    answers = ask(expressions)
    for name, size in sizes.items():
        assert answers.pop(name) in {size} | GREW.get(name, set()), name
    assert answers == wanted


def test_the_words_of_an_sqe_lie_as_in_the_headers(ask, text):
    expressions, wanted, at = {}, {}, 0
    for word, code in zip(abi.SQE_WORDS, abi.SQE_FORMAT[1:], strict=True):
        expressions[word] = f"offsetof(struct io_uring_sqe, {SQE_NAMES.get(word, word)})"
        wanted[word] = at
        at += struct.calcsize(f"<{code}")
    assert ask(expressions) == wanted


def test_a_buffer_rings_tail_lies_in_its_first_buffer(ask, text):
    if not body(text[0], "io_uring_buf_ring"):
        pytest.skip("needs headers that have buffer rings")
    assert ask({"tail": "offsetof(struct io_uring_buf_ring, tail)"})["tail"] == abi.BUF_RING_TAIL
    assert max(sum(one) for one in abi.BUF.offsets().values()) == abi.BUF_RING_TAIL


def test_the_structures_have_the_sizes_that_were_read_off_the_newest_headers():
    assert {name: layout.size for name, layout in LAYOUTS.items()} == SIZES


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=list(LAYOUTS))
def test_what_is_packed_is_unpacked_again(layout):
    values = {name: at + 1 for at, name in enumerate(layout.fields)}
    data = layout.pack(**values)
    assert len(data) == layout.size
    assert layout.unpack(b"xx" + data, 2) == values
    assert layout.unpack(layout.pack()) == dict.fromkeys(layout.fields, 0)
    for name, (at, size) in layout.offsets().items():
        assert int.from_bytes(data[at : at + size], "little") == values[name]
    assert re.fullmatch(r"[5-9]\.\d+", layout.since)
    assert layout.doc
    assert "\n" not in layout.doc


def test_a_field_that_is_not_there_cannot_be_packed():
    with pytest.raises(TypeError, match="io_uring_buf has no size"):
        abi.BUF.pack(size=4)
