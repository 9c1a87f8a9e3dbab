"""URING_CMD: the commands of sockets, and of block devices."""

from __future__ import annotations

import errno
import os
import re
import socket
import struct

import pytest

from uringlab import Buffer, CqeFlags, IoUring, NotSupported, OperandError, Params, SetupFlags, ops
from uringlab.core import abi
from uringlab.core.abi import BlockCommand, Opcode, SocketCommand
from uringlab.core.address import PeerAddress
from uringlab.core.buffers import BadPage
from uringlab.core.fd import FixedFd
from uringlab.core.probe import kernel_opcodes

INQ, OUTQ = SocketCommand.SIOCINQ, SocketCommand.SIOCOUTQ
GET, SET = SocketCommand.GETSOCKOPT, SocketCommand.SETSOCKOPT
STAMP, NAME = SocketCommand.TX_TIMESTAMP, SocketCommand.GETSOCKNAME
DISCARD = BlockCommand.DISCARD

SO_TIMESTAMPING = 37
SOFTWARE_STAMPS = 1 << 1 | 1 << 4 | 1 << 7 | 1 << 11
"""SOF_TIMESTAMPING_TX_SOFTWARE, _SOFTWARE, _OPT_ID, _OPT_TSONLY of linux/net_tstamp.h."""


def examples():
    nothing = "level=none optname=none value=none peer=none of_peer=none"
    return [
        (ops.UringCmd(3, INQ), f"URING_CMD fd=3 command=SIOCINQ {nothing} start=none size=none"),
        (
            ops.UringCmd(3, SET, optname=9, value=1),
            "URING_CMD fd=3 command=SETSOCKOPT level=1 optname=9 value=0x",
        ),
        (
            ops.UringCmd(3, DISCARD, start=4096, size=512),
            f"URING_CMD fd=3 command=DISCARD {nothing} start=4096 size=512",
        ),
        (
            ops.UringCmd128(3, INQ),
            f"URING_CMD128 fd=3 command=SIOCINQ {nothing} start=none size=none",
        ),
    ]


@pytest.fixture
def tcp():
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname(), timeout=5)
        sock, _ = server.accept()
        with client, sock:
            sock.settimeout(5)
            yield client, sock


@pytest.fixture
def known(run, tcp):
    """Skips where this kernel has no commands of sockets, or not this one."""

    def check(command, **operands):
        if run(ops.UringCmd(tcp[0].fileno(), command, **operands)) == -errno.EOPNOTSUPP:
            pytest.skip(f"needs the socket command {command.name}")

    return check


def test_it_tells_how_many_bytes_wait_to_be_read_and_to_be_sent(known, run, tcp):
    known(INQ)
    assert run(ops.UringCmd(tcp[1].fileno(), INQ)) == 0
    tcp[0].send(b"hello")
    assert tcp[1].recv(9, socket.MSG_PEEK) == b"hello"
    assert run(ops.UringCmd(tcp[1].fileno(), INQ)) == 5
    assert run(ops.UringCmd(tcp[0].fileno(), OUTQ)) >= 0
    with socket.socket() as alone:
        assert run(ops.UringCmd(alone.fileno(), OUTQ)) == 0


def test_it_takes_registered_files(known, ring, run, tcp):
    known(INQ)
    ring.files.register([tcp[1]])
    tcp[0].send(b"hello")
    assert tcp[1].recv(9, socket.MSG_PEEK) == b"hello"
    assert run(ops.UringCmd(FixedFd(0), INQ)) == 5


def test_it_reads_an_option(known, run, run_forgotten, tcp):
    known(INQ)
    fd = tcp[0].fileno()
    value = Buffer(8)
    assert run(ops.UringCmd(fd, GET, optname=socket.SO_TYPE, value=value)) == 4
    assert struct.unpack_from("i", value.view) == (socket.SOCK_STREAM,)
    tcp[0].setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
    assert run(ops.UringCmd(fd, GET, optname=socket.SO_RCVBUF, value=value.part(4))) == 4
    assert struct.unpack_from("i", value.view, 4) == (1 << 17,)

    def make():
        return ops.UringCmd(fd, GET, optname=socket.SO_TYPE, value=Buffer(4))

    assert run_forgotten(make, held=1) == 4


def test_it_sets_an_option(known, run, run_forgotten, tcp):
    known(INQ)
    fd = tcp[0].fileno()
    assert tcp[0].getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 0
    assert run(ops.UringCmd(fd, SET, optname=socket.SO_KEEPALIVE, value=1)) == 0
    assert tcp[0].getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1

    def make():
        linger = struct.pack("ii", 1, 7)
        return ops.UringCmd(fd, SET, optname=socket.SO_LINGER, value=linger)

    assert run_forgotten(make, held=1) == 0
    size = struct.calcsize("ii")
    assert tcp[0].getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, size) == struct.pack("ii", 1, 7)
    tcp[0].setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 0, 0))
    nodelay = ops.UringCmd(
        fd, SET, level=socket.IPPROTO_TCP, optname=socket.TCP_NODELAY, value=Buffer.of(b"\1\0\0\0")
    )
    assert run(nodelay) == 0
    assert tcp[0].getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1


