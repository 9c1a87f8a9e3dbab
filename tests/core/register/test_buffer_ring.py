from __future__ import annotations

import errno
import os
import socket

import pytest

from uringlab import Buffer, CqeFlags, IoUring, OperandError, Prepared, RingError, ops
from uringlab.core.abi import RegisterOp
from uringlab.core.register.buffer_ring import buffer_of

MEMORY = pytest.mark.parametrize("kernel_memory", [False, True], ids=["own", "kernel's"])


@pytest.fixture(autouse=True)
def _known(needs):
    needs(RegisterOp.PBUF_RING)


@pytest.fixture
def sockets():
    pair = socket.socketpair()
    yield pair
    for end in pair:
        end.close()


def read(pipe, buffers, **more):
    return ops.Read(pipe[0], group=buffers, len=0, off=-1, **more)


@MEMORY
def test_the_kernel_picks_the_buffers_in_the_order_they_were_given(ring, run, pipe, kernel_memory):
    buffers = ring.buffer_ring(7, 4, 16, kernel_memory=kernel_memory)
    got = []
    for text in (b"one", b"two", b"three"):
        os.write(pipe[1], text)
        cqe = run(read(pipe, buffers))
        [piece] = buffers.take(cqe)
        got.append((buffer_of(cqe), piece.bid, bytes(piece.view), piece.more))
    assert got == [(0, 0, b"one", False), (1, 1, b"two", False), (2, 2, b"three", False)]
    assert bytes(buffers.view(2, 5)) == b"three"
    assert (buffers.in_ring, len(buffers), buffers.group) == ((3,), 4, 7)


