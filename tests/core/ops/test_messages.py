"""SEND, RECV, SENDMSG, RECVMSG."""

from __future__ import annotations

import array
import errno
import os
import socket

import pytest

from uringlab import Buffer, CqeFlags, OperandError, ops
from uringlab.core.abi import MsgFlags
from uringlab.core.buffers import BadPage, memory_stats
from uringlab.core.fd import FixedFd
from uringlab.core.message import Control, pack_control, unpack_control, unpack_datagram
from uringlab.core.register.buffer_ring import buffer_of

RIGHTS = (socket.SOL_SOCKET, socket.SCM_RIGHTS)


def examples():
    return [
        (ops.Send(3, b"x", len=1), "SEND fd=3 buf=0x"),
        (ops.Send(3, bufs=[b"x", b"y"]), "SEND fd=3 buf=0x"),
        (
            ops.Recv(3, group=5, multishot=True),
            "RECV fd=3 buf=0x0 len=0 msg_flags=0 group=5 multishot=on bundle=off poll_first=off "
            "total=0 flags=BUFFER_SELECT",
        ),
        (ops.Sendmsg(3, [b"x"]), "SENDMSG fd=3 bufs=in the msghdr at 0x"),
        (ops.Recvmsg(3, [Buffer(3)]), "RECVMSG fd=3 bufs=in the msghdr at 0x"),
    ]


@pytest.fixture
def pair():
    """Two connected unix sockets: a stream."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(5)
        theirs.settimeout(5)
        yield ours, theirs


@pytest.fixture
def tcp():
    """Two connected TCP sockets on the loopback."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname(), timeout=5)
        sock, _ = server.accept()
        with client, sock:
            sock.settimeout(5)
            yield client, sock


@pytest.fixture
def udp():
    """Two UDP sockets on the loopback, bound and not connected."""
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as two,
    ):
        for sock in (one, two):
            sock.bind(("127.0.0.1", 0))
            sock.settimeout(5)
        yield one, two


def or_skip(answer, what):
    if answer == -errno.EINVAL:
        pytest.skip(f"needs {what}")
    return answer


def await_cqes(ring, count):
    found = []
    while len(found) < count:
        found += list(ring.cq(1, timeout=5))
    return found


# -- SEND ----------------------------------------------------------------------------------


def test_send_sends(run, pair):
    assert run(ops.Send(pair[0].fileno(), b"hello")) == 5
    assert run(ops.Send(pair[0].fileno(), Buffer.of(b"world!"), len=5)) == 5
    assert run(ops.Send(pair[0].fileno(), Buffer.of(b"..!..").part(2, 1))) == 1
    assert pair[1].recv(99) == b"helloworld!"


def test_what_is_sent_is_held_until_the_cqe(run_forgotten, pair):
    assert run_forgotten(lambda: ops.Send(pair[0].fileno(), b"hello"), held=1) == 5
    assert pair[1].recv(99) == b"hello"


