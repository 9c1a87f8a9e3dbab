from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest

from uringlab import Buffer, IoUring, OperandError, Params, SetupFlags, ops
from uringlab.core.abi import RegisterOp
from uringlab.core.buffers import BadPage, memory_stats


def push_read_fixed(ring, fd, buffer, index=0, **more):
    """A READ_FIXED that holds nothing itself: only the registration does. Returns where."""
    op = ops.ReadFixed(fd, buffer, buf_index=index, **more)
    object.__setattr__(op, "holds", ())
    ring.sq().push(op)
    return buffer.address


def bytes_at(address, size):
    with Path("/proc/self/mem").open("rb") as memory:
        memory.seek(address)
        return memory.read(size)


def test_the_kernel_reads_into_a_registered_buffer_that_python_has_dropped(ring, pipe, blocks):
    buffer = Buffer(4096)
    ring.buffers.register([None, buffer])
    address = push_read_fixed(ring, pipe[0], buffer, 1)
    del buffer
    assert blocks() == 1
    os.write(pipe[1], b"hello")
    ring.submit_and_wait(1)
    assert [cqe.res for cqe in ring.cq()] == [5]
    assert bytes_at(address, 5) == b"hello"
    ring.buffers.unregister()
    assert blocks() == 0


def test_a_part_of_a_buffer_is_a_registered_buffer_too(ring, run, pipe):
    buffer = Buffer(8192)
    ring.buffers.register([buffer.part(4096, 100)])
    os.write(pipe[1], b"hello")
    assert run(ops.ReadFixed(pipe[0], buffer.part(4096, 5))).res == 5
    assert bytes(buffer.part(4096, 5)) == b"hello"
    assert run(ops.ReadFixed(pipe[0], buffer.part(0, 5))).res == -errno.EFAULT


def test_a_request_under_way_keeps_an_unregistered_buffer(ring, pipe, blocks):
    buffer = Buffer(4096)
    ring.buffers.register([buffer])
    push_read_fixed(ring, pipe[0], buffer, user_data=1)
    ring.submit()
    del buffer
    ring.buffers.unregister()
    assert (len(ring.buffers), blocks()) == (0, 1)
    os.write(pipe[1], b"x")
    assert list(ring.cq(1, timeout=5)) == [(1, 1, 0)]
    assert blocks() == 0


def test_a_replaced_buffer_is_freed_and_the_new_one_is_used(ring, run, pipe, blocks, needs):
    needs(RegisterOp.BUFFERS_UPDATE)
    ring.buffers.register([Buffer(4096), Buffer(4096)])
    new = Buffer(4096)
    assert ring.buffers.update(1, [new]) == 1
    assert blocks() == 2
    os.write(pipe[1], b"hello")
    assert run(ops.ReadFixed(pipe[0], new.part(0, 5), buf_index=1)).res == 5
    assert bytes(new.part(0, 5)) == b"hello"
    del new
    assert ring.buffers.update(0, [None, None]) == 2
    assert blocks() == 0


def test_a_sparse_table_is_filled_by_update(ring, run, pipe, needs):
    needs(RegisterOp.BUFFERS2)
    ring.buffers.sparse(3)
    buffer = Buffer(4096)
    os.write(pipe[1], b"hello")
    assert run(ops.ReadFixed(pipe[0], buffer, buf_index=2)).res == -errno.EFAULT
    ring.buffers.update(2, [buffer])
    assert run(ops.ReadFixed(pipe[0], buffer, buf_index=2)).res == 5


def test_an_update_stops_where_it_fails_and_holds_what_it_did(ring, blocks, needs):
    needs(RegisterOp.BUFFERS_UPDATE)
    ring.buffers.sparse(3)
    assert ring.buffers.update(0, [Buffer(4096), BadPage(), Buffer(4096)]) == 1
    assert blocks() == 1
    with pytest.raises(OSError, match="EFAULT: a buffer has no bytes"):
        ring.buffers.update(1, [BadPage()])
    ring.buffers.unregister()
    assert blocks() == 0


