"""SOCKET, BIND, LISTEN, ACCEPT, CONNECT, SHUTDOWN: with what the sockets say afterwards."""

from __future__ import annotations

import errno
import os
import socket

import pytest

from uringlab import CqeFlags, OperandError, ops
from uringlab.core.abi import (
    AcceptSocketFlags,
    AddressFamily,
    CancelFlags,
    ShutdownHow,
    SocketType,
)
from uringlab.core.address import PeerAddress, pack_address, unpack_address
from uringlab.core.fd import ALLOC, FixedFd, OwnedFd
from uringlab.core.probe import kernel_opcodes

INET, INET6, UNIX = AddressFamily.INET, AddressFamily.INET6, AddressFamily.UNIX
STREAM, DGRAM = SocketType.STREAM, SocketType.DGRAM
HOME = ("127.0.0.1", 0)


def examples():
    return [
        (
            ops.Socket(INET, STREAM, socket_flags=AcceptSocketFlags.CLOEXEC),
            "SOCKET domain=INET type=STREAM protocol=0 socket_flags=CLOEXEC slot=none",
        ),
        (ops.Bind(3, HOME), "BIND fd=3 address=0x"),
        (ops.Listen(3), "LISTEN fd=3 backlog=128"),
        (
            ops.Accept(3, slot=ALLOC, multishot=True),
            "ACCEPT fd=3 peer=0x0 accept_flags=0 slot=alloc multishot=on dont_wait=off "
            "poll_first=off",
        ),
        (ops.Connect(3, "/x"), "CONNECT fd=3 address=0x"),
        (ops.Shutdown(3, how=ShutdownHow.WR), "SHUTDOWN fd=3 how=WR"),
    ]


@pytest.fixture
def needs(ring):
    """Skips where this kernel lacks the opcode of a class."""

    def check(*classes):
        for one in classes:
            if one.opcode not in kernel_opcodes():
                pytest.skip(f"needs the opcode {one.opcode.name}")

    return check


@pytest.fixture
def listener():
    with socket.create_server(HOME) as sock:
        sock.settimeout(5)
        yield sock


@pytest.fixture
def client():
    with socket.socket() as sock:
        sock.settimeout(5)
        yield sock


def take_over(fd):
    """A socket of Python's around an fd that a request made: closed with it."""
    assert fd >= 0, os.strerror(-fd)
    return socket.socket(fileno=fd)


# -- SOCKET --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("family", "kind"), [(INET, STREAM), (INET6, DGRAM), (UNIX, SocketType.SEQPACKET)]
)
def test_a_socket_is_of_the_family_and_type_that_were_asked_for(needs, run, family, kind):
    needs(ops.Socket)
    with take_over(run(ops.Socket(family, kind))) as sock:
        assert (sock.family, sock.type) == (int(family), int(kind))
        assert os.get_inheritable(sock.fileno())
        assert os.get_blocking(sock.fileno())


def test_a_socket_has_its_flags_and_protocol(needs, run):
    needs(ops.Socket)
    flags = AcceptSocketFlags.CLOEXEC | AcceptSocketFlags.NONBLOCK
    op = ops.Socket(INET, DGRAM, protocol=socket.IPPROTO_UDP, socket_flags=flags)
    with take_over(run(op)) as sock:
        assert not os.get_inheritable(sock.fileno())
        assert not os.get_blocking(sock.fileno())
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_PROTOCOL) == socket.IPPROTO_UDP


def test_a_socket_that_cannot_be_is_refused_by_the_kernel(needs, run):
    needs(ops.Socket)
    assert run(ops.Socket(250, STREAM)) == -errno.EAFNOSUPPORT
    refused = {-errno.EPROTONOSUPPORT, -errno.ESOCKTNOSUPPORT}
    assert run(ops.Socket(INET, STREAM, protocol=socket.IPPROTO_UDP)) in refused