def test_what_is_sent_is_held_while_the_request_waits(ring, pair, collect):
    pair[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
    size = 1 << 20
    ring.sq().push(ops.Send(pair[0].fileno(), Buffer.of(b"x" * size), msg_flags=MsgFlags.WAITALL))
    ring.submit()
    collect()
    assert not ring.cq()
    got = 0
    while got < size:
        data = pair[1].recv(1 << 16)
        assert not data.strip(b"x")
        got += len(data)
        ring.submit()
    assert [cqe.res for cqe in ring.cq(1, timeout=5)] == [size]


def test_send_to_an_address(run, run_forgotten, udp):
    to = udp[1].getsockname()
    assert or_skip(run(ops.Send(udp[0].fileno(), b"hello", to=to)), "SEND with an address") == 5
    assert udp[1].recvfrom(99) == (b"hello", udp[0].getsockname())
    assert run_forgotten(lambda: ops.Send(udp[0].fileno(), b"you", to=to), held=1) == 3
    assert udp[1].recv(99) == b"you"
    assert run(ops.Send(udp[0].fileno(), b"hello")) == -errno.EDESTADDRREQ


def test_send_several_blocks(run, run_forgotten, pair):
    fd = pair[0].fileno()
    blocks = [b"one", Buffer.of(b"two"), Buffer.of(b"..three").part(2)]
    assert or_skip(run(ops.Send(fd, bufs=blocks)), "SEND with SEND_VECTORIZED") == 11
    assert pair[1].recv(99) == b"onetwothree"
    assert run_forgotten(lambda: ops.Send(fd, bufs=[b"a", b"b"]), held=2) == 2
    assert run(ops.Send(fd, bufs=[])) == 0


def test_send_takes_provided_buffers_in_their_order(ring, complete, pair):
    buffers = ring.buffer_ring(3, 4, 8)
    for bid in range(4):
        buffers.view(bid)[:] = b"buffer %d" % bid
    op = ops.Send(pair[0].fileno(), group=buffers)
    cqe = complete(op)
    or_skip(cqe.res, "SEND with a group")
    assert (cqe.res, buffer_of(cqe)) == (8, 0)
    assert buffer_of(complete(op)) == 1
    assert pair[1].recv(99) == b"buffer 0buffer 1"


def test_send_a_bundle_of_provided_buffers(ring, pair):
    buffers = ring.buffer_ring(3, 4, 8)
    for bid in range(4):
        buffers.view(bid)[:] = b"buffer %d" % bid
    ring.sq().push(ops.Send(pair[0].fileno(), group=buffers, bundle=True))
    ring.submit()
    sent = 0
    cqe = None
    while cqe is None or not cqe.final:
        for cqe in ring.cq(1, timeout=5):
            or_skip(cqe.res, "SEND with BUNDLE")
            sent += max(cqe.res, 0)
    assert sent == 32
    assert pair[1].recv(99) == b"buffer 0buffer 1buffer 2buffer 3"


def test_send_waits_to_be_ready_first_if_asked(run, pair):
    assert run(ops.Send(pair[0].fileno(), b"hello", poll_first=True)) == 5
    assert pair[1].recv(99) == b"hello"


def test_send_to_and_from_registered_files(ring, run, pair):
    ring.files.register([pair[0], pair[1]])
    assert run(ops.Send(FixedFd(0), b"hello")) == 5
    buffer = Buffer(9)
    assert run(ops.Recv(FixedFd(1), buffer)) == 5
    assert bytes(buffer)[:5] == b"hello"


def test_a_send_that_fails_says_why(run, pair, pipe):
    assert run(ops.Send(pipe[1], b"x")) == -errno.ENOTSOCK
    assert run(ops.Send(pair[0].fileno(), BadPage())) == -errno.EFAULT
    with socket.socket() as sock:
        assert run(ops.Send(sock.fileno(), b"x")) == -errno.EPIPE
    pair[1].close()
    assert run(ops.Send(pair[0].fileno(), b"x")) == -errno.EPIPE


# -- RECV ----------------------------------------------------------------------------------


def test_recv_receives(run, pair):
    pair[1].send(b"hello")
    buffer = Buffer(8)
    assert run(ops.Recv(pair[0].fileno(), buffer, len=2)) == 2
    assert run(ops.Recv(pair[0].fileno(), buffer.part(4))) == 3
    assert bytes(buffer) == b"he\0\0llo\0"
    pair[1].close()
    assert run(ops.Recv(pair[0].fileno(), buffer)) == 0


def test_recv_holds_its_buffer_while_it_waits(ring, pair, collect):
    buffer = Buffer(8)
    before = memory_stats()[0]
    view = buffer.view
    ring.sq().push(ops.Recv(pair[0].fileno(), buffer))
    del buffer
    ring.submit()
    collect()
    pair[1].send(b"hello")
    [cqe] = list(ring.cq(1, timeout=5))
    assert cqe.res == 5
    assert bytes(view[:5]) == b"hello"
    assert memory_stats()[0] == before
    pair[1].send(b"x")


def test_the_buffer_of_a_recv_is_held_until_the_cqe_and_no_longer(ring, pair, collect):
    before = memory_stats()[0]
    ring.sq().push(ops.Recv(pair[0].fileno(), Buffer(8)))
    ring.submit()
    collect()
    assert memory_stats()[0] == before + 1
    pair[1].send(b"hello")
    assert [cqe.res for cqe in ring.cq(1, timeout=5)] == [5]
    assert memory_stats()[0] == before


def test_recv_obeys_its_msg_flags(run, pair, udp):
    buffer = Buffer(3)
    pair[1].send(b"hello")
    assert run(ops.Recv(pair[0].fileno(), buffer, msg_flags=MsgFlags.PEEK)) == 3
    assert run(ops.Recv(pair[0].fileno(), buffer)) == 3
    assert run(ops.Recv(pair[0].fileno(), buffer)) == 2
    assert run(ops.Recv(pair[0].fileno(), buffer, msg_flags=MsgFlags.DONTWAIT)) == -errno.EAGAIN
    udp[0].sendto(b"hello", udp[1].getsockname())
    # The length of the datagram, not of what there was room for.
    assert run(ops.Recv(udp[1].fileno(), buffer, msg_flags=MsgFlags.TRUNC)) == 5


def test_recv_goes_on_until_all_of_it_is_there(ring, pair):
    buffer = Buffer(6)
    ring.sq().push(ops.Recv(pair[0].fileno(), buffer, msg_flags=MsgFlags.WAITALL))
    pair[1].send(b"one")
    ring.submit()
    assert not ring.cq()
    pair[1].send(b"two")
    assert [cqe.res for cqe in ring.cq(1, timeout=5)] == [6]
    assert bytes(buffer) == b"onetwo"


def test_recv_says_if_there_is_more(complete, tcp):
    tcp[0].send(b"hello")
    first = complete(ops.Recv(tcp[1].fileno(), Buffer(2), poll_first=True))
    assert first.res == 2
    assert first.flags & CqeFlags.SOCK_NONEMPTY
    second = complete(ops.Recv(tcp[1].fileno(), Buffer(9)))
    assert (second.res, second.flags) == (3, 0)


def test_recv_picks_a_provided_buffer(ring, complete, pair):
    buffers = ring.buffer_ring(4, 2, 16)
    for text in (b"one", b"two"):
        pair[1].send(text)
        cqe = complete(ops.Recv(pair[0].fileno(), group=buffers))
        assert buffers.read(cqe) == text
    pair[1].send(b"12345")
    assert complete(ops.Recv(pair[0].fileno(), group=buffers, len=2)).res == 2
    assert complete(ops.Recv(pair[0].fileno(), group=9)).res == -errno.ENOBUFS


def test_recv_multishot_goes_on_until_its_buffers_are_used_up(ring, pair):
    buffers = ring.buffer_ring(4, 2, 16)
    ring.sq().push(ops.Recv(pair[0].fileno(), group=buffers, multishot=True))
    ring.submit()
    for text in (b"one", b"two"):
        pair[1].send(text)
        [cqe] = await_cqes(ring, 1)
        assert (cqe.res, cqe.final, buffer_of(cqe)) == (3, False, 0 if text == b"one" else 1)
        assert bytes(buffers.view(buffer_of(cqe), 3)) == text
    pair[1].send(b"three")
    [cqe] = await_cqes(ring, 1)
    assert (cqe.res, cqe.final) == (-errno.ENOBUFS, True)


def test_recv_multishot_ends_with_the_connection(ring, pair):
    buffers = ring.buffer_ring(4, 4, 16)
    ring.sq().push(ops.Recv(pair[0].fileno(), group=buffers, multishot=True))
    ring.submit()
    pair[1].send(b"bye")
    pair[1].close()
    cqes = await_cqes(ring, 2)
    assert [(cqe.res, cqe.final) for cqe in cqes] == [(3, False), (0, True)]


def test_recv_multishot_may_be_limited_in_each_cqe_and_in_all(ring, pair):
    buffers = ring.buffer_ring(4, 8, 16)
    op = ops.Recv(pair[0].fileno(), group=buffers, multishot=True, len=4, total=8)
    pair[1].send(b"0123456789")
    ring.sq().push(op)
    ring.submit()
    cqes = await_cqes(ring, 1)
    or_skip(cqes[0].res, "RECV with limits")
    while not cqes[-1].final:
        cqes += await_cqes(ring, 1)
    got = [bytes(buffers.view(buffer_of(cqe), cqe.res)) for cqe in cqes if cqe.res > 0]
    assert got == [b"0123", b"4567"]
    assert pair[0].recv(99) == b"89"


def test_recv_a_bundle_fills_several_provided_buffers(ring, complete, tcp):
    buffers = ring.buffer_ring(4, 4, 4)
    tcp[0].send(b"0123456789")
    cqe = complete(ops.Recv(tcp[1].fileno(), group=buffers, bundle=True))
    or_skip(cqe.res, "RECV with BUNDLE")
    # How many of them is the kernel's choice; one alone holds four bytes.
    assert 4 < cqe.res <= 10
    assert buffer_of(cqe) == 0
    got = b"".join(bytes(buffers.view(bid)) for bid in range(3))
    assert got[: cqe.res] == b"0123456789"[: cqe.res]


def test_recv_multishot_without_a_group_is_refused_by_the_kernel(run, pair):
    assert run(ops.Recv(pair[0].fileno(), Buffer(3), multishot=True)) == -errno.EINVAL


# -- SENDMSG, RECVMSG ----------------------------------------------------------------------


def test_a_message_is_sent_and_received_in_pieces(run, pair):
    fds = [sock.fileno() for sock in pair]
    assert run(ops.Sendmsg(fds[0], [b"hel", Buffer.of(b"lo")])) == 5
    buffers = [Buffer(2), Buffer(9)]
    op = ops.Recvmsg(fds[1], buffers)
    assert run(op) == 5
    assert b"".join(map(bytes, buffers))[:5] == b"hello"
    assert (op.message.peer, op.message.control, op.message.flags) == (None, [], MsgFlags(0))


def test_a_message_has_an_address(run, udp):
    to, sender = udp[1].getsockname(), udp[0].getsockname()
    assert run(ops.Sendmsg(udp[0].fileno(), [b"hello"], to=to)) == 5
    buffer = Buffer(3)
    op = ops.Recvmsg(udp[1].fileno(), [buffer])
    assert run(op) == 3
    assert op.message.peer == sender
    assert op.message.flags == MsgFlags.TRUNC
    udp[0].sendto(b"x", to)
    nameless = ops.Recvmsg(udp[1].fileno(), [buffer], name=0)
    assert run(nameless) == 1
    assert nameless.message.peer is None


def test_a_message_carries_an_fd(run, pair, pipe):
    data = array.array("i", [pipe[1]]).tobytes()
    assert run(ops.Sendmsg(pair[0].fileno(), [b"x"], control=[(*RIGHTS, data)])) == 1
    op = ops.Recvmsg(pair[1].fileno(), [Buffer(1)], control=64, msg_flags=MsgFlags.CMSG_CLOEXEC)
    assert run(op) == 1
    [control] = op.message.control
    assert (control.level, control.type) == RIGHTS
    [fd] = op.new_fds(1)
    try:
        os.write(fd, b"through it")
        assert os.read(pipe[0], 99) == b"through it"
    finally:
        os.close(fd)
    assert not op.new_fds(-1)


def test_control_data_that_does_not_fit_is_cut_off_and_that_is_said(run, pair, pipe):
    data = array.array("i", [pipe[1]]).tobytes()
    assert run(ops.Sendmsg(pair[0].fileno(), [b"x"], control=[(*RIGHTS, data)])) == 1
    op = ops.Recvmsg(pair[1].fileno(), [Buffer(1)], control=8)
    assert run(op) == 1
    assert op.message.flags & MsgFlags.CTRUNC
    assert op.message.control == []


def test_a_recvmsg_that_is_pushed_again_has_all_of_its_room_again(run, tmp_path):
    """The kernel leaves in the msghdr how much of it it used: nothing, the first time."""
    here, there = str(tmp_path / "here"), str(tmp_path / "there")
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender,
    ):
        receiver.bind(here)
        op = ops.Recvmsg(receiver.fileno(), [Buffer(9)], control=32)
        sender.sendto(b"hello", here)
        assert run(op) == 5
        assert (op.message.peer, op.message.control) == (None, [])
        sender.bind(there)
        sender.connect(here)
        data = array.array("i", [receiver.fileno()])
        sender.sendmsg([b"hello"], [(*RIGHTS, data)])
        assert run(op) == 5
        assert op.message.peer == there
        [fd] = op.new_fds(5)
        os.close(fd)