@MEMORY
def test_it_goes_round_and_round_when_buffers_are_recycled(ring, run, pipe, kernel_memory):
    buffers = ring.buffer_ring(0, 2, 8, kernel_memory=kernel_memory)
    for number in range(70_000 // 500):
        text = f"{number}".encode()
        os.write(pipe[1], text)
        cqe = run(read(pipe, buffers))
        assert (buffer_of(cqe), buffers.read(cqe)) == (number % 2, text)


def test_its_indices_wrap_at_16_bits(needs):
    needs(RegisterOp.PBUF_STATUS)
    with IoUring(256) as ring, open("/dev/zero", "rb") as zero:  # noqa: PTH123 (no Path has an fd)
        buffers = ring.buffer_ring(0, 1024, 1)
        reads = Prepared([ops.Read(zero.fileno(), group=buffers, len=0)] * 256)
        for _ in range(257):
            ring.sq().push_all(reads)
            ring.submit_and_wait(256)
            bids = [piece.bid for cqe in ring.cq() for piece in buffers.take(cqe)]
            assert len(bids) == 256
            buffers.recycle(*bids)
        assert (buffers.head(), buffers.available()) == (256, 1024)
        assert len(buffers.in_ring) == 1024


def test_an_entry_counts_only_once_the_tail_is_past_it(ring, run, pipe):
    buffers = ring.buffer_ring(1, 4, 16, fill=False)
    os.write(pipe[1], b"x")
    buffers.add(2)
    assert run(read(pipe, buffers)).res == -errno.ENOBUFS
    assert buffers.advance() == 1
    assert buffer_of(run(read(pipe, buffers))) == 2
    assert buffers.advance() == 0


def test_buffers_may_be_your_own_and_of_different_sizes(ring, run, pipe):
    mine = [Buffer(3), Buffer(100).part(50, 5)]
    buffers = ring.buffer_ring(1, 2, buffers=mine)
    os.write(pipe[1], b"abcdefgh")
    assert [buffers.read(run(read(pipe, buffers))) for _ in range(2)] == [b"abc", b"defgh"]
    assert (bytes(mine[0]), bytes(mine[1])) == (b"abc", b"defgh")


def test_a_multishot_read_uses_one_buffer_after_the_other(ring, pipe, requires):
    requires(opcode=ops.ReadMultishot.opcode)
    buffers = ring.buffer_ring(1, 2, 16)
    ring.sq().push(ops.ReadMultishot(pipe[0], group=buffers, user_data=4))
    ring.submit()
    for text in (b"a", b"bb", b"ccc", b"dddd"):
        os.write(pipe[1], text)
        [cqe] = list(ring.cq(1, timeout=5))
        assert (buffers.read(cqe), cqe.final) == (text, False)


@MEMORY
def test_an_incremental_buffer_is_used_up_piece_by_piece(ring, run, sockets, needs, kernel_memory):
    needs(RegisterOp.CLOCK)  # 6.12, as IOU_PBUF_RING_INC
    from uringlab.core.ops.messages import Recv

    left, right = sockets
    buffers = ring.buffer_ring(1, 2, 8, incremental=True, kernel_memory=kernel_memory)
    got = []
    for text in (b"abc", b"de", b"fgh", b"ij"):
        left.send(text)
        cqe = run(Recv(right.fileno(), group=buffers, len=0))
        [piece] = buffers.take(cqe)
        assert piece.more == bool(cqe.flags & CqeFlags.BUF_MORE)
        got.append((piece.bid, bytes(piece.view), piece.more))
    assert got == [(0, b"abc", True), (0, b"de", True), (0, b"fgh", False), (1, b"ij", True)]
    assert bytes(buffers.view(0)) == b"abcdefgh"
    with pytest.raises(OperandError, match="buffer 1 is in the ring"):
        buffers.recycle(1)
    buffers.recycle(0)
    assert buffers.in_ring == (1, 0)
    left.send(b"123456")
    [cqe] = [run(Recv(right.fileno(), group=buffers, len=0))]
    assert buffers.read(cqe) == b"123456"
    assert buffers.in_ring == (0, 1), "it was used up, and is the last again"


def test_a_bundle_fills_several_buffers_at_once(ring, run, sockets, requires):
    from uringlab import Features
    from uringlab.core.ops.messages import Recv

    requires(feature=Features.RECVSEND_BUNDLE)
    left, right = sockets
    buffers = ring.buffer_ring(1, 4, 4)
    left.send(b"0123456789")
    cqe = run(Recv(right.fileno(), group=buffers, len=0, bundle=True))
    pieces = buffers.take(cqe)
    assert cqe.res > 4
    assert b"".join(piece.view for piece in pieces) == b"0123456789"[: cqe.res]
    used = -(-cqe.res // 4)
    assert [piece.bid for piece in pieces] == list(range(used))
    assert buffers.in_ring == tuple(range(used, 4))


def test_the_head_is_asked_for_and_says_what_is_left(ring, run, pipe, needs):
    needs(RegisterOp.PBUF_STATUS)
    buffers = ring.buffer_ring(5, 8, 16)
    assert (buffers.head(), buffers.available()) == (0, 8)
    for _ in range(3):
        os.write(pipe[1], b"x")
        buffers.take(run(read(pipe, buffers)))
    assert (buffers.head(), buffers.available()) == (3, 5)


@MEMORY
def test_its_memory_lives_until_the_request_that_picked_it_has_ended(
    ring, pipe, blocks, kernel_memory
):
    buffers = ring.buffer_ring(1, 4, 4096, kernel_memory=kernel_memory)
    ring.sq().push(read(pipe, buffers, user_data=1))
    ring.submit()
    buffers.unregister()
    del buffers
    assert blocks() == (1 if kernel_memory else 2), "the read waits, and might have picked one"
    os.write(pipe[1], b"x")
    assert list(ring.cq(1, timeout=5)) == [(1, -errno.ENOBUFS, 0)]
    assert blocks() == 0


def test_dropping_the_object_unregisters_nothing(ring, run, pipe, blocks):
    ring.buffer_ring(9, 4, 4096)
    assert blocks() == 2
    os.write(pipe[1], b"x")
    assert run(read(pipe, 9)).res == 1


def test_a_view_outlives_everything(pipe, blocks):
    with IoUring(4) as ring:
        buffers = ring.buffer_ring(1, 2, 4096)
        ring.sq().push(read(pipe, buffers))
        ring.submit()
        os.write(pipe[1], b"hello")
        [cqe] = list(ring.cq(1, timeout=5))
        [piece] = buffers.take(cqe)
        buffers.unregister()
    del buffers
    assert bytes(piece.view) == b"hello"
    del piece
    assert blocks() == 0


@MEMORY
def test_after_unregistering_it_says_so_and_the_group_is_free_again(ring, kernel_memory):
    buffers = ring.buffer_ring(1, 4, 16, kernel_memory=kernel_memory)
    with pytest.raises(OSError, match="EEXIST: the group has buffers already"):
        ring.buffer_ring(1, 4, 16)
    buffers.unregister()
    for attempt in (buffers.unregister, buffers.advance, buffers.head, lambda: buffers.recycle(0)):
        with pytest.raises(RingError, match="was unregistered"):
            attempt()
    ring.buffer_ring(1, 8, 16, kernel_memory=kernel_memory)


def test_what_does_not_fit_is_refused(ring, blocks):
    with pytest.raises(OSError, match="EINVAL: the number of entries is no power of two"):
        ring.buffer_ring(1, 3)
    with pytest.raises(OSError, match="EINVAL"):
        ring.buffer_ring(1, 1 << 16, 1)
    with pytest.raises(OSError, match="EINVAL"):
        ring.buffer_ring(1, 0, buffers=[])
    for group in (-1, 1 << 16):
        with pytest.raises(OperandError, match="group"):
            ring.buffer_ring(group)
    with pytest.raises(OperandError, match="buffers of 0 bytes"):
        ring.buffer_ring(1, 8, 0)
    with pytest.raises(OperandError, match="5 buffers do not go into 4 entries"):
        ring.buffer_ring(1, 4, buffers=[Buffer(1)] * 5)
    with pytest.raises(OperandError, match="takes Buffers or parts"):
        ring.buffer_ring(1, 4, buffers=[b"x"])
    buffers = ring.buffer_ring(1, 4, 16)
    with pytest.raises(OperandError, match="there is no buffer 4: 0 to 3"):
        buffers.recycle(4)
    with pytest.raises(OperandError, match="buffer 0 is in the ring"):
        buffers.recycle(0)
    assert "group=1 entries=4: 4 of 4" in repr(buffers)
    assert blocks() == 2


def test_a_completion_is_taken_once(ring, run, pipe):
    buffers = ring.buffer_ring(1, 4, 16)
    os.write(pipe[1], b"x")
    cqe = run(read(pipe, buffers))
    buffers.take(cqe)
    with pytest.raises(OperandError, match="whose completion is this"):
        buffers.take(cqe)
    assert buffers.take(run(ops.Nop())) == ()
    assert buffer_of(run(ops.Nop())) is None


def test_a_read_of_nothing_gives_an_empty_piece_or_none(ring, run, pipe):
    buffers = ring.buffer_ring(1, 4, 16)
    os.close(pipe[1])
    cqe = run(read(pipe, buffers))
    assert cqe.res == 0
    assert buffers.read(cqe) == b""
    assert len(buffers.in_ring) == 4


def test_the_same_block_may_be_there_twice_and_is_held_once(ring, blocks):
    whole = Buffer(4096)
    buffers = ring.buffer_ring(1, 2, buffers=[whole, whole])
    del whole
    assert blocks() == 2
    buffers.unregister()
    del buffers
    assert blocks() == 0
