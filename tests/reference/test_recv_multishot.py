"""The behaviours of liburing's test `recv-multishot`: one request receives again and again."""

from __future__ import annotations

import errno
import socket
import struct

import pytest
from ring_kinds import flush, nothing_is_left, reap, submit

from uringlab import Buffer, CqeFlags, Opcode, SqeFlags, ops
from uringlab.core.abi import MsgFlags
from uringlab.core.probe import kernel_opcodes
from uringlab.core.register.buffer_ring import buffer_of

NAME, GROUP = 1234, 7
BUFFER, MORE = CqeFlags.BUFFER, CqeFlags.MORE
IP_RECVORIGDSTADDR = 20  # Python has no name for it
CONTROL = 32
"""Room for one piece of control data with an IPv4 address in it."""
HEAD = 16 + 128 + CONTROL
"""Bytes that RECVMSG puts before the payload: a header, the name, the control data."""
MESSAGES = [bytes(range(4 * (at + 1))) for at in range(8)]


@pytest.fixture(autouse=True)
def _there_is_such_a_thing():
    if Opcode.SEND_ZC not in kernel_opcodes():  # it came with the same kernel, 6.0
        pytest.skip("needs a multishot RECV")


def stream_pair():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        one_end = socket.create_connection(listener.getsockname())
        other_end, _ = listener.accept()
    one_end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return other_end, one_end


def datagram_pair():
    ends = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
    for end in ends:
        end.bind(("127.0.0.1", 0))
    for end, peer in (ends, ends[::-1]):
        end.connect(peer.getsockname())
    ends[0].setsockopt(socket.IPPROTO_IP, IP_RECVORIGDSTADDR, 1)
    return ends


@pytest.fixture(params=[socket.SOCK_STREAM, socket.SOCK_DGRAM], ids=["stream", "datagrams"])
def ends(request):
    """Sockets: (the one to receive from, the one to send with)."""
    pair = stream_pair() if request.param == socket.SOCK_STREAM else datagram_pair()
    yield pair
    for end in pair:
        end.close()


def is_stream(end):
    return end.type == socket.SOCK_STREAM


class Receiver:
    """A multishot receive, by RECV or RECVMSG, and the buffers that it picks from."""

    def __init__(self, op, ring, end, count=64, size=256):
        self.ring, self.op = ring, op
        self.bufs = ring.buffer_ring(GROUP, count, size)
        extra = {"control": CONTROL, "msg_flags": MsgFlags.TRUNC} if op is ops.Recvmsg else {}
        if is_stream(end):
            extra.pop("msg_flags", None)
        self.request = op(end.fileno(), group=GROUP, multishot=True, user_data=NAME, **extra)

    def start(self):
        submit(self.ring, self.request)

    def payload(self, cqe):
        """The bytes that came with a CQE; its buffer is given back."""
        assert cqe.user_data == NAME
        assert cqe.flags & BUFFER
        data = self.bufs.read(cqe)
        assert len(data) == cqe.res
        return data if self.op is ops.Recv else self.request.unpack(data).payload


@pytest.fixture(params=[ops.Recv, ops.Recvmsg], ids=["RECV", "RECVMSG"])
def op(request):
    return request.param


# -- as long as all goes well ------------------------------------------------------------------


def test_what_is_sent_one_by_one_comes_one_by_one(ring, ends, op):
    receiver = Receiver(op, ring, ends[0])
    receiver.start()
    for message in MESSAGES:
        ends[1].send(message)
        [cqe] = reap(ring)
        assert cqe.flags & MORE
        assert receiver.payload(cqe) == message
    assert nothing_is_left(ring)


def test_what_is_sent_at_once_comes_in_its_order_and_whole(make_ring, ends, op):
    ring = make_ring(32)
    receiver = Receiver(op, ring, ends[0])
    receiver.start()
    for message in MESSAGES:
        ends[1].send(message)
    wanted, found = b"".join(MESSAGES), []
    while sum(map(len, found)) < len(wanted):
        [cqe] = reap(ring)
        assert cqe.flags & MORE
        found.append(receiver.payload(cqe))
    assert b"".join(found) == wanted
    # A stream has no seams; datagrams have.
    assert is_stream(ends[0]) or found == MESSAGES


def test_what_was_there_before_it_comes_as_well(ring, ends, op):
    ends[1].send(MESSAGES[0])
    receiver = Receiver(op, ring, ends[0])
    receiver.start()
    [cqe] = reap(ring)
    assert receiver.payload(cqe) == MESSAGES[0]


def test_a_stream_is_taken_in_pieces_as_large_as_the_buffers(ring, op):
    end, sender = stream_pair()
    with end, sender:
        receiver = Receiver(op, ring, end, size=4 if op is ops.Recv else HEAD + 4)
        receiver.start()
        sender.send(MESSAGES[7])
        pieces = []
        while sum(map(len, pieces)) < len(MESSAGES[7]):
            pieces.append(receiver.payload(reap(ring)[0]))
        assert b"".join(pieces) == MESSAGES[7]
        assert {len(piece) for piece in pieces} == {4}


# -- how it ends -------------------------------------------------------------------------------


def ends_with(ring, res):
    """The last CQE: it says why, brings nothing, and there are no more."""
    [cqe] = reap(ring)
    assert cqe.user_data == NAME
    assert cqe.res == res
    assert not cqe.flags & (MORE | BUFFER)
    return nothing_is_left(ring)