def test_a_message_that_is_sent_is_held_with_all_that_it_names(run_forgotten, pair, pipe):
    data = array.array("i", [pipe[1]]).tobytes()

    def make():
        return ops.Sendmsg(pair[0].fileno(), [b"a", b"b"], control=[(*RIGHTS, data)])

    assert run_forgotten(make, held=3) == 2
    assert pair[1].recv(9) == b"ab"


def test_the_msghdr_of_a_recvmsg_is_held_while_it_waits(ring, pair, collect):
    before = memory_stats()[0]
    ring.sq().push(ops.Recvmsg(pair[0].fileno(), [Buffer(3), Buffer(3)], control=32))
    ring.submit()
    collect()
    assert memory_stats()[0] == before + 3
    pair[1].send(b"hello")
    assert [cqe.res for cqe in ring.cq(1, timeout=5)] == [5]
    assert memory_stats()[0] == before


def test_recvmsg_picks_a_provided_buffer(ring, complete, udp):
    buffers = ring.buffer_ring(4, 2, 16)
    udp[0].sendto(b"hello", udp[1].getsockname())
    op = ops.Recvmsg(udp[1].fileno(), group=buffers)
    cqe = complete(op)
    assert buffers.read(cqe) == b"hello"
    assert op.message.peer == udp[0].getsockname()


