"""The behaviours of liburing's test `ring-query`: the kernel is asked what it knows.

With no ring (an fd of -1), and through a ring of every kind: the answers are the same.
"""

from __future__ import annotations

import errno
import struct

import pytest
from ring_kinds import ask

from uringlab import Buffer
from uringlab.core.abi import QUERY_HDR, QUERY_OPCODE, QueryOp, RegisterOp
from uringlab.core.native import ffi, lib
from uringlab.core.probe import kernel_opcodes, register_ops
from uringlab.core.register.query import query

SHORT = 8
"""The first two numbers of the answer only."""


@pytest.fixture(autouse=True)
def _there_is_such_a_call():
    if RegisterOp.QUERY not in register_ops():
        pytest.skip(f"needs {RegisterOp.QUERY.kernel_name}")


@pytest.fixture(params=["no ring", "ring"])
def through(request, ring):
    return -1 if request.param == "no ring" else ring


class Question:
    """A `struct io_uring_query_hdr` and the room for its answer, where the kernel finds them."""

    def __init__(self, op=QueryOp.OPCODES, size=QUERY_OPCODE.size, following=0, room=None):
        self.room = Buffer(max(size, QUERY_OPCODE.size))
        self.head = Buffer(QUERY_HDR.size)
        self.head.view[:] = QUERY_HDR.pack(
            next_entry=following,
            query_data=self.room.address if room is None else room,
            query_op=op,
            size=size,
        )

    def ask(self, through):
        address = ffi.cast("void *", self.head.address)
        if isinstance(through, int):
            return lib.ul_sys_register(through, int(RegisterOp.QUERY), address, 0)
        return lib.ul_register(through.handle, int(RegisterOp.QUERY), address, 0)

    @property
    def answered(self):
        return QUERY_HDR.unpack(self.head.view)

    @property
    def opcodes(self):
        return QUERY_OPCODE.unpack(self.room.view)


def test_it_tells_how_many_opcodes_there_are(through):
    question = Question()
    assert question.ask(through) == 0
    assert question.answered["result"] == 0
    assert question.answered["size"] <= QUERY_OPCODE.size
    assert question.opcodes["nr_register_opcodes"] > RegisterOp.QUERY
    assert question.opcodes["nr_request_opcodes"] == max(kernel_opcodes()) + 1


def test_the_library_is_told_the_same(ring):
    question = Question()
    assert question.ask(ring) == 0
    known, told = query(), question.opcodes
    assert known.request_opcodes == told["nr_request_opcodes"]
    assert known.register_opcodes == told["nr_register_opcodes"]
    assert known.features == told["feature_flags"] == ring.params.features
    assert known.setup_flags == told["ring_setup_flags"]
    assert known.enter_flags == told["enter_flags"]
    assert known.sqe_flags == told["sqe_flags"]
    assert ring.params.flags in known.setup_flags


def test_a_question_that_nobody_knows_is_answered_so_and_fails_nothing(through):
    question = Question(op=2**32 - 1)
    assert question.ask(through) == 0
    assert question.answered["result"] == -errno.EOPNOTSUPP


def test_questions_and_answers_at_bad_addresses_are_refused(through):
    assert Question(following=0xDEADBEEF).ask(through) == -errno.EFAULT
    assert Question(room=0xDEADBEEF).ask(through) == -errno.EFAULT


def test_all_questions_of_a_chain_are_answered(through):
    last = Question()
    middle = Question(following=last.head.address)
    first = Question(following=middle.head.address)
    assert first.ask(through) == 0
    assert first.opcodes == middle.opcodes == last.opcodes
    assert first.opcodes["nr_register_opcodes"]
    assert [one.answered["result"] for one in (first, middle, last)] == [0, 0, 0]


def test_a_chain_that_bites_its_tail_comes_to_an_end(through):
    alone = Question()
    alone.head.view[:8] = struct.pack("<Q", alone.head.address)
    assert alone.ask(through) < 0
    second = Question()
    first = Question(following=second.head.address)
    second.head.view[:8] = struct.pack("<Q", first.head.address)
    assert first.ask(through) < 0


def test_who_knows_less_gets_less(through):
    question, whole = Question(size=SHORT), Question()
    assert question.ask(through) == whole.ask(through) == 0
    assert question.answered["size"] == SHORT
    assert bytes(question.room.view[:SHORT]) == bytes(whole.room.view[:SHORT])
    assert not any(question.room.view[SHORT:])


def test_who_knows_more_is_told_how_much_there_is(through):
    question, whole = Question(size=QUERY_OPCODE.size + 64), Question()
    assert question.ask(through) == whole.ask(through) == 0
    assert question.answered["result"] == 0
    assert question.answered["size"] == whole.answered["size"]
    size = QUERY_OPCODE.size
    assert bytes(question.room.view[:size]) == bytes(whole.room.view[:size])


def test_nothing_else_may_be_given(ring):
    assert ask(ring, RegisterOp.QUERY, QUERY_HDR.pack(query_op=0), 1)[0] == -errno.EINVAL