def test_an_option_that_cannot_be_had_says_so(known, run, tcp):
    known(INQ)
    fd = tcp[0].fileno()
    assert run(ops.UringCmd(fd, GET, optname=9999, value=Buffer(4))) == -errno.ENOPROTOOPT
    level = ops.UringCmd(
        fd, GET, level=socket.IPPROTO_TCP, optname=socket.TCP_NODELAY, value=Buffer(4)
    )
    assert run(level) in {-errno.EOPNOTSUPP, 4}  # reading is for SOL_SOCKET only, so far
    short = ops.UringCmd(fd, SET, optname=socket.SO_KEEPALIVE, value=b"\1")
    assert run(short) == -errno.EINVAL
    bad = ops.UringCmd(fd, GET, optname=socket.SO_TYPE, value=BadPage())
    assert run(bad) == -errno.EFAULT


def test_it_tells_when_something_was_sent(requires):
    requires(setup_flag=SetupFlags.CQE32)
    with (
        IoUring(8, Params(flags=SetupFlags.CQE32)) as ring,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as two,
    ):
        two.bind(("127.0.0.1", 0))
        one.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPING, SOFTWARE_STAMPS)
        ring.sq().push(ops.UringCmd(one.fileno(), STAMP, user_data=1))
        ring.submit()
        if ring.cq() and ring.cq().peek()[0].res == -errno.EOPNOTSUPP:
            pytest.skip("needs the socket command TX_TIMESTAMP")
        for number in range(2):
            one.sendto(b"hello", two.getsockname())
            [cqe] = list(ring.cq(1, timeout=5))
            assert cqe.res == number  # OPT_ID counts the datagrams
            assert cqe.flags & CqeFlags.MORE
            assert not cqe.flags & abi.CQE_F_TSTAMP_HW
            seconds, ns = cqe.extra
            assert seconds > 1_600_000_000
            assert ns < 1_000_000_000
        ring.sq().push(ops.AsyncCancel(1, user_data=2))
        ring.submit_and_wait(2, timeout=5)
        assert {cqe.user_data for cqe in ring.cq()} == {1, 2}


def test_timestamps_need_cqes_of_32_bytes(known, run, tcp):
    known(STAMP)
    assert run(ops.UringCmd(tcp[0].fileno(), STAMP)) == -errno.EINVAL


@pytest.mark.parametrize("of_peer", [None, 0, 1])
def test_it_tells_a_sockets_address(known, run_forgotten, run, tcp, of_peer):
    known(NAME, peer=PeerAddress())
    peer = PeerAddress()
    assert run(ops.UringCmd(tcp[0].fileno(), NAME, peer=peer, of_peer=of_peer)) == 0
    assert peer.address == (tcp[0].getpeername() if of_peer else tcp[0].getsockname())
    make = lambda: ops.UringCmd(tcp[0].fileno(), NAME, peer=PeerAddress())  # noqa: E731
    assert run_forgotten(make, held=2) == 0


def test_a_room_for_an_address_is_held_and_offered_whole(tcp):
    peer = PeerAddress()
    peer.length.view[0] = 2
    op = ops.UringCmd(tcp[0].fileno(), NAME, peer=peer)
    assert len(op.holds) == 2
    op.claim()
    assert peer.length.view[0] == PeerAddress.SIZE


def test_what_is_no_socket_has_no_such_command(run, pipe, tmp_path):
    assert run(ops.UringCmd(pipe[0], INQ)) == -errno.EOPNOTSUPP
    assert run(ops.UringCmd(999, INQ)) == -errno.EBADF
    with (tmp_path / "file").open("w") as file:
        discard = ops.UringCmd(file.fileno(), DISCARD, start=0, size=4096)
        assert run(discard) == -errno.EOPNOTSUPP


def test_discard_throws_the_bytes_of_a_block_device_away(run, loop_device):
    path, size = loop_device
    fd = os.open(path, os.O_RDWR)
    try:
        block = 4096
        answer = run(ops.UringCmd(fd, DISCARD, start=block, size=2 * block))
        if answer in {-errno.EOPNOTSUPP, -errno.EINVAL}:
            pytest.skip("needs the block command DISCARD")
        assert answer == 0
        got = os.pread(fd, size, 0)
        assert got == b"x" * block + bytes(2 * block) + b"x" * (size - 3 * block)
        assert run(ops.UringCmd(fd, DISCARD, start=1, size=block)) == -errno.EINVAL
    finally:
        os.close(fd)
    reader = os.open(path, os.O_RDONLY)
    try:
        refused = run(ops.UringCmd(reader, DISCARD, start=0, size=4096))
        assert refused in {-errno.EBADF, -errno.EPERM}
    finally:
        os.close(reader)