def test_recvmsg_multishot_puts_all_of_it_into_the_buffer(ring, udp):
    buffers = ring.buffer_ring(4, 4, 64)
    op = ops.Recvmsg(udp[1].fileno(), group=buffers, multishot=True, name=16)
    ring.sq().push(op)
    ring.submit()
    for text in (b"one", b"a longer text than there is room for in a buffer of sixty-four"):
        udp[0].sendto(text, udp[1].getsockname())
        [cqe] = await_cqes(ring, 1)
        or_skip(cqe.res, "RECVMSG with RECV_MULTISHOT")
        assert not cqe.final
        found = op.unpack(buffers.view(buffer_of(cqe), cqe.res))
        assert found.peer == udp[0].getsockname()
        assert found.payload == text[: 64 - 16 - 16]
        assert found.size in {len(text), len(found.payload)}
        assert bool(found.flags & MsgFlags.TRUNC) == (len(text) > len(found.payload))
    assert op.message.peer is None


def test_recvmsg_multishot_gives_control_data_too(ring, pair, pipe):
    buffers = ring.buffer_ring(4, 4, 128)
    op = ops.Recvmsg(pair[1].fileno(), group=buffers, multishot=True, name=0, control=32)
    ring.sq().push(op)
    ring.submit()
    data = array.array("i", [pipe[1]])
    pair[0].sendmsg([b"hello"], [(*RIGHTS, data)])
    [cqe] = await_cqes(ring, 1)
    or_skip(cqe.res, "RECVMSG with RECV_MULTISHOT")
    found = op.unpack(buffers.view(buffer_of(cqe), cqe.res))
    assert (found.peer, found.payload) == (None, b"hello")
    [control] = found.control
    [fd] = array.array("i", control.data)
    os.close(fd)


