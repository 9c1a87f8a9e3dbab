from __future__ import annotations

import pytest

from uringlab import Features, IoUring, SetupFlags
from uringlab.core.abi import EnterFlags, Opcode, RegisterOp, SqeFlags
from uringlab.core.probe import register_ops, supported_opcodes
from uringlab.core.register.query import query


@pytest.fixture
def known(needs):
    needs(RegisterOp.QUERY)
    return query()


def test_it_knows_what_probing_finds(known):
    with IoUring(1) as ring:
        assert known.features == ring.params.features
        assert max(supported_opcodes(ring)) == known.request_opcodes - 1
    assert max(register_ops()) == known.register_opcodes - 1


def test_its_flags_have_names_here(known):
    assert Features.SINGLE_MMAP in known.features
    assert SetupFlags.DEFER_TASKRUN in known.setup_flags
    assert EnterFlags.GETEVENTS in known.enter_flags
    assert SqeFlags.IO_LINK in known.sqe_flags
    assert known.request_opcodes <= max(Opcode) + 1


def test_questions_that_came_later_are_none_where_the_kernel_does_not_know_them(known):
    later = RegisterOp.ZCRX_CTRL in register_ops()  # 6.19, as they
    assert (known.zcrx is not None, known.scq is not None) == (later, later)