def test_a_socket_goes_among_the_registered_files(needs, run, table):
    needs(ops.Socket, ops.Bind, ops.Listen)
    assert run(ops.Socket(INET, STREAM, slot=1)) == -errno.ENXIO
    table(3)
    assert run(ops.Socket(INET, STREAM, slot=1)) == 0
    picked = [run(ops.Socket(INET, STREAM, slot=ALLOC)) for _ in range(3)]
    assert sorted(picked) == [-errno.ENFILE, 0, 2]
    # They are sockets indeed: these two take nothing else.
    assert run(ops.Bind(FixedFd(1), HOME)) == 0
    assert run(ops.Listen(FixedFd(1))) == 0
    cloexec = AcceptSocketFlags.CLOEXEC
    assert run(ops.Socket(INET, STREAM, slot=1, socket_flags=cloexec)) == -errno.EINVAL


# -- BIND, LISTEN --------------------------------------------------------------------------


def test_bind_and_listen_make_a_server_of_a_socket(needs, run, run_forgotten, client):
    needs(ops.Bind, ops.Listen)
    with socket.socket() as server:
        assert run_forgotten(lambda: ops.Bind(server.fileno(), HOME), held=0) == 0
        host, port = server.getsockname()
        assert host == "127.0.0.1"
        assert port > 0
        assert not server.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
        assert run(ops.Listen(server.fileno(), backlog=3)) == 0
        assert server.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
        client.connect((host, port))
        assert run(ops.Bind(server.fileno(), HOME)) == -errno.EINVAL
        with socket.socket() as second:
            assert run(ops.Bind(second.fileno(), (host, port))) == -errno.EADDRINUSE


def test_bind_takes_the_addresses_of_every_family(needs, run, tmp_path):
    needs(ops.Bind)
    path = str(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX) as sock:
        assert run(ops.Bind(sock.fileno(), path)) == 0
        assert sock.getsockname() == path
    with socket.socket(socket.AF_UNIX) as sock:
        name = f"\0uringlab-{os.getpid()}"
        assert run(ops.Bind(sock.fileno(), name)) == 0
        assert sock.getsockname() == name.encode()
    with socket.socket(socket.AF_UNIX) as sock:
        assert run(ops.Bind(sock.fileno(), "")) == 0
        assert sock.getsockname().startswith(b"\0")
    with socket.socket(socket.AF_INET6) as sock:
        answer = run(ops.Bind(sock.fileno(), ("::1", 0)))
        assert answer in {0, -errno.EADDRNOTAVAIL}  # some machines have no IPv6
        assert answer < 0 or sock.getsockname()[0] == "::1"


def test_what_cannot_be_bound_or_listen_says_so(needs, run, pipe):
    needs(ops.Bind, ops.Listen)
    assert run(ops.Bind(pipe[0], HOME)) == -errno.ENOTSOCK
    assert run(ops.Listen(pipe[0])) == -errno.ENOTSOCK
    assert run(ops.Listen(999)) == -errno.EBADF
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        assert run(ops.Listen(sock.fileno())) == -errno.EOPNOTSUPP
        assert run(ops.Bind(sock.fileno(), ("192.0.2.1", 0))) == -errno.EADDRNOTAVAIL
        assert run(ops.Bind(sock.fileno(), bytes(200))) == -errno.EINVAL


# -- ACCEPT --------------------------------------------------------------------------------


def test_accept_takes_who_has_connected_and_says_who(run, listener, client):
    client.connect(listener.getsockname())
    peer = PeerAddress()
    assert peer.address is None
    flags = AcceptSocketFlags.CLOEXEC
    with take_over(run(ops.Accept(listener.fileno(), peer=peer, accept_flags=flags))) as sock:
        assert peer.address == client.getsockname()
        assert sock.getpeername() == client.getsockname()
        assert not os.get_inheritable(sock.fileno())
        client.send(b"hello")
        assert sock.recv(9) == b"hello"


def test_accept_waits_and_its_room_is_held_meanwhile(ring, listener, client, collect):
    peer = PeerAddress()
    views = (peer.room.view, peer.length.view)
    ring.sq().push(ops.Accept(listener.fileno(), peer=peer))
    del peer
    ring.submit()
    collect()
    assert not ring.cq()
    client.connect(listener.getsockname())
    [cqe] = list(ring.cq(1, timeout=5))
    with take_over(cqe.res):
        assert unpack_address(bytes(views[0][: views[1][0]])) == client.getsockname()


def test_the_room_for_an_address_holds_two_blocks_until_the_cqe(run_forgotten, listener, client):
    client.connect(listener.getsockname())
    make = lambda: ops.Accept(listener.fileno(), peer=PeerAddress())  # noqa: E731
    with take_over(run_forgotten(make, held=2)):
        pass