def test_a_provided_buffer_that_is_too_small_for_the_header_is_efault(ring, complete, pair):
    buffers = ring.buffer_ring(4, 1, 20)
    pair[0].send(b"x")
    cqe = complete(ops.Recvmsg(pair[1].fileno(), group=buffers, multishot=True))
    or_skip(cqe.res, "RECVMSG with RECV_MULTISHOT")
    assert cqe.res == -errno.EFAULT
    with pytest.raises(ValueError, match="144 come before"):
        unpack_datagram(bytes(100), 128, 0)


def test_messages_wait_to_be_ready_first_if_asked(run, pair):
    assert run(ops.Sendmsg(pair[0].fileno(), [b"x"], poll_first=True)) == 1
    assert run(ops.Recvmsg(pair[1].fileno(), [Buffer(3)], poll_first=True)) == 1


def test_memory_that_is_not_there_is_efault(run, pair):
    assert run(ops.Sendmsg(pair[0].fileno(), [b"x", BadPage()])) in {1, -errno.EFAULT}
    assert run(ops.Sendmsg(pair[0].fileno(), [BadPage()])) == -errno.EFAULT


def test_control_data_is_packed_and_unpacked():
    pieces = [Control(1, 2, b"abc"), Control(3, 4, b""), Control(5, 6, b"12345678")]
    packed = pack_control(pieces, "control")
    assert len(packed) % 8 == 0
    assert unpack_control(packed) == pieces
    assert unpack_control(packed[:-1]) == pieces[:-1]
    assert unpack_control(b"\xff" * 32) == []
    assert pack_control([], "control") == b""