def test_a_tag_comes_back_when_the_buffer_was_let_go_of(ring, needs):
    needs(RegisterOp.BUFFERS2)
    ring.buffers.register([Buffer(4096), Buffer(4096)], tags=[81, 0])
    assert ring.buffers.update(0, [Buffer(4096)], tags=[82]) == 1
    assert list(ring.cq(1, timeout=5)) == [(81, 0, 0)]
    ring.buffers.unregister()
    assert list(ring.cq(1, timeout=5)) == [(82, 0, 0)]


def test_what_the_kernel_refuses_is_not_held(ring, blocks):
    with pytest.raises(OSError, match="EFAULT: a buffer has no bytes"):
        ring.buffers.register([Buffer(4096), BadPage()])
    with pytest.raises(OSError, match="EFAULT: a buffer has no bytes"):
        ring.buffers.register([Buffer(0)])
    assert blocks() == 0
    ring.buffers.register([Buffer(4096)])
    with pytest.raises(OSError, match="EBUSY: the ring has a table of buffers already"):
        ring.buffers.register([Buffer(4096)])
    assert (blocks(), len(ring.buffers)) == (1, 1)


def test_refusals_say_what_they_mean(ring, needs):
    needs(RegisterOp.BUFFERS2)
    with pytest.raises(OSError, match="ENXIO: the ring has no table of buffers"):
        ring.buffers.unregister()
    with pytest.raises(OSError, match="ENXIO"):
        ring.buffers.update(0, [None])
    with pytest.raises(OSError, match="EINVAL: no buffers at all"):
        ring.buffers.register([])
    with pytest.raises(OSError, match="EINVAL: .*a tag without a buffer"):
        ring.buffers.register([None], tags=[1])
    ring.buffers.sparse(1)
    with pytest.raises(OSError, match="EINVAL: .*more than there are places for"):
        ring.buffers.update(0, [None, None])
    with pytest.raises(OperandError, match="a place takes a Buffer"):
        ring.buffers.update(0, [b"bytes"])
    with pytest.raises(OperandError, match="places"):
        ring.buffers.sparse(1 << 15)
    assert repr(ring.buffers) == "<Buffers: 1 places>"


def test_closing_with_everything_registered_leaves_nothing(pipe, blocks):
    with IoUring(4) as ring:
        ring.buffers.register([Buffer(4096), Buffer(4096)])
        ring.buffer_ring(1, 4, 64)
        ring.buffer_ring(2, 4, 64, kernel_memory=True)
        ring.files.register([pipe[0]])
        with Path("/dev/null").open("rb"):
            ring.sq().push(ops.Read(pipe[0], group=1, len=0))
        ring.submit()
        assert blocks() > 0
        facades = ring.buffers, ring.files
    assert blocks() == 0
    assert len(facades) == 2