def test_the_whole_room_is_offered_again_when_an_accept_is_pushed_again(run, tmp_path):
    """The kernel leaves the length of the address there, and a longer one would be cut."""
    peer = PeerAddress()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "server"))
        server.listen()
        op = ops.Accept(server.fileno(), peer=peer)
        for name in ("", str(tmp_path / "client")):
            with socket.socket(socket.AF_UNIX) as sock:
                if name:
                    sock.bind(name)
                sock.connect(str(tmp_path / "server"))
                with take_over(run(op)):
                    assert peer.address == name


def test_accept_multishot_goes_on_until_it_is_cancelled(ring, listener):
    ring.sq().push(ops.Accept(listener.fileno(), multishot=True, user_data=1))
    ring.submit()
    for _ in range(3):
        with socket.create_connection(listener.getsockname()) as client:
            [cqe] = list(ring.cq(1, timeout=5))
            if cqe.res == -errno.EINVAL:
                pytest.skip("needs ACCEPT's flag MULTISHOT")
            assert cqe.flags & CqeFlags.MORE
            with take_over(cqe.res) as sock:
                assert sock.getpeername() == client.getsockname()
    ring.sq().push(ops.AsyncCancel(1, user_data=2))
    ring.submit_and_wait(2, timeout=5)
    assert sorted(cqe[:2] for cqe in ring.cq()) == [(1, -errno.ECANCELED), (2, 0)]


def test_accept_puts_the_socket_among_the_registered_files(ring, run, table, listener, client):
    table(2)
    client.connect(listener.getsockname())
    assert run(ops.Accept(listener.fileno(), slot=1)) == 0
    assert run(ops.Send(FixedFd(1), b"hello")) == 5
    assert client.recv(9) == b"hello"
    with socket.create_connection(listener.getsockname()) as second:
        assert run(ops.Accept(listener.fileno(), slot=ALLOC)) == 0
        assert run(ops.Send(FixedFd(0), b"you")) == 3
        assert second.recv(9) == b"you"
    assert run(ops.Accept(listener.fileno(), multishot=True, slot=1)) == -errno.EINVAL


def test_accept_multishot_fills_the_table_of_registered_files(ring, run, table, listener):
    table(2)
    ring.sq().push(ops.Accept(listener.fileno(), multishot=True, slot=ALLOC, user_data=1))
    ring.submit()
    clients = [socket.create_connection(listener.getsockname()) for _ in range(3)]
    try:
        found = []
        while len(found) < 3:
            found += list(ring.cq(1, timeout=5))
        assert [cqe.res for cqe in found] == [0, 1, -errno.ENFILE]
        assert [cqe.final for cqe in found] == [False, False, True]
    finally:
        for one in clients:
            one.close()


def test_accept_need_not_wait(run, listener, client):
    answer = run(ops.Accept(listener.fileno(), dont_wait=True))
    if answer == -errno.EINVAL:
        pytest.skip("needs ACCEPT's flag DONTWAIT")
    assert answer == -errno.EAGAIN
    client.connect(listener.getsockname())
    with take_over(run(ops.Accept(listener.fileno(), poll_first=True))):
        pass


def test_accept_of_what_does_not_listen_is_refused(run, client, pipe):
    assert run(ops.Accept(client.fileno())) == -errno.EINVAL
    assert run(ops.Accept(pipe[0])) == -errno.ENOTSOCK


# -- CONNECT, SHUTDOWN ---------------------------------------------------------------------


def test_connect_connects(run_forgotten, run, listener, client):
    where = listener.getsockname()
    assert run_forgotten(lambda: ops.Connect(client.fileno(), where), held=0) == 0
    assert client.getpeername() == where
    sock, address = listener.accept()
    with sock:
        assert address == client.getsockname()
    assert run(ops.Connect(client.fileno(), where)) == -errno.EISCONN


def test_connect_to_a_path(run, tmp_path):
    path = str(tmp_path / "here")
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as sock:
        assert run(ops.Connect(sock.fileno(), path)) == -errno.ENOENT
        server.bind(path)
        assert run(ops.Connect(sock.fileno(), path)) == -errno.ECONNREFUSED
        server.listen()
        assert run(ops.Connect(sock.fileno(), path)) == 0
        assert sock.getpeername() == path