def test_nobody_can_write_to_a_msghdr():
    message = ops.Recvmsg(3, [Buffer(3)]).message
    assert not hasattr(message, "view")
    with pytest.raises(AttributeError):
        message.flags = 0


@pytest.mark.parametrize(
    "make",
    [
        lambda: ops.Send(3),
        lambda: ops.Send(3, b"x", group=1),
        lambda: ops.Send(3, b"x", bufs=[b"y"]),
        lambda: ops.Send(3, bufs=[b"x"], len=2),
        lambda: ops.Send(3, b"x", len=2),
        lambda: ops.Send(3, 0x1000),
        lambda: ops.Send(3, b"x", to=("example.org", 80)),
        lambda: ops.Recv(3),
        lambda: ops.Recv(3, b"x"),
        lambda: ops.Recv(3, Buffer(3), group=1),
        lambda: ops.Recv(3, Buffer(3), len=4),
        lambda: ops.Recv(3, group=2**16),
        lambda: ops.Sendmsg(3, b"x"),
        lambda: ops.Sendmsg(3, None),
        lambda: ops.Sendmsg(3, [b"x"], to=5),
        lambda: ops.Sendmsg(3, [b"x"], control=[(1, 2)]),
        lambda: ops.Sendmsg(3, [b"x"], control=5),
        lambda: ops.Sendmsg(3, [b"x"] * 1025),
        lambda: ops.Recvmsg(3),
        lambda: ops.Recvmsg(3, [b"x"]),
        lambda: ops.Recvmsg(3, [Buffer(1)], group=1),
        lambda: ops.Recvmsg(3, [Buffer(1)], name=129),
        lambda: ops.Recvmsg(3, [Buffer(1)], name="x"),
        lambda: ops.Recvmsg(3, [Buffer(1)], control=-1),
        lambda: ops.Recvmsg(3, [Buffer(1)], control=1 << 20),
    ],
)
def test_what_does_not_fit_is_refused(make):
    with pytest.raises(OperandError):
        make()
