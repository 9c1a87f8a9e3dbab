"""Memory is sacred: whatever Python does, the kernel's memory stays until the kernel is done."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from uringlab import Buffer, IoUring, Opcode, Params, SetupFlags, SqeFlags, ops
from uringlab.core.abi import PollFlags
from uringlab.core.buffers import memory_stats


@pytest.fixture
def ring():
    with IoUring(8) as ring:
        yield ring


def alive():
    return memory_stats()[0]


def test_a_buffer_is_zeroed_and_viewed_without_a_copy():
    buffer = Buffer(10)
    assert bytes(buffer) == bytes(10)
    assert len(buffer) == len(buffer.view) == 10
    buffer.view[2:4] = b"ab"
    assert bytes(buffer) == b"\0\0ab" + bytes(6)
    assert bytes(Buffer.of(b"abc")) == b"abc"
    assert f"{buffer.address:#x}" in repr(buffer)
    assert buffer.address % 4096 == 0


def test_a_buffer_of_nothing_is_a_buffer_and_one_of_less_is_not():
    assert bytes(Buffer(0)) == b""
    with pytest.raises(ValueError, match="-1 bytes"):
        Buffer(-1)
    with pytest.raises(MemoryError):
        Buffer(2**62)


def test_a_view_keeps_the_memory(collect):
    before = alive()
    view = Buffer.of(b"still here").view
    part = view[6:]
    del view
    collect()
    assert alive() == before + 1
    assert bytes(part) == b"here"
    del part
    collect()
    assert alive() == before


def test_behind_a_buffer_there_is_nothing_to_write_to(ring):
    # The length lies, past every check: the page after the block turns it into EFAULT.
    with Path("/dev/zero").open("rb") as zero:
        buffer = Buffer(4096)
        op = ops.Read(zero.fileno(), buffer)
        lie = op.sqe[:24] + (8192).to_bytes(4, "little") + op.sqe[28:]
        object.__setattr__(op, "sqe", lie)
        ring.sq().push(op)
        ring.submit_and_wait(1)
    assert [cqe.res for cqe in ring.cq()] in ([4096], [-errno.EFAULT])


def test_a_buffer_that_was_dropped_lives_until_the_final_cqe_is_let_go_of(ring, pipe, collect):
    before = alive()
    ring.sq().push(ops.Read(pipe[0], Buffer(100), user_data=1))
    collect()
    assert alive() == before + 1, "staged"
    ring.submit()
    collect()
    assert alive() == before + 1, "in flight"
    os.write(pipe[1], b"now the kernel writes")
    assert ring.cq(1).peek() == [(1, 21, 0)]
    assert alive() == before + 1, "posted"
    ring.cq().advance(1)
    assert alive() == before, "let go of"


def test_an_exception_between_push_and_submit_frees_nothing(ring, pipe, collect):
    before = alive()

    def push_and_fail():
        buffer = Buffer(8)
        ring.sq().push(ops.Read(pipe[0], buffer))
        raise RuntimeError

    with pytest.raises(RuntimeError):
        push_and_fail()
    collect()
    assert alive() == before + 1
    os.write(pipe[1], b"x")
    assert ring.submit_and_wait(1) == 1
    assert [cqe.res for cqe in ring.cq()] == [1]
    assert alive() == before


def test_a_request_with_more_to_come_holds_on(ring, pipe, collect):
    # A raw slot lets a multishot poll hold a block: none of its own ops has one.
    before = alive()
    slot = ring.sq().slot()
    slot.write(
        opcode=Opcode.POLL_ADD,
        flags=0,
        fd=pipe[0],
        op_flags=1,
        len=PollFlags.ADD_MULTI,
        user_data=3,
    )
    slot.write(addr=Buffer(8))
    slot.write(addr=0)
    ring.submit()
    collect()
    for _ in range(3):
        os.write(pipe[1], b"x")
        [cqe] = list(ring.cq(1, timeout=5))
        assert not cqe.final
        os.read(pipe[0], 1)
        assert alive() == before + 1
    ring.sq().push(ops.AsyncCancel(3, user_data=4))
    ring.submit_and_wait(2)
    assert {cqe.user_data for cqe in ring.cq()} == {3, 4}
    assert alive() == before


def test_one_buffer_in_two_rings_goes_with_the_last(pipe, collect):
    before = alive()
    other = os.pipe()
    with IoUring(2) as one, IoUring(2) as two:
        buffer = Buffer(8)
        one.sq().push(ops.Read(pipe[0], buffer))
        two.sq().push(ops.Read(other[0], buffer))
        del buffer
        one.submit()
        two.submit()
        os.write(pipe[1], b"x")
        list(one.cq(1))
        collect()
        assert alive() == before + 1
        os.write(other[1], b"y")
        list(two.cq(1))
        assert alive() == before
    for fd in other:
        os.close(fd)


def test_requests_that_share_a_user_data_are_freed_when_the_last_has_ended(ring, pipe, collect):
    before = alive()
    other = os.pipe()
    for fd in (pipe[0], other[0]):
        ring.sq().push(ops.Read(fd, Buffer(8), user_data=9))
    ring.submit()
    collect()
    os.write(other[1], b"x")
    assert len(list(ring.cq(1))) == 1
    assert alive() == before + 2, "which of the two it was, nobody can tell"
    os.write(pipe[1], b"x")
    assert len(list(ring.cq(1))) == 1
    assert alive() == before
    for fd in other:
        os.close(fd)


def test_many_user_data_are_counted_apart(pipe, collect):
    before = alive()
    with IoUring(64) as ring:
        for start in range(0, 4096, 64):
            for number in range(start, start + 64):
                # The high bits differ, or the low bits: a hash that drops some would show.
                ring.sq().push(ops.Write(pipe[1], b"", user_data=number << (number % 50)))
            ring.submit_and_wait(64)
            assert all(cqe.res == 0 for cqe in ring.cq())
            assert alive() == before


# -- completions that make the count lie ---------------------------------------------------


def test_a_silent_request_is_held_until_the_ring_is_closed(pipe, collect):
    before = alive()
    ring = IoUring(4)
    ring.sq().push(ops.Read(pipe[0], Buffer(8), flags=SqeFlags.CQE_SKIP_SUCCESS, user_data=1))
    ring.submit()
    os.write(pipe[1], b"all 8 of")  # a short read counts as a failure, and is not silent
    ring.sq().push(ops.Nop())
    ring.submit_and_wait(1)
    assert [cqe.user_data for cqe in ring.cq()] == [0]
    collect()
    assert alive() == before + 1, "it may have ended; nobody can tell"
    ring.close()
    assert alive() == before


def test_a_silent_request_that_fails_does_not_free_another_of_that_user_data(ring, pipe, collect):
    before = alive()
    ring.sq().push(ops.Read(pipe[0], Buffer(8), user_data=1))
    ring.sq().push(ops.Fsync(999, flags=SqeFlags.CQE_SKIP_SUCCESS, user_data=1))
    ring.submit_and_wait(1)
    assert [cqe.res for cqe in ring.cq()] == [-errno.EBADF]
    collect()
    assert alive() == before + 1
    os.write(pipe[1], b"the kernel writes into it")
    assert [cqe.res for cqe in ring.cq(1)] == [8]


def test_a_link_that_a_silent_head_silences_is_held(pipe, collect):
    before = alive()
    ring = IoUring(4)
    flags = SqeFlags.CQE_SKIP_SUCCESS | SqeFlags.IO_LINK
    ring.sq().push(ops.Fsync(999, flags=flags, user_data=1))
    ring.sq().push(ops.Read(pipe[0], Buffer(8), user_data=2))
    ring.submit_and_wait(1, timeout=5)
    assert [cqe.user_data for cqe in ring.cq()] == [1], "the second ended without a CQE"
    collect()
    assert alive() == before + 1
    ring.close()
    assert alive() == before


def test_a_poll_that_takes_another_name_does_not_free_the_owner_of_that_name(ring, pipe, collect):
    before = alive()
    other = os.pipe()
    ring.sq().push(ops.PollAdd(other[0], user_data=1))
    ring.sq().push(ops.Read(pipe[0], Buffer(8), user_data=2))
    rename = ring.sq().slot()
    rename.write(
        opcode=Opcode.POLL_REMOVE,
        flags=0,
        addr=1,
        off=2,
        len=PollFlags.UPDATE_USER_DATA,
        user_data=3,
    )
    ring.submit_and_wait(1)
    assert [cqe[:2] for cqe in ring.cq()] == [(3, 0)]
    os.write(other[1], b"x")
    assert [cqe[:2] for cqe in ring.cq(1)] == [(2, 1)], "the poll, under its new name"
    collect()
    assert alive() == before + 1, "the read is still in flight"
    os.write(pipe[1], b"now it is written to")
    assert [cqe[:2] for cqe in ring.cq(1)] == [(2, 8)]
    for fd in other:
        os.close(fd)


MSG_RING = """
import gc, os
from uringlab import *
from uringlab.core.buffers import memory_stats

