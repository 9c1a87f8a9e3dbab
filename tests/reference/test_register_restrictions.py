"""The behaviours of liburing's test `register-restrictions`: what is not allowed is refused."""

from __future__ import annotations

import errno

import pytest
from ring_kinds import one, stage, submit

from uringlab import Buffer, EnterFlags, Opcode, SetupFlags, SqeFlags, ops
from uringlab.core.abi import RegisterOp

DENIED = -errno.EACCES
WORD = bytes(8)


@pytest.fixture
def ring(make_ring):
    """A ring that has not started yet."""
    return make_ring(flags=SetupFlags.R_DISABLED)


def test_only_the_opcodes_that_are_allowed_are_taken(ring, pipe):
    ring.restrict(sqe_ops=[Opcode.WRITEV, Opcode.WRITE])
    ring.enable()
    assert one(ring, ops.Writev(pipe[1], [WORD], user_data=1)).res == 8
    assert one(ring, ops.Readv(pipe[0], [Buffer(8)], user_data=2)).res == DENIED
    assert one(ring, ops.Write(pipe[1], WORD, user_data=3)).res == 8
    assert one(ring, ops.Nop(user_data=4)).res == DENIED


def test_only_the_register_calls_that_are_allowed_are_taken(ring, pipe):
    ring.restrict(register_ops=[RegisterOp.BUFFERS], closable=False)
    ring.enable()
    ring.buffers.register([Buffer(8)])
    with pytest.raises(PermissionError, match="EACCES: the ring's restrictions do not allow"):
        ring.files.register(pipe)


def test_what_closing_needs_is_allowed_besides(ring):
    ring.restrict(register_ops=[RegisterOp.BUFFERS])
    ring.enable()
    with pytest.raises(PermissionError):
        ring.personalities.register()
    assert ring.sync_cancel(anything=True, timeout=1) == 0


def test_a_flag_can_be_required(ring, pipe):
    ring.restrict(
        sqe_ops=[Opcode.WRITEV, Opcode.READV],
        required_flags=SqeFlags.FIXED_FILE,
        register_ops=[RegisterOp.FILES],
    )
    ring.enable()
    reader, writer = ring.files.register(pipe)
    back = Buffer(8)
    assert one(ring, ops.Writev(writer, [b"8 bytes!"], user_data=1)).res == 8
    assert one(ring, ops.Readv(reader, [back], user_data=2)).res == 8
    assert bytes(back) == b"8 bytes!"
    assert one(ring, ops.Writev(pipe[1], [WORD], user_data=3)).res == DENIED


@pytest.mark.parametrize(
    ("flags", "fixed", "allowed"),
    [
        (SqeFlags(0), True, True),
        (SqeFlags.ASYNC, True, True),
        (SqeFlags.IO_LINK, True, True),
        (SqeFlags.IO_DRAIN, True, False),
        (SqeFlags.IO_DRAIN, False, False),
        (SqeFlags.ASYNC, False, False),
        (SqeFlags(0), False, False),
    ],
)
def test_some_flags_can_be_allowed_and_one_required(ring, pipe, flags, fixed, allowed):
    ring.restrict(
        sqe_ops=[Opcode.WRITEV],
        sqe_flags=SqeFlags.ASYNC | SqeFlags.IO_LINK,
        required_flags=SqeFlags.FIXED_FILE,
    )
    # Before it starts, everything can be registered.
    file = ring.files.register(pipe)[1] if fixed else pipe[1]
    ring.enable()
    write = ops.Writev(file, [WORD], user_data=1, flags=flags)
    assert one(ring, write).res == (8 if allowed else DENIED)


def test_with_no_allowance_at_all_nothing_is_taken(ring, pipe):
    ring.restrict(closable=False)
    ring.enable()
    with pytest.raises(PermissionError):
        ring.buffers.register([Buffer(8)])
    with pytest.raises(PermissionError):
        ring.files.register(pipe)
    assert one(ring, ops.Writev(pipe[1], [WORD], user_data=1)).res == DENIED


def test_a_ring_that_runs_takes_no_restrictions(make_ring):
    ring = make_ring()
    with pytest.raises(OSError, match="EBADFD: the ring was not made with R_DISABLED"):
        ring.restrict(sqe_ops=[Opcode.WRITEV])
    with pytest.raises(OSError, match="EBADFD"):
        ring.enable()


def test_restrictions_are_said_once(ring):
    ring.restrict(sqe_ops=[Opcode.NOP])
    with pytest.raises(OSError, match="EBUSY: the ring has restrictions already"):
        ring.restrict(sqe_ops=[Opcode.NOP])


def test_a_ring_that_has_not_started_takes_no_requests(ring, ring_kind):
    stage(ring, ops.Nop(user_data=1))
    if ring_kind.polled:
        # Who only publishes makes no system call, and so nobody is there to refuse.
        ring.sq().publish()
    else:
        with pytest.raises(OSError, match="EBADFD: the ring is disabled"):
            ring.submit()
    assert ring.try_enter(1) == -errno.EBADFD
    assert ring.try_enter(0, 0, EnterFlags.GETEVENTS) == -errno.EBADFD
    ring.enable()
    submit(ring)
    assert [cqe[:2] for cqe in ring.cq(1, timeout=10)] == [(1, 0)]
