"""SEND_ZC, SENDMSG_ZC, RECV_ZC."""

from __future__ import annotations

import errno
import socket

import pytest

from uringlab import Buffer, CqeFlags, IoUring, OperandError, Params, SetupFlags, SqeFlags, ops
from uringlab.core import abi
from uringlab.core.abi import MsgFlags, Opcode
from uringlab.core.buffers import memory_stats


def examples():
    return [
        (ops.SendZc(3, b"x", buf_index=1), "SEND_ZC fd=3 buf=0x"),
        (ops.SendmsgZc(3, [b"x"]), "SENDMSG_ZC fd=3 bufs=in the msghdr at 0x"),
        (ops.RecvZc(3, zcrx=2), "RECV_ZC fd=3 len=0 zcrx=2 poll_first=off"),
    ]


@pytest.fixture(autouse=True)
def _known(requires):
    requires(opcode=Opcode.SENDMSG_ZC)


@pytest.fixture
def tcp():
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname(), timeout=5)
        sock, _ = server.accept()
        with client, sock:
            sock.settimeout(5)
            yield client, sock


@pytest.fixture
def both(ring):
    """Push and submit: the CQE with the result, and the NOTIF."""

    def run(op):
        ring.sq().push(op)
        ring.submit_and_wait(2, timeout=5)
        first, notif = list(ring.cq())
        assert first.flags & CqeFlags.MORE
        assert not first.flags & CqeFlags.NOTIF
        assert notif.flags & CqeFlags.NOTIF
        assert notif.final
        assert first.user_data == notif.user_data == op.user_data
        return first.res, notif.res

    return run


def test_send_zc_sends_and_then_lets_go_of_the_memory(both, tcp):
    assert both(ops.SendZc(tcp[0].fileno(), b"hello", user_data=7)) == (5, 0)
    assert tcp[1].recv(9) == b"hello"


def test_the_memory_is_held_until_the_notif_and_not_only_until_the_result(ring, tcp, collect):
    size = 1 << 16
    before = memory_stats()[0]
    ring.sq().push(ops.SendZc(tcp[0].fileno(), Buffer.of(b"x" * size)))
    ring.submit()
    collect()
    assert memory_stats()[0] == before + 1
    cq = ring.cq(2, timeout=5)
    first = next(iter(cq))
    assert first.flags & CqeFlags.MORE
    assert 0 < first.res <= size
    assert memory_stats()[0] == before + 1, "the result has come, the NOTIF has not been taken"
    assert next(iter(cq)).flags & CqeFlags.NOTIF
    assert memory_stats()[0] == before
    got = b""
    while len(got) < first.res:
        got += tcp[1].recv(size)
    assert got == b"x" * first.res


def test_a_zero_copy_send_that_waits_holds_its_memory(ring, tcp, collect):
    # More than both ends of the connection take while nobody reads.
    tcp[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
    tcp[1].setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    size = 1 << 24
    ring.sq().push(ops.SendZc(tcp[0].fileno(), Buffer.of(b"x" * size), msg_flags=MsgFlags.WAITALL))
    ring.submit()
    collect()
    assert not ring.cq()
    got = 0
    while got < size:
        data = tcp[1].recv(1 << 20)
        assert not data.strip(b"x")
        got += len(data)
        ring.submit()
    cqes = list(ring.cq(2, timeout=5))
    assert [cqe.res for cqe in cqes] == [size, 0]


def test_closing_the_ring_before_the_notif_was_taken_frees_everything(tcp, collect):
    before = memory_stats()[0]
    with IoUring(8) as ring:
        ring.sq().push(ops.SendZc(tcp[0].fileno(), Buffer.of(b"x" * (1 << 16))))
        ring.submit_and_wait(1, timeout=5)
    collect()
    assert memory_stats()[0] == before
    assert memory_stats()[2] == 0


def test_it_says_whether_the_bytes_were_copied_after_all(both, tcp):
    sent, usage = both(ops.SendZc(tcp[0].fileno(), b"hello", report_usage=True))
    assert sent == 5
    # On the loopback they are, always: somebody else gets them.
    assert usage & 0xFFFF_FFFF == abi.NOTIF_USAGE_ZC_COPIED


def test_it_sends_from_a_registered_buffer(both, run, tcp, register_buffers):
    buffer = Buffer.of(b"..hello..")
    register_buffers(buffer)
    assert both(ops.SendZc(tcp[0].fileno(), buffer.part(2, 5), buf_index=0))[0] == 5
    assert tcp[1].recv(9) == b"hello"
    # Not in that buffer; and no such buffer. They fail early: one CQE, or with a NOTIF after it.
    for elsewhere in (
        ops.SendZc(tcp[0].fileno(), b"x", buf_index=0),
        ops.SendZc(tcp[0].fileno(), buffer, buf_index=1),
    ):
        try:
            assert both(elsewhere)[0] == -errno.EFAULT
        except ValueError:
            pytest.fail("a CQE is missing")


def test_it_sends_several_blocks(both, tcp):
    blocks = [b"one", Buffer.of(b"two")]
    try:
        sent, _ = both(ops.SendZc(tcp[0].fileno(), bufs=blocks))
    except (ValueError, OSError):
        pytest.skip("needs SEND_ZC with SEND_VECTORIZED")
    assert sent == 6
    assert tcp[1].recv(9) == b"onetwo"


def test_it_sends_to_an_address(both):
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as two,
    ):
        two.bind(("127.0.0.1", 0))
        two.settimeout(5)
        assert both(ops.SendZc(one.fileno(), b"hello", to=two.getsockname()))[0] == 5
        assert two.recv(9) == b"hello"
        assert both(ops.SendmsgZc(one.fileno(), [b"a", b"b"], to=two.getsockname()))[0] == 2
        assert two.recv(9) == b"ab"