reader, writer = os.pipe()
target, sender = IoUring(4), IoUring(4)
target.sq().push(ops.Read(reader, Buffer(8)))  # user_data 0
target.submit()
slot = sender.sq().slot()
slot.write(opcode=Opcode.MSG_RING, flags=0, fd=target.fd.number, user_data=1)
sender.submit_and_wait(1)
assert [cqe[:2] for cqe in sender.cq()] == [(1, 0)]
assert [cqe.user_data for cqe in target.cq(1)] == [0]  # a stranger's
gc.collect()
assert memory_stats()[0] == 1
os.write(writer, b"kernel!!")
assert [cqe.res for cqe in target.cq(1)] == [8]
target.close()
sender.close()
assert memory_stats() == (0, 0, 0), memory_stats()
"""


def test_a_cqe_from_another_ring_frees_nothing(run_python):
    # In a process of its own: a user_data that MSG_RING named proves nothing there any more.
    done = run_python(MSG_RING)
    assert done.returncode == 0, done.stderr


def test_the_second_half_of_a_big_cqe_is_not_taken_for_another(requires, pipe, collect):
    requires(setup_flag=SetupFlags.CQE32)
    before = alive()
    with IoUring(4, Params(flags=SetupFlags.CQE32)) as ring:
        ring.sq().push(ops.Read(pipe[0], Buffer(8), user_data=0))
        for _ in range(3):
            ring.sq().push(ops.Nop(user_data=1))
        ring.submit_and_wait(3)
        assert [cqe.user_data for cqe in ring.cq()] == [1, 1, 1]
        collect()
        assert alive() == before + 1
        os.write(pipe[1], b"x")
        assert [cqe.user_data for cqe in ring.cq(1)] == [0]
        assert alive() == before
