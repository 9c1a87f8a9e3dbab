"""The behaviours of liburing's test `probe`: the kernel says which opcodes it knows."""

from __future__ import annotations

import errno

import pytest
from ring_kinds import ask

from uringlab import Opcode
from uringlab.core.abi import PROBE, PROBE_OP, ProbeFlags, RegisterOp
from uringlab.core.probe import kernel_opcodes, supported_opcodes

MOST = 256
ROOM = PROBE.size + MOST * PROBE_OP.size


@pytest.fixture
def entries(ring):
    """What PROBE says of each opcode, and its head."""
    answer, data = ask(ring, RegisterOp.PROBE, bytes(ROOM), MOST)
    assert answer == 0
    head = PROBE.unpack(data)
    found = [PROBE_OP.unpack(data, PROBE.size + at * PROBE_OP.size) for at in range(MOST)]
    return head, found


def test_without_room_for_any_it_still_names_the_last_one(ring):
    answer, data = ask(ring, RegisterOp.PROBE, bytes(ROOM), 0)
    assert answer == 0
    head = PROBE.unpack(data)
    assert head["ops_len"] == 0
    assert head["last_op"] >= Opcode.WRITE


def test_with_room_it_tells_of_each_up_to_the_last_one(entries):
    head, found = entries
    assert head["ops_len"] == head["last_op"] + 1
    assert [entry["op"] for entry in found[: head["ops_len"]]] == list(range(head["ops_len"]))
    assert not any(entry["flags"] for entry in found[head["ops_len"] :])


@pytest.mark.parametrize("opcode", [Opcode.NOP, Opcode.READV, Opcode.WRITE])
def test_what_every_kernel_has_is_there(entries, opcode):
    assert entries[1][opcode]["flags"] & ProbeFlags.SUPPORTED


def test_the_library_finds_the_same(ring, entries):
    there = {entry["op"] for entry in entries[1] if entry["flags"] & ProbeFlags.SUPPORTED}
    assert supported_opcodes(ring) == kernel_opcodes() == there


def test_room_with_something_in_it_is_refused(ring):
    assert ask(ring, RegisterOp.PROBE, b"\1" * ROOM, MOST)[0] == -errno.EINVAL


def test_more_room_than_there_are_opcodes_is_refused(ring):
    size = PROBE.size + (MOST + 1) * PROBE_OP.size
    assert ask(ring, RegisterOp.PROBE, bytes(size), MOST + 1)[0] == -errno.EINVAL