def test_uring_cmd128_is_declared_and_refused_before_the_kernel_is_asked(ring, tcp):
    op = ops.UringCmd128(tcp[0].fileno(), INQ)
    assert len(op.sqe) == 128
    if Opcode.URING_CMD128 in kernel_opcodes():
        with IoUring(2, Params(flags=SetupFlags.SQE128)) as wide:
            wide.sq().push(op)
            wide.submit_and_wait(1)
            assert [cqe.res for cqe in wide.cq()] == [0]
        return
    with pytest.raises(NotSupported, match="URING_CMD128: it came with Linux 6.19"):
        ring.sq().push(op)


@pytest.mark.parametrize(
    ("level", "optname"),
    [
        (socket.SOL_SOCKET, 26),  # SO_ATTACH_FILTER: a pointer to the program
        (socket.SOL_SOCKET, 51),  # SO_ATTACH_REUSEPORT_CBPF: the same
        (socket.IPPROTO_IP, 64),  # IPT_SO_SET_REPLACE: where the kernel writes counters
        (socket.IPPROTO_IP, 1088),  # IP_VS_…
        (socket.IPPROTO_IPV6, 64),
        (socket.IPPROTO_TCP, 35),  # TCP_ZEROCOPY_RECEIVE: maps pages to an address
        (283, 4),  # SOL_XDP, XDP_UMEM_REG: memory that the card writes to
        (276, 2),  # SOL_RDS, RDS_GET_MR
    ],
)
@pytest.mark.parametrize("command", [GET, SET])
def test_options_with_addresses_in_their_value_are_refused(command, level, optname):
    with pytest.raises(OperandError, match="addresses"):
        ops.UringCmd(3, command, level=level, optname=optname, value=Buffer(64))


@pytest.mark.parametrize(
    "make",
    [
        lambda: ops.UringCmd(3, 0x80),
        lambda: ops.UringCmd(3, "SIOCINQ"),
        lambda: ops.UringCmd(3, INQ, value=Buffer(4)),
        lambda: ops.UringCmd(3, INQ, start=0),
        lambda: ops.UringCmd(3, GET),
        lambda: ops.UringCmd(3, GET, optname=3),
        lambda: ops.UringCmd(3, GET, optname=3, value=b"1234"),
        lambda: ops.UringCmd(3, GET, optname=3, value=5),
        lambda: ops.UringCmd(3, GET, optname=-1, value=Buffer(4)),
        lambda: ops.UringCmd(3, GET, optname=3, value=Buffer(4), peer=PeerAddress()),
        lambda: ops.UringCmd(3, SET, optname=3, value=2**31),
        lambda: ops.UringCmd(3, SET, optname=3, value="1"),
        lambda: ops.UringCmd(3, SET, optname=2**31, value=1),
        lambda: ops.UringCmd(3, NAME),
        lambda: ops.UringCmd(3, NAME, peer=Buffer(128)),
        lambda: ops.UringCmd(3, NAME, peer=PeerAddress(), of_peer=2),
        lambda: ops.UringCmd(3, DISCARD),
        lambda: ops.UringCmd(3, DISCARD, start=-1, size=1),
        lambda: ops.UringCmd(3, DISCARD, start=0, size=2**64),
    ],
)
def test_what_does_not_fit_is_refused(make):
    with pytest.raises(OperandError):
        make()


@pytest.fixture
def loop_device(tmp_path):
    """A block device of 16 KiB that is full of "x": a loop device on a file of the test's own."""
    import fcntl

    get_free, set_fd, clear_fd = 0x4C82, 0x4C00, 0x4C01  # linux/loop.h
    path = tmp_path / "disk"
    path.write_bytes(b"x" * (1 << 14))
    try:
        control = os.open("/dev/loop-control", os.O_RDWR)
    except OSError:
        pytest.skip("needs a loop device")
    try:
        number = fcntl.ioctl(control, get_free)
        backing, device = os.open(path, os.O_RDWR), -1
        try:
            device = os.open(f"/dev/loop{number}", os.O_RDWR)
            fcntl.ioctl(device, set_fd, backing)
        except OSError:
            if device >= 0:
                os.close(device)
            pytest.skip("needs a loop device")
        finally:
            os.close(backing)
    finally:
        os.close(control)
    yield f"/dev/loop{number}", 1 << 14
    fcntl.ioctl(device, clear_fd, 0)
    os.close(device)


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (SocketCommand.GETSOCKNAME, "GETSOCKNAME needs peer= (where to put the address)"),
        (SocketCommand.SETSOCKOPT, "SETSOCKOPT needs optname= (the option: SO_*)"),
    ],
)
def test_what_a_command_needs_is_named_and_said_to_be_what(command, says):
    with pytest.raises(OperandError, match=f"^{re.escape(says)}$"):
        ops.UringCmd(3, command)