def test_with_no_buffers_left_it_ends(ring, ends, op):
    receiver = Receiver(op, ring, ends[0], count=2)
    receiver.start()
    for message in MESSAGES[:2]:
        ends[1].send(message)
        [cqe] = reap(ring)
        assert cqe.flags & MORE
        # It is taken, and not given back.
        assert bytes(receiver.bufs.take(cqe)[0].view).endswith(message)
    ends[1].send(MESSAGES[2])
    assert ends_with(ring, -errno.ENOBUFS)
    # Nothing was lost: it is still in the socket.
    receiver.bufs.recycle(0, 1)
    receiver.start()
    assert receiver.payload(reap(ring)[0]) == MESSAGES[2]


def test_when_the_sender_closes_it_ends_with_0(ring, op):
    end, sender = stream_pair()
    with end, sender:
        receiver = Receiver(op, ring, end)
        receiver.start()
        for message in MESSAGES[:3]:
            sender.send(message)
            assert receiver.payload(reap(ring)[0]) == message
        sender.shutdown(socket.SHUT_RDWR)
        [cqe] = reap(ring)
        assert not cqe.flags & MORE
        # RECVMSG may still fill in a header, which says that there is no payload.
        if cqe.flags & BUFFER:
            assert op is ops.Recvmsg
            assert receiver.payload(cqe) == b""
        else:
            assert cqe.res == 0
        assert nothing_is_left(ring)


def test_it_can_be_cancelled(ring, ends, op):
    receiver = Receiver(op, ring, ends[0])
    receiver.start()
    for message in MESSAGES[:3]:
        ends[1].send(message)
        assert receiver.payload(reap(ring)[0]) == message
    submit(ring, ops.AsyncCancel(NAME, user_data=0x888, flags=SqeFlags.CQE_SKIP_SUCCESS))
    assert ends_with(ring, -errno.ECANCELED)


def test_behind_a_full_queue_nothing_is_lost(make_ring, ends, op):
    ring = make_ring(4, cq_entries=4)
    receiver = Receiver(op, ring, ends[0])
    receiver.start()
    for message in MESSAGES:
        ends[1].send(message)
        flush(ring)
    wanted, found = b"".join(MESSAGES), []
    while sum(map(len, found)) < len(wanted):
        [cqe] = reap(ring)
        assert cqe.res > 0
        found.append(receiver.payload(cqe))
        if cqe.final:  # a full queue may end it, and says so: then it is asked again
            receiver.start()
    assert b"".join(found) == wanted
    assert is_stream(ends[0]) or found == MESSAGES


def test_with_buffers_provided_by_a_request_it_is_the_same(ring):
    end, sender = datagram_pair()
    with end, sender:
        submit(
            ring,
            ops.ProvideBuffers(Buffer(2), 0, count=2, user_data=0),
            ops.Recv(end.fileno(), group=0, multishot=True, user_data=NAME),
        )
        for _ in range(3):
            sender.send(b"?")
        provided, first, second, last = reap(ring, 4)
        assert (provided.user_data, provided.res) == (0, 0)
        for cqe in (first, second):
            assert (cqe.user_data, cqe.res) == (NAME, 1)
            assert cqe.flags & BUFFER
            assert cqe.flags & MORE
        assert {buffer_of(first), buffer_of(second)} == {0, 1}
        assert (last.user_data, last.res) == (NAME, -errno.ENOBUFS)
        assert not last.flags & (BUFFER | MORE)


# -- what RECVMSG has besides ------------------------------------------------------------------


def test_each_message_comes_with_its_sender_and_its_control_data(ring):
    end, sender = datagram_pair()
    with end, sender:
        receiver = Receiver(ops.Recvmsg, ring, end)
        receiver.start()
        for message in MESSAGES:
            sender.send(message)
            [cqe] = reap(ring)
            got = receiver.request.unpack(receiver.bufs.read(cqe))
            assert got.peer == sender.getsockname()
            [control] = got.control
            assert (control.level, control.type) == (socket.IPPROTO_IP, IP_RECVORIGDSTADDR)
            port, address = struct.unpack_from("!2xH4s", control.data)
            assert (socket.inet_ntoa(address), port) == end.getsockname()
            assert (got.payload, got.size) == (message, len(message))
            assert MsgFlags.TRUNC not in got.flags


def test_a_message_that_is_too_long_is_cut_off_and_says_how_long_it_was(ring):
    end, sender = datagram_pair()
    with end, sender:
        receiver = Receiver(ops.Recvmsg, ring, end, size=HEAD + 4)
        receiver.start()
        for message in MESSAGES:
            sender.send(message)
            got = receiver.request.unpack(receiver.bufs.read(reap(ring)[0]))
            assert (got.payload, got.size) == (message[:4], len(message))
            assert bool(got.flags & MsgFlags.TRUNC) == (len(message) > 4)


@pytest.mark.parametrize(
    ("name", "control", "size", "fits"),
    [(4, 8, 64, True), (4, 8, 28, True), (4, 8, 27, False), (0, 0, 15, False), (0, 0, 0, False)],
)
def test_a_buffer_that_cannot_hold_what_comes_before_the_payload_is_refused(
    ring, pipe, name, control, size, fits
):
    recvmsg = ops.Recvmsg(pipe[0], group=1, multishot=True, name=name, control=control)
    if fits:
        assert len(recvmsg.unpack(bytes(size)).payload) == size - 16 - name - control
    else:
        with pytest.raises(ValueError, match="come before the payload"):
            recvmsg.unpack(bytes(size))