def test_connect_where_nobody_listens_is_refused(run, client):
    with socket.socket() as somebody:
        somebody.bind(HOME)  # the port is taken, so nobody will come to listen there
        assert run(ops.Connect(client.fileno(), somebody.getsockname())) == -errno.ECONNREFUSED


@pytest.mark.parametrize("how", list(ShutdownHow))
def test_shutdown_ends_a_side_of_a_connection(run, how):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert run(ops.Shutdown(ours.fileno(), how=how)) == 0
        if how in {ShutdownHow.WR, ShutdownHow.RDWR}:
            assert theirs.recv(9) == b""
            with pytest.raises(BrokenPipeError):
                ours.send(b"x")
        else:
            ours.send(b"x")
        if how in {ShutdownHow.RD, ShutdownHow.RDWR}:
            assert ours.recv(9) == b""


def test_shutdown_of_what_is_not_connected_says_so(run, client, pipe):
    assert run(ops.Shutdown(client.fileno())) == -errno.ENOTCONN
    assert run(ops.Shutdown(pipe[0])) == -errno.ENOTSOCK
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert run(ops.Shutdown(ours.fileno(), how=7)) == -errno.EINVAL


def test_a_connection_from_end_to_end_with_nothing_but_a_ring(needs, ring, run):
    needs(ops.Socket, ops.Bind, ops.Listen)
    with (
        OwnedFd(run(ops.Socket(INET, STREAM))) as server,
        OwnedFd(run(ops.Socket(INET, STREAM))) as client,
    ):
        assert run(ops.Bind(server, HOME)) == 0
        assert run(ops.Listen(server)) == 0
        with socket.socket(fileno=os.dup(server.number)) as look:
            where = look.getsockname()
        ring.sq().push(ops.Accept(server, user_data=1))
        ring.sq().push(ops.Connect(client, where, user_data=2))
        ring.submit_and_wait(2, timeout=5)
        found = {cqe.user_data: cqe.res for cqe in ring.cq()}
        assert found[2] == 0
        with OwnedFd(found[1]):
            assert run(ops.Shutdown(client)) == 0
        ring.sq().push(ops.AsyncCancel(cancel_flags=CancelFlags.ANY))
        ring.submit_and_wait(1)


# -- addresses -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [("127.0.0.1", 80), ("::1", 80, 5, 2), "/run/x", "\0abstract", "", "/\udc80"],
)
def test_an_address_is_packed_and_unpacked(address):
    assert unpack_address(pack_address(address, "address")) == address


def test_a_packed_address_is_the_one_that_pythons_sockets_use():
    with socket.create_server(("127.0.0.1", 0)) as sock:
        packed = pack_address(sock.getsockname(), "address")
        assert unpack_address(packed) == sock.getsockname()
    assert pack_address(packed, "address") == packed
    assert pack_address(("::1", 80), "address") == pack_address(("::1", 80, 0, 0), "address")
    assert unpack_address(b"") is None
    assert unpack_address(b"\xff\xff12") == b"\xff\xff12"
    assert repr(PeerAddress()) == "<PeerAddress None>"


@pytest.mark.parametrize(
    "make",
    [
        lambda: ops.Socket("INET", STREAM),
        lambda: ops.Socket(INET, "STREAM"),
        lambda: ops.Socket(INET, STREAM, slot=-1),
        lambda: ops.Socket(INET, STREAM, socket_flags="CLOEXEC"),
        lambda: ops.Bind(3, ("localhost", 80)),
        lambda: ops.Bind(3, ("127.0.0.1", 65536)),
        lambda: ops.Bind(3, ("127.0.0.1",)),
        lambda: ops.Bind(3, "/" * 108),
        lambda: ops.Bind(3, "/a\0b"),
        lambda: ops.Bind(3, 80),
        lambda: ops.Listen(3, backlog="9"),
        lambda: ops.Accept(3, peer=b"room"),
        lambda: ops.Accept(3, multishot="yes"),
        lambda: ops.Connect(3, None),
        lambda: ops.Shutdown(3, how="WR"),
    ],
)
def test_what_does_not_fit_is_refused(make):
    with pytest.raises(OperandError):
        make()