def test_sendmsg_zc_sends_and_holds_all_of_it_until_the_notif(ring, tcp, collect):
    before = memory_stats()[0]
    ring.sq().push(ops.SendmsgZc(tcp[0].fileno(), [b"one", b"two"], poll_first=True))
    ring.submit()
    collect()
    assert memory_stats()[0] == before + 3
    cq = ring.cq(2, timeout=5)
    assert next(iter(cq)).res == 6
    assert memory_stats()[0] == before + 3
    assert next(iter(cq)).flags & CqeFlags.NOTIF
    assert memory_stats()[0] == before
    assert tcp[1].recv(9) == b"onetwo"


def test_sendmsg_zc_sends_from_a_registered_buffer(ring, tcp, register_buffers):
    buffer = Buffer.of(b"onetwo")
    register_buffers(buffer)
    op = ops.SendmsgZc(tcp[0].fileno(), [buffer.part(0, 3), buffer.part(3)], buf_index=0)
    ring.sq().push(op)
    ring.submit()
    cqes = list(ring.cq(1, timeout=5))
    if cqes[0].res == -errno.EINVAL:
        pytest.skip("needs SENDMSG_ZC with a registered buffer")
    assert cqes[0].res == 6
    assert tcp[1].recv(9) == b"onetwo"


@pytest.mark.parametrize("make", [ops.SendZc, lambda fd, _: ops.SendmsgZc(fd, [b"x"])])
def test_a_unix_socket_cannot(ring, make):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ring.sq().push(make(ours.fileno(), b"x"))
        ring.submit()
        cqes = list(ring.cq(1, timeout=5))
        assert cqes[0].res == -errno.EOPNOTSUPP
        while not cqes[-1].final:
            cqes += list(ring.cq(1, timeout=5))


def test_its_end_must_be_told(run, tcp):
    op = ops.SendZc(tcp[0].fileno(), b"x", flags=SqeFlags.CQE_SKIP_SUCCESS)
    assert run(op) == -errno.EINVAL


def test_recv_zc_without_a_queue_of_a_card_is_refused_by_the_kernel(requires, complete, tcp):
    requires(opcode=Opcode.RECV_ZC)
    flags = SetupFlags.SINGLE_ISSUER | SetupFlags.DEFER_TASKRUN | SetupFlags.CQE32
    with IoUring(4, Params(flags=flags)) as ring:
        assert complete(ops.RecvZc(tcp[1].fileno()), on=ring).res == -errno.EINVAL


@pytest.mark.parametrize(
    "make",
    [
        lambda: ops.SendZc(3),
        lambda: ops.SendZc(3, b"x", bufs=[b"y"]),
        lambda: ops.SendZc(3, bufs=[b"x"], len=1),
        lambda: ops.SendZc(3, b"x", len=2),
        lambda: ops.SendZc(3, b"x", buf_index=-1),
        lambda: ops.SendmsgZc(3, None),
        lambda: ops.SendmsgZc(3, [5]),
        lambda: ops.RecvZc(3, len=-1),
        lambda: ops.RecvZc(None),
    ],
)
def test_what_does_not_fit_is_refused(make):
    with pytest.raises(OperandError):
        make()