def test_two_threads_may_replace_the_same_place(ring, blocks, needs):
    needs(RegisterOp.BUFFERS_UPDATE)
    ring.buffers.sparse(1)

    def replace():
        for _ in range(100):
            ring.buffers.update(0, [Buffer(64)])

    threads = [threading.Thread(target=replace) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert blocks() == 1
    ring.buffers.unregister()
    assert blocks() == 0


# -- cloning -----------------------------------------------------------------------


@pytest.fixture
def other():
    with IoUring(8) as ring:
        yield ring


@pytest.mark.parametrize("by_index", [False, True])
def test_a_clone_outlives_the_ring_that_had_the_buffers(ring, pipe, blocks, needs, by_index):
    needs(RegisterOp.CLONE_BUFFERS)
    source = IoUring(2)
    buffer = Buffer(4096)
    source.buffers.register([None, buffer])
    if by_index:
        source.register_fd()
    ring.buffers.clone(source, by_index=by_index)
    source.close()
    address = push_read_fixed(ring, pipe[0], buffer, 1)
    del buffer
    assert (len(ring.buffers), blocks()) == (2, 1)
    os.write(pipe[1], b"hello")
    ring.submit_and_wait(1)
    assert [cqe.res for cqe in ring.cq()] == [5]
    assert bytes_at(address, 5) == b"hello"
    ring.buffers.unregister()
    assert blocks() == 0


def test_a_ring_without_an_fd_is_cloned_from_by_its_index(ring, needs, requires, blocks):
    needs(RegisterOp.CLONE_BUFFERS)
    flags = SetupFlags.NO_MMAP | SetupFlags.REGISTERED_FD_ONLY
    requires(setup_flag=flags)
    with IoUring(2, Params(flags=flags)) as source:
        source.buffers.register([Buffer(4096)])
        ring.buffers.clone(source)
    assert blocks() == 1
    ring.buffers.unregister()


def test_a_range_replaces_places_and_lets_the_others_stay(ring, run, other, pipe, blocks, needs):
    needs(RegisterOp.CLONE_BUFFERS, RegisterOp.MEM_REGION)  # ranges came with 6.13, too
    theirs = [Buffer(4096) for _ in range(4)]
    mine = [Buffer(4096) for _ in range(3)]
    other.buffers.register(theirs)
    ring.buffers.register(mine)
    ring.buffers.clone(other, 1, 2, to=2, replace=True)
    table = [mine[0], mine[1], theirs[1], theirs[2]]
    assert len(ring.buffers) == 4
    for index, buffer in enumerate(table):
        os.write(pipe[1], b"hello")
        assert run(ops.ReadFixed(pipe[0], buffer.part(0, 5), buf_index=index)).res == 5
    other.buffers.unregister()
    del theirs, mine, table, buffer
    assert blocks() == 4, "and the third of mine is gone"
    ring.buffers.unregister()
    assert blocks() == 0


def test_replacing_all_keeps_what_lies_behind(ring, run, other, pipe, blocks, needs):
    needs(RegisterOp.CLONE_BUFFERS, RegisterOp.MEM_REGION)
    tail = Buffer(4096)
    ring.buffers.register([Buffer(4096), tail])
    other.buffers.register([Buffer(4096)])
    ring.buffers.clone(other, replace=True)
    os.write(pipe[1], b"x")
    assert run(ops.ReadFixed(pipe[0], tail.part(0, 1), buf_index=1)).res == 1
    del tail
    other.buffers.unregister()
    assert (len(ring.buffers), blocks()) == (2, 2)
    ring.buffers.unregister()


def test_a_ring_can_clone_its_own_buffers(ring, blocks, needs):
    needs(RegisterOp.CLONE_BUFFERS, RegisterOp.MEM_REGION)
    ring.buffers.register([Buffer(4096)])
    ring.buffers.clone(ring, 0, 1, to=3, replace=True)
    assert (len(ring.buffers), blocks()) == (4, 1)
    ring.buffers.update(0, [None])
    assert blocks() == 1
    ring.buffers.update(3, [None])
    assert blocks() == 0


def test_cloning_is_refused_with_its_reason(ring, other, needs, blocks):
    needs(RegisterOp.CLONE_BUFFERS, RegisterOp.MEM_REGION)
    with pytest.raises(OSError, match="ENXIO: the source has no registered buffers"):
        ring.buffers.clone(other)
    other.buffers.register([Buffer(4096)])
    with pytest.raises(OSError, match="EINVAL: the source has not so many"):
        ring.buffers.clone(other, 0, 2)
    with pytest.raises(OSError, match="EOVERFLOW: the range ends behind"):
        ring.buffers.clone(other, 1, 1)
    with pytest.raises(OSError, match="EINVAL: .*a place to start from needs a count"):
        ring.buffers.clone(other, to=1)
    ring.buffers.register([Buffer(4096)])
    with pytest.raises(OSError, match="EBUSY: .*replace=True"):
        ring.buffers.clone(other)
    with pytest.raises(OperandError, match="no number of 32 bits"):
        ring.buffers.clone(other, -1)
    assert blocks() == 2
    assert memory_stats()[2] == 0
